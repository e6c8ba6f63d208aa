package picket

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"time"
)

// SQLOptions say what WrapDriver and WrapConnector tell of a database. The zero value
// is good for the drivers that are known.
type SQLOptions struct {
	// System is the kind of database by OpenTelemetry's names: postgresql, mysql, mariadb,
	// sqlite, microsoft.sql_server, oracle.db … It also says how queries are read. Empty
	// means what the driver's package tells, for the common ones.
	System string
	// Database is the name of the database.
	Database string
	// OmitQuery tells only the verb and the table, not the text of queries.
	OmitQuery bool
}

// WrapDriver returns a driver whose queries are spans and breadcrumbs. Register it under
// a name of its own:
//
//	sql.Register("pgx+picket", picket.WrapDriver(stdlib.GetDefaultDriver(), picket.SQLOptions{}))
//
// A query is reported where its context belongs to a request, an execution or a span,
// with its text as far as it holds no values: numbers, strings and comments in it do
// not leave the program, nor do its arguments. A span lasts until the rows can be read,
// and does not include reading them. What the driver can do besides, it can do as
// before; (*sql.Conn).Raw gets a connection whose method Unwrap() driver.Conn returns
// the driver's own.
func WrapDriver(d driver.Driver, o SQLOptions) driver.Driver {
	w := &sqlDriver{Driver: d, trace: newSQLTrace(o, d)}
	if c, ok := d.(driver.DriverContext); ok {
		return &sqlDriverContext{sqlDriver: w, inner: c}
	}
	return w
}

// WrapConnector is WrapDriver for what sql.OpenDB takes. (*sql.DB).Driver returns the
// driver of c, as it is.
func WrapConnector(c driver.Connector, o SQLOptions) driver.Connector {
	d := c.Driver()
	return &sqlConnector{inner: c, driver: d, trace: newSQLTrace(o, d)}
}

type sqlDriver struct {
	driver.Driver
	trace *sqlTrace
}

func (d *sqlDriver) Open(name string) (driver.Conn, error) {
	c, err := d.Driver.Open(name)
	if err != nil {
		return nil, err
	}
	return wrapSQLConn(c, d.trace), nil
}

type sqlDriverContext struct {
	*sqlDriver
	inner driver.DriverContext
}

func (d *sqlDriverContext) OpenConnector(name string) (driver.Connector, error) {
	c, err := d.inner.OpenConnector(name)
	if err != nil {
		return nil, err
	}
	return &sqlConnector{inner: c, driver: d, trace: d.trace}, nil
}

type sqlConnector struct {
	inner  driver.Connector
	driver driver.Driver
	trace  *sqlTrace
}

func (c *sqlConnector) Driver() driver.Driver { return c.driver }

func (c *sqlConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return wrapSQLConn(conn, c.trace), nil
}

// Close closes the connector if that means anything to it.
func (c *sqlConnector) Close() error {
	if closer, ok := c.inner.(io.Closer); ok {
		return closer.Close()
	}
	return nil
}

// The kinds of spans, by Sentry's conventions.
const (
	sqlOpQuery       = "db.sql.query"
	sqlOpExec        = "db.sql.execute"
	sqlOpPrepare     = "db.sql.prepare"
	sqlOpTransaction = "db.sql.transaction"
)

// sqlTrace reports what one database does.
type sqlTrace struct {
	omit  bool
	about []Attr // of every span
	texts sqlTexts
}

func newSQLTrace(o SQLOptions, d driver.Driver) *sqlTrace {
	if o.System == "" {
		o.System = sqlSystemOf(d)
	}
	t := &sqlTrace{omit: o.OmitQuery, texts: sqlTexts{dialect: sqlDialectOf(o.System)}}
	if o.System == "" {
		o.System = "other_sql"
	}
	t.about = append(t.about, slog.String("db.system.name", o.System))
	if o.Database != "" {
		t.about = append(t.about, slog.String("db.namespace", o.Database))
	}
	return t
}

// sqlSystemOf tells the database from the path of its driver's package, or nothing.
func sqlSystemOf(d driver.Driver) string {
	t := reflect.TypeOf(d)
	if t == nil {
		return ""
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for _, known := range [...]struct{ part, system string }{
		{"/pgx", "postgresql"},
		{"lib/pq", "postgresql"},
		{"go-sql-driver/mysql", "mysql"},
		{"sqlite", "sqlite"},
		{"libsql", "sqlite"},
		{"mssqldb", "microsoft.sql_server"},
		{"godror", "oracle.db"},
		{"go-ora", "oracle.db"},
		{"clickhouse", "clickhouse"},
		{"duckdb", "duckdb"},
	} {
		if strings.Contains(t.PkgPath(), known.part) {
			return known.system
		}
	}
	return ""
}

// sqlCall is a call of the driver that is reported when it is done. One whose context
// belongs to nothing has no node and costs nothing.
type sqlCall struct {
	trace *sqlTrace
	ctx   context.Context
	node  *node
	start time.Time
}

func (t *sqlTrace) begin(ctx context.Context) sqlCall {
	n := nodeOf(ctx)
	if n == nil {
		return sqlCall{}
	}
	return sqlCall{trace: t, ctx: ctx, node: n, start: n.scope.client.now()}
}

// query reports that rows can be read, or cannot.
func (c *sqlCall) query(query string, err error) {
	if c.reported(err) {
		c.report(sqlOpQuery, c.trace.texts.of(query), err, true)
	}
}

// exec reports that a statement has been executed.
func (c *sqlCall) exec(query string, result driver.Result, err error) {
	if !c.reported(err) {
		return
	}
	text := c.trace.texts.of(query)
	if err == nil && result != nil {
		if n, err := result.RowsAffected(); err == nil {
			c.report(sqlOpExec, text, nil, true, slog.Int64("db.rows_affected", n))
			return
		}
	}
	c.report(sqlOpExec, text, err, true)
}

// prepared reports a query that could not be prepared; one that could is reported when
// it is executed.
func (c *sqlCall) prepared(query string, err error) {
	if err != nil && c.reported(err) {
		c.report(sqlOpPrepare, c.trace.texts.of(query), err, true)
	}
}

// transaction reports that one has begun or ended. The trail tells it only of failures.
func (c *sqlCall) transaction(verb string, err error) {
	if c.reported(err) {
		c.report(sqlOpTransaction, &sqlText{text: verb, operation: verb, summary: verb}, err, err != nil)
	}
}

// reported reports whether the call is. One that the driver skips is made in another
// way, and then seen there.
func (c *sqlCall) reported(err error) bool {
	return c.node != nil && err != driver.ErrSkip
}

// report makes the span and leaves the breadcrumb. The span is made afterwards, since
// only then it is known whether there is something to tell.
func (c *sqlCall) report(op string, text *sqlText, err error, crumb bool, more ...Attr) {
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	end := c.node.scope.client.now()
	if c.node.span != nil {
		c.span(op, text, err, end, more)
	}
	if crumb {
		c.leave(text, err, end, more)
	}
}

func (c *sqlCall) span(op string, text *sqlText, err error, end time.Time, more []Attr) {
	s := c.node.span.child(c.ctx, c.node, op, c.trace.title(text), c.trace.about)
	s.start, s.origin = c.start, originDB
	if text.operation != "" {
		s.Set(slog.String("db.operation.name", text.operation))
	}
	if !c.trace.omit {
		s.Set(slog.String("db.query.text", text.text))
	}
	if text.summary != "" {
		s.Set(slog.String("db.query.summary", text.summary))
	}
	s.Set(more...)
	s.Fail(err)
	if cause := c.ctx.Err(); err != nil && cause != nil {
		s.SetStatus(statusOf(cause)) // drivers have errors of their own for it
	}
	s.endAt(end)
}

func (c *sqlCall) leave(text *sqlText, err error, end time.Time, more []Attr) {
	b := Breadcrumb{Type: "query", Category: CrumbQuery, Message: c.trace.title(text), Timestamp: end}
	b.Data = append(append(make([]Attr, 0, 3), slog.Float64("duration_ms", float64(end.Sub(c.start).Microseconds())/1000)), more...)
	if err != nil {
		b.Level = LevelError
		b.Data = append(b.Data, slog.String("error.type", errorLabel(err)))
	}
	c.node.scope.leave(b)
}

// title is the name of a query's span.
func (t *sqlTrace) title(text *sqlText) string {
	switch {
	case !t.omit && text.text != "":
		return text.text
	case text.summary != "":
		return text.summary
	}
	return "query"
}
