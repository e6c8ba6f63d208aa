package sqlite

import (
	"context"
	"fmt"
	"slices"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// unmerged holds for issues that are not merged into another.
const unmerged = "i.id NOT IN (SELECT id FROM parts WHERE parent <> id)"

// root returns the issue that an issue is merged into, or the id itself.
func (c *conn) root(id model.IssueID) (model.IssueID, error) {
	_, err := c.bind("SELECT parent FROM parts WHERE id = ?").int(int64(id)).one(func(s *sqlite3.Stmt) { id = model.IssueID(s.ColumnInt64(0)) })
	return id, err
}

// members returns an issue and all that are merged into it, wherever it stands among
// them, ascending.
func (c *conn) members(id model.IssueID) (list []model.IssueID, err error) {
	err = c.bind("SELECT id FROM parts WHERE parent = (SELECT parent FROM parts WHERE id = ?) ORDER BY id").int(int64(id)).each(func(s *sqlite3.Stmt) error {
		list = append(list, model.IssueID(s.ColumnInt64(0)))
		return nil
	})
	if len(list) == 0 {
		list = []model.IssueID{id}
	}
	return list, err
}

// roots leads from each issue that is merged into another to that; nil when none is.
type roots map[model.IssueID]model.IssueID

func (c *conn) roots() (r roots, err error) {
	err = c.bind("SELECT id, parent FROM parts WHERE parent <> id").each(func(s *sqlite3.Stmt) error {
		r = r.with(model.IssueID(s.ColumnInt64(0)), model.IssueID(s.ColumnInt64(1)))
		return nil
	})
	return r, err
}

// with adds one; r may be nil.
func (r roots) with(id, root model.IssueID) roots {
	if r == nil {
		r = roots{}
	}
	r[id] = root
	return r
}

// of returns what stands for an issue.
func (r roots) of(id model.IssueID) model.IssueID {
	if root, merged := r[id]; merged {
		return root
	}
	return id
}

// inEvents has events name what stands for their issues.
func (r roots) inEvents(list []store.EventSummary) {
	for i := range list {
		list[i].Issue = r.of(list[i].Issue)
	}
}

// inExecutions has executions name what stands for the issues that they hit, each once.
func (r roots) inExecutions(list []store.ExecutionRecord) {
	if len(r) == 0 {
		return
	}
	for i := range list {
		x := &list[i]
		for j, id := range x.Issues {
			x.Issues[j] = r.of(id)
		}
		slices.Sort(x.Issues)
		x.Issues = slices.Compact(x.Issues)
	}
}

// issue reads an issue, or what it is merged into, of one of the projects.
func (c *conn) issue(projects []model.ProjectID, id model.IssueID) (i store.Issue, err error) {
	found, err := c.bind("SELECT " + issueColumns + fromIssues + rootOfID + " AND " + oneOf("i.project", projects)).int(int64(id)).
		one(func(s *sqlite3.Stmt) { i = scanIssue(s) })
	if err == nil && !found {
		err = fmt.Errorf("issue %d: %w", id, model.ErrNotFound)
	}
	return i, err
}

// What stands for an issue, by id and by the parts of a short id.
const (
	rootOfID      = "i.id = ifnull((SELECT parent FROM parts WHERE id = ?1), ?1)"
	rootOfShortID = `i.id IN (SELECT ifnull(m.parent, c.id) FROM issues c JOIN projects q ON q.id = c.project
		LEFT JOIN parts m ON m.id = c.id WHERE q.slug = ? AND c.number = ?)`
)

// MergedIssues implements store.Reader.
func (db *DB) MergedIssues(ctx context.Context, in store.Scope, id model.IssueID) ([]store.MergedIssue, error) {
	var out []store.MergedIssue
	err := db.read(ctx, func(c *conn) error {
		projects, err := c.projects(in)
		if err != nil {
			return err
		}
		parent, err := c.issue(projects, id)
		if err != nil {
			return err
		}
		return c.bind("SELECT " + partColumns + ` FROM parts m JOIN issues i ON i.id = m.id JOIN projects p ON p.id = i.project
			WHERE m.parent = ?1 AND m.id <> ?1 ORDER BY m.merged DESC, m.count DESC, m.id`).int(int64(parent.ID)).each(func(s *sqlite3.Stmt) error {
			out = append(out, store.MergedIssue{Issue: scanIssue(s), Merged: instant(s.ColumnInt64(24))})
			return nil
		})
	})
	return out, err
}

// partColumns are issueColumns with what the issue has of its own.
const partColumns = `i.id, i.project, p.slug, i.number, i.kind, m.title, m.culprit, m.type, m.value, m.level, i.platform,
	i.status, i.substatus, m.handled, m.count, m.users, m.first_seen, m.last_seen, m.first_release, m.last_release,
	m.last_event, i.resolved, i.assigned_to, m.fault, m.merged`
