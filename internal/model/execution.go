package model

import "time"

// Usage counts tokens. Input includes CacheRead and CacheWrite, Output includes Reasoning.
type Usage struct {
	Input, Output, CacheRead, CacheWrite, Reasoning int64
}

// Total returns input plus output.
func (u Usage) Total() int64 { return u.Input + u.Output }

// Add adds the other usage.
func (u *Usage) Add(o Usage) {
	u.Input += o.Input
	u.Output += o.Output
	u.CacheRead += o.CacheRead
	u.CacheWrite += o.CacheWrite
	u.Reasoning += o.Reasoning
}

// Pricing says where a cost comes from.
type Pricing uint8

// The states of a cost. Their numbers are stored: never renumber.
const (
	NotACost Pricing = iota // the span is no model call, or used no tokens
	Priced                  // by the price table
	Guessed                 // by the price table, the provider guessed from the model's name
	Unpriced                // no price known: never counted as zero
	Reported                // the SDK said so, and the table knows no better
)

// Cost is money in nano-dollars: integers, so that sums are exact.
type Cost struct {
	Nanos   int64
	Pricing Pricing
}

// doubts orders the states of a cost from the most certain to the least.
var doubts = [...]uint8{NotACost: 0, Priced: 1, Reported: 2, Guessed: 3, Unpriced: 4}

// Add adds the other cost. The sum is as doubtful as its most doubtful part, so an
// Unpriced sum holds what is known of it.
func (c *Cost) Add(o Cost) {
	c.Nanos += o.Nanos
	if doubts[o.Pricing] > doubts[c.Pricing] {
		c.Pricing = o.Pricing
	}
}

// Outcome is how an execution ended.
type Outcome uint8

// The outcomes. Their numbers are stored: never renumber.
const (
	OutcomeRunning Outcome = iota // no end seen yet
	OutcomeOK
	OutcomeError  // ended with an error
	OutcomeFailed // ended without an error and yet did not do the task
)

var outcomeNames = [...]string{"running", "ok", "error", "failed"}

// String returns running, ok, error or failed.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return ""
}

// Execution is one run of an agent, as far as one batch knows it. The store
// merges what later batches add under the same key.
type Execution struct {
	ID           string // the client's id, or trace and span of the agent's span
	Trace        TraceID
	Span         SpanID
	Agent        Agent
	Conversation string
	Organization string
	UserKey      string
	Release      string
	Environment  string

	Start    time.Time
	Duration time.Duration
	Ended    bool // the agent's span arrived: Duration and Outcome are final
	Outcome  Outcome
	Reason   string // error type or rule, when not ok

	Usage         Usage
	Cost          Cost
	UnpricedCalls int
	ModelCalls    int
	ToolCalls     int
	ToolErrors    int
	Evaluations   int
	Violations    int
}
