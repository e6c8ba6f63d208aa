package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// Rollup implements store.Reader: stored rows, and what is still pending.
func (db *DB) Rollup(ctx context.Context, q store.RollupQuery, each func(store.RollupRow) error) error {
	if err := db.awaitRecovery(ctx); err != nil {
		return err
	}
	pieces := store.Cover(q.Kind, q.From, q.To, q.Step, db.opt.Now())
	if all := q.Kind.OfAll(); q.Name == nil && !q.Apart && all != q.Kind {
		asked, tell := q.Kind, each
		q.Kind, each = all, func(r store.RollupRow) error {
			r.Kind = asked
			return tell(r)
		}
	}
	c, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { db.readers <- c }()
	c.SetInterrupt(ctx)
	defer c.SetInterrupt(context.Background())
	projects, err := c.projects(q.In)
	if err != nil {
		return readKind(ctx, err)
	}
	asked := &rollupRead{RollupQuery: q, projects: projects, pieces: pieces}
	rows, err := db.snapshot(c, asked)
	tell := asked.renaming(each)
	if err == nil {
		err = c.rollupRows(asked, tell)
	}
	if err == nil && asked.sets != nil {
		err = c.rollupRows(asked.sets, tell)
	}
	c.SetInterrupt(context.Background())
	if back := c.rollback(); err == nil {
		err = back
	}
	for i := 0; i < len(rows) && err == nil; i++ {
		err = tell(rows[i])
	}
	return readKind(ctx, err)
}

// snapshot begins the reader's transaction and copies what is pending at the same
// moment: no fold can be between the two.
func (db *DB) snapshot(c *conn, q *rollupRead) ([]store.RollupRow, error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	// The first read, and not BEGIN, takes the snapshot.
	if err := c.Exec("BEGIN; SELECT 1 FROM fold"); err != nil {
		return nil, err
	}
	if err := q.cover(c); err != nil {
		return nil, err
	}
	rows := db.gathered(q, nil)
	if q.sets != nil {
		rows = db.gathered(q.sets, rows)
	}
	return rows, nil
}

// gathered appends copies of the pending rows of a query.
func (db *DB) gathered(q *rollupRead, rows []store.RollupRow) []store.RollupRow {
	for _, d := range [...]*rollup.Delta{&db.pending.growing, &db.pending.folding} {
		for s, counters := range d[q.Kind] {
			if !q.matches(s) || counters.Zero() {
				continue
			}
			if at, ok := bucket(q.pieces, s); ok {
				own := &rollup.Counters{}
				own.Merge(counters)
				rows = append(rows, store.RollupRow{Key: s.Key, Time: at, Counters: own})
			}
		}
	}
	return rows
}

// bucket returns the start of the bucket that a slot falls into, if any piece covers it.
func bucket(pieces []store.Piece, s rollup.Slot) (time.Time, bool) {
	at := time.Unix(s.Minute*60, 0).UTC()
	for _, p := range pieces {
		if !at.Before(p.From) && at.Before(p.To) {
			return at.Truncate(p.Tier.Width()), true
		}
	}
	return time.Time{}, false
}

// rollupRows reads the stored rows of each piece.
func (c *conn) rollupRows(q *rollupRead, each func(store.RollupRow) error) error {
	row := store.RollupRow{Key: rollup.Key{Kind: q.Kind}, Counters: &rollup.Counters{}} // reused: there may be a hundred thousand
	for _, p := range q.pieces {
		for _, project := range q.projects {
			row.Project = project
			sql, args := q.sql(project, p)
			err := c.query(sql, args, func(s *sqlite3.Stmt) error {
				if err := scanRollup(s, &row, q.Omit); err != nil {
					return err
				}
				return each(row)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func scanRollup(s *sqlite3.Stmt, row *store.RollupRow, without rollup.Omit) error {
	row.Name, row.Time, row.Sub = again(row.Name, s, 0), time.Unix(s.ColumnInt64(1), 0).UTC(), again(row.Sub, s, 2)
	row.Environment, row.Release = again(row.Environment, s, 3), again(row.Release, s, 4)
	row.Counters.Reset()
	if err := row.Counters.DecodeRow(s.ColumnRawBlob(5), without); err != nil {
		return fmt.Errorf("rollup %q at %s: %w", row.Name, row.Time, err)
	}
	return nil
}

// again returns a column's text: the last row's string when it is the same.
func again(last string, s *sqlite3.Stmt, col int) string {
	if text := s.ColumnRawText(col); string(text) != last {
		return string(text)
	}
	return last
}
