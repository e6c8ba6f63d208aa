package picket

import (
	"math"
	"net/http"
)

// SamplingContext is what a TracesSampler decides by.
type SamplingContext struct {
	// Op and Name are those of the transaction, or of the agent's span.
	Op, Name string
	// Agent is known where the transaction is an execution.
	Agent Agent
	// Execution says that an execution begins.
	Execution bool
	// Request is the incoming request, nil outside of the middleware.
	Request *http.Request
	// ParentSampled is what the caller decided, nil when there is none or it left it open.
	ParentSampled *bool
	// TraceID is the trace's id as 32 hexadecimal digits.
	TraceID string
}

// decide settles whether a root is recorded. A trace that somebody decided already
// stays decided, but a sampler is always asked.
func (c *Client) decide(t *trace, s SamplingContext) bool {
	if c.options.TracesSampler == nil && t.sampled != undecided && !s.Execution {
		return t.sampled == sampled
	}
	t.rate = c.rateFor(t, s)
	keep := t.rand < t.rate
	t.sampled = dropped
	if keep {
		t.sampled = sampled
	}
	return keep
}

// rateFor returns the rate for a root, 0 to 1.
func (c *Client) rateFor(t *trace, s SamplingContext) float64 {
	if f := c.options.TracesSampler; f != nil {
		s.TraceID = t.id.String()
		if t.sampled != undecided {
			yes := t.sampled == sampled
			s.ParentSampled = &yes
		}
		rate := math.NaN()
		c.guard("TracesSampler", func() bool { rate = f(s); return true })
		if !math.IsNaN(rate) {
			return min(max(rate, 0), 1)
		}
	}
	switch {
	case s.Execution:
		return c.options.ExecutionSampleRate
	case t.sampled == sampled:
		return 1
	case t.sampled == dropped:
		return 0
	}
	return c.options.TracesSampleRate
}
