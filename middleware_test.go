package picket

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// site is a service with the middleware around it.
type site struct {
	testing.TB
	c *Client
	m *mailbox
	h http.Handler
}

func newSite(t testing.TB, o Options, mo MiddlewareOptions, pattern string, handle http.HandlerFunc) *site {
	t.Helper()
	_, c, m := testClient(t, o)
	mux := http.NewServeMux()
	mux.HandleFunc(pattern, handle)
	return &site{t, c, m, c.Middleware(mo)(mux)}
}

// ask makes a request without a network.
func (s *site) ask(method, url string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w
}

// listen serves on a port of its own.
func (s *site) listen() *httptest.Server {
	server := httptest.NewUnstartedServer(s.h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	s.Cleanup(server.Close)
	return server
}

// one returns the only item of a type.
func (s *site) one(typ string) object {
	s.Helper()
	flush(s, s.c)
	list := s.m.items(s, typ)
	if len(list) != 1 {
		s.Fatalf("%d × %s, want one", len(list), typ)
	}
	return list[0]
}

// none looks that there is no item of a type.
func (s *site) none(typ string) {
	s.Helper()
	flush(s, s.c)
	if list := s.m.items(s, typ); len(list) > 0 {
		s.Errorf("%d × %s: %v", len(list), typ, list)
	}
}

// same compares what stands at a path.
func same(t testing.TB, o any, want any, path ...string) {
	t.Helper()
	if got := at(o, path...); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s = %v, want %v", strings.Join(path, "."), got, want)
	}
}

func TestTransactionOfRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{Tags: map[string]string{"region": "eu"}}, MiddlewareOptions{
		User:         func(*http.Request) User { return User{ID: "u", Email: "u@example.com"} },
		Organization: func(*http.Request) Organization { return Organization{ID: "o", Tier: "pro"} },
		Agent:        func(*http.Request) Agent { return Agent{ID: "a", Name: "A", Capabilities: []string{"refund"}} },
	}, "GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		SetTag(r.Context(), "shard", "7")
		_, s := StartSpan(r.Context(), "db.query", "SELECT 1", slog.Int("rows", 1))
		s.End()
		w.WriteHeader(http.StatusTeapot)
	})
	s.ask("GET", "http://shop.example/orders/17?page=2&token=secret", "User-Agent", "test/1", "Authorization", "Bearer abc", "Cookie", "a=b", "X-Forwarded-For", "192.0.2.1")
	ev := s.one(wire.ItemTransaction)
	f := func(want any, path ...string) { t.Helper(); same(t, ev, want, path...) }
	f("transaction", "type")
	f("GET /orders/{id}", "transaction")
	f("route", "transaction_info", "source")
	f("http.server", "contexts", "trace", "op")
	f("invalid_argument", "contexts", "trace", "status")
	f(originHTTP, "contexts", "trace", "origin")
	f("GET", "contexts", "trace", "data", "http.request.method")
	f("/orders/{id}", "contexts", "trace", "data", "http.route")
	f(418, "contexts", "trace", "data", "http.response.status_code")
	f(nil, "contexts", "trace", "parent_span_id")
	f(object{"id": "u", "email": "u@example.com"}, "user")
	f(object{"id": "o", "tier": "pro"}, "contexts", "organization")
	f(object{"id": "a", "name": "A", "capabilities": []any{"refund"}}, "contexts", "agent")
	f(object{"region": "eu", "shard": "7", wire.TagAgentID: "a", wire.TagAgentName: "A", wire.TagOrganizationID: "o"}, "tags")
	f("http://shop.example/orders/17", "request", "url")
	f("GET", "request", "method")
	f("page=2&token=[Filtered]", "request", "query_string")
	f(nil, "request", "cookies")
	f(object{"Host": "shop.example", "User-Agent": "test/1", "Authorization": "[Filtered]"}, "request", "headers")
	f("shop@1.2.3", "release")
	f("test", "environment")
	f("go", "platform")
	f(sdkName, "sdk", "name")
	span := ev["spans"].([]any)[0]
	same(t, span, "db.query", "op")
	same(t, span, "SELECT 1", "description")
	same(t, span, "ok", "status")
	same(t, span, 1, "data", "rows")
	same(t, span, at(ev, "contexts", "trace", "span_id"), "parent_span_id")
	same(t, span, at(ev, "contexts", "trace", "trace_id"), "trace_id")
	begin, end := at(ev, "start_timestamp").(string), at(ev, "timestamp").(string)
	if from, to := at(span, "start_timestamp").(string), at(span, "timestamp").(string); begin > from || from > to || to > end {
		t.Errorf("transaction from %s to %s, span from %s to %s", begin, end, from, to)
	}
}

func TestRequestOfEvent(t *testing.T) {
	t.Parallel()
	f := func(o Options, user, request string) {
		t.Helper()
		s := newSite(t, o, MiddlewareOptions{}, "/", func(_ http.ResponseWriter, r *http.Request) {
			CaptureException(r.Context(), io.ErrUnexpectedEOF)
		})
		s.ask("POST", "http://shop.example/pay?api_key=s3cr3t&n=1", "Cookie", "session=abcdef; theme=dark", "X-Api-Key", "k", "X-Real-Ip", "192.0.2.9", "Forwarded", "for=192.0.2.9")
		ev, tx := s.one(wire.ItemEvent), s.one(wire.ItemTransaction)
		if got := compact(t, ev["user"]); got != user {
			t.Errorf("user = %s, want %s", got, user)
		}
		if got := compact(t, ev["request"]); got != request {
			t.Errorf("request of the error = %s, want %s", got, request)
		}
		if got := compact(t, tx["request"]); got != request {
			t.Errorf("request of the transaction = %s, want %s", got, request)
		}
	}
	f(Options{}, `null`, `{"headers":{"Host":"shop.example","X-Api-Key":"[Filtered]"},"method":"POST","query_string":"api_key=[Filtered]&n=1","url":"http://shop.example/pay"}`)
	f(Options{SendDefaultPII: true}, `{"ip_address":"192.0.2.1"}`, `{"cookies":"session=[Filtered]; theme=dark","headers":{"Forwarded":"for=192.0.2.9","Host":"shop.example","X-Api-Key":"[Filtered]","X-Real-Ip":"192.0.2.9"},"method":"POST","query_string":"api_key=[Filtered]&n=1","url":"http://shop.example/pay"}`)
}

func compact(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), `\u0026`, "&")
}

func TestRouteNames(t *testing.T) {
	t.Parallel()
	f := func(pattern, method, url, want string, source source) {
		t.Helper()
		s := newSite(t, Options{}, MiddlewareOptions{}, pattern, func(_ http.ResponseWriter, r *http.Request) {
			CaptureMessage(r.Context(), LevelInfo, "here")
		})
		s.ask(method, url)
		ev := s.one(wire.ItemTransaction)
		same(t, ev, want, "transaction")
		same(t, ev, source, "transaction_info", "source")
		if source == sourceRoute {
			same(t, s.one(wire.ItemEvent), want, "transaction")
		}
	}
	f("/", "GET", "/anything/17", "GET /", sourceRoute)
	f("/{$}", "GET", "/", "GET /{$}", sourceRoute)
	f("GET /orders/{id}", "GET", "/orders/17", "GET /orders/{id}", sourceRoute)
	f("GET /orders/{id}", "HEAD", "/orders/17", "HEAD /orders/{id}", sourceRoute)
	f("GET \t/orders/{rest...}", "GET", "/orders/17/18", "GET /orders/{rest...}", sourceRoute)
	f("POST shop.example/pay", "POST", "http://shop.example/pay", "POST shop.example/pay", sourceRoute)
	f("shop.example/pay", "PUT", "http://shop.example/pay", "PUT shop.example/pay", sourceRoute)
	f("GET /orders/{id}", "GET", "/elsewhere/17", "GET /elsewhere/17", sourceURL)
	f("GET /orders/{id}", "POST", "/orders/17", "POST /orders/17", sourceURL)
}

func TestRoute(t *testing.T) {
	t.Parallel()
	f := func(route func(*http.Request) string, want string, source source) {
		t.Helper()
		s := newSite(t, Options{}, MiddlewareOptions{Route: route}, "GET /known", func(_ http.ResponseWriter, r *http.Request) {
			CaptureMessage(r.Context(), LevelInfo, "here")
		})
		s.ask("GET", "/known")
		ev := s.one(wire.ItemTransaction)
		same(t, ev, want, "transaction")
		same(t, ev, source, "transaction_info", "source")
		same(t, s.one(wire.ItemEvent), want, "transaction")
	}
	f(func(*http.Request) string { return "/templates/{id}" }, "GET /templates/{id}", sourceRoute)
	f(func(*http.Request) string { return "" }, "GET /known", sourceRoute)
	f(func(*http.Request) string { panic("no route") }, "GET /known", sourceRoute)
}

// TestInnerRoute has the middleware around each handler, where the route is known before.
func TestInnerRoute(t *testing.T) {
	t.Parallel()
	_, c, m := testClient(t, Options{})
	mux := http.NewServeMux()
	mux.Handle("GET /agents/{agent}", c.Middleware(MiddlewareOptions{AgentPathValue: "agent"})(http.NotFoundHandler()))
	s := &site{t, c, m, mux}
	s.ask("GET", "/agents/billing")
	ev := s.one(wire.ItemTransaction)
	same(t, ev, "GET /agents/{agent}", "transaction")
	same(t, ev, "billing", "tags", wire.TagAgentID)
	same(t, ev, "not_found", "contexts", "trace", "status")
}

func TestStatus(t *testing.T) {
	t.Parallel()
	f := func(handle http.HandlerFunc, code any, status string) {
		t.Helper()
		s := newSite(t, Options{}, MiddlewareOptions{}, "/", handle)
		s.ask("GET", "/")
		ev := s.one(wire.ItemTransaction)
		same(t, ev, code, "contexts", "trace", "data", "http.response.status_code")
		same(t, ev, status, "contexts", "trace", "status")
	}
	write := func(codes ...int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for _, code := range codes {
				w.WriteHeader(code)
			}
		}
	}
	f(write(), 200, "ok")
	f(write(http.StatusNoContent), 204, "ok")
	f(write(http.StatusFound), 302, "ok")
	f(write(http.StatusEarlyHints, http.StatusNotFound), 404, "not_found")
	f(write(http.StatusForbidden, http.StatusOK), 403, "permission_denied")
	f(write(http.StatusServiceUnavailable), 503, "unavailable")
	f(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }, 200, "ok")
}

func TestPanic(t *testing.T) {
	t.Parallel()
	f := func(value any, typ string) {
		t.Helper()
		s := newSite(t, Options{TracesSampleRate: 1}, MiddlewareOptions{}, "GET /orders/{id}", func(http.ResponseWriter, *http.Request) { panic(value) })
		w := s.ask("GET", "/orders/17")
		if w.Code != http.StatusInternalServerError || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("answer is %d, %q", w.Code, w.Header().Get("Content-Type"))
		}
		ev := s.one(wire.ItemEvent)
		var body object
		if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
			t.Fatal(err)
		}
		want := object{"type": "about:blank", "title": "Internal Server Error", "status": 500.0, "eventId": ev["event_id"],
			"detail": "The server met a fault; it has been reported."}
		if fmt.Sprint(body) != fmt.Sprint(want) {
			t.Errorf("body = %v, want %v", body, want)
		}
		if got := w.Header().Get(HeaderEventID); got != ev["event_id"] {
			t.Errorf("%s = %q, want %v", HeaderEventID, got, ev["event_id"])
		}
		same(t, ev, "fatal", "level")
		same(t, ev, "GET /orders/{id}", "transaction")
		last := at(ev, "exception", "values").([]any)
		x := last[len(last)-1]
		same(t, x, typ, "type")
		same(t, x, false, "mechanism", "handled")
		frames := at(x, "stacktrace", "frames").([]any)
		if got := at(frames[len(frames)-1], "function"); !strings.HasPrefix(got.(string), "TestPanic.") {
			t.Errorf("the innermost frame is of %v", got)
		}
		tx := s.one(wire.ItemTransaction)
		same(t, tx, "GET /orders/{id}", "transaction")
		same(t, tx, "internal_error", "contexts", "trace", "status")
		same(t, tx, 500, "contexts", "trace", "data", "http.response.status_code")
		same(t, ev, at(tx, "contexts", "trace", "trace_id"), "contexts", "trace", "trace_id")
		same(t, ev, at(tx, "contexts", "trace", "span_id"), "contexts", "trace", "span_id")
	}
	f("out of cheese", "panic")
	f([]int{1}, "panic")
	f(&json.SyntaxError{}, "*json.SyntaxError")
}

func TestPanicUnsampled(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{TracesSampleRate: -1}, MiddlewareOptions{}, "/", func(http.ResponseWriter, *http.Request) { panic("x") })
	if w := s.ask("GET", "/"); w.Code != http.StatusInternalServerError || w.Header().Get(HeaderEventID) == "" {
		t.Errorf("answer is %d, %v", w.Code, w.Header())
	}
	same(t, s.one(wire.ItemEvent), "GET /", "transaction")
	s.none(wire.ItemTransaction)
}

// TestPanicBehindHeader has headers from before the panic that do not fit the answer.
func TestPanicBehindHeader(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{}, MiddlewareOptions{}, "/", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "3")
		w.Header().Set("Content-Type", "image/png")
		panic("x")
	})
	server := s.listen()
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body object
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("answer is %v %v, %v", resp.Header, body, err)
	}
}

// TestHalfAnswer panics when a part of the answer is out: the connection breaks.
func TestHalfAnswer(t *testing.T) {
	t.Parallel()
	f := func(handle func(w http.ResponseWriter), events int, status string) {
		t.Helper()
		s := newSite(t, Options{}, MiddlewareOptions{}, "GET /half", func(w http.ResponseWriter, _ *http.Request) { handle(w) })
		server := s.listen()
		resp, err := server.Client().Get(server.URL + "/half")
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			_ = resp.Body.Close()
		}
		if err == nil {
			t.Error("the client takes half an answer for a whole one")
		}
		server.Close() // waits for the handler
		flush(t, s.c)
		if got := s.m.items(t, wire.ItemEvent); len(got) != events {
			t.Errorf("%d events, want %d", len(got), events)
		}
		tx := s.one(wire.ItemTransaction)
		same(t, tx, "GET /half", "transaction")
		same(t, tx, status, "contexts", "trace", "status")
	}
	half := func(w http.ResponseWriter) {
		_, _ = io.WriteString(w, "half of an answer")
		_ = http.NewResponseController(w).Flush()
	}
	f(func(w http.ResponseWriter) { half(w); panic("x") }, 1, "internal_error")
	f(func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK); panic("x") }, 1, "internal_error")
	f(func(w http.ResponseWriter) { half(w); panic(http.ErrAbortHandler) }, 0, "aborted")
	f(func(http.ResponseWriter) { panic(http.ErrAbortHandler) }, 0, "aborted")
	f(func(http.ResponseWriter) { runtime.Goexit() }, 0, "internal_error")
	f(func(w http.ResponseWriter) { half(w); runtime.Goexit() }, 0, "internal_error")
}

// outcome tells how a handler ended: what it panicked with, and whether it returned.
func outcome(h http.Handler, r *http.Request) (w *httptest.ResponseRecorder, panicked any, returned bool) {
	w = httptest.NewRecorder()
	var done sync.WaitGroup
	done.Go(func() {
		defer func() { panicked = recover() }()
		h.ServeHTTP(w, r)
		returned = true
	})
	done.Wait()
	return w, panicked, returned
}

func TestWhatGoesOn(t *testing.T) {
	t.Parallel()
	f := func(o MiddlewareOptions, handle http.HandlerFunc, panics any, returns bool, events int) *httptest.ResponseRecorder {
		t.Helper()
		s := newSite(t, Options{}, o, "/", handle)
		w, panicked, returned := outcome(s.h, httptest.NewRequest("GET", "/", nil))
		if panicked != panics || returned != returns {
			t.Errorf("panicked with %v, returned %t; want %v, %t", panicked, returned, panics, returns)
		}
		flush(t, s.c)
		if got := s.m.items(t, wire.ItemEvent); len(got) != events {
			t.Errorf("%d events, want %d", len(got), events)
		}
		if got := s.m.items(t, wire.ItemTransaction); len(got) != 1 {
			t.Errorf("%d transactions", len(got))
		}
		return w
	}
	raise := func(v any) http.HandlerFunc { return func(http.ResponseWriter, *http.Request) { panic(v) } }
	f(MiddlewareOptions{}, raise("x"), nil, true, 1)
	f(MiddlewareOptions{}, raise(http.ErrAbortHandler), http.ErrAbortHandler, false, 0)
	f(MiddlewareOptions{Repanic: true}, raise(http.ErrAbortHandler), http.ErrAbortHandler, false, 0)
	f(MiddlewareOptions{}, func(http.ResponseWriter, *http.Request) { runtime.Goexit() }, nil, false, 0)
	f(MiddlewareOptions{}, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(200); panic("x") }, http.ErrAbortHandler, false, 1)
	w := f(MiddlewareOptions{Repanic: true}, raise("x"), "x", false, 1)
	if w.Body.Len() > 0 || w.Header().Get(HeaderEventID) == "" {
		t.Errorf("who answers after the panic finds %v %q", w.Header(), w.Body)
	}
}

// TestPanicOfWriter has a writer that panics while the panic is answered.
func TestPanicOfWriter(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{}, MiddlewareOptions{}, "/", func(http.ResponseWriter, *http.Request) { panic("first") })
	func() {
		defer func() {
			if r := recover(); r != "second" {
				t.Errorf("recovered %v", r)
			}
		}()
		s.h.ServeHTTP(brokenWriter{}, httptest.NewRequest("GET", "/", nil))
	}()
	same(t, s.one(wire.ItemTransaction), "internal_error", "contexts", "trace", "status")
	s.one(wire.ItemEvent)
}

type brokenWriter struct{}

func (brokenWriter) Header() http.Header       { return http.Header{} }
func (brokenWriter) WriteHeader(int)           { panic("second") }
func (brokenWriter) Write([]byte) (int, error) { panic("second") }

// TestTimeout has a handler that goes on behind its request.
func TestTimeout(t *testing.T) {
	t.Parallel()
	_, c, m := testClient(t, Options{})
	release, done := make(chan bool), make(chan bool)
	slow := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		_, s := StartSpan(r.Context(), "function", "late")
		<-release
		s.End()
		SetUser(r.Context(), User{ID: "late"})
		CaptureMessage(r.Context(), LevelInfo, "late")
		_, _ = w.Write([]byte("late"))
	})
	s := &site{t, c, m, c.Middleware(MiddlewareOptions{})(http.TimeoutHandler(slow, time.Nanosecond, "too late"))}
	if w := s.ask("GET", "/"); w.Code != http.StatusServiceUnavailable {
		t.Errorf("answered %d", w.Code)
	}
	close(release)
	<-done
	tx := s.one(wire.ItemTransaction)
	same(t, tx, "unavailable", "contexts", "trace", "status")
	same(t, s.one(wire.ItemEvent), at(tx, "contexts", "trace", "trace_id"), "contexts", "trace", "trace_id")
	if spans := s.m.spans(t); len(spans) != 1 || spans[0]["name"] != "late" {
		t.Errorf("spans that ended late: %v", spans)
	}
}

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

// logText is a log that many write to.
type logText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
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

func TestBody(t *testing.T) {
	t.Parallel()
	f := func(limit int, typ, body string, want any) {
		t.Helper()
		s := newSite(t, Options{}, MiddlewareOptions{BodyBytes: limit}, "/", func(_ http.ResponseWriter, r *http.Request) {
			b, err := io.ReadAll(r.Body)
			if err != nil || string(b) != body {
				t.Errorf("the handler reads %q, %v", b, err)
			}
			CaptureMessage(r.Context(), LevelInfo, "here")
		})
		r := httptest.NewRequest("POST", "/", strings.NewReader(body))
		r.Header.Set("Content-Type", typ)
		s.h.ServeHTTP(httptest.NewRecorder(), r)
		same(t, s.one(wire.ItemEvent), want, "request", "data")
		same(t, s.one(wire.ItemTransaction), want, "request", "data")
	}
	const cut = "[longer than MiddlewareOptions.BodyBytes]"
	f(0, "application/json", `{"a":1}`, nil)
	f(100, "application/json", ``, nil)
	f(100, "application/json", `{"a":1,"password":"hunter22"}`, `{"a":1,"password":"[Filtered]"}`)
	f(100, "application/x-www-form-urlencoded", `a=1&api_key=hunter22`, `a=1&api_key=[Filtered]`)
	f(100, "text/plain", `my key is sk-abcdefghijklmnopqrstuvwxyz123456`, `my key is [Filtered]`)
	f(8, "text/plain", `12345678`, `12345678`)
	f(7, "text/plain", `12345678`, cut)
	f(20, "application/json", `{"a":1,"password":"hunter22"}`, cut)
}

// TestBodyUnread has a handler that leaves the body alone, in which case nothing is known
// of it.
func TestBodyUnread(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{}, MiddlewareOptions{BodyBytes: 100}, "/", func(http.ResponseWriter, *http.Request) { panic("x") })
	s.h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", strings.NewReader("body")))
	same(t, s.one(wire.ItemEvent), nil, "request", "data")
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

func TestEventIDInHeader(t *testing.T) {
	t.Parallel()
	f := func(o Options, handle func(ctx context.Context, w http.ResponseWriter), want bool) {
		t.Helper()
		s := newSite(t, o, MiddlewareOptions{}, "/", func(w http.ResponseWriter, r *http.Request) { handle(r.Context(), w) })
		w := s.ask("GET", "/")
		flush(t, s.c)
		last := ""
		for _, ev := range s.m.items(t, wire.ItemEvent) {
			last = ev["event_id"].(string)
		}
		if got := w.Header().Get(HeaderEventID); (got != "") != want || want && got != last {
			t.Errorf("%s = %q, event %q", HeaderEventID, got, last)
		}
	}
	boom := errors.New("boom")
	f(Options{}, func(ctx context.Context, w http.ResponseWriter) { CaptureException(ctx, boom); w.WriteHeader(500) }, true)
	f(Options{}, func(ctx context.Context, _ http.ResponseWriter) { CaptureException(ctx, boom) }, true)
	f(Options{}, func(ctx context.Context, w http.ResponseWriter) {
		CaptureMessage(ctx, LevelInfo, "one")
		CaptureException(WithTag(ctx, "k", "v"), boom)
		http.Error(w, "sorry", 500)
	}, true)
	f(Options{}, func(ctx context.Context, _ http.ResponseWriter) {
		run, x := StartExecution(ctx, Agent{ID: "a"})
		CaptureException(run, boom)
		x.End(boom)
	}, true)
	f(Options{}, func(ctx context.Context, w http.ResponseWriter) {
		sentry.GetHubFromContext(ctx).CaptureException(boom)
		w.WriteHeader(500)
	}, true)
	f(Options{}, func(_ context.Context, w http.ResponseWriter) { w.WriteHeader(500) }, false)
	f(Options{}, func(ctx context.Context, w http.ResponseWriter) { w.WriteHeader(500); CaptureException(ctx, boom) }, false)
	drop := func(*sentry.Event, *sentry.EventHint) *sentry.Event { return nil }
	f(Options{BeforeSend: drop}, func(ctx context.Context, _ http.ResponseWriter) {
		CaptureException(ctx, boom)
		sentry.GetHubFromContext(ctx).CaptureException(boom)
	}, false)
}

func TestWriteProblem(t *testing.T) {
	t.Parallel()
	var id EventID
	s := newSite(t, Options{}, MiddlewareOptions{}, "/", func(w http.ResponseWriter, r *http.Request) {
		id = CaptureException(r.Context(), io.ErrUnexpectedEOF)
		if last := LastEventID(r.Context()); last != id || id == "" {
			t.Errorf("LastEventID = %q, want %q", last, id)
		}
		WriteProblem(w, r, http.StatusBadGateway, `the "other" side`)
	})
	w := s.ask("GET", "/")
	want := `{"type":"about:blank","title":"Bad Gateway","status":502,"detail":"the \"other\" side","eventId":"` + string(id) + "\"}\n"
	if w.Body.String() != want || w.Code != http.StatusBadGateway {
		t.Errorf("answer is %d %s, want %s", w.Code, w.Body, want)
	}
	w = httptest.NewRecorder()
	WriteProblem(w, httptest.NewRequest("GET", "/", nil), 404, "")
	if want := `{"type":"about:blank","title":"Not Found","status":404}` + "\n"; w.Body.String() != want || w.Header().Get(HeaderEventID) != "" {
		t.Errorf("answer is %s, want %s", w.Body, want)
	}
}

func TestCrumbsOfRequest(t *testing.T) {
	t.Parallel()
	f := func(o Options, want ...string) {
		t.Helper()
		s := newSite(t, o, MiddlewareOptions{}, "/", func(w http.ResponseWriter, r *http.Request) {
			AddBreadcrumb(r.Context(), Breadcrumb{Message: "mine"})
			w.WriteHeader(http.StatusServiceUnavailable)
			AddBreadcrumb(r.Context(), Breadcrumb{Message: "later"})
			CaptureMessage(r.Context(), LevelInfo, "here")
		})
		s.ask("GET", "/pay?key=secret")
		var got []string
		list, _ := at(s.one(wire.ItemEvent), "breadcrumbs", "values").([]any)
		for _, b := range list {
			got = append(got, fmt.Sprint(at(b, "category"), " ", at(b, "level"), " ", at(b, "message")))
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("trail:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	f(Options{}, "request info GET /pay", "<nil> info mine", "request error GET /pay → 503", "<nil> info later")
	f(Options{MaxBreadcrumbs: 2}, "request error GET /pay → 503", "<nil> info later")
	f(Options{MaxBreadcrumbs: -1})
	f(Options{BeforeBreadcrumb: func(b *Breadcrumb) bool { return b.Category != CrumbRequest }}, "<nil> info mine", "<nil> info later")
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

// TestOddAttributes has values that JSON has nothing for: the trace stays whole.
func TestOddAttributes(t *testing.T) {
	t.Parallel()
	odd := []Attr{slog.Float64("nan", math.NaN()), slog.Float64("inf", math.Inf(1)), slog.Any("chan", make(chan int)),
		slog.Any("func", func() {}), slog.Any("cycle", cycle()), slog.Any("panics", panicker{}), slog.String("kept", "yes")}
	ctx, c, m := testClient(t, Options{})
	root, s := StartTransaction(ctx, "job", "odd", odd...)
	_, child := StartSpan(root, "function", "odd", odd...)
	child.Set(odd...)
	CaptureException(root, errors.New("odd"), odd...)
	AddBreadcrumb(root, Breadcrumb{Data: odd})
	child.End()
	s.End()
	st := &site{t, c, m, nil}
	tx, ev := st.one(wire.ItemTransaction), st.one(wire.ItemEvent)
	same(t, tx, s.TraceID(), "contexts", "trace", "trace_id")
	same(t, tx, "yes", "contexts", "trace", "data", "kept")
	same(t, tx, nil, "contexts", "trace", "data", "nan")
	span := tx["spans"].([]any)[0]
	same(t, span, "yes", "data", "kept")
	same(t, span, nil, "data", "inf")
	same(t, ev, s.TraceID(), "contexts", "trace", "trace_id")
	same(t, ev, "yes", "contexts", "extra", "kept")
}

type panicker struct{}

func (panicker) MarshalJSON() ([]byte, error) { panic("no") }

func cycle() map[string]any {
	m := map[string]any{}
	m["self"] = m
	return m
}

// websocket is enough of a websocket for a test: it hijacks and says hello.
func websocket(w http.ResponseWriter) error {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: hello\r\nConnection: Upgrade\r\n\r\nhello\n")
	return errors.Join(err, buffered.Flush())
}

func TestWebsocket(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{}, MiddlewareOptions{}, "GET /socket", func(w http.ResponseWriter, _ *http.Request) {
		if err := websocket(w); err != nil {
			t.Error(err)
		}
	})
	server := s.listen()
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "hello")
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil || line != "hello\n" || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("answer is %d %q, %v", resp.StatusCode, line, err)
	}
	server.Close()
	tx := s.one(wire.ItemTransaction)
	same(t, tx, 101, "contexts", "trace", "data", "http.response.status_code")
	same(t, tx, "GET /socket", "transaction")
}
