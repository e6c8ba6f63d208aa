package api

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

type projectList struct {
	Projects []project `json:"projects"`
}

// project is a stream of events.
type project struct {
	ID           string     `json:"id"`
	Slug         string     `json:"slug"`
	Name         string     `json:"name"`
	Platform     *string    `json:"platform"`
	CreatedAt    time.Time  `json:"createdAt"`
	FirstEventAt *time.Time `json:"firstEventAt" doc:"Null until something came"`
}

func projectOf(p store.Project) project {
	return project{projectID(p.ID), p.Slug, p.Name, text(p.Platform), p.Created.UTC(), when(p.FirstEvent)}
}

func (a *rest) projects(ctx context.Context, c access.Caller, _ *struct{}) (*projectList, error) {
	all, err := a.store.Projects(ctx, c.In())
	if err != nil {
		return nil, fmt.Errorf("list projects: %w", err)
	}
	return &projectList{each(all, projectOf)}, nil
}

type newProject struct {
	Body struct {
		_        struct{} `additionalProperties:"false"`
		Slug     string   `json:"slug" minLength:"1" maxLength:"50" pattern:"^[a-z0-9][a-z0-9_-]*$" patternDescription:"lower-case letters, digits, - and _" doc:"How the project is named in addresses and short ids"`
		Name     string   `json:"name,omitempty" maxLength:"200" doc:"How people name it; the slug when left out"`
		Platform string   `json:"platform,omitempty" maxLength:"64" example:"go"`
	}
}

func (a *rest) createProject(ctx context.Context, c access.Caller, in *newProject) (*project, error) {
	b := &in.Body
	if b.Name == "" {
		b.Name = b.Slug
	}
	p, err := a.store.CreateProject(ctx, c.In(), b.Slug, b.Name, b.Platform)
	if errors.Is(err, model.ErrConflict) {
		return nil, fmt.Errorf("%w: the slug %q is taken", model.ErrConflict, b.Slug)
	}
	if err != nil {
		return nil, fmt.Errorf("create project %q: %w", b.Slug, err)
	}
	out := projectOf(p)
	return &out, nil
}

type keysQuery struct {
	ID string `path:"id" doc:"The project's slug or numeric id"`
}

type keyList struct {
	Keys []key `json:"keys"`
}

// key is the public half of a DSN, and the DSN.
type key struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Public    string    `json:"public"`
	DSN       string    `json:"dsn" doc:"What to give to a Sentry SDK"`
	Enabled   bool      `json:"enabled"`
	PerMinute int       `json:"perMinute" doc:"The most items a minute that it takes; 0 means no limit"`
	CreatedAt time.Time `json:"createdAt"`
}

func (a *rest) keys(ctx context.Context, c access.Caller, in *keysQuery) (*keyList, error) {
	all, err := a.store.Projects(ctx, c.In())
	if err != nil {
		return nil, fmt.Errorf("list projects: %w", err)
	}
	p, err := pick(all, in.ID)
	if err != nil {
		return nil, err
	}
	found, err := a.store.Keys(ctx, c.In(), p.ID)
	if err != nil {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	return &keyList{each(found, func(k store.Key) key {
		return key{
			strconv.FormatInt(k.ID, 10), k.Name, k.Public, access.DSN(ctx, k.Public, p.ID),
			k.Enabled, k.PerMinute, k.Created.UTC(),
		}
	})}, nil
}
