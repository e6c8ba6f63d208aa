package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// fails holds an error against the kind that it must be of.
func fails(t *testing.T, what string, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s: error %v, want %v", what, err, kind)
	}
}

// first makes the first user of an organization, by a link.
func (f *fixture) first(t *testing.T, org model.OrgID, email string) store.User {
	t.Helper()
	secret, err := f.CreateLink(context.Background(), store.Link{Org: org, Expires: Clock.Add(time.Hour)})
	must(t, err)
	u, err := f.UseLink(context.Background(), secret, email, "hash of "+email)
	must(t, err)
	return u
}

// session begins a session of a user and returns its secret.
func (f *fixture) session(t *testing.T, u store.User, expires time.Time) string {
	t.Helper()
	secret, err := f.CreateSession(context.Background(), u.ID, f.org.ID, expires)
	must(t, err)
	return secret
}

func tokensAreRevoked(t *testing.T, f *fixture) {
	ctx := context.Background()
	other, _ := f.tenant(t, "globex")
	kept, err := f.CreateToken(ctx, f.scope(), "kept", []string{"event:read"})
	must(t, err)
	lost, err := f.CreateToken(ctx, f.scope(), "lost", nil)
	must(t, err)
	list, err := f.Tokens(ctx, f.scope())
	must(t, err)
	if len(list) != 2 || list[0].Name != "kept" || len(list[0].Scopes) != 1 || list[1].Name != "lost" || !list[1].Created.Equal(Clock) {
		t.Fatalf("tokens = %+v", list)
	}
	theirs, err := f.Tokens(ctx, store.Scope{Org: other.ID})
	must(t, err)
	equal(t, "tokens of another tenant", len(theirs), 0)
	fails(t, "revoking from another tenant", f.RevokeToken(ctx, store.Scope{Org: other.ID}, list[1].ID), model.ErrNotFound)
	_, err = f.Token(ctx, lost)
	must(t, err)
	must(t, f.RevokeToken(ctx, f.scope(), list[1].ID))
	_, err = f.Token(ctx, lost)
	fails(t, "a revoked token", err, model.ErrUnauthorized)
	_, err = f.Token(ctx, kept)
	must(t, err)
	fails(t, "revoking twice", f.RevokeToken(ctx, f.scope(), list[1].ID), model.ErrNotFound)
}

func linksMakeTheFirstUser(t *testing.T, f *fixture) {
	ctx := context.Background()
	has, err := f.HasUsers(ctx, f.org.ID)
	must(t, err)
	equal(t, "users at first", has, false)
	l := store.Link{Org: f.org.ID, Expires: Clock.Add(time.Hour)}
	replaced, err := f.CreateLink(ctx, l)
	must(t, err)
	secret, err := f.CreateLink(ctx, l)
	must(t, err)
	got, err := f.Link(ctx, secret)
	must(t, err)
	equal(t, "link", got, l)
	for what, worthless := range map[string]string{"a link that was replaced": replaced, "no link": "", "a guess": secret[:len(secret)-1]} {
		_, err = f.Link(ctx, worthless)
		fails(t, what, err, model.ErrUnauthorized)
		_, err = f.UseLink(ctx, worthless, "eve@example.com", "hash")
		fails(t, what, err, model.ErrUnauthorized)
	}
	u, err := f.UseLink(ctx, secret, "ann@example.com", "hash")
	must(t, err)
	_, err = f.UseLink(ctx, secret, "ann@example.com", "hash")
	fails(t, "a used link", err, model.ErrUnauthorized)
	has, err = f.HasUsers(ctx, f.org.ID)
	must(t, err)
	equal(t, "users afterwards", has, true)
	found, err := f.User(ctx, "ann@example.com")
	must(t, err)
	equal(t, "user", found, u)
	equal(t, "password", found.Password, "hash")
	_, err = f.User(ctx, "eve@example.com")
	fails(t, "an unknown user", err, model.ErrNotFound)
	late, err := f.CreateLink(ctx, l)
	must(t, err)
	_, err = f.UseLink(ctx, late, "bob@example.com", "hash")
	fails(t, "a second first user", err, model.ErrConflict)
	expired, err := f.CreateLink(ctx, store.Link{Org: f.org.ID, Expires: Clock})
	must(t, err)
	_, err = f.Link(ctx, expired)
	fails(t, "an expired link", err, model.ErrUnauthorized)
}

func linksSetPasswords(t *testing.T, f *fixture) {
	ctx := context.Background()
	u := f.first(t, f.org.ID, "ann@example.com")
	open := f.session(t, u, Clock.Add(time.Hour))
	secret, err := f.CreateLink(ctx, store.Link{Org: f.org.ID, User: u.ID, Expires: Clock.Add(time.Hour)})
	must(t, err)
	l, err := f.Link(ctx, secret)
	must(t, err)
	equal(t, "whose link", l.Email, "ann@example.com")
	again, err := f.UseLink(ctx, secret, "", "new")
	must(t, err)
	equal(t, "user", again.ID, u.ID)
	equal(t, "password", again.Password, "new")
	_, err = f.Session(ctx, open)
	fails(t, "a session of before", err, model.ErrUnauthorized)
	stale, err := f.CreateLink(ctx, store.Link{Org: f.org.ID, User: u.ID, Expires: Clock.Add(time.Hour)})
	must(t, err)
	must(t, f.SetPassword(ctx, u.ID, "newest", 0))
	_, err = f.UseLink(ctx, stale, "", "old")
	fails(t, "a link of before the password", err, model.ErrUnauthorized)
	fails(t, "nobody's password", f.SetPassword(ctx, u.ID+99, "x", 0), model.ErrNotFound)
}

func sessionsEnd(t *testing.T, f *fixture) {
	ctx := context.Background()
	u := f.first(t, f.org.ID, "ann@example.com")
	expires := Clock.Add(time.Hour)
	one, two, over := f.session(t, u, expires), f.session(t, u, expires), f.session(t, u, Clock)
	s, err := f.Session(ctx, one)
	must(t, err)
	want := store.Session{ID: s.ID, User: u.ID, Email: "ann@example.com", Org: f.org.ID, Role: store.Owner, Created: Clock, Expires: expires}
	equal(t, "session", s, want)
	for what, secret := range map[string]string{"an expired session": over, "a guess": one + "0", "nothing": ""} {
		_, err := f.Session(ctx, secret)
		fails(t, what, err, model.ErrUnauthorized)
	}
	must(t, f.ExtendSession(ctx, s.ID, expires.Add(time.Hour)))
	s, err = f.Session(ctx, one)
	must(t, err)
	equal(t, "end after extending", s.Expires, expires.Add(time.Hour))
	must(t, f.SetPassword(ctx, u.ID, "new", s.ID))
	_, err = f.Session(ctx, one)
	must(t, err)
	_, err = f.Session(ctx, two)
	fails(t, "another session after a change of password", err, model.ErrUnauthorized)
	must(t, f.EndSession(ctx, s.ID))
	must(t, f.ExtendSession(ctx, s.ID, expires))
	must(t, f.EndSession(ctx, s.ID))
	_, err = f.Session(ctx, one)
	fails(t, "an ended session", err, model.ErrUnauthorized)
}

func peopleAreWalledIn(t *testing.T, f *fixture) {
	ctx := context.Background()
	other, _ := f.tenant(t, "globex")
	ann, bob := f.first(t, f.org.ID, "ann@example.com"), f.first(t, other.ID, "bob@example.com")
	for _, c := range []struct {
		user store.User
		org  model.OrgID
	}{{ann, f.org.ID}, {bob, other.ID}} {
		orgs, err := f.Memberships(ctx, c.user.ID)
		must(t, err)
		if len(orgs) != 1 || orgs[0] != c.org {
			t.Errorf("%s belongs to %v, want %d", c.user.Email, orgs, c.org)
		}
	}
	_, err := f.CreateSession(ctx, bob.ID, f.org.ID, Clock.Add(time.Hour))
	fails(t, "a session in a foreign organization", err, model.ErrNotFound)
	third, _ := f.tenant(t, "initech")
	secret, err := f.CreateLink(ctx, store.Link{Org: third.ID, Expires: Clock.Add(time.Hour)})
	must(t, err)
	_, err = f.UseLink(ctx, secret, "ann@example.com", "stolen")
	fails(t, "an address that is taken", err, model.ErrConflict)
	u, err := f.User(ctx, "ann@example.com")
	must(t, err)
	equal(t, "password of the address that was taken", u.Password, ann.Password)
}
