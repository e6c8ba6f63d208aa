package api

import (
	"context"
	"fmt"
	"strings"

	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// IssueAgents is which agents an issue hit.
type IssueAgents struct {
	Agents     []issueAgent `json:"agents" doc:"The three agents with most of its events"`
	MoreAgents int          `json:"moreAgents" doc:"How many others it hit"`
}

type issueAgent struct {
	ID    string `json:"id"`
	Count int64  `json:"count" doc:"The issue's events of that agent"`
}

// hit sets the agents that agentsOf found.
func (i *issue) hit(found map[string]IssueAgents) {
	if x, ok := found[i.ID]; ok {
		i.IssueAgents = x
	}
}

// namedAgents is how many agents of an issue are named.
const namedAgents = 3

// agentsOf returns, by issue, the agents of the events that q asks for, by whole days.
func (a *rest) agentsOf(ctx context.Context, q store.RollupQuery) (map[string]IssueAgents, error) {
	const tag = rollup.AgentTag + "\x00"
	q.Kind, q.SubPrefix = rollup.IssueTag, tag
	hits := map[string]map[string]*sum{}
	err := a.store.Rollup(ctx, q, func(r store.RollupRow) error {
		of := hits[r.Name]
		if of == nil {
			of = map[string]*sum{}
			hits[strings.Clone(r.Name)] = of
		}
		named(of, strings.TrimPrefix(r.Sub, tag)).Merge(r.Counters)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read agents of issues: %w", err)
	}
	out := map[string]IssueAgents{}
	for id, of := range hits {
		out[id] = issueAgentsOf(of)
	}
	return out, nil
}

func issueAgentsOf(of map[string]*sum) IssueAgents {
	out := IssueAgents{Agents: []issueAgent{}}
	for _, s := range ranked(of, byEvents) {
		switch n := s.Get(rollup.Events); {
		case n <= 0: // all of it was taken back
		case len(out.Agents) == namedAgents:
			out.MoreAgents++
		default:
			out.Agents = append(out.Agents, issueAgent{s.name, n})
		}
	}
	return out
}
