package sqlite

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// Rollup implements store.Reader: stored rows, and what is still pending.
func (db *DB) Rollup(ctx context.Context, q store.RollupQuery, each func(store.RollupRow) error) error {
	pieces := store.Cover(q.Kind, q.From, q.To, q.Step, db.opt.Now())
	c, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { db.readers <- c }()
	c.SetInterrupt(ctx)
	defer c.SetInterrupt(context.Background())
	projects, err := c.projects(q.In)
	if err != nil {
		return err
	}
	rows, err := db.snapshot(c, q, projects, pieces)
	if err == nil {
		err = c.rollupRows(q, projects, pieces, each)
	}
	c.SetInterrupt(context.Background())
	if back := c.rollback(); err == nil {
		err = back
	}
	for i := 0; i < len(rows) && err == nil; i++ {
		err = each(rows[i])
	}
	return kind(err)
}

// snapshot begins the reader's transaction and copies what is pending at the same
// moment: no fold can be between the two.
func (db *DB) snapshot(c *conn, q store.RollupQuery, projects []model.ProjectID, pieces []store.Piece) ([]store.RollupRow, error) {
	db.mu.RLock()
	defer db.mu.RUnlock()
	// The first read, and not BEGIN, takes the snapshot.
	if err := c.Exec("BEGIN; SELECT 1 FROM fold"); err != nil {
		return nil, err
	}
	var rows []store.RollupRow
	for _, d := range [...]rollup.Delta{db.pending.growing, db.pending.folding} {
		for s, counters := range d {
			if !matches(q, projects, s) {
				continue
			}
			if at, ok := bucket(pieces, s); ok {
				own := &rollup.Counters{}
				own.Merge(counters)
				rows = append(rows, store.RollupRow{Key: s.Key, Time: at, Counters: own})
			}
		}
	}
	return rows, nil
}

func matches(q store.RollupQuery, projects []model.ProjectID, s rollup.Slot) bool {
	return s.Kind == q.Kind && (q.Name == nil || *q.Name == s.Name) && (q.Sub == nil || *q.Sub == s.Sub) &&
		(q.Environment == "" || q.Environment == s.Environment) && (q.Release == "" || q.Release == s.Release) &&
		slices.Contains(projects, s.Project)
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
func (c *conn) rollupRows(q store.RollupQuery, projects []model.ProjectID, pieces []store.Piece, each func(store.RollupRow) error) error {
	for _, p := range pieces {
		for _, project := range projects {
			w := rollupConditions(q, project, p)
			sql := fmt.Sprintf("SELECT name, time, sub, environment, release, value FROM %s WHERE %s", tierTables[p.Tier], w)
			err := c.query(sql, w.args, func(s *sqlite3.Stmt) error {
				row := store.RollupRow{Time: time.Unix(s.ColumnInt64(1), 0).UTC(), Counters: &rollup.Counters{},
					Key: rollup.Key{Kind: q.Kind, Project: project, Name: s.ColumnText(0), Sub: s.ColumnText(2), Environment: s.ColumnText(3), Release: s.ColumnText(4)}}
				if _, err := row.Counters.Decode(s.ColumnRawBlob(5)); err != nil {
					return fmt.Errorf("rollup %q at %s: %w", row.Name, row.Time, err)
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

func rollupConditions(q store.RollupQuery, project model.ProjectID, p store.Piece) *where {
	w := &where{}
	w.add("kind = ? AND project = ?", int64(q.Kind), int64(project))
	if q.Name != nil {
		w.add("name = ?", *q.Name)
	}
	w.add("time >= ? AND time < ?", p.From.Unix(), p.To.Unix())
	if q.Sub != nil {
		w.add("sub = ?", *q.Sub)
	}
	if q.Environment != "" {
		w.add("environment = ?", q.Environment)
	}
	if q.Release != "" {
		w.add("release = ?", q.Release)
	}
	return w
}
