package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

func executionsMerge(t *testing.T, f *fixture) {
	early := f.batch()
	early.Spans = []model.Span{span(9, 5, 1, model.SpanModel)}
	early.Executions = []model.Execution{{ID: "x9", Trace: model.TraceID{9}, Start: Clock.Add(time.Second), Agent: model.Agent{ID: "refunds"},
		Usage: model.Usage{Input: 10}, Cost: model.Cost{Nanos: 7, Pricing: model.Priced}, ModelCalls: 1}}
	f.write(t, early)
	equal(t, "executions before the end", f.total(t, totalQuery{rollup.Agent, rollup.Executions}), 0)
	late := f.batch()
	late.Spans = []model.Span{span(9, 1, 0, model.SpanAgent)}
	late.Executions = []model.Execution{{ID: "x9", Trace: model.TraceID{9}, Span: model.SpanID{1}, Start: Clock, Duration: time.Minute, Ended: true,
		Outcome: model.OutcomeFailed, Reason: "gave up", Agent: model.Agent{ID: "refunds"}, Conversation: "c9", Usage: model.Usage{Input: 5}, ModelCalls: 2}}
	f.write(t, late)
	page, err := f.Executions(context.Background(), store.ExecutionQuery{In: f.scope(), ID: "x9", Agent: "refunds"})
	must(t, err)
	if len(page.Executions) != 1 {
		t.Fatalf("%d executions, want 1", len(page.Executions))
	}
	x := page.Executions[0]
	equal(t, "input", x.Usage.Input, 15)
	equal(t, "model calls", x.ModelCalls, 3)
	equal(t, "outcome", x.Outcome, model.OutcomeFailed)
	equal(t, "reason", x.Reason, "gave up")
	equal(t, "duration", x.Duration, time.Minute)
	equal(t, "start", x.Start, Clock)
	equal(t, "conversation", x.Conversation, "c9")
	equal(t, "executions", f.total(t, totalQuery{rollup.Agent, rollup.Executions}), 1)
	equal(t, "failed", f.total(t, totalQuery{rollup.Agent, rollup.Failed}), 1)
	equal(t, "cost of failure, early batch included", f.total(t, totalQuery{rollup.Agent, rollup.FailedCostNanos}), 7)
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
