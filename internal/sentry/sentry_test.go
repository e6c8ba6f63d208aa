package sentry

import (
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// noon is when everything in these tests is received.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func testMeta() Meta {
	return Meta{Org: 1, Project: 2, Received: noon, ClientIP: "203.0.113.9", SDK: "sentry.test/1.2.3"}
}

// decode parses and decodes an envelope of one item.
func decode(itemType, payload string) *model.Batch {
	return decodeItems(wire.EnvelopeHeader{}, wire.Item{Type: itemType, Payload: []byte(payload)})
}

func decodeItems(h wire.EnvelopeHeader, items ...wire.Item) *model.Batch {
	docs := Parse(&wire.Envelope{Header: h, Items: items}, testMeta())
	defer docs.Release()
	return Decode(docs)
}

// decodeEvent decodes a payload that must make one event.
func decodeEvent(t *testing.T, payload string) model.Event {
	t.Helper()
	b := decode("event", payload)
	if len(b.Events) != 1 {
		t.Fatalf("%s makes %d events and discards %+v", payload, len(b.Events), b.Discards)
	}
	return b.Events[0]
}

func TestDecodeOneEvent(t *testing.T) {
	t.Parallel()
	e := decodeEvent(t, `{"event_id":"b2f1c7d0a5e94c1e8d3f6a7b9c0d1e2f","timestamp":"2026-11-23T11:59:58Z",
		"exception":[{"type":"E","value":"v","stacktrace":{"frames":[{"function":"f","lineno":"7"}]}}]}`)
	if e.Kind != model.KindError || e.Exceptions[0].Frames[0].Line != 7 || !e.Timestamp.Equal(noon.Add(-2*time.Second)) {
		t.Errorf("event = %+v", e)
	}
}
