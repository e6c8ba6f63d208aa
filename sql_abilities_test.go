package picket_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"testing"

	"relay.one/picket"
)

func TestSQLAbilities(t *testing.T) {
	t.Parallel()
	f := func(inner driver.Conn) {
		t.Helper()
		fake := &fakeSQL{shape: fakeShape{conn: func(*fakeConn) driver.Conn { return inner }}}
		c, err := picket.WrapConnector(fake, picket.SQLOptions{}).Connect(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := abilities(c), abilities(inner); got != want {
			t.Errorf("a connection that is %s becomes %s", want, got)
		}
		if u := c.(interface{ Unwrap() driver.Conn }).Unwrap(); u != inner {
			t.Errorf("unwrapped is %T", u)
		}
	}
	type (
		conn   = *fakeConn
		execs  = fakeExecsCtx
		asks   = fakeQueriesCtx
		resets = fakeResets
		valid  = fakeValidates
	)
	f(&fakeConn{})
	f(struct {
		conn
		execs
	}{})
	f(struct {
		conn
		asks
	}{})
	f(struct {
		conn
		execs
		asks
	}{})
	f(struct {
		conn
		resets
	}{})
	f(struct {
		conn
		execs
		resets
	}{})
	f(struct {
		conn
		asks
		resets
	}{})
	f(struct {
		conn
		execs
		asks
		resets
	}{})
	f(struct {
		conn
		valid
	}{})
	f(struct {
		conn
		execs
		valid
	}{})
	f(struct {
		conn
		asks
		valid
	}{})
	f(struct {
		conn
		execs
		asks
		valid
	}{})
	f(struct {
		conn
		resets
		valid
	}{})
	f(struct {
		conn
		execs
		resets
		valid
	}{})
	f(struct {
		conn
		asks
		resets
		valid
	}{})
	f(struct {
		conn
		execs
		asks
		resets
		valid
	}{})
}

// abilities names what database/sql finds a connection able to do.
func abilities(c driver.Conn) string {
	_, execs := c.(driver.ExecerContext)
	_, asks := c.(driver.QueryerContext)
	_, resets := c.(driver.SessionResetter)
	_, valid := c.(driver.Validator)
	return fmt.Sprintf("execer %v, queryer %v, resetter %v, validator %v", execs, asks, resets, valid)
}

func TestSQLDriver(t *testing.T) {
	t.Parallel()
	shape := fakeShape{fakeConns["modern"], fakeStmts["modern"]}
	plain := picket.WrapDriver(&fakeSQL{shape: shape}, picket.SQLOptions{})
	if _, ok := plain.(driver.DriverContext); ok {
		t.Error("a driver without connectors has them")
	}
	if _, err := plain.Open("fail"); err != errFake {
		t.Errorf("open = %v", err)
	}

	fake := fakeContextDriver{&fakeSQL{shape: shape}}
	d, ok := picket.WrapDriver(fake, picket.SQLOptions{}).(driver.DriverContext)
	if !ok {
		t.Fatal("a driver with connectors has none")
	}
	if _, err := d.OpenConnector("fail"); err != errFake {
		t.Errorf("open connector = %v", err)
	}
	c, err := d.OpenConnector("name")
	if err != nil {
		t.Fatal(err)
	}
	if c.Driver() != d.(driver.Driver) {
		t.Errorf("driver of the connector is %T", c.Driver())
	}
	if err := sql.OpenDB(c).Close(); err != errFake {
		t.Errorf("close = %v, want the connector's answer", err)
	}

	bare := &fakeSQL{shape: shape}
	db := sql.OpenDB(picket.WrapConnector(bare, picket.SQLOptions{}))
	if db.Driver() != driver.Driver(bare) {
		t.Errorf("driver of the database is %T", db.Driver())
	}
	if err := db.Close(); err != nil {
		t.Errorf("close of a connector that has none = %v", err)
	}
}
