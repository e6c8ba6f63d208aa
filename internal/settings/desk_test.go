package settings_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/seal"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// office is a desk on a store of its own, of an organization with a project.
type office struct {
	*settings.Desk
	t   *testing.T
	db  *sqlite.DB
	key store.Key // of the project
}

func newOffice(t *testing.T) *office {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "picket.db"), sqlite.Options{Now: func() time.Time { return noon }})
	o := &office{t: t, db: db}
	o.must(err)
	t.Cleanup(func() { o.must(db.Close()) })
	o.key, err = db.Bootstrap(t.Context())
	o.must(err)
	o.Desk = o.second(seal.New(seal.Key{1}))
	return o
}

// second returns a desk of another process.
func (o *office) second(box *seal.Box) *settings.Desk {
	return settings.NewDesk(o.db, o.db, box, settings.NewBook(settings.Defaults()))
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// forward has a scope forward to a DSN.
func (o *office) forward(d *settings.Desk, project model.ProjectID, dsn string) (settings.Mark, error) {
	return d.Change(o.t.Context(), settings.Edit{Org: o.key.Org, Project: project, By: "ann", Make: func(own settings.Settings) (settings.Settings, error) {
		u := settings.DefaultUpstream()
		u.DSN = dsn
		own.Upstream = &u
		return own, nil
	}})
}

func TestChange(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	changed := o.Book().Changed()
	mark, err := o.forward(o.Desk, 0, good)
	o.must(err)
	if (mark != settings.Mark{Version: 1, Time: noon, By: "ann"}) {
		t.Errorf("first version %+v", mark)
	}
	select {
	case <-changed:
	default:
		t.Error("nobody was told of the change")
	}
	if got := o.Book().Of(o.key.Org, o.key.Project).Upstream.DSN; got != good {
		t.Errorf("DSN in force %q", got)
	}
	if again, err := o.forward(o.Desk, 0, good); err != nil || again != mark {
		t.Errorf("a change of nothing made %+v, %v", again, err)
	}
	all, err := o.db.AllSettings(t.Context())
	o.must(err)
	if len(all) != 1 || strings.Contains(string(all[0].Value), "sentry.example.com") {
		t.Errorf("the store has %d versions, the DSN in plain: %q", len(all), all[0].Value)
	}
	later := o.second(seal.New(seal.Key{2}, seal.Key{1}))
	o.must(later.Load(t.Context()))
	if got := later.Book().Of(o.key.Org, o.key.Project).Upstream.DSN; got != good {
		t.Errorf("DSN after a restart with a new key %q", got)
	}
}

func TestChangeRefuses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	own := "http://" + o.key.Public + "@127.0.0.1:3001/1"
	f := func(project model.ProjectID, kind error, says string, s settings.Settings) {
		t.Helper()
		_, err := o.Change(t.Context(), settings.Edit{Org: o.key.Org, Project: project, Make: func(settings.Settings) (settings.Settings, error) { return s, nil }})
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), says) {
			t.Errorf("Change = %v, want %v with %q", err, kind, says)
		}
	}
	f(0, model.ErrInvalid, "dsn: is a DSN of this Picket", settings.Settings{Upstream: &settings.Upstream{DSN: own}})
	f(0, model.ErrInvalid, "customers[0].dsn: is a DSN of this Picket",
		settings.Settings{Upstream: &settings.Upstream{Customers: []settings.Customer{{Organization: "acme", DSN: own}}}})
	f(0, model.ErrInvalid, "maxBreadcrumbs: ", settings.Settings{Upstream: &settings.Upstream{MaxBreadcrumbs: -1}})
	f(0, model.ErrInvalid, "inherit: ", settings.Settings{Inherit: []string{"colour"}})
	f(o.key.Project, model.ErrInvalid, "sentry: ", settings.Settings{Sentry: &settings.Sentry{}})
	f(4711, model.ErrNotFound, "project 4711", settings.Settings{Sampling: &settings.Sampling{}})
	all, err := o.db.AllSettings(t.Context())
	o.must(err)
	if len(all) != 0 {
		t.Errorf("%d versions of what was refused", len(all))
	}
}

// TestTwoProcesses has two desks change the same settings, neither knowing of the other.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	other := o.second(seal.New(seal.Key{1}))
	_, err := o.forward(o.Desk, 0, good)
	o.must(err)
	environment := func(d *settings.Desk, version *int64) error {
		_, err := d.Change(t.Context(), settings.Edit{Org: o.key.Org, By: "bob", For: version, Make: func(own settings.Settings) (settings.Settings, error) {
			if own.Upstream == nil {
				u := settings.DefaultUpstream()
				own.Upstream = &u
			}
			own.Upstream.Environment = "staging"
			return own, nil
		}})
		return err
	}
	zero, one := int64(0), int64(1)
	if err := environment(other, &zero); !errors.Is(err, model.ErrConflict) {
		t.Errorf("a change for a version that is past: %v", err)
	}
	if err := environment(o.Desk, &zero); !errors.Is(err, model.ErrConflict) {
		t.Errorf("a change for a version that the book knows is past: %v", err)
	}
	o.must(environment(other, nil)) // makes it anew on what the first one stored
	if got := other.Book().Of(o.key.Org, 0).Upstream; got.DSN != good || got.Environment != "staging" {
		t.Errorf("after both: %+v", got)
	}
	if err := environment(o.Desk, &one); !errors.Is(err, model.ErrConflict) {
		t.Errorf("a change for a version that is past in the store: %v", err)
	}
	o.must(o.Load(t.Context()))
	if got := o.Book().Of(o.key.Org, 0).Upstream.Environment; got != "staging" {
		t.Errorf("the first desk has not taken in what the other stored: %q", got)
	}
}

func TestManyChangesAtOnce(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const people = 4 // attempts are enough for each to lose to all others
	var wait sync.WaitGroup
	for i := range people {
		wait.Go(func() {
			_, err := o.Change(context.Background(), settings.Edit{Org: o.key.Org, Make: func(own settings.Settings) (settings.Settings, error) {
				if own.Filters == nil {
					own.Filters = &settings.Filters{}
				}
				own.Filters.Types = append(own.Filters.Types, fmt.Sprint("Error", i))
				return own, nil
			}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if got := o.Book().Of(o.key.Org, 0).Filters.Types; len(got) != people {
		t.Errorf("of %d changes these hold: %v", people, got)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for _, dsn := range []string{good, "", "https://fedcba9876543210@sentry.example.com/8"} {
		_, err := o.forward(o.Desk, 0, dsn)
		o.must(err)
	}
	in := store.Scope{Org: o.key.Org}
	page, next, err := o.History(t.Context(), in, 0, store.Page{Limit: 2})
	o.must(err)
	if len(page) != 2 || page[0].Version != 3 || page[0].By != "ann" || next == "" {
		t.Fatalf("first page %+v, %q", page, next)
	}
	if c := page[1].Changes; len(c) != 1 || c[0].Field != "upstream.dsn" || c[0].Before != "https://****cdef@sentry.example.com/7" || c[0].After != nil {
		t.Errorf("second version changed %+v", c)
	}
	rest, next, err := o.History(t.Context(), in, 0, store.Page{Limit: 2, Cursor: next})
	o.must(err)
	if len(rest) != 1 || rest[0].Version != 1 || next != "" || len(rest[0].Changes) != 4 {
		t.Errorf("second page %+v, %q", rest, next)
	}
	lost, _, err := o.second(seal.New(seal.Key{9})).History(t.Context(), in, 0, store.Page{})
	o.must(err)
	if !lost[0].Unreadable || lost[0].Changes != nil {
		t.Errorf("without the key: %+v", lost[0])
	}
}

func TestLostKey(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	_, err := o.forward(o.Desk, 0, good)
	o.must(err)
	d := o.second(seal.New(seal.Key{9}))
	if err := d.Load(t.Context()); !errors.Is(err, seal.ErrOtherKey) {
		t.Fatalf("Load without the key: %v", err)
	}
	n, err := d.Forget(t.Context(), "picket")
	o.must(err)
	o.must(d.Load(t.Context()))
	if got := d.Book().Of(o.key.Org, 0).Upstream.DSN; n != 1 || got != "" {
		t.Errorf("forgot %d scopes, the DSN is %q", n, got)
	}
	mark, err := o.forward(d, 0, good)
	o.must(err)
	if mark.Version != 3 {
		t.Errorf("version after forgetting %d", mark.Version)
	}
}

func TestInherit(t *testing.T) {
	t.Parallel()
	base := settings.Defaults()
	base.Upstream.DSN, base.Upstream.Environment = good, "production"
	own := settings.Settings{Upstream: &settings.Upstream{Release: "app@2"}, Inherit: []string{"dsn", "maxBreadcrumbs", "sampleRate"}}
	e := own.Over(base)
	if u := e.Upstream; u.DSN != good || u.Environment != "" || u.Release != "app@2" || u.MaxBreadcrumbs != 100 || e.Sampling.Errors != 1 {
		t.Errorf("Over = %+v", e)
	}
	f := func(field string, want bool) {
		t.Helper()
		if got := own.Sets(field); got != want {
			t.Errorf("Sets(%q) = %v", field, got)
		}
	}
	f("dsn", false)
	f("release", true)
	f("environment", true)
	f("sampleRate", false)
	f("tracesSampleRate", false)
	f("colour", false)
}

func TestMask(t *testing.T) {
	t.Parallel()
	f := func(dsn, want string) {
		t.Helper()
		got := settings.MaskDSN(dsn)
		if got != want {
			t.Errorf("MaskDSN(%q) = %q, want %q", dsn, got, want)
		}
		if s := (settings.Settings{Upstream: &settings.Upstream{DSN: got}}); got != "" && s.Check() == nil {
			t.Errorf("the mask %q would be stored", got)
		}
		if back, err := settings.Unmask("dsn", got, "", "https://other@h/1", dsn); back != dsn && want != "****" || err != nil && want != "****" {
			t.Errorf("Unmask(%q) = %q, %v", got, back, err)
		}
	}
	f("", "")
	f(good, "https://****cdef@sentry.example.com/7")
	f("http://abc:secret@h:9000/prefix/12", "http://****@h:9000/prefix/12")
	f("nonsense", "****")
	if _, err := settings.Unmask("dsn", "https://****ffff@sentry.example.com/7", good); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("the mask of something else: %v", err)
	}
}
