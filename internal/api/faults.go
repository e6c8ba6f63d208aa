package api

import (
	"context"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/rollup"
)

type faultList struct {
	Window window       `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Faults []faultStats `json:"faults" doc:"Those seen in the window, with most events and failed calls first"`
}

// faultStats is how often agents had one typed error.
type faultStats struct {
	Fault  string `json:"fault" doc:"The typed agent error, such as rate_limit or context_length"`
	Events int64  `json:"events" doc:"Captured errors, messages and feedback of that type"`
	Calls  int64  `json:"calls" doc:"Model and tool calls that failed with it"`
	Blame
}

func faultStatsOf(s *sum) faultStats {
	return faultStats{s.name, s.Get(rollup.Events), s.Get(rollup.CallErrors), blameOf(s.Counters)}
}

// byTrouble weighs a fault: by its events and failed calls.
func byTrouble(s *sum) int64 { return s.Get(rollup.Events) + s.Get(rollup.CallErrors) }

func (a *rest) faults(ctx context.Context, c access.Caller, in *AgentFilter) (*faultList, error) {
	rows, q, err := a.narrowed(ctx, c, *in, rollup.Fault)
	return &faultList{a.covered(q), each(ranked(rows, byTrouble), faultStatsOf)}, err
}

type ruleList struct {
	Window window      `json:"window" doc:"What is really covered: old windows are cut to whole hours or days"`
	Rules  []ruleStats `json:"rules" doc:"In the order in which they are asked: the first that fires counts"`
}

// ruleCount is how often a rule of outcome fired.
type ruleCount struct {
	Rule string `json:"rule" doc:"The name of the rule of outcome"`
	Blame
}

func ruleCountOf(s *sum) ruleCount { return ruleCount{s.name, blameOf(s.Counters)} }

// ruleStats is a rule of outcome and how often it fired.
type ruleStats struct {
	Rule string `json:"rule"`
	Says string `json:"says" doc:"What the rule takes for a failure; empty for one that this version does not have any more"`
	On   bool   `json:"on" doc:"Whether executions that end now are judged by it"`
	Blame
}

func (a *rest) outcomeRules(ctx context.Context, c access.Caller, in *AgentFilter) (*ruleList, error) {
	rows, q, err := a.narrowed(ctx, c, *in, rollup.Rule)
	if err != nil {
		return nil, err
	}
	list := each(agent.AllRules(), func(r agent.Rule) ruleStats {
		row := rows[r.Name]
		if row == nil {
			row = &sum{Counters: &rollup.Counters{}}
		}
		delete(rows, r.Name)
		return ruleStats{r.Name, r.Says, a.rules.On(r.Name), blameOf(row.Counters)}
	})
	for _, gone := range ranked(rows, byBlame) {
		list = append(list, ruleStats{Rule: gone.name, Blame: blameOf(gone.Counters)})
	}
	return &ruleList{a.covered(q), list}, nil
}
