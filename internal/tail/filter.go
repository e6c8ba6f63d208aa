package tail

import (
	"cmp"
	"slices"
	"strings"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// candidate is an item with what filters ask of it.
type candidate struct {
	Item
	project     model.ProjectID
	agent       string
	environment string
	level       model.Level
	kind        Kind
	execution   string
	running     bool
	texts       [4]string
	lower       string // the texts in lower case; empty until somebody asks
}

// longest is how much of a text is passed on and searched, in bytes.
const longest = 300

// cut shortens a text to longest without breaking a character. What listeners hold must
// not keep a whole payload alive.
func cut(text string) string {
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "")
	}
	return strings.Clone(text)
}

func newEvent(b *model.Batch, e *model.Event) candidate {
	out := &store.EventSummary{
		ID: e.ID, Project: b.Project, Kind: e.Kind, Issue: e.Issue, Timestamp: e.Timestamp, Received: b.Received, Level: e.Level,
		Title: cut(e.Title), Culprit: cut(e.Culprit), Type: cut(e.Type), Platform: cut(e.Platform), Release: cut(e.Release),
		Environment: cut(e.Environment), Transaction: cut(e.Transaction), UserKey: cut(e.User.Key()), Trace: e.Trace, Span: e.Span,
		Agent: cut(e.Agent.ID), Execution: cut(e.Execution), Organization: cut(e.Organization), Fault: cut(e.Fault),
	}
	if e.Kind == model.KindTransaction {
		out.Duration = e.Timestamp.Sub(e.Started)
	}
	return candidate{
		Item: Item{Event: out}, project: b.Project, agent: e.Agent.ID, environment: e.Environment, level: e.Level,
		kind: kindOf(e.Kind), execution: e.Execution, texts: [...]string{cmp.Or(out.Title, out.Transaction), out.Culprit, out.Agent, out.Fault},
	}
}

func kindOf(k model.Kind) Kind {
	switch k {
	case model.KindMessage:
		return Messages
	case model.KindTransaction:
		return Transactions
	case model.KindFeedback:
		return Feedback
	}
	return Errors
}

func newExecution(p model.ProjectID, x *model.Execution) candidate {
	level := model.LevelInfo
	if x.Outcome == model.OutcomeError || x.Outcome == model.OutcomeFailed {
		level = model.LevelError
	}
	return candidate{
		Item: Item{Execution: &store.ExecutionRecord{Project: p, Execution: *x}}, project: p, agent: x.Agent.ID,
		environment: x.Environment, level: level, kind: Executions, execution: x.ID, running: !x.Ended, texts: [...]string{x.ID, x.Reason, x.Agent.ID, x.Fault},
	}
}

// filter is a Filter that is ready to be asked.
type filter struct {
	Filter
	text string
}

func compile(f Filter) filter { return filter{f, strings.ToLower(f.Text)} }

func (f *filter) passes(c *candidate) bool {
	switch {
	case c.running && !f.Running,
		c.kind == Transactions && !f.Transactions,
		len(f.Kinds) > 0 && !slices.Contains(f.Kinds, c.kind),
		f.Execution != "" && f.Execution != c.execution,
		len(f.In.Projects) > 0 && !slices.Contains(f.In.Projects, c.project),
		f.Agent != "" && f.Agent != c.agent,
		f.Environment != "" && f.Environment != c.environment,
		c.level < f.Least:
		return false
	}
	return f.text == "" || strings.Contains(c.lowered(), f.text)
}

// lowered returns the texts in lower case, with what no text holds between them.
func (c *candidate) lowered() string {
	if c.lower == "" {
		c.lower = strings.ToLower(strings.Join(c.texts[:], "\n"))
	}
	return c.lower
}
