package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// journal is what happened in an execution, step by step.
type journal struct {
	run   *store.ExecutionTrace
	nodes []node // of the spans
	steps []step // in order
	sent  *papers
	talks map[string][]int // the steps in which an agent may have said or been told something
	heard map[int]speech   // what was said, by span
	tools map[int]toolSaid // what tools answered, by span
}

// node is where a span stands.
type node struct {
	parent int  // none when it is not there
	above  int  // the nearest span above that has an entry
	agent  int  // the nearest agent's span above
	depth  int  // how many spans with entries stand above
	own    bool // of this execution
	shown  bool // has an entry
	placed bool // above, agent and depth are known
}

// step is one moment to tell of: the beginning of a span, the end of an agent's, an
// error, or several spans in a row that are about no agent.
type step struct {
	at, until time.Time // until: the end of the span
	span      int       // none for an error that happened in no span
	event     int       // none for spans
	end       bool
	folded    int
	ops       []string
	inLoop    bool
}

const none = -1

type spanRef struct {
	trace model.TraceID
	id    model.SpanID
}

func newJournal(ctx context.Context, run *store.ExecutionTrace) *journal {
	j := &journal{run: run, nodes: make([]node, len(run.Trace.Spans)), sent: papersOf(ctx, run),
		talks: map[string][]int{}, heard: map[int]speech{}, tools: map[int]toolSaid{}}
	index := j.link()
	for i := range j.nodes {
		j.settle(i)
	}
	j.addSpans()
	j.addEvents(index)
	j.sort()
	j.fold()
	j.markLoop(index)
	for at := range j.steps {
		j.listen(at)
	}
	return j
}

// link finds the parents of the spans. Of several spans with one id the first counts.
func (j *journal) link() map[spanRef]int {
	spans := j.run.Trace.Spans
	index := make(map[spanRef]int, len(spans))
	for i := range spans {
		ref := spanRef{spans[i].Trace, spans[i].ID}
		if _, again := index[ref]; !again {
			index[ref] = i
			j.nodes[i].own = spans[i].Execution == j.run.ID
		}
	}
	for i := range spans {
		n := &j.nodes[i]
		parent, ok := index[spanRef{spans[i].Trace, spans[i].Parent}]
		n.parent = none
		if ok && parent != i {
			n.parent = parent
		}
		// Of another execution that was begun in this one, it shows when that ran.
		begun := spans[i].Execution != j.run.ID && n.parent != none && j.nodes[n.parent].own
		n.shown = n.own && spans[i].Kind != model.SpanOther || begun && spans[i].Kind == model.SpanAgent
	}
	return index
}

// settle finds what stands above a span. Every span of a ring of parents is a
// root, as for package agent.
func (j *journal) settle(i int) {
	var path []int
	for i != none && !j.nodes[i].placed {
		j.nodes[i].placed = true
		j.nodes[i].above, j.nodes[i].agent = none, none
		path = append(path, i)
		i = j.nodes[i].parent
	}
	if ring := slices.Index(path, i); ring >= 0 {
		for _, i := range path[ring:] {
			j.nodes[i].parent = none
		}
	}
	for _, i := range slices.Backward(path) {
		n := &j.nodes[i]
		if n.parent == none {
			continue
		}
		p := &j.nodes[n.parent]
		n.above, n.agent, n.depth = p.above, p.agent, p.depth
		if p.shown {
			n.above, n.depth = n.parent, p.depth+1
		}
		if j.run.Trace.Spans[n.parent].Kind == model.SpanAgent {
			n.agent = n.parent
		}
	}
}

func (j *journal) addSpans() {
	for i := range j.run.Trace.Spans {
		n, s := &j.nodes[i], &j.run.Trace.Spans[i]
		if !n.own && !n.shown {
			continue
		}
		one := step{at: s.Start, until: s.Start.Add(s.Duration), span: i, event: none}
		if !n.shown {
			one.folded = 1
		}
		j.steps = append(j.steps, one)
		if n.shown && s.Kind == model.SpanAgent {
			one.at, one.end = one.until, true
			j.steps = append(j.steps, one)
		}
	}
}

func (j *journal) addEvents(index map[spanRef]int) {
	for i := range j.run.Trace.Events {
		e := &j.run.Trace.Events[i]
		if e.Execution != j.run.ID || e.Kind != model.KindError && e.Kind != model.KindMessage {
			continue
		}
		span, ok := index[spanRef{e.Trace, e.Span}]
		if !ok {
			span = none
		}
		j.steps = append(j.steps, step{at: e.Timestamp, until: e.Timestamp, span: span, event: i})
	}
}

// sort brings the steps into order. At the same time, what stands above begins
// first and ends last.
func (j *journal) sort() {
	rank := func(s *step) (phase, depth int) {
		switch {
		case s.event != none:
			return 1, 0
		case s.end:
			return 2, -j.nodes[s.span].depth
		}
		return 0, j.nodes[s.span].depth
	}
	slices.SortStableFunc(j.steps, func(a, b step) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		p, d := rank(&a)
		q, e := rank(&b)
		return cmp.Or(cmp.Compare(p, q), cmp.Compare(d, e))
	})
}

// fold makes one step of the spans in a row that are about no agent.
func (j *journal) fold() {
	out := j.steps[:0]
	for _, s := range j.steps {
		if s.folded == 0 {
			out = append(out, s)
			continue
		}
		if len(out) == 0 || out[len(out)-1].folded == 0 {
			s.folded = 0
			out = append(out, s)
		}
		last := &out[len(out)-1]
		last.folded++
		if s.until.After(last.until) {
			last.until = s.until
		}
		if op := j.run.Trace.Spans[s.span].Op; len(last.ops) < maxShownOps && !slices.Contains(last.ops, op) {
			last.ops = append(last.ops, op)
		}
	}
	j.steps = out
}

// markLoop marks the calls of the execution's loop, and what its agent did between
// them: package agent says where the loop began and how many calls it has.
func (j *journal) markLoop(index map[spanRef]int) {
	first := none
	for _, trace := range j.run.Traces {
		if i, ok := index[spanRef{trace, j.run.Loop.Span}]; ok && j.nodes[i].own {
			first = i
		}
	}
	if j.run.Loop.Kind == model.NoLoop || first == none {
		return
	}
	agent := j.nodes[first].agent
	begin, end := none, none
	calls := j.run.Loop.Count
	for at := range j.steps {
		s := &j.steps[at]
		if s.span == first && s.event == none {
			begin = at
		}
		if begin != none && calls > 0 && j.isCall(s) && j.nodes[s.span].agent == agent {
			calls--
			end = at
		}
	}
	for at := max(begin, 0); at <= end; at++ {
		s := &j.steps[at]
		s.inLoop = s.span != none && j.isBelow(s.span, agent)
	}
}

func (j *journal) isCall(s *step) bool {
	return s.span != none && s.event == none && s.folded == 0 && j.nodes[s.span].own && j.run.Trace.Spans[s.span].Kind == model.SpanTool
}

// maxNesting is how many agents deep below another one is looked for.
const maxNesting = 16

func (j *journal) isBelow(span, agent int) bool {
	for range maxNesting {
		span = j.nodes[span].agent
		if span == agent {
			return true
		}
		if span == none {
			return false
		}
	}
	return false
}
