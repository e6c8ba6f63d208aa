package sqlite

import (
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
)

// writeExecutions merges what the batch knows of executions into what is stored.
// A batch that brought nothing new (a replay) adds nothing.
func (w *batchWriter) writeExecutions() error {
	if w.fresh == 0 {
		return nil
	}
	for i := range w.Executions {
		if err := w.execution(&w.Executions[i]); err != nil {
			return fmt.Errorf("write execution %s: %w", w.Executions[i].ID, err)
		}
	}
	return nil
}

func (w *batchWriter) execution(x *model.Execution) error {
	if !x.Ended {
		return w.mergeExecution(x)
	}
	ended := false
	_, err := w.c.bind("SELECT ended FROM executions WHERE project = ? AND id = ?").int(int64(w.Project)).text(x.ID).
		one(func(s *sqlite3.Stmt) { ended = s.ColumnBool(0) })
	if err != nil {
		return err
	}
	if err := w.mergeExecution(x); err != nil || ended {
		return err // counted once, when its end is first seen
	}
	whole, err := w.c.readExecution(w.Project, x.ID)
	if err != nil {
		return err
	}
	w.tally.AddExecution(w.Project, whole)
	return nil
}

// mergeExecution adds counts, and lets what is known fill in what was not. The
// end, once seen, decides agent, duration and outcome. A sum's pricing is its most
// doubtful part's, in the order of model.Cost.Add: that is what 1423 spells.
const mergeExecution = `INSERT INTO executions (project, id, trace, span, agent, agent_name, framework, version,
	conversation, organization, user, release, environment, start, duration, ended, outcome, reason,
	input, output, cache_read, cache_write, reasoning, cost, pricing, unpriced,
	model_calls, tool_calls, tool_errors, evaluations, violations)
	VALUES (?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?,?,?, ?,?,?,?,?,?,?,?, ?,?,?,?,?)
	ON CONFLICT (project, id) DO UPDATE SET
	trace = ifnull(trace, excluded.trace), span = ifnull(excluded.span, span),
	agent = iif(agent = '' OR excluded.ended AND excluded.agent <> '', excluded.agent, agent),
	agent_name = iif(agent_name = '' OR excluded.ended AND excluded.agent_name <> '', excluded.agent_name, agent_name),
	framework = iif(framework = '', excluded.framework, framework), version = iif(version = '', excluded.version, version),
	conversation = iif(conversation = '', excluded.conversation, conversation),
	organization = iif(organization = '', excluded.organization, organization),
	user = iif(user = '', excluded.user, user), release = iif(release = '', excluded.release, release),
	environment = iif(environment = '', excluded.environment, environment),
	start = min(start, excluded.start),
	duration = iif(excluded.ended AND NOT ended, excluded.duration, max(duration, excluded.duration)),
	outcome = iif(excluded.ended AND NOT ended, excluded.outcome, outcome),
	reason = iif(excluded.ended AND NOT ended OR reason = '', excluded.reason, reason),
	ended = ended OR excluded.ended,
	input = input + excluded.input, output = output + excluded.output,
	cache_read = cache_read + excluded.cache_read, cache_write = cache_write + excluded.cache_write,
	reasoning = reasoning + excluded.reasoning, cost = cost + excluded.cost,
	pricing = iif(instr('1423', excluded.pricing) > instr('1423', pricing), excluded.pricing, pricing), unpriced = unpriced + excluded.unpriced,
	model_calls = model_calls + excluded.model_calls, tool_calls = tool_calls + excluded.tool_calls,
	tool_errors = tool_errors + excluded.tool_errors, evaluations = evaluations + excluded.evaluations,
	violations = violations + excluded.violations`

func (w *batchWriter) mergeExecution(x *model.Execution) error {
	b := w.c.bind(mergeExecution).int(int64(w.Project)).text(x.ID).trace(x.Trace).span(x.Span)
	b.text(x.Agent.ID).text(x.Agent.Name).text(x.Agent.Framework).text(x.Agent.Version)
	b.text(x.Conversation).text(x.Organization).text(x.UserKey).text(x.Release).text(x.Environment)
	b.int(micros(x.Start)).int(x.Duration.Microseconds()).int(flag(x.Ended)).int(int64(x.Outcome)).text(x.Reason)
	b.int(x.Usage.Input).int(x.Usage.Output).int(x.Usage.CacheRead).int(x.Usage.CacheWrite).int(x.Usage.Reasoning)
	b.int(x.Cost.Nanos).int(int64(x.Cost.Pricing)).int(int64(x.UnpricedCalls))
	b.int(int64(x.ModelCalls)).int(int64(x.ToolCalls)).int(int64(x.ToolErrors))
	return b.int(int64(x.Evaluations)).int(int64(x.Violations)).run()
}
