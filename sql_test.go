package picket_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sqlite "github.com/ncruces/go-sqlite3/driver"

	"relay.one/picket"
	"relay.one/picket/wire"
)

// sqlSpan and sqlCrumb are what a server gets to see.
type sqlSpan struct {
	Op, Description, Status, Origin string
	SpanID                          string    `json:"span_id"`
	ParentSpanID                    string    `json:"parent_span_id"`
	Start                           time.Time `json:"start_timestamp"`
	End                             time.Time `json:"timestamp"`
	Data                            map[string]any
}

type sqlCrumb struct {
	Type, Category, Message, Level string
	Data                           map[string]any
}

// sqlServer takes envelopes and keeps what is in them.
type sqlServer struct {
	mu     sync.Mutex
	bodies [][]byte
}

func (s *sqlServer) RoundTrip(r *http.Request) (*http.Response, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(r.Body); err != nil {
			return nil, err
		}
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bodies = append(s.bodies, b)
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader("{}")), Header: http.Header{}, Request: r}, nil
}

// items returns the payloads of a type.
func (s *sqlServer) items(t testing.TB, kind string) (payloads [][]byte) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.bodies {
		e, err := wire.ReadEnvelope(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range e.Items {
			if item.Type == kind {
				payloads = append(payloads, item.Payload)
			}
		}
	}
	return payloads
}

func newSQLServer(t testing.TB, o picket.Options) (*picket.Client, *sqlServer) {
	t.Helper()
	s := &sqlServer{}
	o.DSN, o.Transport, o.Environment = "http://key@127.0.0.1:1/1", s, "test"
	c, err := picket.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c, s
}

func newSQLClient(t testing.TB) *picket.Client {
	c, _ := newSQLServer(t, picket.Options{})
	return c
}

// sqlReports runs f in a transaction at whose end an error is captured, and returns
// what is told of it.
func sqlReports(t *testing.T, o picket.Options, f func(ctx context.Context)) ([]sqlSpan, []sqlCrumb) {
	t.Helper()
	c, server := newSQLServer(t, o)
	ctx, span := picket.StartTransaction(picket.NewContext(context.Background(), c), "test", "queries")
	f(ctx)
	picket.CaptureException(ctx, errors.New("after the queries"))
	span.End()
	if err := c.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	var transaction struct {
		Spans    []sqlSpan
		Contexts struct{ Trace sqlSpan }
	}
	for _, p := range server.items(t, wire.ItemTransaction) {
		sqlDecode(t, p, &transaction)
	}
	for _, s := range transaction.Spans {
		if s.ParentSpanID != transaction.Contexts.Trace.SpanID || s.End.Before(s.Start) || s.Start.IsZero() {
			t.Errorf("span %+v is not within its transaction", s)
		}
	}
	var event struct{ Breadcrumbs json.RawMessage }
	events := server.items(t, wire.ItemEvent)
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	sqlDecode(t, events[0], &event)
	return transaction.Spans, sqlCrumbs(t, event.Breadcrumbs)
}

// sqlCrumbs reads breadcrumbs in either of the shapes that Sentry takes.
func sqlCrumbs(t *testing.T, raw json.RawMessage) (crumbs []sqlCrumb) {
	t.Helper()
	if len(raw) > 0 && raw[0] == '{' {
		var values struct{ Values []sqlCrumb }
		sqlDecode(t, raw, &values)
		return values.Values
	}
	if len(raw) > 0 {
		sqlDecode(t, raw, &crumbs)
	}
	return crumbs
}

func sqlDecode(t *testing.T, raw []byte, to any) {
	t.Helper()
	if err := json.Unmarshal(raw, to); err != nil {
		t.Fatalf("%v in %.999s", err, raw)
	}
}

// openSQLite opens a database of its own through WrapDriver.
func openSQLite(t *testing.T, o picket.SQLOptions) *sql.DB {
	t.Helper()
	d := picket.WrapDriver(&sqlite.SQLite{}, o).(driver.DriverContext)
	c, err := d.OpenConnector("file:" + filepath.ToSlash(filepath.Join(t.TempDir(), "test.db")))
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(c)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// useSQLite does with a database what programs do.
func useSQLite(t *testing.T, ctx context.Context, db *sql.DB) {
	t.Helper()
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(db.ExecContext(ctx, `CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)`))
	must(db.ExecContext(ctx, `INSERT INTO users (name) VALUES ('hunter'), (?)`, "hunter2"))
	var name string
	must(nil, db.QueryRowContext(ctx, `SELECT name FROM users WHERE id = 2 -- hunter`).Scan(&name))
	if name != "hunter2" {
		t.Errorf("name = %q", name)
	}
	if err := db.QueryRowContext(ctx, `SELECT name FROM users WHERE id = ?`, 99).Scan(&name); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("err = %v", err)
	}
	tx, err := db.BeginTx(ctx, nil)
	must(tx, err)
	stmt, err := tx.PrepareContext(ctx, `UPDATE users SET name = upper(name) WHERE id > ?`)
	must(stmt, err)
	must(stmt.ExecContext(ctx, 0))
	must(stmt.ExecContext(ctx, 50))
	must(nil, stmt.Close())
	must(nil, tx.Commit())
	tx, err = db.BeginTx(ctx, nil)
	must(tx, err)
	must(nil, tx.Rollback())
	if _, err := db.QueryContext(ctx, `SELECT secrets FROM nowhere`); err == nil {
		t.Error("a table that is not there can be read")
	}
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	db := openSQLite(t, picket.SQLOptions{Database: "test"})
	spans, crumbs := sqlReports(t, picket.Options{}, func(ctx context.Context) { useSQLite(t, ctx, db) })
	got := make([]string, 0, len(spans))
	for _, s := range spans {
		got = append(got, s.Op+" | "+s.Description+" | "+s.Status)
		verb, _, _ := strings.Cut(s.Description, " ")
		if s.Data["db.system.name"] != "sqlite" || s.Data["db.namespace"] != "test" || s.Data["db.operation.name"] != verb || s.Data["db.query.text"] != s.Description || s.Origin != "auto.db.picket" {
			t.Errorf("%s: %v, origin %s", s.Description, s.Data, s.Origin)
		}
	}
	want := []string{
		"db.sql.execute | CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT) | ok",
		"db.sql.execute | INSERT INTO users (name) VALUES (?), (?) | ok",
		"db.sql.query | SELECT name FROM users WHERE id = ? | ok",
		"db.sql.query | SELECT name FROM users WHERE id = ? | ok",
		"db.sql.transaction | BEGIN | ok",
		"db.sql.execute | UPDATE users SET name = upper(name) WHERE id > ? | ok",
		"db.sql.execute | UPDATE users SET name = upper(name) WHERE id > ? | ok",
		"db.sql.transaction | COMMIT | ok",
		"db.sql.transaction | BEGIN | ok",
		"db.sql.transaction | ROLLBACK | ok",
		"db.sql.prepare | SELECT secrets FROM nowhere | internal_error",
	}
	if !slices.Equal(got, want) {
		t.Errorf("spans:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	f := func(i int, key string, want any) {
		t.Helper()
		if i < len(spans) && spans[i].Data[key] != want {
			t.Errorf("%s: %s = %v, want %v", spans[i].Description, key, spans[i].Data[key], want)
		}
	}
	f(1, "db.rows_affected", 2.0)
	f(1, "db.query.summary", "INSERT users")
	f(2, "db.rows_affected", nil)
	f(5, "db.rows_affected", 2.0)
	f(6, "db.rows_affected", 0.0)

	trail := make([]string, 0, len(crumbs))
	for _, c := range crumbs {
		trail = append(trail, c.Message+" "+cmp.Or(c.Level, "info"))
		if c.Type != "query" || c.Category != picket.CrumbQuery {
			t.Errorf("breadcrumb %+v", c)
		}
	}
	if want := 7; len(trail) != want || trail[1] != "INSERT INTO users (name) VALUES (?), (?) info" || trail[6] != "SELECT secrets FROM nowhere error" {
		t.Errorf("%d breadcrumbs, want %d: %q", len(trail), want, trail)
	}
}

// TestSQLSecrets looks for values in everything that is sent, compressed or not.
func TestSQLSecrets(t *testing.T) {
	t.Parallel()
	db := openSQLite(t, picket.SQLOptions{})
	c, server := newSQLServer(t, picket.Options{})
	ctx, span := picket.StartTransaction(picket.NewContext(context.Background(), c), "test", "secrets")
	useSQLite(t, ctx, db)
	picket.CaptureException(ctx, errors.New("after the queries"))
	span.End()
	if err := c.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	sent := slices.Concat(server.items(t, wire.ItemTransaction), server.items(t, wire.ItemEvent))
	for _, p := range sent {
		if !bytes.Contains(p, []byte("INSERT INTO users")) || bytes.Contains(p, []byte("hunter")) {
			t.Errorf("sent %s", p)
		}
	}
	if len(sent) != 2 {
		t.Errorf("%d items", len(sent))
	}
}

func TestSQLOmitQuery(t *testing.T) {
	t.Parallel()
	db := openSQLite(t, picket.SQLOptions{OmitQuery: true})
	spans, crumbs := sqlReports(t, picket.Options{}, func(ctx context.Context) { useSQLite(t, ctx, db) })
	if len(spans) < 2 || spans[1].Description != "INSERT users" || spans[1].Data["db.query.text"] != nil {
		t.Errorf("spans %+v", spans)
	}
	if len(crumbs) < 2 || crumbs[1].Message != "INSERT users" {
		t.Errorf("breadcrumbs %+v", crumbs)
	}
}

func TestSQLStatus(t *testing.T) {
	t.Parallel()
	fake := &fakeSQL{shape: fakeShape{fakeConns["modern"], fakeStmts["modern"]}}
	db := sql.OpenDB(picket.WrapConnector(fake, picket.SQLOptions{}))
	defer db.Close()
	f := func(query string, wantErr error, want ...string) {
		t.Helper()
		spans, _ := sqlReports(t, picket.Options{}, func(ctx context.Context) {
			ctx, fake.cancel = context.WithCancel(ctx)
			defer fake.cancel()
			if _, err := db.ExecContext(ctx, query); err != wantErr {
				t.Errorf("%s: %v, want %v", query, err, wantErr)
			}
		})
		var got []string
		for _, s := range spans {
			got = append(got, s.Op+" "+s.Status)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: spans %q, want %q", query, got, want)
		}
	}
	const exec = "db.sql.execute "
	f("a", nil, exec+"ok")
	f("fail", errFake, exec+"internal_error")
	f("norows", sql.ErrNoRows, exec+"ok")
	f("skip", nil, exec+"ok") // once, by the statement
	f("cancel", nil, exec+"ok")
	f("interrupt", errFake, exec+"cancelled")
}

// TestSQLUnsampled has no span to report to, but an error to explain.
func TestSQLUnsampled(t *testing.T) {
	t.Parallel()
	db := openSQLite(t, picket.SQLOptions{})
	spans, crumbs := sqlReports(t, picket.Options{TracesSampleRate: -1}, func(ctx context.Context) { useSQLite(t, ctx, db) })
	if len(spans) != 0 || len(crumbs) != 7 {
		t.Errorf("%d spans, %d breadcrumbs", len(spans), len(crumbs))
	}
}

// TestSQLForgets asks for more queries than are remembered, from many goroutines.
func TestSQLForgets(t *testing.T) {
	t.Parallel()
	fake := &fakeSQL{shape: fakeShape{fakeConns["modern"], fakeStmts["modern"]}}
	db := sql.OpenDB(picket.WrapConnector(fake, picket.SQLOptions{}))
	defer db.Close()
	spans, _ := sqlReports(t, picket.Options{}, func(ctx context.Context) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for i := range 200 {
					if _, err := db.ExecContext(ctx, "DELETE FROM t WHERE a"+strings.Repeat("b", i)+" = 1"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	})
	if len(spans) != 800 {
		t.Errorf("%d spans", len(spans))
	}
	for _, s := range spans {
		if !strings.HasPrefix(s.Description, "DELETE FROM t WHERE a") || !strings.HasSuffix(s.Description, " = ?") {
			t.Errorf("span %q", s.Description)
		}
	}
}
