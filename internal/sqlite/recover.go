package sqlite

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/rollup"
)

// unfinished is what an earlier run left to do: how far its fold came, if it was
// cut short, and the last row of the journal.
type unfinished struct {
	upto   int64
	cursor []byte
	last   int64
}

func (c *conn) unfinished() (u unfinished, err error) {
	_, err = c.bind("SELECT upto, slot FROM fold").one(func(s *sqlite3.Stmt) {
		u.upto, u.cursor = s.ColumnInt64(0), s.ColumnBlob(1, nil)
	})
	if err != nil {
		return u, fmt.Errorf("read fold: %w", err)
	}
	_, err = c.bind("SELECT ifnull(max(id), 0) FROM journal").one(func(s *sqlite3.Stmt) { u.last = s.ColumnInt64(0) })
	if err != nil {
		return u, fmt.Errorf("read journal: %w", err)
	}
	return u, nil
}

// recover reads the journal back after a start: what had not been folded. When a
// fold was cut short, its journal rows become a fold that goes on after the cursor.
// It runs beside the writer, since a long journal takes a second: commits go on
// meanwhile, and readers of rollups wait.
func (db *DB) recover(c *conn, u unfinished) {
	defer close(db.recovered)
	defer c.Close()
	growing, folding := rollup.Delta{}, rollup.Delta{}
	err := c.bind("SELECT id, data FROM journal WHERE id <= ? ORDER BY id").int(u.last).each(func(s *sqlite3.Stmt) error {
		select {
		case <-db.closing:
			return errClosed
		default:
		}
		data, err := db.codec.Unpack(s.ColumnRawBlob(1))
		if err != nil {
			return err
		}
		if s.ColumnInt64(0) <= u.upto {
			return folding.Decode(data)
		}
		return growing.Decode(data)
	})
	if err != nil {
		db.lost = fmt.Errorf("read journal: %w", err)
		return
	}
	order := inOrder(&folding)
	for len(order) > 0 && bytes.Compare(order[0].key, u.cursor) <= 0 {
		folding.Delete(order[0].Slot)
		order = order[1:]
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	p := db.pending
	p.folding, p.order, p.total, p.upto = folding, order, len(order), u.upto
	growing.Merge(&p.growing)
	p.growing, p.last = growing, max(p.last, u.last)
}

// awaitRecovery returns once the journal was read back.
func (db *DB) awaitRecovery(ctx context.Context) error {
	select {
	case <-db.recovered:
		return db.lost
	case <-db.closing:
		return errClosed
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ready reports whether pending is the writer's again.
func (w *writer) ready() bool {
	select {
	case <-w.db.recovered:
		return true
	default:
		return false
	}
}

// startRecovery starts recover when there is something to.
func (db *DB) startRecovery(w *writer) error {
	u, err := w.c.unfinished()
	if err != nil || u.last == 0 {
		close(db.recovered)
		return err
	}
	c, err := connect(db.path, "", readerCacheKiB)
	if err != nil {
		return err
	}
	w.folded = time.Time{} // the first fold is due at once
	db.workers.Go(func() { db.recover(c, u) })
	return nil
}

// countRows learns how many events there are: rows are numbered from 1 by day and
// dropped by day only. Spans are not numbered; they count from the start.
func (w *writer) countRows() error {
	for _, day := range w.db.days.list {
		_, err := w.c.bind(in(day, "SELECT ifnull(max(seq), 0) FROM events_@")).one(func(s *sqlite3.Stmt) {
			w.db.events.Add(s.ColumnInt64(0))
		})
		if err != nil {
			return fmt.Errorf("count events: %w", err)
		}
	}
	return nil
}
