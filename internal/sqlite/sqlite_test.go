package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"relay.one/picket/internal/store"
	"relay.one/picket/internal/store/storetest"
)

func open(t *testing.T, path string) *DB {
	t.Helper()
	db, err := Open(path, Options{Now: func() time.Time { return storetest.Clock }})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, filepath.Join(t.TempDir(), "picket.db")) })
}
