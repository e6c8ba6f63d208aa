package picket

import (
	"errors"
	"io"
	"testing"
)

func TestExecutionsInTransactions(t *testing.T) {
	t.Parallel()
	f := func(rate float64, sampledRequest bool) {
		t.Helper()
		ctx, c, m := testClient(t, Options{TracesSampleRate: rate})
		ctx, job := StartTransaction(ctx, "queue.process", "orders")
		xctx, run := StartExecution(ctx, Agent{Name: "Billing"})
		_, tool := StartToolCall(xctx, ToolCall{Name: "lookup"})
		tool.End(nil, nil)
		run.End(nil)
		CaptureMessage(ctx, LevelInfo, "in the job")
		job.End()
		flush(t, c)
		spans := m.spans(t)
		agent, look := spanNamed(t, spans, "invoke_agent Billing"), spanNamed(t, spans, "execute_tool lookup")
		wantBelow(t, agent, look)
		ev := m.items(t, "event")[0]
		if at(ev, "contexts", "trace", "trace_id") != agent["trace_id"] || at(ev, "contexts", "execution") != nil {
			t.Errorf("the event's trace is %v, its execution %v", at(ev, "contexts", "trace"), at(ev, "contexts", "execution"))
		}
		if agent["parent_span_id"] != at(ev, "contexts", "trace", "span_id") {
			t.Errorf("the agent's parent is %v, the job's span %v", agent["parent_span_id"], at(ev, "contexts", "trace", "span_id"))
		}
		list := m.items(t, "transaction")
		if (len(list) == 1) != sampledRequest || agent["is_segment"] == sampledRequest {
			t.Fatalf("%d transactions, segment %v", len(list), agent["is_segment"])
		}
		if sampledRequest {
			wantAttrs(t, look, object{"sentry.segment.id": at(list[0], "contexts", "trace", "span_id"), "sentry.segment.name": "orders"})
			if n := len(list[0]["spans"].([]any)); n != 0 {
				t.Errorf("%d spans left with the transaction too", n)
			}
			return
		}
		wantAttrs(t, look, object{"sentry.segment.id": agent["span_id"], "sentry.segment.name": "invoke_agent Billing"})
	}
	f(1, true)
	f(-1, false)
}

// Where executions are not sampled, their steps cost nothing and count all the same.
func TestUnsampledExecutions(t *testing.T) {
	t.Parallel()
	f := func(o Options) {
		t.Helper()
		ctx, c, m := testClient(t, o)
		ctx, job := StartTransaction(ctx, "queue.process", "orders")
		xctx, run := StartExecution(ctx, Agent{Name: "Billing"})
		_, inner := StartExecution(xctx, Agent{Name: "Search"})
		_, call := StartModelCall(xctx, ModelCall{Model: "m"})
		call.End(ModelResult{Usage: Usage{Input: 2}}, nil)
		_, tool := StartToolCall(xctx, ToolCall{Name: "lookup"})
		tool.Fail("x")
		tool.End(1, io.EOF)
		RecordPolicy(xctx, Policy{Name: "p"})
		Handoff(xctx, Agent{Name: "b"})
		run.Input("in")
		inner.End(nil)
		run.End(errors.New("boom"))
		job.End()
		ev := onlyEvent(t, c, m)
		if n := len(m.items(t, "span")); n != 0 || run.Usage().Input != 2 || run.Sampled() {
			t.Errorf("%d containers, usage %+v", n, run.Usage())
		}
		if crumbs := at(ev, "breadcrumbs", "values").([]any); len(crumbs) != 4 || at(ev, "tags", "execution.id") != run.ID() {
			t.Errorf("breadcrumbs %v, tags %v", crumbs, ev["tags"])
		}
		tx := m.items(t, "transaction")
		if at(ev, "contexts", "trace", "trace_id") != at(tx[0], "contexts", "trace", "trace_id") {
			t.Error("the error is not of the job's trace")
		}
		if n := c.Stats().Dropped["sample_rate"]; n != 2 {
			t.Errorf("%d are counted, want the two agents' spans", n)
		}
	}
	f(Options{ExecutionSampleRate: -1})
	f(Options{TracesSampler: func(s SamplingContext) float64 {
		if s.Execution {
			return 0
		}
		return 1
	}})
}

// Steps outside of executions are spans of the transaction, and say whose they are.
func TestStepsOutsideOfExecutions(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	ctx = WithConversation(WithAgent(ctx, Agent{ID: "a1", Name: "Billing"}), "c1")
	tctx, job := StartTransaction(ctx, "queue.process", "orders")
	_, call := StartModelCall(tctx, ModelCall{Provider: "openai", Model: "m"})
	call.End(ModelResult{Usage: Usage{Input: 2, Output: 1}}, nil)
	job.End()
	_, call = StartModelCall(ctx, ModelCall{Model: "alone"})
	call.End(ModelResult{}, errors.New("down"))
	flush(t, c)
	list := m.items(t, "transaction")
	if len(list) != 2 {
		t.Fatalf("%d transactions, want 2", len(list))
	}
	span := list[0]["spans"].([]any)[0]
	f := func(data any, key string, want any) {
		t.Helper()
		if got := at(data, key); got != want {
			t.Errorf("%s = %v, want %v", key, got, want)
		}
	}
	f(span, "op", "gen_ai.chat")
	f(span, "description", "chat m")
	for _, data := range []any{at(span, "data"), at(list[1], "contexts", "trace", "data")} {
		f(data, "gen_ai.operation.name", "chat")
		f(data, "gen_ai.agent.name", "Billing")
		f(data, "gen_ai.conversation.id", "c1")
	}
	f(at(span, "data"), "gen_ai.usage.total_tokens", 3.)
	f(at(list[1], "contexts", "trace"), "status", "internal_error")
	f(list[1], "transaction", "chat alone")
}
