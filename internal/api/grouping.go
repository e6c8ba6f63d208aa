package api

import (
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// grouping is what a value of groupBy means: which rollups, named how, measured how.
type grouping struct {
	kind    rollup.Kind
	ofAgent rollup.Kind // the same of one agent; zero: nothing holds it
	key     func(*rollup.Key) string
	of      string // what errorRate is a share of
	read    func(*rollup.Counters, *point)
	bill    billing
}

// groupings is the table of groupBy. To add one, add a line and its name where it is
// asked for.
var groupings = map[string]grouping{
	"none":         {rollup.Project, rollup.Agent, func(*rollup.Key) string { return "all" }, "executions", readExecutions, billWhole},
	"agent":        {rollup.Agent, rollup.Agent, byName, "executions", readExecutions, billWhole},
	"organization": {rollup.Organization, 0, byName, "executions", readExecutions, billOrganizations},
	"environment":  {rollup.Project, rollup.Agent, func(k *rollup.Key) string { return k.Environment }, "executions", readExecutions, billWhole},
	"release":      {rollup.Project, rollup.Agent, func(k *rollup.Key) string { return k.Release }, "executions", readExecutions, billWhole},
	"model":        {rollup.Model, rollup.Model, bySub, "calls", readModelCalls, billModels},
	"tool":         {rollup.Tool, rollup.Tool, bySub, "calls", readToolCalls, billTools},
	"policy":       {rollup.Policy, rollup.Policy, bySub, "evaluations", readEvaluations, billPolicies},
	"errorType":    {rollup.ErrorType, rollup.ErrorType, bySub, "", readErrors, billErrorTypes},
	"fault":        {rollup.Fault, rollup.Fault, bySub, "", readErrors, billFaults},
	"rule":         {rollup.Rule, rollup.Rule, bySub, "", readErrors, billRules},
	"issue":        {rollup.Issue, rollup.AgentIssue, byIssue, "", readErrors, billIssues},
}

func byIssue(k *rollup.Key) string {
	if k.Kind == rollup.AgentIssue {
		return k.Sub
	}
	return k.Name
}

// narrow makes a query one of the grouping, of one agent unless agent is empty.
func (g *grouping) narrow(q store.RollupQuery, agent string) (store.RollupQuery, error) {
	if agent == "" {
		return narrow(q, g.kind, ""), nil
	}
	if g.ofAgent == 0 {
		return q, invalid("agentId", "organizations are not counted by agent; leave one of the two out")
	}
	return ofAgent(q, g.ofAgent, agent), nil
}

func readExecutions(c *rollup.Counters, p *point) {
	p.Errors = c.Get(rollup.Errors)
	p.Executions = number(c.Get(rollup.Executions))
	p.ErrorRate, _ = rate(wentWrong(c), *p.Executions)
	p.Estimated = estimatedOf(c)
	readMoney(c, p)
	readBlame(c, p)
	p.FailedCostUSD = failedDollars(c)
}

func readModelCalls(c *rollup.Counters, p *point) {
	readCalls(c, p)
	readMoney(c, p)
}

func readToolCalls(c *rollup.Counters, p *point) {
	readCalls(c, p)
	readBlame(c, p)
}

func readEvaluations(c *rollup.Counters, p *point) {
	readCalls(c, p)
	p.Executions = number(c.Get(rollup.Executions))
	readBlame(c, p)
}

func readCalls(c *rollup.Counters, p *point) {
	p.Errors = c.Get(rollup.CallErrors)
	p.Calls = number(c.Get(rollup.Calls))
	p.ErrorRate, _ = rate(p.Errors, *p.Calls)
	p.P95MS = quantile(c, 0.95)
}

func readErrors(c *rollup.Counters, p *point) {
	p.Errors = c.Get(rollup.Errors)
	readBlame(c, p)
}

func readMoney(c *rollup.Counters, p *point) {
	nanos, unpriced := c.Get(rollup.CostNanos), c.Get(rollup.Unpriced)
	p.CostUSD, p.CostNanos, p.Unpriced = dollars(nanos, unpriced), &nanos, &unpriced
	p.Tokens = number(c.Usage().Total())
	p.P95MS = quantile(c, 0.95)
}

func readBlame(c *rollup.Counters, p *point) {
	b := blameOf(c)
	p.FailedExecutions, p.FailedCostUSD, p.FailedCostNanos = &b.FailedExecutions, b.FailedCostUSD, &b.FailedCostNanos
}

func number(n int64) *int64 { return &n }
