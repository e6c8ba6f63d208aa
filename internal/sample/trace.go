package sample

import (
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
)

// traceKey names a trace across the projects of an organization.
type traceKey struct {
	org   model.OrgID
	trace model.TraceID
}

// memory is what is remembered of a trace.
type memory struct {
	state   state
	kept    Reason
	omitted model.Omission // once dropped, or as its rate says while it is undecided
	errored bool           // an error event was in it
}

type state uint8

// The states of a trace, the weightier ones last.
const (
	unknown state = iota
	dropped
	undecided
	kept
)

// recall returns the weightiest of what is known of the batch's traces.
func (h *hearing) recall() (m memory) {
	for _, id := range h.look.traces {
		known, _ := h.traces.get(traceKey{h.Org, id})
		errored := m.errored || known.errored
		if known.state > m.state {
			m = known
		}
		m.errored = errored
	}
	return m
}

// remember notes the same of all traces of the batch, and returns those of them that
// were undecided and are not any more.
func (h *hearing) remember(m memory) (decided []model.Decision) {
	for _, id := range h.look.traces {
		key := traceKey{h.Org, id}
		before, _ := h.traces.get(key)
		m.errored = m.errored || before.errored || h.look.errors
		if before.state == undecided && m.state != undecided {
			decided = append(decided, model.Decision{Trace: id, Keep: m.state == kept})
		}
		h.traces.put(key, m)
	}
	return decided
}

// judgeTraces judges a batch with spans.
func (h *hearing) judgeTraces() Result {
	m := h.recall()
	switch {
	case m.state == kept:
		return h.keep(m.kept)
	case h.remark != "":
		return h.keep(h.remark)
	case m.errored:
		return h.keep(ErrorEvent)
	case m.state == dropped:
		return h.drop(m.omitted)
	case m.state == undecided && h.look.root != none:
		return h.drop(m.omitted)
	case m.state == undecided:
		return Result{Verdict: Wait, Kept: Undecided, Omitted: m.omitted}
	}
	reason, omitted := h.byRate()
	switch {
	case omitted == model.NotOmitted:
		return h.keep(reason)
	case h.look.complete:
		return h.drop(omitted)
	}
	h.remember(memory{state: undecided, omitted: omitted})
	return Result{Verdict: Wait, Kept: Undecided, Omitted: omitted}
}

// keep keeps the batch, and what may come of its traces.
func (h *hearing) keep(r Reason) Result {
	return Result{Verdict: Keep, Kept: r, Decided: h.remember(memory{state: kept, kept: r})}
}

// drop drops the batch or, where it is a piece that others need, keeps it here.
func (h *hearing) drop(o model.Omission) Result {
	late := !h.look.complete || h.recall().state == undecided
	r := Result{Verdict: Drop, Omitted: o, Decided: h.remember(memory{state: dropped, omitted: o})}
	if late {
		r.Verdict, r.Kept = Stay, Undecided
	}
	return r
}

// byRate applies the first rule that matches, or else the share of traces, and then
// the budget.
func (h *hearing) byRate() (Reason, model.Omission) {
	rate, reason, omitted := h.set.Transactions, ByRate, model.OmittedByRate
	if r := h.rule(); r != nil {
		rate, reason, omitted = r.Rate, ByRule, model.OmittedByRule
	}
	if !(h.number() < rate) {
		return "", omitted
	}
	if !h.afford() {
		return "", model.OmittedByBudget
	}
	return reason, model.NotOmitted
}

// number returns that of the batch: of its trace or, where there is none, its event.
func (h *hearing) number() float64 {
	if len(h.look.traces) > 0 {
		return number(h.look.traces[0], h.Draw)
	}
	return hashed(h.Events[0].ID[:])
}

// Settle returns whether what is held of a trace is to be forwarded, now that nothing
// more of it is waited for. What this judge does not remember goes by the share alone.
func (j *Judge) Settle(org model.OrgID, trace model.TraceID, s *settings.Sampling) bool {
	if s.KeepsAll() {
		return true
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	key := traceKey{org, trace}
	m, known := j.traces.get(key)
	if !known {
		return hashed(trace[:]) < s.Transactions
	}
	if m.state == undecided {
		m.state = dropped
		j.traces.put(key, m)
	}
	return m.state == kept
}
