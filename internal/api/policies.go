package api

import (
	"context"
	"fmt"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

type policiesQuery struct {
	AgentFilter
	Paging
}

type policyList struct {
	Window   window        `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Policies []policyStats `json:"policies" doc:"Most evaluations first"`
	Next     *string       `json:"next" doc:"The cursor of the next page; null at the end"`
}

// policyStats is what a policy said, and how executions went that violated it.
type policyStats struct {
	Name string `json:"name"`
	PolicySides
	Comparison comparison `json:"comparison"`
}

// PolicySides is what a policy said, and how executions with and without a violation went.
type PolicySides struct {
	Evaluations     int64    `json:"evaluations"`
	Violations      int64    `json:"violations" doc:"Verdicts deny and flag"`
	Denied          int64    `json:"denied" doc:"Of the violations, the denials"`
	ViolationRate   *float64 `json:"violationRate" doc:"Violations as a share of evaluations"`
	ViolationRateOf share    `json:"violationRateOf" doc:"What violationRate stands on"`
	With            side     `json:"with" doc:"Executions with a violation of the policy"`
	Without         side     `json:"without" doc:"The other executions of the agents, and in the releases, that the policy judged in the window"`
	FailedCostUSD   *usd     `json:"failedCostUsd" doc:"What the executions cost that violated the policy and errored or failed; null when nothing of it is known"`
	FailedCostNanos int64    `json:"failedCostNanos"`
}

// side is some executions and how many of them went wrong.
type side struct {
	Executions    int64    `json:"executions"`
	Failures      int64    `json:"failures" doc:"Of those, the ones that errored or failed"`
	FailureRate   *float64 `json:"failureRate" doc:"Failures as a share of executions; null when there were none"`
	FailureRateOf share    `json:"failureRateOf" doc:"What failureRate stands on, with its 95 % interval"`
}

func sideOf(failures, executions int64) side {
	s := side{Executions: executions, Failures: failures}
	s.FailureRate, s.FailureRateOf = rate(failures, executions)
	return s
}

type policyName struct {
	Name string `path:"name" doc:"The policy's name, percent-encoded"`
	AgentFilter
}

// policyDetail is one policy, whole.
type policyDetail struct {
	Window window `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Name   string `json:"name"`
	PolicySides
	Comparison comparison    `json:"comparison"`
	ByAgent    []policySlice `json:"byAgent" doc:"Each agent that it judged, the one with most executions first; q is adjusted for all of them"`
	ByRelease  []policySlice `json:"byRelease" doc:"Each release in which it judged an agent, the one with most executions first; agents are compared with themselves. q is adjusted for all of them"`
}

// policySlice is a policy within one agent or release.
type policySlice struct {
	Key string `json:"key" doc:"The agent or the release; empty for what belongs to none"`
	PolicySides
	Comparison comparison `json:"comparison"`
}

func (a *rest) policies(ctx context.Context, c access.Caller, in *policiesQuery) (*policyList, error) {
	all, q, err := a.judged(ctx, c, in.AgentFilter)
	if err != nil {
		return nil, err
	}
	weight := func(s *sum) int64 { return all[s.name].evaluations }
	page, next, err := pageOf(ranked(namesOf(all), weight), weight, in.Paging)
	if err != nil {
		return nil, err
	}
	verdicts := compare(all)
	rows := each(page, func(s *sum) policyStats {
		return policyStats{s.name, all[s.name].sides(), verdicts[s.name]}
	})
	return &policyList{a.covered(q), rows, next}, nil
}

func (a *rest) policy(ctx context.Context, c access.Caller, in *policyName) (*policyDetail, error) {
	all, q, err := a.judged(ctx, c, in.AgentFilter)
	if err != nil {
		return nil, err
	}
	p := all[in.Name]
	if p == nil {
		if err := a.policySeen(ctx, q.In, in.Name); err != nil {
			return nil, err
		}
		p = &judging{}
	}
	// Of all policies, so that a verdict does not depend on who asks for how many.
	verdict, ok := compare(all)[in.Name]
	if !ok {
		verdict = p.compare()
	}
	return &policyDetail{
		Window: a.covered(q), Name: in.Name, PolicySides: p.sides(), Comparison: verdict,
		ByAgent:   slicesOf(p.by(func(at cell) string { return at.agent })),
		ByRelease: slicesOf(p.by(func(at cell) string { return at.release })),
	}, nil
}

// policySeen returns ErrNotFound when no such policy was ever evaluated, as far back
// as rollups go.
func (a *rest) policySeen(ctx context.Context, in store.Scope, name string) error {
	now := a.now()
	t, err := a.times(ctx, store.RollupQuery{
		In: in, Kind: rollup.Policy, Sub: store.Only(name), From: now.Add(-store.DayHistory), To: now.Add(rollup.Day.Width()),
	})
	if err == nil && t.last.IsZero() {
		err = fmt.Errorf("%w: no policy %.200q was evaluated; /api/v1/policies lists those that were", model.ErrNotFound, name)
	}
	return err
}

// judged reads what every policy said, and how the executions of the agents that it
// judged went.
func (a *rest) judged(ctx context.Context, c access.Caller, f AgentFilter) (map[string]*judging, store.RollupQuery, error) {
	q, err := a.ask(ctx, c, f.Filter)
	if err != nil {
		return nil, q, err
	}
	verdicts, err := a.cells(ctx, narrow(q, rollup.Policy, f.AgentID))
	if err != nil {
		return nil, q, err
	}
	whole, err := a.cells(ctx, narrow(q, rollup.Agent, f.AgentID))
	if err != nil {
		return nil, q, err
	}
	if len(whole) == 0 && f.AgentID != "" {
		if _, err := a.seen(ctx, q.In, f.AgentID); err != nil {
			return nil, q, err
		}
	}
	out := map[string]*judging{}
	for at, row := range verdicts {
		if out[at.sub] == nil {
			out[at.sub] = &judging{}
		}
		out[at.sub].violated(at, row)
	}
	for _, j := range out {
		j.others(whole)
	}
	q.Kind = rollup.Policy
	return out, q, nil
}

// slicesOf lists the parts of a policy with their verdicts.
func slicesOf(parts map[string]*judging) []policySlice {
	weight := func(s *sum) int64 { return parts[s.name].executions() }
	verdicts := compare(parts)
	list := ranked(namesOf(parts), weight)
	return each(list[:min(len(list), topOthers)], func(s *sum) policySlice {
		return policySlice{s.name, parts[s.name].sides(), verdicts[s.name]}
	})
}

// namesOf returns sums without counters, for ranked to put the names in order.
func namesOf(all map[string]*judging) map[string]*sum {
	out := map[string]*sum{}
	for name := range all {
		out[name] = &sum{name: name}
	}
	return out
}
