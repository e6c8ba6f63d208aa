package agent

import "relay.one/picket/internal/model"

func filtered(k *conduct) (*model.Span, string) {
	s := k.finished(model.FinishFilter)
	return s, explained(s, "ended by a content filter")
}

// cutOff does not look at calls that were continued: only the last one counts.
func cutOff(k *conduct) (*model.Span, string) {
	s := k.finished(model.FinishLength)
	return s, explained(s, "ended by the limit of tokens")
}

// modelError goes by the finish reason: a call that failed outright is an error that
// the agent handled.
func modelError(k *conduct) (*model.Span, string) {
	s := k.finished(model.FinishError)
	return s, explained(s, "ended with an error")
}

func refused(k *conduct) (*model.Span, string) {
	s := k.finished(model.FinishRefusal)
	if a := k.answer(); s == nil && a != nil && a.Signs.Refused {
		s = a
	}
	return s, explained(s, "declined")
}

func gaveUp(k *conduct) (*model.Span, string) {
	if s := k.answer(); s != nil && s.Signs.GaveUp {
		return s, explained(s, "gave up")
	}
	return nil, ""
}

// emptyAnswer believes the agent's own span where that says what came out.
func emptyAnswer(k *conduct) (*model.Span, string) {
	s := k.answer()
	if s == nil || !s.Signs.Empty || s.Signs.Finish == model.FinishToolCalls {
		return nil, ""
	}
	for _, i := range [...]int{k.agent, k.root} {
		if g := &k.Spans[i].Signs; g.Result != 0 && !g.Empty {
			return nil, ""
		}
	}
	return s, explained(s, "said nothing")
}

func explained(s *model.Span, what string) string {
	if s == nil {
		return ""
	}
	return nameOf(s) + " " + what
}
