package sqlite

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
)

// conn is one connection with its prepared statements. It is not safe for
// concurrent use.
type conn struct {
	*sqlite3.Conn
	stmts map[string]*sqlite3.Stmt
	last  unpacked
	log   *logFile // the writer's; nil for readers
}

// pageKiB values bound a connection's page cache.
const (
	writerCacheKiB = 32 << 10
	readerCacheKiB = 8 << 10
	copierCacheKiB = 1 << 10
)

// busyTimeout is how long a connection waits for locks of others.
const busyTimeout = 10 * time.Second

// connect opens a connection; vfs names the file system, empty for the system's own.
func connect(path, vfs string, cacheKiB int) (*conn, error) {
	name := url.URL{Scheme: "file", OmitHost: true, Path: path, RawQuery: url.Values{"vfs": {vfs}}.Encode()}
	if vfs == "" {
		name.RawQuery = ""
	}
	c, err := sqlite3.Open(name.String())
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	// The writer checkpoints by itself, between commits.
	err = c.Exec(fmt.Sprintf(`PRAGMA busy_timeout=%d; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;
		PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0; PRAGMA journal_size_limit=%d; PRAGMA cache_size=-%d;`,
		busyTimeout.Milliseconds(), longLog*pageSize, cacheKiB))
	if err == nil {
		err = useLog(c)
	}
	if err != nil {
		c.Close()
		return nil, fmt.Errorf("set up %s: %w", path, err)
	}
	return &conn{Conn: c, stmts: map[string]*sqlite3.Stmt{}}, nil
}

// useLog turns the write-ahead log on. When several processes begin with the same new file,
// each reads it and then wants it alone: SQLite refuses at once, whatever the busy
// timeout, since waiting could last for ever. Asking again from the start does not.
func useLog(c *sqlite3.Conn) error {
	const pause = 5 * time.Millisecond
	for until := time.Now().Add(busyTimeout); ; time.Sleep(pause) {
		err := c.Exec("PRAGMA journal_mode=WAL")
		if !errors.Is(err, sqlite3.BUSY) || time.Now().After(until) {
			return err
		}
	}
}

// maxStatements bounds the statements kept: partitions come and go, each with its own.
const maxStatements = 400

// prepare returns the statement of that text, reset, from the cache if it is there.
func (c *conn) prepare(sql string) (*sqlite3.Stmt, error) {
	if s := c.stmts[sql]; s != nil {
		return s, nil
	}
	if len(c.stmts) >= maxStatements {
		c.forget()
	}
	s, _, err := c.PrepareFlags(sql, sqlite3.PREPARE_PERSISTENT)
	if err != nil {
		return nil, fmt.Errorf("prepare %.60q: %w", sql, err)
	}
	c.stmts[sql] = s
	return s, nil
}

// forget closes all cached statements: before a table is dropped, or when there are too many.
func (c *conn) forget() {
	for sql, s := range c.stmts {
		s.Close()
		delete(c.stmts, sql)
	}
}

// Close closes the statements and the connection.
func (c *conn) Close() error {
	c.forget()
	return c.Conn.Close()
}

// binder binds a statement's parameters in order and remembers the first error.
type binder struct {
	stmt *sqlite3.Stmt
	n    int
	err  error
}

func (c *conn) bind(sql string) *binder {
	s, err := c.prepare(sql)
	return &binder{stmt: s, err: err}
}

func (b *binder) next(err error) *binder {
	if b.err == nil {
		b.err = err
	}
	return b
}

func (b *binder) ready() bool { b.n++; return b.err == nil }

func (b *binder) int(v int64) *binder {
	if b.ready() {
		return b.next(b.stmt.BindInt64(b.n, v))
	}
	return b
}

func (b *binder) text(v string) *binder {
	if b.ready() {
		return b.next(b.stmt.BindText(b.n, v))
	}
	return b
}

func (b *binder) blob(v []byte) *binder {
	if b.ready() {
		return b.next(b.stmt.BindBlob(b.n, v))
	}
	return b
}

func (b *binder) null() *binder {
	if b.ready() {
		return b.next(b.stmt.BindNull(b.n))
	}
	return b
}

// textOrNull binds a text, NULL when it is empty.
func (b *binder) textOrNull(v string) *binder {
	if v == "" {
		return b.null()
	}
	return b.text(v)
}

// blobOrNull binds bytes, NULL when there are none.
func (b *binder) blobOrNull(v []byte) *binder {
	if len(v) == 0 {
		return b.null()
	}
	return b.blob(v)
}

// trace binds a trace id, or NULL when there is none.
func (b *binder) trace(id model.TraceID) *binder {
	if id.IsZero() {
		return b.null()
	}
	return b.blob(id[:])
}

// span binds a span id, or NULL when there is none.
func (b *binder) span(id model.SpanID) *binder {
	if id.IsZero() {
		return b.null()
	}
	return b.blob(id[:])
}

// any binds a value of a type that queries are built with.
func (b *binder) any(v any) *binder {
	switch v := v.(type) {
	case int64:
		return b.int(v)
	case string:
		return b.text(v)
	case []byte:
		return b.blob(v)
	}
	return b.next(fmt.Errorf("cannot bind a %T", v))
}

// run executes a statement that returns no rows.
func (b *binder) run() error {
	if b.err != nil {
		return b.err
	}
	return b.stmt.Exec() // resets, too
}

// each executes a statement and calls f for every row. The row's raw bytes are
// valid during the call only.
func (b *binder) each(f func(s *sqlite3.Stmt) error) error {
	if b.err != nil {
		return b.err
	}
	var err error
	for err == nil && b.stmt.Step() {
		err = f(b.stmt)
	}
	if err == nil {
		err = b.stmt.Err() // Reset does not know of an interruption between two rows
	}
	if reset := b.stmt.Reset(); err == nil {
		err = reset
	}
	return err
}

// one calls f for the first row and reports whether there was one.
func (b *binder) one(f func(s *sqlite3.Stmt)) (found bool, err error) {
	err = b.each(func(s *sqlite3.Stmt) error {
		if !found {
			found = true
			f(s)
		}
		return nil
	})
	return found, err
}

// farOff is as many seconds from 1970 as are told apart, some 140,000 years: the
// microseconds of more would not fit.
const farOff = 1 << 42

// micros turns a time into what is stored: Unix microseconds, 0 for no time.
func micros(t time.Time) int64 {
	switch s := t.Unix(); {
	case t.IsZero():
		return 0
	case s < -farOff, s > farOff:
		return min(max(s, -farOff), farOff) * 1e6
	}
	return t.UnixMicro()
}

// instant is the other way round.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
