package agent

import "relay.one/picket/internal/model"

// toolFailed looks at the last round of tool calls: those that began after the last
// model call before the last of them or, where no model calls are known, while the
// last one ran. All of them failed, so that nothing made up for it; what the model
// said afterwards does not, since it had nothing new to go by.
func toolFailed(k *conduct) (*model.Span, string) {
	last, asked := none, none
	for _, i := range k.steps {
		if k.Spans[i].Kind != model.SpanModel {
			last = i
		}
	}
	if last == none || k.Spans[last].ErrorType == "" {
		return nil, ""
	}
	s := &k.Spans[last]
	for _, i := range k.steps {
		if m := &k.Spans[i]; m.Kind == model.SpanModel && m.Start.Before(s.Start) {
			asked = i
		}
	}
	for _, i := range k.steps {
		t := &k.Spans[i]
		if t.Kind == model.SpanModel || t.ErrorType != "" {
			continue
		}
		if asked != none && t.Start.After(k.Spans[asked].Start) || t.Start.Add(t.Duration).After(s.Start) {
			return nil, ""
		}
	}
	return s, nameOf(s) + ": " + s.ErrorType
}
