package pipeline

import (
	"testing"

	"relay.one/picket/internal/group"
	"relay.one/picket/internal/model"
)

// TestFaultsAreOneIncident groups errors of one fault that differ in everything that
// a provider and a client make up anew each time, and keeps others apart.
func TestFaultsAreOneIncident(t *testing.T) {
	t.Parallel()
	frames := []model.Frame{{Function: "ask", Module: "agent.planner", Filename: "agent/planner.py", ContextLine: "return client.chat(prompt)", InApp: model.Yes}}
	event := func(typ, value string, frames []model.Frame) model.Event {
		return model.Event{Kind: model.KindError, Level: model.LevelError, Platform: "python",
			Exceptions: []model.Exception{{Type: typ, Value: value, ID: -1, ParentID: -1, Frames: frames}}}
	}
	limited := func(request string) string {
		return "Error code: 429 - {'error': {'message': 'Rate limit reached for gpt-4o in organization org-" + request +
			" on tokens per min (TPM): Limit 30000, Used 29870', 'type': 'tokens', 'code': 'rate_limit_exceeded'}}"
	}
	f := func(same bool, a, b model.Event, fault string) {
		t.Helper()
		batch := &model.Batch{Events: []model.Event{a, b}}
		tellFaults(batch)
		group.Assign(batch)
		x, y := &batch.Events[0], &batch.Events[1]
		if x.Fault != fault {
			t.Errorf("fault %q, want %q", x.Fault, fault)
		}
		if got := x.Hashes[0] == y.Hashes[0]; got != same {
			t.Errorf("%q and %q are one issue: %v", x.Exceptions[0].Value, y.Exceptions[0].Value, got)
		}
	}
	f(true, event("RateLimitError", limited("aB3"), nil), event("RateLimitError", limited("Zq9 (request 81)"), nil), "rate_limit")
	f(true, event("openai.RateLimitError", limited("aB3"), frames), event("RateLimitError", limited("c"), frames), "rate_limit")
	f(false, event("RateLimitError", limited("aB3"), nil), event("RateLimitError", limited("aB3"), frames), "rate_limit")
	f(false, event("openai.APIError", limited("aB3"), frames),
		event("openai.APIError", "Error code: 400 - {'error': {'message': \"This model's maximum context length is 128000 tokens\", 'type': 'invalid_request_error', 'code': 'context_length_exceeded'}}", frames),
		"rate_limit")
	// What is no agent fault goes as everywhere.
	f(false, event("ValueError", "order is closed", nil), event("KeyError", "order is closed", nil), "")
	f(false, event("HTTPError", "429 Too Many Requests for our own API", nil), event("ValueError", "x", nil), "")
}

// TestFaultsOfTools checks that an error in a tool call is one, and is still grouped
// by what it says.
func TestFaultsOfTools(t *testing.T) {
	t.Parallel()
	trace, span := model.TraceID{1}, model.SpanID{2}
	failing := func(value string) model.Event {
		return model.Event{Kind: model.KindError, Level: model.LevelError, Trace: trace, Span: span, Op: "gen_ai.execute_tool",
			Exceptions: []model.Exception{{Type: "LookupError", Value: value, ID: -1, ParentID: -1}}}
	}
	b := &model.Batch{
		Spans:  []model.Span{{Trace: trace, ID: span, Op: "gen_ai.execute_tool", Kind: model.SpanTool, Tool: "lookup", Status: model.StatusInternalError}},
		Events: []model.Event{failing("no such order"), failing("the warehouse is closed")},
	}
	tellFaults(b)
	group.Assign(b)
	if b.Events[0].Fault != "tool_error" || b.Spans[0].Signs.Fault != "tool_error" {
		t.Errorf("event %q, span %q; want tool_error", b.Events[0].Fault, b.Spans[0].Signs.Fault)
	}
	if b.Events[0].Hashes[0] == b.Events[1].Hashes[0] {
		t.Error("two errors of a tool are one issue")
	}
	// Before its transaction has come it is the same.
	alone := &model.Batch{Events: []model.Event{failing("no such order")}}
	tellFaults(alone)
	if got := alone.Events[0].Fault; got != "tool_error" {
		t.Errorf("alone it is %q", got)
	}
}
