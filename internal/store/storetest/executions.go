package storetest

import (
	"context"
	"errors"
	"fmt"
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
	late.Spans, late.SpanBlobs = []model.Span{run}, early.SpanBlobs
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
	for _, s := range whole.Trace.Spans {
		equal(t, "whose span", s.Execution, "x9")
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
