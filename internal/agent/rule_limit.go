package agent

import "relay.one/picket/internal/model"

// What package fault calls the errors of these kinds.
const (
	faultTurns  = "turn_limit"
	faultBudget = "budget_limit"
)

func turnLimit(k *conduct) (*model.Span, string) { return k.limited(model.FinishTurns, faultTurns) }

func budgetLimit(k *conduct) (*model.Span, string) {
	return k.limited(model.FinishBudget, faultBudget)
}

// limited looks for a limit in what the agent, or its last answer, ended with, and in
// the last error: one that was handled, and after which no model was called any more.
func (k *conduct) limited(finish model.Finish, fault string) (*model.Span, string) {
	root := &k.Spans[k.root]
	for _, s := range [...]*model.Span{root, &k.Spans[k.agent], k.answer()} {
		if s != nil && (s.Signs.Finish == finish || s.Signs.Fault == fault) {
			return s, "stopped by " + finishNames[finish]
		}
	}
	if e := k.last; e != nil && e.Fault == fault && k.calledModelAfter(e.Timestamp) == 0 {
		return root, e.Type
	}
	return nil, ""
}
