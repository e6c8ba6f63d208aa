package agent

import (
	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// signsOf reads what the rules of outcome and loops look at.
func signsOf(s *model.Span, v *view) (g model.Signs) {
	if s.Kind == model.SpanAgent {
		g.Outcome, _ = parseOutcome(v.attributes.Get(wire.AttrOutcome))
		g.Reason = v.attributes.Get(wire.AttrOutcomeReason)
	}
	return g
}
