package sample

import (
	"strings"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
)

// rule returns the first rule that matches the batch, nil for none.
func (h *hearing) rule() *settings.SamplingRule {
	for i := range h.set.Rules {
		if r := &h.set.Rules[i]; h.matches(r) {
			return r
		}
	}
	return nil
}

// matches reports whether a rule is about the batch: about the root of its trace, or
// where that is elsewhere its first span, and any of its agents.
func (h *hearing) matches(r *settings.SamplingRule) bool {
	var s model.Span
	switch {
	case h.look.root != none:
		s = h.Spans[h.look.root]
	case len(h.Spans) > 0:
		s = h.Spans[0]
	}
	return glob(r.Environment, s.Environment) && glob(r.Release, s.Release) && glob(r.Transaction, h.transaction(s.Name)) &&
		(r.Agent == "" || h.anyAgent(r.Agent))
}

// transaction returns the name of the batch's transaction; that of the span where it has none.
func (h *hearing) transaction(span string) string {
	for i := range h.Events {
		if e := &h.Events[i]; e.Kind == model.KindTransaction {
			return e.Transaction
		}
	}
	return span
}

// anyAgent reports whether the pattern fits the id or the name of an agent in the batch.
func (h *hearing) anyAgent(pattern string) bool {
	fits := func(a *model.Agent) bool {
		return a.ID != "" && glob(pattern, a.ID) || a.Name != "" && glob(pattern, a.Name)
	}
	for i := range h.Executions {
		if fits(&h.Executions[i].Agent) {
			return true
		}
	}
	for i := range h.Spans {
		if s := &h.Spans[i]; s.Kind == model.SpanAgent && fits(&s.Agent) {
			return true
		}
	}
	return false
}

// glob reports whether a text fits a pattern, in which * stands for any run of
// characters, and no letter's case matters. An empty pattern fits everything.
func glob(pattern, text string) bool {
	if pattern == "" || pattern == "*" {
		return true
	}
	parts := strings.Split(strings.ToLower(pattern), "*")
	text = strings.ToLower(text)
	last := len(parts) - 1
	if last == 0 {
		return text == parts[0]
	}
	if !strings.HasPrefix(text, parts[0]) {
		return false
	}
	text = text[len(parts[0]):]
	for _, part := range parts[1:last] {
		i := strings.Index(text, part)
		if i < 0 {
			return false
		}
		text = text[i+len(part):]
	}
	return strings.HasSuffix(text, parts[last])
}
