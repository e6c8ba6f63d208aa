package api

import "relay.one/picket/internal/rollup"

// Blame is what went wrong with something having a part in it.
type Blame struct {
	FailedExecutions int64 `json:"failedExecutions" doc:"Executions that errored or failed and in which this had a part; one execution may count under several"`
	FailedCostUSD    *usd  `json:"failedCostUsd" doc:"What those executions cost; null when nothing of it is known"`
	FailedCostNanos  int64 `json:"failedCostNanos"`
}

func blameOf(c *rollup.Counters) Blame {
	bad, nanos := wentWrong(c), c.Get(rollup.FailedCostNanos)
	return Blame{bad, dollars(nanos, bad), nanos}
}

// wentWrong counts the executions that ended badly, with or without an error.
func wentWrong(c *rollup.Counters) int64 { return c.Get(rollup.Errored) + c.Get(rollup.Failed) }

// Totals is what agents did, together or one of them.
type Totals struct {
	Executions          int64       `json:"executions" doc:"Runs of agents that ended"`
	Errored             int64       `json:"errored" doc:"Of those, the ones that ended with an error"`
	Failed              int64       `json:"failed" doc:"Of those, the ones that ended without an error and yet did not do the task"`
	Errors              int64       `json:"errors" doc:"Captured events of level error or fatal"`
	ErrorRate           *float64    `json:"errorRate" doc:"Executions that errored or failed, as a share of all; null when there were none"`
	ErrorRateOf         share       `json:"errorRateOf" doc:"What errorRate stands on"`
	DurationMS          percentiles `json:"durationMs" doc:"Durations of executions in milliseconds"`
	Tokens              tokens      `json:"tokens"`
	CostUSD             *usd        `json:"costUsd" doc:"What the priced model calls cost; see unpricedCalls. Null when none had a price"`
	CostNanos           int64       `json:"costNanos"`
	FailedCostUSD       *usd        `json:"failedCostUsd" doc:"What executions cost that errored or failed; null when nothing of it is known"`
	FailedCostNanos     int64       `json:"failedCostNanos"`
	CostPerSuccessUSD   *usd        `json:"costPerSuccessUsd" doc:"costUsd divided by the executions that neither errored nor failed: what one success costs, with the failures it takes. Null when there were none"`
	CostPerSuccessNanos *int64      `json:"costPerSuccessNanos"`
	ModelCalls          int64       `json:"modelCalls"`
	UnpricedCalls       int64       `json:"unpricedCalls" doc:"Model calls with tokens and no known price: not in costUsd"`
	GuessedCalls        int64       `json:"guessedCalls" doc:"Model calls whose price was guessed from the model's name"`
	ReportedCalls       int64       `json:"reportedCalls" doc:"Model calls whose cost is the SDK's word"`
	Loops               loops       `json:"loops" doc:"Executions that went round in circles"`
	Estimated           *estimated  `json:"estimated,omitempty" doc:"What there was, where SDKs sampled and so sent some only. All other numbers are of what came; left out when everything came"`
}

type loops struct {
	Count     int64 `json:"count" doc:"Executions with a loop"`
	CostUSD   *usd  `json:"costUsd" doc:"What the calls of the loops cost; null when nothing of it is known"`
	CostNanos int64 `json:"costNanos"`
}

// totalsOf reads a row that belongs to a project, an agent or an organization.
func totalsOf(c *rollup.Counters) Totals {
	unpriced := c.Get(rollup.Unpriced)
	t := Totals{
		Executions: c.Get(rollup.Executions), Errored: c.Get(rollup.Errored), Failed: c.Get(rollup.Failed),
		Errors: c.Get(rollup.Errors), DurationMS: percentilesOf(c), Tokens: tokensOf(c.Usage()),
		CostNanos: c.Get(rollup.CostNanos), FailedCostNanos: c.Get(rollup.FailedCostNanos),
		ModelCalls: c.Get(rollup.ModelCalls), UnpricedCalls: unpriced,
		GuessedCalls: c.Get(rollup.GuessedCalls), ReportedCalls: c.Get(rollup.ReportedCalls),
	}
	t.ErrorRate, t.ErrorRateOf = rate(wentWrong(c), t.Executions)
	t.CostUSD = dollars(t.CostNanos, unpriced)
	t.FailedCostUSD = failedDollars(c)
	t.CostPerSuccessUSD, t.CostPerSuccessNanos = perSuccess(c, t.CostUSD)
	count, burned := c.Get(rollup.Loops), c.Get(rollup.LoopCostNanos)
	t.Estimated = estimatedOf(c)
	t.Loops = loops{count, dollars(burned, min(unpriced, count)), burned}
	return t
}

// failedDollars is what failures cost, of a row that counts model calls too: where all
// of them had a price, no cost is none.
func failedDollars(c *rollup.Counters) *usd {
	return dollars(c.Get(rollup.FailedCostNanos), min(c.Get(rollup.Unpriced), wentWrong(c)))
}

// perSuccess divides money by the executions that went well, rounded half up; nil when
// there were none, and when the money is not known.
func perSuccess(c *rollup.Counters, money *usd) (*usd, *int64) {
	good := c.Get(rollup.Executions) - wentWrong(c)
	if good <= 0 || money == nil {
		return nil, nil
	}
	each := int64(*money) / good
	if int64(*money)%good >= (good+1)/2 {
		each++
	}
	return (*usd)(&each), &each
}
