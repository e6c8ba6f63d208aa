package tail

import (
	"slices"
	"strings"

	"relay.one/picket/internal/model"
)

// candidate is an item with what filters ask of it.
type candidate struct {
	Item
	project     model.ProjectID
	agent       string
	environment string
	level       model.Level
	transaction bool
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

func newEvent(p model.ProjectID, e *model.Event) candidate {
	title := e.Title
	if e.Kind == model.KindTransaction {
		title = e.Transaction
	}
	out := &Event{
		ID: e.ID, Project: p, Kind: e.Kind, Issue: e.Issue, Time: e.Timestamp, Level: e.Level,
		Title: cut(title), Culprit: cut(e.Culprit), Agent: cut(e.Agent.ID), Execution: cut(e.Execution),
		Release: cut(e.Release), Environment: cut(e.Environment), Fault: e.Fault, Trace: e.Trace,
	}
	if e.Kind == model.KindTransaction {
		out.Duration = e.Timestamp.Sub(e.Started)
	}
	return candidate{
		Item: Item{Event: out}, project: p, agent: e.Agent.ID, environment: e.Environment, level: e.Level,
		transaction: e.Kind == model.KindTransaction, texts: [4]string{out.Title, out.Culprit, out.Agent, out.Fault},
	}
}

func newExecution(p model.ProjectID, x *model.Execution) candidate {
	out := &Execution{
		ID: cut(x.ID), Project: p, Agent: cut(x.Agent.ID), Start: x.Start, Duration: x.Duration, Outcome: x.Outcome,
		Reason: cut(x.Reason), Fault: x.Fault, Release: cut(x.Release), Environment: cut(x.Environment), Cost: x.Cost,
		ToolCalls: x.ToolCalls, ModelCalls: x.ModelCalls, Trace: x.Trace,
	}
	level := model.LevelInfo
	if x.Outcome == model.OutcomeError || x.Outcome == model.OutcomeFailed {
		level = model.LevelError
	}
	return candidate{
		Item: Item{Execution: out}, project: p, agent: x.Agent.ID, environment: x.Environment, level: level,
		texts: [4]string{out.ID, out.Reason, out.Agent, out.Fault},
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
	case c.transaction && !f.Transactions,
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
