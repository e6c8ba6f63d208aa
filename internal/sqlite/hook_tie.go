package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

const tieColumns = `u.org, u.id, u.issue, u.short_id, u.project, u.link, u.status, u.count, u.users, u.last_seen, u.assigned, u.how, u.updated,
	u.what, u.change, u.tries, u.due, u.problem, u.sent`

func scanTie(s *sqlite3.Stmt) store.Push {
	return store.Push{
		UpstreamIssue: store.UpstreamIssue{
			Org: model.OrgID(s.ColumnInt64(0)), ID: s.ColumnText(1), Issue: model.IssueID(s.ColumnInt64(2)), ShortID: s.ColumnText(3),
			Project: s.ColumnText(4), Link: s.ColumnText(5), Status: s.ColumnText(6), Count: s.ColumnInt64(7), Users: s.ColumnInt64(8),
			LastSeen: instant(s.ColumnInt64(9)), Assigned: s.ColumnText(10), How: s.ColumnText(11), UpdatedAt: instant(s.ColumnInt64(12)),
		},
		What: store.Changed(s.ColumnInt(13)), Change: s.ColumnInt64(14), Tries: s.ColumnInt(15), Due: instant(s.ColumnInt64(16)),
		Problem: s.ColumnText(17), Sent: instant(s.ColumnInt64(18)),
	}
}

// LinkIssue implements store.Hooks.
func (db *DB) LinkIssue(_ context.Context, u store.UpstreamIssue) error {
	return db.do(1, func(t *txn) error {
		err := t.c.bind(`INSERT INTO upstream_issues (org, id, issue, short_id, project, link, status, count, users, last_seen, assigned, how, updated)
			VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET issue = excluded.issue, short_id = excluded.short_id, project = excluded.project,
			link = excluded.link, status = excluded.status, count = excluded.count, users = excluded.users, last_seen = excluded.last_seen,
			assigned = excluded.assigned, how = excluded.how, updated = excluded.updated WHERE excluded.updated >= updated`).
			int(int64(u.Org)).text(u.ID).int(int64(u.Issue)).text(u.ShortID).text(u.Project).text(u.Link).text(u.Status).int(u.Count).int(u.Users).
			int(micros(u.LastSeen)).text(u.Assigned).text(u.How).int(micros(u.UpdatedAt)).run()
		if err == nil && t.c.Changes() == 0 {
			err = fmt.Errorf("what is known of issue %.40q upstream is newer: %w", u.ID, model.ErrConflict)
		}
		return err
	})
}

// UpstreamIssueByID implements store.Hooks.
func (db *DB) UpstreamIssueByID(ctx context.Context, org model.OrgID, id string) (*store.UpstreamIssue, error) {
	var p store.Push
	err := db.read(ctx, func(c *conn) error {
		found, err := c.bind("SELECT " + tieColumns + " FROM upstream_issues u WHERE u.org = ? AND u.id = ?").int(int64(org)).text(id).
			one(func(s *sqlite3.Stmt) { p = scanTie(s) })
		if err == nil && !found {
			err = fmt.Errorf("issue %.40q upstream: %w", id, model.ErrNotFound)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return &p.UpstreamIssue, nil
}

// UpstreamIssues implements store.Hooks.
func (db *DB) UpstreamIssues(ctx context.Context, in store.Scope, issues []model.IssueID) (map[model.IssueID]store.Push, error) {
	out := map[model.IssueID]store.Push{}
	err := db.read(ctx, func(c *conn) error {
		projects, err := c.projects(in)
		if err != nil {
			return err
		}
		sql := "SELECT " + tieColumns + `, ifnull(m.parent, u.issue) FROM upstream_issues u JOIN issues i ON i.id = u.issue LEFT JOIN parts m ON m.id = u.issue
			WHERE u.org = ? AND u.issue IN (SELECT id FROM parts WHERE ` + oneOf("parent", issues) + " UNION SELECT id FROM issues WHERE " + oneOf("id", issues) + ") AND " +
			oneOf("i.project", projects) + " ORDER BY u.updated, u.id"
		return c.bind(sql).int(int64(in.Org)).each(func(s *sqlite3.Stmt) error {
			p := scanTie(s)
			p.Issue = model.IssueID(s.ColumnInt64(19))
			out[p.Issue] = p
			return nil
		})
	})
	return out, err
}

// PushChanges implements store.Hooks.
func (db *DB) PushChanges(_ context.Context, follower string, changes []store.Change, now time.Time) error {
	if len(changes) == 0 {
		return nil
	}
	return db.do(len(changes), func(t *txn) error {
		for i := range changes {
			c := &changes[i]
			if c.Origin != "" || c.What == 0 {
				continue
			}
			err := t.c.bind(`UPDATE upstream_issues SET what = what | ?, change = ?, tries = 0, due = ?, problem = ''
				WHERE org = ? AND change < ? AND issue IN (SELECT ?6 UNION SELECT id FROM parts WHERE parent = ?6)`).
				int(int64(c.What)).int(c.Cursor).int(micros(now)).int(int64(c.Org)).int(c.Cursor).int(int64(c.Issue)).run()
			if err != nil {
				return fmt.Errorf("note change %d for the upstream: %w", c.Cursor, err)
			}
		}
		return t.moveCursor(follower, changes[len(changes)-1].Cursor)
	})
}

// DuePushes implements store.Hooks.
func (db *DB) DuePushes(ctx context.Context, now time.Time, most int) (out []store.Push, err error) {
	err = db.read(ctx, func(c *conn) error {
		return c.bind("SELECT " + tieColumns + " FROM upstream_issues u WHERE u.due > 0 AND u.due <= ? ORDER BY u.due LIMIT ?").
			int(micros(now)).int(int64(most)).each(func(s *sqlite3.Stmt) error {
			out = append(out, scanTie(s))
			return nil
		})
	})
	return out, err
}

// SettlePush implements store.Hooks.
func (db *DB) SettlePush(_ context.Context, p store.Push) error {
	return db.do(1, func(t *txn) error {
		err := t.c.bind("UPDATE upstream_issues SET sent = ? WHERE org = ? AND id = ?").int(micros(p.Sent)).int(int64(p.Org)).text(p.ID).run()
		if err != nil {
			return err
		}
		return t.c.bind("UPDATE upstream_issues SET what = ?, tries = ?, due = ?, problem = ? WHERE org = ? AND id = ? AND change = ?").
			int(int64(p.What)).int(int64(p.Tries)).int(micros(p.Due)).text(p.Problem).int(int64(p.Org)).text(p.ID).int(p.Change).run()
	})
}
