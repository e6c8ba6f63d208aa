package agent

import (
	"cmp"
	"slices"

	"relay.one/picket/internal/model"
)

// pickLeaves decides which of nested model and tool spans count. One call of a
// model is often seen twice: a framework's span around a client's, both with the
// tokens. The leaf-most span with tokens is the call; where none has any, the leaf-most
// one is. Likewise a tool span directly around one of the same tool (a framework's
// around an MCP client's) is one call, the outer one. What does not count becomes
// SpanOther, without usage and cost; its payload still tells.
func (f *forest) pickLeaves() {
	f.lookBelow()
	for _, i := range f.order {
		f.nodes[i].inCall = f.insideCall(i)
		switch f.Spans[i].Kind {
		case model.SpanModel:
			f.pickModel(i)
		case model.SpanTool:
			f.pickTool(i)
		}
	}
	f.failTools()
}

// lookBelow tells every span what stands below it.
func (f *forest) lookBelow() {
	for at := len(f.order) - 1; at >= 0; at-- {
		i := f.order[at]
		s, n := &f.Spans[i], &f.nodes[i]
		n.inner = none
		if n.parent == none || n.double {
			continue
		}
		p := &f.nodes[n.parent]
		isModel := s.Kind == model.SpanModel
		p.calls = p.calls || n.calls || isModel
		p.spent = p.spent || n.spent || isModel && used(s)
	}
}

func (f *forest) pickModel(i int) {
	s, n := &f.Spans[i], &f.nodes[i]
	wraps := n.spent || n.calls && !used(s)
	if wraps || n.inCall || n.double {
		s.Kind, s.Usage, s.Cost = model.SpanOther, model.Usage{}, model.Cost{}
	}
}

// insideCall reports whether the span is part of a model call that counts. Those
// above have been decided already. A tool or an agent that runs inside of a call makes
// calls of its own.
func (f *forest) insideCall(i int) bool {
	switch p := f.nodes[i].parent; {
	case p == none || f.Spans[i].Kind == model.SpanTool || f.Spans[i].Kind == model.SpanAgent:
		return false
	default:
		return f.nodes[p].inCall || f.Spans[p].Kind == model.SpanModel
	}
}

func (f *forest) pickTool(i int) {
	n := &f.nodes[i]
	if n.double {
		f.Spans[i].Kind = model.SpanOther
		return
	}
	outer := n.parent
	for outer != none && f.Spans[outer].Kind == model.SpanOther {
		outer = f.nodes[outer].parent
	}
	if outer == none || f.Spans[outer].Kind != model.SpanTool || f.Spans[outer].Tool != f.Spans[i].Tool {
		return
	}
	f.Spans[i].Kind = model.SpanOther
	if last := &f.nodes[outer].inner; *last == none || f.later(i, *last) {
		*last = i
	}
}

// later reports which of two spans ended last.
func (f *forest) later(i, j int) bool {
	a, b := &f.Spans[i], &f.Spans[j]
	return cmp.Or(a.Start.Add(a.Duration).Compare(b.Start.Add(b.Duration)), slices.Compare(a.ID[:], b.ID[:])) > 0
}

// failTools gives a tool call the error of its last call on the wire.
func (f *forest) failTools() {
	for i := range f.nodes {
		if last := f.nodes[i].inner; last != none {
			fill(&f.Spans[i].ErrorType, f.Spans[last].ErrorType)
		}
	}
}
