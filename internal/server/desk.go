package server

import (
	"context"
	"errors"
	"fmt"

	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
)

// Desk is the administration of a data directory, whether or not a server runs on it.
type Desk struct {
	store.Desk
	// Key is that of the first project.
	Key store.Key
	// URL is where the running server is reached; empty when none runs.
	URL string

	close func() error
}

// Close closes the data directory again.
func (d *Desk) Close() error { return d.close() }

// OpenDesk opens a data directory for administration: beside the server that runs
// on it, or alone, and then a new one is made ready.
func OpenDesk(ctx context.Context, dir string) (*Desk, error) {
	lock, err := lockData(dir)
	alone := err == nil
	if !alone && !errors.Is(err, errLocked) {
		return nil, fmt.Errorf("--data: %w", err)
	}
	unlock := func() error { return nil }
	d := &Desk{}
	if alone {
		unlock = lock.release
	} else {
		d.URL = readHolder(dir).URL
	}
	db, err := sqlite.Open(databasePath(dir), sqlite.Options{Beside: !alone})
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	d.Desk, d.close = db, func() error { return errors.Join(db.Close(), unlock()) }
	if d.Key, err = db.Bootstrap(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", dir, err), d.close())
	}
	return d, nil
}
