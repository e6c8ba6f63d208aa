package sqlite

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// sessionPrefix tells the secret of a session from others.
const sessionPrefix = "pks_"

// CreateSession implements store.Accounts.
func (db *DB) CreateSession(ctx context.Context, user store.UserID, org model.OrgID, expires time.Time) (string, error) {
	secret, hash := newSecret(sessionPrefix)
	err := db.do(1, func(t *txn) error {
		if err := t.c.bind("DELETE FROM sign_ins WHERE expires <= ?").int(micros(t.now)).run(); err != nil {
			return err
		}
		err := t.c.bind("INSERT INTO sign_ins (hash, user, org, created, expires) SELECT ?, user, org, ?, ? FROM members WHERE user = ? AND org = ?").
			blob(hash[:]).int(micros(t.now)).int(micros(expires)).int(int64(user)).int(int64(org)).run()
		if err == nil && t.c.Changes() == 0 {
			err = fmt.Errorf("user %d in organization %d: %w", user, org, model.ErrNotFound)
		}
		return err
	})
	return secret, err
}

// Session implements store.Accounts.
func (db *DB) Session(ctx context.Context, secret string) (out store.Session, err error) {
	hash := sha256.Sum256([]byte(secret))
	err = db.read(ctx, func(c *conn) error {
		found, err := c.bind(`SELECT s.id, s.user, u.email, s.org, m.role, s.created, s.expires FROM sign_ins s
			JOIN users u ON u.id = s.user JOIN members m ON m.user = s.user AND m.org = s.org WHERE s.hash = ? AND s.expires > ?`).
			blob(hash[:]).int(micros(db.opt.Now())).one(func(s *sqlite3.Stmt) {
			out = store.Session{ID: s.ColumnInt64(0), User: store.UserID(s.ColumnInt64(1)), Email: s.ColumnText(2), Org: model.OrgID(s.ColumnInt64(3)),
				Role: s.ColumnText(4), Created: instant(s.ColumnInt64(5)), Expires: instant(s.ColumnInt64(6))}
		})
		if err == nil && !found {
			err = fmt.Errorf("session: %w", model.ErrUnauthorized)
		}
		return err
	})
	return out, err
}

// ExtendSession implements store.Accounts.
func (db *DB) ExtendSession(ctx context.Context, id int64, expires time.Time) error {
	return db.do(1, func(t *txn) error {
		return t.c.bind("UPDATE sign_ins SET expires = ? WHERE id = ?").int(micros(expires)).int(id).run()
	})
}

// EndSession implements store.Accounts.
func (db *DB) EndSession(ctx context.Context, id int64) error {
	return db.do(1, func(t *txn) error { return t.c.bind("DELETE FROM sign_ins WHERE id = ?").int(id).run() })
}

// Tokens implements store.Desk.
func (db *DB) Tokens(ctx context.Context, in store.Scope) ([]store.Token, error) {
	out := []store.Token{}
	err := db.read(ctx, func(c *conn) error {
		return c.bind("SELECT id, org, name, scopes, created FROM tokens WHERE org = ? ORDER BY id").int(int64(in.Org)).each(func(s *sqlite3.Stmt) error {
			out = append(out, scanToken(s))
			return nil
		})
	})
	return out, err
}

func scanToken(s *sqlite3.Stmt) store.Token {
	return store.Token{ID: s.ColumnInt64(0), Org: model.OrgID(s.ColumnInt64(1)), Name: s.ColumnText(2), Scopes: strings.Fields(s.ColumnText(3)),
		Created: instant(s.ColumnInt64(4))}
}

// RevokeToken implements store.Desk.
func (db *DB) RevokeToken(ctx context.Context, in store.Scope, id int64) error {
	return db.do(1, func(t *txn) error {
		err := t.c.bind("DELETE FROM tokens WHERE id = ? AND org = ?").int(id).int(int64(in.Org)).run()
		if err == nil && t.c.Changes() == 0 {
			err = fmt.Errorf("token %d: %w", id, model.ErrNotFound)
		}
		return err
	})
}
