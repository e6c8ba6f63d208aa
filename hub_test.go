package picket

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/getsentry/sentry-go"
	sentryhttp "github.com/getsentry/sentry-go/http"

	"relay.one/picket/wire"
)

// TestHub captures as code does that knows sentry-go alone.
func TestHub(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{Tags: map[string]string{"region": "eu"}})
	ctx = WithOrganization(WithUser(ctx, User{ID: "ann"}), Organization{ID: "acme"})
	AddBreadcrumb(ctx, Breadcrumb{Message: "ours"})
	run, x := StartExecution(ctx, Agent{ID: "billing"}, ExecutionID("ex_1"))
	step, s := StartSpan(run, "function", "step")
	hub := sentry.GetHubFromContext(step)
	hub.AddBreadcrumb(&sentry.Breadcrumb{Message: "theirs"}, nil)
	hub.Scope().SetTag("theirs", "yes")
	id := hub.CaptureException(errors.New("boom"))
	ev := (&site{t, c, m, nil}).one(wire.ItemEvent)
	same(t, ev, *id, "event_id")
	same(t, ev, "ann", "user", "id")
	same(t, ev, object{"region": "eu", "theirs": "yes", wire.TagAgentID: "billing", wire.TagOrganizationID: "acme", wire.TagExecutionID: "ex_1"}, "tags")
	same(t, ev, s.TraceID(), "contexts", "trace", "trace_id")
	same(t, ev, s.SpanID(), "contexts", "trace", "span_id")
	same(t, ev, x.span.SpanID(), "contexts", "trace", "parent_span_id")
	same(t, ev, "billing", "contexts", "agent", "id")
	same(t, ev, "shop@1.2.3", "release")
	same(t, ev, sdkName, "sdk", "name")
	crumbs := at(ev, "breadcrumbs", "values").([]any)
	if len(crumbs) != 2 {
		t.Fatalf("breadcrumbs %v", crumbs)
	}
	same(t, crumbs[0], "ours", "message")
	same(t, crumbs[1], "theirs", "message")
	if LastEventID(ctx) != *id {
		t.Errorf("LastEventID = %q, want %q", LastEventID(ctx), *id)
	}
	s.End()
	x.End(nil)
}

// TestHubKnows has an execution that ends with an error which was captured by a hub.
func TestHubKnows(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	run, x := StartExecution(ctx, Agent{ID: "a"})
	boom := errors.New("boom")
	id := sentry.GetHubFromContext(run).CaptureException(boom)
	if got := x.End(boom); got != *id {
		t.Errorf("End = %q, want %q", got, *id)
	}
	(&site{t, c, m, nil}).one(wire.ItemEvent)
}

// TestHubsApart has a hub for every context, so that what is set on one stays there.
func TestHubsApart(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	root, tx := StartTransaction(ctx, "job", "x")
	one, two := WithTag(root, "n", "1"), WithTag(root, "n", "2")
	if hub := sentry.GetHubFromContext(one); hub != sentry.GetHubFromContext(one) {
		t.Error("a context has two hubs")
	}
	sentry.GetHubFromContext(one).Scope().SetUser(sentry.User{ID: "set by hub"})
	f := func(hub *sentry.Hub, n, user any) {
		t.Helper()
		id := hub.CaptureMessage("here")
		flush(t, c)
		for _, ev := range m.items(t, wire.ItemEvent) {
			if ev["event_id"] == string(*id) {
				same(t, ev, n, "tags", "n")
				same(t, ev, user, "user", "id")
				same(t, ev, tx.TraceID(), "contexts", "trace", "trace_id")
			}
		}
	}
	f(sentry.GetHubFromContext(one), "1", "set by hub")
	f(sentry.GetHubFromContext(two), "2", nil)
	f(sentry.GetHubFromContext(root), nil, nil)
	f(sentry.GetHubFromContext(one).Clone(), "1", "set by hub")
	if hub := sentry.GetHubFromContext(t.Context()); hub != nil {
		t.Error("a context without a scope has a hub")
	}
	tx.End()
}

// TestSentryHTTPBeneath has the middleware of sentry-go within ours.
func TestSentryHTTPBeneath(t *testing.T) {
	t.Parallel()
	f := func(o Options, transactions int) {
		t.Helper()
		s := newSite(t, o, MiddlewareOptions{User: func(*http.Request) User { return User{ID: "ann"} }},
			"/", sentryhttp.New(sentryhttp.Options{Repanic: true}).HandleFunc(func(_ http.ResponseWriter, r *http.Request) {
				span := sentry.StartSpan(r.Context(), "function")
				_, ours := StartSpan(span.Context(), "function", "ours")
				ours.End()
				span.Finish()
				panic("boom")
			}))
		w := httptest.NewRecorder()
		s.h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
		if w.Code != http.StatusInternalServerError || w.Header().Get(HeaderEventID) == "" {
			t.Errorf("answer is %d, %v", w.Code, w.Header())
		}
		ev := s.one(wire.ItemEvent) // not one of each
		list := s.m.items(t, wire.ItemTransaction)
		if len(list) != transactions {
			t.Fatalf("%d transactions, want %d", len(list), transactions)
		}
		for _, tx := range list {
			if at(tx, "contexts", "trace", "origin") != originHTTP {
				continue
			}
			same(t, tx, "internal_error", "contexts", "trace", "status")
			same(t, tx["spans"].([]any)[0], "ours", "description")
			same(t, ev, at(tx, "contexts", "trace", "trace_id"), "contexts", "trace", "trace_id")
		}
		same(t, ev, "ann", "user", "id")
		same(t, ev, w.Header().Get(HeaderEventID), "event_id")
	}
	f(Options{}, 1)
	f(Options{Sentry: func(o *sentry.ClientOptions) { o.EnableTracing, o.TracesSampleRate = true, 1 }}, 2)
}

// TestSentryAfter captures by sentry-go behind a span of sentry-go's that never ends: the
// event is of our trace all the same.
func TestSentryAfter(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{Sentry: func(o *sentry.ClientOptions) { o.EnableTracing, o.TracesSampleRate = true, 1 }})
	root, tx := StartTransaction(ctx, "job", "x")
	sentry.StartSpan(root, "function")
	sentry.GetHubFromContext(root).CaptureException(errors.New("boom"))
	same(t, (&site{t, c, m, nil}).one(wire.ItemEvent), tx.SpanID(), "contexts", "trace", "span_id")
	tx.End()
}
