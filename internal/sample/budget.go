package sample

import "time"

// bucket is a budget: what may be kept now, which grows with time up to a minute's.
type bucket struct {
	tokens float64
	at     time.Time
}

// afford takes one trace from the project's budget, if there is one left in it.
func (h *hearing) afford() bool {
	if h.set.PerMinute <= 0 {
		return true
	}
	most := float64(h.set.PerMinute)
	b, known := h.budgets.get(h.Project)
	if !known {
		b = &bucket{tokens: most}
		h.budgets.put(h.Project, b)
	} else if passed := h.at.Sub(b.at); passed > 0 {
		b.tokens += most * passed.Minutes()
	}
	b.at, b.tokens = h.at, min(b.tokens, most)
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
