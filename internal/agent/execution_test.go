package agent

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

func TestExecutions(t *testing.T) {
	t.Parallel()
	root := lasting(time.Minute, at(0, 1, 9, "gen_ai.invoke_agent", "gen_ai.agent.name", "Billing", "picket.execution.id", "e1"))
	root.Release, root.Environment, root.User = "api@1", "prod", model.User{ID: "u1"}
	failed := at(4, 4, 1, "gen_ai.execute_tool", "gen_ai.tool.name", "refund")
	failed.Status = model.StatusInternalError
	b := enrich(nil,
		lasting(2*time.Minute, at(0, 9, 0, "http.server")),
		root,
		at(1, 2, 1, "gen_ai.chat", "gen_ai.usage.input_tokens", "100", "gen_ai.usage.output_tokens", "10", "gen_ai.conversation.id", "c1"),
		at(2, 3, 1, "gen_ai.execute_tool", "gen_ai.tool.name", "lookup"),
		failed,
		at(5, 5, 1, "picket.policy", "picket.policy.name", "limit", "picket.policy.verdict", "deny"),
		at(5, 6, 1, "gen_ai.execute_tool", "gen_ai.tool.name", "mail", "picket.policy.name", "pii", "picket.policy.verdict", "allow"),
		at(6, 7, 1, "gen_ai.invoke_agent", "gen_ai.agent.name", "Search", "gen_ai.usage.input_tokens", "999"),
		at(7, 8, 7, "gen_ai.chat", "gen_ai.usage.input_tokens", "50", "gen_ai.usage.cache_read.input_tokens", "40"),
	)
	want := []model.Execution{{
		ID: "e1", Trace: trace, Span: model.SpanID{1}, Agent: model.Agent{ID: "Billing", Name: "Billing"}, Conversation: "c1",
		UserKey: "id:u1", Release: "api@1", Environment: "prod",
		Start: noon, Duration: time.Minute, Ended: true, Outcome: model.OutcomeOK,
		Usage: model.Usage{Input: 150, Output: 10, CacheRead: 40}, ModelCalls: 2, ToolCalls: 3, ToolErrors: 1, Evaluations: 2, Violations: 1,
		Tools: []string{"lookup", "mail", "refund"}, Failing: []string{"refund"}, Policies: []string{"limit"}, Traces: []model.TraceID{trace},
	}}
	if !reflect.DeepEqual(b.Executions, want) {
		t.Errorf("got  %+v\nwant %+v", b.Executions, want)
	}
}

func TestExecutionsApart(t *testing.T) {
	t.Parallel()
	f := func(b *model.Batch, want ...string) {
		t.Helper()
		var got []string
		for _, x := range b.Executions {
			s := x.ID + " " + x.Agent.ID + " " + x.Outcome.String()
			if x.Ended {
				s += " " + x.Duration.String()
			}
			got = append(got, s)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
	invoke := func(second int, id, parent byte, name string, pairs ...string) model.Span {
		return at(second, id, parent, "gen_ai.invoke_agent", append([]string{"gen_ai.agent.name", name}, pairs...)...)
	}
	f(enrich(nil, at(0, 1, 0, "gen_ai.chat")))
	f(enrich(nil, invoke(0, 1, 0, "A"), at(1, 2, 1, "gen_ai.chat")), derived1+" A ok 10s")
	// Agents side by side run apart; an agent below with an id of its own does, too.
	f(enrich(nil, invoke(0, 1, 9, "A"), invoke(5, 2, 9, "B", "picket.execution.id", "e2")), derived1+" A ok 10s", "e2 B ok 10s")
	f(enrich(nil, invoke(0, 1, 0, "A"), invoke(1, 2, 1, "B"), invoke(2, 3, 2, "C", "picket.execution.id", "e3")), derived1+" A ok 10s", "e3 C ok 10s")
	// Steps under one id are one execution: from the first start to the last end.
	e := []string{"picket.execution.id", "e1"}
	f(enrich(nil, invoke(20, 2, 9, "B", append(e, "picket.outcome", "failed")...), invoke(0, 1, 9, "A", e...)), "e1 A failed 30s")
	// Without its agent span, an execution that spans name is known in part.
	f(enrich(nil, at(3, 2, 77, "gen_ai.chat", "picket.execution.id", "e1", "gen_ai.agent.name", "A"), at(1, 3, 77, "db", "picket.execution.id", "e1")),
		"e1 A running")
	// So is one that only an error names.
	f(enrich([]model.Event{{Kind: model.KindError, Execution: "e1", Agent: model.Agent{ID: "A"}, Timestamp: noon}}), "e1 A running")
	// An execution has one record, whoever names it.
	f(enrich([]model.Event{{Kind: model.KindError, Execution: "e1", Trace: trace, Span: model.SpanID{1}, Timestamp: noon}},
		invoke(0, 1, 0, "A", e...)), "e1 A ok 10s")
}

func TestManyExecutions(t *testing.T) {
	t.Parallel()
	var spans []model.Span
	for i := range byte(100) {
		spans = append(spans, at(int(i), i+1, 0, "gen_ai.invoke_agent"), at(int(i), i+101, i+1, "gen_ai.chat", "gen_ai.usage.input_tokens", "5"))
	}
	b := enrich(nil, spans...)
	if len(b.Executions) != 100 {
		t.Fatalf("%d executions", len(b.Executions))
	}
	for _, x := range b.Executions {
		if x.ModelCalls != 1 || x.Usage.Input != 5 {
			t.Errorf("%s has %d calls, %+v", x.ID, x.ModelCalls, x.Usage)
		}
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	f := func(status model.SpanStatus, want model.Outcome, reason string, pairs ...string) {
		t.Helper()
		s := at(0, 1, 0, "gen_ai.invoke_agent", pairs...)
		s.Status = status
		x := enrich(nil, s).Executions[0]
		if x.Outcome != want || x.Reason != reason || !x.Ended {
			t.Errorf("%s %v: %+v", status, pairs, x)
		}
	}
	f(model.StatusOK, model.OutcomeOK, "")
	f(model.StatusUnknown, model.OutcomeOK, "")
	f(model.StatusInternalError, model.OutcomeError, "internal_error")
	f(model.StatusInternalError, model.OutcomeError, "RateLimit", "error.type", "RateLimit")
	f(model.StatusUnknown, model.OutcomeError, "RateLimit", "error.type", "RateLimit")
	f(model.StatusOK, model.OutcomeFailed, "gave up", "picket.outcome", "failed", "picket.outcome.reason", "gave up")
	f(model.StatusInternalError, model.OutcomeFailed, "internal_error", "picket.outcome", "failed")
	f(model.StatusInternalError, model.OutcomeOK, "", "picket.outcome", "ok", "picket.outcome.reason", "x")
	f(model.StatusOK, model.OutcomeOK, "", "picket.outcome", "splendid")
	f(model.StatusOK, model.OutcomeOK, "", "picket.outcome", "running")
}

func TestReport(t *testing.T) {
	t.Parallel()
	f := func(kind model.Kind, payload string, want model.Execution) {
		t.Helper()
		e := model.Event{Kind: kind, Execution: "e1", Timestamp: noon.Add(time.Hour), Payload: []byte(payload)}
		if kind == model.KindTransaction {
			e.Started = noon
		}
		got := enrich([]model.Event{e}).Executions[0]
		want.ID = "e1"
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", payload, got, want)
		}
	}
	running := model.Execution{Start: noon.Add(time.Hour)}
	f(model.KindError, ``, running)
	f(model.KindError, `{"contexts":{"execution":{"id":"e1"}}}`, running)
	f(model.KindError, `{"contexts":{"execution":{"id":"e1","outcome":"running"}}}`, running)
	f(model.KindError, `{"contexts":{"execution":{"id":"other","outcome":"ok"}}}`, running)
	f(model.KindError, `{"contexts":{"execution":{"id":"e1","outcome":"ok"`, running)
	f(model.KindError, `{"contexts":{"execution":"e1","outcome":"ok"}}`, running)
	f(model.KindError, `{"extra":{"execution":{"outcome":"error"}}, "contexts":{ "execution" : {"note":"} \" {","id":"e1","outcome":"failed","reason":"turn limit","duration_ms":1500.5}}}`,
		model.Execution{Start: noon.Add(time.Hour - 1500500*time.Microsecond), Duration: 1500500 * time.Microsecond, Ended: true, Outcome: model.OutcomeFailed, Reason: "turn limit"})
	f(model.KindTransaction, `{"contexts":{"execution":{"id":"e1","outcome":"ok","reason":"none","cost_usd":0.25,
		"usage":{"input_tokens":100,"output_tokens":20,"cache_read_tokens":60,"cache_write_tokens":1,"reasoning_tokens":5}}}}`,
		model.Execution{Start: noon, Duration: time.Hour, Ended: true, Outcome: model.OutcomeOK,
			Usage: model.Usage{Input: 100, Output: 20, CacheRead: 60, CacheWrite: 1, Reasoning: 5},
			Cost:  model.Cost{Nanos: 250_000_000, Pricing: model.Reported}})
	f(model.KindError, `{"contexts":{"execution":{"id":"e1","outcome":"error","duration_ms":-5,"usage":{"input_tokens":-1,"output_tokens":"x"},"cost_usd":"0.1"}}}`,
		model.Execution{Start: noon.Add(time.Hour), Ended: true, Outcome: model.OutcomeError})
}

// TestReportBesideCalls holds that usage is not counted twice.
func TestReportBesideCalls(t *testing.T) {
	t.Parallel()
	e := model.Event{Kind: model.KindTransaction, Execution: "e1", Trace: trace, Span: model.SpanID{1}, Started: noon, Timestamp: noon.Add(time.Hour),
		Payload: []byte(`{"contexts":{"execution":{"id":"e1","outcome":"ok","usage":{"input_tokens":100},"cost_usd":1}}}`)}
	x := enrich([]model.Event{e}, at(0, 1, 0, "http.server"), at(1, 2, 1, "gen_ai.chat", "gen_ai.usage.input_tokens", "90")).Executions[0]
	if !x.Ended || x.Usage.Input != 90 || x.Cost != (model.Cost{}) {
		t.Errorf("%+v", x)
	}
	// An agent span knows best how the run ended.
	x = enrich([]model.Event{e}, at(0, 1, 0, "gen_ai.invoke_agent", "picket.outcome", "failed")).Executions[0]
	if x.Outcome != model.OutcomeFailed || x.Duration != 10*time.Second {
		t.Errorf("%+v", x)
	}
}

func FuzzReport(f *testing.F) {
	f.Add([]byte(`{"contexts":{"execution":{"id":"e1","outcome":"ok","duration_ms":5,"usage":{"input_tokens":1},"cost_usd":0.1}}}`))
	f.Add([]byte(`"execution":{"execution":{"execution":{"outcome`))
	f.Add([]byte(`"execution" : {"a":"\"}","outcome":"error","id":"e1","duration_ms":1e300}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		e := model.Event{Kind: model.KindError, Execution: "e1", Timestamp: noon, Payload: payload}
		x := enrich([]model.Event{e}).Executions[0]
		if x.Duration < 0 || x.Usage.Input < 0 || x.Cost.Nanos < 0 || x.Ended != (x.Outcome != model.OutcomeRunning) {
			t.Fatalf("%+v", x)
		}
	})
}

func TestExecutionsCost(t *testing.T) {
	t.Parallel()
	call := func(id, parent byte, c model.Cost) model.Span {
		s := at(int(id), id, parent, "gen_ai.chat", "gen_ai.usage.input_tokens", "10")
		s.Cost = c
		return s
	}
	b := &model.Batch{Spans: []model.Span{
		lasting(time.Minute, at(0, 1, 0, "gen_ai.invoke_agent", "gen_ai.agent.name", "Billing", "picket.execution.id", "e1")),
		call(2, 1, model.Cost{}), call(3, 2, model.Cost{}), call(4, 1, model.Cost{}),
	}}
	Read(b)
	b.Spans[1].Cost = model.Cost{Nanos: 1_000, Pricing: model.Priced} // a wrapper of 3: its price is not paid
	b.Spans[2].Cost = model.Cost{Nanos: 5, Pricing: model.Priced}
	b.Spans[3].Cost = model.Cost{Pricing: model.Unpriced}
	Assemble(b)
	x := b.Executions[0]
	if want := (model.Cost{Nanos: 5, Pricing: model.Unpriced}); x.Cost != want || x.UnpricedCalls != 1 || x.ModelCalls != 2 {
		t.Errorf("%d calls cost %+v, %d unpriced; want 2, %+v, 1", x.ModelCalls, x.Cost, x.UnpricedCalls, want)
	}
}

func TestRestore(t *testing.T) {
	t.Parallel()
	b := &model.Batch{Spans: []model.Span{
		lasting(time.Minute, at(0, 1, 0, "gen_ai.invoke_agent", "gen_ai.agent.name", "Billing")),
		at(1, 2, 1, "gen_ai.chat", "gen_ai.usage.input_tokens", "10"),
		at(2, 3, 2, "gen_ai.chat", "gen_ai.usage.input_tokens", "10"),
	}, Events: []model.Event{{Kind: model.KindError, Trace: trace, Span: model.SpanID{2}}}}
	Read(b)
	want := &model.Batch{Spans: slices.Clone(b.Spans), Events: slices.Clone(b.Events)}
	Assemble(b)
	if b.Spans[1].Kind != model.SpanOther || b.Events[0].Agent.Name != "Billing" {
		t.Fatalf("assembled to %+v", b)
	}
	Restore(b)
	if !reflect.DeepEqual(b, want) {
		t.Errorf("restored to %+v, want %+v", b, want)
	}
}
