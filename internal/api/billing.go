package api

import "relay.one/picket/internal/rollup"

// billing says what the rows of a grouping know of costs.
type billing struct {
	money    bool   // the model calls themselves
	ends     string // which executions that ended, see costs.ExecutionsAre; empty for none
	overlaps bool
	note     string
}

// The billings of the groupings.
var (
	billWhole = billing{true, "all", false,
		"Every execution counts once. A model call counts when it ends and an execution when it ends, so that over short intervals failedCost may exceed cost."}
	billOrganizations = billing{true, "all", false,
		"Executions of customers' organizations. What names no organization is in the total only."}
	billModels = billing{true, "", false,
		"What the calls of each model cost. How the executions ended is not counted by model: see agents and releases for the cost of failure."}
	billTools = billing{false, "failed", true,
		"Executions that errored or failed with a failed call of the tool among theirs. One with several such tools counts in full under each."}
	billPolicies = billing{false, "violating", true,
		"Executions with a violation of the policy, however they ended; failedCost is of those that errored or failed. One with several violated policies counts in full under each."}
	billErrorTypes = billing{false, "failed", false,
		"Executions that ended with an error, by its type. Those that failed without an error have a rule instead; those whose error has no type are in the total only."}
	billFaults = billing{false, "failed", false,
		"Executions that errored or failed by a typed agent error. The others are in the total only."}
	billRules = billing{false, "failed", false,
		"Executions that failed without an error, by the rule of outcome that says so. Those that errored, or failed by their own word, are in the total only."}
	billIssues = billing{false, "failed", true,
		"Executions that errored or failed and had an event of the issue. One with events of several issues counts in full under each."}
)

// has reports whether there is anything to say of costs.
func (b *billing) has(c *rollup.Counters) bool {
	return b.money && c.Get(rollup.ModelCalls)+c.Get(rollup.CostNanos) != 0 || b.ends != "" && c.Get(rollup.Executions) != 0
}

// of reads a bill.
func (b *billing) of(c *rollup.Counters) Bill {
	var out Bill
	if b.money {
		nanos, unpriced := c.Get(rollup.CostNanos), c.Get(rollup.Unpriced)
		out.CostUSD, out.CostNanos, out.UnpricedCalls = dollars(nanos, unpriced), &nanos, &unpriced
		out.Tokens, out.ModelCalls = number(c.Usage().Total()), number(c.Get(rollup.ModelCalls))
		out.GuessedCalls, out.ReportedCalls = number(c.Get(rollup.GuessedCalls)), number(c.Get(rollup.ReportedCalls))
	}
	if b.ends == "" {
		return out
	}
	bad := blameOf(c)
	out.FailedCostUSD, out.FailedCostNanos = bad.FailedCostUSD, &bad.FailedCostNanos
	out.Executions = number(c.Get(rollup.Executions))
	out.Errored, out.Failed = number(c.Get(rollup.Errored)), number(c.Get(rollup.Failed))
	if b.ends == "all" {
		out.FailedCostUSD = failedDollars(c)
		out.CostPerSuccessUSD, out.CostPerSuccessNanos = perSuccess(c, out.CostUSD)
		out.FailedCostPerSuccessUSD, out.FailedCostPerSuccessNanos = perSuccess(c, out.FailedCostUSD)
	}
	return out
}
