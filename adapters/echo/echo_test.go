package picketecho_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"

	"relay.one/picket"
	picketecho "relay.one/picket/adapters/echo"
	"relay.one/picket/adapters/internal/adaptertest"
)

func TestSuite(t *testing.T) { adaptertest.Run(t, start) }

func start(t *testing.T, s adaptertest.Service) string {
	e := echo.New()
	e.Logger = slog.New(slog.DiscardHandler)
	if s.Repanic {
		e.Use(middleware.Recover())
	}
	if s.Outer {
		e.Use(picketecho.Middleware(picketecho.Options{Client: s.Client}))
	}
	report := picketecho.Middleware(picketecho.Options{
		Client:       s.Client,
		User:         func(c *echo.Context) picket.User { return picket.User{ID: header(c, adaptertest.HeaderUser)} },
		Organization: organization,
		AgentParam:   adaptertest.AgentParam,
		AgentHeader:  adaptertest.HeaderAgent,
		Ignore:       func(c *echo.Context) bool { return header(c, adaptertest.HeaderIgnore) != "" },
		BodyBytes:    s.BodyBytes,
		Repanic:      s.Repanic,
	})
	group, prefix := e.Group(""), 0
	if s.InGroup {
		const path = "/agents/:agentId"
		group, prefix = e.Group(path, report), len(path)
	} else {
		e.Use(report)
	}
	for _, r := range s.Routes() {
		group.GET(r.Path[prefix:], handler(r))
		group.POST(r.Path[prefix:], handler(r))
	}
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	return server.URL
}

func header(c *echo.Context, name string) string { return c.Request().Header.Get(name) }

func organization(c *echo.Context) picket.Organization {
	return picket.Organization{ID: header(c, adaptertest.HeaderOrganization)}
}

func handler(r adaptertest.Route) echo.HandlerFunc {
	return func(c *echo.Context) error {
		// Only what the handler reads of a body is seen.
		if _, err := io.ReadAll(c.Request().Body); err != nil {
			return err
		}
		text, err := r.Do(c.Request().Context(), c.Param(adaptertest.AgentParam))
		var refused adaptertest.Refused
		switch {
		case errors.As(err, &refused):
			return echo.NewHTTPError(int(refused), err.Error())
		case err != nil:
			return err
		}
		return c.String(http.StatusOK, text)
	}
}

// Who answers errors decides which of them are faults.
func TestErrorHandler(t *testing.T) {
	t.Parallel()
	missing := errors.New("no such agent")
	f := func(handler echo.HandlerFunc, status int, named bool, body string) {
		t.Helper()
		e := echo.New()
		e.Logger = slog.New(slog.DiscardHandler)
		calls := 0
		e.HTTPErrorHandler = func(c *echo.Context, err error) {
			if r, _ := echo.UnwrapResponse(c.Response()); r != nil && r.Committed {
				return
			}
			calls++
			if errors.Is(err, missing) {
				_ = c.String(http.StatusNotFound, "missing")
				return
			}
			_ = c.String(http.StatusBadGateway, "fault")
		}
		e.Use(picketecho.Middleware(picketecho.Options{Client: adaptertest.Local(t, 1)}))
		e.GET("/", handler)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if id := w.Header().Get(picket.HeaderEventID); w.Code != status || (id != "") != named || w.Body.String() != body {
			t.Errorf("answered %d, event %q, %q; want %d, an event: %v, %q", w.Code, id, w.Body, status, named, body)
		}
		if calls > 1 {
			t.Errorf("the error is answered %d times", calls)
		}
	}
	f(func(*echo.Context) error { return missing }, http.StatusNotFound, false, "missing")
	f(func(*echo.Context) error { return errors.New("upstream") }, http.StatusBadGateway, true, "fault")
	f(func(*echo.Context) error { return echo.ErrForbidden }, http.StatusBadGateway, true, "fault")
	f(func(c *echo.Context) error { _ = c.String(http.StatusOK, "done"); return missing }, http.StatusOK, false, "done")
	f(func(c *echo.Context) error { return c.NoContent(http.StatusTeapot) }, http.StatusTeapot, false, "")
	f(func(c *echo.Context) error { c.Response().(http.Flusher).Flush(); return nil }, http.StatusOK, false, "")
}

// What an outer middleware replaced is in its place again.
func TestPutsBack(t *testing.T) {
	t.Parallel()
	e := echo.New()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			below := c.Response()
			err := next(c)
			r, _ := echo.UnwrapResponse(c.Response())
			if c.Response() != below || r.Status != http.StatusInternalServerError || !r.Committed {
				t.Errorf("the response is %v with status %d, committed = %v", c.Response(), r.Status, r.Committed)
			}
			return err
		}
	})
	e.Use(picketecho.Middleware(picketecho.Options{Client: adaptertest.Local(t, 1)}))
	e.GET("/", func(*echo.Context) error { panic("no") })
	w := httptest.NewRecorder()
	e.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("answered %d", w.Code)
	}
}

func BenchmarkMiddleware(b *testing.B) {
	f := func(name string, outer ...echo.MiddlewareFunc) {
		e := echo.New()
		e.Use(outer...)
		e.GET("/agents/:agentId/runs", func(c *echo.Context) error { return c.NoContent(http.StatusNoContent) })
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				e.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/agents/a1/runs", nil))
			}
		})
	}
	with := func(traces float64) echo.MiddlewareFunc {
		return picketecho.Middleware(picketecho.Options{Client: adaptertest.Local(b, traces), AgentParam: "agentId"})
	}
	f("without")
	f("unsampled", with(-1))
	f("sampled", with(1))
}
