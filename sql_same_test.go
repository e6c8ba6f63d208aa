package picket_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"testing"

	"relay.one/picket"
)

// TestSQLSame makes the same calls to a driver as it is and to the same driver wrapped:
// the driver must be asked the same, and the caller told the same.
func TestSQLSame(t *testing.T) {
	t.Parallel()
	client := newSQLClient(t)
	for conn := range fakeConns {
		for stmt := range fakeStmts {
			shape := fakeShape{fakeConns[conn], fakeStmts[stmt]}
			bare := sqlScript(t, context.Background(), &fakeSQL{shape: shape}, false)
			if len(bare) < 60 {
				t.Fatalf("the script is %d lines", len(bare))
			}
			f := func(where string, ctx context.Context) {
				t.Helper()
				wrapped := sqlScript(t, ctx, &fakeSQL{shape: shape}, true)
				for i := range max(len(bare), len(wrapped)) {
					if !slices.Equal(bare[i:min(i+1, len(bare))], wrapped[i:min(i+1, len(wrapped))]) {
						t.Fatalf("conn %s, stmt %s, %s: at %d\nbare:    %q\nwrapped: %q", conn, stmt, where, i, bare[i:min(i+3, len(bare))], wrapped[i:min(i+3, len(wrapped))])
					}
				}
			}
			f("without a span", context.Background())
			ctx, span := picket.StartTransaction(picket.NewContext(context.Background(), client), "test", "same")
			f("in a span", ctx)
			span.End()
		}
	}
}

// sqlScript returns what the driver is asked and what the caller is told.
func sqlScript(t *testing.T, ctx context.Context, fake *fakeSQL, wrapped bool) []string {
	t.Helper()
	var connector driver.Connector = fake
	if wrapped {
		connector = picket.WrapConnector(fake, picket.SQLOptions{})
	}
	db := sql.OpenDB(connector)
	defer db.Close()
	db.SetMaxOpenConns(1)
	s := sqlTeller{fake: fake, db: db}
	s.told("ping", db.PingContext(ctx))
	for _, query := range []string{"a", "b ?", "fail", "norows", "skip", "cancel"} {
		s.queries(ctx, query)
		s.queries(ctx, query, 1)
		s.queries(ctx, query, sql.Named("n", 2))
		s.queries(ctx, query, [2]int{1, 2})
		s.queries(ctx, query, [3]int{1, 2, 3})
		s.queries(ctx, query, true, "x")
		s.queries(ctx, query, struct{}{}, "x")
	}
	s.transactions(ctx)
	s.cancelled(ctx)
	return fake.calls()
}

// sqlTeller writes what the caller is told into the driver's log.
type sqlTeller struct {
	fake *fakeSQL
	db   *sql.DB
}

func (s sqlTeller) told(what string, err error) {
	s.fake.note("%s tells: %v (%v %v)", what, err, err == context.Canceled, errors.Is(err, errFake))
}

func (s sqlTeller) queries(ctx context.Context, query string, args ...any) {
	s.result(s.db.ExecContext(ctx, query, args...))
	s.rows(s.db.QueryContext(ctx, query, args...))
	stmt, err := s.db.PrepareContext(ctx, query)
	s.told("prepare", err)
	if err != nil {
		return
	}
	s.result(stmt.ExecContext(ctx, args...))
	s.rows(stmt.QueryContext(ctx, args...))
	s.told("close", stmt.Close())
}

func (s sqlTeller) result(r sql.Result, err error) {
	s.told("exec", err)
	if err == nil {
		n, err := r.RowsAffected()
		s.told(fmt.Sprint("affected ", n), err)
	}
}

func (s sqlTeller) rows(r *sql.Rows, err error) {
	s.told("query", err)
	if err != nil {
		return
	}
	defer r.Close()
	for again := true; again; again = r.NextResultSet() {
		for r.Next() {
			var n int
			s.told("scan", r.Scan(&n))
			s.fake.note("row %d", n)
		}
		types, err := r.ColumnTypes()
		s.told("types", err)
		for _, c := range types {
			nullable, ok := c.Nullable()
			s.fake.note("%s %v %v", c.DatabaseTypeName(), nullable, ok)
		}
	}
	s.told("rows", r.Err())
}

func (s sqlTeller) transactions(ctx context.Context) {
	for _, o := range []*sql.TxOptions{nil, {ReadOnly: true}, {Isolation: sql.LevelSerializable}} {
		tx, err := s.db.BeginTx(ctx, o)
		s.told("begin", err)
		if err != nil {
			continue
		}
		s.result(tx.ExecContext(ctx, "a"))
		s.told("commit", tx.Commit())
	}
	tx, err := s.db.BeginTx(ctx, nil)
	s.told("begin", err)
	if err == nil {
		s.told("rollback", tx.Rollback())
	}
}

// cancelled makes each call with a context that ends before or within it.
func (s sqlTeller) cancelled(ctx context.Context) {
	f := func(call func(ctx context.Context)) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		s.fake.cancel = cancel
		call(ctx)
		s.fake.cancel = nil
	}
	f(func(ctx context.Context) { s.result(s.db.ExecContext(ctx, "cancel")) })
	f(func(ctx context.Context) {
		tx, err := s.db.BeginTx(ctx, nil)
		s.told("begin", err)
		if err == nil {
			s.told("rollback", tx.Rollback())
		}
	})
	f(func(ctx context.Context) {
		stmt, err := s.db.PrepareContext(ctx, "cancel")
		s.told("prepare", err)
		if err == nil {
			s.told("close", stmt.Close())
		}
	})
	stmt, err := s.db.PrepareContext(ctx, "a")
	s.told("prepare", err)
	if err == nil {
		f(func(ctx context.Context) {
			s.fake.cancel()
			s.result(stmt.ExecContext(ctx))
		})
		s.told("close", stmt.Close())
	}
}

// TestSQLCancelledTransaction looks at whether the connection outlives the context of a
// transaction, which database/sql decides by the connection's abilities.
func TestSQLCancelledTransaction(t *testing.T) {
	t.Parallel()
	for name, conn := range fakeConns {
		opened := func(wrap bool) int {
			fake := &fakeSQL{shape: fakeShape{conn, fakeStmts["oldest"]}}
			var connector driver.Connector = fake
			if wrap {
				connector = picket.WrapConnector(fake, picket.SQLOptions{})
			}
			db := sql.OpenDB(connector)
			defer db.Close()
			db.SetMaxOpenConns(1)
			ctx, cancel := context.WithCancel(context.Background())
			if _, err := db.BeginTx(ctx, nil); err != nil {
				t.Fatal(err)
			}
			cancel()
			// The second connection waits until the first is done with.
			c, err := db.Conn(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			c.Close()
			n := 0
			for _, call := range fake.calls() {
				if call == "open connector" {
					n++
				}
			}
			return n
		}
		if bare, wrapped := opened(false), opened(true); bare != wrapped {
			t.Errorf("%s: opened %d connections bare, %d wrapped", name, bare, wrapped)
		}
	}
}
