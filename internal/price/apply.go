package price

import "relay.one/picket/internal/model"

// Apply prices every model span of b, in place, each as if it were a call; which of
// nested ones counts is decided later. A cost that the SDK reported stays unless the
// table has a price for that very provider and model. Applying it again changes nothing.
func Apply(b *model.Batch, t *Table) {
	for i := range b.Spans {
		if s := &b.Spans[i]; s.Kind == model.SpanModel {
			s.Cost = t.settle(s)
		}
	}
}

// settle returns the cost of a model call: the SDK may know better than a guess.
func (t *Table) settle(s *model.Span) model.Cost {
	c := t.Cost(Call{Provider: s.Provider, Model: s.Model, Usage: s.Usage, At: s.Start})
	if c.Pricing != model.Priced && s.Cost.Pricing == model.Reported {
		return s.Cost
	}
	return c
}
