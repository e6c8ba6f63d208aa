package price

import "relay.one/picket/internal/model"

// Apply prices every model span of b, in place, each as if it were a call; which of
// nested ones counts is decided later. The operator's own prices come first, then the
// cost that the SDK reported, then Picket's prices. Applying it again changes nothing.
func Apply(b *model.Batch, t *Table) {
	for i := range b.Spans {
		if s := &b.Spans[i]; s.Kind == model.SpanModel {
			s.Cost = t.settle(s)
		}
	}
}

// settle returns the cost of a model call.
func (t *Table) settle(s *model.Span) model.Cost {
	c, own := t.cost(Call{Provider: s.Provider, Model: s.Model, Usage: s.Usage, Terms: s.Terms, At: s.Start})
	if s.Cost.Pricing == model.Reported && !own {
		return s.Cost
	}
	return c
}
