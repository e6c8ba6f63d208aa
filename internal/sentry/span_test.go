package sentry

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// v2 writes a span of the second format with those members and attributes.
func v2(id, members, attributes string) string {
	return `{"trace_id":"` + someTrace + `","span_id":"` + id + `","start_timestamp":1795435191,"end_timestamp":1795435192,` +
		members + `"attributes":{` + attributes + `}}`
}

func TestSpanV2(t *testing.T) {
	t.Parallel()
	f := func(name, span, want string) {
		t.Helper()
		b := decode("span", `{"version":2,"items":[`+span+`]}`)
		checkBatch(t, b)
		if len(b.Spans) != 1 {
			t.Errorf("%s: %s", name, dump(b))
			return
		}
		s := b.Spans[0]
		got := fmt.Sprintf("%s|%s|%s|%s|%s|%s|%s", s.Op, s.Name, s.Status, s.Release, s.Environment, s.User.Key(), s.Conversation)
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	const id = "a000000000000002"
	f("typed", v2(id, `"name":"n","status":"ok",`, `"sentry.op":{"type":"string","value":"o"},"sentry.release":{"value":"r","type":"string"},
		"sentry.environment":{"value":"e"},"user.id":{"type":"integer","value":7},"gen_ai.conversation.id":{"value":"c"}`), "o|n|ok|r|e|id:7|c")
	f("untyped", v2(id, `"name":"","status":"ok",`, `"sentry.op":"o","user.email":"e"`), "o||ok|||email:e|")
	f("op of the first format", v2(id, `"op":"o",`, ``), "o||unknown||||")
	f("fine status", v2(id, `"status":"error",`, `"sentry.status.message":{"value":"not_found"}`), "default||not_found||||")
	f("message in words", v2(id, `"status":"error",`, `"sentry.status.message":{"value":"boom"}`), "default||internal_error||||")
	f("cancelled", v2(id, `"status":"ok",`, `"sentry.status.message":{"value":"cancelled"}`), "default||cancelled||||")
	f("contradiction", v2(id, `"status":"ok",`, `"sentry.status.message":{"value":"not_found"}`), "default||ok||||")
	f("http client", v2(id, ``, `"http.request.method":{"value":"GET"},"sentry.kind":{"value":"client"}`), "http.client||unknown||||")
	f("http", v2(id, ``, `"http.request.method":{"value":"GET"}`), "http||unknown||||")
	f("database", v2(id, ``, `"db.system.name":{"value":"x"}`), "db||unknown||||")
	f("model", v2(id, ``, `"gen_ai.provider.name":{"value":"x"}`), "gen_ai||unknown||||")
	f("rpc", v2(id, ``, `"rpc.service":{"value":"x"}`), "rpc||unknown||||")
	f("queue", v2(id, ``, `"messaging.system":{"value":"x"}`), "message||unknown||||")
	f("function", v2(id, ``, `"faas.trigger":{"value":"timer"}`), "timer||unknown||||")
	f("other times", `{"trace_id":"`+someTrace+`","span_id":"`+id+`","start_timestamp":"2026-11-23T11:00:00Z","timestamp":"2026-11-23T11:00:01Z","attributes":[]}`, "default||unknown||||")
}

func TestSegment(t *testing.T) {
	t.Parallel()
	f := func(itemType, payload string, want bool) {
		t.Helper()
		b := decode(itemType, payload)
		if s := b.Spans[len(b.Spans)-1]; s.Segment != want {
			t.Errorf("%s: segment %v, want %v", payload, s.Segment, want)
		}
	}
	const id = "a000000000000002"
	f("span", `{"items":[`+v2(id, `"is_segment":true,`, ``)+`]}`, true)
	f("span", `{"items":[`+v2(id, `"is_segment":false,`, ``)+`]}`, false)
	f("span", `{"items":[`+v2(id, ``, `"sentry.segment.id":{"value":"`+id+`"}`)+`]}`, true)
	f("span", `{"items":[`+v2(id, ``, `"sentry.segment.id":{"value":"a000000000000001"}`)+`]}`, false)
	f("transaction", tx(goodTrace, goodTimes, `{"span_id":"`+id+`","segment_id":"`+id+`",`+child+`}`), true)
	f("transaction", tx(goodTrace, goodTimes, `{"span_id":"`+id+`","segment_id":"a000000000000001",`+child+`}`), false)
}

func TestSpanContainers(t *testing.T) {
	t.Parallel()
	f := func(name, payload, want string) {
		t.Helper()
		b := decode("span", payload)
		checkBatch(t, b)
		got := fmt.Sprintf("%d spans, %d blobs", len(b.Spans), len(b.SpanBlobs))
		for _, d := range b.Discards {
			got += fmt.Sprintf(", lost %s %s %d", d.Category, d.Reason, d.Quantity)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
	good := v2("a000000000000002", "", "")
	f("two", `{"items":[`+good+`,`+v2("a000000000000003", "", "")+`]}`, "2 spans, 1 blobs")
	f("bare list", `[`+good+`]`, "1 spans, 1 blobs")
	f("some bad", `{"items":[7,`+good+`,{},`+v2("0000000000000000", "", "")+`]}`, "1 spans, 1 blobs, lost span invalid 3")
	f("all bad", `{"items":[7,{}]}`, "0 spans, 0 blobs, lost span invalid 2")
	f("none", `{"items":[]}`, "0 spans, 0 blobs")
	f("no list", `{"items":{}}`, "0 spans, 0 blobs")
	f("lone", `{"trace_id":"`+someTrace+`","span_id":"a000000000000002","start_timestamp":1795435191,"timestamp":1795435192}`, "1 spans, 1 blobs")
	f("lone, bad", `{"span_id":"a000000000000002"}`, "0 spans, 0 blobs, lost span invalid 1")
}

// TestContainerBesideTransaction holds what a container takes over, in either order.
func TestContainerBesideTransaction(t *testing.T) {
	t.Parallel()
	transaction := wire.Item{Type: "transaction", Payload: []byte(`{"release":"r","environment":"e","user":{"id":1},` + goodTimes +
		`"tags":{"execution.id":"x"},"contexts":{"trace":` + goodTrace + `,"agent":{"id":17,"name":"bot"},"organization":{"id":"o"}}}`)}
	container := wire.Item{Type: "span", Payload: []byte(`{"items":[` + v2("a000000000000002", "", "") + `,` +
		v2("a000000000000003", "", `"gen_ai.agent.name":{"value":"other"},"sentry.release":{"value":"own"},"user.id":{"value":"2"},"picket.execution.id":{"value":"y"}`) + `,` +
		v2("a000000000000004", "", `"gen_ai.agent.name":{"value":"bot"}`) + `]}`)}
	f := func(items ...wire.Item) {
		t.Helper()
		b := decodeItems(wire.EnvelopeHeader{}, items...)
		checkBatch(t, b)
		var got []string
		for _, s := range b.Spans[1:] {
			got = append(got, fmt.Sprintf("%s %s %s %s/%s %s %s", s.Release, s.Environment, s.User.Key(), s.Agent.ID, s.Agent.Name, s.Execution, s.Organization))
		}
		want := "r e id:1 17/bot x o; own e id:2 other/other y o; r e id:1 17/bot x o"
		if s := strings.Join(got, "; "); s != want {
			t.Errorf("spans %s, want %s", s, want)
		}
	}
	f(transaction, container)
	f(container, transaction)
}

func TestDecodeSpans(t *testing.T) {
	t.Parallel()
	f := func(payload, want string) {
		t.Helper()
		list, err := DecodeSpans([]byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range list {
			got = append(got, s.ID.String()[15:])
			if raw, err := DecodeSpan([]byte(payload), s.ID); err != nil || string(raw) != string(s.Raw) {
				t.Errorf("%s: span %s is %s, %v", payload, s.ID, raw, err)
			}
			checkPayload(t, s.Raw)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: spans %s, want %s", payload, s, want)
		}
	}
	f(tx(goodTrace, goodTimes, `{"span_id":"a000000000000002"},{"span_id":"a000000000000003"}`), "1 2 3")
	f(`{"items":[`+v2("a000000000000002", "", "")+`]}`, "2")
	f(`{"span_id":"a000000000000002"}`, "2")
	f(`{}`, "")

	if _, err := DecodeSpan([]byte(`{"items":[]}`), model.SpanID{1}); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("missing span: %v", err)
	}
	if _, err := DecodeSpans([]byte(`[`)); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("bad payload: %v", err)
	}
	if _, err := DecodeSpans([]byte(`[]`)); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("list: %v", err)
	}
}
