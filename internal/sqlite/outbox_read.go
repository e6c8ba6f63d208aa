package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

const outboxColumns = "SELECT seq, org, project, organization, time, event, trace, categories, sent_at, client_ip, hops, held, size, tries, due, problem FROM outbox "

func scanOutgoing(s *sqlite3.Stmt) store.OutboxRecord {
	return store.OutboxRecord{
		Seq: s.ColumnInt64(0), Org: model.OrgID(s.ColumnInt64(1)), Project: model.ProjectID(s.ColumnInt64(2)), Time: instant(s.ColumnInt64(4)),
		Size: s.ColumnInt64(12), Tries: s.ColumnInt(13), Due: instant(s.ColumnInt64(14)), Problem: s.ColumnText(15),
		Outgoing: model.Outgoing{Organization: s.ColumnText(3), Event: eventID(s, 5), Trace: traceID(s, 6), Categories: splitCategories(s.ColumnText(7)),
			SentAt: instant(s.ColumnInt64(8)), ClientIP: s.ColumnText(9), Hops: s.ColumnInt(10), Held: s.ColumnInt(11) != 0},
	}
}

// Outgoing implements store.Outbox.
func (db *DB) Outgoing(ctx context.Context, q store.OutboxQuery) (out []store.OutboxRecord, err error) {
	w := &where{}
	w.add("project = ?", int64(q.Queue.Project))
	w.add("organization = ?", q.Queue.Organization)
	w.add("seq > ?", q.After)
	w.add("held = 0")
	w.add("due <= ?", micros(q.Now))
	for _, category := range q.Limited {
		w.add("instr(categories, ?) = 0", ","+category+",")
	}
	err = db.read(ctx, func(c *conn) error {
		return c.query(outboxColumns+"WHERE "+w.String()+" ORDER BY seq LIMIT ?", append(w.args, int64(q.Limit)), func(s *sqlite3.Stmt) error {
			out = append(out, scanOutgoing(s))
			return nil
		})
	})
	return out, err
}

// OutgoingEnvelope implements store.Outbox.
func (db *DB) OutgoingEnvelope(ctx context.Context, seq int64) (data []byte, err error) {
	err = db.read(ctx, func(c *conn) error {
		var unpack error
		found, err := c.bind("SELECT data FROM outbox_envelopes WHERE seq = ?").int(seq).one(func(s *sqlite3.Stmt) {
			data, unpack = db.codec.Unpack(s.ColumnRawBlob(0))
		})
		if err == nil && !found {
			err = fmt.Errorf("envelope %d: %w", seq, model.ErrNotFound)
		}
		return firstError(err, unpack)
	})
	return data, err
}

// OutboxAside implements store.Outbox.
func (db *DB) OutboxAside(ctx context.Context, in store.Scope, limit int) (out []store.OutboxRecord, err error) {
	err = db.read(ctx, func(c *conn) error {
		projects, err := c.projects(in)
		if err != nil {
			return err
		}
		return c.query(outboxColumns+"INDEXED BY outbox_aside WHERE due > 0 AND "+oneOf("project", projects)+" ORDER BY seq LIMIT ?", []any{int64(limit)}, func(s *sqlite3.Stmt) error {
			out = append(out, scanOutgoing(s))
			return nil
		})
	})
	return out, err
}

// OutboxStates implements store.Outbox.
func (db *DB) OutboxStates(ctx context.Context) ([]store.OutboxState, error) {
	out, err := db.OutboxQueues(ctx)
	if err != nil {
		return nil, err
	}
	err = db.read(ctx, func(c *conn) error {
		for i := range out {
			if err := c.fillState(&out[i]); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

// fillState looks up what is not kept in memory.
func (c *conn) fillState(q *store.OutboxState) error {
	for sql, into := range map[string]func(*sqlite3.Stmt){
		"SELECT time FROM outbox WHERE project = ? AND organization = ? ORDER BY seq LIMIT 1": func(s *sqlite3.Stmt) { q.Oldest = instant(s.ColumnInt64(0)) },
		"SELECT count(*) FROM outbox INDEXED BY outbox_aside WHERE project = ? AND organization = ? AND due > 0": func(s *sqlite3.Stmt) {
			q.Aside = s.ColumnInt64(0)
		},
		"SELECT count(*) FROM outbox INDEXED BY outbox_held WHERE project = ? AND organization = ? AND held = 1": func(s *sqlite3.Stmt) {
			q.Held = s.ColumnInt64(0)
		},
	} {
		if _, err := c.bind(sql).int(int64(q.Project)).text(q.Organization).one(into); err != nil {
			return fmt.Errorf("state of the outbox: %w", err)
		}
	}
	return nil
}

// HeldTraces implements store.Outbox.
func (db *DB) HeldTraces(ctx context.Context, before time.Time, limit int) (out []store.HeldTrace, err error) {
	err = db.read(ctx, func(c *conn) error {
		return c.bind(`SELECT org, project, trace, min(time) FROM outbox INDEXED BY outbox_held WHERE held = 1
			GROUP BY project, trace HAVING min(time) < ? ORDER BY min(time) LIMIT ?`).int(micros(before)).int(int64(limit)).
			each(func(s *sqlite3.Stmt) error {
				out = append(out, store.HeldTrace{Org: model.OrgID(s.ColumnInt64(0)), Project: model.ProjectID(s.ColumnInt64(1)),
					Trace: traceID(s, 2), Since: instant(s.ColumnInt64(3))})
				return nil
			})
	})
	return out, err
}
