package api

import (
	"context"
	"errors"
	"fmt"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

type agentIssuesQuery struct {
	AgentID string `path:"agentId" doc:"The agent's id, percent-encoded: any character may be in it"`
	Sort    string `query:"sort" default:"freq" enum:"freq,date" doc:"Most events of the agent first, or the latest first"`
	Filter
	Paging
}

// agentIssues is one page of the issues that an agent has had.
type agentIssues struct {
	AgentID string  `json:"agentId"`
	Window  window  `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Issues  []issue `json:"issues" doc:"count and cost are of this agent in the window, agents are of its days; the rest is the whole issue's"`
	Next    *string `json:"next" doc:"The cursor of the next page; null at the end"`
}

func (a *rest) agentIssues(ctx context.Context, c access.Caller, in *agentIssuesQuery) (*agentIssues, error) {
	q, err := a.ask(ctx, c, in.Filter)
	if err != nil {
		return nil, err
	}
	found, err := a.sums(ctx, ofAgent(q, rollup.AgentIssue, in.AgentID), bySub)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		if _, err := a.seen(ctx, q.In, in.AgentID); err != nil {
			return nil, err
		}
	}
	weight := byEvents
	if in.Sort == "date" {
		weight = byTime
	}
	rows, next, err := pageOf(ranked(found, weight), weight, in.Paging)
	if err != nil {
		return nil, err
	}
	issues, err := a.join(ctx, q, rows)
	return &agentIssues{in.AgentID, a.covered(q), issues, next}, err
}

func byTime(s *sum) int64 { return s.last }

// join reads the issues that the sums are named after, and gives each the sum's
// count and cost instead of its own, and the agents that it hit in q's days. An issue
// that is gone meanwhile is left out.
func (a *rest) join(ctx context.Context, q store.RollupQuery, sums []*sum) ([]issue, error) {
	out := []issue{}
	q.Kind, q.Name, q.Names = rollup.Issue, nil, nil
	for _, s := range sums {
		id, err := rollup.ParseIssue(s.name)
		if err != nil {
			return nil, fmt.Errorf("rollup row of issue %q: %w", s.name, err)
		}
		found, err := a.store.Issue(ctx, q.In, id)
		if errors.Is(err, model.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read issue %d: %w", id, err)
		}
		row := issueOf(found)
		row.Count = s.Get(rollup.Events)
		row.blame(s.Counters)
		out = append(out, row)
		q.Names = append(q.Names, row.ID)
	}
	if len(out) == 0 {
		return out, nil
	}
	agents, err := a.agentsOf(ctx, q)
	for i := range out {
		out[i].hit(agents)
	}
	return out, err
}
