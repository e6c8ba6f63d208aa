package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
)

// account says who the caller is, and how one signs in here.
type account struct {
	Mode         string     `json:"mode" enum:"dev,setup,password" doc:"dev: nobody is asked; setup: nobody can sign in before the one-time link was used; password: e-mail address and password"`
	SignedIn     bool       `json:"signedIn" doc:"Whether the caller is let in: by a session, a token, or development mode"`
	User         *person    `json:"user,omitempty" doc:"Left out unless a person signed in"`
	Organization *tenant    `json:"organization,omitempty" doc:"What the caller works in; left out for strangers"`
	Scopes       []string   `json:"scopes" doc:"What the caller may do"`
	ExpiresAt    *time.Time `json:"expiresAt" doc:"When the session ends unless it is used again; null without one"`
}

// person is who signed in.
type person struct {
	Email string `json:"email"`
	Role  string `json:"role" example:"owner"`
}

// tenant is the organization of a caller.
type tenant struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// whoAmI describes a caller; the zero caller is a stranger.
func (a *rest) whoAmI(ctx context.Context, c access.Caller) (*account, error) {
	out := &account{Mode: "dev", SignedIn: c.Org != 0, Scopes: each(c.Scopes, same), ExpiresAt: when(c.Session.Expires)}
	if !a.guard.Open() {
		needs, err := a.signin.NeedsSetUp(ctx)
		if err != nil {
			return nil, err
		}
		out.Mode = map[bool]string{true: "setup", false: "password"}[needs]
	}
	if !out.SignedIn {
		return out, nil
	}
	all, err := a.store.Organizations(ctx)
	if err != nil {
		return nil, fmt.Errorf("list organizations: %w", err)
	}
	for _, o := range all {
		if o.ID == c.Org {
			out.Organization = &tenant{fmt.Sprint(int64(o.ID)), o.Slug, o.Name}
		}
	}
	if c.Session.ID != 0 {
		out.User = &person{c.Session.Email, c.Session.Role}
	}
	return out, nil
}

func (a *rest) session(ctx context.Context, c access.Caller, _ *struct{}) (*account, *http.Cookie, error) {
	out, err := a.whoAmI(ctx, c)
	return out, nil, err
}

// enter answers whoever was given a session, in place of the one that the browser had.
func (a *rest) enter(ctx context.Context, before access.Caller, secret string, expires time.Time) (*account, *http.Cookie, error) {
	s, err := a.signin.Session(ctx, secret)
	if err != nil {
		return nil, nil, fmt.Errorf("look up the new session: %w", err)
	}
	if before.Session.ID != 0 {
		if err := a.signin.SignOut(ctx, before.Session.ID); err != nil {
			return nil, nil, err
		}
	}
	out, err := a.whoAmI(ctx, access.Person(s))
	return out, access.SessionCookie(access.Origin(ctx), secret, expires), err
}

type credentials struct {
	Body struct {
		_        struct{} `additionalProperties:"false"`
		Email    string   `json:"email" maxLength:"1000"`
		Password string   `json:"password" maxLength:"1000"`
	}
}

var errNobodyIsAsked = fmt.Errorf("%w: development mode asks nobody to sign in", model.ErrConflict)

func (a *rest) signIn(ctx context.Context, c access.Caller, in *credentials) (*account, *http.Cookie, error) {
	if a.guard.Open() {
		return nil, nil, errNobodyIsAsked
	}
	t, err := a.signin.SignIn(ctx, in.Body.Email, in.Body.Password, access.Client(ctx))
	if err != nil {
		return nil, nil, err
	}
	return a.enter(ctx, c, t.Secret, t.Expires)
}

func (a *rest) signOut(ctx context.Context, c access.Caller, _ *struct{}) (*account, *http.Cookie, error) {
	if c.Session.ID != 0 {
		if err := a.signin.SignOut(ctx, c.Session.ID); err != nil {
			return nil, nil, err
		}
		c = access.Caller{}
	}
	out, err := a.whoAmI(ctx, c)
	return out, access.SessionCookie(access.Origin(ctx), "", time.Time{}), err
}

type firstPassword struct {
	Body struct {
		_        struct{} `additionalProperties:"false"`
		Token    string   `json:"token" maxLength:"200" doc:"What stands behind the # of the one-time link"`
		Email    string   `json:"email,omitempty" maxLength:"1000" doc:"Of the administrator; not needed for a link to a new password"`
		Password string   `json:"password" maxLength:"1000" doc:"At least 10 characters"`
	}
}

func (a *rest) setUp(ctx context.Context, c access.Caller, in *firstPassword) (*account, *http.Cookie, error) {
	if a.guard.Open() {
		return nil, nil, errNobodyIsAsked
	}
	t, err := a.signin.SetUp(ctx, in.Body.Token, in.Body.Email, in.Body.Password)
	if err != nil {
		return nil, nil, err
	}
	return a.enter(ctx, c, t.Secret, t.Expires)
}

type newPassword struct {
	Body struct {
		_       struct{} `additionalProperties:"false"`
		Present string   `json:"present" maxLength:"1000" doc:"The password until now"`
		Next    string   `json:"next" maxLength:"1000" doc:"At least 10 characters"`
	}
}

func (a *rest) changePassword(ctx context.Context, c access.Caller, in *newPassword) (*account, *http.Cookie, error) {
	if c.Org == 0 {
		return nil, nil, fmt.Errorf("%w: sign in first", model.ErrUnauthorized)
	}
	if c.Session.ID == 0 {
		return nil, nil, fmt.Errorf("%w: only who signed in has a password", model.ErrForbidden)
	}
	if err := a.signin.ChangePassword(ctx, c.Session, in.Body.Present, in.Body.Next, access.Client(ctx)); err != nil {
		return nil, nil, err
	}
	out, err := a.whoAmI(ctx, c)
	return out, nil, err
}

// addOpen is add for what strangers may ask; the handler gets the zero caller then. Its
// cookie, when there is one, goes with the answer, which no cache keeps.
func addOpen[I, O any](a *rest, to huma.API, op operation, handle func(context.Context, access.Caller, *I) (O, *http.Cookie, error)) {
	type answer struct {
		SetCookie string `header:"Set-Cookie"`
		Cache     string `header:"Cache-Control"`
		Body      O
	}
	h := a.describe(to, op, op.path, op.id)
	h.Security, h.Middlewares = []map[string][]string{{}}, nil
	huma.Register(to, h, func(ctx context.Context, in *I) (*answer, error) {
		c, err := access.From(ctx)
		if err != nil {
			c = access.Caller{} // a stranger
		}
		out, cookie, err := handle(ctx, c, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		w := &answer{Cache: "no-store", Body: out}
		if cookie != nil {
			w.SetCookie = cookie.String()
		}
		return w, nil
	})
}

// openPaths are those that addOpen puts operations on.
func openPaths() []string {
	return []string{"/api/v1/session", "/api/v1/session/password", "/api/v1/setup"}
}

// accountRoutes are about callers themselves.
func (a *rest) accountRoutes(api huma.API) {
	addOpen(a, api, operation{
		id: "session", path: "/api/v1/session", tag: "account", summary: "Who am I",
		about: "Who the caller is, and how one signs in. Answers strangers, too.",
	}, a.session)
	addOpen(a, api, operation{
		id: "signIn", method: http.MethodPost, path: "/api/v1/session", tag: "account", summary: "Sign in",
		about: "Gives the browser a session, in a cookie that scripts cannot read. What is wrong, address or password, is not told. " +
			"Too many attempts are a 429 with Retry-After.",
	}, a.signIn)
	addOpen(a, api, operation{
		id: "signOut", method: http.MethodDelete, path: "/api/v1/session", tag: "account", summary: "Sign out",
		about: "Ends the session. Without one nothing happens.",
	}, a.signOut)
	addOpen(a, api, operation{
		id: "setUp", method: http.MethodPost, path: "/api/v1/setup", tag: "account", summary: "Use a one-time link",
		about: "Sets the administrator's e-mail address and password, or a new password for one that was forgotten, and signs in. " +
			"The link is printed at the first start, and by picket user link.",
	}, a.setUp)
	addOpen(a, api, operation{
		id: "changePassword", method: http.MethodPut, path: "/api/v1/session/password", tag: "account", summary: "Change the password",
		about: "Of whoever signed in. All other sessions of theirs end.",
	}, a.changePassword)
	add(a, api, operation{
		id: "tokens", path: "/api/v1/tokens",
		scope: access.OrgRead, tag: "account", summary: "API tokens",
		about: "Those of the organization, the oldest first, without their secrets.",
	}, a.tokens)
	add(a, api, operation{
		id: "createToken", method: http.MethodPost, path: "/api/v1/tokens",
		scope: access.OrgWrite, tag: "account", summary: "Make an API token",
		about: "The answer is the only one that ever holds the secret. Nobody gives away scopes that they do not have.",
	}, a.createToken)
	add(a, api, operation{
		id: "revokeToken", method: http.MethodDelete, path: "/api/v1/tokens/{id}",
		scope: access.OrgWrite, tag: "account", summary: "Revoke an API token",
		about: "It is worth nothing from now on. Answers with the token as it was.",
	}, a.revokeToken)
}
