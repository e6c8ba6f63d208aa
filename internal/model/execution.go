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
	Guessed                 // by the price table, the provider or a kind of token guessed
	Unpriced                // no price known: never counted as zero
	Reported                // the SDK said so, and the operator's own prices do not say otherwise
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
	Parent       string // the execution that it was begun in; empty for none
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
	Reason   string // error type or what the rule saw, when not ok
	Rule     string // the rule of outcome that fired; empty when the client or an error decided
	Fault    string // the typed agent error that ended it, or empty
	// SampleRate is the share of such executions that the client sent; zero for all.
	SampleRate SampleRate

	Models   []string  // provider/model of its calls, sorted
	Tools    []string  // of its tool calls, sorted
	Policies []string  // violated, sorted
	Failing  []string  // of Tools, those that erred, sorted
	Issues   []IssueID // hit by its errors, sorted; the store's work
	Traces   []TraceID // that it ran through, sorted
	Loop     Loop

	Usage         Usage
	Cost          Cost
	UnpricedCalls int
	ModelCalls    int
	ToolCalls     int
	ToolErrors    int
	Evaluations   int
	Violations    int
}

// Finish is why a model stopped.
type Finish uint8

// The reasons. Their numbers are stored: never renumber.
const (
	FinishUnknown Finish = iota
	FinishStop
	FinishToolCalls
	FinishLength  // cut off by the limit of tokens
	FinishFilter  // cut off by a content filter
	FinishRefusal // the model declined
	FinishError
	FinishTurns  // an agent's: cut off by its limit of turns
	FinishBudget // an agent's: cut off by its budget
)

// Signs are what the rules of outcome and loops look at: the part of a span's
// attributes and payload that outlives the batch.
type Signs struct {
	Outcome Outcome // as the client said, of an agent's span
	Reason  string  // likewise
	Finish  Finish  // of a model call
	Empty   bool    // an answer of neither text nor tool call; known only where output was sent
	Refused bool    // an answer that declines, in so many words
	Failed  bool    // a tool result that says isError
	GaveUp  bool    // an answer that says that the task could not be done
	Fault   string  // the typed agent error of the span
	Call    uint64  // hash of what was called and with which arguments; 0 when not known
	Result  uint64  // hash of what came back; 0 when not known
}

// Own is what a span or an event says of its owner and its kind by itself.
type Own struct {
	Kind         SpanKind
	Agent        Agent
	Execution    string
	Conversation string
	Organization string
	User         User
	ErrorType    string
	Usage        Usage
	Cost         Cost
}

// Report is what an event says of a whole execution, for clients that report no
// spans of it (see package wire).
type Report struct {
	Outcome  Outcome // OutcomeRunning: it does not say how it ended
	Reason   string
	Duration time.Duration
	Timed    bool // Duration was told, and ends at the event
	Usage    Usage
	Cost     Cost
	Tools    []ReportedCall
	Policies []Policy
}

// ReportedCall is a tool call that an event reports.
type ReportedCall struct {
	Name     string
	Duration time.Duration
	Failed   bool
	Call     uint64 // hash of name and arguments
}

// LoopKind says how an execution went round in circles.
type LoopKind uint8

// The kinds of loop. Their numbers are stored: never renumber.
const (
	NoLoop         LoopKind = iota
	LoopRepeat              // the same call with the same arguments
	LoopAlternate           // two calls in turns
	LoopError               // the same error again and again
	LoopNoProgress          // many turns that changed nothing
)

// Loop is the longest loop of an execution; the zero value is none.
type Loop struct {
	Kind  LoopKind
	Span  SpanID // where it began
	Start time.Time
	Count int   // calls in it
	Usage Usage // burned in it
	Cost  Cost  // likewise
}
