package picket

//lint:file-ignore SA1019 drivers that have only the older methods are drivers still

import "database/sql/driver"

// Abilities of a connection that database/sql acts upon as soon as they are there.
const (
	sqlExecs = 1 << iota
	sqlQueries
	sqlResets
	sqlValidates
)

// Connections that are reset and validated are kept after a transaction whose context
// ended; others are closed. So both abilities are passed on as they are.
type (
	sqlResetter  struct{ driver.SessionResetter }
	sqlValidator struct{ driver.Validator }
)

// sqlAbilities returns what c can do.
func sqlAbilities(c driver.Conn) (can int) {
	switch c.(type) {
	case driver.ExecerContext, driver.Execer: //nolint:staticcheck // database/sql still asks for it
		can |= sqlExecs
	}
	switch c.(type) {
	case driver.QueryerContext, driver.Queryer: //nolint:staticcheck // database/sql still asks for it
		can |= sqlQueries
	}
	if _, ok := c.(driver.SessionResetter); ok {
		can |= sqlResets
	}
	if _, ok := c.(driver.Validator); ok {
		can |= sqlValidates
	}
	return can
}

// wrapSQLConn returns inner as a connection that reports its calls and has exactly the
// abilities that inner has. database/sql behaves otherwise when it finds a method, whatever
// that answers, and Go wants a type for each combination: hence sixteen cases, and no branch
// within one.
func wrapSQLConn(inner driver.Conn, t *sqlTrace) driver.Conn {
	c := &sqlConn{Conn: inner, trace: t}
	e, q := sqlExecer{c}, sqlQueryer{c}
	var r sqlResetter
	var v sqlValidator
	r.SessionResetter, _ = inner.(driver.SessionResetter)
	v.Validator, _ = inner.(driver.Validator)
	switch sqlAbilities(inner) {
	case sqlExecs:
		return struct {
			*sqlConn
			sqlExecer
		}{c, e}
	case sqlQueries:
		return struct {
			*sqlConn
			sqlQueryer
		}{c, q}
	case sqlExecs | sqlQueries:
		return struct {
			*sqlConn
			sqlExecer
			sqlQueryer
		}{c, e, q}
	case sqlResets:
		return struct {
			*sqlConn
			sqlResetter
		}{c, r}
	case sqlResets | sqlExecs:
		return struct {
			*sqlConn
			sqlExecer
			sqlResetter
		}{c, e, r}
	case sqlResets | sqlQueries:
		return struct {
			*sqlConn
			sqlQueryer
			sqlResetter
		}{c, q, r}
	case sqlResets | sqlExecs | sqlQueries:
		return struct {
			*sqlConn
			sqlExecer
			sqlQueryer
			sqlResetter
		}{c, e, q, r}
	case sqlValidates:
		return struct {
			*sqlConn
			sqlValidator
		}{c, v}
	case sqlValidates | sqlExecs:
		return struct {
			*sqlConn
			sqlExecer
			sqlValidator
		}{c, e, v}
	case sqlValidates | sqlQueries:
		return struct {
			*sqlConn
			sqlQueryer
			sqlValidator
		}{c, q, v}
	case sqlValidates | sqlExecs | sqlQueries:
		return struct {
			*sqlConn
			sqlExecer
			sqlQueryer
			sqlValidator
		}{c, e, q, v}
	case sqlResets | sqlValidates:
		return struct {
			*sqlConn
			sqlResetter
			sqlValidator
		}{c, r, v}
	case sqlResets | sqlValidates | sqlExecs:
		return struct {
			*sqlConn
			sqlExecer
			sqlResetter
			sqlValidator
		}{c, e, r, v}
	case sqlResets | sqlValidates | sqlQueries:
		return struct {
			*sqlConn
			sqlQueryer
			sqlResetter
			sqlValidator
		}{c, q, r, v}
	case sqlResets | sqlValidates | sqlExecs | sqlQueries:
		return struct {
			*sqlConn
			sqlExecer
			sqlQueryer
			sqlResetter
			sqlValidator
		}{c, e, q, r, v}
	}
	return c
}
