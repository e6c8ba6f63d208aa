// Package access says who calls an API, what they may do there, and what a
// refusal looks like. It is the one thing that our REST and Sentry's share: the
// caller found here is where every query takes its organization from.
package access

import (
	"context"
	"fmt"
	"slices"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Scope is a permission of a token, under Sentry's name.
type Scope = string

// The scopes. A write scope includes the read scope of the same noun.
const (
	OrgRead         Scope = "org:read"
	OrgWrite        Scope = "org:write"
	OrgCI           Scope = "org:ci"
	ProjectRead     Scope = "project:read"
	ProjectWrite    Scope = "project:write"
	ProjectReleases Scope = "project:releases"
	EventRead       Scope = "event:read"
	EventWrite      Scope = "event:write"
	TeamRead        Scope = "team:read"
	TeamWrite       Scope = "team:write"
)

// Scopes returns every scope there is, in the order in which help lists them.
func Scopes() []Scope {
	return []Scope{OrgRead, OrgWrite, OrgCI, ProjectRead, ProjectWrite, ProjectReleases, EventRead, EventWrite, TeamRead, TeamWrite}
}

// CheckScopes returns ErrInvalid, naming the first scope that does not exist and
// those that do, or nil.
func CheckScopes(scopes []Scope) error {
	for _, s := range scopes {
		if !slices.Contains(Scopes(), s) {
			return fmt.Errorf("%w: scope %q; there are %v", model.ErrInvalid, s, Scopes())
		}
	}
	return nil
}

// includedIn names, for a scope, the other one that has it inside.
var includedIn = map[Scope]Scope{
	OrgRead:     OrgWrite,
	ProjectRead: ProjectWrite,
	EventRead:   EventWrite,
	TeamRead:    TeamWrite,
}

// Caller is whoever sent a request.
type Caller struct {
	// Org is the tenant: the only source of the organization in every query.
	Org    model.OrgID
	Scopes []Scope
	// Token is the id of the token that was shown; zero for people and in development mode.
	Token int64
	// Name is what the token was named when it was made, or the e-mail address of a person.
	Name string
	// Session is that of the person who signed in; zero for tokens and in development mode.
	Session store.Session
}

// Everything returns a caller who may do all there is in the organization.
func Everything(org model.OrgID) Caller { return Caller{Org: org, Scopes: Scopes()} }

// ScopesOf returns what a role may do in its organization: nothing, when the role is
// unknown. There is one role yet.
func ScopesOf(role string) []Scope {
	if role == store.Owner {
		return Scopes()
	}
	return nil
}

// Person returns the caller whose session that is.
func Person(s store.Session) Caller {
	return Caller{Org: s.Org, Scopes: ScopesOf(s.Role), Name: s.Email, Session: s}
}

// In returns the wall around the caller's organization, narrowed to the projects
// when there are any.
func (c Caller) In(projects ...model.ProjectID) store.Scope {
	return store.Scope{Org: c.Org, Projects: projects}
}

// Allow returns nil when the caller has the scope, and ErrForbidden, naming it,
// when not.
func (c Caller) Allow(scope Scope) error {
	for _, have := range c.Scopes {
		if have == scope || have == includedIn[scope] {
			return nil
		}
	}
	return fmt.Errorf("%w: %s lacks the scope %s", model.ErrForbidden, c.noun(), scope)
}

// noun is what the caller showed.
func (c Caller) noun() string {
	if c.Session.ID != 0 {
		return "the role"
	}
	return "the token"
}

type callerKey struct{}

// With returns a context that carries the caller.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// From returns the caller that Guard put into the context. Without one it
// returns ErrUnauthorized, so that a handler mounted outside the guard answers nobody.
func From(ctx context.Context) (Caller, error) {
	c, ok := ctx.Value(callerKey{}).(Caller)
	if !ok {
		return Caller{}, fmt.Errorf("%w: no token was shown", model.ErrUnauthorized)
	}
	return c, nil
}
