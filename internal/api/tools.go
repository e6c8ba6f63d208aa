package api

import (
	"context"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// AgentFilter narrows a question about all agents to one.
type AgentFilter struct {
	AgentID string `query:"agentId" doc:"Only this agent; all of them when left out"`
	Filter
}

type toolsQuery struct {
	AgentFilter
	Paging
}

type toolList struct {
	Window window      `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Tools  []toolStats `json:"tools" doc:"Most calls first"`
	Next   *string     `json:"next" doc:"The cursor of the next page; null at the end"`
}

// toolStats is how the calls of one tool went.
type toolStats struct {
	Name        string   `json:"name"`
	Calls       int64    `json:"calls"`
	Errors      int64    `json:"errors" doc:"Of the calls, those that failed"`
	ErrorRate   *float64 `json:"errorRate" doc:"Errors as a share of calls"`
	ErrorRateOf share    `json:"errorRateOf" doc:"What errorRate stands on"`
	P50MS       *float64 `json:"p50Ms" doc:"Half of the calls were no slower, in milliseconds"`
	P95MS       *float64 `json:"p95Ms" doc:"19 of 20 calls were no slower, in milliseconds"`
	Blame
}

func toolStatsOf(s *sum) toolStats {
	t := toolStats{Name: s.name, Calls: s.Get(rollup.Calls), Errors: s.Get(rollup.CallErrors),
		P50MS: quantile(s.Counters, 0.50), P95MS: quantile(s.Counters, 0.95), Blame: blameOf(s.Counters)}
	t.ErrorRate, t.ErrorRateOf = rate(t.Errors, t.Calls)
	return t
}

func (a *rest) tools(ctx context.Context, c access.Caller, in *toolsQuery) (*toolList, error) {
	rows, q, err := a.narrowed(ctx, c, in.AgentFilter, rollup.Tool)
	if err != nil {
		return nil, err
	}
	page, next, err := pageOf(ranked(rows, byCalls), byCalls, in.Paging)
	return &toolList{a.covered(q), each(page, toolStatsOf), next}, err
}

// narrowed adds up the rows of a kind by their Sub, of all agents or one. An agent
// that has never reported is ErrNotFound.
func (a *rest) narrowed(ctx context.Context, c access.Caller, f AgentFilter, k rollup.Kind) (map[string]*sum, store.RollupQuery, error) {
	q, err := a.ask(ctx, c, f.Filter)
	if err != nil {
		return nil, q, err
	}
	q = narrow(q, k, f.AgentID)
	rows, err := a.sums(ctx, q, bySub)
	if err == nil && len(rows) == 0 && f.AgentID != "" {
		_, err = a.seen(ctx, q.In, f.AgentID)
	}
	return rows, q, err
}
