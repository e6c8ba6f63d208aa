package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

var _ store.Hooks = (*DB)(nil)

// TakeDelivery implements store.Hooks.
func (db *DB) TakeDelivery(_ context.Context, d store.Delivery) (id int64, again bool, err error) {
	packed := db.codec.Pack(d.Body)
	err = db.do(3, func(t *txn) error {
		if id, err = t.c.sameDelivery(&d); err != nil {
			return err
		}
		if again = id != 0; again {
			return nil
		}
		id, err = t.takeDelivery(&d, packed)
		return err
	})
	return id, again, err
}

// sameDelivery returns the delivery that d is another attempt of; 0 for none.
func (c *conn) sameDelivery(d *store.Delivery) (id int64, err error) {
	found, err := c.bind("SELECT id FROM deliveries WHERE org = ? AND request = ?").int(int64(d.Org)).text(d.Request).
		one(func(s *sqlite3.Stmt) { id = s.ColumnInt64(0) })
	if found || err != nil {
		return id, err
	}
	_, err = c.bind("SELECT id FROM deliveries WHERE org = ? AND digest = ? AND received > ? AND resource = ? ORDER BY id DESC LIMIT 1").
		int(int64(d.Org)).blob(d.Digest[:]).int(micros(d.Received.Add(-store.Resent))).text(d.Resource).
		one(func(s *sqlite3.Stmt) { id = s.ColumnInt64(0) })
	if id == 0 || d.Subject == "" || err != nil {
		return id, err
	}
	followed, err := c.bind("SELECT 1 FROM deliveries WHERE org = ? AND subject = ? AND resource = ? AND id > ? AND subject <> ''").
		int(int64(d.Org)).text(d.Subject).text(d.Resource).int(id).one(func(*sqlite3.Stmt) {})
	if followed {
		id = 0
	}
	return id, err
}

func (t *txn) takeDelivery(d *store.Delivery, packed []byte) (int64, error) {
	err := t.c.bind(`INSERT INTO deliveries (org, received, request, resource, action, subject, digest, size, packed, due) VALUES (?,?,?,?,?,?,?,?,?,?)`).
		int(int64(d.Org)).int(micros(d.Received)).text(d.Request).text(d.Resource).text(d.Action).text(d.Subject).
		blob(d.Digest[:]).int(int64(len(d.Body))).int(int64(len(packed))).int(micros(d.Due)).run()
	if err != nil {
		return 0, err
	}
	id := t.c.LastInsertRowID()
	return id, t.c.bind("INSERT INTO delivery_bodies (id, data) VALUES (?, ?)").int(id).blob(packed).run()
}

const deliveryColumns = "id, org, received, request, resource, action, subject, digest, size, state, tries, due, noted, outcome, replays"

func scanDelivery(s *sqlite3.Stmt) store.Delivery {
	d := store.Delivery{
		ID: s.ColumnInt64(0), Org: model.OrgID(s.ColumnInt64(1)), Received: instant(s.ColumnInt64(2)), Request: s.ColumnText(3),
		Resource: s.ColumnText(4), Action: s.ColumnText(5), Subject: s.ColumnText(6), Size: s.ColumnInt64(8),
		State: store.DeliveryState(s.ColumnInt(9)), Tries: s.ColumnInt(10), Due: instant(s.ColumnInt64(11)),
		Noted: instant(s.ColumnInt64(12)), Outcome: s.ColumnText(13), Replays: s.ColumnInt(14),
	}
	copy(d.Digest[:], s.ColumnRawBlob(7))
	return d
}

// maxDueBytes is about the most of bodies that DueDeliveries returns at a time.
const maxDueBytes = 8 << 20

// DueDeliveries implements store.Hooks.
func (db *DB) DueDeliveries(ctx context.Context, now time.Time, most int) (out []store.Delivery, err error) {
	err = db.read(ctx, func(c *conn) error {
		room := int64(maxDueBytes)
		err := c.bind("SELECT " + deliveryColumns + " FROM deliveries WHERE due > 0 AND due <= ? ORDER BY due, id LIMIT ?").
			int(micros(now)).int(int64(most)).each(func(s *sqlite3.Stmt) error {
			if d := scanDelivery(s); room > 0 {
				out, room = append(out, d), room-d.Size
			}
			return nil
		})
		for i := range out {
			if err == nil {
				out[i].Body, err = c.deliveryBody(db, out[i].ID)
			}
		}
		return err
	})
	return out, err
}

func (c *conn) deliveryBody(db *DB, id int64) (body []byte, err error) {
	var unpack error
	_, err = c.bind("SELECT data FROM delivery_bodies WHERE id = ?").int(id).one(func(s *sqlite3.Stmt) {
		body, unpack = db.codec.Unpack(s.ColumnRawBlob(0))
	})
	if err = firstError(err, unpack); err != nil {
		return nil, fmt.Errorf("body of delivery %d: %w", id, err)
	}
	return body, nil
}

// SettleDelivery implements store.Hooks.
func (db *DB) SettleDelivery(_ context.Context, d store.Delivery) error {
	return db.do(1, func(t *txn) error {
		return t.c.bind(`UPDATE deliveries SET action = ?, subject = ?, state = ?, tries = ?, due = ?, noted = ?, outcome = ?
			WHERE id = ? AND org = ? AND replays = ?`).
			text(d.Action).text(d.Subject).int(int64(d.State)).int(int64(d.Tries)).int(micros(d.Due)).int(micros(d.Noted)).text(d.Outcome).
			int(d.ID).int(int64(d.Org)).int(int64(d.Replays)).run()
	})
}

// Deliveries implements store.Hooks.
func (db *DB) Deliveries(ctx context.Context, q store.DeliveryQuery) (store.DeliveryPage, error) {
	page := store.DeliveryPage{Deliveries: []store.Delivery{}}
	w := &where{}
	w.add("org = ?", int64(q.In.Org))
	if q.Resource != "" {
		w.add("resource = ?", q.Resource)
	}
	if q.Subject != "" {
		w.add("subject = ? AND subject <> ''", q.Subject)
	}
	if len(q.States) > 0 {
		w.add(oneOf("state", numbers(q.States)))
	}
	var before int64
	if err := parseCursor(q.Page.Cursor, &before); err != nil {
		return page, err
	}
	if before > 0 {
		w.add("id < ?", before)
	}
	want := limit(q.Page)
	err := db.read(ctx, func(c *conn) error {
		sql := "SELECT " + deliveryColumns + " FROM deliveries WHERE " + w.String() + " ORDER BY id DESC LIMIT ?"
		return c.query(sql, append(w.args, int64(want)+1), func(s *sqlite3.Stmt) error {
			if len(page.Deliveries) == want {
				page.Next = cursor(page.Deliveries[want-1].ID)
				return nil
			}
			page.Deliveries = append(page.Deliveries, scanDelivery(s))
			return nil
		})
	})
	return page, err
}

// numbers returns states as oneOf wants them.
func numbers(states []store.DeliveryState) (out []int64) {
	for _, s := range states {
		out = append(out, int64(s))
	}
	return out
}

// Delivery implements store.Hooks.
func (db *DB) Delivery(ctx context.Context, in store.Scope, id int64) (*store.Delivery, error) {
	var d store.Delivery
	err := db.read(ctx, func(c *conn) error {
		found, err := c.bind("SELECT " + deliveryColumns + " FROM deliveries WHERE id = ? AND org = ?").int(id).int(int64(in.Org)).
			one(func(s *sqlite3.Stmt) { d = scanDelivery(s) })
		if err == nil && !found {
			err = fmt.Errorf("delivery %d: %w", id, model.ErrNotFound)
		}
		if err != nil {
			return err
		}
		d.Body, err = c.deliveryBody(db, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &d, nil
}

// ReplayDelivery implements store.Hooks.
func (db *DB) ReplayDelivery(_ context.Context, in store.Scope, id int64, now time.Time) error {
	return db.do(1, func(t *txn) error {
		err := t.c.bind("UPDATE deliveries SET state = ?, tries = 0, due = ?, replays = replays + 1 WHERE id = ? AND org = ?").
			int(int64(store.DeliveryWaiting)).int(micros(now)).int(id).int(int64(in.Org)).run()
		if err == nil && t.c.Changes() == 0 {
			err = fmt.Errorf("delivery %d: %w", id, model.ErrNotFound)
		}
		return err
	})
}
