package sqlite

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

const issueColumns = `i.id, i.project, p.slug, i.number, i.kind, i.title, i.culprit, i.type, i.value, i.level, i.platform,
	i.status, i.substatus, i.handled, i.count, i.users, i.first_seen, i.last_seen, i.first_release, i.last_release,
	i.last_event, i.resolved, i.assigned_to, i.fault`

const fromIssues = " FROM issues i JOIN projects p ON p.id = i.project WHERE "

func scanIssue(s *sqlite3.Stmt) store.Issue {
	return store.Issue{
		ID: model.IssueID(s.ColumnInt64(0)), Project: model.ProjectID(s.ColumnInt64(1)), ProjectSlug: s.ColumnText(2),
		ShortID: shortID(s.ColumnText(2), s.ColumnInt64(3)), Kind: model.Kind(s.ColumnInt(4)), Title: s.ColumnText(5),
		Culprit: s.ColumnText(6), Type: s.ColumnText(7), Value: s.ColumnText(8), Level: model.Level(s.ColumnInt(9)),
		Platform: s.ColumnText(10), Status: store.Status(s.ColumnInt(11)), Substatus: store.Substatus(s.ColumnInt(12)),
		Handled: model.Tristate(s.ColumnInt(13)), Count: s.ColumnInt64(14), Users: s.ColumnInt64(15),
		FirstSeen: instant(s.ColumnInt64(16)), LastSeen: instant(s.ColumnInt64(17)),
		FirstRelease: s.ColumnText(18), LastRelease: s.ColumnText(19), LastEvent: eventID(s, 20),
		Resolved: instant(s.ColumnInt64(21)), AssignedTo: s.ColumnText(22), Fault: s.ColumnText(23),
	}
}

// Issue implements store.Reader.
func (db *DB) Issue(ctx context.Context, in store.Scope, id model.IssueID) (*store.Issue, error) {
	return db.oneIssue(ctx, in, rootOfID, int64(id))
}

// IssueByShortID implements store.Reader.
func (db *DB) IssueByShortID(ctx context.Context, in store.Scope, text string) (*store.Issue, error) {
	slug, number, ok := parseShortID(text)
	if !ok {
		return nil, fmt.Errorf("issue %.60q: %w", text, model.ErrNotFound)
	}
	return db.oneIssue(ctx, in, rootOfShortID, slug, number)
}

func (db *DB) oneIssue(ctx context.Context, in store.Scope, cond string, args ...any) (*store.Issue, error) {
	var out *store.Issue
	err := db.read(ctx, func(c *conn) error {
		projects, err := c.projects(in)
		if err != nil {
			return err
		}
		return c.query("SELECT "+issueColumns+fromIssues+cond+" AND "+oneOf("i.project", projects), args, func(s *sqlite3.Stmt) error {
			i := scanIssue(s)
			out = &i
			return nil
		})
	})
	if err == nil && out == nil {
		err = fmt.Errorf("issue %v: %w", args, model.ErrNotFound)
	}
	return out, err
}

// issueOrders gives the column of each order.
var issueOrders = map[store.IssueSort]string{
	"": "i.last_seen", store.ByLastSeen: "i.last_seen", store.ByFirstSeen: "i.first_seen", store.ByCount: "i.count", store.ByUsers: "i.users",
}

// Issues implements store.Reader.
func (db *DB) Issues(ctx context.Context, q store.IssueQuery) (store.IssuePage, error) {
	var page store.IssuePage
	column, ok := issueOrders[q.Sort]
	if !ok {
		return page, fmt.Errorf("%w: sort %q: use date, new, freq or user", model.ErrInvalid, q.Sort)
	}
	w, err := issueConditions(q, db.opt.Now())
	if err != nil {
		return page, err
	}
	var at, id int64
	if err := parseCursor(q.Page.Cursor, &at, &id); err != nil {
		return page, err
	}
	if q.Page.Cursor != "" {
		w.add("("+column+", i.id) < (?, ?)", at, id)
	}
	want := limit(q.Page)
	err = db.read(ctx, func(c *conn) error {
		projects, err := c.projects(q.In)
		if err != nil {
			return err
		}
		w.add(oneOf("i.project", projects))
		sql := fmt.Sprintf("SELECT %s, %s%s%s ORDER BY %s DESC, i.id DESC LIMIT %d", issueColumns, column, fromIssues, w, column, want+1)
		return c.query(sql, w.args, func(s *sqlite3.Stmt) error {
			if len(page.Issues) == want {
				page.Next = cursor(at, id)
				return nil
			}
			page.Issues = append(page.Issues, scanIssue(s))
			at, id = s.ColumnInt64(24), s.ColumnInt64(0)
			return nil
		})
	})
	return page, err
}

func issueConditions(q store.IssueQuery, now time.Time) (*where, error) {
	w := &where{}
	w.add(unmerged)
	for _, t := range q.Terms {
		cond, args, err := issueTerm(t, now)
		if err != nil {
			return nil, err
		}
		if t.Negated {
			cond = "NOT " + cond
		}
		w.add(cond, args...)
	}
	if len(q.Environments) > 0 {
		cond, args, err := issueTerm(store.Term{Key: "environment", Values: q.Environments}, now)
		if err != nil {
			return nil, err
		}
		w.add(cond, args...)
	}
	if !q.From.IsZero() {
		w.add("i.last_seen >= ?", micros(q.From))
	}
	if !q.To.IsZero() {
		w.add("i.first_seen < ?", micros(q.To))
	}
	return w, nil
}

// IssueTags implements store.Reader.
func (db *DB) IssueTags(ctx context.Context, in store.Scope, id model.IssueID) ([]store.TagCount, error) {
	if _, err := db.Issue(ctx, in, id); err != nil {
		return nil, err
	}
	type tag struct{ key, value string }
	counts := map[tag]*store.TagCount{}
	q := store.RollupQuery{In: in, Kind: rollup.IssueTag, Name: store.IssueName(id), From: time.Unix(0, 0), To: db.opt.Now().Add(48 * time.Hour)}
	err := db.Rollup(ctx, q, func(r store.RollupRow) error {
		key, value, _ := strings.Cut(r.Sub, "\x00")
		t := counts[tag{key, value}]
		if t == nil {
			t = &store.TagCount{Key: key, Value: value, First: r.Time, Last: r.Time}
			counts[tag{key, value}] = t
		}
		t.Count += r.Counters.Get(rollup.Events)
		if r.Time.Before(t.First) {
			t.First = r.Time
		}
		if r.Time.After(t.Last) {
			t.Last = r.Time
		}
		return nil
	})
	out := make([]store.TagCount, 0, len(counts))
	for _, t := range counts {
		if t.Count > 0 { // else it was taken back
			out = append(out, *t)
		}
	}
	slices.SortFunc(out, func(a, b store.TagCount) int {
		if c := strings.Compare(a.Key, b.Key); c != 0 {
			return c
		}
		if a.Count != b.Count {
			return int(b.Count - a.Count)
		}
		return strings.Compare(a.Value, b.Value)
	})
	return out, err
}
