package settings

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/seal"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// Keys looks up project keys of this server; store.Gate does.
type Keys interface {
	Key(ctx context.Context, public string) (store.Key, error)
}

// Mark says which version of a scope's settings holds. The zero Mark is that of a scope
// that never set anything.
type Mark struct {
	Version int64
	Time    time.Time
	By      string
}

// Desk is where settings are changed: they go to the store, sealed, and from there into
// the book that everyone reads. It is safe for concurrent use.
type Desk struct {
	store store.Settings
	keys  Keys
	box   *seal.Box
	book  *Book
	mu    sync.Mutex // of marks, and while versions are taken into the book
	marks map[scope]Mark
}

// NewDesk returns a desk that writes into a book. Load fills it.
func NewDesk(s store.Settings, keys Keys, box *seal.Box, book *Book) *Desk {
	return &Desk{store: s, keys: keys, box: box, book: book, marks: map[scope]Mark{}}
}

// Book returns the book that the desk writes into.
func (d *Desk) Book() *Book { return d.book }

// Load takes everything from the store that is newer than what the book has: at the start,
// and what another process stored meanwhile. What cannot be opened is an error, seal's,
// and everything else is taken in all the same.
func (d *Desk) Load(ctx context.Context) error {
	all, err := d.store.AllSettings(ctx)
	if err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	var errs []error
	for _, r := range all {
		errs = append(errs, d.take(r))
	}
	return errors.Join(errs...)
}

// take puts a version into the book, unless that has one as new.
func (d *Desk) take(r store.SettingsRecord) error {
	at := scope{r.Org, r.Project}
	d.mu.Lock()
	defer d.mu.Unlock()
	if r.Version <= d.marks[at].Version {
		return nil
	}
	s, err := d.open(r)
	if err != nil {
		return err
	}
	d.marks[at] = Mark{r.Version, r.Time, r.By}
	d.book.Put(r.Org, r.Project, s)
	return nil
}

// open returns the settings of a version.
func (d *Desk) open(r store.SettingsRecord) (s Settings, err error) {
	value, err := d.box.Open(r.Value, place(r))
	if err == nil {
		err = json.Unmarshal(value, &s)
	}
	if err != nil {
		err = fmt.Errorf("settings of organization %d, project %d, version %d: %w", r.Org, r.Project, r.Version, err)
	}
	return s, err
}

// place is what a sealed version is bound to.
func place(r store.SettingsRecord) []byte {
	return fmt.Appendf(nil, "settings %d %d %d", r.Org, r.Project, r.Version)
}

// every is how often Run looks for what another process stored.
const every = 3 * time.Second

// Run takes in what another process stores beside us, within seconds, until ctx ends. The
// log is told once of what cannot be read.
func (d *Desk) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	told := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := d.Load(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != told {
			log.Error("settings: what was set elsewhere cannot be read; what was set before holds on", "error", err)
			told = err.Error()
		}
	}
}

// Own returns what a scope has set itself, to be changed by the caller, and its version.
func (d *Desk) Own(org model.OrgID, project model.ProjectID) (Settings, Mark) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.book.Own(org, project).clone(), d.marks[scope{org, project}]
}

// Edit is a change of what a scope has set.
type Edit struct {
	Org     model.OrgID
	Project model.ProjectID // zero: the organization's own
	By      string          // who
	// For is the version that the change was thought out for: ErrConflict when another one
	// holds by now. Nil changes whichever holds.
	For *int64
	// Make returns the new settings; it gets those there are, which are its own to change.
	// It may be called again when somebody else was quicker.
	Make func(own Settings) (Settings, error)
}

// attempts is how often a change is made anew that does not say what for.
const attempts = 5

// Change makes a change, checks the whole and stores it; it holds when Change returns. A
// change of nothing makes no version. Errors that are the caller's are FieldErrors.
func (d *Desk) Change(ctx context.Context, e Edit) (Mark, error) {
	for n := 1; ; n++ {
		own, mark := d.Own(e.Org, e.Project)
		if e.For != nil && *e.For != mark.Version {
			return mark, fmt.Errorf("%w: the settings are of version %d by now, and the change is for version %d: read them again",
				model.ErrConflict, mark.Version, *e.For)
		}
		next, err := e.Make(own)
		if err != nil {
			return mark, err
		}
		if err := d.check(ctx, e.Project, next); err != nil {
			return mark, err
		}
		saved, err := d.save(ctx, e, mark, next)
		if !errors.Is(err, model.ErrConflict) || n == attempts {
			return saved, err
		}
		if err := d.Load(ctx); err != nil {
			return mark, err
		}
	}
}

func (d *Desk) save(ctx context.Context, e Edit, mark Mark, next Settings) (Mark, error) {
	value, err := json.Marshal(next)
	if err != nil {
		return mark, fmt.Errorf("write settings: %w", err)
	}
	if before, err := json.Marshal(d.book.Own(e.Org, e.Project)); err == nil && bytes.Equal(before, value) {
		return mark, nil
	}
	r := store.SettingsRecord{Org: e.Org, Project: e.Project, Version: mark.Version, By: e.By}
	sealed := r
	sealed.Version++
	r.Value = d.box.Seal(value, place(sealed))
	saved, err := d.store.SaveSettings(ctx, store.Scope{Org: e.Org}, r)
	if err != nil {
		return mark, fmt.Errorf("store settings: %w", err)
	}
	return Mark{saved.Version, saved.Time, saved.By}, d.take(saved)
}

// check holds settings against everything that can be wrong with them.
func (d *Desk) check(ctx context.Context, project model.ProjectID, s Settings) error {
	errs := []error{s.Check()}
	if project != 0 && s.Sentry != nil {
		errs = append(errs, wrong("sentry", "is the organization's: set it without a project"))
	}
	if s.Upstream != nil {
		errs = append(errs, d.CheckOwn(ctx, "dsn", s.Upstream.DSN))
		for i, c := range s.Upstream.Customers {
			errs = append(errs, d.CheckOwn(ctx, fmt.Sprintf("customers[%d].dsn", i), c.DSN))
		}
	}
	return errors.Join(errs...)
}

// CheckOwn returns a FieldError when a DSN is of this very server: what it forwarded
// would come back for ever.
func (d *Desk) CheckOwn(ctx context.Context, field, dsn string) error {
	parsed, err := wire.ParseDSN(dsn)
	if err != nil {
		return nil // told elsewhere
	}
	switch _, err := d.keys.Key(ctx, parsed.PublicKey); {
	case err == nil:
		return wrong(field, "is a DSN of this Picket: what it forwarded would come back to it; name another server's")
	case !errors.Is(err, model.ErrNotFound):
		return fmt.Errorf("look up key: %w", err)
	}
	return nil
}

// Forget gives up what cannot be opened since its key is lost: those scopes have set
// nothing from then on. It returns how many they were.
func (d *Desk) Forget(ctx context.Context, by string) (n int, err error) {
	all, err := d.store.AllSettings(ctx)
	if err != nil {
		return 0, fmt.Errorf("read settings: %w", err)
	}
	for _, r := range all {
		if _, err := d.open(r); err == nil {
			continue
		}
		next := store.SettingsRecord{Org: r.Org, Project: r.Project, Version: r.Version + 1, By: by}
		next.Value = d.box.Seal([]byte("{}"), place(next))
		next.Version--
		if _, err := d.store.SaveSettings(ctx, store.Scope{Org: r.Org}, next); err != nil {
			return n, fmt.Errorf("store settings: %w", err)
		}
		n++
	}
	return n, nil
}
