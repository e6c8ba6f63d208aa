package picket

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"relay.one/picket/wire"
)

func TestAgentOfRequest(t *testing.T) {
	t.Parallel()
	f := func(o MiddlewareOptions, want any) {
		t.Helper()
		s := newSite(t, Options{}, o, "GET /agents/{agent}", func(_ http.ResponseWriter, r *http.Request) {
			CaptureMessage(WithTag(r.Context(), "k", "v"), LevelInfo, "here")
		})
		s.ask("GET", "/agents/of-path", "X-Agent", "of-header")
		same(t, s.one(wire.ItemTransaction), want, "tags", wire.TagAgentID)
		same(t, s.one(wire.ItemEvent), want, "tags", wire.TagAgentID)
		same(t, s.one(wire.ItemEvent), want, "contexts", "agent", "id")
	}
	by := func(a Agent) func(*http.Request) Agent { return func(*http.Request) Agent { return a } }
	f(MiddlewareOptions{}, nil)
	f(MiddlewareOptions{AgentPathValue: "agent"}, "of-path")
	f(MiddlewareOptions{AgentPathValue: "other"}, nil)
	f(MiddlewareOptions{AgentHeader: "X-Agent"}, "of-header")
	f(MiddlewareOptions{AgentHeader: "X-Other", AgentPathValue: "agent"}, "of-path")
	f(MiddlewareOptions{AgentHeader: "X-Agent", AgentPathValue: "agent"}, "of-header")
	f(MiddlewareOptions{Agent: by(Agent{ID: "of-function"}), AgentHeader: "X-Agent", AgentPathValue: "agent"}, "of-function")
	f(MiddlewareOptions{Agent: by(Agent{Name: "Named"})}, "Named")
	f(MiddlewareOptions{Agent: by(Agent{}), AgentHeader: "X-Agent"}, "of-header")
}

// TestFunctionsPanic has functions that panic, each of which costs its own answer.
func TestFunctionsPanic(t *testing.T) {
	t.Parallel()
	var log logText
	s := newSite(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, MiddlewareOptions{
		User:         func(*http.Request) User { panic("user") },
		Organization: func(*http.Request) Organization { return Organization{ID: "o"} },
		Agent:        func(r *http.Request) Agent { return Agent{ID: r.TLS.ServerName} },
		Route:        func(*http.Request) string { panic("route") },
		Ignore:       func(*http.Request) bool { panic("ignore") },
	}, "GET /known", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	if w := s.ask("GET", "/known"); w.Code != http.StatusNoContent {
		t.Errorf("answered %d", w.Code)
	}
	tx := s.one(wire.ItemTransaction)
	same(t, tx, "GET /known", "transaction")
	same(t, tx, nil, "user")
	same(t, tx, nil, "contexts", "agent")
	same(t, tx, "o", "tags", wire.TagOrganizationID)
	for _, name := range []string{"User", "Agent", "Route", "Ignore"} {
		if !strings.Contains(log.String(), "option=MiddlewareOptions."+name) {
			t.Errorf("nothing in the log about %s:\n%s", name, log.String())
		}
	}
}

func TestSetInHandler(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{}, MiddlewareOptions{
		User: func(*http.Request) User { return User{ID: "guest"} },
	}, "/", func(_ http.ResponseWriter, r *http.Request) {
		ctx, span := StartSpan(WithTag(r.Context(), "deep", "yes"), "function", "login")
		ctx, cancel := context.WithCancel(WithExtra(ctx, slog.Int("n", 1)))
		defer cancel()
		SetUser(ctx, User{ID: "ann"})
		SetOrganization(ctx, Organization{ID: "acme"})
		SetAgent(ctx, Agent{ID: "billing"})
		SetTag(ctx, "plan", "pro")
		span.End()
		panic("x")
	})
	s.ask("GET", "/")
	for _, typ := range []string{wire.ItemTransaction, wire.ItemEvent} {
		ev := s.one(typ)
		same(t, ev, "ann", "user", "id")
		same(t, ev, object{wire.TagAgentID: "billing", wire.TagOrganizationID: "acme", "plan": "pro"}, "tags")
	}
}

func TestIgnore(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{}, MiddlewareOptions{
		Ignore: func(r *http.Request) bool { return r.URL.Path == "/health" },
	}, "/", func(w http.ResponseWriter, r *http.Request) {
		if _, watched := w.(interface{ Unwrap() http.ResponseWriter }); watched {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		panic("unwatched")
	})
	if _, panicked, _ := outcome(s.h, httptest.NewRequest("GET", "/health", nil)); panicked != "unwatched" {
		t.Errorf("panicked with %v", panicked)
	}
	s.none(wire.ItemTransaction)
	s.none(wire.ItemEvent)
	s.ask("GET", "/other")
	same(t, s.one(wire.ItemTransaction), "GET /", "transaction")
}

// TestOuterScope has middleware around ours that knows something.
func TestOuterScope(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{}, MiddlewareOptions{Organization: func(*http.Request) Organization { return Organization{ID: "o"} }},
		"/", func(_ http.ResponseWriter, r *http.Request) {
			AddBreadcrumb(r.Context(), Breadcrumb{Message: "inside"})
			CaptureMessage(r.Context(), LevelInfo, "here")
		})
	outer := WithUser(NewContext(context.Background(), s.c), User{ID: "ann"})
	AddBreadcrumb(outer, Breadcrumb{Message: "outside"})
	s.h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(outer))
	same(t, s.one(wire.ItemTransaction), "ann", "user", "id")
	same(t, s.one(wire.ItemTransaction), "o", "tags", wire.TagOrganizationID)
	ev := s.one(wire.ItemEvent)
	same(t, ev, "ann", "user", "id")
	list := at(ev, "breadcrumbs", "values").([]any)
	same(t, list[0], "outside", "message")
	same(t, list[2], "inside", "message")
	for _, b := range nodeOf(outer).crumbs() {
		if b.Message == "inside" {
			t.Error("what was left in the request shows outside of it")
		}
	}
}

func TestMiddlewareTwice(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{}, MiddlewareOptions{Agent: func(*http.Request) Agent { return Agent{ID: "inner"} }},
		"/", func(http.ResponseWriter, *http.Request) { panic("x") })
	s.h = s.c.Middleware(MiddlewareOptions{User: func(*http.Request) User { return User{ID: "outer"} }})(s.h)
	if w := s.ask("GET", "/"); w.Code != http.StatusInternalServerError {
		t.Errorf("answered %d", w.Code)
	}
	for _, typ := range []string{wire.ItemTransaction, wire.ItemEvent} {
		same(t, s.one(typ), "outer", "user", "id")
		same(t, s.one(typ), "inner", "tags", wire.TagAgentID)
	}
}

// TestTwoClients has a service in a service, which reports elsewhere.
func TestTwoClients(t *testing.T) {
	t.Parallel()
	inner := newSite(t, Options{}, MiddlewareOptions{}, "/", func(_ http.ResponseWriter, r *http.Request) {
		CaptureMessage(r.Context(), LevelInfo, "inner")
	})
	_, c, m := testClient(t, Options{})
	outer := &site{t, c, m, c.Middleware(MiddlewareOptions{User: func(*http.Request) User { return User{ID: "outer"} }})(inner.h)}
	outer.ask("GET", "/")
	outer.none(wire.ItemEvent)
	same(t, outer.one(wire.ItemTransaction), "outer", "user", "id")
	same(t, inner.one(wire.ItemTransaction), nil, "user")
	same(t, inner.one(wire.ItemEvent), "inner", "message")
}

// TestClientOfContext has the middleware that belongs to no client.
func TestClientOfContext(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	s := &site{t, c, m, Middleware(MiddlewareOptions{})(http.NotFoundHandler())}
	s.h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil).WithContext(ctx))
	same(t, s.one(wire.ItemTransaction), "not_found", "contexts", "trace", "status")
	var none *Client
	if _, panicked, _ := outcome(none.Middleware(MiddlewareOptions{})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("x") })),
		httptest.NewRequest("GET", "/", nil)); panicked != "x" {
		t.Errorf("a nil client stopped the panic: %v", panicked)
	}
}
