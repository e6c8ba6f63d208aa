package sentryapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// call is one request on its way through a handler.
type call struct {
	*http.Request
	caller access.Caller
	org    store.Organization
	// project is the one in the path; its ID is zero when there is none.
	project store.Project
	// head is the answer's header.
	head http.Header
}

// ctx returns the request's context.
func (c *call) ctx() context.Context { return c.Context() }

// in returns the wall around the caller: the project in the path, or the whole
// organization.
func (c *call) in() store.Scope {
	if c.project.ID != 0 {
		return c.caller.In(c.project.ID)
	}
	return c.caller.In()
}

// download is an answer that is no JSON.
type download func(w http.ResponseWriter)

// handler checks the caller, finds what the path names, and writes what the route answers.
func (a *rest) handler(r route) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		c := &call{Request: req, head: w.Header()}
		answer, err := a.answer(r, c)
		if err != nil {
			a.refuse(w, req, err)
			return
		}
		if send, ok := answer.(download); ok {
			send(w)
			return
		}
		a.write(w, req, http.StatusOK, answer)
	}
}

func (a *rest) answer(r route, c *call) (any, error) {
	var err error
	if c.caller, err = access.From(c.ctx()); err != nil {
		return nil, err
	}
	if r.scope != anyone {
		if err := c.caller.Allow(r.scope); err != nil {
			return nil, err
		}
	}
	if c.org, err = a.ownOrganization(c); err != nil {
		return nil, err
	}
	if name := c.PathValue("org"); name != "" && name != c.org.Slug && name != orgID(c.org.ID) {
		return nil, fmt.Errorf("%w: organization %.80q", model.ErrNotFound, name)
	}
	if name := c.PathValue("project"); name != "" {
		if c.project, err = a.findProject(c, name); err != nil {
			return nil, err
		}
	}
	return r.handle(c)
}

// ownOrganization returns the organization of the caller, the only one there is for them.
func (a *rest) ownOrganization(c *call) (store.Organization, error) {
	all, err := a.store.Organizations(c.ctx())
	if err != nil {
		return store.Organization{}, fmt.Errorf("list organizations: %w", err)
	}
	for _, o := range all {
		if o.ID == c.caller.Org {
			return o, nil
		}
	}
	return store.Organization{}, fmt.Errorf("%w: the token's organization is gone", model.ErrUnauthorized)
}

// findProject returns the caller's project of that slug or id.
func (a *rest) findProject(c *call, name string) (store.Project, error) {
	all, err := a.store.Projects(c.ctx(), c.caller.In())
	if err != nil {
		return store.Project{}, fmt.Errorf("list projects: %w", err)
	}
	for _, p := range all {
		if p.Slug == name || p.ID.String() == name {
			return p, nil
		}
	}
	return store.Project{}, fmt.Errorf("%w: project %.80q", model.ErrNotFound, name)
}

// detail is the shape of every error of this API.
type detail struct {
	Detail string `json:"detail"`
}

// notFound is the one text that Sentry has for it; clients look for it.
const notFound = "The requested resource does not exist"

// refuse answers with an error.
func (a *rest) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, text := access.Status(err)
	switch {
	case status == http.StatusNotFound:
		text = notFound
	case status == http.StatusUnauthorized:
		w.Header().Set("WWW-Authenticate", `Bearer realm="api"`)
	case status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "1")
	case status >= http.StatusInternalServerError && r.Context().Err() == nil:
		a.log.ErrorContext(r.Context(), "sentryapi: request went wrong", "path", r.URL.Path, "error", err)
	}
	a.write(w, r, status, detail{text})
}

// write sends JSON; the type is exactly application/json, or sentry-cli refuses it.
func (a *rest) write(w http.ResponseWriter, r *http.Request, status int, answer any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(answer); err != nil {
		a.log.ErrorContext(r.Context(), "sentryapi: answer cannot be written", "path", r.URL.Path, "error", err)
		http.Error(w, `{"detail":"Internal Error"}`, http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(b.Bytes())
}

// lost answers what no route takes: 405 when another method would do, else 404.
func (a *rest) lost(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		allowed := strings.Join(access.Methods(mux, r, "/"), ", ")
		if allowed == "" {
			a.write(w, r, http.StatusNotFound, detail{notFound})
			return
		}
		w.Header().Set("Allow", allowed)
		a.write(w, r, http.StatusMethodNotAllowed, detail{fmt.Sprintf("Method %q not allowed.", r.Method)})
	}
}

// invalid says that a parameter or field is wrong, by its name.
func invalid(name, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", model.ErrInvalid, name, fmt.Sprintf(format, args...))
}
