package picket

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"relay.one/picket/wire"
)

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
