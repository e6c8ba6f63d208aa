package picket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"relay.one/picket/wire"
)

func TestCaptureReturned(t *testing.T) {
	t.Parallel()
	full := errors.New("disk full")
	f := func(reported, returned error, want int) {
		t.Helper()
		ctx, c, m := testClient(t, Options{})
		first := CaptureException(ctx, reported)
		id := CaptureReturned(ctx, returned)
		flush(t, c)
		events := m.items(t, wire.ItemEvent)
		if len(events) != want {
			t.Fatalf("%d events came, want %d", len(events), want)
		}
		if again := reported != nil && want == 1; again != (first == id) {
			t.Errorf("ids %q and %q, want the same = %v", first, id, again)
		}
		if id == "" || at(events[want-1], "event_id") != string(id) {
			t.Errorf("id = %q of %v", id, at(events[want-1], "event_id"))
		}
	}
	f(nil, full, 1)
	f(full, full, 1)
	f(full, fmt.Errorf("save: %w", full), 1)
	f(full, errors.New("disk full"), 2)
	f(fmt.Errorf("save: %w", full), full, 2)
}

func TestCaptureReturnedShowsTheErrorsStackAlone(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	CaptureReturned(ctx, errors.New("disk full"))
	CaptureReturned(ctx, nil)
	CaptureReturned(context.Background(), errors.New("nobody's"))
	flush(t, c)
	events := m.items(t, wire.ItemEvent)
	if len(events) != 1 {
		t.Fatalf("%d events came, want 1", len(events))
	}
	x := at(events[0], "exception", "values").([]any)[0].(object)
	if x["value"] != "disk full" || x["stacktrace"] != nil {
		t.Errorf("exception = %v", x)
	}
}

func TestWithPathValues(t *testing.T) {
	t.Parallel()
	f := func(value, header, want string) {
		t.Helper()
		_, c, m := testClient(t, Options{})
		h := c.Middleware(MiddlewareOptions{AgentPathValue: "agentId", AgentHeader: "Agent"})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			CaptureMessage(r.Context(), LevelInfo, "hello")
		}))
		r := httptest.NewRequest(http.MethodGet, "/agents/a1", nil)
		if header != "" {
			r.Header.Set("Agent", header)
		}
		ctx := WithPathValues(r.Context(), func(name string) string {
			if name != "agentId" {
				return "another"
			}
			return value
		})
		h.ServeHTTP(httptest.NewRecorder(), r.WithContext(ctx))
		flush(t, c)
		for _, item := range []string{wire.ItemEvent, wire.ItemTransaction} {
			got, _ := at(m.items(t, item)[0], "tags", wire.TagAgentID).(string)
			if got != want {
				t.Errorf("agent of the %s = %q, want %q", item, got, want)
			}
		}
	}
	f("a1", "", "a1")
	f("", "", "")
	f("a1", "a2", "a2")
}
