package api

import (
	"context"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/rollup"
)

type agentsQuery struct {
	Filter
	Paging
}

type agentList struct {
	Window window       `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Agents []agentCount `json:"agents" doc:"Those seen in the window, the busiest first"`
	Next   *string      `json:"next" doc:"The cursor of the next page; null at the end"`
}

// agentCount is an agent and how much it did.
type agentCount struct {
	ID            string      `json:"id"`
	Executions    int64       `json:"executions"`
	Errored       int64       `json:"errored"`
	Failed        int64       `json:"failed"`
	Errors        int64       `json:"errors"`
	ErrorRate     *float64    `json:"errorRate" doc:"Executions that errored or failed, as a share of all; null when there were none"`
	ModelCalls    int64       `json:"modelCalls"`
	Tokens        tokens      `json:"tokens"`
	CostUSD       *usd        `json:"costUsd"`
	CostNanos     int64       `json:"costNanos"`
	UnpricedCalls int64       `json:"unpricedCalls"`
	Violations    int64       `json:"violations"`
	DurationMS    percentiles `json:"durationMs"`
	SeenAt        time.Time   `json:"seenAt" doc:"Start of the minute, hour or day in which it last reported"`
}

func (a *rest) agents(ctx context.Context, c access.Caller, in *agentsQuery) (*agentList, error) {
	q, err := a.ask(ctx, c, in.Filter)
	if err != nil {
		return nil, err
	}
	q.Kind = rollup.Agent
	found, err := a.sums(ctx, q, byName)
	if err != nil {
		return nil, err
	}
	delete(found, "") // what belongs to no agent
	rows, next, err := pageOf(ranked(found, activity), activity, in.Paging)
	if err != nil {
		return nil, err
	}
	return &agentList{a.covered(q), each(rows, agentCountOf), next}, nil
}

func agentCountOf(s *sum) agentCount {
	nanos, unpriced := s.Get(rollup.CostNanos), s.Get(rollup.Unpriced)
	out := agentCount{
		ID:         s.name,
		Executions: s.Get(rollup.Executions), Errored: s.Get(rollup.Errored), Failed: s.Get(rollup.Failed),
		Errors: s.Get(rollup.Errors), ModelCalls: s.Get(rollup.ModelCalls), Tokens: tokensOf(s.Usage()),
		CostUSD: dollars(nanos, unpriced), CostNanos: nanos, UnpricedCalls: unpriced,
		Violations: s.Get(rollup.Violations), DurationMS: percentilesOf(s.Counters),
		SeenAt: time.Unix(s.last, 0).UTC(),
	}
	out.ErrorRate, _ = rate(out.Errored+out.Failed, out.Executions)
	return out
}
