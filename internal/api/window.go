package api

import (
	"context"
	"fmt"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/query"
	"relay.one/picket/internal/store"
)

// Filter is what every question about a stretch of time can be narrowed by.
type Filter struct {
	Window      string   `query:"window" default:"24h" example:"7d" doc:"How far back to look, from 1h to 90d: a number and one of m, h, d, w"`
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
	shortestWindow = time.Hour
	longestWindow  = 90 * 24 * time.Hour
)

// parseWindow reads a length such as 90m, 24h, 7d or 2w, between an hour and 90 days.
func parseWindow(s string) (time.Duration, error) {
	length, err := query.Period(s)
	if err != nil || length < shortestWindow || length > longestWindow {
		return 0, invalid("window", "%.40q is no length from 1h to 90d, such as 24h or 7d", s)
	}
	return length, nil
}

// ask returns the rollup query of the window that ends now, without its kind.
func (a *rest) ask(ctx context.Context, c access.Caller, f Filter) (store.RollupQuery, error) {
	length, err := parseWindow(f.Window)
	if err != nil {
		return store.RollupQuery{}, err
	}
	in, err := a.scope(ctx, c, f.Project)
	if err != nil {
		return store.RollupQuery{}, err
	}
	now := a.now().UTC()
	return store.RollupQuery{
		In:          in,
		Environment: f.Environment,
		Release:     f.Release,
		From:        now.Add(-length).Truncate(time.Minute),
		To:          now.Truncate(time.Minute).Add(time.Minute),
	}, nil
}

// since returns when a window begins, or the zero time when none was given.
func (a *rest) since(length string) (time.Time, error) {
	if length == "" {
		return time.Time{}, nil
	}
	d, err := parseWindow(length)
	return a.now().Add(-d), err
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
