package store

import (
	"context"
	"time"

	"relay.one/picket/internal/model"
)

// UserID names a person who signs in.
type UserID int64

// Owner is the role that may do everything in its organization. There is no other yet.
const Owner = "owner"

// User is a person who signs in.
type User struct {
	ID    UserID
	Email string // lower case
	// Password is what the password became by hashing; the store looks no further into it.
	Password string
	Created  time.Time
}

// Session is a browser that somebody signed in with; its secret is kept only as a hash.
type Session struct {
	ID      int64
	User    UserID
	Email   string
	Org     model.OrgID // that the session works in
	Role    string      // of the user there
	Created time.Time
	Expires time.Time
}

// Link lets whoever has its secret set a password, once.
type Link struct {
	Org  model.OrgID
	User UserID // whose password; zero: that of the organization's first user
	// Email is the user's; empty for the first user, who says it.
	Email   string
	Expires time.Time
}

// Accounts keeps the people who sign in. Secrets are made here, have 256 random bits
// and are kept only as hashes; passwords come hashed.
type Accounts interface {
	// HasUsers reports whether anybody may sign in to an organization; zero asks for all.
	HasUsers(ctx context.Context, org model.OrgID) (bool, error)
	// User returns the user of an e-mail address in lower case; ErrNotFound without one.
	User(ctx context.Context, email string) (User, error)
	// Memberships returns the organizations that a user belongs to, the first first.
	Memberships(ctx context.Context, user UserID) ([]model.OrgID, error)
	// SetPassword replaces a user's password and ends the user's sessions but that of
	// the id keep. What links there were for the user lead nowhere afterwards.
	SetPassword(ctx context.Context, user UserID, password string, keep int64) error

	// CreateLink makes a link in place of those before it for the same user, and returns
	// its secret.
	CreateLink(ctx context.Context, l Link) (secret string, err error)
	// Link returns what a secret stands for; ErrUnauthorized when it is unknown, used or
	// has expired.
	Link(ctx context.Context, secret string) (Link, error)
	// UseLink does what the link is for and ends it, at once: it sets the password of its
	// user, whose sessions end, or makes the first user of its organization, an Owner,
	// under the e-mail address. ErrUnauthorized as for Link; ErrConflict when the
	// organization has a user already, or the address is taken.
	UseLink(ctx context.Context, secret, email, password string) (User, error)

	// CreateSession begins a session of a user in an organization that ends at a time,
	// and returns its secret; ErrNotFound when the user does not belong there.
	CreateSession(ctx context.Context, user UserID, org model.OrgID, expires time.Time) (secret string, err error)
	// Session returns whose secret that is; ErrUnauthorized when it is unknown or has
	// expired, or the user does not belong to the organization any more.
	Session(ctx context.Context, secret string) (Session, error)
	// ExtendSession lets a session end at another time. One that is gone stays gone.
	ExtendSession(ctx context.Context, id int64, expires time.Time) error
	// EndSession ends a session. One that is gone is no error.
	EndSession(ctx context.Context, id int64) error
}
