package agent

import (
	"cmp"
	"slices"

	"relay.one/picket/internal/model"
)

// forest is the spans of a batch by parent. Spans are named by their index.
type forest struct {
	*model.Batch
	nodes []node
	// order has parents before their children.
	order []int
	index map[spanKey]int // nil while there are few spans
	// carriers is filled when first asked for.
	carriers carriers
}

// node is what is known of a span beside the span.
type node struct {
	parent int // none when it is not in the batch
	above  int // the nearest agent span above; none
	orphan bool
	double bool // another span has the same id and counts
	begins bool // an agent span that begins an execution
	seen   uint8
	calls  bool // a model span stands below
	spent  bool // a model span that used tokens stands below
	inCall bool // a model call that counts stands above
	inner  int  // tool spans: the last of its own calls on the wire; none
	// execution is where the book has the span's execution, if it has one.
	execution int
}

const none = -1

// fewSpans is up to how many spans a search beats a map.
const fewSpans = 24

type spanKey struct {
	trace model.TraceID
	id    model.SpanID
}

func newForest(b *model.Batch) *forest {
	f := &forest{Batch: b, nodes: make([]node, len(b.Spans)), order: make([]int, 0, len(b.Spans))}
	if len(b.Spans) > fewSpans {
		f.index = make(map[spanKey]int, len(b.Spans))
		for i := range b.Spans {
			k := spanKey{b.Spans[i].Trace, b.Spans[i].ID}
			if other, ok := f.index[k]; !ok || f.better(i, other) {
				f.index[k] = i
			}
		}
	}
	return f
}

// find returns the span with that id, or none.
func (f *forest) find(trace model.TraceID, id model.SpanID) int {
	if id.IsZero() {
		return none
	}
	if f.index != nil {
		if i, ok := f.index[spanKey{trace, id}]; ok {
			return i
		}
		return none
	}
	found := none
	for i := range f.Spans {
		if f.Spans[i].ID == id && f.Spans[i].Trace == trace && (found == none || f.better(i, found)) {
			found = i
		}
	}
	return found
}

// better reports which of two spans with one id counts, whatever their order.
func (f *forest) better(i, j int) bool {
	a, b := &f.Spans[i], &f.Spans[j]
	return cmp.Or(
		a.Start.Compare(b.Start),
		cmp.Compare(b.Duration, a.Duration),
		cmp.Compare(len(b.Attributes), len(a.Attributes)),
		cmp.Compare(a.Op, b.Op),
		cmp.Compare(a.Name, b.Name),
	) < 0
}

// grow links every span to its parent and brings them into order. Spans whose
// parent is missing are then put below the agent's run, where there is no doubt
// whose they are.
func (f *forest) grow() {
	orphans := false
	for i := range f.Spans {
		s, n := &f.Spans[i], &f.nodes[i]
		n.double = !s.ID.IsZero() && f.find(s.Trace, s.ID) != i
		n.parent = f.find(s.Trace, s.Parent)
		n.orphan = n.parent == none && !s.Parent.IsZero() && !s.Segment
		orphans = orphans || n.orphan
	}
	f.cutCycles()
	f.sort()
	if orphans && f.adopt() {
		f.sort()
	}
}

// Values of node.seen while cycles are looked for.
const (
	unseen uint8 = iota
	onPath
	done
)

// cutCycles makes every span of a ring of parents a root.
func (f *forest) cutCycles() {
	for i := range f.nodes {
		at := i
		for at != none && f.nodes[at].seen == unseen {
			f.nodes[at].seen = onPath
			at = f.nodes[at].parent
		}
		if at != none && f.nodes[at].seen == onPath {
			f.cut(at)
		}
		for at = i; at != none && f.nodes[at].seen == onPath; at = f.nodes[at].parent {
			f.nodes[at].seen = done
		}
	}
}

// cut takes the ring that i is on apart.
func (f *forest) cut(i int) {
	for f.nodes[i].parent != none {
		next := f.nodes[i].parent
		f.nodes[i].parent, f.nodes[i].seen = none, done
		i = next
	}
}

// sort puts parents before children and finds the agent span above each span.
func (f *forest) sort() {
	f.order = f.order[:0]
	for i := range f.nodes {
		f.nodes[i].seen = unseen
	}
	for i := range f.nodes {
		begin := len(f.order)
		for at := i; at != none && f.nodes[at].seen == unseen; at = f.nodes[at].parent {
			f.nodes[at].seen = done
			f.order = append(f.order, at)
		}
		slices.Reverse(f.order[begin:])
	}
	for _, i := range f.order {
		n := &f.nodes[i]
		switch {
		case n.parent == none:
			n.above = none
		case f.Spans[n.parent].Kind == model.SpanAgent:
			n.above = n.parent
		default:
			n.above = f.nodes[n.parent].above
		}
	}
}

// run is the only outermost agent span of a trace, and the root above it.
type run struct{ span, top int }

// adopt puts orphans below the only agent's run of their trace in the batch, if
// they began while it ran and it does not itself stand below them. It reports
// whether any was.
func (f *forest) adopt() bool {
	runs := f.onlyRuns()
	adopted := false
	for i := range f.nodes {
		n := &f.nodes[i]
		r, ok := runs[f.Spans[i].Trace]
		if !n.orphan || !ok || r.span == none || r.top == i || !f.during(i, r.span) {
			continue
		}
		n.parent, adopted = r.span, true
	}
	return adopted
}

// onlyRuns returns the outermost agent span of each trace; its index is none where
// there are several.
func (f *forest) onlyRuns() map[model.TraceID]run {
	runs := map[model.TraceID]run{}
	for i := range f.nodes {
		s := &f.Spans[i]
		if s.Kind != model.SpanAgent || f.nodes[i].above != none || f.nodes[i].double {
			continue
		}
		if _, several := runs[s.Trace]; several {
			runs[s.Trace] = run{none, none}
		} else {
			runs[s.Trace] = run{i, f.top(i)}
		}
	}
	return runs
}

// top returns the root above i, or i.
func (f *forest) top(i int) int {
	for f.nodes[i].parent != none {
		i = f.nodes[i].parent
	}
	return i
}

// during reports whether span i began while the run lasted.
func (f *forest) during(i, run int) bool {
	start, s := f.Spans[i].Start, &f.Spans[run]
	return !start.Before(s.Start) && !start.After(s.Start.Add(s.Duration))
}
