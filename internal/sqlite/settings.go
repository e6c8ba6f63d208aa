package sqlite

import (
	"context"
	"fmt"
	"math"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

const settingsColumns = "SELECT org, project, version, time, author, value FROM settings "

func scanSettings(s *sqlite3.Stmt) store.SettingsRecord {
	return store.SettingsRecord{Org: model.OrgID(s.ColumnInt64(0)), Project: model.ProjectID(s.ColumnInt64(1)), Version: s.ColumnInt64(2),
		Time: instant(s.ColumnInt64(3)), By: s.ColumnText(4), Value: s.ColumnBlob(5, nil)}
}

// AllSettings implements store.Settings.
func (db *DB) AllSettings(ctx context.Context) (out []store.SettingsRecord, err error) {
	err = db.read(ctx, func(c *conn) error {
		const newest = "WHERE version = (SELECT max(version) FROM settings n WHERE n.org = settings.org AND n.project = settings.project) ORDER BY org, project"
		return c.query(settingsColumns+newest, nil, func(s *sqlite3.Stmt) error {
			out = append(out, scanSettings(s))
			return nil
		})
	})
	return out, err
}

// SettingsHistory implements store.Settings.
func (db *DB) SettingsHistory(ctx context.Context, in store.Scope, project model.ProjectID, p store.Page) (store.SettingsPage, error) {
	page := store.SettingsPage{Versions: []store.SettingsRecord{}}
	before := int64(math.MaxInt64)
	if err := parseCursor(p.Cursor, &before); err != nil {
		return page, err
	}
	want := limit(p)
	err := db.read(ctx, func(c *conn) error {
		if err := c.holds(in, project); err != nil {
			return err
		}
		return c.bind(settingsColumns + "WHERE org = ? AND project = ? AND version < ? ORDER BY version DESC LIMIT ?").
			int(int64(in.Org)).int(int64(project)).int(before).int(int64(want) + 1).each(func(s *sqlite3.Stmt) error {
			page.Versions = append(page.Versions, scanSettings(s))
			return nil
		})
	})
	if len(page.Versions) > want {
		page.Versions = page.Versions[:want]
		page.Next = cursor(page.Versions[want-1].Version)
	}
	return page, err
}

// SaveSettings implements store.Settings.
func (db *DB) SaveSettings(_ context.Context, in store.Scope, r store.SettingsRecord) (store.SettingsRecord, error) {
	r.Org = in.Org
	before := r.Version
	err := db.do(1, func(t *txn) error {
		if err := t.c.holds(in, r.Project); err != nil {
			return err
		}
		newest, err := t.c.settingsVersion(r.Org, r.Project)
		if err != nil {
			return err
		}
		if newest != before {
			return fmt.Errorf("settings are of version %d by now, not %d: %w", newest, before, model.ErrConflict)
		}
		r.Version, r.Time = before+1, instant(micros(t.now))
		return t.c.bind("INSERT INTO settings (org, project, version, time, author, value) VALUES (?, ?, ?, ?, ?, ?)").
			int(int64(r.Org)).int(int64(r.Project)).int(r.Version).int(micros(r.Time)).text(r.By).blob(r.Value).run()
	})
	return r, err
}

// settingsVersion returns the newest version of a scope's settings; 0 without any.
func (c *conn) settingsVersion(org model.OrgID, project model.ProjectID) (v int64, err error) {
	_, err = c.bind("SELECT max(version) FROM settings WHERE org = ? AND project = ?").int(int64(org)).int(int64(project)).
		one(func(s *sqlite3.Stmt) { v = s.ColumnInt64(0) })
	return v, err
}

// holds returns ErrNotFound unless the scope has the project, or the project is 0 and
// there is such an organization.
func (c *conn) holds(in store.Scope, project model.ProjectID) error {
	if project == 0 {
		found, err := c.bind("SELECT 1 FROM organizations WHERE id = ?").int(int64(in.Org)).one(func(*sqlite3.Stmt) {})
		if err == nil && !found {
			err = fmt.Errorf("organization %d: %w", in.Org, model.ErrNotFound)
		}
		return err
	}
	all, err := c.projects(store.Scope{Org: in.Org, Projects: []model.ProjectID{project}})
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("project %d: %w", project, model.ErrNotFound)
	}
	return err
}
