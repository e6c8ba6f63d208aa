package ingest

import (
	"bytes"
	"fmt"
	"net/http"

	"relay.one/picket/wire"
)

// Limit bounds the items of some types in one envelope. Sizes are bytes,
// decompressed; zero means no bound of its own.
type Limit struct {
	Each, Total int64
	Count       int
}

// Limits bounds what one request may bring. One item beyond its limit refuses the
// whole envelope with 413, as Relay does.
type Limits struct {
	// Envelope is the most bytes of a body, before and after decompression. Zero: 64 MiB.
	Envelope int64
	// Memory is the most bytes of all requests in flight, their bodies and what
	// decoding them will take; above it the answer is 429. Zero: 128 MiB.
	Memory int64
	// Items replaces the limits of some item types; nil keeps DefaultLimit for all.
	Items map[string]Limit
}

const (
	kib = 1 << 10
	mib = 1 << 20
)

func (l Limits) withDefaults() Limits {
	if l.Envelope == 0 {
		l.Envelope = 64 * mib
	}
	if l.Memory == 0 {
		l.Memory = 128 * mib
	}
	return l
}

// of returns the limit of a type and the name under which it is counted together
// with others.
func (l Limits) of(itemType string) (string, Limit) {
	group, limit := DefaultLimit(itemType)
	if own, ok := l.Items[itemType]; ok {
		return itemType, own
	}
	return group, limit
}

// DefaultLimit returns the limit of items of that type and what is counted with
// them. The figures are Relay's, but for attachments (an envelope of 200 MiB is
// too much for one small machine) and for events, of which Picket takes several.
func DefaultLimit(itemType string) (group string, l Limit) {
	switch itemType {
	case wire.ItemEvent, wire.ItemTransaction, wire.ItemFeedback, wire.ItemReplayEvent, "security", "raw_security", "form_data":
		return "event", Limit{Each: 1 * mib, Total: 16 * mib, Count: 100}
	case wire.ItemAttachment:
		return itemType, Limit{Each: 64 * mib, Count: 30}
	case wire.ItemSpan, wire.ItemLog, wire.ItemTraceMetric:
		return itemType, Limit{Each: 12 * mib, Count: 100}
	case wire.ItemSession, wire.ItemSessions:
		return "session", Limit{Total: 10 * mib, Count: 100}
	case wire.ItemCheckIn:
		return itemType, Limit{Each: 100 * kib, Count: 100}
	case wire.ItemClientReport:
		return itemType, Limit{Total: 100 * kib, Count: 100}
	case wire.ItemUserReport, wire.ItemStatsd, wire.ItemMetricBuckets:
		return itemType, Limit{Each: 1 * mib, Count: 100}
	case wire.ItemProfile, wire.ItemProfileChunk, wire.ItemReplayVideo, wire.ItemReplayRecord:
		return itemType, Limit{Each: 50 * mib}
	}
	return "", Limit{}
}

// tally counts the items of one group.
type tally struct {
	group string
	bytes int64
	count int
}

// check refuses an envelope with an item beyond its limit.
func (l Limits) check(e *wire.Envelope) error {
	var few [8]tally
	tallies := few[:0]
	for i := range e.Items {
		item := &e.Items[i]
		group, limit := l.of(item.Type)
		size := int64(len(item.Payload))
		t := find(&tallies, group)
		t.bytes += size
		t.count++
		switch {
		case limit.Each > 0 && size > limit.Each:
			return overLimit(item.Type, fmt.Sprintf("one has %d bytes, at most %d are taken", size, limit.Each))
		case limit.Total > 0 && t.bytes > limit.Total:
			return overLimit(item.Type, fmt.Sprintf("more than %d bytes in one envelope", limit.Total))
		case limit.Count > 0 && t.count > limit.Count:
			return overLimit(item.Type, fmt.Sprintf("more than %d in one envelope", limit.Count))
		}
	}
	return nil
}

func find(tallies *[]tally, group string) *tally {
	for i := range *tallies {
		if (*tallies)[i].group == group {
			return &(*tallies)[i]
		}
	}
	*tallies = append(*tallies, tally{group: group})
	return &(*tallies)[len(*tallies)-1]
}

func overLimit(itemType, detail string) error {
	return refuse(http.StatusRequestEntityTooLarge, "too_large", "item too large: "+itemType+": "+detail)
}

// nodeSize is what one value of a decoded JSON document takes in memory, about.
const nodeSize = 96

// decodedSize estimates from above what the JSON of an envelope becomes when
// decoded: "[[],[],…" grows thirtyfold, and memory must be reserved for that.
func decodedSize(e *wire.Envelope) int64 {
	var n int
	for i := range e.Items {
		if p := e.Items[i].Payload; e.Items[i].Type != wire.ItemAttachment {
			n += bytes.Count(p, []byte{','}) + bytes.Count(p, []byte{'['}) + bytes.Count(p, []byte{'{'})
		}
	}
	return int64(n) * nodeSize
}
