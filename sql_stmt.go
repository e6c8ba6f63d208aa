package picket

//lint:file-ignore SA1019 drivers that have only the older methods are drivers still

import (
	"context"
	"database/sql/driver"
)

// sqlStmt is a prepared statement whose calls are reported.
type sqlStmt struct {
	driver.Stmt
	conn  *sqlConn
	query string
}

// sqlStmtConverter is one that converts its arguments by itself.
type sqlStmtConverter struct {
	*sqlStmt
	inner driver.ColumnConverter //nolint:staticcheck // database/sql still asks for it
}

func (s *sqlStmtConverter) ColumnConverter(i int) driver.ValueConverter {
	return s.inner.ColumnConverter(i)
}

func wrapSQLStmt(inner driver.Stmt, c *sqlConn, query string) driver.Stmt {
	s := &sqlStmt{Stmt: inner, conn: c, query: query}
	if conv, ok := inner.(driver.ColumnConverter); ok { //nolint:staticcheck // database/sql still asks for it
		return &sqlStmtConverter{s, conv}
	}
	return s
}

func (s *sqlStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	call := s.conn.trace.begin(ctx)
	r, err := s.exec(ctx, args)
	call.exec(s.query, r, err)
	return r, err
}

func (s *sqlStmt) exec(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	if x, ok := s.Stmt.(driver.StmtExecContext); ok {
		return x.ExecContext(ctx, args)
	}
	values, err := sqlValues(ctx, args)
	if err != nil {
		return nil, err
	}
	return s.Stmt.Exec(values) //nolint:staticcheck // what database/sql falls back to
}

func (s *sqlStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	call := s.conn.trace.begin(ctx)
	rows, err := s.rows(ctx, args)
	call.query(s.query, err)
	return rows, err
}

func (s *sqlStmt) rows(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	if x, ok := s.Stmt.(driver.StmtQueryContext); ok {
		return x.QueryContext(ctx, args)
	}
	values, err := sqlValues(ctx, args)
	if err != nil {
		return nil, err
	}
	return s.Stmt.Query(values) //nolint:staticcheck // what database/sql falls back to
}

// CheckNamedValue asks the statement, or else the connection, as database/sql does.
func (s *sqlStmt) CheckNamedValue(v *driver.NamedValue) error {
	if n, ok := s.Stmt.(driver.NamedValueChecker); ok {
		return n.CheckNamedValue(v)
	}
	return s.conn.CheckNamedValue(v)
}
