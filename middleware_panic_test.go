package picket

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"relay.one/picket/wire"
)

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
