package sqlite

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"regexp"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// slugForm is what organizations and projects may be called in URLs.
var slugForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,49}$`)

// Organizations implements store.Desk.
func (db *DB) Organizations(ctx context.Context) ([]store.Organization, error) {
	out := []store.Organization{}
	err := db.read(ctx, func(c *conn) error {
		return c.query("SELECT id, slug, name, created FROM organizations ORDER BY id", nil, func(s *sqlite3.Stmt) error {
			out = append(out, store.Organization{ID: model.OrgID(s.ColumnInt64(0)), Slug: s.ColumnText(1), Name: s.ColumnText(2), Created: instant(s.ColumnInt64(3))})
			return nil
		})
	})
	return out, err
}

// CreateOrganization implements store.Desk.
func (db *DB) CreateOrganization(ctx context.Context, slug, name string) (store.Organization, error) {
	o := store.Organization{Slug: slug, Name: name}
	if !slugForm.MatchString(slug) {
		return o, fmt.Errorf("%w: slug %q: use lower-case letters, digits, - and _, at most 50", model.ErrInvalid, slug)
	}
	err := db.do(1, func(t *txn) error { return t.createOrganization(&o) })
	return o, err
}

// createOrganization stores o and sets its id and time.
func (t *txn) createOrganization(o *store.Organization) error {
	o.Created = t.now
	err := t.c.bind("INSERT INTO organizations (slug, name, created) VALUES (?, ?, ?)").text(o.Slug).text(o.Name).int(micros(t.now)).run()
	o.ID = model.OrgID(t.c.LastInsertRowID())
	return err
}

// Projects implements store.Desk.
func (db *DB) Projects(ctx context.Context, in store.Scope) ([]store.Project, error) {
	out := []store.Project{}
	err := db.read(ctx, func(c *conn) error {
		ids, err := c.projects(in)
		if err != nil {
			return err
		}
		sql := "SELECT id, org, slug, name, platform, created, first_event FROM projects WHERE " + oneOf("id", ids) + " ORDER BY id"
		return c.query(sql, nil, func(s *sqlite3.Stmt) error {
			out = append(out, store.Project{ID: model.ProjectID(s.ColumnInt64(0)), Org: model.OrgID(s.ColumnInt64(1)), Slug: s.ColumnText(2),
				Name: s.ColumnText(3), Platform: s.ColumnText(4), Created: instant(s.ColumnInt64(5)), FirstEvent: instant(s.ColumnInt64(6))})
			return nil
		})
	})
	return out, err
}

// CreateProject implements store.Desk.
func (db *DB) CreateProject(ctx context.Context, in store.Scope, slug, name, platform string) (store.Project, error) {
	p := store.Project{Org: in.Org, Slug: slug, Name: name, Platform: platform}
	if !slugForm.MatchString(slug) {
		return p, fmt.Errorf("%w: slug %q: use lower-case letters, digits, - and _, at most 50", model.ErrInvalid, slug)
	}
	err := db.do(1, func(t *txn) error { return t.createProject(&p) })
	return p, err
}

// createProject stores p with a key and sets its id and time.
func (t *txn) createProject(p *store.Project) error {
	p.Created = t.now
	err := t.c.bind("INSERT INTO projects (org, slug, name, platform, created) VALUES (?, ?, ?, ?, ?)").
		int(int64(p.Org)).text(p.Slug).text(p.Name).text(p.Platform).int(micros(t.now)).run()
	if err != nil {
		return err
	}
	p.ID = model.ProjectID(t.c.LastInsertRowID())
	return t.c.bind("INSERT INTO keys (project, public, name, created) VALUES (?, ?, ?, ?)").
		int(int64(p.ID)).text(newPublicKey()).text("Default").int(micros(t.now)).run()
}

const keyColumns = "k.id, p.org, k.project, k.public, k.name, k.enabled, k.per_minute, k.created FROM keys k JOIN projects p ON p.id = k.project WHERE "

func scanKey(s *sqlite3.Stmt) store.Key {
	return store.Key{ID: s.ColumnInt64(0), Org: model.OrgID(s.ColumnInt64(1)), Project: model.ProjectID(s.ColumnInt64(2)), Public: s.ColumnText(3),
		Name: s.ColumnText(4), Enabled: s.ColumnBool(5), PerMinute: s.ColumnInt(6), Created: instant(s.ColumnInt64(7))}
}

// Keys implements store.Desk.
func (db *DB) Keys(ctx context.Context, in store.Scope, project model.ProjectID) ([]store.Key, error) {
	out := []store.Key{}
	err := db.read(ctx, func(c *conn) error {
		return c.bind("SELECT " + keyColumns + "p.org = ? AND k.project = ? ORDER BY k.id").int(int64(in.Org)).int(int64(project)).
			each(func(s *sqlite3.Stmt) error {
				out = append(out, scanKey(s))
				return nil
			})
	})
	return out, err
}

// Key implements store.Gate.
func (db *DB) Key(ctx context.Context, public string) (store.Key, error) {
	var k store.Key
	err := db.read(ctx, func(c *conn) error {
		found, err := c.bind("SELECT " + keyColumns + "k.public = ?").text(public).one(func(s *sqlite3.Stmt) { k = scanKey(s) })
		if err == nil && !found {
			err = fmt.Errorf("key %.40q: %w", public, model.ErrNotFound)
		}
		return err
	})
	return k, err
}

// LimitKey implements store.Desk.
func (db *DB) LimitKey(ctx context.Context, in store.Scope, key int64, enabled bool, perMinute int) error {
	return db.do(1, func(t *txn) error {
		err := t.c.bind("UPDATE keys SET enabled = ?, per_minute = ? WHERE id = ? AND project IN (SELECT id FROM projects WHERE org = ?)").
			int(flag(enabled)).int(int64(perMinute)).int(key).int(int64(in.Org)).run()
		if err == nil && t.c.Changes() == 0 {
			err = fmt.Errorf("key %d: %w", key, model.ErrNotFound)
		}
		return err
	})
}

// tokenPrefix is that of Sentry's user tokens: clients recognise it.
const tokenPrefix = "sntryu_"

// CreateToken implements store.Desk.
func (db *DB) CreateToken(ctx context.Context, in store.Scope, name string, scopes []string) (string, error) {
	secret, hash := newSecret(tokenPrefix)
	err := db.do(1, func(t *txn) error {
		return t.c.bind("INSERT INTO tokens (org, name, hash, scopes, created) VALUES (?, ?, ?, ?, ?)").
			int(int64(in.Org)).text(name).blob(hash[:]).text(strings.Join(scopes, " ")).int(micros(t.now)).run()
	})
	return secret, err
}

// Token implements store.Gate.
func (db *DB) Token(ctx context.Context, secret string) (store.Token, error) {
	var out store.Token
	hash := sha256.Sum256([]byte(secret))
	err := db.read(ctx, func(c *conn) error {
		found, err := c.bind("SELECT id, org, name, scopes, created FROM tokens WHERE hash = ?").blob(hash[:]).
			one(func(s *sqlite3.Stmt) { out = scanToken(s) })
		if err == nil && !found {
			err = fmt.Errorf("token: %w", model.ErrUnauthorized)
		}
		return err
	})
	return out, err
}

// UpdateIssues implements store.Desk.
func (db *DB) UpdateIssues(_ context.Context, in store.Scope, ids []model.IssueID, u store.IssueUpdate) ([]store.Issue, error) {
	if u.Substatus != nil && (u.Status == nil || *u.Status != store.Unresolved || *u.Substatus == store.NoSubstatus) {
		return nil, fmt.Errorf("%w: substatus: it goes with the status unresolved", model.ErrInvalid)
	}
	var out []store.Issue
	err := db.do(1, func(t *txn) error {
		out = nil
		if err := t.settle(); err != nil {
			return err
		}
		projects, err := t.c.projects(in)
		if err != nil {
			return err
		}
		found, err := t.findIssues(projects, ids)
		if err != nil {
			return err
		}
		for _, i := range found {
			if i, err = t.updateIssue(in.Org, projects, i.ID, u); err != nil {
				return err
			}
			out = append(out, i)
		}
		return nil
	})
	return out, err
}

func (t *txn) updateIssue(org model.OrgID, projects []model.ProjectID, id model.IssueID, u store.IssueUpdate) (store.Issue, error) {
	if err := t.setStatus(id, u); err != nil {
		return store.Issue{}, err
	}
	if u.AssignedTo != nil {
		if err := t.c.bind("UPDATE issues SET assigned_to = ? WHERE id = ?").text(*u.AssignedTo).int(int64(id)).run(); err != nil {
			return store.Issue{}, err
		}
	}
	i, err := t.c.issue(projects, id)
	if err != nil {
		return i, err
	}
	return i, t.record(&store.Change{Kind: store.IssueUpdated, Org: org, Project: i.Project, Issue: id, Origin: u.Origin, What: u.What()})
}

func (t *txn) setStatus(id model.IssueID, u store.IssueUpdate) error {
	if u.Status == nil {
		return nil
	}
	resolved, substatus := int64(0), store.NoSubstatus
	switch *u.Status {
	case store.Resolved:
		resolved = micros(t.now)
	case store.Unresolved:
		substatus = store.Ongoing
	}
	if u.Substatus != nil {
		substatus = *u.Substatus
	}
	err := t.c.bind("UPDATE issues SET status = ?, substatus = ?, resolved = ? WHERE id = ?").
		int(int64(*u.Status)).int(int64(substatus)).int(resolved).int(int64(id)).run()
	if s := t.issues.byID[id]; s != nil && err == nil {
		s.status = *u.Status
	}
	return err
}

// Changes implements store.Feed.
func (db *DB) Changes(ctx context.Context, after int64, most int) ([]store.Change, error) {
	var out []store.Change
	err := db.read(ctx, func(c *conn) error {
		return c.bind("SELECT cursor, time, kind, org, project, issue, event, origin, what FROM changes WHERE cursor > ? ORDER BY cursor LIMIT ?").
			int(after).int(int64(most)).each(func(s *sqlite3.Stmt) error {
			out = append(out, store.Change{Cursor: s.ColumnInt64(0), Time: instant(s.ColumnInt64(1)), Kind: store.ChangeKind(s.ColumnText(2)),
				Org: model.OrgID(s.ColumnInt64(3)), Project: model.ProjectID(s.ColumnInt64(4)), Issue: model.IssueID(s.ColumnInt64(5)), Event: eventID(s, 6),
				Origin: s.ColumnText(7), What: store.Changed(s.ColumnInt(8))})
			return nil
		})
	})
	return out, err
}

// Stats implements store.Store.
func (db *DB) Stats(context.Context) (store.Stats, error) {
	st := store.Stats{QueueDepth: len(db.jobs), Commits: db.commits.Load(), Events: db.events.Load(), Spans: db.spans.Load()}
	for _, suffix := range [...]string{"", "-wal"} {
		info, err := os.Stat(db.path + suffix)
		if err != nil {
			return st, fmt.Errorf("size of the database: %w", err)
		}
		st.SizeBytes += info.Size()
	}
	return st, nil
}
