package sentryapi

import (
	"cmp"
	"fmt"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// traceMeta counts what is in a trace.
type traceMeta struct {
	Logs         int            `json:"logs"`
	Errors       int            `json:"errors"`
	Performance  int            `json:"performance_issues"`
	Spans        int            `json:"span_count"`
	Transactions []childCount   `json:"transaction_child_count_map"`
	SpansByOp    map[string]int `json:"span_count_map"`
}

type childCount struct {
	EventID string `json:"transaction.event_id"`
	Count   int    `json:"count()"`
}

func (a *rest) traceMeta(c *call) (any, error) {
	t, err := a.readTrace(c)
	if err != nil {
		return nil, err
	}
	out := traceMeta{Spans: len(t.Spans), Transactions: []childCount{}, SpansByOp: map[string]int{}}
	for i := range t.Spans {
		out.SpansByOp[cmp.Or(t.Spans[i].Op, "default")]++
	}
	for _, e := range t.Events {
		if e.Kind == model.KindTransaction {
			out.Transactions = append(out.Transactions, childCount{e.ID.String(), childrenOf(t, e.Span)})
		} else {
			out.Errors++
		}
	}
	logs, err := a.store.Logs(c.ctx(), store.LogQuery{In: c.in(), Trace: t.ID, Page: store.Page{Limit: largestPage}})
	if err != nil {
		return nil, fmt.Errorf("count logs of trace %s: %w", t.ID, err)
	}
	out.Logs = len(logs.Logs)
	return out, nil
}

func childrenOf(t *store.Trace, parent model.SpanID) int {
	n := 0
	for i := range t.Spans {
		if t.Spans[i].Parent == parent {
			n++
		}
	}
	return n
}
