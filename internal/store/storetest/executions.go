package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

func executionsMerge(t *testing.T, f *fixture) {
	early := f.batch()
	call := span(9, 5, 1, model.SpanModel)
	call.Agent, call.Execution, call.Conversation, call.Organization, call.Blob = model.Agent{}, "", "", "", 0
	call.Usage, call.Cost = model.Usage{Input: 10}, model.Cost{Nanos: 7, Pricing: model.Priced}
	early.Spans, early.SpanBlobs = []model.Span{call}, []model.SpanBlob{{Payload: []byte("{}")}}
	f.write(t, assembled(early))
	equal(t, "calls of nobody", f.total(t, totalQuery{rollup.Agent, rollup.ModelCalls}), 1)
	equal(t, "executions before the end", f.total(t, totalQuery{rollup.Agent, rollup.Executions}), 0)
	late := f.batch()
	run := span(9, 1, 0, model.SpanAgent)
	run.Execution, run.Conversation, run.Duration, run.Blob = "x9", "c9", time.Minute, 0
	run.Signs = model.Signs{Outcome: model.OutcomeFailed, Reason: "gave up"}
	late.Spans, late.SpanBlobs = []model.Span{run}, []model.SpanBlob{{Payload: []byte(`{"late":1}`)}}
	f.write(t, assembled(late))
	page, err := f.Executions(context.Background(), store.ExecutionQuery{In: f.scope(), ID: "x9", Agent: "refunds"})
	must(t, err)
	if len(page.Executions) != 1 {
		t.Fatalf("%d executions, want 1", len(page.Executions))
	}
	x := page.Executions[0]
	equal(t, "input", x.Usage.Input, 10)
	equal(t, "model calls", x.ModelCalls, 1)
	equal(t, "outcome", x.Outcome, model.OutcomeFailed)
	equal(t, "reason", x.Reason, "gave up")
	equal(t, "duration", x.Duration, time.Minute)
	equal(t, "start", x.Start, run.Start)
	equal(t, "conversation", x.Conversation, "c9")
	of := store.Only("refunds")
	equal(t, "executions", f.totalOf(t, totalQuery{rollup.Agent, rollup.Executions}, of), 1)
	equal(t, "failed", f.totalOf(t, totalQuery{rollup.Agent, rollup.Failed}, of), 1)
	equal(t, "calls", f.totalOf(t, totalQuery{rollup.Agent, rollup.ModelCalls}, of), 1)
	equal(t, "calls of nobody, taken back", f.totalOf(t, totalQuery{rollup.Agent, rollup.ModelCalls}, store.Only("")), 0)
	equal(t, "cost of failure, early batch included", f.totalOf(t, totalQuery{rollup.Agent, rollup.FailedCostNanos}, of), 7)
	whole, err := f.Execution(context.Background(), f.scope(), "x9")
	must(t, err)
	equal(t, "spans of the execution", len(whole.Trace.Spans), 2)
	equal(t, "payloads read unasked", len(whole.Trace.Payloads), 0)
	var indexes []int
	for _, s := range whole.Trace.Spans {
		equal(t, "whose span", s.Execution, "x9")
		indexes = append(indexes, s.Payload)
	}
	slices.Reverse(indexes)
	read, err := whole.Load(context.Background(), indexes)
	must(t, err)
	equal(t, "payloads, the last first", fmt.Sprintf("%s", read), `[{} {"late":1}]`)
	if _, err := whole.Load(context.Background(), []int{2}); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("a payload that there is not: %v, want invalid", err)
	}
	if _, err := f.Execution(context.Background(), f.scope(), "x10"); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("unknown execution: %v, want not found", err)
	}
}

// assembled returns the batch as the pipeline hands it over.
func assembled(b *model.Batch) *model.Batch {
	agent.Assemble(b)
	return b
}

func executionsPage(t *testing.T, f *fixture) {
	ctx := context.Background()
	second, err := f.CreateProject(ctx, f.scope(), "second", "", "")
	must(t, err)
	const each = 15
	for _, p := range []model.ProjectID{f.project.ID, second.ID} {
		b := f.batch()
		b.Project, b.Spans = p, []model.Span{span(3, 1, 0, model.SpanAgent)}
		for n := range each { // six begin at a time
			b.Executions = append(b.Executions, model.Execution{ID: fmt.Sprintf("x%02d", n), Start: Clock.Add(-time.Duration(n/3) * time.Minute), Agent: model.Agent{ID: "refunds"}})
		}
		f.write(t, b)
	}
	for _, want := range []int{1, 4, 6, 100} {
		q := store.ExecutionQuery{In: f.scope(), Agent: "refunds", Page: store.Page{Limit: want}}
		seen := map[string]bool{}
		last := Clock
		for more := true; more; more = q.Page.Cursor != "" {
			page, err := f.Executions(ctx, q)
			must(t, err)
			for _, x := range page.Executions {
				key := fmt.Sprint(x.Project, x.ID)
				if seen[key] || x.Start.After(last) {
					t.Errorf("pages of %d: %s comes twice or late", want, key)
				}
				seen[key], last = true, x.Start
			}
			q.Page.Cursor = page.Next
		}
		equal(t, fmt.Sprintf("executions in pages of %d", want), len(seen), 2*each)
	}
	bad := store.ExecutionQuery{In: f.scope(), Page: store.Page{Cursor: "1.-1"}}
	if _, err := f.Executions(ctx, bad); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("bad cursor: %v, want invalid", err)
	}
}

// runs stores five executions that differ in everything one can select by.
func runs(t *testing.T, f *fixture) {
	t.Helper()
	e := f.event("A", Clock)
	f.write(t, f.batch(e))
	issue := f.issues(t, store.IssueQuery{})[0].ID
	for n := range 5 {
		b := f.batch()
		trace := byte(40 + n)
		b.Spans = []model.Span{span(trace, 1, 0, model.SpanAgent)}
		x := model.Execution{ID: fmt.Sprint("x", n), Trace: model.TraceID{trace}, Traces: []model.TraceID{{trace}}, Start: Clock.Add(time.Duration(n) * time.Minute),
			Duration: time.Duration(5-n) * time.Second, Ended: true, Outcome: model.OutcomeOK, Agent: model.Agent{ID: fmt.Sprint("agent", n%2)},
			Conversation: fmt.Sprint("c", n/2), Organization: "acme", Cost: model.Cost{Nanos: int64(n % 3), Pricing: model.Priced}, ModelCalls: 1}
		if n == 3 {
			x.Outcome, x.Reason, x.Rule, x.Fault, x.UserKey, x.Release, x.Environment = model.OutcomeFailed, "cut", "cut_off", "context_length", "id:u", "r@2", "prod"
			x.Models, x.Tools, x.Policies, x.Failing, x.Parent = []string{"a/b", "openai/gpt-5"}, []string{"look up", "pay"}, []string{"budget"}, []string{"pay"}, "x0"
			x.Loop = model.Loop{Kind: model.LoopRepeat, Count: 4, Start: Clock, Cost: model.Cost{Nanos: 9}}
			x.Organization = "globex"
			failing := f.event("A", Clock)
			failing.Execution, failing.Trace, failing.Span = x.ID, x.Trace, model.SpanID{1}
			b.Events = []model.Event{failing}
			x.Issues = []model.IssueID{issue}
		}
		b.Executions = []model.Execution{x}
		f.write(t, b)
	}
}

func executionsSelected(t *testing.T, f *fixture) {
	runs(t, f)
	find := func(want string, q store.ExecutionQuery) {
		t.Helper()
		q.In = f.scope()
		page, err := f.Executions(context.Background(), q)
		must(t, err)
		got := ""
		for _, x := range page.Executions {
			got += x.ID[1:]
		}
		if got != want {
			t.Errorf("%+v finds %q, want %q", q, got, want)
		}
	}
	issue := f.issues(t, store.IssueQuery{})[0].ID
	find("43210", store.ExecutionQuery{})
	find("31", store.ExecutionQuery{Agent: "agent1"})
	find("4210", store.ExecutionQuery{Outcomes: []model.Outcome{model.OutcomeOK, model.OutcomeError}})
	for _, q := range []store.ExecutionQuery{{Rule: "cut_off"}, {Fault: "context_length"}, {UserKey: "id:u"}, {Organization: "globex"}, {Release: "r@2"}, {Environment: "prod"},
		{Model: "openai/gpt-5"}, {Model: "a/b"}, {Tool: "pay"}, {Tool: "look up"}, {Policy: "budget"}, {Issue: issue}, {Looped: true}, {Outcomes: []model.Outcome{model.OutcomeFailed}}} {
		find("3", q)
	}
	for _, q := range []store.ExecutionQuery{{Rule: "cut"}, {Model: "gpt-5"}, {Tool: "look"}, {Issue: issue + 1}, {Agent: "agent"}, {Policy: "budge"}} {
		find("", q)
	}
	find("32", store.ExecutionQuery{Conversation: "c1"})
	find("42", store.ExecutionQuery{MinCostNanos: 1, Agent: "agent0"})
	find("321", store.ExecutionQuery{From: Clock.Add(time.Minute), To: Clock.Add(4 * time.Minute)})
	find("01234", store.ExecutionQuery{Sort: store.ByDuration})
	find("21403", store.ExecutionQuery{Sort: store.ByCost, Page: store.Page{Limit: 5}})
	for _, sort := range []store.ExecutionSort{store.ByStart, store.ByCost, store.ByDuration} {
		q := store.ExecutionQuery{In: f.scope(), Sort: sort, Page: store.Page{Limit: 2}}
		seen := map[string]bool{}
		for more := true; more; more = q.Page.Cursor != "" {
			page, err := f.Executions(context.Background(), q)
			must(t, err)
			for _, x := range page.Executions {
				if seen[x.ID] {
					t.Errorf("by %s %s comes twice", sort, x.ID)
				}
				seen[x.ID] = true
			}
			q.Page.Cursor = page.Next
		}
		equal(t, fmt.Sprintf("executions by %s", sort), len(seen), 5)
	}
	if _, err := f.Executions(context.Background(), store.ExecutionQuery{In: f.scope(), Sort: "colour"}); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("an unknown sort: %v, want invalid", err)
	}
	page, err := f.Executions(context.Background(), store.ExecutionQuery{In: f.scope(), ID: "x3"})
	must(t, err)
	x := page.Executions[0]
	want := fmt.Sprint([]string{"a/b", "openai/gpt-5"}, []string{"look up", "pay"}, []string{"budget"}, []string{"pay"}, []model.IssueID{issue}, "x0", 4, Clock)
	equal(t, "what comes back", fmt.Sprint(x.Models, x.Tools, x.Policies, x.Failing, x.Issues, x.Parent, x.Loop.Count, x.Loop.Start), want)
}

func conversationsListed(t *testing.T, f *fixture) {
	runs(t, f)
	ctx := context.Background()
	page, err := f.Conversations(ctx, store.ConversationQuery{In: f.scope(), Page: store.Page{Limit: 2}})
	must(t, err)
	if len(page.Conversations) != 2 || page.Next == "" {
		t.Fatalf("%d conversations, next %q; want two of three", len(page.Conversations), page.Next)
	}
	equal(t, "the latest", page.Conversations[0].ID, "c2")
	c := page.Conversations[1]
	equal(t, "the next", fmt.Sprint(c.ID, c.Agents, c.UserKey, c.Executions, c.Errored, c.Failed, c.CostNanos), "c1[agent0 agent1]id:u2 0 1 2")
	equal(t, "its times", fmt.Sprint(c.Start, c.End), fmt.Sprint(Clock.Add(2*time.Minute), Clock.Add(3*time.Minute+2*time.Second)))
	rest, err := f.Conversations(ctx, store.ConversationQuery{In: f.scope(), Page: store.Page{Cursor: page.Next}})
	must(t, err)
	equal(t, "the rest", len(rest.Conversations), 1)
	for want, q := range map[int]store.ConversationQuery{0: {UserKey: "id:v"}, 1: {UserKey: "id:u"}, 2: {Agent: "agent1"}, 3: {}} {
		q.In = f.scope()
		page, err := f.Conversations(ctx, q)
		must(t, err)
		equal(t, fmt.Sprintf("conversations of %+v", q), len(page.Conversations), want)
	}
}
