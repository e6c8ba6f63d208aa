package sqlite

import (
	"context"
	"crypto/sha256"
	"fmt"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// linkPrefix tells the secret of a link from others.
const linkPrefix = "pkl_"

// CreateLink implements store.Accounts.
func (db *DB) CreateLink(ctx context.Context, l store.Link) (string, error) {
	secret, hash := newSecret(linkPrefix)
	err := db.do(1, func(t *txn) error {
		err := t.c.bind("DELETE FROM links WHERE org = ? AND user = ? OR expires <= ?").int(int64(l.Org)).int(int64(l.User)).int(micros(t.now)).run()
		if err != nil {
			return err
		}
		return t.c.bind("INSERT INTO links (hash, org, user, expires) VALUES (?, ?, ?, ?)").
			blob(hash[:]).int(int64(l.Org)).int(int64(l.User)).int(micros(l.Expires)).run()
	})
	return secret, err
}

// Link implements store.Accounts.
func (db *DB) Link(ctx context.Context, secret string) (l store.Link, err error) {
	err = db.read(ctx, func(c *conn) error {
		l, err = c.link(secret, micros(db.opt.Now()))
		return err
	})
	return l, err
}

func (c *conn) link(secret string, now int64) (l store.Link, err error) {
	hash := sha256.Sum256([]byte(secret))
	found, err := c.bind("SELECT l.org, l.user, l.expires, coalesce(u.email, '') FROM links l LEFT JOIN users u ON u.id = l.user WHERE l.hash = ? AND l.expires > ?").
		blob(hash[:]).int(now).one(func(s *sqlite3.Stmt) {
		l = store.Link{Org: model.OrgID(s.ColumnInt64(0)), User: store.UserID(s.ColumnInt64(1)), Expires: instant(s.ColumnInt64(2)), Email: s.ColumnText(3)}
	})
	if err == nil && !found {
		err = fmt.Errorf("link: %w", model.ErrUnauthorized)
	}
	return l, err
}

// UseLink implements store.Accounts.
func (db *DB) UseLink(ctx context.Context, secret, email, password string) (u store.User, err error) {
	err = db.do(1, func(t *txn) error {
		u, err = t.useLink(secret, email, password)
		return err
	})
	return u, err
}

func (t *txn) useLink(secret, email, password string) (store.User, error) {
	l, err := t.c.link(secret, micros(t.now))
	if err != nil {
		return store.User{}, err
	}
	id := l.User
	if id == 0 {
		id, err = t.createFirstUser(l.Org, email, password)
	} else {
		err = t.setPassword(id, password, 0)
	}
	if err != nil {
		return store.User{}, err
	}
	if err := t.c.bind("DELETE FROM links WHERE org = ? AND user = ?").int(int64(l.Org)).int(int64(l.User)).run(); err != nil {
		return store.User{}, err
	}
	return t.c.userByID(id)
}
