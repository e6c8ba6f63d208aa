package api

import (
	"math"

	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/stat"
)

// estimated is how many executions there were, where SDKs sent some only.
type estimated struct {
	Executions int64      `json:"executions" doc:"About how many ended, those included that SDKs did not send"`
	Low        int64      `json:"low" doc:"Lower end of the 95 % interval of executions"`
	High       int64      `json:"high" doc:"Upper end of the 95 % interval of executions"`
	Failed     countRange `json:"failedExecutions" doc:"About how many of them errored or failed"`
	ErrorRate  float64    `json:"errorRate" doc:"Of all of them: differs from what came where services sample at different rates"`
	ErrorLow   float64    `json:"errorRateLow" doc:"Lower end of the 95 % interval of errorRate"`
	ErrorHigh  float64    `json:"errorRateHigh" doc:"Upper end of the 95 % interval of errorRate"`
	SampledBy  string     `json:"sampledBy" enum:"sdk" doc:"Who left the others out, before anything was counted. What Picket itself samples is counted before"`
	SampleRate float64    `json:"sampleRate" doc:"What came, as a share of what there was: about the rate that the SDKs have"`
}

// countRange is a number that is known from a part.
type countRange struct {
	Value int64 `json:"value"`
	Low   int64 `json:"low" doc:"Lower end of the 95 % interval"`
	High  int64 `json:"high" doc:"Upper end of the 95 % interval"`
}

func sampleOf(s rollup.Sampled) stat.Sample {
	return stat.Sample{Seen: float64(s.Seen), Unseen: s.Unseen, Spread: s.Spread}
}

func rangeOf(r stat.Rate) countRange {
	return countRange{int64(math.Round(r.Estimate)), int64(math.Floor(r.Low)), int64(math.Ceil(r.High))}
}

// estimatedOf extrapolates what SDKs sampled; nil when they sampled nothing of it.
func estimatedOf(c *rollup.Counters) *estimated {
	seen := c.SampledExecutions()
	if seen.Unseen <= 0 {
		return nil
	}
	all, bad := sampleOf(seen), sampleOf(c.SampledBad())
	total, rate := rangeOf(all.Total()), bad.ShareOf(all)
	return &estimated{
		Executions: total.Value, Low: total.Low, High: total.High, Failed: rangeOf(bad.Total()),
		ErrorRate: rate.Estimate, ErrorLow: rate.Low, ErrorHigh: rate.High,
		SampledBy: "sdk", SampleRate: all.Seen / (all.Seen + all.Unseen),
	}
}

// transactionsOf is the same of transactions.
func transactionsOf(c *rollup.Counters) *countRange {
	seen := c.SampledTransactions()
	if seen.Unseen <= 0 {
		return nil
	}
	i := rangeOf(sampleOf(seen).Total())
	return &i
}
