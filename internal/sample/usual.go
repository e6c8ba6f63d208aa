package sample

import (
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/settings"
)

type agentKey struct {
	project model.ProjectID
	agent   string
}

// usual is what executions of an agent cost and how long they last, of the hour under
// way and the one before.
type usual struct {
	since      time.Time
	young, old history
	fresh      int // executions since the limits were worked out
	limits     limits
}

// history is some executions.
type history struct{ cost, duration *rollup.Sketch }

// limits are from where an execution is unusual; zero: never.
type limits struct{ cost, duration float64 }

const (
	window = time.Hour
	// leastUsual is how many executions must be known before one is called unusual.
	leastUsual = 50
	// unusualTimes is how many times what 19 of 20 executions stay below is unusual.
	unusualTimes = 2
	// relearn is after how many executions the limits are worked out again.
	relearn = 20
)

func newHistory() history { return history{rollup.NewSketch(), rollup.NewSketch()} }

// unusual learns from the executions that ended, and returns what is unusual about one
// of them: above the limits that were set, or above twice what 19 of 20 of its agent's
// lately stayed below.
func (h *hearing) unusual() (found Reason) {
	for i := range h.Executions {
		x := &h.Executions[i]
		if !x.Ended {
			continue
		}
		r := h.usualOf(x).judge(x, h.at)
		if above := beyond(x, h.set); above != "" {
			r = above
		}
		if found == "" {
			found = r
		}
	}
	return found
}

// beyond holds an execution against the limits that were set.
func beyond(x *model.Execution, s *settings.Sampling) Reason {
	switch {
	case s.CostUSD > 0 && float64(x.Cost.Nanos) >= s.CostUSD*1e9:
		return Costly
	case s.Milliseconds > 0 && x.Duration >= time.Duration(s.Milliseconds)*time.Millisecond:
		return Slow
	}
	return ""
}

func (h *hearing) usualOf(x *model.Execution) *usual {
	key := agentKey{h.Project, x.Agent.ID}
	u, known := h.agents.get(key)
	if !known {
		u = &usual{since: h.at, young: newHistory(), old: newHistory()}
		h.agents.put(key, u)
	}
	return u
}

// judge holds an execution against those before it, and adds it to them.
func (u *usual) judge(x *model.Execution, now time.Time) (r Reason) {
	u.turn(now)
	cost, duration := float64(x.Cost.Nanos)/1000, float64(x.Duration)/float64(time.Millisecond)
	switch {
	case u.limits.cost > 0 && cost > u.limits.cost:
		r = Costly
	case u.limits.duration > 0 && duration > u.limits.duration:
		r = Slow
	}
	u.young.cost.Add(cost)
	u.young.duration.Add(duration)
	if u.fresh++; u.fresh >= relearn {
		u.learn()
	}
	return r
}

// turn begins another hour once this one is over.
func (u *usual) turn(now time.Time) {
	switch age := now.Sub(u.since); {
	case age < window:
		return
	case age < 2*window:
		u.old = u.young
	default:
		u.old = newHistory()
	}
	u.young, u.since = newHistory(), now
	u.learn()
}

func (u *usual) learn() {
	u.fresh = 0
	u.limits = limits{limit(u.young.cost, u.old.cost), limit(u.young.duration, u.old.duration)}
}

// limit returns from where a value is unusual among all of them; zero while they are few.
func limit(parts ...*rollup.Sketch) float64 {
	all := rollup.NewSketch()
	for _, p := range parts {
		all.Merge(p)
	}
	if all.Count() < leastUsual {
		return 0
	}
	p95, _ := all.Quantile(0.95) // there are some
	return unusualTimes * p95
}
