package sqlite

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/store"
	"relay.one/picket/internal/store/storetest"
)

// TestDeliveriesAreSwept keeps deliveries for as long, and in as much room, as they may
// take; what they took is counted exactly.
func TestDeliveriesAreSwept(t *testing.T) {
	t.Parallel()
	c := &clock{}
	db, in := start(t, filepath.Join(t.TempDir(), "picket.db"), Options{Now: c.now})
	take := func(n int, at time.Time) {
		t.Helper()
		body := make([]byte, 1000)
		rand.Read(body)
		_, _, err := db.TakeDelivery(context.Background(), store.Delivery{Org: in.Org, Received: at, Due: at, Request: fmt.Sprint(n),
			Resource: "issue", Digest: sha256.Sum256(body), Body: body})
		if err != nil {
			t.Fatal(err)
		}
	}
	left := func() (rows, bodies, room int64) {
		t.Helper()
		inWriter(t, db, func(w *writer) error {
			for sql, into := range map[string]*int64{"SELECT count(*) FROM deliveries": &rows, "SELECT count(*) FROM delivery_bodies": &bodies,
				"SELECT bytes FROM delivery_room": &room} {
				if _, err := w.c.bind(sql).one(func(s *sqlite3.Stmt) { *into = s.ColumnInt64(0) }); err != nil {
					return err
				}
			}
			return nil
		})
		return rows, bodies, room
	}
	for n := range 5 {
		take(n, storetest.Clock.Add(-time.Duration(9-2*n)*4*24*time.Hour)) // 36, 28, 20, 12 and 4 days ago
	}
	inWriter(t, db, func(w *writer) error { return sweep(w, c.now()) })
	rows, bodies, room := left()
	if rows != 4 || bodies != 4 || room < 4000 || room > 4500 {
		t.Errorf("%d deliveries, %d bodies, %d bytes are left; want 4 of some 1,000 bytes", rows, bodies, room)
	}
	inWriter(t, db, func(w *writer) error { return w.c.Exec("UPDATE delivery_room SET bytes = bytes + 600000000") })
	inWriter(t, db, func(w *writer) error { return sweep(w, c.now().Add(time.Hour)) })
	if rows, bodies, room = left(); rows != 0 || bodies != 0 || room != 600_000_000 {
		t.Errorf("%d deliveries, %d bodies, %d bytes are left; want none while there is no room", rows, bodies, room)
	}
}
