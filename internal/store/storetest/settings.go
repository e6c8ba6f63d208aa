package storetest

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// set stores the version of settings after the one given.
func (f *fixture) set(t *testing.T, project model.ProjectID, after int64, value string) store.SettingsRecord {
	t.Helper()
	r, err := f.SaveSettings(context.Background(), f.scope(),
		store.SettingsRecord{Project: project, Version: after, By: "ann@example.com", Value: []byte(value)})
	must(t, err)
	equal(t, "version", r.Version, after+1)
	return r
}

func settingsHaveVersions(t *testing.T, f *fixture) {
	ctx := context.Background()
	all, err := f.AllSettings(ctx)
	must(t, err)
	equal(t, "settings at first", len(all), 0)
	f.set(t, 0, 0, "one")
	f.set(t, f.project.ID, 0, "project's")
	got := f.set(t, 0, 1, "two\x00")
	if got.Org != f.org.ID || !got.Time.Equal(Clock) || got.By != "ann@example.com" {
		t.Errorf("saved %+v", got)
	}
	for _, late := range []int64{0, 1, 3} {
		_, err = f.SaveSettings(ctx, f.scope(), store.SettingsRecord{Version: late, Value: []byte("late")})
		fails(t, fmt.Sprintf("saving after version %d", late), err, model.ErrConflict)
	}
	all, err = f.AllSettings(ctx)
	must(t, err)
	equal(t, "scopes with settings", len(all), 2)
	if o, p := all[0], all[1]; o.Project != 0 || o.Version != 2 || !bytes.Equal(o.Value, []byte("two\x00")) ||
		p.Project != f.project.ID || p.Version != 1 || string(p.Value) != "project's" || p.Org != f.org.ID {
		t.Errorf("newest versions %+v", all)
	}
}

func settingsHistoryPages(t *testing.T, f *fixture) {
	ctx := context.Background()
	for v := range int64(5) {
		f.set(t, 0, v, fmt.Sprint("value ", v+1))
	}
	f.set(t, f.project.ID, 0, "project's")
	var seen []int64
	page := store.SettingsPage{Next: ""}
	for more := true; more; more = page.Next != "" {
		var err error
		page, err = f.SettingsHistory(ctx, f.scope(), 0, store.Page{Cursor: page.Next, Limit: 2})
		must(t, err)
		for _, r := range page.Versions {
			seen = append(seen, r.Version)
			equal(t, "value", string(r.Value), fmt.Sprint("value ", r.Version))
		}
	}
	equal(t, "versions in order", fmt.Sprint(seen), "[5 4 3 2 1]")
	page, err := f.SettingsHistory(ctx, f.scope(), f.project.ID, store.Page{})
	must(t, err)
	equal(t, "versions of the project", len(page.Versions), 1)
	_, err = f.SettingsHistory(ctx, f.scope(), 0, store.Page{Cursor: "!"})
	fails(t, "a made-up cursor", err, model.ErrInvalid)
}

func settingsAreWalledIn(t *testing.T, f *fixture) {
	ctx := context.Background()
	other, theirs := f.tenant(t, "globex")
	f.set(t, 0, 0, "ours")
	_, err := f.SaveSettings(ctx, f.scope(), store.SettingsRecord{Org: other.ID, Project: theirs.ID, Value: []byte("x")})
	fails(t, "saving for another tenant's project", err, model.ErrNotFound)
	_, err = f.SettingsHistory(ctx, f.scope(), theirs.ID, store.Page{})
	fails(t, "reading another tenant's project", err, model.ErrNotFound)
	page, err := f.SettingsHistory(ctx, store.Scope{Org: other.ID}, 0, store.Page{})
	must(t, err)
	equal(t, "versions of another tenant", len(page.Versions), 0)
	r, err := f.SaveSettings(ctx, store.Scope{Org: other.ID}, store.SettingsRecord{Org: f.org.ID, Value: []byte("theirs")})
	must(t, err)
	equal(t, "organization of what was saved", r.Org, other.ID)
	_, err = f.SaveSettings(ctx, store.Scope{Org: 4711}, store.SettingsRecord{Value: []byte("x")})
	fails(t, "saving for an organization that is not there", err, model.ErrNotFound)
}

func settingsOfManyAtOnce(t *testing.T, f *fixture) {
	const writers = 8
	errs := make([]error, writers)
	var wait sync.WaitGroup
	for i := range writers {
		wait.Go(func() {
			_, errs[i] = f.SaveSettings(context.Background(), f.scope(), store.SettingsRecord{By: fmt.Sprint(i), Value: []byte("x")})
		})
	}
	wait.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		fails(t, "saving what others saved", err, model.ErrConflict)
	}
	equal(t, "those who saved the first version", won, 1)
}
