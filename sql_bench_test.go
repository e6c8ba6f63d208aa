package picket_test

import (
	"context"
	"database/sql/driver"
	"testing"

	"relay.one/picket"
)

// benchConn is a connection that costs nothing.
type benchConn struct{ driver.Conn }

func (benchConn) Close() error { return nil }

func (benchConn) QueryContext(context.Context, string, []driver.NamedValue) (driver.Rows, error) {
	return benchRows, nil
}

var benchRows driver.Rows = &fakeRows{}

// BenchmarkSQL is a query by a connection that costs nothing: bare, and wrapped where
// there is nothing to report to, where there is a trail, and within a span.
func BenchmarkSQL(b *testing.B) {
	const query = `SELECT o.id, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer_id WHERE o.state = 'open' AND o.created > $1 LIMIT 20`
	f := func(name string, ctx context.Context, wrap bool) {
		b.Run(name, func(b *testing.B) {
			var c driver.Conn = benchConn{}
			if wrap {
				fake := &fakeSQL{shape: fakeShape{conn: func(*fakeConn) driver.Conn { return benchConn{} }}}
				var err error
				if c, err = picket.WrapConnector(fake, picket.SQLOptions{System: "postgresql"}).Connect(ctx); err != nil {
					b.Fatal(err)
				}
			}
			q := c.(driver.QueryerContext)
			args := []driver.NamedValue{{Ordinal: 1, Value: "2026"}}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := q.QueryContext(ctx, query, args); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	type key struct{}
	plain := context.WithValue(context.WithValue(context.Background(), key{}, 1), key{}, 2)
	f("bare", plain, false)
	f("nothing", plain, true)
	c, _ := newSQLServer(b, picket.Options{TracesSampleRate: -1})
	unsampled, _ := picket.StartTransaction(picket.NewContext(plain, c), "test", "bench")
	f("trail", unsampled, true)
	c, _ = newSQLServer(b, picket.Options{})
	sampled, span := picket.StartTransaction(picket.NewContext(plain, c), "test", "bench")
	f("span", sampled, true)
	span.End()
}
