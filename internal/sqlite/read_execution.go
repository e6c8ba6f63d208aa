package sqlite

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

const executionColumns = `project, id, trace, span, agent, agent_name, framework, version, conversation, organization, user,
	release, environment, start, duration, ended, outcome, reason, input, output, cache_read, cache_write, reasoning,
	cost, pricing, unpriced, model_calls, tool_calls, tool_errors, evaluations, violations,
	rule, fault, models, tools, failing, policies, issues, traces, loop_kind, loop, parent`

func scanExecution(s *sqlite3.Stmt) (store.ExecutionRecord, error) {
	x := store.ExecutionRecord{Project: model.ProjectID(s.ColumnInt64(0)), Execution: model.Execution{
		ID: s.ColumnText(1), Trace: traceID(s, 2), Span: spanID(s, 3),
		Agent:        model.Agent{ID: s.ColumnText(4), Name: s.ColumnText(5), Framework: s.ColumnText(6), Version: s.ColumnText(7)},
		Conversation: s.ColumnText(8), Organization: s.ColumnText(9), UserKey: s.ColumnText(10),
		Release: s.ColumnText(11), Environment: s.ColumnText(12), Start: instant(s.ColumnInt64(13)),
		Duration: time.Duration(s.ColumnInt64(14)) * time.Microsecond, Ended: s.ColumnBool(15),
		Outcome: model.Outcome(s.ColumnInt(16)), Reason: s.ColumnText(17),
		Usage: model.Usage{Input: s.ColumnInt64(18), Output: s.ColumnInt64(19), CacheRead: s.ColumnInt64(20),
			CacheWrite: s.ColumnInt64(21), Reasoning: s.ColumnInt64(22)},
		Cost:          model.Cost{Nanos: s.ColumnInt64(23), Pricing: model.Pricing(s.ColumnInt(24))},
		UnpricedCalls: s.ColumnInt(25), ModelCalls: s.ColumnInt(26), ToolCalls: s.ColumnInt(27), ToolErrors: s.ColumnInt(28),
		Evaluations: s.ColumnInt(29), Violations: s.ColumnInt(30),
		Rule: s.ColumnText(31), Fault: s.ColumnText(32), Models: splitList(s.ColumnText(33)), Tools: splitList(s.ColumnText(34)),
		Failing: splitList(s.ColumnText(35)), Policies: splitList(s.ColumnText(36)), Parent: s.ColumnText(41),
	}}
	x.Traces = splitTraces(s.ColumnRawBlob(38), x.Trace)
	var err error
	if x.Issues, err = splitIssues(s.ColumnText(37)); err == nil && s.ColumnType(39) != sqlite3.NULL {
		x.Loop, err = unpackLoop(model.LoopKind(s.ColumnInt(39)), s.ColumnRawBlob(40))
	}
	if err != nil {
		err = fmt.Errorf("execution %s: %w", x.ID, err)
	}
	return x, err
}

// readExecution returns an execution, nil when it is not there.
func (c *conn) readExecution(p model.ProjectID, id string) (x *model.Execution, err error) {
	var bad error
	_, err = c.bind("SELECT " + executionColumns + " FROM executions WHERE project = ? AND id = ?").int(int64(p)).text(id).
		one(func(s *sqlite3.Stmt) {
			var r store.ExecutionRecord
			r, bad = scanExecution(s)
			x = &r.Execution
		})
	return x, firstError(err, bad)
}

// errorsOfExecution is what the errors of an execution meet, as their index says it.
const errorsOfExecution = "execution = ? AND execution <> '' AND issue > 0"

// Execution implements store.Reader.
func (db *DB) Execution(ctx context.Context, scope store.Scope, id string) (*store.ExecutionTrace, error) {
	var out *store.ExecutionTrace
	err := db.read(ctx, func(c *conn) error {
		list, err := c.executions(scope, executionConditions(store.ExecutionQuery{ID: id}), executionOrder{"start", byStart}, 1)
		if err != nil || len(list) == 0 {
			return err
		}
		roots, err := c.roots()
		if err != nil {
			return err
		}
		roots.inExecutions(list)
		out = &store.ExecutionTrace{ExecutionRecord: list[0]}
		out.Trace.ID = list[0].Execution.Trace
		r := newTraceReader(db, c, &out.Trace, []model.ProjectID{list[0].Project})
		r.later = true
		err = db.eachDay(time.Time{}, time.Time{}, func(day int64) error {
			for _, trace := range list[0].Traces {
				if err := r.day(day, trace); err != nil {
					return err
				}
			}
			return r.eventsOf(day, errorsOfExecution, id)
		})
		if err != nil {
			return err
		}
		out.Load = r.loader()
		return r.order()
	})
	if err == nil && out == nil {
		err = fmt.Errorf("execution %.200q: %w", id, model.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// maxSkip is the most executions that may have begun at the very same moment
// without a page's cursor losing its place.
const maxSkip = 100_000

// executionOrder is a column that a list goes down by, and what it holds of one.
type executionOrder struct {
	column string
	value  func(x *store.ExecutionRecord) int64
}

func byStart(x *store.ExecutionRecord) int64 { return micros(x.Start) }

var executionOrders = map[store.ExecutionSort]executionOrder{
	"":               {"start", byStart},
	store.ByStart:    {"start", byStart},
	store.ByCost:     {"cost", func(x *store.ExecutionRecord) int64 { return x.Cost.Nanos }},
	store.ByDuration: {"duration", func(x *store.ExecutionRecord) int64 { return x.Duration.Microseconds() }},
}

// Executions implements store.Reader.
func (db *DB) Executions(ctx context.Context, q store.ExecutionQuery) (store.ExecutionPage, error) {
	var page store.ExecutionPage
	order, ok := executionOrders[q.Sort]
	if !ok {
		return page, fmt.Errorf("%w: sort %q: use start, cost or duration", model.ErrInvalid, q.Sort)
	}
	var at, skip int64 // the cursor: a value of the order, and how many of it are done
	if err := parseCursor(q.Page.Cursor, &at, &skip); err != nil {
		return page, err
	}
	if skip < 0 || skip > maxSkip {
		return page, fmt.Errorf("%w: cursor %.40q: use one that an earlier answer gave", model.ErrInvalid, q.Page.Cursor)
	}
	w := executionConditions(q)
	if q.Page.Cursor != "" {
		w.add(order.column+" <= ?", at)
	}
	want := limit(q.Page)
	var found []store.ExecutionRecord
	err := db.read(ctx, func(c *conn) error {
		if err := c.hitIssue(w, q.Issue); err != nil {
			return err
		}
		roots, err := c.roots()
		if err == nil {
			found, err = c.executions(q.In, w, order, int(skip)+want+1)
		}
		roots.inExecutions(found)
		return err
	})
	found = found[min(int(skip), len(found)):]
	more := len(found) > want
	page.Executions = found[:min(want, len(found))]
	for i := range page.Executions {
		if v := order.value(&page.Executions[i]); v != at {
			at, skip = v, 0
		}
		skip++
	}
	if more {
		page.Next = cursor(at, skip)
	}
	return page, err
}

// executions returns the first that meet the conditions, in descending order. It asks
// project by project: those of several together no index has in order.
func (c *conn) executions(in store.Scope, w *where, by executionOrder, most int) ([]store.ExecutionRecord, error) {
	projects, err := c.projects(in)
	if err != nil {
		return nil, err
	}
	var found []store.ExecutionRecord
	w.add("project = ?")
	sql := "SELECT " + executionColumns + " FROM executions WHERE " + w.String() + " ORDER BY " + by.column + " DESC, id LIMIT ?"
	for _, p := range projects {
		args := append(slices.Clone(w.args), int64(p), int64(most))
		err := c.query(sql, args, func(s *sqlite3.Stmt) error {
			x, err := scanExecution(s)
			found = append(found, x)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(a, b store.ExecutionRecord) int {
		return cmp.Or(cmp.Compare(by.value(&b), by.value(&a)), cmp.Compare(a.Project, b.Project), strings.Compare(a.ID, b.ID))
	})
	return found[:min(most, len(found))], nil
}

func executionConditions(q store.ExecutionQuery) *where {
	w := &where{}
	for _, c := range [...]struct{ column, value string }{
		{"id", q.ID}, {"agent", q.Agent}, {"rule", q.Rule}, {"fault", q.Fault}, {"user", q.UserKey}, {"organization", q.Organization},
		{"conversation", q.Conversation}, {"release", q.Release}, {"environment", q.Environment},
	} {
		if c.value != "" {
			w.add(c.column+" = ?", c.value)
		}
	}
	if q.Conversation != "" {
		w.add("conversation <> ''") // as its index says
	}
	for _, c := range [...]struct{ column, value string }{{"models", q.Model}, {"tools", q.Tool}, {"policies", q.Policy}} {
		if c.value != "" {
			w.add("instr("+c.column+", ?) > 0", separator+c.value+separator)
		}
	}
	if len(q.Outcomes) > 0 {
		list := make([]int64, len(q.Outcomes))
		for i, o := range q.Outcomes {
			list[i] = int64(o)
		}
		w.add(oneOf("outcome", list))
	}
	if q.Looped {
		w.add("loop_kind IS NOT NULL")
	}
	if q.MinCostNanos > 0 {
		w.add("cost >= ?", q.MinCostNanos)
	}
	w.between("start", q.From, q.To)
	return w
}

// hitIssue narrows to executions that hit an issue, or any that is merged with it; zero
// does not narrow.
func (c *conn) hitIssue(w *where, id model.IssueID) error {
	if id == 0 {
		return nil
	}
	issues, err := c.members(id)
	if len(issues) == 1 {
		w.add("instr(issues, ?) > 0", separator+issues[0].String()+separator)
		return err
	}
	items := make([]string, len(issues))
	for i, id := range issues {
		items[i] = separator + id.String() + separator
	}
	w.add("EXISTS (SELECT 1 FROM json_each(?) WHERE instr(issues, value) > 0)", jsonList(items))
	return err
}

// between narrows a column of times to from (included) and to (not); zero is open.
func (w *where) between(column string, from, to time.Time) {
	if !from.IsZero() {
		w.add(column+" >= ?", micros(from))
	}
	if !to.IsZero() {
		w.add(column+" < ?", micros(to))
	}
}
