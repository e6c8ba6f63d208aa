package signin

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
)

// cheap is a cost for tests.
var cheap = cost{memory: 64, times: 1, threads: 1}

const (
	ann  = "ann@example.com"
	pass = "correct horse battery"
	here = "198.51.100.7"
)

// world is a desk with a clock that is set by hand.
type world struct {
	*Desk
	t   *testing.T
	db  *sqlite.DB
	mu  sync.Mutex
	at  time.Time
	org model.OrgID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, at: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "picket.db"), sqlite.Options{Now: w.now})
	w.must(err)
	t.Cleanup(func() { w.must(db.Close()) })
	key, err := db.Bootstrap(t.Context())
	w.must(err)
	w.db, w.org, w.Desk = db, key.Org, newDesk(db, w.now, cheap)
	return w
}

func (w *world) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) fails(what string, err, kind error) {
	w.t.Helper()
	if !errors.Is(err, kind) {
		w.t.Errorf("%s: error %v, want %v", what, err, kind)
	}
}

// setUp makes ann the first user and returns her session's secret.
func (w *world) setUp() string {
	w.t.Helper()
	link, err := Link(w.t.Context(), w.db, w.org, "", w.now())
	w.must(err)
	ticket, err := w.SetUp(w.t.Context(), link, "Ann@Example.com", pass)
	w.must(err)
	return ticket.Secret
}

func TestSetUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	needs, err := w.NeedsSetUp(ctx)
	w.must(err)
	link, err := Link(ctx, w.db, w.org, "", w.now())
	w.must(err)
	f := func(link, email, password string, want error) {
		t.Helper()
		_, err := w.SetUp(ctx, link, email, password)
		w.fails("set up "+email+" "+password, err, want)
	}
	f("pkl_guess", ann, pass, model.ErrUnauthorized)
	f(link, "ann", pass, model.ErrInvalid)
	f(link, "Ann <ann@example.com>", pass, model.ErrInvalid)
	f(link, ann, "short", model.ErrInvalid)
	f(link, ann, strings.Repeat("x", Longest+1), model.ErrInvalid)
	f(link, ann, "ANN@example.com", model.ErrInvalid)
	f(link, ann, "not\xffvalid text", model.ErrInvalid)
	ticket, err := w.SetUp(ctx, link, " Ann@Example.com ", pass)
	w.must(err)
	s, err := w.Session(ctx, ticket.Secret)
	w.must(err)
	if s.Email != ann || s.Org != w.org || s.Role != store.Owner {
		t.Errorf("session %+v", s)
	}
	f(link, ann, pass, model.ErrUnauthorized)
	_, err = Link(ctx, w.db, w.org, "", w.now())
	w.fails("a link for a second first user", err, model.ErrConflict)
	if after, err := w.NeedsSetUp(ctx); !needs || after || err != nil {
		t.Errorf("needs set-up: %v before, %v after, %v", needs, after, err)
	}
}

func TestLinksExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	link, err := Link(t.Context(), w.db, w.org, "", w.now())
	w.must(err)
	w.pass(LinkLife)
	_, err = w.SetUp(t.Context(), link, ann, pass)
	w.fails("an old link", err, model.ErrUnauthorized)
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	before := w.setUp()
	_, err := Link(ctx, w.db, w.org, "nobody@example.com", w.now())
	w.fails("a link for nobody", err, model.ErrNotFound)
	link, err := Link(ctx, w.db, w.org, "ANN@example.com", w.now())
	w.must(err)
	_, err = w.SetUp(ctx, link, "eve@example.com", "another password")
	w.must(err)
	_, err = w.Session(ctx, before)
	w.fails("a session of before", err, model.ErrUnauthorized)
	_, err = w.SignIn(ctx, ann, pass, here)
	w.fails("the old password", err, model.ErrUnauthorized)
	_, err = w.SignIn(ctx, ann, "another password", here)
	w.must(err)
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	f := func(email, password string, want error) {
		t.Helper()
		_, err := w.SignIn(t.Context(), email, password, "")
		w.fails(email+" "+password, err, want)
		if want != nil && err.Error() != errWrong.Error() {
			t.Errorf("%s %s: %q tells more than others", email, password, err)
		}
	}
	f(ann, pass, nil)
	f(" ANN@example.com", pass, nil)
	f(ann, pass+" ", model.ErrUnauthorized)
	f(ann, "", model.ErrUnauthorized)
	f("nobody@example.com", pass, model.ErrUnauthorized)
	f("nobody", pass, model.ErrUnauthorized)
	f("", "", model.ErrUnauthorized)
	f(ann, strings.Repeat("x", 1<<20), model.ErrUnauthorized)
}

// A session lives as long as it is used, but no longer than Longevity.
func TestSessionsLive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	ctx := t.Context()
	used, err := w.SignIn(ctx, ann, pass, here)
	w.must(err)
	idle, err := w.SignIn(ctx, ann, pass, here)
	w.must(err)
	for range 5 {
		w.pass(Idle - time.Hour)
		_, err = w.Session(ctx, used.Secret)
		if w.now().Before(used.Expires) {
			w.must(err)
		}
	}
	w.fails("a session that is used, after its longest", err, model.ErrUnauthorized)
	_, err = w.Session(ctx, idle.Secret)
	w.fails("a session that is not", err, model.ErrUnauthorized)
	if want := w.now().Add(-5 * (Idle - time.Hour)).Add(Longevity); !used.Expires.Equal(want) {
		t.Errorf("the ticket ends %s, want %s", used.Expires, want)
	}
}

func TestSignOutAndChangePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	one, other := w.setUp(), ""
	ticket, err := w.SignIn(ctx, ann, pass, here)
	w.must(err)
	other = ticket.Secret
	s, err := w.Session(ctx, one)
	w.must(err)
	w.fails("a wrong password", w.ChangePassword(ctx, s, "wrong", "a new password", here), model.ErrForbidden)
	w.fails("a long password", w.ChangePassword(ctx, s, strings.Repeat("x", 600), "a new password", here), model.ErrForbidden)
	w.fails("a short new one", w.ChangePassword(ctx, s, pass, "short", here), model.ErrInvalid)
	_, err = w.Session(ctx, other)
	w.must(err)
	w.must(w.ChangePassword(ctx, s, pass, "a new password", here))
	_, err = w.Session(ctx, other)
	w.fails("another session", err, model.ErrUnauthorized)
	_, err = w.Session(ctx, one)
	w.must(err)
	_, err = w.SignIn(ctx, ann, pass, here)
	w.fails("the old password", err, model.ErrUnauthorized)
	w.must(w.SignOut(ctx, s.ID))
	_, err = w.Session(ctx, one)
	w.fails("an ended session", err, model.ErrUnauthorized)
}

// Whoever guesses is slowed down, and the owner elsewhere is not.
func TestGuessing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	ctx := t.Context()
	for range triesOfPair {
		_, err := w.SignIn(ctx, ann, "guess", here)
		w.fails("a guess", err, model.ErrUnauthorized)
	}
	_, err := w.SignIn(ctx, ann, pass, here)
	var many *TooMany
	if !errors.As(err, &many) || !errors.Is(err, model.ErrBusy) || many.Seconds() != 180 {
		t.Fatalf("after %d guesses: %v", triesOfPair, err)
	}
	_, err = w.SignIn(ctx, ann, pass, "203.0.113.9")
	w.must(err)
	w.pass(many.After)
	_, err = w.SignIn(ctx, ann, pass, here)
	w.must(err)
	// Unknown addresses are counted alike: the answer must not tell them apart.
	for range triesOfPair {
		_, err = w.SignIn(ctx, "nobody@example.com", "guess", here)
		w.fails("a guess", err, model.ErrUnauthorized)
	}
	_, err = w.SignIn(ctx, "nobody@example.com", "guess", here)
	w.fails("one guess more", err, model.ErrBusy)
}

func TestManyAccountsOfOneAddress(t *testing.T) {
	t.Parallel()
	var th throttle
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	passed := 0
	for i := range 100 {
		if _, err := th.try(string(rune('a'+i))+"@example.com", here, at); err == nil {
			passed++
		}
	}
	if passed != triesOfAddress {
		t.Errorf("%d attempts passed, want %d", passed, triesOfAddress)
	}
	if a, err := th.try(ann, "203.0.113.9", at); err != nil {
		t.Errorf("another address: %v", err)
	} else {
		a.forgive()
	}
	if _, err := th.try(ann, here, at.Add(forgotten)); err != nil {
		t.Errorf("after a while: %v", err)
	}
}

func TestThrottleIsBounded(t *testing.T) {
	t.Parallel()
	var th throttle
	at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for range triesOfPair {
		if _, err := th.try(ann, here, at); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 3 * maxBuckets {
		_, err := th.try("x", time.Duration(i).String(), at)
		if err != nil && !errors.Is(err, model.ErrBusy) {
			t.Fatal(err)
		}
	}
	if n := len(th.buckets); n > maxBuckets+3 {
		t.Errorf("%d buckets", n)
	}
	if _, err := th.try(ann, here, at); err == nil {
		t.Error("many addresses make us forget who guessed")
	}
}

func TestBusyHashing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	for range waiting {
		w.queue <- struct{}{}
	}
	_, err := w.SignIn(t.Context(), ann, pass, here)
	w.fails("too many at once", err, model.ErrBusy)
	for range waiting {
		<-w.queue
	}
	for range hashing {
		w.hashing <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = w.hash(ctx, func() { t.Error("hashed out of turn") })
	w.fails("a turn that never comes", err, context.Canceled)
	for range hashing {
		<-w.hashing
	}
	_, err = w.SignIn(t.Context(), ann, pass, here)
	w.must(err)
}
