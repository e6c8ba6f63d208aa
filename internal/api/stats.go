package api

import (
	"context"
	"fmt"
	"time"

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
	AgentID string `json:"agentId"`
	Window  window `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Totals
	EventCounts
	Breakdown
}

// EventCounts is what beside executions was captured of an agent.
type EventCounts struct {
	Transactions          int64       `json:"transactions"`
	EstimatedTransactions *countRange `json:"estimatedTransactions,omitempty" doc:"About how many there were, where SDKs sampled; left out when everything came"`
	Users                 int64       `json:"users" doc:"Distinct users of those events; an estimate, within some 2 %"`
	EventsOfAnyLevel      int64       `json:"events" doc:"Captured errors, messages and feedback of any level"`
}

func eventCountsOf(s *sum) EventCounts {
	return EventCounts{s.Get(rollup.Transactions), transactionsOf(s.Counters), s.Users(), s.Get(rollup.Events)}
}

// Breakdown is what an agent did, taken apart.
type Breakdown struct {
	ErrorsByType []typeCount   `json:"errorsByType" doc:"The most frequent 50 types of error"`
	TopIssues    []issue       `json:"topIssues" doc:"The ten issues with most events of this agent in the window; count and cost are of this agent in the window"`
	Tools        []toolStats   `json:"tools" doc:"The 100 with most calls"`
	Models       []modelStats  `json:"models" doc:"The 100 with most calls"`
	Policies     agentPolicies `json:"policies"`
	Faults       []faultStats  `json:"faults" doc:"Typed agent errors, those of the most events first"`
	Rules        []ruleCount   `json:"rules" doc:"Rules of outcome that fired, the most frequent first"`
}

type typeCount struct {
	Type  string `json:"type" doc:"The exception's type, or the title of what is no exception"`
	Count int64  `json:"count" doc:"Captured events of level error or fatal"`
	Blame
}

type agentPolicies struct {
	Evaluations int64         `json:"evaluations"`
	Violations  int64         `json:"violations" doc:"Verdicts deny and flag"`
	ByPolicy    []policyCount `json:"byPolicy" doc:"The 100 with most evaluations; /api/v1/policies compares executions with and without a violation"`
}

type policyCount struct {
	Name        string `json:"name"`
	Evaluations int64  `json:"evaluations"`
	Violations  int64  `json:"violations"`
	Denied      int64  `json:"denied" doc:"Of the violations, the denials"`
	Executions  int64  `json:"executions" doc:"Executions with a violation"`
	Blame
}

const (
	topIssues     = 10
	topErrorTypes = 50
	topOthers     = 100
)

// stats answers what one agent did.
func (a *rest) stats(ctx context.Context, c access.Caller, in *statsQuery) (*agentStats, error) {
	q, err := a.ask(ctx, c, in.Filter)
	if err != nil {
		return nil, err
	}
	whole := ofAgent(q, rollup.Agent, in.AgentID)
	whole.Omit = 0 // for the users
	row, err := a.total(ctx, whole)
	if err != nil {
		return nil, err
	}
	if row.last == 0 {
		if _, err := a.seen(ctx, q.In, in.AgentID); err != nil {
			return nil, err
		}
	}
	s := &agentStats{AgentID: in.AgentID, Window: a.covered(q), Totals: totalsOf(row.Counters), EventCounts: eventCountsOf(row)}
	s.Breakdown, err = a.breakDown(ctx, q, in.AgentID, row)
	return s, err
}

// breakDown reads the parts of an agent that have rollups of their own.
func (a *rest) breakDown(ctx context.Context, q store.RollupQuery, agent string, row *sum) (Breakdown, error) {
	b := Breakdown{Policies: agentPolicies{Evaluations: row.Get(rollup.Evaluations), Violations: row.Get(rollup.Violations)}}
	var err error
	// top returns the heaviest rows of a kind, nothing once something went wrong.
	top := func(k rollup.Kind, weight func(*sum) int64, most int) []*sum {
		if err != nil {
			return nil
		}
		var found map[string]*sum
		found, err = a.sums(ctx, ofAgent(q, k, agent), bySub)
		list := ranked(found, weight)
		return list[:min(len(list), most)]
	}
	b.ErrorsByType = each(top(rollup.ErrorType, byErrors, topErrorTypes), typeCountOf)
	b.Tools = each(top(rollup.Tool, byCalls, topOthers), toolStatsOf)
	b.Models = each(top(rollup.Model, byCalls, topOthers), modelStatsOf)
	b.Policies.ByPolicy = each(top(rollup.Policy, byCalls, topOthers), policyCountOf)
	b.Faults = each(top(rollup.Fault, byTrouble, topOthers), faultStatsOf)
	b.Rules = each(top(rollup.Rule, byBlame, topOthers), ruleCountOf)
	issues := top(rollup.AgentIssue, byEvents, topIssues)
	if err == nil {
		b.TopIssues, err = a.join(ctx, q, issues)
	}
	return b, err
}

func byEvents(s *sum) int64 { return s.Get(rollup.Events) }
func byErrors(s *sum) int64 { return s.Get(rollup.Errors) }
func byCalls(s *sum) int64  { return s.Get(rollup.Calls) }
func byBlame(s *sum) int64  { return wentWrong(s.Counters) }

func typeCountOf(s *sum) typeCount {
	return typeCount{s.name, s.Get(rollup.Errors), blameOf(s.Counters)}
}

func policyCountOf(s *sum) policyCount {
	return policyCount{s.name, s.Get(rollup.Evaluations), s.Get(rollup.Violations), s.Get(rollup.Denied),
		s.Get(rollup.Executions), blameOf(s.Counters)}
}

// lifetime is when something was seen first and last, each as the start of the
// minute, hour or day.
type lifetime struct{ first, last time.Time }

// seen returns when an agent reported, by days as far back as rollups go, and
// ErrNotFound when it never did.
func (a *rest) seen(ctx context.Context, in store.Scope, agent string) (lifetime, error) {
	now := a.now()
	q := ofAgent(store.RollupQuery{In: in, From: now.Add(-store.DayHistory), To: now.Add(rollup.Day.Width()),
		Omit: rollup.OmitUsers | rollup.OmitDurations}, rollup.Agent, agent)
	s, err := a.times(ctx, q)
	if err == nil && s.last.IsZero() {
		err = fmt.Errorf("%w: no agent %.200q has reported; /api/v1/agents lists those that have", model.ErrNotFound, agent)
	}
	return s, err
}

// closer looks at the first and the last day of a lifetime by the finest rows that are kept.
func (a *rest) closer(ctx context.Context, q store.RollupQuery, l lifetime) (lifetime, error) {
	q.Step = rollup.Minute.Width()
	q.From, q.To = l.first, l.first.Add(rollup.Day.Width())
	first, err := a.times(ctx, q)
	if err != nil {
		return l, err
	}
	q.From, q.To = l.last, l.last.Add(rollup.Day.Width())
	last, err := a.times(ctx, q)
	if err != nil {
		return l, err
	}
	if first.first.After(l.first) {
		l.first = first.first
	}
	if last.last.After(l.last) {
		l.last = last.last
	}
	return l, nil
}

// times returns when there are rows of a query.
func (a *rest) times(ctx context.Context, q store.RollupQuery) (l lifetime, err error) {
	err = a.store.Rollup(ctx, q, func(r store.RollupRow) error {
		if l.first.IsZero() || r.Time.Before(l.first) {
			l.first = r.Time.UTC()
		}
		if r.Time.After(l.last) {
			l.last = r.Time.UTC()
		}
		return nil
	})
	if err != nil {
		return lifetime{}, fmt.Errorf("read rollups: %w", err)
	}
	return l, nil
}
