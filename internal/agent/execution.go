package agent

import (
	"cmp"
	"slices"
	"time"

	"relay.one/picket/internal/model"
)

// book gathers the executions of a batch, and at the same index their courses.
type book struct {
	list    []model.Execution
	courses []course
	byID    map[string]int // nil while there are few
}

// fewExecutions is up to how many executions a search beats a map.
const fewExecutions = 8

// executions sums up the executions that spans and events belong to. One whose
// agent span is in the batch has ended; of one whose agent span came or comes in
// another batch, this is a part.
func (f *forest) executions(r Rules) []model.Execution {
	var b book
	for _, i := range f.byStart() {
		if s := &f.Spans[i]; s.Execution != "" && !f.nodes[i].double {
			at := b.at(s.Execution, s.Start)
			f.nodes[i].execution = at
			f.addSpan(&b.list[at], &b.courses[at], i)
		}
	}
	for _, i := range f.eventsByTime() {
		b.addEvent(&f.Events[i])
	}
	f.bind(&b)
	for i := range b.list {
		b.courses[i].settle(&b.list[i], r)
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
		if c := a.Start.Compare(b.Start); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(b.Duration, a.Duration), slices.Compare(a.ID[:], b.ID[:]), slices.Compare(a.Trace[:], b.Trace[:]))
	})
	return f.order
}

// eventsByTime returns the events that belong to an execution, by time and each once.
func (f *forest) eventsByTime() []int {
	var order []int
	for i := range f.Events {
		if f.Events[i].Execution != "" {
			order = append(order, i)
		}
	}
	if len(order) < 2 {
		return order
	}
	slices.SortFunc(order, func(i, j int) int {
		a, b := &f.Events[i], &f.Events[j]
		return cmp.Or(a.Timestamp.Compare(b.Timestamp), slices.Compare(a.ID[:], b.ID[:]))
	})
	return slices.CompactFunc(order, func(i, j int) bool {
		return f.Events[i].ID == f.Events[j].ID && f.Events[i].ID != model.EventID{}
	})
}

// at returns where the execution with that id is, begun then at the latest.
func (b *book) at(id string, start time.Time) int {
	i := b.find(id)
	if i == none {
		i = len(b.list)
		b.list = append(b.list, model.Execution{ID: id, Start: start})
		b.courses = append(b.courses, course{root: none, failed: none})
		if b.byID != nil {
			b.byID[id] = i
		}
	}
	if x := &b.list[i]; !x.Ended && start.Before(x.Start) {
		x.Start = start
	}
	return i
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

func (f *forest) addSpan(x *model.Execution, c *course, i int) {
	s, n := &f.Spans[i], &f.nodes[i]
	if n.begins {
		if n.parent != none && f.Spans[n.parent].Execution != x.ID {
			fill(&x.Parent, f.Spans[n.parent].Execution)
		}
		if begin(x, s) {
			c.root = i
		}
	}
	describe(x, s)
	f.count(x, i)
	c.spans++
	if s.ErrorType != "" && (s.Kind == model.SpanModel || s.Kind == model.SpanTool) && (c.failed == none || f.later(i, c.failed)) {
		c.failed = i
	}
}

// begin makes s the run of the execution, and reports whether it ended it. Several
// agent spans under one id (the steps of a workflow) are one execution, from the start
// of the first to the end of the last, with the outcome of the last.
func begin(x *model.Execution, s *model.Span) bool {
	end := s.Start.Add(s.Duration)
	if !x.Ended {
		x.Trace, x.Span, x.Start, x.Agent = s.Trace, s.ID, s.Start, s.Agent
		x.Duration, x.SampleRate = 0, s.SampleRate
	}
	x.SampleRate = surer(x.SampleRate, s.SampleRate)
	if x.Ended && end.Before(x.Start.Add(x.Duration)) {
		return false
	}
	x.Ended = true
	x.Duration = end.Sub(x.Start)
	return true
}

// surer returns the rate at which more is sent: one span is enough to know of an
// execution.
func surer(a, b model.SampleRate) model.SampleRate {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}

// describe fills what the execution does not know of itself yet.
func describe(x *model.Execution, s *model.Span) {
	if x.Trace.IsZero() {
		x.Trace = s.Trace
	}
	if x.Agent.ID == "" {
		x.Agent = s.Agent
	}
	addTrace(&x.Traces, s.Trace)
	fill(&x.Conversation, s.Conversation)
	fill(&x.Organization, s.Organization)
	if x.UserKey == "" && s.User != (model.User{}) {
		x.UserKey = s.User.Key()
	}
	fill(&x.Release, s.Release)
	fill(&x.Environment, s.Environment)
}

// count adds what the span did. A policy may be evaluated on a span of its own or
// be noted on the call that it judged.
func (f *forest) count(x *model.Execution, i int) {
	s := &f.Spans[i]
	switch s.Kind {
	case model.SpanModel:
		x.ModelCalls++
		x.Usage.Add(s.Usage)
		x.Cost.Add(s.Cost)
		if s.Cost.Pricing == model.Unpriced {
			x.UnpricedCalls++
		}
		addModel(&x.Models, s.Provider, s.Model)
	case model.SpanTool:
		x.ToolCalls++
		addName(&x.Tools, s.Tool)
		if s.ErrorType != "" {
			x.ToolErrors++
			addName(&x.Failing, s.Tool)
		}
	}
	if s.Kind == model.SpanPolicy || s.Policy.Name != "" {
		countPolicy(x, &s.Policy)
	}
}

func countPolicy(x *model.Execution, p *model.Policy) {
	x.Evaluations++
	if p.Verdict.Violation() {
		x.Violations++
		addName(&x.Policies, p.Name)
	}
}

// addEvent adds what an event knows of its execution, and keeps in mind what it says
// of its end.
func (b *book) addEvent(e *model.Event) {
	start := e.Timestamp
	if e.Kind == model.KindTransaction && !e.Started.IsZero() {
		start = e.Started
	}
	at := b.at(e.Execution, start)
	x := &b.list[at]
	if x.Trace.IsZero() {
		x.Trace = e.Trace
	}
	if x.Agent.ID == "" {
		x.Agent = e.Agent
	}
	if !e.Trace.IsZero() {
		addTrace(&x.Traces, e.Trace)
	}
	fill(&x.Conversation, e.Conversation)
	fill(&x.Organization, e.Organization)
	fill(&x.UserKey, e.User.Key())
	fill(&x.Release, e.Release)
	fill(&x.Environment, e.Environment)
	b.courses[at].hear(e)
}
