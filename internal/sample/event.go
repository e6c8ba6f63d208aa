package sample

import "relay.one/picket/internal/model"

type issueKey struct {
	project model.ProjectID
	hash    model.Hash
}

// judgeEvents judges errors and messages that came without spans.
func (h *hearing) judgeEvents() Result {
	m := h.recall()
	fresh := h.meetIssues() // in any case, so that it comes first
	r := Result{Verdict: Drop, Omitted: model.OmittedByRate}
	switch {
	case h.remark != "":
		r = Result{Kept: h.remark}
	case h.look.errors && h.ofExecution():
		r = Result{Kept: ErrorEvent}
	case m.state == kept:
		r = Result{Kept: m.kept}
	case fresh:
		r = Result{Kept: NewIssue}
	case h.number() < h.set.Errors:
		r = Result{Kept: ByRate}
	}
	if h.look.errors && len(h.look.traces) > 0 {
		r.Decided = h.noteError()
	}
	return r
}

// noteError makes the traces of the batch such as have an error in them: those that
// were undecided are kept.
func (h *hearing) noteError() (decided []model.Decision) {
	for _, id := range h.look.traces {
		key := traceKey{h.Org, id}
		m, _ := h.traces.get(key)
		if m.errored = true; m.state == undecided {
			m.state, m.kept = kept, ErrorEvent
			decided = append(decided, model.Decision{Trace: id, Keep: true})
		}
		h.traces.put(key, m)
	}
	return decided
}

// ofExecution reports whether an event names an agent or an execution that it belongs to.
func (h *hearing) ofExecution() bool {
	for i := range h.Events {
		if e := &h.Events[i]; e.Execution != "" || e.Agent.ID != "" {
			return true
		}
	}
	return false
}

// meetIssues reports whether an event may be the first of its issue: its fingerprint
// was not among those of late.
func (h *hearing) meetIssues() (fresh bool) {
	for i := range h.Events {
		e := &h.Events[i]
		if len(e.Hashes) == 0 {
			continue
		}
		key := issueKey{h.Project, e.Hashes[0]}
		if _, known := h.issues.get(key); !known {
			fresh = true
			h.issues.put(key, struct{}{})
		}
	}
	return fresh
}
