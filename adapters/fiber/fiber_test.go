package picketfiber_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"
	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/client"
	recoverer "github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/gofiber/fiber/v3/middleware/timeout"
	"github.com/valyala/fasthttp"

	"relay.one/picket"
	picketfiber "relay.one/picket/adapters/fiber"
	"relay.one/picket/adapters/internal/adaptertest"
)

func TestSuite(t *testing.T) { adaptertest.Run(t, start) }

func start(t *testing.T, s adaptertest.Service) string {
	app := fiber.New()
	if s.Repanic {
		app.Use(recoverer.New())
	}
	if s.Outer {
		app.Use(picketfiber.Middleware(picketfiber.Options{Client: s.Client}))
	}
	report := picketfiber.Middleware(picketfiber.Options{
		Client:       s.Client,
		User:         func(c fiber.Ctx) picket.User { return picket.User{ID: c.Get(adaptertest.HeaderUser)} },
		Organization: organization,
		AgentParam:   adaptertest.AgentParam,
		AgentHeader:  adaptertest.HeaderAgent,
		Ignore:       func(c fiber.Ctx) bool { return c.Get(adaptertest.HeaderIgnore) != "" },
		BodyBytes:    s.BodyBytes,
		Repanic:      s.Repanic,
	})
	routes, prefix := fiber.Router(app), 0
	if s.InGroup {
		const path = "/agents/:agentId"
		routes, prefix = app.Group(path, report), len(path)
	} else {
		app.Use(report)
	}
	for _, r := range s.Routes() {
		routes.Get(r.Path[prefix:], handler(r)).Post(r.Path[prefix:], handler(r))
	}
	return listen(t, app)
}

// listen serves the app on a random port until the test ends.
func listen(t *testing.T, app *fiber.App) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(l, fiber.ListenConfig{DisableStartupMessage: true}) }()
	t.Cleanup(func() {
		if err := errors.Join(app.Shutdown(), <-done); err != nil {
			t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

func organization(c fiber.Ctx) picket.Organization {
	return picket.Organization{ID: c.Get(adaptertest.HeaderOrganization)}
}

func handler(r adaptertest.Route) fiber.Handler {
	return func(c fiber.Ctx) error {
		text, err := r.Do(c.Context(), c.Params(adaptertest.AgentParam))
		var refused adaptertest.Refused
		switch {
		case errors.As(err, &refused):
			return fiber.NewError(int(refused), err.Error())
		case err != nil:
			return err
		}
		return c.SendString(text)
	}
}

// ask sends a request to the app without a connection.
func ask(t *testing.T, app *fiber.App, r *http.Request) (*http.Response, string) {
	t.Helper()
	resp, err := app.Test(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp, string(b)
}

// Who answers errors decides which of them are faults.
func TestErrorHandler(t *testing.T) {
	t.Parallel()
	missing := errors.New("no such agent")
	f := func(handler fiber.Handler, status int, named bool, body string) {
		t.Helper()
		app := fiber.New(fiber.Config{ErrorHandler: func(c fiber.Ctx, err error) error {
			switch {
			case errors.Is(err, missing):
				return c.Status(http.StatusNotFound).SendString("missing")
			case errors.Is(err, io.ErrUnexpectedEOF):
				return err
			}
			return c.Status(http.StatusBadGateway).SendString("fault")
		}})
		app.Use(picketfiber.Middleware(picketfiber.Options{Client: adaptertest.Local(t, 1)}))
		app.Get("/", handler)
		resp, got := ask(t, app, httptest.NewRequest(http.MethodGet, "/", nil))
		if id := resp.Header.Get(picket.HeaderEventID); resp.StatusCode != status || (id != "") != named || got != body {
			t.Errorf("answered %d, event %q, %q; want %d, an event: %v, %q", resp.StatusCode, id, got, status, named, body)
		}
	}
	f(func(fiber.Ctx) error { return missing }, http.StatusNotFound, false, "missing")
	f(func(fiber.Ctx) error { return errors.New("upstream") }, http.StatusBadGateway, true, "fault")
	f(func(fiber.Ctx) error { return io.ErrUnexpectedEOF }, http.StatusInternalServerError, true, "Internal Server Error")
	f(func(c fiber.Ctx) error { return c.SendStatus(http.StatusTeapot) }, http.StatusTeapot, false, "I'm a teapot")
}

// What a handler had written before it panicked is not sent.
func TestPanicReplacesTheAnswer(t *testing.T) {
	t.Parallel()
	app := fiber.New()
	app.Use(picketfiber.Middleware(picketfiber.Options{Client: adaptertest.Local(t, 1)}))
	app.Get("/", func(c fiber.Ctx) error {
		c.Set(fiber.HeaderContentEncoding, "gzip")
		if err := c.SendString("half of"); err != nil {
			return err
		}
		panic("no")
	})
	resp, body := ask(t, app, httptest.NewRequest(http.MethodGet, "/", nil))
	if resp.StatusCode != http.StatusInternalServerError || resp.Header.Get("Content-Encoding") != "" || strings.Contains(body, "half") {
		t.Errorf("answered %d %v %q", resp.StatusCode, resp.Header, body)
	}
}

// Strings that fiber lends are copied before fiber writes over them.
func TestCopies(t *testing.T) {
	t.Parallel()
	app := fiber.New()
	var kept context.Context
	app.Use(picketfiber.Middleware(picketfiber.Options{
		Client: adaptertest.Local(t, 1),
		User:   func(c fiber.Ctx) picket.User { return picket.User{ID: c.Get("Suite-User")} },
	}))
	app.Get("/:name", func(c fiber.Ctx) error { kept = c.Context(); return nil })
	url := listen(t, app)
	get := func(path, user string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Suite-User", user)
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	get("/first", "user-1")
	first := sentry.GetHubFromContext(kept)
	for range 10 {
		get("/other", "user-2")
	}
	ev := first.Scope().ApplyToEvent(&sentry.Event{}, nil, nil)
	if ev == nil || ev.User.ID != "user-1" || ev.Transaction != "GET /:name" || !strings.HasSuffix(ev.Request.URL, "/first") {
		t.Errorf("event = %+v of %+v", ev.User, ev.Request)
	}
}

// A request that timed out has its route and the status that fiber answers it with; the
// handler that goes on may still report.
func TestTimeout(t *testing.T) {
	t.Parallel()
	app := fiber.New()
	app.Use(picketfiber.Middleware(picketfiber.Options{Client: adaptertest.Local(t, 1)}))
	answered := make(chan struct{})
	id := make(chan picket.EventID, 1)
	app.Get("/agents/:agentId", timeout.New(func(c fiber.Ctx) error {
		<-c.Context().Done()
		<-answered
		id <- picket.CaptureMessage(c.Context(), picket.LevelInfo, "still here")
		return nil
	}, timeout.Config{Timeout: time.Millisecond}))
	resp, err := http.Get(listen(t, app) + "/agents/a1")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	close(answered)
	if resp.StatusCode != http.StatusRequestTimeout || <-id == "" {
		t.Errorf("answered %d", resp.StatusCode)
	}
}

// Requests of fiber's own client carry the trace on.
func TestInject(t *testing.T) {
	t.Parallel()
	target := fiber.New()
	target.Get("/", func(c fiber.Ctx) error { return c.SendString(c.Get("Sentry-Trace")) })
	url := listen(t, target)
	cc := client.New()
	cc.AddRequestHook(func(_ *client.Client, r *client.Request) error {
		picketfiber.Inject(r.Context(), &r.RawRequest.Header)
		return nil
	})
	app := fiber.New()
	app.Use(picketfiber.Middleware(picketfiber.Options{Client: adaptertest.Local(t, 1)}))
	app.Get("/", func(c fiber.Ctx) error {
		resp, err := cc.R().SetContext(c.Context()).Get(url)
		if err != nil {
			return err
		}
		defer resp.Close()
		return c.Send(resp.Body())
	})
	const trace = "0af7651916cd43dd8448eb211c80319c"
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Sentry-Trace", trace+"-b7ad6b7169203331-1")
	if _, got := ask(t, app, r); !strings.HasPrefix(got, trace) || !strings.HasSuffix(got, "-1") || len(got) != 51 {
		t.Errorf("the client sends %q", got)
	}
}

func BenchmarkMiddleware(b *testing.B) {
	f := func(name string, outer ...any) {
		app := fiber.New()
		if len(outer) > 0 {
			app.Use(outer...)
		}
		app.Get("/agents/:agentId/runs", func(c fiber.Ctx) error { return c.SendStatus(http.StatusNoContent) })
		serve := app.Handler()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var c fasthttp.RequestCtx
				c.Request.SetRequestURI("/agents/a1/runs")
				serve(&c)
			}
		})
	}
	with := func(traces float64) fiber.Handler {
		return picketfiber.Middleware(picketfiber.Options{Client: adaptertest.Local(b, traces), AgentParam: "agentId"})
	}
	f("without")
	f("unsampled", with(-1))
	f("sampled", with(1))
}
