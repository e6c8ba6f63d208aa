package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"relay.one/picket/internal/signin"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
)

// Desk is the administration of a data directory, whether or not a server runs on it.
type Desk struct {
	store.Desk
	accounts store.Accounts
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
	d.Desk, d.accounts, d.close = db, db, func() error { return errors.Join(db.Close(), unlock()) }
	if d.Key, err = db.Bootstrap(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", dir, err), d.close())
	}
	return d, nil
}

// UserLink returns where a password can be set, once, on the server at that URL: that of
// the first user, or, with an e-mail address, a new one for that user.
func (d *Desk) UserLink(ctx context.Context, email, at string) (string, error) {
	return setUpLink(ctx, d.accounts, d.Key, email, at)
}

// setUpLink makes a one-time link. The secret stands behind the #, which browsers send to
// nobody.
func setUpLink(ctx context.Context, a store.Accounts, key store.Key, email, at string) (string, error) {
	secret, err := signin.Link(ctx, a, key.Org, email, time.Now())
	if err != nil {
		return "", err
	}
	return at + "/setup#" + secret, nil
}
