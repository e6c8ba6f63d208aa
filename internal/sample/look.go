package sample

import (
	"slices"

	"relay.one/picket/internal/model"
)

// look is what a batch turns out to hold.
type look struct {
	events, errors bool // errors and messages; errors alone
	feedback       bool
	spans          bool            // or transactions
	traces         []model.TraceID // distinct; of the spans, else of the events
	root           int             // the span that a trace begins with; none
	complete       bool            // every trace is here from its root on, and nothing in it still runs
}

const none = -1

func lookAt(b *model.Batch) look {
	l := look{root: none, spans: len(b.Spans) > 0}
	for i := range b.Events {
		e := &b.Events[i]
		switch {
		case e.Kind == model.KindTransaction:
			l.spans = true
		case e.Kind == model.KindFeedback:
			l.feedback = true
		default:
			l.events = true
			l.errors = l.errors || isError(e)
		}
	}
	for i := range b.Spans {
		l.addTrace(b.Spans[i].Trace)
	}
	for i := range b.Events {
		l.addTrace(b.Events[i].Trace)
	}
	if l.spans {
		l.root = slices.IndexFunc(b.Spans, func(s model.Span) bool { return s.Parent.IsZero() })
		l.complete = isComplete(b)
	}
	return l
}

func isError(e *model.Event) bool {
	return e.Kind == model.KindError || e.Kind == model.KindMessage && e.Level >= model.LevelError
}

func (l *look) addTrace(id model.TraceID) {
	if n := len(l.traces); id.IsZero() || n > 0 && l.traces[n-1] == id || slices.Contains(l.traces, id) {
		return
	}
	l.traces = append(l.traces, id)
}

// isComplete reports whether every span is below one in the batch that has no parent,
// and every execution has ended: then nothing more is expected.
func isComplete(b *model.Batch) bool {
	for i := range b.Executions {
		if !b.Executions[i].Ended {
			return false
		}
	}
	ids := make(map[model.SpanID]bool, len(b.Spans))
	for i := range b.Spans {
		ids[b.Spans[i].ID] = true
	}
	for i := range b.Spans {
		if p := b.Spans[i].Parent; !p.IsZero() && !ids[p] {
			return false
		}
	}
	return true
}

// remarkable returns what about the batch is worth keeping whatever the rates; empty
// for nothing.
func (h *hearing) remarkable() Reason {
	unusual := h.unusual() // which learns, and so comes first
	for _, found := range [...]Reason{outcomes(h.Executions), signs(h.Spans), transactions(h.Batch)} {
		if found != "" {
			return found
		}
	}
	if h.look.spans && h.look.errors {
		return ErrorEvent
	}
	return unusual
}

func outcomes(list []model.Execution) Reason {
	for i := range list {
		switch x := &list[i]; {
		case x.Outcome == model.OutcomeError:
			return Errored
		case x.Outcome == model.OutcomeFailed:
			return Failed
		case x.Violations > 0:
			return Violated
		case x.Loop.Kind != model.NoLoop:
			return Looped
		case x.Fault != "":
			return Faulted
		}
	}
	return ""
}

func signs(spans []model.Span) Reason {
	for i := range spans {
		switch s := &spans[i]; {
		case s.Policy.Verdict.Violation():
			return Violated
		case s.Signs.Fault != "":
			return Faulted
		}
	}
	return ""
}

// transactions looks at how transactions, and segments that came without one, ended.
func transactions(b *model.Batch) Reason {
	for i := range b.Events {
		if e := &b.Events[i]; e.Kind == model.KindTransaction && e.Status.Failed() {
			return Errored
		}
	}
	for i := range b.Spans {
		if s := &b.Spans[i]; s.Segment && s.Status.Failed() {
			return Errored
		}
	}
	return ""
}
