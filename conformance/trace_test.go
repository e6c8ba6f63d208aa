package conformance

import "testing"

// parents says below which span of the story each one stands.
var parents = map[string]string{"agent": "root", "chat": "agent", "tool": "agent", "query": "tool"}

// kinds are what Picket makes of the spans.
var kinds = map[string]string{"agent": "agent", "chat": "model", "tool": "tool"}

func (w witness) checkTrace(t *testing.T) {
	tr := newDoc(t, "trace", w.get(t, "/api/v1/traces/"+w.r.Trace))
	tr.want(w.r.Trace, "traceId")
	tr.wantCount(len(w.s.Spans), "spans")
	for name, told := range w.s.Spans {
		span := tr.at("spans/spanId=" + w.r.Spans[name])
		span.name = name + " span"
		w.checkSpan(span, name, told)
	}
	w.checkChat(tr.at("spans/spanId=" + w.r.Spans["chat"]))
	tool := tr.at("spans/spanId=" + w.r.Spans["tool"])
	tool.want("lookup_order", "tool")
	w.checkTraceEvents(tr)
}

func (w witness) checkSpan(span doc, name string, told toldSpan) {
	span.t.Helper()
	span.want(told.Op, "op")
	span.want(told.Name, "name")
	span.wantTime("startedAt")
	span.wantMore(-1, "durationMs")
	span.wantAll(told.Attributes, "attributes")
	if parent := parents[name]; parent != "" {
		span.want(w.r.Spans[parent], "parentSpanId")
	}
	if kind := kinds[name]; kind != "" {
		span.want(kind, "kind")
		span.want(w.s.agent(), "agent/id")
		span.want("Refunds", "agent/name")
		span.want("exec-"+w.s.Run, "execution")
	}
	if name == "tool" {
		span.want(w.d.failed, "status")
	}
}

func (w witness) checkChat(span doc) {
	span.t.Helper()
	span.want("gpt-4o-mini", "model")
	span.want(1200, "usage/input")
	span.want(200, "usage/cacheRead")
	span.want(340, "usage/output")
	span.want(40, "usage/reasoning")
}

// checkTraceEvents checks that the trace names the error that happened in it.
func (w witness) checkTraceEvents(tr doc) {
	tr.t.Helper()
	e := tr.at("events/eventId=" + w.r.Error)
	e.want("error", "kind")
	e.want(w.d.failure+": "+w.s.Failure.Message, "title")
}
