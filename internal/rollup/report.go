package rollup

import (
	"slices"

	"relay.one/picket/internal/model"
)

// reportOf returns what events say of an execution that its spans do not, as package
// agent takes it over: of several, the last that says how it ended; nil for none.
func reportOf(b *model.Batch, x *model.Execution) *model.Report {
	var told *model.Event
	for i := range b.Events {
		e := &b.Events[i]
		if e.Report == nil || e.Execution != x.ID {
			continue
		}
		if told == nil || outranks(e, told) {
			told = e
		}
	}
	if told == nil {
		return nil
	}
	return told.Report
}

// outranks reports whether the report of a counts rather than that of b.
func outranks(a, b *model.Event) bool {
	if ends := a.Report.Outcome != model.OutcomeRunning; ends != (b.Report.Outcome != model.OutcomeRunning) {
		return ends
	}
	if c := a.Timestamp.Compare(b.Timestamp); c != 0 {
		return c > 0
	}
	return slices.Compare(a.ID[:], b.ID[:]) > 0
}

// addReport counts the calls and the tokens that a report tells of, where the
// execution has no spans that do.
func (w where) addReport(b *model.Batch, x *model.Execution, r *model.Report) {
	owners := w.owners(x.Agent.ID, x.Organization)
	if x.ModelCalls == 0 {
		w.each(owners, func(c *Counters) {
			c.addUsage(x.Usage, w.sign)
			c.Add(CostNanos, w.sign*x.Cost.Nanos)
		})
	}
	if !has(b, x, func(s *model.Span) bool { return s.Kind == model.SpanTool }) {
		for i := range r.Tools {
			w.addReported(x, &r.Tools[i])
		}
	}
	if has(b, x, func(s *model.Span) bool { return s.Kind == model.SpanPolicy || s.Policy.Name != "" }) {
		return
	}
	for i := range r.Policies {
		if r.Policies[i].Name != "" {
			w.addVerdict(x.Agent.ID, x.Organization, &r.Policies[i])
		}
	}
}

// has reports whether the execution has such a span.
func has(b *model.Batch, x *model.Execution, is func(*model.Span) bool) bool {
	for i := range b.Spans {
		if s := &b.Spans[i]; s.Execution == x.ID && is(s) {
			return true
		}
	}
	return false
}

func (w where) addReported(x *model.Execution, t *model.ReportedCall) {
	w.each(w.both(Tool, x.Agent.ID, t.Name), func(c *Counters) {
		c.Add(Calls, w.sign)
		if t.Failed {
			c.Add(CallErrors, w.sign)
		}
		if t.Duration > 0 {
			c.addDurations(milliseconds(t.Duration), w.sign)
		}
	})
}
