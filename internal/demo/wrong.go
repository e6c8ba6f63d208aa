package demo

import (
	"math/rand/v2"
	"time"
)

// goWrong bends a planned run: what a policy denies is not done, faults strike
// where their agent's odds say, and some agents turn in circles.
func (p *planner) goWrong(r *rand.Rand, x *run) {
	for i := range x.steps {
		if x.steps[i].verdict == "deny" {
			p.refuse(r, x, i)
			return
		}
	}
	if f := p.strike(r, x); f != nil {
		x.hit(f, r)
		return
	}
	if x.agent.rounds > 2 && r.IntN(60) == 0 {
		x.circle(r)
	}
}

// refuse ends the run after the step that was denied.
func (p *planner) refuse(r *rand.Rand, x *run, at int) {
	last := p.think(r, x, at, true)
	last.text = "I am not allowed to do that: " + x.fill.Replace(x.steps[at].policy.reason) + "."
	x.steps = append(x.steps[:at+1], last)
	x.outcome, x.reason = "failed", "policy_denied"
}

// strike draws the fault of a run, if one comes.
func (p *planner) strike(r *rand.Rand, x *run) *fault {
	n := r.IntN(1000)
	for _, o := range x.agent.faults {
		if n -= p.story.chance(o, x); n < 0 {
			return o.fault
		}
	}
	return nil
}

// hit makes a step of the right kind fail. What is retried is done again and the
// run goes on; else it ends there. A run without such a step is spared.
func (x *run) hit(f *fault, r *rand.Rand) {
	at := -1
	for i, s := range x.steps {
		if s.kind == thinking && f.inModel || s.kind == acting && !f.inModel {
			at = i
		}
	}
	if at < 0 {
		return
	}
	bad := x.steps[at]
	bad.fault, bad.took = f, jitter(r, 900*time.Millisecond)
	if f.key == "tool_timeout" {
		bad.took = 30 * time.Second
	}
	if f.inModel {
		bad.usage.output, bad.usage.reasoning, bad.finish = 0, 0, "error"
	}
	if f.retried && r.IntN(3) > 0 {
		rest := append([]step{bad}, x.steps[at:]...)
		x.steps = append(x.steps[:at], rest...)
		return
	}
	x.steps = append(x.steps[:at], bad)
	x.outcome, x.reason = "error", f.key
}

// circle makes the agent repeat its last tool call with the same arguments until it gives up.
func (x *run) circle(r *rand.Rand) {
	at := -1
	for i, s := range x.steps {
		if s.kind == acting {
			at = i
		}
	}
	if at < 1 {
		return
	}
	loop := []step{x.steps[at], x.steps[0]}
	x.steps = x.steps[:at]
	for range 5 + r.IntN(3) {
		x.steps = append(x.steps, loop...)
	}
	x.steps[len(x.steps)-1].text = "I cannot find out more and stop here."
	x.outcome, x.reason = "failed", "loop"
}
