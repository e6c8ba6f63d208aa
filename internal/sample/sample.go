// Package sample decides what is kept of what came in, after everything was counted.
// What says something is kept whatever the rates: executions that went wrong, violated
// a policy, went in circles or cost unusually much, errors of theirs, new issues. The
// rest is kept by a share of the traces, alike in all pieces of a trace and in all
// projects, and by a budget.
//
// Errors of executions, feedback, logs, sessions, check-ins and client reports are
// never sampled. An envelope is judged as a whole.
package sample

import (
	"sync"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
)

// Verdict is what becomes of a batch.
type Verdict uint8

// The verdicts.
const (
	// Keep stores and forwards the batch whole.
	Keep Verdict = iota
	// Drop counts the batch, and keeps no payload of it.
	Drop
	// Wait keeps the batch until the trace that it is a piece of has shown what it is:
	// it is stored whole, and its envelope is held back.
	Wait
	// Stay stores the batch whole, and does not forward it: it is a late piece of a trace
	// that was dropped, and a piece cannot be put together without what it brought.
	Stay
)

// Reason says why a batch is kept.
type Reason string

// The reasons to keep. All but the last two are remarkable, and stand above every rate.
const (
	Errored    Reason = "error"      // an execution, or a transaction, ended in an error
	Failed     Reason = "failed"     // an execution failed without one
	Violated   Reason = "violation"  // a policy was violated
	Looped     Reason = "loop"       // an execution went round in circles
	Faulted    Reason = "fault"      // a typed error of agents, even one that was handled
	ErrorEvent Reason = "errorEvent" // an error of an execution, or in the same trace
	Costly     Reason = "cost"       // above the limit, or unusual for the agent
	Slow       Reason = "duration"   // likewise
	NewIssue   Reason = "newIssue"   // the first event of an issue
	Undecided  Reason = "undecided"  // a piece of a trace that is still under way

	ByRate Reason = "rate"
	ByRule Reason = "rule"
)

// Result is a verdict and what follows from it.
type Result struct {
	Verdict Verdict
	// Kept is the reason to store the batch whole; empty for what is never sampled, and
	// where it was dropped.
	Kept Reason
	// Omitted is the reason not to forward it.
	Omitted model.Omission
	// Decided are traces that were undecided until now.
	Decided []model.Decision
}

// Forwards reports whether the upstream gets the batch's events and spans, at once or
// when their trace is decided.
func (v Verdict) Forwards() bool { return v == Keep || v == Wait }

// Judge judges batches. It remembers, within bounds, the traces of the last minutes, the
// issues seen, and what executions of each agent usually cost and last. A new one knows
// nothing: it keeps an event of every issue once more, and calls nothing unusual before
// it has seen some executions. It is safe for concurrent use.
type Judge struct {
	now func() time.Time

	mu      sync.Mutex
	traces  recent[traceKey, memory]
	issues  recent[issueKey, struct{}]
	agents  recent[agentKey, *usual]
	budgets recent[model.ProjectID, *bucket]
}

// What is remembered at the most, twice over.
const (
	maxTraces = 50_000
	maxIssues = 50_000
	maxAgents = 2_000
)

// NewJudge returns a judge by that clock; nil is time.Now.
func NewJudge(now func() time.Time) *Judge {
	if now == nil {
		now = time.Now
	}
	j := &Judge{now: now}
	j.traces.most, j.issues.most, j.agents.most, j.budgets.most = maxTraces, maxIssues, maxAgents, maxAgents
	return j
}

// Judge returns what becomes of a batch, which was assembled and grouped, and is not changed.
func (j *Judge) Judge(b *model.Batch, s *settings.Sampling) Result {
	l := lookAt(b)
	if !l.spans && !l.events || l.feedback {
		return Result{}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	h := &hearing{Judge: j, Batch: b, set: s, look: l, at: j.now()}
	h.remark = h.remarkable()
	if l.spans {
		return h.judgeTraces()
	}
	return h.judgeEvents()
}

// hearing is the judging of one batch.
type hearing struct {
	*Judge
	*model.Batch
	set    *settings.Sampling
	look   look
	at     time.Time
	remark Reason // empty: nothing about it is remarkable
}
