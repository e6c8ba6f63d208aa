package agent

import (
	"encoding/hex"

	"relay.one/picket/internal/model"
)

// inherit gives every span what it does not say of its owner: from its parent,
// else from its transaction. An outermost agent span, and one that names an execution
// of its own, begins an execution; agents below belong to the execution of the one
// above and keep their own name.
func (f *forest) inherit() {
	for _, i := range f.order {
		s, n := &f.Spans[i], &f.nodes[i]
		if n.parent != none {
			f.fromSpan(s, n, &f.Spans[n.parent])
		} else if e := f.eventOf(s); e != nil {
			f.fromEvent(s, e)
		}
		settle(&s.Agent)
		if s.Kind != model.SpanAgent {
			continue
		}
		if s.Execution == "" {
			s.Execution = derivedID(s)
		}
		n.begins = !n.double && (n.above == none || s.Execution != f.Spans[n.above].Execution)
	}
}

func (f *forest) fromSpan(s *model.Span, n *node, parent *model.Span) {
	inheritAgent(s, parent.Agent, n.above == none)
	fill(&s.Execution, parent.Execution)
	fill(&s.Conversation, parent.Conversation)
	fill(&s.Organization, parent.Organization)
	if s.User == (model.User{}) {
		s.User = parent.User
	}
}

func (f *forest) fromEvent(s *model.Span, e *model.Event) {
	inheritAgent(s, e.Agent, true)
	fill(&s.Execution, e.Execution)
	fill(&s.Conversation, e.Conversation)
	fill(&s.Organization, e.Organization)
	if s.User == (model.User{}) {
		s.User = e.User
	}
}

// eventOf returns the transaction that a span came in or, for one that came in a
// container, the only transaction of its trace.
func (f *forest) eventOf(s *model.Span) *model.Event {
	if len(f.Events) == 0 {
		return nil
	}
	if e := &f.Events[0]; len(f.Events) == 1 { // as nearly always
		if e.Kind == model.KindTransaction && (s.Event == e.ID || s.Event.IsZero() && s.Trace == e.Trace) {
			return e
		}
		return nil
	}
	if f.carriers.byID == nil {
		f.carriers = carriersOf(f.Events)
	}
	if !s.Event.IsZero() {
		return f.carriers.byID[s.Event]
	}
	return f.carriers.only[s.Trace]
}

// carriers are the transactions that spans came in or beside.
type carriers struct {
	byID map[model.EventID]*model.Event
	only map[model.TraceID]*model.Event // nil where a trace has several
}

func carriersOf(events []model.Event) carriers {
	c := carriers{map[model.EventID]*model.Event{}, map[model.TraceID]*model.Event{}}
	for i := range events {
		e := &events[i]
		if _, again := c.byID[e.ID]; again || e.Kind != model.KindTransaction {
			continue
		}
		c.byID[e.ID] = e
		if _, several := c.only[e.Trace]; several {
			c.only[e.Trace] = nil
		} else {
			c.only[e.Trace] = e
		}
	}
	return c
}

// derivedID names an execution that nobody named: by trace and span.
func derivedID(s *model.Span) string {
	var b [2*len(s.Trace) + 1 + 2*len(s.ID)]byte
	hex.Encode(b[:], s.Trace[:])
	b[2*len(s.Trace)] = '-'
	hex.Encode(b[2*len(s.Trace)+1:], s.ID[:])
	return string(b[:])
}

// tellEvents gives events the owner of the span that they happened in.
func (f *forest) tellEvents() {
	for i := range f.Events {
		e := &f.Events[i]
		at := f.find(e.Trace, e.Span)
		if at == none {
			continue
		}
		s := &f.Spans[at]
		if e.Agent.ID == "" && e.Agent.Name == "" {
			e.Agent = s.Agent
		} else if sameAgent(e.Agent, s.Agent) {
			complete(&e.Agent, s.Agent)
		}
		fill(&e.Execution, s.Execution)
		fill(&e.Conversation, s.Conversation)
		fill(&e.Organization, s.Organization)
	}
}
