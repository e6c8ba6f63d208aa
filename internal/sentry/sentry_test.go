package sentry

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// noon is when everything in these tests is received.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

const (
	someID    = "b2f1c7d0a5e94c1e8d3f6a7b9c0d1e2f"
	otherID   = "00000000000000000000000000000001"
	someTrace = "1d8c3ab2f0e94d7f8c6b5a4938271605"
)

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
		t.Fatalf("%.200s makes %d events and discards %+v", payload, len(b.Events), b.Discards)
	}
	checkBatch(t, b)
	return b.Events[0]
}

func TestParseDiscards(t *testing.T) {
	t.Parallel()
	f := func(name, itemType, payload, category, reason string) {
		t.Helper()
		b := decode(itemType, payload)
		want := model.Discard{Category: category, Reason: reason, Source: "server", Quantity: 1}
		if len(b.Discards) != 1 || b.Discards[0] != want || len(b.Events) != 0 {
			t.Errorf("%s: %d events, discards %+v, want %+v", name, len(b.Events), b.Discards, want)
		}
	}
	f("cut short", "event", `{"message":"x"`, "error", "invalid_json")
	f("empty", "event", ``, "error", "invalid_json")
	f("two documents", "event", `{} {}`, "error", "invalid_json")
	f("text", "event", `"x"`, "error", "not_an_object")
	f("null", "transaction", `null`, "transaction", "not_an_object")
	f("list", "feedback", `[]`, "feedback", "not_an_object")
	f("report", "client_report", `[]`, "client_report", "not_an_object")
	f("no literal", "event", `{"a":nil}`, "error", "invalid_json")
	f("deep", "event", `{"a":`+strings.Repeat("[", 400)+strings.Repeat("]", 400)+`}`, "error", "too_deep")
	f("deep and long", "event", `{"a":`+strings.Repeat("[", 400)+strings.Repeat("]", 400)+`,"b":"`+strings.Repeat("x", 100_000)+`"}`, "error", "too_deep")
	f("echo", "event", `{"a":`+strings.Repeat("[", 290)+`t`+strings.Repeat("x", 1<<20), "error", "invalid_json")
	f("many values", "log", `{"items":[`+strings.Repeat("1,", maxValues)+`1]}`, "log_item", "too_many_values")
	f("not stored", "replay_event", `{}`, "replay_event", "not_stored")
	f("made up", "zzz", `{}`, "unknown", "not_stored")
	f("no type", "", `{}`, "unknown", "not_stored")
	f("uploaded elsewhere", "profile_chunk", `{}`, "profile_chunk", "not_stored")
}

func TestParseKeepsLongTexts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("one, two, [three] ", 100_000)
	e := decodeEvent(t, `{"message":"x","extra":{"prompt":"`+long+`"}}`)
	if !bytes.Contains(e.Payload, []byte(long)) {
		t.Error("commas and brackets inside of a text count as values")
	}
}

func TestParseKind(t *testing.T) {
	t.Parallel()
	f := func(itemType, payload string, want DocKind) {
		t.Helper()
		docs := Parse(&wire.Envelope{Items: []wire.Item{{Type: itemType, Payload: []byte(payload)}}}, testMeta())
		defer docs.Release()
		if len(docs.Items) != 1 || docs.Items[0].Kind != want || docs.Items[0].Root.Type() != fastjson.TypeObject {
			t.Errorf("%s %s: %+v, want kind %d", itemType, payload, docs.Items, want)
		}
	}
	f("event", `{}`, DocEvent)
	f("event", `{"type":"transaction"}`, DocTransaction)
	f("event", `{"type":"feedback"}`, DocFeedback)
	f("event", `{"type":"error"}`, DocEvent)
	f("transaction", `{}`, DocTransaction)
	f("span", `{"items":[]}`, DocSpans)
	f("span", `[]`, DocSpans)
	f("span", `{}`, DocSpan)
	f("log", `{"items":[]}`, DocLogs)
	f("log", `[]`, DocLogs)
	f("user_report", `{}`, DocUserReport)
	f("check_in", `{}`, DocCheckIn)
	f("session", `{}`, DocSession)
	f("sessions", `{}`, DocSessions)
	f("client_report", `{}`, DocClientReport)
}

func TestEventID(t *testing.T) {
	t.Parallel()
	f := func(name, header, payload, want string) {
		t.Helper()
		docs := Parse(&wire.Envelope{Header: wire.EnvelopeHeader{EventID: header},
			Items: []wire.Item{{Type: "event", Payload: []byte(payload)}}}, testMeta())
		defer docs.Release()
		got := Decode(docs).Events[0].ID
		if got != docs.EventID || got.IsZero() {
			t.Errorf("%s: stored as %s, told %s", name, got, docs.EventID)
		}
		if want != "" && got.String() != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	f("header wins", someID, `{"event_id":"`+otherID+`"}`, someID)
	f("payload alone", "", `{"event_id":"B2F1C7D0-A5E9-4C1E-8D3F-6A7B9C0D1E2F"}`, someID)
	f("none", "", `{}`, "")
	f("all zeros", "", `{"event_id":"00000000000000000000000000000000"}`, "")
	f("no id", "", `{"event_id":"zz"}`, "")
	f("number", "", `{"event_id":12}`, "")
}

func TestEventIDsOfOneEnvelopeDiffer(t *testing.T) {
	t.Parallel()
	one := wire.Item{Type: "event", Payload: []byte(`{"event_id":"` + someID + `"}`)}
	two := wire.Item{Type: "event", Payload: []byte(`{"event_id":"` + otherID + `"}`)}
	b := decodeItems(wire.EnvelopeHeader{EventID: someID}, one, two, two)
	if len(b.Events) != 3 || b.Events[0].ID.String() != someID || b.Events[1].ID.String() != otherID ||
		b.Events[2].ID == b.Events[1].ID {
		t.Errorf("ids %s %s %s", b.Events[0].ID, b.Events[1].ID, b.Events[2].ID)
	}
}

func TestTooManyEvents(t *testing.T) {
	t.Parallel()
	list := slices.Repeat([]wire.Item{{Type: "event", Payload: []byte(`{}`)}}, maxEvents+5)
	b := decodeItems(wire.EnvelopeHeader{}, list...)
	if len(b.Events) != maxEvents || len(b.Discards) != 5 || b.Discards[0].Reason != "too_many" {
		t.Errorf("%d events, discards %+v", len(b.Events), b.Discards)
	}
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	file := wire.Item{Type: "attachment", Filename: "a\xff.txt", Payload: []byte("x")}
	b := decodeItems(wire.EnvelopeHeader{}, file, wire.Item{Type: "event", Payload: []byte(`{"event_id":"` + someID + `"}`)})
	if a := b.Attachments[0]; a.Event.String() != someID || a.Name != "a\uFFFD.txt" || a.Type != "event.attachment" {
		t.Errorf("before its event: %+v", a)
	}
	if b = decodeItems(wire.EnvelopeHeader{}, file); b.Attachments[0].Event.IsZero() {
		t.Error("alone and without an id: no event")
	}
	file.ContentType = attachmentRef
	if b = decodeItems(wire.EnvelopeHeader{}, file); len(b.Attachments) != 0 || len(b.Discards) != 1 {
		t.Errorf("a file that stands elsewhere: %+v", b)
	}
}

// TestScrubbedTree changes a tree between Parse and Decode, as the scrubber does.
func TestScrubbedTree(t *testing.T) {
	t.Parallel()
	docs := Parse(&wire.Envelope{Items: []wire.Item{{Type: "event",
		Payload: []byte(`{"message":"a \"secret\"","user":{"email":"e"}}`)}}}, testMeta())
	defer docs.Release()
	d := docs.Items[0]
	d.Root.Set("message", NewString(d.Arena, "\x1b[Filtered]\a\x7f\u200b"))
	d.Root.Get("user").Del("email")
	e := Decode(docs).Events[0]
	checkPayload(t, e.Payload)
	if e.Message != "\x1b[Filtered]\a\x7f\u200b" || e.User.Email != "" || bytes.Contains(e.Payload, []byte("secret")) {
		t.Errorf("event %+v, payload %s", e, e.Payload)
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	env := &wire.Envelope{Items: []wire.Item{{Type: "event", Payload: []byte(`{"message":"first","tags":{"a":"b"}}`)}}}
	docs := Parse(env, testMeta())
	b := Decode(docs)
	docs.Release()
	copy(env.Items[0].Payload, bytes.Repeat([]byte("x"), 100))
	for range 3 { // others use the same memory
		decode("event", `{"message":"other","tags":{"c":"d"}}`)
	}
	if e := b.Events[0]; e.Message != "first" || e.Tags[0] != (model.Tag{Key: "a", Value: "b"}) || !bytes.Contains(e.Payload, []byte("first")) {
		t.Errorf("event %+v, payload %s", e, e.Payload)
	}
}

func TestParseStore(t *testing.T) {
	t.Parallel()
	const event = `{"message":"x"}`
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write([]byte(event))
	z.Close()
	f := func(name, body string) {
		t.Helper()
		docs, err := ParseStore([]byte(body), testMeta())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		defer docs.Release()
		if b := Decode(docs); len(b.Events) != 1 || b.Events[0].Message != "x" || docs.EventID.IsZero() {
			t.Errorf("%s: %+v", name, b)
		}
	}
	f("plain", " \n"+event)
	f("base64", base64.StdEncoding.EncodeToString([]byte(event)))
	f("base64 of zlib", base64.StdEncoding.EncodeToString(packed.Bytes()))
	f("bare numbers of Python", `{"message":"x","extra":{"a":NaN,"b":Infinity,"c":[-Infinity],"d":"Infinity"}}`)

	refuse := func(name, body string) {
		t.Helper()
		if _, err := ParseStore([]byte(body), testMeta()); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	refuse("empty", " ")
	refuse("cut short", event[:9])
	refuse("neither", "<xml>")
	refuse("base64 of nothing known", base64.StdEncoding.EncodeToString([]byte("hello")))
	refuse("zlib cut short", base64.StdEncoding.EncodeToString(packed.Bytes()[:packed.Len()-6]))
	refuse("list", "[]")
}
