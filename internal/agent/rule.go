package agent

import (
	"fmt"
	"slices"

	"relay.one/picket/internal/model"
)

// rule says of an execution that ended without an error that it failed nevertheless.
type rule struct {
	name, says string
	// fires returns the span that shows it, and in words what it shows; nil when it
	// does not.
	fires func(c *conduct) (*model.Span, string)
}

// rules lists the rules of outcome; the first that fires counts, so the particular
// stand before the general. To add one, write its file and a line here.
var rules = [...]rule{
	{"turn_limit", "The agent was stopped by its limit of turns, steps or iterations.", turnLimit},
	{"budget_limit", "The agent was stopped by its limit of tokens or money.", budgetLimit},
	{"policy_denied", "A policy denied what the agent was about to do, and nothing succeeded after that.", policyDenied},
	{"filtered", "A content filter cut off the last answer.", filtered},
	{"cut_off", "The last answer was cut off by the limit of tokens.", cutOff},
	{"refused", "The model declined the task in its last answer.", refused},
	{"model_error", "The model said that its last answer ended in an error.", modelError},
	{"tool_failed", "The last tool calls failed, and no other succeeded after them.", toolFailed},
	{"gave_up", "The last answer says that the task could not be done.", gaveUp},
	{"empty_answer", "The last answer holds neither a text nor a tool call.", emptyAnswer},
}

// Rule describes a rule of outcome.
type Rule struct {
	Name string // what Execution.Rule says when it fired
	Says string // a sentence
}

// AllRules returns the rules of outcome in the order in which they are asked.
func AllRules() []Rule {
	out := make([]Rule, len(rules))
	for i := range rules {
		out[i] = Rule{rules[i].name, rules[i].says}
	}
	return out
}

// Rules says which rules of outcome are on; its zero value has all of them on.
type Rules struct{ off []string }

// RulesWithout returns all rules but those of the names. A name that no rule has is
// ErrInvalid.
func RulesWithout(names ...string) (Rules, error) {
	for _, name := range names {
		if !slices.ContainsFunc(rules[:], func(r rule) bool { return r.name == name }) {
			return Rules{}, fmt.Errorf("%w: there is no rule of outcome %.40q", model.ErrInvalid, name)
		}
	}
	return Rules{slices.Clone(names)}, nil
}

// On reports whether the rule of that name is on.
func (r Rules) On(name string) bool { return !slices.Contains(r.off, name) }

// judge lets the rules look at an execution that ended without an error. One that was
// cancelled is not judged.
func (c *course) judge(x *model.Execution, r Rules) {
	if c.Spans[c.root].Status == model.StatusCancelled {
		return
	}
	k := c.conduct()
	for i := range rules {
		if !r.On(rules[i].name) {
			continue
		}
		if s, reason := rules[i].fires(&k); s != nil {
			x.Outcome, x.Rule, x.Reason, x.Fault = model.OutcomeFailed, rules[i].name, reason, s.Signs.Fault
			return
		}
	}
}
