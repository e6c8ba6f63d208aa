package access

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// tokens stands in for the table of an engine; Gate itself is tested in storetest.
type tokens map[string]store.Token

func (t tokens) Token(_ context.Context, secret string) (store.Token, error) {
	if found, ok := t[secret]; ok {
		return found, nil
	}
	return store.Token{}, model.ErrUnauthorized
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	g := Guard{Tokens: tokens{"s3cret": {ID: 7, Org: 2, Scopes: []string{EventRead}}}}
	f := func(header string, want error) {
		t.Helper()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", header)
		c, err := g.Identify(r)
		if !errors.Is(err, want) {
			t.Errorf("%q: error %v, want %v", header, err, want)
		}
		if want == nil && (c.Org != 2 || c.Token != 7) {
			t.Errorf("%q: caller %+v", header, c)
		}
	}
	f("Bearer s3cret", nil)
	f("bearer  s3cret ", nil)
	f("Bearer other", model.ErrUnauthorized)
	f("Basic s3cret", model.ErrUnauthorized)
	f("Bearer", model.ErrUnauthorized)
	f("", model.ErrUnauthorized)
	f("Bearer "+fmt.Sprintf("%2000d", 1), model.ErrUnauthorized)
}

func TestDevelopmentModeKeepsStrangersPagesOut(t *testing.T) {
	t.Parallel()
	everyone := Everything(1)
	g := Guard{Everyone: &everyone}
	f := func(method, host, origin string, want error) {
		t.Helper()
		r := httptest.NewRequest(method, "/", nil)
		r.Host = host
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		if _, err := g.Identify(r); !errors.Is(err, want) {
			t.Errorf("%s %s from %q: error %v, want %v", method, host, origin, err, want)
		}
	}
	f("GET", "127.0.0.1:3001", "", nil)
	f("PUT", "localhost:3001", "http://localhost:3001", nil)
	f("GET", "[::1]:3001", "", nil)
	f("GET", "::1", "", nil)
	f("GET", "picket.localhost", "", nil)
	f("POST", "127.0.0.1:3001", "https://evil.example", model.ErrForbidden)
	f("GET", "rebound.example:3001", "", model.ErrForbidden)
	f("GET", "", "", model.ErrForbidden)
}

func TestAllow(t *testing.T) {
	t.Parallel()
	f := func(scope Scope, want error, have ...Scope) {
		t.Helper()
		if err := (Caller{Scopes: have}).Allow(scope); !errors.Is(err, want) {
			t.Errorf("%v allows %s: %v, want %v", have, scope, err, want)
		}
	}
	f(EventRead, nil, EventRead)
	f(EventRead, nil, OrgRead, EventWrite)
	f(EventWrite, model.ErrForbidden, EventRead)
	f(EventRead, model.ErrForbidden)
	f("", model.ErrForbidden, EventRead)
	for _, s := range Scopes() {
		f(s, nil, Everything(1).Scopes...)
	}
}

func TestFromWithoutGuard(t *testing.T) {
	t.Parallel()
	if _, err := From(t.Context()); !errors.Is(err, model.ErrUnauthorized) {
		t.Errorf("error %v, want ErrUnauthorized", err)
	}
}

func TestCheckScopes(t *testing.T) {
	t.Parallel()
	if err := CheckScopes(Scopes()); err != nil {
		t.Error(err)
	}
	if err := CheckScopes([]Scope{EventRead, "event:admin"}); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("error %v, want ErrInvalid", err)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	f := func(err error, want int, told bool) {
		t.Helper()
		code, text := Status(fmt.Errorf("read: %w", err))
		if code != want || (text == "read: "+err.Error()) != told {
			t.Errorf("%v: %d %q", err, code, text)
		}
	}
	f(model.ErrNotFound, http.StatusNotFound, true)
	f(model.ErrInvalid, http.StatusBadRequest, true)
	f(model.ErrForbidden, http.StatusForbidden, true)
	f(model.ErrBusy, http.StatusTooManyRequests, false)
	f(model.ErrFull, http.StatusServiceUnavailable, false)
	f(errors.New("/var/lib/picket is gone"), http.StatusInternalServerError, false)
}

func TestWrap(t *testing.T) {
	t.Parallel()
	g := Guard{Tokens: tokens{"s": {Org: 3}}}
	h := g.Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := From(r.Context())
		fmt.Fprint(w, c.Org, err)
	}), func(w http.ResponseWriter, _ *http.Request, err error) {
		code, text := Status(err)
		http.Error(w, text, code)
	})
	f := func(secret string, want int) {
		t.Helper()
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Authorization", "Bearer "+secret)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%q: %d, want %d", secret, w.Code, want)
		}
	}
	f("s", 200)
	f("x", 401)
}

func TestMethods(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	nothing := func(http.ResponseWriter, *http.Request) {}
	mux.HandleFunc("GET /a/{id}", nothing)
	mux.HandleFunc("PUT /a/{id}", nothing)
	mux.HandleFunc("/", nothing)
	f := func(path string, want ...string) {
		t.Helper()
		if got := Methods(mux, httptest.NewRequest("DELETE", path, nil), "/"); !slices.Equal(got, want) {
			t.Errorf("methods of %s = %v, want %v", path, got, want)
		}
	}
	f("/a/1", "GET", "PUT")
	f("/a/x%2Fy", "GET", "PUT")
	f("/b")
}
