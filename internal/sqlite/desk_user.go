package sqlite

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// newSecret returns 256 random bits as text, and what is kept of them: since they are
// that random, a plain SHA-256 is enough.
func newSecret(prefix string) (secret string, hash [32]byte) {
	var b [32]byte
	rand.Read(b[:])
	secret = prefix + hex.EncodeToString(b[:])
	return secret, sha256.Sum256([]byte(secret))
}

// HasUsers implements store.Accounts.
func (db *DB) HasUsers(ctx context.Context, org model.OrgID) (has bool, err error) {
	err = db.read(ctx, func(c *conn) error {
		has, err = c.hasUsers(org)
		return err
	})
	return has, err
}

func (c *conn) hasUsers(org model.OrgID) (bool, error) {
	return c.bind("SELECT 1 FROM members WHERE org = ? OR ? = 0 LIMIT 1").int(int64(org)).int(int64(org)).one(func(*sqlite3.Stmt) {})
}

// User implements store.Accounts.
func (db *DB) User(ctx context.Context, email string) (u store.User, err error) {
	err = db.read(ctx, func(c *conn) error {
		u, err = c.user("email = ?", func(b *binder) *binder { return b.text(email) })
		return err
	})
	return u, err
}

func (c *conn) user(cond string, bind func(*binder) *binder) (u store.User, err error) {
	found, err := bind(c.bind("SELECT id, email, password, created FROM users WHERE " + cond)).one(func(s *sqlite3.Stmt) {
		u = store.User{ID: store.UserID(s.ColumnInt64(0)), Email: s.ColumnText(1), Password: s.ColumnText(2), Created: instant(s.ColumnInt64(3))}
	})
	if err == nil && !found {
		err = fmt.Errorf("user: %w", model.ErrNotFound)
	}
	return u, err
}

func (c *conn) userByID(id store.UserID) (store.User, error) {
	return c.user("id = ?", func(b *binder) *binder { return b.int(int64(id)) })
}

// Memberships implements store.Accounts.
func (db *DB) Memberships(ctx context.Context, user store.UserID) ([]model.OrgID, error) {
	out := []model.OrgID{}
	err := db.read(ctx, func(c *conn) error {
		return c.bind("SELECT org FROM members WHERE user = ? ORDER BY org").int(int64(user)).each(func(s *sqlite3.Stmt) error {
			out = append(out, model.OrgID(s.ColumnInt64(0)))
			return nil
		})
	})
	return out, err
}

// SetPassword implements store.Accounts.
func (db *DB) SetPassword(ctx context.Context, user store.UserID, password string, keep int64) error {
	return db.do(1, func(t *txn) error { return t.setPassword(user, password, keep) })
}

// setPassword also ends what somebody who knew the old one may have left open.
func (t *txn) setPassword(user store.UserID, password string, keep int64) error {
	if err := t.c.bind("UPDATE users SET password = ? WHERE id = ?").text(password).int(int64(user)).run(); err != nil {
		return err
	}
	if t.c.Changes() == 0 {
		return fmt.Errorf("user %d: %w", user, model.ErrNotFound)
	}
	if err := t.c.bind("DELETE FROM links WHERE user = ?").int(int64(user)).run(); err != nil {
		return err
	}
	return t.c.bind("DELETE FROM sign_ins WHERE user = ? AND id <> ?").int(int64(user)).int(keep).run()
}

// createFirstUser makes the owner of an organization that has nobody yet.
func (t *txn) createFirstUser(org model.OrgID, email, password string) (store.UserID, error) {
	has, err := t.c.hasUsers(org)
	if err != nil {
		return 0, err
	}
	if has {
		return 0, fmt.Errorf("organization %d has a user: %w", org, model.ErrConflict)
	}
	err = t.c.bind("INSERT INTO users (email, password, created) VALUES (?, ?, ?)").text(email).text(password).int(micros(t.now)).run()
	if err != nil {
		return 0, err
	}
	id := store.UserID(t.c.LastInsertRowID())
	return id, t.c.bind("INSERT INTO members (user, org, role, created) VALUES (?, ?, ?, ?)").
		int(int64(id)).int(int64(org)).text(store.Owner).int(micros(t.now)).run()
}
