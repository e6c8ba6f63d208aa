package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// AddTrigger implements store.Hooks.
func (db *DB) AddTrigger(_ context.Context, tr store.Trigger) error {
	data := db.codec.Pack(tr.Data)
	return db.do(1, func(t *txn) error {
		return t.c.bind("INSERT OR IGNORE INTO triggers (org, project, issue, delivery, time, kind, rule, state, title, link, data) VALUES (?,?,?,?,?,?,?,?,?,?,?)").
			int(int64(tr.Org)).int(int64(tr.Project)).int(int64(tr.Issue)).int(tr.Delivery).int(micros(tr.Time)).
			text(tr.Kind).text(tr.Rule).text(tr.State).text(tr.Title).text(tr.Link).blob(data).run()
	})
}

// Triggers implements store.Hooks.
func (db *DB) Triggers(ctx context.Context, in store.Scope, p store.Page) (store.TriggerPage, error) {
	page := store.TriggerPage{Triggers: []store.Trigger{}}
	before := int64(1) << 62
	if err := parseCursor(p.Cursor, &before); err != nil {
		return page, err
	}
	want := limit(p)
	err := db.read(ctx, func(c *conn) error {
		w := &where{}
		w.add("t.org = ?", int64(in.Org))
		w.add("t.id < ?", before)
		if len(in.Projects) > 0 {
			projects, err := c.projects(in)
			if err != nil {
				return err
			}
			w.add(oneOf("t.project", projects))
		}
		sql := `SELECT t.id, t.org, t.project, ifnull(m.parent, t.issue), t.delivery, t.time, t.kind, t.rule, t.state, t.title, t.link, t.data
			FROM triggers t LEFT JOIN parts m ON m.id = t.issue WHERE ` + w.String() + " ORDER BY t.id DESC LIMIT ?"
		return c.query(sql, append(w.args, int64(want)+1), func(s *sqlite3.Stmt) error {
			if len(page.Triggers) == want {
				page.Next = cursor(page.Triggers[want-1].ID)
				return nil
			}
			tr, err := db.scanTrigger(s)
			page.Triggers = append(page.Triggers, tr)
			return err
		})
	})
	return page, err
}

func (db *DB) scanTrigger(s *sqlite3.Stmt) (store.Trigger, error) {
	tr := store.Trigger{
		ID: s.ColumnInt64(0), Org: model.OrgID(s.ColumnInt64(1)), Project: model.ProjectID(s.ColumnInt64(2)), Issue: model.IssueID(s.ColumnInt64(3)),
		Delivery: s.ColumnInt64(4), Time: instant(s.ColumnInt64(5)), Kind: s.ColumnText(6), Rule: s.ColumnText(7), State: s.ColumnText(8),
		Title: s.ColumnText(9), Link: s.ColumnText(10),
	}
	var err error
	if tr.Data, err = db.codec.Unpack(s.ColumnRawBlob(11)); err != nil {
		return tr, fmt.Errorf("trigger %d: %w", tr.ID, err)
	}
	return tr, nil
}

// Cursor implements store.Hooks.
func (db *DB) Cursor(ctx context.Context, follower string) (at int64, err error) {
	err = db.read(ctx, func(c *conn) error {
		_, err := c.bind("SELECT cursor FROM cursors WHERE follower = ?").text(follower).one(func(s *sqlite3.Stmt) { at = s.ColumnInt64(0) })
		return err
	})
	return at, err
}

// MoveCursor implements store.Hooks.
func (db *DB) MoveCursor(_ context.Context, follower string, to int64) error {
	return db.do(1, func(t *txn) error { return t.moveCursor(follower, to) })
}

func (t *txn) moveCursor(follower string, to int64) error {
	return t.c.bind("INSERT INTO cursors (follower, cursor) VALUES (?, ?) ON CONFLICT DO UPDATE SET cursor = excluded.cursor").
		text(follower).int(to).run()
}

// sweepHooks returns what there is to delete of webhooks and of what they brought.
func sweepHooks(now, oldest time.Time) []chore {
	return []chore{
		deleteRows("DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries ORDER BY id LIMIT ?2) AND received < ?1", micros(now.Add(-store.DeliveryHistory))),
		deleteRows("DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries ORDER BY id LIMIT ?2) AND id <= (SELECT max(id) FROM deliveries) - ?1", store.MaxDeliveries),
		crowdedOut,
		deleteRows("DELETE FROM triggers WHERE id IN (SELECT id FROM triggers ORDER BY id LIMIT ?2) AND time < ?1", micros(oldest)),
	}
}

// crowdedOut deletes the oldest deliveries while their bodies take more room than they may.
func crowdedOut(w *writer) (done bool, err error) {
	err = w.within(func() error {
		var bytes int64
		_, err := w.c.bind("SELECT bytes FROM delivery_room").one(func(s *sqlite3.Stmt) { bytes = s.ColumnInt64(0) })
		if done = bytes <= store.MaxDeliveryBytes; done || err != nil {
			return err
		}
		const some = 20 // of up to two megabytes
		if err := w.c.bind("DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries ORDER BY id LIMIT ?)").int(some).run(); err != nil {
			return fmt.Errorf("delete deliveries that take too much room: %w", err)
		}
		done = w.c.Changes() == 0
		return nil
	})
	return done, err
}
