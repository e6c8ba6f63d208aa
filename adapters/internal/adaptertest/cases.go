package adaptertest

import (
	"net/http"
	"strings"
	"testing"

	"relay.one/picket"
	"relay.one/picket/wire"
)

func testTransaction(t *testing.T, start Start) {
	b := newBench(t, start, Service{})
	r := b.get(t, "/agents/a1/runs", HeaderUser, "u1", HeaderOrganization, "o1")
	if r.status != 200 || r.body != "a1" {
		t.Fatalf("answered %d %q", r.status, r.body)
	}
	tx := b.one(t, wire.ItemTransaction)
	wantRoute(t, tx, "GET /agents/:agentId/runs", "route", ending{200, "ok"})
	want(t, tx, "/agents/:agentId/runs", "contexts", "trace", "data", "http.route")
	want(t, tx, "u1", "user", "id")
	want(t, tx, "o1", "contexts", wire.ContextOrganization, "id")
	want(t, tx, "a1", "tags", wire.TagAgentID)
	want(t, tx, b.url+"/agents/a1/runs", "request", "url")
	want(t, tx, "o1", "request", "headers", HeaderOrganization)
	if spans, _ := tx["spans"].([]any); len(spans) != 1 {
		t.Errorf("spans = %v, want that of the handler", spans)
	}
}

func testEvent(t *testing.T, start Start) {
	f := func(path, header, agent string) {
		t.Helper()
		b := newBench(t, start, Service{})
		r := b.get(t, path, HeaderUser, "u1", HeaderOrganization, "o1", HeaderAgent, header)
		event := b.one(t, wire.ItemEvent)
		want(t, event, "GET /agents/:agentId/runs", "transaction")
		want(t, event, "u1", "user", "id")
		want(t, event, "o1", "tags", wire.TagOrganizationID)
		want(t, event, agent, "tags", wire.TagAgentID)
		want(t, event, "GET", "request", "method")
		want(t, event, at(b.one(t, wire.ItemTransaction), "contexts", "trace", "trace_id"), "contexts", "trace", "trace_id")
		wantEventID(t, r, event)
	}
	f("/agents/a1/runs", "", "a1")
	f("/agents/a1/runs?depth=2", "a2", "a2")
}

func testPanic(t *testing.T, start Start) {
	b := newBench(t, start, Service{})
	r := b.get(t, "/agents/a1/panic", HeaderUser, "u1")
	event := b.one(t, wire.ItemEvent)
	wantProblem(t, r, event)
	want(t, event, "fatal", "level")
	want(t, event, "u1", "user", "id")
	want(t, event, "a1", "tags", wire.TagAgentID)
	want(t, event, "GET /agents/:agentId/panic", "transaction")
	want(t, exception(event), "disk full", "value")
	want(t, exception(event), false, "mechanism", "handled")
	wantRoute(t, b.one(t, wire.ItemTransaction), "GET /agents/:agentId/panic", "route", ending{500, "internal_error"})
	if r := b.get(t, "/agents/a1/runs"); r.status != 200 {
		t.Errorf("after the panic the service answers %d", r.status)
	}
}

func testRepanic(t *testing.T, start Start) {
	b := newBench(t, start, Service{Repanic: true})
	r := b.get(t, "/agents/a1/panic")
	if r.status != 500 || strings.Contains(r.header.Get("Content-Type"), "problem") {
		t.Errorf("answered %d %v, want what the outer handler of panics answers", r.status, r.header)
	}
	want(t, exception(b.one(t, wire.ItemEvent)), "disk full", "value")
	wantRoute(t, b.one(t, wire.ItemTransaction), "GET /agents/:agentId/panic", "route", ending{500, "internal_error"})
}

func testAbort(t *testing.T, start Start) {
	b := newBench(t, start, Service{})
	resp, err := http.Get(b.url + "/agents/a1/abort")
	if err == nil {
		resp.Body.Close()
		t.Errorf("answered %d, want a broken connection", resp.StatusCode)
	}
	want(t, b.one(t, wire.ItemTransaction), "GET /agents/:agentId/abort", "transaction")
	if events := b.all(t, wire.ItemEvent); len(events) != 0 {
		t.Errorf("reported %v", events)
	}
	if r := b.get(t, "/agents/a1/runs"); r.status != 200 {
		t.Errorf("after the abort the service answers %d", r.status)
	}
}

func testReturned(t *testing.T, start Start) {
	b := newBench(t, start, Service{})
	r := b.get(t, "/agents/a1/fail", HeaderUser, "u1")
	event := b.one(t, wire.ItemEvent)
	if r.status != 500 {
		t.Errorf("answered %d", r.status)
	}
	wantEventID(t, r, event)
	want(t, event, "error", "level")
	want(t, event, "u1", "user", "id")
	want(t, event, "GET /agents/:agentId/fail", "transaction")
	want(t, exception(event), "disk full", "value")
	want(t, exception(event), true, "mechanism", "handled")
	want(t, exception(event), nil, "stacktrace")
	wantRoute(t, b.one(t, wire.ItemTransaction), "GET /agents/:agentId/fail", "route", ending{500, "internal_error"})
}

func testReported(t *testing.T, start Start) {
	b := newBench(t, start, Service{})
	r := b.get(t, "/agents/a1/reported")
	event := b.one(t, wire.ItemEvent)
	wantEventID(t, r, event)
	if at(exception(event), "stacktrace") == nil {
		t.Error("it is not the handler's report")
	}
	wantRoute(t, b.one(t, wire.ItemTransaction), "GET /agents/:agentId/reported", "route", ending{500, "internal_error"})
}

func testRefused(t *testing.T, start Start) {
	b := newBench(t, start, Service{})
	if r := b.get(t, "/agents/a1/gone"); r.status != 404 {
		t.Errorf("answered %d", r.status)
	}
	wantRoute(t, b.one(t, wire.ItemTransaction), "GET /agents/:agentId/gone", "route", ending{404, "not_found"})
	if events := b.all(t, wire.ItemEvent); len(events) != 0 {
		t.Errorf("reported %v", events)
	}
}

func testNoRoute(t *testing.T, start Start) {
	b := newBench(t, start, Service{})
	if r := b.get(t, "/nowhere", HeaderUser, "u1"); r.status != 404 {
		t.Errorf("answered %d", r.status)
	}
	tx := b.one(t, wire.ItemTransaction)
	wantRoute(t, tx, "GET /nowhere", "url", ending{404, "not_found"})
	want(t, tx, "u1", "user", "id")
	want(t, tx, nil, "contexts", "trace", "data", "http.route")
}

func testIgnored(t *testing.T, start Start) {
	b := newBench(t, start, Service{})
	if r := b.get(t, "/agents/a1/fail", HeaderIgnore, "yes"); r.status != 500 || r.header.Get(picket.HeaderEventID) != "" {
		t.Errorf("answered %d %v", r.status, r.header)
	}
	if n := len(b.all(t, wire.ItemTransaction)) + len(b.all(t, wire.ItemEvent)); n != 0 {
		t.Errorf("%d items came", n)
	}
}

func testGroup(t *testing.T, start Start) {
	f := func(path string, outer bool, code float64, status string) {
		t.Helper()
		b := newBench(t, start, Service{InGroup: true, Outer: outer})
		r := b.get(t, "/agents/a1/"+path, HeaderUser, "u1")
		event := b.one(t, wire.ItemEvent)
		want(t, event, "GET /agents/:agentId/"+path, "transaction")
		want(t, event, "u1", "user", "id")
		want(t, event, "a1", "tags", wire.TagAgentID)
		wantEventID(t, r, event)
		wantRoute(t, b.one(t, wire.ItemTransaction), "GET /agents/:agentId/"+path, "route", ending{code, status})
	}
	for _, outer := range []bool{false, true} {
		f("runs", outer, 200, "ok")
		f("fail", outer, 500, "internal_error")
		f("panic", outer, 500, "internal_error")
	}
}

func testBody(t *testing.T, start Start) {
	f := func(limit int, shown any) {
		t.Helper()
		b := newBench(t, start, Service{BodyBytes: limit})
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.url+"/agents/a1/runs",
			strings.NewReader(`{"ask":"weather","password":"hunter2"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		send(t, req)
		want(t, b.one(t, wire.ItemEvent), shown, "request", "data")
	}
	f(0, nil)
	f(37, "[longer than MiddlewareOptions.BodyBytes]")
	f(38, `{"ask":"weather","password":"[Filtered]"}`)
}

func testTrace(t *testing.T, start Start) {
	const trace, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	b := newBench(t, start, Service{})
	r := b.get(t, "/agents/a1/outgoing", "Sentry-Trace", trace+"-"+span+"-1", "Baggage", "sentry-trace_id="+trace+",sentry-release=web@1,shop=7")
	tx := b.one(t, wire.ItemTransaction)
	want(t, tx, trace, "contexts", "trace", "trace_id")
	want(t, tx, span, "contexts", "trace", "parent_span_id")
	own, _ := at(tx, "contexts", "trace", "span_id").(string)
	for _, part := range []string{trace + "-" + own + "-1", "00-" + trace + "-" + own + "-01", "sentry-release=web@1", "shop=7"} {
		if !strings.Contains(r.body, part) {
			t.Errorf("a request of the handler's would carry %s, want %s in it", r.body, part)
		}
	}
	b = newBench(t, start, Service{})
	b.get(t, "/agents/a1/runs", "Traceparent", "00-"+trace+"-"+span+"-01")
	want(t, b.one(t, wire.ItemTransaction), trace, "contexts", "trace", "trace_id")
}

func testNoClient(t *testing.T, start Start) {
	b := &bench{url: start(t, Service{})}
	f := func(path string, status int) {
		t.Helper()
		if r := b.get(t, path); r.status != status || r.header.Get(picket.HeaderEventID) != "" {
			t.Errorf("%s is answered with %d %v, want %d", path, r.status, r.header, status)
		}
	}
	f("/agents/a1/runs", 200)
	f("/agents/a1/fail", 500)
	f("/agents/a1/gone", 404)
	f("/nowhere", 404)
}
