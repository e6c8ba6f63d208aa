package sqlite

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// read runs f on a connection of its own, in one snapshot of the database.
func (db *DB) read(ctx context.Context, f func(c *conn) error) error {
	c, err := db.acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { db.readers <- c }()
	c.SetInterrupt(ctx)
	defer c.SetInterrupt(context.Background())
	if err := c.Exec("BEGIN"); err != nil {
		return readKind(ctx, err)
	}
	err = f(c)
	c.last = unpacked{} // a day that is dropped and comes again numbers its blocks anew
	c.SetInterrupt(context.Background())
	if back := c.rollback(); err == nil {
		err = back
	}
	return readKind(ctx, err)
}

// readKind is kind, and tells an interrupted reader why.
func readKind(ctx context.Context, err error) error {
	if errors.Is(err, sqlite3.INTERRUPT) && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	}
	return kind(err)
}

// errClosed says that Close was called.
var errClosed = fmt.Errorf("store is closed: %w", model.ErrBusy)

func (db *DB) acquire(ctx context.Context) (*conn, error) {
	select {
	case <-db.closing:
		return nil, errClosed
	default:
	}
	select {
	case c := <-db.readers:
		return c, nil
	case <-db.closing:
		return nil, errClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// projects returns the projects of a scope: the wall that every read stands behind.
func (c *conn) projects(in store.Scope) ([]model.ProjectID, error) {
	var out []model.ProjectID
	err := c.bind("SELECT id FROM projects WHERE org = ? ORDER BY id").int(int64(in.Org)).each(func(s *sqlite3.Stmt) error {
		id := model.ProjectID(s.ColumnInt64(0))
		if len(in.Projects) == 0 || slices.Contains(in.Projects, id) {
			out = append(out, id)
		}
		return nil
	})
	return out, err
}

// oneOf returns "column IN (1, 2, 3)" for ids, false for none.
func oneOf[T ~int64](column string, ids []T) string {
	if len(ids) == 0 {
		return "0"
	}
	text := make([]string, len(ids))
	for i, id := range ids {
		text[i] = strconv.FormatInt(int64(id), 10)
	}
	return column + " IN (" + strings.Join(text, ",") + ")"
}

// unindexed returns a condition that a query's index is not chosen by: most rows may
// meet it, and the engine, which keeps no statistics, does not know.
func unindexed(cond string) string { return "+" + cond }

// where gathers the conditions of a query and their values.
type where struct {
	conds []string
	args  []any
}

func (w *where) add(cond string, args ...any) {
	w.conds = append(w.conds, cond)
	w.args = append(w.args, args...)
}

func (w *where) String() string {
	if len(w.conds) == 0 {
		return "1"
	}
	return strings.Join(w.conds, " AND ")
}

func (c *conn) query(sql string, args []any, each func(s *sqlite3.Stmt) error) error {
	b := c.bind(sql)
	for _, a := range args {
		b.any(a)
	}
	return b.each(each)
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

func limit(p store.Page) int {
	if p.Limit <= 0 {
		return defaultLimit
	}
	return min(p.Limit, maxLimit)
}

// cursor is a place in a list: numbers, joined by dots.
func cursor(n ...int64) string {
	parts := make([]string, len(n))
	for i, v := range n {
		parts[i] = strconv.FormatInt(v, 36)
	}
	return strings.Join(parts, ".")
}

// parseCursor reads as many numbers as it is given places for; an empty cursor leaves them.
func parseCursor(text string, into ...*int64) error {
	if text == "" {
		return nil
	}
	parts := strings.Split(text, ".")
	if len(parts) != len(into) {
		return fmt.Errorf("%w: cursor %.40q: use one that an earlier answer gave", model.ErrInvalid, text)
	}
	for i, p := range parts {
		n, err := strconv.ParseInt(p, 36, 64)
		if err != nil {
			return fmt.Errorf("%w: cursor %.40q: use one that an earlier answer gave", model.ErrInvalid, text)
		}
		*into[i] = n
	}
	return nil
}

// errStop ends a scan early.
var errStop = errors.New("enough")

// eachDay calls f for the days of a window, newest first, until it returns
// errStop or another error. Days dropped meanwhile are passed over.
func (db *DB) eachDay(from, to time.Time, f func(day int64) error) error {
	for _, day := range db.days.newestFirst(from, to) {
		switch err := f(day); {
		case errors.Is(err, errStop):
			return nil
		case noSuchTable(err):
		case err != nil:
			return err
		}
	}
	return nil
}

func traceID(s *sqlite3.Stmt, col int) (id model.TraceID) {
	copy(id[:], s.ColumnRawBlob(col))
	return id
}

func spanID(s *sqlite3.Stmt, col int) (id model.SpanID) {
	copy(id[:], s.ColumnRawBlob(col))
	return id
}

func eventID(s *sqlite3.Stmt, col int) (id model.EventID) {
	copy(id[:], s.ColumnRawBlob(col))
	return id
}
