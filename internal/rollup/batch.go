package rollup

import (
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"relay.one/picket/internal/model"
)

// AddEvent counts one error, message or feedback that was stored as part of an
// issue, or one transaction (issue zero). The limit bounds how many values of a
// tag are counted apart.
func (t *Tally) AddEvent(p model.ProjectID, e *model.Event, issue model.IssueID, limit *TagLimit) {
	at := where{t, p, e.Environment, e.Release, e.Timestamp}
	project, agent := at.key(Project, "", ""), at.key(Agent, e.Agent.ID, "")
	if e.Kind == model.KindTransaction {
		project.Add(Transactions, 1)
		agent.Add(Transactions, 1)
		return
	}
	user, name := e.User.Key(), issue.String()
	for _, c := range [...]*Counters{project, agent, at.key(Issue, name, "")} {
		c.addEvent(e)
		if user != "" {
			c.AddUser(xxhash.Sum64String(user))
		}
	}
	at.key(AgentIssue, e.Agent.ID, name).addEvent(e)
	if e.Level >= model.LevelError {
		for _, c := range at.both(ErrorType, e.Agent.ID, errorType(e)) {
			c.addEvent(e)
		}
	}
	t.addTags(p, e, issue, name, limit)
}

func (c *Counters) addEvent(e *model.Event) {
	c.Add(Events, 1)
	if e.Level >= model.LevelError {
		c.Add(Errors, 1)
	}
}

// errorType is what errors are counted by: the exception's type, else the title.
func errorType(e *model.Event) string {
	if e.Type != "" {
		return e.Type
	}
	return e.Title
}

// addTags counts the tags of an issue, of that name, by day, with what Sentry
// derives as tags. Users are left to the issue's own count: every one is a value of
// their own.
func (t *Tally) addTags(p model.ProjectID, e *model.Event, issue model.IssueID, name string, limit *TagLimit) {
	day := startOfDay(e.Timestamp)
	add := func(key, value string) {
		if value != "" {
			t.tag(p, issue, name, day, model.Tag{Key: key, Value: value}, limit).Add(Events, 1)
		}
	}
	for _, tag := range e.Tags {
		add(tag.Key, tag.Value)
	}
	add("level", e.Level.String())
	add("environment", e.Environment)
	add("release", e.Release)
	add("dist", e.Dist)
	add("server_name", e.ServerName)
	add("transaction", e.Transaction)
	add("logger", e.Logger)
	add("url", e.Request.URL)
	add("agent", e.Agent.ID)
	add("handled", handled(e.Handled))
}

func handled(h model.Tristate) string {
	switch h {
	case model.Yes:
		return "yes"
	case model.No:
		return "no"
	}
	return ""
}

// AddSpan counts a span: model and tool calls, policy evaluations, and segments
// that came without a transaction.
func (t *Tally) AddSpan(p model.ProjectID, s *model.Span) {
	at := where{t, p, s.Environment, s.Release, s.Start.Add(s.Duration)}
	switch s.Kind {
	case model.SpanModel:
		at.addModelCall(s)
	case model.SpanTool:
		at.addCall(Tool, s, s.Tool)
	}
	if s.Policy.Name != "" { // a span of its own, or noted on the call that was judged
		at.addEvaluation(s)
	}
	if s.Segment && s.Event.IsZero() {
		at.key(Project, "", "").Add(Transactions, 1)
		at.key(Agent, s.Agent.ID, "").Add(Transactions, 1)
	}
}

func (w where) addModelCall(s *model.Span) {
	calls := w.addCall(Model, s, s.Provider+"/"+s.Model)
	for _, c := range [...]*Counters{calls[0], calls[1], w.key(Project, "", ""), w.key(Agent, s.Agent.ID, "")} {
		c.AddUsage(s.Usage)
		c.Add(CostNanos, s.Cost.Nanos)
		c.Add(ModelCalls, 1)
		if s.Cost.Pricing == model.Unpriced {
			c.Add(Unpriced, 1)
		}
	}
}

func (w where) addCall(k Kind, s *model.Span, sub string) [2]*Counters {
	calls := w.both(k, s.Agent.ID, sub)
	for _, c := range calls {
		c.Add(Calls, 1)
		if s.Status.Failed() || s.ErrorType != "" {
			c.Add(CallErrors, 1)
		}
		c.AddDuration(milliseconds(s.Duration))
	}
	return calls
}

func (w where) addEvaluation(s *model.Span) {
	policies := w.both(Policy, s.Agent.ID, s.Policy.Name)
	for _, c := range policies {
		c.Add(Calls, 1)
		if s.Policy.Verdict.Violation() {
			c.Add(CallErrors, 1)
		}
		if s.Policy.Verdict == model.VerdictDeny {
			c.Add(Denied, 1)
		}
	}
	for _, c := range [...]*Counters{policies[0], policies[1], w.key(Project, "", ""), w.key(Agent, s.Agent.ID, "")} {
		c.Add(Evaluations, 1)
		if s.Policy.Verdict.Violation() {
			c.Add(Violations, 1)
		}
	}
}

// AddExecution counts an execution that ended.
func (t *Tally) AddExecution(p model.ProjectID, x *model.Execution) {
	at := where{t, p, x.Environment, x.Release, x.Start.Add(x.Duration)}
	for _, c := range [...]*Counters{at.key(Project, "", ""), at.key(Agent, x.Agent.ID, "")} {
		c.Add(Executions, 1)
		c.AddDuration(milliseconds(x.Duration))
		switch x.Outcome {
		case model.OutcomeError:
			c.Add(Errored, 1)
			c.Add(FailedCostNanos, x.Cost.Nanos)
		case model.OutcomeFailed:
			c.Add(Failed, 1)
			c.Add(FailedCostNanos, x.Cost.Nanos)
		}
	}
}

// AddDiscard counts what was not stored.
func (t *Tally) AddDiscard(p model.ProjectID, x model.Discard, at time.Time) {
	k := Key{Kind: Discarded, Project: p, Name: x.Source, Sub: x.Category + "\x00" + x.Reason}
	t.At(k, at).Add(Quantity, x.Quantity)
}

// where is the part of a key that the rows of one event share.
type where struct {
	tally                *Tally
	project              model.ProjectID
	environment, release string
	at                   time.Time
}

func (w where) key(k Kind, name, sub string) *Counters {
	return w.tally.At(Key{k, w.project, name, sub, w.environment, w.release}, w.at)
}

// both returns what counts something of one agent, and of all of them.
func (w where) both(k Kind, agent, sub string) [2]*Counters {
	return [...]*Counters{w.key(k, agent, sub), w.key(k.OfAll(), "", sub)}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// startOfDay cuts a time to its UTC day.
func startOfDay(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// ParseIssue reads the issue id that Issue, AgentIssue and IssueTag rows carry.
func ParseIssue(text string) (model.IssueID, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	return model.IssueID(n), err
}
