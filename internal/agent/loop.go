package agent

import (
	"cmp"
	"slices"
	"time"

	"relay.one/picket/internal/model"
)

// From how many rounds on a repetition is a loop.
const (
	minRepeats    = 3
	minPairs      = 3
	minErrors     = 3
	minNoProgress = 8
)

// round is what an agent did at one time: a tool call or several in parallel, which is
// no repetition, however alike they are.
type round struct {
	call   uint64 // what was called, in any order; zero when not known
	result uint64 // what came back; zero when not known
	fault  uint64 // which tools failed, and how; zero unless all did
	calls  int
	span   int // the first; none for a reported one
	start  time.Time
	end    time.Time
}

// found is a loop among the rounds [from, to). Of its rounds, those from burned on would
// not have been missed.
type found struct {
	kind             model.LoopKind
	from, to, burned int
}

// loop returns the longest loop of the execution. Every agent in it goes round by
// itself. Calls that only a report tells of are looked at where no spans tell of any.
func (c *course) loop(reported []model.ReportedCall) (longest model.Loop) {
	if len(reported) >= minRepeats {
		return c.longest(none, reportedRounds(reported))
	}
	calls := c.toolCalls()
	for len(calls) > 0 {
		agent, n := c.nodes[calls[0]].above, 1
		for n < len(calls) && c.nodes[calls[n]].above == agent {
			n++
		}
		if n >= minRepeats {
			if l := c.longest(agent, c.rounds(calls[:n])); longer(&l, &longest) {
				longest = l
			}
		}
		calls = calls[n:]
	}
	return longest
}

// longer orders loops, whatever order they are found in.
func longer(a, b *model.Loop) bool {
	return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind), a.Start.Compare(b.Start), slices.Compare(a.Span[:], b.Span[:])) < 0
}

// toolCalls returns the execution's tool calls, those of one agent together and by
// start; nothing where there are too few for a loop.
func (c *course) toolCalls() []int {
	n := 0
	for _, i := range c.own {
		if c.Spans[i].Kind == model.SpanTool {
			n++
		}
	}
	if n < minRepeats {
		return nil
	}
	calls := make([]int, 0, n)
	sorted := true
	for _, i := range c.own {
		if c.Spans[i].Kind == model.SpanTool {
			sorted = sorted && (len(calls) == 0 || c.nodes[calls[len(calls)-1]].above <= c.nodes[i].above)
			calls = append(calls, i)
		}
	}
	if !sorted {
		slices.SortStableFunc(calls, func(i, j int) int { return cmp.Compare(c.nodes[i].above, c.nodes[j].above) })
	}
	return calls
}

// rounds puts calls that ran at the same time together.
func (c *course) rounds(calls []int) []round {
	out := make([]round, 0, len(calls))
	for _, i := range calls {
		s := &c.Spans[i]
		one := round{call: s.Signs.Call, result: s.Signs.Result, calls: 1, span: i, start: s.Start, end: s.Start.Add(s.Duration)}
		if s.ErrorType != "" {
			one.fault = mix(mix(hashValue(s.Tool), hashValue(s.ErrorType)), hashValue(s.Signs.Fault))
		}
		if n := len(out); n > 0 && one.start.Before(out[n-1].end) {
			out[n-1].join(&one)
		} else {
			out = append(out, one)
		}
	}
	return out
}

// join adds a call that ran in parallel.
func (r *round) join(o *round) {
	r.calls++
	if o.end.After(r.end) {
		r.end = o.end
	}
	both := func(a, b uint64) uint64 {
		if a == 0 || b == 0 {
			return 0
		}
		return max(1, a+b)
	}
	r.call, r.result, r.fault = both(r.call, o.call), both(r.result, o.result), both(r.fault, o.fault)
}

func reportedRounds(calls []model.ReportedCall) []round {
	out := make([]round, len(calls))
	for i := range calls {
		out[i] = round{call: calls[i].Call, calls: 1, span: none}
		if calls[i].Failed {
			out[i].fault = hashValue(calls[i].Name)
		}
	}
	return out
}

// longest returns the longest loop among an agent's rounds, told in full.
func (c *course) longest(agent int, rounds []round) (out model.Loop) {
	var best found
	bestCalls := 0
	for _, search := range [...]func([]round) found{repeats, alternates, sameErrors, noProgress} {
		f := search(rounds)
		calls := 0
		for i := f.from; i < f.to; i++ {
			calls += rounds[i].calls
		}
		if calls > bestCalls {
			best, bestCalls = f, calls
		}
	}
	if best.kind == model.NoLoop {
		return out
	}
	first := &rounds[best.from]
	out = model.Loop{Kind: best.kind, Start: first.start, Count: bestCalls}
	if first.span != none {
		out.Span = c.Spans[first.span].ID
		c.burn(&out, agent, rounds[best.burned-1].end, rounds[best.to-1].end)
	}
	return out
}

// burn adds what the agent, and what stands below it, spent on models between the
// first time and the last repetition.
func (c *course) burn(l *model.Loop, agent int, from, to time.Time) {
	for _, i := range c.own {
		s := &c.Spans[i]
		if s.Kind == model.SpanModel && !s.Start.Before(from) && s.Start.Before(to) && c.isBelow(i, agent) {
			l.Usage.Add(s.Usage)
			l.Cost.Add(s.Cost)
		}
	}
}

// maxNesting is how many agents deep the spending of a loop is looked for.
const maxNesting = 16

func (c *course) isBelow(i, agent int) bool {
	for range maxNesting {
		i = c.nodes[i].above
		if i == agent {
			return true
		}
		if i == none {
			return false
		}
	}
	return false
}
