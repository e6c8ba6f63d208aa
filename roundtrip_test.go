package picket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"relay.one/picket/wire"
)

// echo is a server that answers with the trace headers it got, and with the status that
// its path says.
func echo(t *testing.T) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		if _, err := fmt.Sscanf(r.URL.Path, "/%d", &status); err != nil {
			status = http.StatusOK
		}
		w.WriteHeader(status)
		fmt.Fprintf(w, "%s|%s|%s", r.Header.Get("Sentry-Trace"), r.Header.Get("Traceparent"), r.Header.Get("Baggage"))
	}))
	t.Cleanup(server.Close)
	return server
}

// fetch gets a URL by our Transport and returns the status and the body.
func fetch(t *testing.T, ctx context.Context, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: Transport(nil)}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Header) > 0 {
		t.Errorf("the caller's request has become %v", r.Header)
	}
	return resp.StatusCode, string(b)
}

func TestTransport(t *testing.T) {
	t.Parallel()
	server := echo(t)
	f := func(path string, want int, status, level string) {
		t.Helper()
		ctx, c, m := testClient(t, Options{})
		s := &site{t, c, m, nil}
		root, tx := StartTransaction(ctx, "job", "sync")
		code, body := fetch(t, root, strings.Replace(server.URL, "//", "//ann:hunter22@", 1)+path+"?token=hunter22")
		if code != want {
			t.Errorf("status %d, want %d", code, want)
		}
		CaptureMessage(root, LevelInfo, "here")
		tx.End()
		ev := s.one(wire.ItemTransaction)
		span := ev["spans"].([]any)[0]
		same(t, span, "http.client", "op")
		same(t, span, "GET "+server.URL+path, "description")
		same(t, span, status, "status")
		same(t, span, originHTTP, "origin")
		same(t, span, object{"http.request.method": "GET", "http.response.status_code": want, "server.address": "127.0.0.1", "url.full": server.URL + path}, "data")
		ids := fmt.Sprint(span.(object)["trace_id"], "-", span.(object)["span_id"])
		if !strings.HasPrefix(body, ids+"-1|00-"+ids+"-01|sentry-trace_id="+tx.TraceID()+",") {
			t.Errorf("the server was sent %s, the span is %s", body, ids)
		}
		crumb := at(s.one(wire.ItemEvent), "breadcrumbs", "values").([]any)[0]
		same(t, crumb, fmt.Sprintf("GET %s%s → %d", server.URL, path, want), "message")
		same(t, crumb, CrumbHTTP, "category")
		same(t, crumb, "http", "type")
		same(t, crumb, level, "level")
		same(t, crumb, object{"method": "GET", "url": server.URL + path, "status_code": want}, "data")
	}
	f("/", 200, "ok", "info")
	f("/404", 404, "not_found", "info")
	f("/503", 503, "unavailable", "error")
}

// TestTransportOutside has contexts without a span: the trace goes on, nothing is recorded.
func TestTransportOutside(t *testing.T) {
	t.Parallel()
	server := echo(t)
	if _, body := fetch(t, t.Context(), server.URL); body != "||" {
		t.Errorf("without a scope the server was sent %s", body)
	}
	ctx, _, _ := testClient(t, Options{TracesSampleRate: -1})
	if _, body := fetch(t, ctx, server.URL); !strings.HasPrefix(body, nodeOf(ctx).scope.trace.id.String()+"-") || strings.Contains(body, "-1|") {
		t.Errorf("without a span the server was sent %s", body)
	}
	job, s := StartTransaction(ctx, "job", "unsampled")
	if _, body := fetch(t, job, server.URL); s != nil || !strings.Contains(body, "-0|") || !strings.Contains(body, "sentry-sampled=false") {
		t.Errorf("in a transaction that is not sampled the server was sent %s", body)
	}
}

func TestTransportTargets(t *testing.T) {
	t.Parallel()
	server := echo(t)
	f := func(want bool, targets ...string) {
		t.Helper()
		ctx, _, _ := testClient(t, Options{TracePropagationTargets: targets})
		if _, body := fetch(t, ctx, server.URL+"/internal/x"); (body != "||") != want {
			t.Errorf("targets %v: the server was sent %s", targets, body)
		}
	}
	f(true)
	f(true, server.URL)
	f(true, "elsewhere.example", "/internal/")
	f(false, "elsewhere.example")
}

func TestTransportError(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	s := &site{t, c, m, nil}
	root, tx := StartTransaction(ctx, "job", "sync")
	r := httptest.NewRequestWithContext(root, "POST", "http://nowhere.example/x", nil)
	boom := errors.New("no such host")
	if _, err := Transport(failing{boom}).RoundTrip(r); !errors.Is(err, boom) {
		t.Errorf("RoundTrip: %v", err)
	}
	CaptureMessage(root, LevelInfo, "here")
	tx.End()
	same(t, s.one(wire.ItemTransaction)["spans"].([]any)[0], "internal_error", "status")
	crumb := at(s.one(wire.ItemEvent), "breadcrumbs", "values").([]any)[0]
	same(t, crumb, "POST http://nowhere.example/x", "message")
	same(t, crumb, "error", "level")
	same(t, crumb, "no such host", "data", "error")
}

type failing struct{ err error }

func (f failing) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

// TestThreeServices passes a trace through two hops and looks how their transactions hang
// together.
func TestThreeServices(t *testing.T) {
	t.Parallel()
	last := newSite(t, Options{TracesSampleRate: -1}, MiddlewareOptions{}, "/", func(http.ResponseWriter, *http.Request) {})
	leaf := last.listen()
	middle := newSite(t, Options{TracesSampleRate: -1}, MiddlewareOptions{}, "/", func(_ http.ResponseWriter, r *http.Request) {
		fetch(t, r.Context(), leaf.URL)
	})
	ctx, c, m := testClient(t, Options{TracesSampleRate: 1})
	root, tx := StartTransaction(ctx, "job", "begin")
	fetch(t, root, middle.listen().URL)
	tx.End()
	first := (&site{t, c, m, nil}).one(wire.ItemTransaction)
	second, third := middle.one(wire.ItemTransaction), last.one(wire.ItemTransaction)
	call := func(ev object) any { return at(ev["spans"].([]any)[0], "span_id") }
	same(t, second, call(first), "contexts", "trace", "parent_span_id")
	same(t, third, call(second), "contexts", "trace", "parent_span_id")
	for _, ev := range []object{second, third} {
		same(t, ev, tx.TraceID(), "contexts", "trace", "trace_id")
	}
	if h := last.m.envelopes[0].Header.Trace; h.Transaction != "begin" || h.SampleRate != "1" || h.Sampled != "true" || h.TraceID != tx.TraceID() {
		t.Errorf("the last service tells of the trace: %+v", h)
	}
}
