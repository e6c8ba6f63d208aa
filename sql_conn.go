package picket

//lint:file-ignore SA1019 drivers that have only the older methods are drivers still

import (
	"context"
	"database/sql/driver"
	"errors"
)

// sqlConn is a connection whose calls are reported. It has the abilities that can be
// had without the driver's having them; wrapSQLConn adds the others.
type sqlConn struct {
	driver.Conn
	trace *sqlTrace
}

// Unwrap returns the driver's own connection.
func (c *sqlConn) Unwrap() driver.Conn { return c.Conn }

func (c *sqlConn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *sqlConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	call := c.trace.begin(ctx)
	s, err := c.prepare(ctx, query)
	call.prepared(query, err)
	if err != nil {
		return nil, err
	}
	return wrapSQLStmt(s, c, query), nil
}

func (c *sqlConn) prepare(ctx context.Context, query string) (driver.Stmt, error) {
	if p, ok := c.Conn.(driver.ConnPrepareContext); ok {
		return p.PrepareContext(ctx, query)
	}
	s, err := c.Conn.Prepare(query)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		_ = s.Close() // the caller gets the context's error as it is
		return nil, err
	}
	return s, nil
}

func (c *sqlConn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	call := c.trace.begin(ctx)
	tx, err := c.begin(ctx, o)
	call.transaction("BEGIN", err)
	if err != nil || call.node == nil {
		return tx, err
	}
	return &sqlTx{Tx: tx, trace: c.trace, ctx: ctx}, nil
}

func (c *sqlConn) begin(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	if b, ok := c.Conn.(driver.ConnBeginTx); ok {
		return b.BeginTx(ctx, o)
	}
	if o.Isolation != 0 {
		return nil, errors.New("sql: driver does not support non-default isolation level")
	}
	if o.ReadOnly {
		return nil, errors.New("sql: driver does not support read-only transactions")
	}
	tx, err := c.Conn.Begin() //nolint:staticcheck // what database/sql falls back to
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		_ = tx.Rollback() // the caller gets the context's error as it is
		return nil, err
	}
	return tx, nil
}

func (c *sqlConn) Ping(ctx context.Context) error {
	if p, ok := c.Conn.(driver.Pinger); ok {
		return p.Ping(ctx)
	}
	return nil
}

func (c *sqlConn) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := c.Conn.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

// sqlTx is a transaction whose end is reported.
type sqlTx struct {
	driver.Tx
	trace *sqlTrace
	ctx   context.Context // of its beginning; the end has none
}

func (t *sqlTx) Commit() error {
	call := t.trace.begin(t.ctx)
	err := t.Tx.Commit()
	call.transaction("COMMIT", err)
	return err
}

func (t *sqlTx) Rollback() error {
	call := t.trace.begin(t.ctx)
	err := t.Tx.Rollback()
	call.transaction("ROLLBACK", err)
	return err
}

// sqlExecer executes without preparing, in either way that drivers have for it. A
// connection without one must not have it: database/sql would convert the arguments
// before it learned that the statement has to convert them.
type sqlExecer struct{ conn *sqlConn }

func (e sqlExecer) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	call := e.conn.trace.begin(ctx)
	r, err := e.exec(ctx, query, args)
	call.exec(query, r, err)
	return r, err
}

func (e sqlExecer) exec(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	if x, ok := e.conn.Conn.(driver.ExecerContext); ok {
		return x.ExecContext(ctx, query, args)
	}
	values, err := sqlValues(ctx, args)
	if err != nil {
		return nil, err
	}
	return e.conn.Conn.(driver.Execer).Exec(query, values) //nolint:staticcheck // what database/sql falls back to
}

// sqlQueryer is sqlExecer for queries.
type sqlQueryer struct{ conn *sqlConn }

func (q sqlQueryer) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	call := q.conn.trace.begin(ctx)
	rows, err := q.query(ctx, query, args)
	call.query(query, err)
	return rows, err
}

func (q sqlQueryer) query(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	if x, ok := q.conn.Conn.(driver.QueryerContext); ok {
		return x.QueryContext(ctx, query, args)
	}
	values, err := sqlValues(ctx, args)
	if err != nil {
		return nil, err
	}
	return q.conn.Conn.(driver.Queryer).Query(query, values) //nolint:staticcheck // what database/sql falls back to
}

// sqlValues returns the arguments for a driver that knows neither names nor contexts,
// or why it cannot be asked.
func sqlValues(ctx context.Context, args []driver.NamedValue) ([]driver.Value, error) {
	values := make([]driver.Value, len(args))
	for i, a := range args {
		if a.Name != "" {
			return nil, errors.New("sql: driver does not support the use of Named Parameters")
		}
		values[i] = a.Value
	}
	return values, ctx.Err()
}
