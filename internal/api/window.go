package api

import (
	"context"
	"fmt"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/query"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// Stretch is the time that a question is about: back from now, or from a moment to another.
type Stretch struct {
	Window string    `query:"window" example:"7d" doc:"How far back to look, from 1h to 90d: a number and one of m, h, d, w. With neither this nor from and to, numbers are of 24h, and lists of everything"`
	From   time.Time `query:"from" example:"2026-01-31T10:00:00Z" doc:"With to, instead of window: what happened then or later. Numbers are of at least a minute and at most 90 days, and of whole minutes"`
	To     time.Time `query:"to" example:"2026-01-31T12:00:00Z" doc:"With from, instead of window: what happened before then. Lists may leave one of the two open"`
}

// Filter is what every question about a stretch of time can be narrowed by.
type Filter struct {
	Stretch
	Environment string   `query:"environment" doc:"Only this environment"`
	Release     string   `query:"release" doc:"Only this release"`
	Project     []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
}

// window is the stretch of time that an answer really covers.
type window struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

const (
	usualWindow     = "24h"
	shortestWindow  = time.Hour
	longestWindow   = 90 * 24 * time.Hour
	shortestStretch = time.Minute
)

// parseWindow reads a length such as 90m, 24h, 7d or 2w, between an hour and 90 days.
func parseWindow(s string) (time.Duration, error) {
	length, err := query.Period(s)
	if err != nil || length < shortestWindow || length > longestWindow {
		return 0, invalid("window", "%.40q is no length from 1h to 90d, such as 24h or 7d", s)
	}
	return length, nil
}

// ask returns the rollup query of a stretch of time, without its kind. Users are left
// out: few ask for them.
func (a *rest) ask(ctx context.Context, c access.Caller, f Filter) (store.RollupQuery, error) {
	from, to, err := a.stretch(f.Stretch)
	if err != nil {
		return store.RollupQuery{}, err
	}
	in, err := a.scope(ctx, c, f.Project)
	if err != nil {
		return store.RollupQuery{}, err
	}
	return store.RollupQuery{In: in, Environment: f.Environment, Release: f.Release, From: from, To: to, Omit: rollup.OmitUsers}, nil
}

// stretch returns the whole minutes that a question about numbers is about. A window
// ends with the minute that has begun.
func (a *rest) stretch(s Stretch) (from, to time.Time, err error) {
	if s.Window == "" && s.From.IsZero() && s.To.IsZero() {
		s.Window = usualWindow
	}
	if from, to, err = a.between(s); err != nil {
		return from, to, err
	}
	if s.Window != "" {
		return from.UTC().Truncate(time.Minute), a.now().UTC().Truncate(time.Minute).Add(time.Minute), nil
	}
	switch length := to.Sub(from); {
	case from.IsZero():
		return from, to, invalid("from", "it is missing: give it together with to, or a window alone")
	case to.IsZero():
		return from, to, invalid("to", "it is missing: give it together with from, or a window alone")
	case length < shortestStretch || length > longestWindow:
		return from, to, invalid("to", "%s is %s after from; give a minute to 90 days", to.Format(time.RFC3339Nano), length)
	}
	cut := to.UTC().Truncate(time.Minute)
	if cut.Before(to) {
		cut = cut.Add(time.Minute)
	}
	return from.UTC().Truncate(time.Minute), cut, nil
}

// between returns the bounds of a list; zero times are open.
func (a *rest) between(s Stretch) (from, to time.Time, err error) {
	if s.Window != "" {
		if !s.From.IsZero() || !s.To.IsZero() {
			return from, to, invalid("window", "it says the same as from and to: give one of them")
		}
		length, err := parseWindow(s.Window)
		return a.now().Add(-length), to, err
	}
	if !s.From.IsZero() && !s.To.IsZero() && !s.From.Before(s.To) {
		return from, to, invalid("from", "it must be before to, and %s is not before %s", s.From.Format(time.RFC3339Nano), s.To.Format(time.RFC3339Nano))
	}
	return s.From, s.To, nil
}

// covered returns what the engine's answer to q really spans: windows that begin
// before the rows by the minute do are cut to whole hours or days.
func (a *rest) covered(q store.RollupQuery) window {
	pieces := store.Cover(q.Kind, q.From, q.To, q.Step, a.now())
	if len(pieces) == 0 {
		return window{q.From, q.To}
	}
	return window{pieces[0].From, pieces[len(pieces)-1].To}
}

// scope returns the wall around the caller, narrowed to the named projects.
func (a *rest) scope(ctx context.Context, c access.Caller, names []string) (store.Scope, error) {
	if len(names) == 0 {
		return c.In(), nil
	}
	all, err := a.store.Projects(ctx, c.In())
	if err != nil {
		return store.Scope{}, fmt.Errorf("list projects: %w", err)
	}
	var ids []model.ProjectID
	for _, name := range names {
		p, err := pick(all, name)
		if err != nil {
			return store.Scope{}, err
		}
		ids = append(ids, p.ID)
	}
	return c.In(ids...), nil
}

// pick returns the project of that slug or numeric id.
func pick(all []store.Project, name string) (store.Project, error) {
	for _, p := range all {
		if p.Slug == name || p.ID.String() == name {
			return p, nil
		}
	}
	return store.Project{}, fmt.Errorf("%w: project %.80q", model.ErrNotFound, name)
}
