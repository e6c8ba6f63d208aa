package agent

import (
	"time"

	"relay.one/picket/internal/model"
)

// conduct is what the agent that ended an execution did itself: what its sub-agents
// did stands for one step each.
type conduct struct {
	*course
	agent int   // its span
	steps []int // its model calls, tool calls and sub-agents, by start
	final int   // its last model call; none
}

// maxRelay is how many agents may hand on to a sub-agent alone before it counts as
// the agent itself.
const maxRelay = 8

// conduct finds the agent that did the work: the execution's own or, where that calls
// no model, the last of its sub-agents.
func (c *course) conduct() conduct {
	k := conduct{course: c, agent: c.root}
	for range maxRelay {
		k.look()
		if k.final != none {
			break
		}
		next := none
		for _, i := range k.steps {
			if c.Spans[i].Kind == model.SpanAgent && (next == none || c.later(i, next)) {
				next = i
			}
		}
		if next == none {
			break
		}
		k.agent = next
	}
	return k
}

// look gathers the steps of the agent.
func (k *conduct) look() {
	k.steps, k.final = k.steps[:0], none
	for _, i := range k.own {
		if k.nodes[i].above != k.agent {
			continue
		}
		switch k.Spans[i].Kind {
		case model.SpanModel:
			k.steps = append(k.steps, i)
			if k.final == none || k.later(i, k.final) {
				k.final = i
			}
		case model.SpanTool, model.SpanAgent:
			k.steps = append(k.steps, i)
		}
	}
}

// answer returns the span that tells what the agent answered: its last model call, if
// that succeeded and nothing was done after it; where it called no model, its own span.
func (k *conduct) answer() *model.Span {
	if k.final == none {
		return &k.Spans[k.agent]
	}
	s := &k.Spans[k.final]
	if s.ErrorType != "" {
		return nil
	}
	for _, i := range k.steps {
		if k.Spans[i].Kind != model.SpanModel && !k.Spans[i].Start.Before(s.Start) {
			return nil
		}
	}
	return s
}

// finished returns the answer if it ended so.
func (k *conduct) finished(f model.Finish) *model.Span {
	if s := k.answer(); s != nil && s.Signs.Finish == f {
		return s
	}
	return nil
}

// calledModelAfter returns how many model calls of the agent began then or later.
func (k *conduct) calledModelAfter(t time.Time) (n int) {
	for _, i := range k.steps {
		if s := &k.Spans[i]; s.Kind == model.SpanModel && !s.Start.Before(t) {
			n++
		}
	}
	return n
}

// worked reports whether a tool call or a sub-agent among the steps began then or later,
// and succeeded; not counting one span.
func (k *conduct) worked(t time.Time, but int) bool {
	for _, i := range k.own {
		s := &k.Spans[i]
		if i != but && (s.Kind == model.SpanTool || s.Kind == model.SpanAgent) && s.ErrorType == "" &&
			s.Policy.Verdict != model.VerdictDeny && !s.Start.Before(t) {
			return true
		}
	}
	return false
}

// nameOf names a call in a reason: provider and model, or the tool.
func nameOf(s *model.Span) string {
	name := s.Name
	switch s.Kind {
	case model.SpanTool:
		name = s.Tool
	case model.SpanModel:
		name = s.Model
	case model.SpanAgent:
		name = s.Agent.Name
	}
	if name == "" {
		return "it"
	}
	return name
}
