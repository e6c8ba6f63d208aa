package rollup

import (
	"cmp"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"relay.one/picket/internal/model"
)

// AgentTag is the tag under which an issue's events are counted by agent.
const AgentTag = "agent"

// AddStory counts, with sign 1, what depends on whose the spans and events of a batch
// are, which of its calls count, and how its executions ended. It expects a batch as
// package agent assembles it, or one that is not about agents; Event.Issue is set. With
// sign -1 it takes back exactly what a call with the same batch counted, but for
// users: those who were seen stay seen.
func (t *Tally) AddStory(p model.ProjectID, b *model.Batch, sign int) {
	for i := range b.Events {
		e := &b.Events[i]
		where{t, p, e.Environment, e.Release, e.Timestamp, int64(sign)}.addEvent(e)
	}
	for i := range b.Spans {
		if s := &b.Spans[i]; s.Kind != model.SpanOther || s.Segment || s.Policy.Name != "" {
			where{t, p, s.Environment, s.Release, s.Start.Add(s.Duration), int64(sign)}.addSpan(s)
		}
	}
	for i := range b.Executions {
		x := &b.Executions[i]
		w := where{t, p, x.Environment, x.Release, x.Start.Add(x.Duration), int64(sign)}
		w.addExecution(b, x)
		if r := reportOf(b, x); r != nil {
			w.addReport(b, x, r)
		}
	}
}

func (w where) addEvent(e *model.Event) {
	agent := w.key(Agent, e.Agent.ID, "")
	if e.Kind == model.KindTransaction {
		agent.addTransaction(e.SampleRate, w.sign)
		return
	}
	agent.addEvent(e, w.sign)
	if user := e.User.Key(); user != "" && w.sign > 0 {
		agent.AddUser(xxhash.Sum64String(user))
	}
	issue := e.Issue.String()
	w.key(AgentIssue, e.Agent.ID, issue).addEvent(e, w.sign)
	if e.Agent.ID != "" {
		tag := Key{Kind: IssueTag, Project: w.project, Name: issue, Sub: tagSub(model.Tag{Key: AgentTag, Value: e.Agent.ID})}
		w.tally.At(tag, startOfDay(e.Timestamp)).Add(Events, w.sign)
	}
	if e.Organization != "" {
		w.key(Organization, e.Organization, "").addEvent(e, w.sign)
	}
	if e.Level >= model.LevelError {
		w.each(w.both(ErrorType, e.Agent.ID, errorType(e)), func(c *Counters) { c.addEvent(e, w.sign) })
	}
	if e.Fault != "" {
		w.each(w.both(Fault, e.Agent.ID, e.Fault), func(c *Counters) { c.addEvent(e, w.sign) })
	}
}

// addSpan counts model and tool calls, policy evaluations, and segments that came
// without a transaction.
func (w where) addSpan(s *model.Span) {
	switch s.Kind {
	case model.SpanModel:
		w.addModelCall(s)
	case model.SpanTool:
		w.addCall(Tool, s, s.Tool)
	}
	if s.Policy.Name != "" { // a span of its own, or noted on the call that was judged
		w.addEvaluation(s)
	}
	if s.Segment && s.Event.IsZero() {
		w.key(Project, "", "").addTransaction(s.SampleRate, w.sign)
		w.key(Agent, s.Agent.ID, "").addTransaction(s.SampleRate, w.sign)
	}
}

func (w where) addModelCall(s *model.Span) {
	calls := w.addCall(Model, s, s.Provider+"/"+s.Model)
	rows := append(w.owners(s.Agent.ID, s.Organization), calls[0], calls[1])
	w.each(rows, func(c *Counters) {
		c.addUsage(s.Usage, w.sign)
		c.Add(CostNanos, w.sign*s.Cost.Nanos)
		c.Add(ModelCalls, w.sign)
		switch s.Cost.Pricing {
		case model.Unpriced:
			c.Add(Unpriced, w.sign)
		case model.Guessed:
			c.Add(GuessedCalls, w.sign)
		case model.Reported:
			c.Add(ReportedCalls, w.sign)
		}
	})
}

func (w where) addCall(k Kind, s *model.Span, sub string) []*Counters {
	calls := w.both(k, s.Agent.ID, sub)
	failed := s.Status.Failed() || s.ErrorType != ""
	w.each(calls, func(c *Counters) {
		c.Add(Calls, w.sign)
		if failed {
			c.Add(CallErrors, w.sign)
		}
		c.addDurations(milliseconds(s.Duration), w.sign)
	})
	if s.Signs.Fault != "" {
		w.each(w.both(Fault, s.Agent.ID, s.Signs.Fault), func(c *Counters) { c.Add(CallErrors, w.sign) })
	}
	return calls
}

func (w where) addEvaluation(s *model.Span) { w.addVerdict(s.Agent.ID, s.Organization, &s.Policy) }

func (w where) addVerdict(agent, organization string, p *model.Policy) {
	policies := w.both(Policy, agent, p.Name)
	violation := p.Verdict.Violation()
	w.each(policies, func(c *Counters) {
		c.Add(Calls, w.sign)
		if violation {
			c.Add(CallErrors, w.sign)
		}
		if p.Verdict == model.VerdictDeny {
			c.Add(Denied, w.sign)
		}
	})
	w.each(append(w.owners(agent, organization), policies...), func(c *Counters) {
		c.Add(Evaluations, w.sign)
		if violation {
			c.Add(Violations, w.sign)
		}
	})
}

// addExecution counts an execution that ended: for its owners, and for each policy
// that was violated in it, so that those with a violation can be compared with all.
func (w where) addExecution(b *model.Batch, x *model.Execution) {
	owners := w.owners(x.Agent.ID, x.Organization)
	if x.Loop.Kind != model.NoLoop {
		w.each(owners, func(c *Counters) {
			c.Add(Loops, w.sign)
			c.Add(LoopCostNanos, w.sign*x.Loop.Cost.Nanos)
		})
	}
	if !x.Ended {
		return
	}
	w.each(owners, func(c *Counters) {
		c.addEnd(x, w.sign)
		c.addDurations(milliseconds(x.Duration), w.sign)
	})
	w.addUnseenEnd(b, x, owners)
	for _, policy := range x.Policies {
		w.each(w.both(Policy, x.Agent.ID, policy), func(c *Counters) { c.addEnd(x, w.sign) })
	}
	if x.Outcome == model.OutcomeError || x.Outcome == model.OutcomeFailed {
		w.blame(b, x)
	}
}

// blame counts an execution that went wrong, and what it cost, for everything that
// had a part in it.
func (w where) blame(b *model.Batch, x *model.Execution) {
	var rows []*Counters
	for _, tool := range x.Failing {
		rows = append(rows, w.both(Tool, x.Agent.ID, tool)...)
	}
	if typ := endedBy(b, x); typ != "" {
		rows = append(rows, w.both(ErrorType, x.Agent.ID, typ)...)
	}
	if x.Fault != "" {
		rows = append(rows, w.both(Fault, x.Agent.ID, x.Fault)...)
	}
	if x.Rule != "" {
		rows = append(rows, w.both(Rule, x.Agent.ID, x.Rule)...)
	}
	for _, id := range x.Issues {
		rows = append(rows, w.key(Issue, id.String(), ""), w.key(AgentIssue, x.Agent.ID, id.String()))
	}
	if len(x.Issues) > 1 {
		rows = append(rows, w.key(IssueSet, x.Agent.ID, JoinIssues(x.Issues)))
	}
	w.each(rows, func(c *Counters) { c.addEnd(x, w.sign) })
}

// endedBy returns the type of the error that an execution ended with: that of its last
// error event, as errors are counted by; where none was captured, what the agent's span
// calls it.
func endedBy(b *model.Batch, x *model.Execution) string {
	if x.Outcome != model.OutcomeError {
		return ""
	}
	var last *model.Event
	for i := range b.Events {
		e := &b.Events[i]
		if e.Execution != x.ID || e.Kind == model.KindTransaction || e.Level < model.LevelError {
			continue
		}
		if last == nil || cmp.Or(e.Timestamp.Compare(last.Timestamp), slices.Compare(e.ID[:], last.ID[:])) > 0 {
			last = e
		}
	}
	switch {
	case last != nil:
		return errorType(last)
	case isType(x.Reason):
		return x.Reason
	}
	return ""
}

// isType reports whether the reason of an error can be its type: clients may also
// write a sentence, of which no two are the same.
func isType(reason string) bool {
	return reason != "" && len(reason) <= 100 && !strings.ContainsAny(reason, " \t\r\n")
}

// addEnd counts how an execution ended and, if badly, what it cost.
func (c *Counters) addEnd(x *model.Execution, sign int64) {
	c.Add(Executions, sign)
	switch x.Outcome {
	case model.OutcomeError:
		c.Add(Errored, sign)
	case model.OutcomeFailed:
		c.Add(Failed, sign)
	default:
		return
	}
	c.Add(FailedCostNanos, sign*x.Cost.Nanos)
}

// owners returns the rows of the project, the agent and, if there is one, the
// customer's organization.
func (w where) owners(agent, organization string) []*Counters {
	rows := make([]*Counters, 0, 8)
	rows = append(rows, w.key(Project, "", ""), w.key(Agent, agent, ""))
	if organization != "" {
		rows = append(rows, w.key(Organization, organization, ""))
	}
	return rows
}

func (where) each(rows []*Counters, f func(*Counters)) {
	for _, c := range rows {
		f(c)
	}
}
