package picket_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// fakeSQL is a database that only writes down what it is asked. What a query does is
// its text: fail, norows, skip, cancel, interrupt; anything else works.
type fakeSQL struct {
	shape  fakeShape
	cancel context.CancelFunc // what the queries cancel and interrupt call

	mu  sync.Mutex
	log []string
}

// fakeShape says what the driver can do.
type fakeShape struct {
	conn func(*fakeConn) driver.Conn
	stmt func(*fakeStmt) driver.Stmt
}

var errFake = errors.New("fake: no such table")

func (f *fakeSQL) note(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.log = append(f.log, fmt.Sprintf(format, args...))
}

// calls returns what was asked so far.
func (f *fakeSQL) calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.log...)
}

// answer does what a query says.
func (f *fakeSQL) answer(query string) error {
	switch query {
	case "fail":
		return errFake
	case "norows":
		return sql.ErrNoRows
	case "skip":
		return driver.ErrSkip
	case "cancel":
		if f.cancel != nil {
			f.cancel()
		}
	case "interrupt":
		f.cancel()
		return errFake
	}
	return nil
}

func (f *fakeSQL) Open(name string) (driver.Conn, error) {
	f.note("open %s", name)
	if name == "fail" {
		return nil, errFake
	}
	return f.shape.conn(&fakeConn{f}), nil
}

func (f *fakeSQL) Connect(context.Context) (driver.Conn, error) { return f.Open("connector") }
func (f *fakeSQL) Driver() driver.Driver                        { return f }

// fakeContextDriver is a fakeSQL that makes connectors, which can be closed.
type fakeContextDriver struct{ *fakeSQL }

type fakeConnector struct{ fakeContextDriver }

func (d fakeContextDriver) OpenConnector(name string) (driver.Connector, error) {
	d.note("connector %s", name)
	if name == "fail" {
		return nil, errFake
	}
	return fakeConnector{d}, nil
}

func (d fakeContextDriver) Driver() driver.Driver { return d }

func (c fakeConnector) Close() error {
	c.note("connector closed")
	return errFake
}

// fakeConn is a connection as the oldest drivers have it.
type fakeConn struct{ db *fakeSQL }

func (c *fakeConn) Prepare(query string) (driver.Stmt, error) {
	c.db.note("prepare %s", query)
	if err := c.db.answer(query); err != nil && err != driver.ErrSkip {
		return nil, err
	}
	return c.db.shape.stmt(&fakeStmt{c.db, query}), nil
}

func (c *fakeConn) Close() error { c.db.note("close"); return nil }

func (c *fakeConn) Begin() (driver.Tx, error) {
	c.db.note("begin")
	c.db.answer("cancel")
	return fakeTx{c.db}, nil
}

type fakeTx struct{ db *fakeSQL }

func (t fakeTx) Commit() error   { t.db.note("commit"); return nil }
func (t fakeTx) Rollback() error { t.db.note("rollback"); return errFake }

// What a connection may be able to do besides.
type (
	fakePreparesCtx struct{ c *fakeConn }
	fakeBeginsTx    struct{ c *fakeConn }
	fakeExecsCtx    struct{ c *fakeConn }
	fakeExecs       struct{ c *fakeConn }
	fakeQueriesCtx  struct{ c *fakeConn }
	fakeQueries     struct{ c *fakeConn }
	fakePings       struct{ c *fakeConn }
	fakeResets      struct{ c *fakeConn }
	fakeValidates   struct{ c *fakeConn }
	fakeChecks      struct {
		db  *fakeSQL
		who string
	}
)

func (a fakePreparesCtx) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	a.c.db.note("with context %v", ctx.Err())
	return a.c.Prepare(query)
}

func (a fakeBeginsTx) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	a.c.db.note("begin %+v, context %v", o, ctx.Err())
	return fakeTx{a.c.db}, nil
}

func (a fakeExecsCtx) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	a.c.db.note("exec %s %v, context %v", query, args, ctx.Err())
	return driver.RowsAffected(7), a.c.db.answer(query)
}

func (a fakeExecs) Exec(query string, args []driver.Value) (driver.Result, error) {
	a.c.db.note("old exec %s %v", query, args)
	return driver.ResultNoRows, a.c.db.answer(query)
}

func (a fakeQueriesCtx) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	a.c.db.note("query %s %v, context %v", query, args, ctx.Err())
	return &fakeRows{}, a.c.db.answer(query)
}

func (a fakeQueries) Query(query string, args []driver.Value) (driver.Rows, error) {
	a.c.db.note("old query %s %v", query, args)
	return &fakeRows{}, a.c.db.answer(query)
}

func (a fakePings) Ping(ctx context.Context) error { a.c.db.note("ping"); return errFake }

func (a fakeResets) ResetSession(context.Context) error { a.c.db.note("reset"); return nil }

func (a fakeValidates) IsValid() bool { a.c.db.note("valid"); return true }

// CheckNamedValue takes pairs, and leaves out arguments that are true.
func (a fakeChecks) CheckNamedValue(v *driver.NamedValue) error {
	a.db.note("%s checks %v", a.who, v.Value)
	switch x := v.Value.(type) {
	case [2]int:
		v.Value = fmt.Sprint(x)
		return nil
	case bool:
		return driver.ErrRemoveArgument
	}
	return driver.ErrSkip
}

// fakeStmt is a statement as the oldest drivers have it.
type fakeStmt struct {
	db    *fakeSQL
	query string
}

func (s *fakeStmt) Close() error { s.db.note("close %s", s.query); return nil }

// NumInput counts the question marks, or leaves it to the driver.
func (s *fakeStmt) NumInput() int {
	if n := strings.Count(s.query, "?"); n > 0 {
		return n
	}
	return -1
}

func (s *fakeStmt) Exec(args []driver.Value) (driver.Result, error) {
	s.db.note("old run %s %v", s.query, args)
	return driver.RowsAffected(3), nil
}

func (s *fakeStmt) Query(args []driver.Value) (driver.Rows, error) {
	s.db.note("old rows %s %v", s.query, args)
	return &fakeRows{}, nil
}

// What a statement may be able to do besides.
type (
	fakeRunsCtx  struct{ s *fakeStmt }
	fakeRowsCtx  struct{ s *fakeStmt }
	fakeConverts struct{ s *fakeStmt }
)

func (a fakeRunsCtx) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	a.s.db.note("run %s %v, context %v", a.s.query, args, ctx.Err())
	return driver.RowsAffected(3), nil
}

func (a fakeRowsCtx) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	a.s.db.note("rows %s %v, context %v", a.s.query, args, ctx.Err())
	return &fakeRows{}, nil
}

func (a fakeConverts) ColumnConverter(i int) driver.ValueConverter {
	a.s.db.note("converts column %d", i)
	return fakeColumn{}
}

// fakeColumn takes triples.
type fakeColumn struct{}

func (fakeColumn) ConvertValue(v any) (driver.Value, error) {
	if x, ok := v.([3]int); ok {
		return fmt.Sprint("converted ", x), nil
	}
	return driver.DefaultParameterConverter.ConvertValue(v)
}

// fakeRows are two result sets of one row each.
type fakeRows struct{ set, row int }

func (r *fakeRows) Columns() []string                          { return []string{"a"} }
func (r *fakeRows) Close() error                               { return nil }
func (r *fakeRows) HasNextResultSet() bool                     { return r.set == 0 }
func (r *fakeRows) ColumnTypeDatabaseTypeName(int) string      { return "FAKE" }
func (r *fakeRows) ColumnTypeNullable(int) (nullable, ok bool) { return true, true }

func (r *fakeRows) NextResultSet() error {
	if r.set > 0 {
		return io.EOF
	}
	r.set, r.row = 1, 0
	return nil
}

func (r *fakeRows) Next(dest []driver.Value) error {
	if r.row > 0 {
		return io.EOF
	}
	r.row++
	dest[0] = int64(r.set)
	return nil
}

// The shapes of connections and statements that drivers have.
var (
	fakeConns = map[string]func(*fakeConn) driver.Conn{
		"oldest": func(c *fakeConn) driver.Conn { return c },
		"old": func(c *fakeConn) driver.Conn {
			return struct {
				*fakeConn
				fakeExecs
				fakeQueries
			}{c, fakeExecs{c}, fakeQueries{c}}
		},
		"modern": func(c *fakeConn) driver.Conn {
			return struct {
				*fakeConn
				fakePreparesCtx
				fakeBeginsTx
				fakeExecsCtx
				fakeQueriesCtx
				fakePings
				fakeResets
				fakeValidates
				fakeChecks
			}{c, fakePreparesCtx{c}, fakeBeginsTx{c}, fakeExecsCtx{c}, fakeQueriesCtx{c}, fakePings{c}, fakeResets{c}, fakeValidates{c}, fakeChecks{c.db, "conn"}}
		},
		"checks": func(c *fakeConn) driver.Conn {
			return struct {
				*fakeConn
				fakeChecks
				fakeResets
			}{c, fakeChecks{c.db, "conn"}, fakeResets{c}}
		},
		"execs": func(c *fakeConn) driver.Conn {
			return struct {
				*fakeConn
				fakeExecsCtx
				fakeValidates
			}{c, fakeExecsCtx{c}, fakeValidates{c}}
		},
		"queries": func(c *fakeConn) driver.Conn {
			return struct {
				*fakeConn
				fakeQueriesCtx
				fakeBeginsTx
			}{c, fakeQueriesCtx{c}, fakeBeginsTx{c}}
		},
	}
	fakeStmts = map[string]func(*fakeStmt) driver.Stmt{
		"oldest": func(s *fakeStmt) driver.Stmt { return s },
		"modern": func(s *fakeStmt) driver.Stmt {
			return struct {
				*fakeStmt
				fakeRunsCtx
				fakeRowsCtx
				fakeChecks
			}{s, fakeRunsCtx{s}, fakeRowsCtx{s}, fakeChecks{s.db, "stmt"}}
		},
		"converts": func(s *fakeStmt) driver.Stmt {
			return struct {
				*fakeStmt
				fakeConverts
			}{s, fakeConverts{s}}
		},
		"both": func(s *fakeStmt) driver.Stmt {
			return struct {
				*fakeStmt
				fakeConverts
				fakeChecks
			}{s, fakeConverts{s}, fakeChecks{s.db, "stmt"}}
		},
	}
)
