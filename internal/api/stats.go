package api

import (
	"context"
	"fmt"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

type statsQuery struct {
	AgentID string `path:"agentId" doc:"The agent's id, percent-encoded: any character may be in it"`
	Filter
}

// agentStats is what one agent did in a window.
type agentStats struct {
	AgentID          string        `json:"agentId"`
	Window           window        `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Executions       int64         `json:"executions" doc:"Runs of the agent that ended"`
	Errored          int64         `json:"errored" doc:"Of those, the ones that ended with an error"`
	Failed           int64         `json:"failed" doc:"Of those, the ones that ended without an error and yet did not do the task"`
	Errors           int64         `json:"errors" doc:"Captured events of level error or fatal"`
	ErrorRate        *float64      `json:"errorRate" doc:"Executions that errored or failed, as a share of all; null when there were none"`
	ErrorRateOf      share         `json:"errorRateOf" doc:"What errorRate stands on"`
	ErrorsByType     []typeCount   `json:"errorsByType" doc:"The most frequent 50 types of error"`
	TopIssues        []issue       `json:"topIssues" doc:"The ten issues with most events of this agent in the window"`
	DurationMS       percentiles   `json:"durationMs" doc:"Durations of executions in milliseconds"`
	Tokens           tokens        `json:"tokens"`
	CostUSD          *usd          `json:"costUsd" doc:"What the priced model calls cost; see unpricedCalls. Null when none had a price"`
	CostNanos        int64         `json:"costNanos"`
	FailedCostUSD    usd           `json:"failedCostUsd" doc:"What executions cost that errored or failed"`
	FailedCostNanos  int64         `json:"failedCostNanos"`
	ModelCalls       int64         `json:"modelCalls"`
	UnpricedCalls    int64         `json:"unpricedCalls" doc:"Model calls with tokens and no known price: not in costUsd"`
	Tools            []toolStats   `json:"tools"`
	Models           []modelStats  `json:"models"`
	Policies         agentPolicies `json:"policies"`
	Transactions     int64         `json:"transactions"`
	Users            int64         `json:"users" doc:"Distinct users of those events; an estimate, within some 2 %"`
	EventsOfAnyLevel int64         `json:"events" doc:"Captured errors, messages and feedback of any level"`
}

type typeCount struct {
	Type  string `json:"type" doc:"The exception's type, or the title of what is no exception"`
	Count int64  `json:"count"`
}

type toolStats struct {
	Name      string   `json:"name"`
	Calls     int64    `json:"calls"`
	Errors    int64    `json:"errors"`
	ErrorRate *float64 `json:"errorRate" doc:"Errors as a share of calls"`
	P95MS     *float64 `json:"p95Ms" doc:"19 of 20 calls were no slower, in milliseconds"`
}

type modelStats struct {
	Provider      string   `json:"provider"`
	Model         string   `json:"model"`
	Calls         int64    `json:"calls"`
	Errors        int64    `json:"errors"`
	Tokens        tokens   `json:"tokens"`
	CostUSD       *usd     `json:"costUsd"`
	CostNanos     int64    `json:"costNanos"`
	UnpricedCalls int64    `json:"unpricedCalls"`
	P95MS         *float64 `json:"p95Ms" doc:"19 of 20 calls were no slower, in milliseconds"`
}

type agentPolicies struct {
	Evaluations int64         `json:"evaluations"`
	Violations  int64         `json:"violations" doc:"Verdicts deny and flag"`
	ByPolicy    []policyStats `json:"byPolicy"`
}

type policyStats struct {
	Name        string `json:"name"`
	Evaluations int64  `json:"evaluations"`
	Violations  int64  `json:"violations"`
	Denied      int64  `json:"denied" doc:"Of the violations, the denials"`
}

// stats answers what one agent did.
func (a *rest) stats(ctx context.Context, c access.Caller, in *statsQuery) (*agentStats, error) {
	q, err := a.ask(ctx, c, in.Filter)
	if err != nil {
		return nil, err
	}
	row, err := a.total(ctx, ofAgent(q, rollup.Agent, in.AgentID))
	if err != nil {
		return nil, err
	}
	if row.last == 0 {
		if err := a.checkSeen(ctx, q.In, in.AgentID); err != nil {
			return nil, err
		}
	}
	s := headline(row)
	s.AgentID, s.Window = in.AgentID, a.covered(q)
	return s, a.breakDown(ctx, q, s)
}

// headline reads what one row of an agent holds.
func headline(row *sum) *agentStats {
	s := &agentStats{
		Executions:       row.Get(rollup.Executions),
		Errored:          row.Get(rollup.Errored),
		Failed:           row.Get(rollup.Failed),
		Errors:           row.Get(rollup.Errors),
		EventsOfAnyLevel: row.Get(rollup.Events),
		DurationMS:       percentilesOf(row.Counters),
		Tokens:           tokensOf(row.Usage()),
		CostUSD:          dollars(row.Get(rollup.CostNanos), row.Get(rollup.Unpriced)),
		CostNanos:        row.Get(rollup.CostNanos),
		FailedCostUSD:    usd(row.Get(rollup.FailedCostNanos)),
		FailedCostNanos:  row.Get(rollup.FailedCostNanos),
		ModelCalls:       row.Get(rollup.ModelCalls),
		UnpricedCalls:    row.Get(rollup.Unpriced),
		Transactions:     row.Get(rollup.Transactions),
		Users:            row.Users(),
		Policies: agentPolicies{
			Evaluations: row.Get(rollup.Evaluations),
			Violations:  row.Get(rollup.Violations),
		},
	}
	s.ErrorRate, s.ErrorRateOf = rate(s.Errored+s.Failed, s.Executions)
	return s
}

// breakDown fills in the parts that have rollups of their own.
func (a *rest) breakDown(ctx context.Context, q store.RollupQuery, s *agentStats) error {
	var err error
	if s.ErrorsByType, err = a.errorTypes(ctx, q, s.AgentID); err != nil {
		return err
	}
	if s.Tools, err = a.tools(ctx, q, s.AgentID); err != nil {
		return err
	}
	if s.Models, err = a.models(ctx, q, s.AgentID); err != nil {
		return err
	}
	if s.Policies.ByPolicy, err = a.policies(ctx, q, s.AgentID); err != nil {
		return err
	}
	found, err := a.sums(ctx, ofAgent(q, rollup.AgentIssue, s.AgentID), bySub)
	if err != nil {
		return err
	}
	top := ranked(found, byEvents)
	s.TopIssues, err = a.join(ctx, q.In, top[:min(len(top), topIssues)])
	return err
}

const (
	topIssues     = 10
	topErrorTypes = 50
)

func byEvents(s *sum) int64 { return s.Get(rollup.Events) }
func byErrors(s *sum) int64 { return s.Get(rollup.Errors) }
func byCalls(s *sum) int64  { return s.Get(rollup.Calls) }

func (a *rest) errorTypes(ctx context.Context, q store.RollupQuery, agent string) ([]typeCount, error) {
	found, err := a.sums(ctx, ofAgent(q, rollup.ErrorType, agent), bySub)
	if err != nil {
		return nil, err
	}
	list := ranked(found, byErrors)
	list = list[:min(len(list), topErrorTypes)]
	return each(list, func(s *sum) typeCount { return typeCount{s.name, s.Get(rollup.Errors)} }), nil
}

func (a *rest) tools(ctx context.Context, q store.RollupQuery, agent string) ([]toolStats, error) {
	found, err := a.sums(ctx, ofAgent(q, rollup.Tool, agent), bySub)
	return each(ranked(found, byCalls), func(s *sum) toolStats {
		calls, errors := s.Get(rollup.Calls), s.Get(rollup.CallErrors)
		share, _ := rate(errors, calls)
		return toolStats{s.name, calls, errors, share, quantile(s.Counters, 0.95)}
	}), err
}

func (a *rest) models(ctx context.Context, q store.RollupQuery, agent string) ([]modelStats, error) {
	found, err := a.sums(ctx, ofAgent(q, rollup.Model, agent), bySub)
	return each(ranked(found, byCalls), modelStatsOf), err
}

func modelStatsOf(s *sum) modelStats {
	provider, name := splitModel(s.name)
	nanos, unpriced := s.Get(rollup.CostNanos), s.Get(rollup.Unpriced)
	return modelStats{
		Provider: provider, Model: name,
		Calls: s.Get(rollup.Calls), Errors: s.Get(rollup.CallErrors),
		Tokens:  tokensOf(s.Usage()),
		CostUSD: dollars(nanos, unpriced), CostNanos: nanos, UnpricedCalls: unpriced,
		P95MS: quantile(s.Counters, 0.95),
	}
}

func (a *rest) policies(ctx context.Context, q store.RollupQuery, agent string) ([]policyStats, error) {
	found, err := a.sums(ctx, ofAgent(q, rollup.Policy, agent), bySub)
	return each(ranked(found, byCalls), func(s *sum) policyStats {
		return policyStats{s.name, s.Get(rollup.Evaluations), s.Get(rollup.Violations), s.Get(rollup.Denied)}
	}), err
}

// checkSeen returns ErrNotFound when nothing was ever stored for the agent, as
// far back as rollups go.
func (a *rest) checkSeen(ctx context.Context, in store.Scope, agent string) error {
	now := a.now()
	q := ofAgent(store.RollupQuery{In: in, From: now.Add(-store.DayHistory), To: now.Add(rollup.Day.Width())}, rollup.Agent, agent)
	row, err := a.total(ctx, q)
	if err != nil {
		return err
	}
	if row.last == 0 {
		return fmt.Errorf("%w: no agent %.200q has reported; /api/v1/agents lists those that have", model.ErrNotFound, agent)
	}
	return nil
}
