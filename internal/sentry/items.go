package sentry

import (
	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// items lists what is decoded. To add an item, write its file and a line here.
var items = [...]itemKind{
	{wire.ItemEvent, DocEvent, (*decoder).event},
	{wire.ItemTransaction, DocTransaction, (*decoder).transaction},
	{wire.ItemFeedback, DocFeedback, (*decoder).feedback},
	{wire.ItemUserReport, DocUserReport, (*decoder).userReport},
	{wire.ItemSpan, DocSpan, (*decoder).span},
	{"", DocSpans, (*decoder).spans}, // the same item, told apart by its content
	{wire.ItemLog, DocLogs, (*decoder).logs},
	{wire.ItemCheckIn, DocCheckIn, (*decoder).checkIn},
	{wire.ItemSession, DocSession, (*decoder).session},
	{wire.ItemSessions, DocSessions, (*decoder).sessions},
	{wire.ItemClientReport, DocClientReport, (*decoder).clientReport},
}

type itemKind struct {
	item   string
	kind   DocKind
	decode func(*decoder, *Document)
}

func kindOfItem(item string) *itemKind {
	for i := range items {
		if item != "" && items[i].item == item {
			return &items[i]
		}
	}
	return nil
}

// categoryOf returns what a lost item of a stored type counts as.
func categoryOf(item string) string {
	if c := wire.ItemCategory(item); c != "" {
		return c
	}
	return item
}

// storedName returns the name under which an item that is not stored is counted:
// its type, if that is one we have heard of, since strangers could make up names
// without end.
func storedName(item string) string {
	switch item {
	case wire.ItemTraceMetric, wire.ItemProfile, wire.ItemProfileChunk, "profile_chunk_ui",
		wire.ItemReplayEvent, wire.ItemReplayRecord, wire.ItemReplayVideo,
		wire.ItemStatsd, wire.ItemMetricBuckets, "metric_meta",
		"otel_span", "otel_log", "otel_traces_data",
		"security", "raw_security", "nel", "unreal_report", "form_data":
		return item
	}
	return "unknown"
}

// decoder reads the model out of the trees of one envelope.
type decoder struct {
	docs  *Documents
	clock clock
	batch *model.Batch
	// beside is what a transaction lends to the span containers in its envelope.
	beside lender
	texts  texts
}

// Decode reads the model out of the documents, whose trees the scrubber may have
// changed. The batch does not refer to the trees; its payloads and texts are its
// own, but the attachments' data are slices into the body. Texts of frames and
// attributes share blocks of a few kilobytes: clone one that is to outlive the
// batch. Decode never fails: what cannot be read is among the batch's discards.
func Decode(docs *Documents) *model.Batch {
	d := &decoder{docs: docs, clock: newClock(docs.meta.Received, docs.header.SentAt)}
	d.batch = &model.Batch{
		Org: docs.meta.Org, Project: docs.meta.Project, Received: docs.meta.Received,
		Attachments: docs.Attachments, Discards: docs.discards,
	}
	// Containers of spans come last, since a transaction may stand behind them.
	for i := range docs.Items {
		if doc := &docs.Items[i]; !isSpans(doc.Kind) {
			doc.decode(d)
		}
	}
	for i := range docs.Items {
		if doc := &docs.Items[i]; isSpans(doc.Kind) {
			doc.decode(d)
		}
	}
	d.tellSampling()
	return d.batch
}

func isSpans(k DocKind) bool { return k == DocSpan || k == DocSpans }

func (doc *Document) decode(d *decoder) {
	for i := range items {
		if items[i].kind == doc.Kind {
			items[i].decode(d, doc)
			return
		}
	}
}

// discard counts what this decoder gave up.
func (d *decoder) discard(category, reason string, quantity int64) {
	d.batch.Discards = append(d.batch.Discards, model.Discard{
		Category: category, Reason: reason, Source: "server", Quantity: quantity,
	})
}
