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
	cost, pricing, unpriced, model_calls, tool_calls, tool_errors, evaluations, violations`

func scanExecution(s *sqlite3.Stmt) store.ExecutionRecord {
	return store.ExecutionRecord{Project: model.ProjectID(s.ColumnInt64(0)), Execution: model.Execution{
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
	}}
}

func (c *conn) readExecution(p model.ProjectID, id string) (*model.Execution, error) {
	var x model.Execution
	_, err := c.bind("SELECT " + executionColumns + " FROM executions WHERE project = ? AND id = ?").int(int64(p)).text(id).
		one(func(s *sqlite3.Stmt) { x = scanExecution(s).Execution })
	return &x, err
}

// maxSkip is the most executions that may have begun at the very same moment
// without a page's cursor losing its place.
const maxSkip = 100_000

// Executions implements store.Reader.
func (db *DB) Executions(ctx context.Context, q store.ExecutionQuery) (store.ExecutionPage, error) {
	var page store.ExecutionPage
	var at, skip int64 // the cursor: a start, and how many of it are done
	if err := parseCursor(q.Page.Cursor, &at, &skip); err != nil {
		return page, err
	}
	if skip < 0 || skip > maxSkip {
		return page, fmt.Errorf("%w: cursor %.40q: use one that an earlier answer gave", model.ErrInvalid, q.Page.Cursor)
	}
	w := executionConditions(q)
	if q.Page.Cursor != "" {
		w.add("start <= ?", at)
	}
	want := limit(q.Page)
	var found []store.ExecutionRecord
	err := db.read(ctx, func(c *conn) (err error) {
		found, err = c.newestExecutions(q.In, w, int(skip)+want+1)
		return err
	})
	found = found[min(int(skip), len(found)):]
	more := len(found) > want
	page.Executions = found[:min(want, len(found))]
	for i := range page.Executions {
		if start := micros(page.Executions[i].Start); start != at {
			at, skip = start, 0
		}
		skip++
	}
	if more {
		page.Next = cursor(at, skip)
	}
	return page, err
}

// newestExecutions returns the newest that meet the conditions, in order. It asks
// project by project: those of several together no index has in order.
func (c *conn) newestExecutions(in store.Scope, w *where, most int) ([]store.ExecutionRecord, error) {
	projects, err := c.projects(in)
	if err != nil {
		return nil, err
	}
	var found []store.ExecutionRecord
	w.add("project = ?")
	sql := "SELECT " + executionColumns + " FROM executions WHERE " + w.String() + " ORDER BY start DESC, id LIMIT ?"
	for _, p := range projects {
		args := append(slices.Clone(w.args), int64(p), int64(most))
		err := c.query(sql, args, func(s *sqlite3.Stmt) error {
			found = append(found, scanExecution(s))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(found, func(a, b store.ExecutionRecord) int {
		return cmp.Or(b.Start.Compare(a.Start), cmp.Compare(a.Project, b.Project), strings.Compare(a.ID, b.ID))
	})
	return found[:min(most, len(found))], nil
}

func executionConditions(q store.ExecutionQuery) *where {
	w := &where{}
	if q.ID != "" {
		w.add("id = ?", q.ID)
	}
	if q.Agent != "" {
		w.add("agent = ?", q.Agent)
	}
	if !q.From.IsZero() {
		w.add("start >= ?", micros(q.From))
	}
	if !q.To.IsZero() {
		w.add("start < ?", micros(q.To))
	}
	return w
}
