package price

import "relay.one/picket/internal/model"

// Apply prices the model calls of b and sums their costs into b's executions, in
// place. A cost that the SDK reported stays unless the table has a price for that very
// provider and model. Applying it again changes nothing.
func Apply(b *model.Batch, t *Table) {
	var l *ledger
	for i := range b.Spans {
		s := &b.Spans[i]
		if s.Kind != model.SpanModel {
			continue
		}
		if l == nil {
			l = open(b.Executions)
		}
		s.Cost = t.settle(s)
		l.charge(s)
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

// fewExecutions is up to how many executions a search beats a map.
const fewExecutions = 8

// ledger sums costs by execution.
type ledger struct {
	executions []model.Execution
	byID       map[string]*model.Execution // nil while there are few
}

// open empties the costs that are sums; an execution without model calls keeps
// what was reported for it as a whole.
func open(executions []model.Execution) *ledger {
	l := &ledger{executions: executions}
	if len(executions) > fewExecutions {
		l.byID = make(map[string]*model.Execution, len(executions))
	}
	for i := range executions {
		x := &executions[i]
		if x.ModelCalls > 0 {
			x.Cost, x.UnpricedCalls = model.Cost{}, 0
		}
		if l.byID != nil {
			l.byID[x.ID] = x
		}
	}
	return l
}

func (l *ledger) charge(s *model.Span) {
	x := l.find(s.Execution)
	if x == nil {
		return
	}
	x.Cost.Add(s.Cost)
	if s.Cost.Pricing == model.Unpriced {
		x.UnpricedCalls++
	}
}

func (l *ledger) find(id string) *model.Execution {
	if id == "" || l.byID != nil {
		return l.byID[id]
	}
	for i := range l.executions {
		if l.executions[i].ID == id {
			return &l.executions[i]
		}
	}
	return nil
}
