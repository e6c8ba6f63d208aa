package agent

import (
	"cmp"
	"slices"
	"time"

	"relay.one/picket/internal/model"
)

// book gathers what a batch knows of executions.
type book struct {
	list []model.Execution
	byID map[string]int // nil while there are few
}

// fewExecutions is up to how many executions a search beats a map.
const fewExecutions = 8

// executions sums up the executions that spans and events belong to. One whose
// agent span is in the batch has ended; of one whose agent span came or comes in
// another batch, this is a part.
func (f *forest) executions() []model.Execution {
	var b book
	for _, i := range f.byStart() {
		if s := &f.Spans[i]; s.Execution != "" && !f.nodes[i].double {
			x := b.get(s.Execution, s.Start)
			if f.nodes[i].begins {
				begin(x, s)
			}
			describe(x, s)
			count(x, s)
		}
	}
	for i := range f.Events {
		if e := &f.Events[i]; e.Execution != "" {
			b.addEvent(e)
		}
	}
	slices.SortFunc(b.list, func(x, y model.Execution) int {
		return cmp.Or(x.Start.Compare(y.Start), cmp.Compare(x.ID, y.ID))
	})
	return b.list
}

// byStart orders the spans by time, so that the first to say something is the
// earliest.
func (f *forest) byStart() []int {
	slices.SortFunc(f.order, func(i, j int) int {
		a, b := &f.Spans[i], &f.Spans[j]
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(b.Duration, a.Duration),
			slices.Compare(a.ID[:], b.ID[:]), slices.Compare(a.Trace[:], b.Trace[:]))
	})
	return f.order
}

// get returns the execution with that id, begun then at the latest.
func (b *book) get(id string, start time.Time) *model.Execution {
	i := b.find(id)
	if i == none {
		i = len(b.list)
		b.list = append(b.list, model.Execution{ID: id, Start: start})
		if b.byID != nil {
			b.byID[id] = i
		}
	}
	x := &b.list[i]
	if !x.Ended && start.Before(x.Start) {
		x.Start = start
	}
	return x
}

func (b *book) find(id string) int {
	if b.byID == nil {
		if len(b.list) <= fewExecutions {
			return slices.IndexFunc(b.list, func(x model.Execution) bool { return x.ID == id })
		}
		b.byID = make(map[string]int, 2*len(b.list))
		for i := range b.list {
			b.byID[b.list[i].ID] = i
		}
	}
	if i, ok := b.byID[id]; ok {
		return i
	}
	return none
}

// begin makes s the run of the execution. Several agent spans under one id (the
// steps of a workflow) are one execution, from the start of the first to the end of
// the last, with the outcome of the last.
func begin(x *model.Execution, s *model.Span) {
	end := s.Start.Add(s.Duration)
	if !x.Ended {
		x.Trace, x.Span, x.Start, x.Agent = s.Trace, s.ID, s.Start, s.Agent
		x.Duration = 0
	}
	if x.Ended && end.Before(x.Start.Add(x.Duration)) {
		return
	}
	x.Ended = true
	x.Duration = end.Sub(x.Start)
	x.Outcome, x.Reason = outcomeOf(s)
}

// outcomeOf tells how an agent's run ended: as the agent said, else by the span.
func outcomeOf(s *model.Span) (o model.Outcome, reason string) {
	switch o = s.Signs.Outcome; {
	case o != model.OutcomeRunning:
	case s.Status.Failed() || s.ErrorType != "":
		o = model.OutcomeError
	default:
		o = model.OutcomeOK
	}
	if o == model.OutcomeOK {
		return o, ""
	}
	if reason = s.Signs.Reason; reason == "" {
		reason = s.ErrorType
	}
	return o, reason
}

// parseOutcome reads the name of an outcome that ends an execution.
func parseOutcome(name string) (o model.Outcome, ok bool) {
	for o = model.OutcomeOK; o <= model.OutcomeFailed; o++ {
		if name == o.String() {
			return o, true
		}
	}
	return model.OutcomeRunning, false
}

// describe fills what the execution does not know of itself yet.
func describe(x *model.Execution, s *model.Span) {
	if x.Trace.IsZero() {
		x.Trace = s.Trace
	}
	if x.Agent.ID == "" {
		x.Agent = s.Agent
	}
	fill(&x.Conversation, s.Conversation)
	fill(&x.Organization, s.Organization)
	fill(&x.UserKey, s.User.Key())
	fill(&x.Release, s.Release)
	fill(&x.Environment, s.Environment)
}

// count adds what the span did. A policy may be evaluated on a span of its own or
// be noted on the call that it judged.
func count(x *model.Execution, s *model.Span) {
	switch s.Kind {
	case model.SpanModel:
		x.ModelCalls++
		x.Usage.Add(s.Usage)
		x.Cost.Add(s.Cost)
		if s.Cost.Pricing == model.Unpriced {
			x.UnpricedCalls++
		}
	case model.SpanTool:
		x.ToolCalls++
		if s.ErrorType != "" {
			x.ToolErrors++
		}
	}
	if s.Kind == model.SpanPolicy || s.Policy.Name != "" {
		x.Evaluations++
		if s.Policy.Verdict.Violation() {
			x.Violations++
		}
	}
}

// addEvent adds what an event knows of its execution, and how that ended, if the
// event says so and no span does.
func (b *book) addEvent(e *model.Event) {
	start := e.Timestamp
	if e.Kind == model.KindTransaction && !e.Started.IsZero() {
		start = e.Started
	}
	x := b.get(e.Execution, start)
	if x.Trace.IsZero() {
		x.Trace = e.Trace
	}
	if x.Agent.ID == "" {
		x.Agent = e.Agent
	}
	fill(&x.Conversation, e.Conversation)
	fill(&x.Organization, e.Organization)
	fill(&x.UserKey, e.User.Key())
	fill(&x.Release, e.Release)
	fill(&x.Environment, e.Environment)
	if !x.Ended && e.Report != nil {
		tellReport(x, e)
	}
}
