package picket

import (
	"fmt"
	"io"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// attrOf returns the value of an attribute of a span in a container.
func attrOf(span object, key string) any { return at(span, "attributes", key, "value") }

// spanNamed returns the one span of that name.
func spanNamed(t *testing.T, spans []object, name string) (found object) {
	t.Helper()
	for _, s := range spans {
		if s["name"] == name {
			if found != nil {
				t.Errorf("there are several spans %q", name)
			}
			found = s
		}
	}
	if found == nil {
		t.Fatalf("there is no span %q", name)
	}
	return found
}

// wantAttrs compares attributes of a span; a nil stands for none.
func wantAttrs(t *testing.T, span object, want object) {
	t.Helper()
	for key, value := range want {
		if got := attrOf(span, key); !reflect.DeepEqual(got, value) {
			t.Errorf("%v: %s = %v, want %v", span["name"], key, got, value)
		}
	}
}

// wantBelow compares whose children spans are.
func wantBelow(t *testing.T, parent object, children ...object) {
	t.Helper()
	for _, s := range children {
		if s["parent_span_id"] != parent["span_id"] || s["trace_id"] != parent["trace_id"] {
			t.Errorf("%v is not below %v", s["name"], parent["name"])
		}
	}
}

func TestExecutionSteps(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	ctx = WithUser(WithOrganization(ctx, Organization{ID: "o1"}), User{ID: "u1"})
	ctx, run := StartExecution(ctx, Agent{ID: "a1", Name: "Billing", Framework: "own", Version: "3"},
		ExecutionID("ex-81"), Conversation("c-9"), slog.Int("attempt", 2))
	run.Input("refund order 81")
	mctx, call := StartModelCall(ctx, ModelCall{Provider: "openai", Model: "gpt-5", Messages: "refund?", Instructions: "be kind",
		MaxTokens: 100, Temperature: sentry.Pointer(0.5), Attrs: []Attr{slog.Float64("gen_ai.request.top_p", 0.9)}})
	call.End(ModelResult{Model: "gpt-5-2025", ResponseID: "r1", FinishReasons: []string{"stop"}, Output: "yes",
		Usage:      Usage{Input: 10, Output: 5, CacheRead: 4, CacheWrite: 3, Reasoning: 2},
		FirstChunk: 250 * time.Millisecond, CostUSD: 0.25}, nil)
	call.End(ModelResult{Usage: Usage{Input: 1000}}, io.EOF)
	_, tool := StartToolCall(ctx, ToolCall{Name: "lookup", ID: "t1", Description: "finds orders", Arguments: map[string]any{"order": 81}})
	tool.End(map[string]any{"state": "paid"}, nil)
	tool.End("again", io.EOF)
	RecordPolicy(ctx, Policy{Name: "limits", Verdict: Deny, Reason: "above 50 EUR", Duration: time.Millisecond})
	Handoff(ctx, Agent{ID: "human", Name: "Desk"})
	_, query := StartSpan(ctx, "db", "SELECT 1")
	query.End()
	run.Output("done")
	run.Set(slog.Int("attempt", 3))
	if id := run.End(nil); id != "" || run.End(io.EOF) != "" || run.ID() != "ex-81" || CurrentExecution(mctx) != run {
		t.Errorf("event %q of execution %q", id, run.ID())
	}
	flush(t, c)

	spans := m.spans(t)
	agent := spanNamed(t, spans, "invoke_agent Billing")
	model := spanNamed(t, spans, "chat gpt-5")
	look := spanNamed(t, spans, "execute_tool lookup")
	limits := spanNamed(t, spans, "policy limits")
	desk := spanNamed(t, spans, "handoff from Billing to Desk")
	wantBelow(t, agent, model, look, limits, desk, spanNamed(t, spans, "SELECT 1"))
	wantAttrs(t, agent, object{"sentry.op": "gen_ai.invoke_agent", "gen_ai.operation.name": "invoke_agent", "attempt": 3.,
		"gen_ai.input.messages":  `[{"parts":[{"content":"refund order 81","type":"text"}],"role":"user"}]`,
		"gen_ai.output.messages": `[{"parts":[{"content":"done","type":"text"}],"role":"assistant"}]`, wire.AttrOutcome: "ok", wire.AttrOutcomeReason: nil})
	wantAttrs(t, model, object{"sentry.op": "gen_ai.chat", "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai",
		"gen_ai.request.model": "gpt-5", "gen_ai.response.model": "gpt-5-2025", "gen_ai.response.id": "r1",
		"gen_ai.response.finish_reasons": `["stop"]`, "gen_ai.response.time_to_first_chunk": 0.25, "gen_ai.response.streaming": true,
		"gen_ai.request.max_tokens": 100., "gen_ai.request.temperature": 0.5, "gen_ai.request.top_p": 0.9,
		"gen_ai.system_instructions": "be kind", "gen_ai.usage.input_tokens": 10., "gen_ai.usage.output_tokens": 5.,
		"gen_ai.usage.total_tokens": 15., "gen_ai.usage.cache_read.input_tokens": 4., "gen_ai.usage.cache_creation.input_tokens": 3.,
		"gen_ai.usage.reasoning.output_tokens": 2., "gen_ai.cost.total_tokens": 0.25})
	wantAttrs(t, look, object{"sentry.op": "gen_ai.execute_tool", "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "lookup",
		"gen_ai.tool.call.id": "t1", "gen_ai.tool.description": "finds orders", "gen_ai.tool.call.arguments": `{"order":81}`,
		"gen_ai.tool.call.result": `{"state":"paid"}`})
	wantAttrs(t, limits, object{"sentry.op": wire.OpPolicy, wire.AttrPolicyName: "limits", wire.AttrPolicyVerdict: "deny", wire.AttrPolicyReason: "above 50 EUR"})
	wantAttrs(t, desk, object{"sentry.op": "gen_ai.handoff", "gen_ai.operation.name": "handoff"})
	for _, s := range spans {
		wantAttrs(t, s, object{"gen_ai.agent.name": "Billing", "gen_ai.agent.id": "a1", "gen_ai.agent.version": "3", "agent.framework": "own",
			"gen_ai.conversation.id": "c-9", wire.AttrExecutionID: "ex-81", wire.AttrOrganizationID: "o1", "user.id": "u1",
			"sentry.segment.id": agent["span_id"], "sentry.segment.name": "invoke_agent Billing"})
		if s["status"] != "ok" || s["is_segment"] != (s["span_id"] == agent["span_id"]) {
			t.Errorf("%v: status %v, segment %v", s["name"], s["status"], s["is_segment"])
		}
	}
	if len(spans) != 6 || len(m.items(t, "event"))+len(m.items(t, "transaction")) != 0 {
		t.Errorf("%d spans, and %d other envelopes", len(spans), len(m.envelopes))
	}
	if u := run.Usage(); u != (Usage{10, 5, 4, 3, 2}) || run.CostUSD() != 0.25 {
		t.Errorf("usage %+v, cost %v", u, run.CostUSD())
	}
}

// Spans of other operations have the names that the conventions give them.
func TestModelOperations(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	ctx, run := StartExecution(ctx, Agent{Name: "Billing"})
	f := func(call ModelCall, name string, want object) {
		t.Helper()
		_, s := StartModelCall(ctx, call)
		s.End(ModelResult{}, nil)
		flush(t, c)
		wantAttrs(t, spanNamed(t, m.spans(t), name), want)
	}
	f(ModelCall{Operation: "embeddings", Model: "e-3", Messages: []string{"a", "b"}}, "embeddings e-3", object{"sentry.op": "gen_ai.embeddings",
		"gen_ai.operation.name": "embeddings", "gen_ai.embeddings.input": `["a","b"]`, "gen_ai.input.messages": nil})
	f(ModelCall{Operation: "generate_content", Model: "g", Messages: `[{"role":"user","content":"hi"}]`}, "generate_content g",
		object{"sentry.op": "gen_ai.generate_content", "gen_ai.input.messages": `[{"role":"user","content":"hi"}]`})
	f(ModelCall{Model: "m", Messages: "[not JSON]"}, "chat m",
		object{"gen_ai.input.messages": `[{"parts":[{"content":"[not JSON]","type":"text"}],"role":"user"}]`})
	f(ModelCall{}, "chat", object{"gen_ai.provider.name": nil, "gen_ai.request.model": nil, "gen_ai.response.model": nil, "gen_ai.usage.total_tokens": nil})
	f(ModelCall{Operation: "rerank", Model: "r", Messages: map[string]any{"rate": math.NaN(), "top": 3}}, "rerank r",
		object{"gen_ai.input.messages": `{"rate":null,"top":3}`})
	run.End(nil)
}

// A step may be told what cannot be told: it loses that, and the host loses nothing.
func TestStepsTakeAnyValue(t *testing.T) {
	t.Parallel()
	type ring struct{ Next *ring }
	loop := &ring{}
	loop.Next = loop
	self := map[string]any{}
	self["self"] = self
	ctx, c, m := testClient(t, Options{})
	ctx, run := StartExecution(ctx, Agent{Name: "Billing"})
	for i, v := range []any{loop, self, make(chan int), func() {}, captureMute{}, encodePanics{}, math.Inf(1), []byte{0xff}, nil} {
		name := fmt.Sprint("t", i)
		_, tool := StartToolCall(ctx, ToolCall{Name: name, Arguments: v, Attrs: []Attr{slog.Any("arg", v)}})
		tool.End(v, nil)
		run.Input(v)
		CaptureAgentError(ctx, "a", io.EOF, &ExecutionSummary{CostUSD: math.NaN(), Tools: []ToolCall{{Name: name, Arguments: v, Result: v}}})
		flush(t, c)
		spanNamed(t, m.spans(t), "execute_tool "+name)
		if n := len(m.items(t, "event")); n != i+1 {
			t.Errorf("%T: %d events, want %d", v, n, i+1)
		}
	}
	run.End(nil)
}

func TestSubAgents(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	octx, outer := StartExecution(ctx, Agent{ID: "a1", Name: "Billing"}, Conversation("c1"))
	_, tool := StartToolCall(octx, ToolCall{Name: "ask search"})
	ictx, inner := StartExecution(octx, Agent{ID: "a2", Name: "Search"})
	_, call := StartModelCall(ictx, ModelCall{Model: "m"})
	call.End(ModelResult{Usage: Usage{Input: 7, Output: 3}, CostUSD: 0.5}, nil)
	fctx, foreign := StartExecution(ictx, Agent{Name: "Mail"}, ExecutionID("other"))
	CaptureMessage(fctx, LevelInfo, "sent")
	foreign.End(nil)
	inner.End(nil)
	tool.End(nil, nil)
	outer.End(nil)
	flush(t, c)
	spans := m.spans(t)
	billing, search := spanNamed(t, spans, "invoke_agent Billing"), spanNamed(t, spans, "invoke_agent Search")
	chat, mail := spanNamed(t, spans, "chat m"), spanNamed(t, spans, "invoke_agent Mail")
	wantBelow(t, billing, search, spanNamed(t, spans, "execute_tool ask search"))
	wantBelow(t, search, chat, mail)
	wantAttrs(t, billing, object{"gen_ai.agent.name": "Billing", wire.AttrExecutionID: outer.ID()})
	wantAttrs(t, search, object{"gen_ai.agent.name": "Search", wire.AttrExecutionID: outer.ID(), "gen_ai.conversation.id": "c1", wire.AttrOutcome: "ok"})
	wantAttrs(t, chat, object{"gen_ai.agent.name": "Search", "gen_ai.agent.id": "a2", wire.AttrExecutionID: outer.ID()})
	wantAttrs(t, mail, object{"gen_ai.agent.name": "Mail", "gen_ai.agent.id": "Mail", wire.AttrExecutionID: "other"})
	for _, x := range []*Execution{inner, outer} {
		if x.Usage().Total() != 10 || x.CostUSD() != 0.5 {
			t.Errorf("%+v for %v dollars", x.Usage(), x.CostUSD())
		}
	}
	if u := foreign.Usage(); u != (Usage{}) || !strings.HasPrefix(outer.ID(), "ex_") || inner.ID() != outer.ID() {
		t.Errorf("usage %+v of %s in %s", u, inner.ID(), outer.ID())
	}
	ev := m.items(t, "event")[0]
	if at(ev, "tags", "execution.id") != "other" || at(ev, "contexts", "trace", "span_id") != mail["span_id"] || at(ev, "transaction") != "invoke_agent Billing" {
		t.Errorf("event of %v, trace %v, in %v", at(ev, "tags"), at(ev, "contexts", "trace"), ev["transaction"])
	}
}

// An agent without a name is the one that the context knows.
func TestExecutionOfTheContextsAgent(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	_, run := StartExecution(WithAgent(ctx, Agent{ID: "a1", Name: "Billing"}), Agent{})
	run.End(nil)
	_, run = StartExecution(ctx, Agent{})
	run.End(nil)
	flush(t, c)
	wantAttrs(t, spanNamed(t, m.spans(t), "invoke_agent Billing"), object{"gen_ai.agent.id": "a1"})
	wantAttrs(t, spanNamed(t, m.spans(t), "invoke_agent"), object{"gen_ai.agent.id": nil})
}

// Thousands of steps at once: each is below who called it.
func TestParallelStepsAttachToTheirParents(t *testing.T) {
	t.Parallel()
	const agents, tools = 20, 50
	ctx, c, m := testClient(t, Options{})
	ctx, outer := StartExecution(ctx, Agent{Name: "outer"})
	var all sync.WaitGroup
	for a := range agents {
		all.Go(func() {
			ctx, inner := StartExecution(ctx, Agent{Name: fmt.Sprint("agent", a)})
			defer inner.End(nil)
			var calls sync.WaitGroup
			for i := range tools {
				calls.Go(func() {
					ctx, tool := StartToolCall(ctx, ToolCall{Name: fmt.Sprintf("%d.%d", a, i)})
					_, query := StartSpan(ctx, "db", fmt.Sprintf("query %d.%d", a, i))
					query.End()
					tool.End(nil, nil)
					_, call := StartModelCall(ctx, ModelCall{Model: "m"})
					call.End(ModelResult{Usage: Usage{Input: 2, Output: 1}}, nil)
				})
			}
			calls.Wait()
		})
	}
	all.Wait()
	outer.End(nil)
	flush(t, c)
	byName, byID := map[any]object{}, map[any]object{}
	spans := m.spans(t)
	for _, s := range spans {
		byName[s["name"]], byID[s["span_id"]] = s, s
	}
	if want := 1 + agents*(1+3*tools); len(byID) != want {
		t.Errorf("%d spans, want %d", len(byID), want)
	}
	for a := range agents {
		agent := byName[fmt.Sprint("invoke_agent agent", a)]
		wantBelow(t, byName["invoke_agent outer"], agent)
		for i := range tools {
			tool := byName[fmt.Sprintf("execute_tool %d.%d", a, i)]
			wantBelow(t, agent, tool)
			wantBelow(t, tool, byName[fmt.Sprintf("query %d.%d", a, i)])
			wantAttrs(t, tool, object{"gen_ai.agent.name": fmt.Sprint("agent", a)})
		}
	}
	if u := outer.Usage(); u.Total() != 3*agents*tools {
		t.Errorf("usage %+v", u)
	}
	for _, k := range m.envelopes {
		if len(k.Items) != 1 || k.Header.Trace.TraceID != byName["invoke_agent outer"]["trace_id"] {
			t.Errorf("an envelope of %d items with trace %+v", len(k.Items), k.Header.Trace)
		}
	}
}
