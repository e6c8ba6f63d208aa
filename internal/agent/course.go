package agent

import (
	"relay.one/picket/internal/model"
)

// course is how an execution went: what its end is judged by.
type course struct {
	*forest
	root   int // the agent span that ended it; none
	failed int // the last of its calls that failed; none
	// report is the event that tells of the whole execution, crash and last its last
	// unhandled and its last error, one that says what went wrong if any does; nil when
	// there is none.
	report, crash, last *model.Event

	spans int   // how many it has
	own   []int // these, by start
}

// bind gives every course its spans.
func (f *forest) bind(b *book) {
	total := 0
	for i := range b.courses {
		total += b.courses[i].spans
	}
	all := make([]int, total)
	for i := range b.courses {
		c := &b.courses[i]
		c.forest, c.own, all = f, all[:0:c.spans], all[c.spans:]
	}
	for _, i := range f.order {
		if n := &f.nodes[i]; !n.double && f.Spans[i].Execution != "" {
			c := &b.courses[n.execution]
			c.own = append(c.own, i)
		}
	}
}

// hear takes note of an event; they come by time.
func (c *course) hear(e *model.Event) {
	if e.Report != nil && (c.report == nil || e.Report.Outcome != model.OutcomeRunning || c.report.Report.Outcome == model.OutcomeRunning) {
		c.report = e
	}
	if e.Level < model.LevelError || e.Kind != model.KindError && e.Kind != model.KindMessage {
		return
	}
	if c.last == nil || typed(e) || !typed(c.last) {
		c.last = e
	}
	if e.Handled == model.No {
		c.crash = e
	}
}

// typed reports whether the event says what went wrong. What a logger writes about an
// error, after it, does not.
func typed(e *model.Event) bool { return e.Type != "" || e.Fault != "" }

// settle decides how the execution ended: as the client said, on the agent's span or
// in a report; else by the status of the span; else by an error that nobody handled;
// else by the rules. Errors that were handled say nothing.
func (c *course) settle(x *model.Execution, r Rules) {
	steps := c.tellReport(x)
	x.Outcome, x.Reason = c.said()
	switch {
	case x.Outcome != model.OutcomeRunning:
		x.Ended = true
	case c.root == none:
	case c.Spans[c.root].Status.Failed() || c.Spans[c.root].ErrorType != "" || c.crash != nil:
		x.Outcome = model.OutcomeError
	default:
		x.Outcome = model.OutcomeOK
		c.judge(x, r)
	}
	if x.Outcome == model.OutcomeError || x.Outcome == model.OutcomeFailed {
		c.explain(x)
	}
	x.Loop = c.loop(steps)
}

// said returns how the client said that the execution ended, and why.
func (c *course) said() (model.Outcome, string) {
	o, reason := model.OutcomeRunning, ""
	if c.root != none {
		o, reason = c.Spans[c.root].Signs.Outcome, c.Spans[c.root].Signs.Reason
	}
	if o == model.OutcomeRunning && c.report != nil {
		o, reason = c.report.Report.Outcome, c.report.Report.Reason
	}
	if o == model.OutcomeOK {
		reason = ""
	}
	return o, reason
}

// explain fills in why the execution did not end well: from the most particular to
// the name of a status. What a rule saw is all that there is to say.
func (c *course) explain(x *model.Execution) {
	if x.Rule != "" {
		return
	}
	if c.root != none {
		s := &c.Spans[c.root]
		if s.ErrorType != s.Status.String() {
			fill(&x.Reason, s.ErrorType)
		}
		fill(&x.Fault, s.Signs.Fault)
	}
	for _, e := range [...]*model.Event{c.crash, c.last} {
		if e != nil {
			fill(&x.Reason, e.Type)
			fill(&x.Fault, e.Fault)
		}
	}
	if c.failed != none {
		fill(&x.Fault, c.Spans[c.failed].Signs.Fault)
		if x.Outcome == model.OutcomeError && c.root != none && c.Spans[c.root].ErrorType != "" {
			fill(&x.Reason, c.Spans[c.failed].ErrorType)
		}
	}
	if c.root != none {
		fill(&x.Reason, c.Spans[c.root].ErrorType)
	}
}

// tellReport adds what a report tells and no spans do: calls, policies, usage and, where
// no agent span arrived, the times. It returns the tool calls that it took over.
func (c *course) tellReport(x *model.Execution) (steps []model.ReportedCall) {
	if c.report == nil {
		return nil
	}
	r := c.report.Report
	if r.Outcome != model.OutcomeRunning {
		x.SampleRate = 0 // events are not sampled as traces are: it would be known anyway
	}
	if c.root == none && r.Outcome != model.OutcomeRunning {
		x.Duration = r.Duration
		if x.Span.IsZero() {
			x.Span = c.report.Span
		}
		if r.Timed {
			x.Start = c.report.Timestamp.Add(-x.Duration)
		}
	}
	if x.ModelCalls == 0 {
		x.Usage, x.Cost = r.Usage, r.Cost
	}
	if x.Evaluations == 0 {
		for i := range r.Policies {
			countPolicy(x, &r.Policies[i])
		}
	}
	if x.ToolCalls > 0 {
		return nil
	}
	for i := range r.Tools {
		countReported(x, &r.Tools[i])
	}
	return r.Tools
}

func countReported(x *model.Execution, t *model.ReportedCall) {
	x.ToolCalls++
	addName(&x.Tools, t.Name)
	if t.Failed {
		x.ToolErrors++
		addName(&x.Failing, t.Name)
	}
}
