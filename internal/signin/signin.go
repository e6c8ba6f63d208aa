// Package signin lets people in: the first one by a one-time link, everybody by e-mail
// address and password, and then by a session that the browser keeps. It hashes
// passwords, slows down who guesses them, and says how long sessions live. Who may do
// what is decided in package access.
package signin

import (
	"context"
	"errors"
	"fmt"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// How long sessions and links live: a session ends when it was not used for Idle, and
// after Longevity however much it was used.
const (
	Idle      = 7 * 24 * time.Hour
	Longevity = 30 * 24 * time.Hour
	LinkLife  = 24 * time.Hour
)

// rewrite is how much later a session must end before that is written down: not every
// request shall be a write.
const rewrite = time.Hour

// hashing is how many passwords are hashed at once, 19 MiB each, and waiting how many
// may be under way in all.
const (
	hashing = 2
	waiting = 32
)

// Desk is where people sign in. It is safe for concurrent use.
type Desk struct {
	accounts store.Accounts
	now      func() time.Time
	cost     cost
	throttle throttle
	hashing  chan struct{} // turns
	queue    chan struct{} // those who hash or wait for their turn
	decoy    digest        // nobody's, so that an unknown address takes as long as a known one
}

// New returns a desk; a nil clock means time.Now.
func New(a store.Accounts, now func() time.Time) *Desk { return newDesk(a, now, recommended) }

func newDesk(a store.Accounts, now func() time.Time, c cost) *Desk {
	if now == nil {
		now = time.Now
	}
	return &Desk{
		accounts: a, now: now, cost: c, hashing: make(chan struct{}, hashing), queue: make(chan struct{}, waiting),
		decoy: digest{cost: c, salt: make([]byte, saltLength), hash: make([]byte, hashLength)},
	}
}

// Ticket is what a browser gets for signing in.
type Ticket struct {
	Secret  string
	Expires time.Time // at the latest
}

// errWrong is the one answer to whoever does not get in, whatever was wrong.
var errWrong = fmt.Errorf("%w: the e-mail address or the password is wrong", model.ErrUnauthorized)

// SignIn begins a session. The error is ErrUnauthorized when the address or the password
// is wrong, and does not say which; TooMany when too much was tried from the client's
// address (empty: unknown) or for that account.
func (d *Desk) SignIn(ctx context.Context, email, password, from string) (Ticket, error) {
	account, err := Email(email)
	if err != nil || len(password) > Longest {
		return Ticket{}, errWrong
	}
	try, err := d.throttle.try(account, from, d.now())
	if err != nil {
		return Ticket{}, err
	}
	u, err := d.check(ctx, account, password)
	if err != nil {
		if !errors.Is(err, errWrong) {
			try.forgive()
		}
		return Ticket{}, err
	}
	try.forgive()
	return d.begin(ctx, u.ID)
}

// check returns the user of that address and password, else errWrong.
func (d *Desk) check(ctx context.Context, email, password string) (store.User, error) {
	u, err := d.accounts.User(ctx, email)
	unknown := errors.Is(err, model.ErrNotFound)
	if err != nil && !unknown {
		return u, fmt.Errorf("look up user: %w", err)
	}
	kept := d.decoy
	if !unknown {
		if kept, err = parseDigest(u.Password); err != nil {
			return u, fmt.Errorf("user %d: %w", u.ID, err)
		}
	}
	fits := false
	if err := d.hash(ctx, func() { fits = kept.fits(password) }); err != nil {
		return u, err
	}
	if unknown || !fits {
		return store.User{}, errWrong
	}
	return u, nil
}

// hash runs f when it is its turn: hashing takes much memory. ErrBusy when too many wait.
func (d *Desk) hash(ctx context.Context, f func()) error {
	select {
	case d.queue <- struct{}{}:
		defer func() { <-d.queue }()
	default:
		return fmt.Errorf("%w: many sign in at once", model.ErrBusy)
	}
	select {
	case d.hashing <- struct{}{}:
		defer func() { <-d.hashing }()
		f()
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// begin begins a session in the first organization of a user.
func (d *Desk) begin(ctx context.Context, user store.UserID) (Ticket, error) {
	orgs, err := d.accounts.Memberships(ctx, user)
	if err != nil {
		return Ticket{}, fmt.Errorf("look up memberships: %w", err)
	}
	if len(orgs) == 0 {
		return Ticket{}, errWrong
	}
	now := d.now()
	secret, err := d.accounts.CreateSession(ctx, user, orgs[0], now.Add(Idle))
	if err != nil {
		return Ticket{}, fmt.Errorf("begin session: %w", err)
	}
	return Ticket{secret, now.Add(Longevity)}, nil
}

// Session returns whose secret that is, and lets the session live on. ErrUnauthorized
// when it is unknown or has ended.
func (d *Desk) Session(ctx context.Context, secret string) (store.Session, error) {
	s, err := d.accounts.Session(ctx, secret)
	if err != nil {
		return s, err
	}
	end := d.now().Add(Idle)
	if last := s.Created.Add(Longevity); end.After(last) {
		end = last
	}
	if end.Sub(s.Expires) < rewrite {
		return s, nil
	}
	if err := d.accounts.ExtendSession(ctx, s.ID, end); err != nil && !errors.Is(err, model.ErrBusy) && !errors.Is(err, model.ErrFull) {
		return s, fmt.Errorf("extend session: %w", err) // a full disk must not shut out who could make room
	}
	s.Expires = end
	return s, nil
}

// SignOut ends a session.
func (d *Desk) SignOut(ctx context.Context, session int64) error {
	if err := d.accounts.EndSession(ctx, session); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// ChangePassword replaces the password of whose session that is, and ends the user's
// other sessions. The error is ErrForbidden when the present one is wrong, ErrInvalid
// when the next one will not do, and TooMany as for SignIn.
func (d *Desk) ChangePassword(ctx context.Context, s store.Session, present, next, from string) error {
	if err := checkPassword(s.Email, next); err != nil {
		return err
	}
	if len(present) > Longest {
		return errPresent
	}
	try, err := d.throttle.try(s.Email, from, d.now())
	if err != nil {
		return err
	}
	_, err = d.check(ctx, s.Email, present)
	if errors.Is(err, errWrong) {
		return errPresent
	}
	try.forgive()
	if err != nil {
		return err
	}
	hashed, err := d.hashed(ctx, next)
	if err != nil {
		return err
	}
	if err := d.accounts.SetPassword(ctx, s.User, hashed, s.ID); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}

var errPresent = fmt.Errorf("%w: the present password is wrong", model.ErrForbidden)

func (d *Desk) hashed(ctx context.Context, password string) (out string, err error) {
	err = d.hash(ctx, func() { out = newDigest(password, d.cost).String() })
	return out, err
}

// NeedsSetUp reports whether nobody can sign in yet.
func (d *Desk) NeedsSetUp(ctx context.Context) (bool, error) {
	has, err := d.accounts.HasUsers(ctx, 0)
	if err != nil {
		return false, fmt.Errorf("look for users: %w", err)
	}
	return !has, nil
}

// SetUp does what a one-time link is for and signs in: it sets the password of the first
// user, who says the e-mail address, or of the user that the link was made for, whose
// address is taken from there. ErrUnauthorized when the link leads nowhere, ErrInvalid
// when address or password will not do.
func (d *Desk) SetUp(ctx context.Context, link, email, password string) (Ticket, error) {
	l, err := d.accounts.Link(ctx, link) // too random to be guessed: nothing to slow down
	if errors.Is(err, model.ErrUnauthorized) {
		return Ticket{}, fmt.Errorf("%w: the link was used, replaced or has expired: picket user link makes a new one", model.ErrUnauthorized)
	}
	if err != nil {
		return Ticket{}, fmt.Errorf("look up link: %w", err)
	}
	if l.User != 0 {
		email = l.Email
	} else if email, err = Email(email); err != nil {
		return Ticket{}, err
	}
	if err := checkPassword(email, password); err != nil {
		return Ticket{}, err
	}
	hashed, err := d.hashed(ctx, password)
	if err != nil {
		return Ticket{}, err
	}
	u, err := d.accounts.UseLink(ctx, link, email, hashed)
	if err != nil {
		return Ticket{}, fmt.Errorf("use link: %w", err)
	}
	return d.begin(ctx, u.ID)
}

// Link makes a one-time link and returns its secret, which is not kept. It replaces those
// before it. An empty address asks for the link of the organization's first user, which
// is ErrConflict once there is one; else the address must be that of a user, whose
// forgotten password the link replaces.
func Link(ctx context.Context, a store.Accounts, org model.OrgID, email string, now time.Time) (string, error) {
	l := store.Link{Org: org, Expires: now.Add(LinkLife)}
	if email == "" {
		has, err := a.HasUsers(ctx, org)
		if err != nil {
			return "", fmt.Errorf("look for users: %w", err)
		}
		if has {
			return "", fmt.Errorf("%w: there is a user already: name an e-mail address, for a new password", model.ErrConflict)
		}
		return a.CreateLink(ctx, l)
	}
	email, err := Email(email)
	if err != nil {
		return "", err
	}
	u, err := a.User(ctx, email)
	if err != nil {
		return "", fmt.Errorf("look up %s: %w", email, err)
	}
	l.User = u.ID
	return a.CreateLink(ctx, l)
}
