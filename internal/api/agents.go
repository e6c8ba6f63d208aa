package api

import (
	"context"
	"fmt"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
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
	ID string `json:"id"`
	Totals
	Violations int64     `json:"violations" doc:"Verdicts deny and flag of policies"`
	SeenAt     time.Time `json:"seenAt" doc:"Start of the minute, hour or day in which it last reported"`
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
	return agentCount{s.name, totalsOf(s.Counters), s.Get(rollup.Violations), time.Unix(s.last, 0).UTC()}
}

type agentQuery struct {
	ID string `path:"id" doc:"The agent's id, percent-encoded: any character may be in it"`
	Filter
}

// agentDetail is all that is known of an agent without its executions.
type agentDetail struct {
	ID        string    `json:"id"`
	Latest    *Agent    `json:"latest,omitempty" doc:"How it described itself in its latest execution; left out when none is stored any more"`
	Execution *string   `json:"latestExecutionId"`
	FirstSeen time.Time `json:"firstSeen" doc:"Start of the minute, hour or day in which it first reported, as far back as is counted: 400 days"`
	LastSeen  time.Time `json:"lastSeen" doc:"Start of the minute, hour or day in which it last reported"`
	Window    window    `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Totals
	EventCounts
	Breakdown
	ByRelease     []agentPart `json:"byRelease" doc:"The 100 busiest releases"`
	ByEnvironment []agentPart `json:"byEnvironment" doc:"The 100 busiest environments"`
}

// agentPart is what an agent did in one release or environment.
type agentPart struct {
	Key string `json:"key" doc:"The release or environment; empty for what has none"`
	Totals
	LastSeen time.Time `json:"lastSeen" doc:"Start of the minute, hour or day of the window in which it last reported"`
}

func (a *rest) agent(ctx context.Context, c access.Caller, in *agentQuery) (*agentDetail, error) {
	q, err := a.ask(ctx, c, in.Filter)
	if err != nil {
		return nil, err
	}
	q = ofAgent(q, rollup.Agent, in.ID)
	life, err := a.seen(ctx, q.In, in.ID)
	if err != nil {
		return nil, err
	}
	everywhere := ofAgent(store.RollupQuery{In: q.In, Omit: rollup.OmitUsers | rollup.OmitDurations}, rollup.Agent, in.ID)
	if life, err = a.closer(ctx, everywhere, life); err != nil {
		return nil, err
	}
	out := &agentDetail{ID: in.ID, FirstSeen: life.first, LastSeen: life.last, Window: a.covered(q)}
	if err := a.describeAgent(ctx, q.In, out); err != nil {
		return nil, err
	}
	q.Omit = 0 // for the users
	row, err := a.parts(ctx, q, out)
	q.Omit = rollup.OmitUsers
	if err != nil {
		return nil, err
	}
	out.Totals, out.EventCounts = totalsOf(row.Counters), eventCountsOf(row)
	out.Breakdown, err = a.breakDown(ctx, q, in.ID, row)
	return out, err
}

// describeAgent fills in what the agent said of itself last.
func (a *rest) describeAgent(ctx context.Context, in store.Scope, out *agentDetail) error {
	p, err := a.store.Executions(ctx, store.ExecutionQuery{In: in, Agent: out.ID, Page: store.Page{Limit: 1}})
	if err != nil {
		return fmt.Errorf("read latest execution of agent: %w", err)
	}
	if len(p.Executions) > 0 {
		x := &p.Executions[0]
		out.Latest, out.Execution = agentOf(x.Agent), text(x.ID)
	}
	return nil
}

// parts fills in the releases and environments of an agent, and returns them together.
func (a *rest) parts(ctx context.Context, q store.RollupQuery, out *agentDetail) (*sum, error) {
	releases, environments := map[string]*sum{}, map[string]*sum{}
	whole := &sum{Counters: &rollup.Counters{}}
	err := a.store.Rollup(ctx, q, func(r store.RollupRow) error {
		for _, s := range [...]*sum{whole, named(releases, r.Release), named(environments, r.Environment)} {
			s.Merge(r.Counters)
			s.last = max(s.last, r.Time.Unix())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read rollups: %w", err)
	}
	out.ByRelease, out.ByEnvironment = agentParts(releases), agentParts(environments)
	return whole, nil
}

func agentParts(found map[string]*sum) []agentPart {
	list := ranked(found, activity)
	return each(list[:min(len(list), topOthers)], func(s *sum) agentPart {
		return agentPart{s.name, totalsOf(s.Counters), time.Unix(s.last, 0).UTC()}
	})
}
