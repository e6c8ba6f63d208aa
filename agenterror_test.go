package picket

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"relay.one/picket/wire"
)

func TestCaptureAgentErrorWithASummary(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	AddBreadcrumb(ctx, Breadcrumb{Message: "before"})
	id := CaptureAgentError(ctx, "billing", &captureCard{7}, &ExecutionSummary{
		ID: "ex-81", Conversation: "c-9", Outcome: OutcomeFailed, Reason: "no money", Duration: 1500 * time.Millisecond,
		Usage: Usage{Input: 100, Output: 20, CacheRead: 50, CacheWrite: 10, Reasoning: 5}, CostUSD: 0.25,
		Tools: []ToolCall{
			{Name: "lookup", ID: "t1", Arguments: map[string]any{"order": 81}, Result: "paid", Duration: 20 * time.Millisecond},
			{Name: "refund", Error: "card refused"},
		},
		Policies: []Policy{{Name: "limits", Verdict: Flag, Reason: "above 50 EUR"}, {Name: "hours", Verdict: Allow}},
	})
	ev := onlyEvent(t, c, m)
	f := func(want any, path ...string) {
		t.Helper()
		if got := at(ev, path...); !reflect.DeepEqual(got, want) {
			t.Errorf("%v = %v, want %v", path, got, want)
		}
	}
	f(string(id), "event_id")
	f("error", "level")
	f(object{"id": "billing"}, "contexts", "agent")
	f(object{
		"id": "ex-81", "outcome": "failed", "reason": "no money", "duration_ms": 1500., "cost_usd": 0.25,
		"usage": object{"input_tokens": 100., "output_tokens": 20., "cache_read_tokens": 50., "cache_write_tokens": 10., "reasoning_tokens": 5.},
		"tool_calls": []any{
			object{"name": "lookup", "id": "t1", "arguments": `{"order":81}`, "result": "paid", "duration_ms": 20.},
			object{"name": "refund", "error": "card refused"},
		},
		"policy_evaluations": []any{
			object{"name": "limits", "verdict": "flag", "reason": "above 50 EUR"},
			object{"name": "hours", "verdict": "allow"},
		},
	}, "contexts", "execution")
	f(object{"agent.id": "billing", "execution.id": "ex-81", "conversation.id": "c-9"}, "tags")
	var trail []string
	for _, b := range at(ev, "breadcrumbs", "values").([]any) {
		trail = append(trail, fmt.Sprintf("%v %v %v", at(b, "level"), at(b, "category"), at(b, "message")))
	}
	if want := []string{"info <nil> before", "info tool lookup", "error tool refund", "warning policy limits: flag", "info policy hours: allow"}; !reflect.DeepEqual(trail, want) {
		t.Errorf("trail %q, want %q", trail, want)
	}
	if x := exceptions(ev)[0]; x["type"] != "*picket.captureCard" {
		t.Errorf("exception %v", x)
	}
	// Nothing of it stays behind.
	CaptureMessage(ctx, LevelInfo, "later")
	flush(t, c)
	if ev := m.items(t, "event")[1]; at(ev, "contexts", "execution") != nil || len(at(ev, "breadcrumbs", "values").([]any)) != 1 {
		t.Errorf("later: %v", ev)
	}
}

func TestCaptureAgentErrorOfWhatIsKnown(t *testing.T) {
	t.Parallel()
	f := func(agent Agent, id string, x *ExecutionSummary, want object) {
		t.Helper()
		ctx, c, m := testClient(t, Options{})
		ctx, run := StartExecution(ctx, agent, ExecutionID("running"))
		CaptureAgentError(ctx, id, io.EOF, x)
		ev := onlyEvent(t, c, m)
		run.End(nil)
		got := object{"agent": at(ev, "contexts", "agent"), "execution": at(ev, "tags", "execution.id"), "outcome": at(ev, "contexts", "execution", "outcome")}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v, %q, %v: %v, want %v", agent, id, x, got, want)
		}
	}
	billing := Agent{ID: "billing", Name: "Billing"}
	full := object{"id": "billing", "name": "Billing"}
	f(billing, "billing", nil, object{"agent": full, "execution": "running", "outcome": nil})
	f(billing, "", nil, object{"agent": full, "execution": "running", "outcome": nil})
	f(Agent{Name: "Billing"}, "Billing", nil, object{"agent": object{"id": "Billing", "name": "Billing"}, "execution": "running", "outcome": nil})
	f(billing, "search", nil, object{"agent": object{"id": "search"}, "execution": "running", "outcome": nil})
	f(billing, "billing", &ExecutionSummary{}, object{"agent": full, "execution": "running", "outcome": "error"})
	f(billing, "search", &ExecutionSummary{ID: "other"}, object{"agent": object{"id": "search"}, "execution": "other", "outcome": "error"})

	ctx, c, m := testClient(t, Options{})
	if id := CaptureAgentError(ctx, "a", nil, &ExecutionSummary{}); id != "" {
		t.Errorf("no error has the id %s", id)
	}
	CaptureAgentError(ctx, "a", io.EOF, &ExecutionSummary{})
	if id, _ := at(onlyEvent(t, c, m), "contexts", "execution", "id").(string); !strings.HasPrefix(id, "ex_") {
		t.Errorf("an execution without an id gets %q", id)
	}
}

// However much an execution did, its context stays small enough to be kept whole.
func TestSummariesAreBounded(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	long := strings.Repeat("word ", 20_000)
	x := &ExecutionSummary{ID: "ex-81", Duration: time.Second, Usage: Usage{Input: 1}}
	for i := range 500 {
		x.Tools = append(x.Tools, ToolCall{Name: fmt.Sprint("t", i), Arguments: map[string]any{"text": long, "password": "hunter2", "n": i}, Result: long, Error: "e"})
		x.Policies = append(x.Policies, Policy{Name: fmt.Sprint("p", i), Verdict: Deny, Reason: "why not"})
	}
	x.Policies = x.Policies[:20]
	CaptureAgentError(ctx, "a", io.EOF, x)
	flush(t, c)
	payload := ""
	for _, item := range m.envelopes[0].Items {
		if item.Type == wire.ItemEvent {
			payload = string(item.Payload)
		}
	}
	_, execution, _ := strings.Cut(payload, `"execution":{`)
	execution, _, _ = strings.Cut(execution, `,"os":{`)
	if n := len(execution); n < 4<<10 || n > 12<<10 {
		t.Errorf("the context holds %d bytes: %.300s", n, execution)
	}
	if strings.Contains(payload, "hunter2") {
		t.Error("a secret was sent")
	}
	ev := m.items(t, "event")[0]
	tools := at(ev, "contexts", "execution", "tool_calls").([]any)
	if last := tools[len(tools)-1]; at(last, "name") != "t499" || !strings.HasPrefix(at(last, "arguments").(string), `{"n":499,"password":"[Filtered]","text":"word`) {
		t.Errorf("the last call is %v", last)
	}
	if n := len(at(ev, "breadcrumbs", "values").([]any)); n != 100 {
		t.Errorf("%d breadcrumbs", n)
	}
}
