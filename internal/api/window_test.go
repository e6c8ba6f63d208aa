package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

// Everything that takes a window takes two moments instead.
func TestAbsoluteStretches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill() // an error at 10:50, and everything else at 11:50
	const during, after = "from=2026-11-23T11:50:00Z&to=2026-11-23T11:51:00Z", "from=2026-11-23T11:51:00Z&to=2026-11-23T11:59:00Z"
	agent := url.PathEscape(agentID)
	f := func(path string, keys ...string) {
		t.Helper()
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		if n := size(at(t, w.get(path+sep+during), keys...)); n == 0 {
			t.Errorf("%s: no %v of what happened then", path, keys)
		}
		if n := size(at(t, w.get(path+sep+after), keys...)); n != 0 {
			t.Errorf("%s: %v %v of what had happened before", path, n, keys)
		}
	}
	f("/sentry/stats/"+agent, "executions")
	f("/sentry/stats/"+agent, "topIssues")
	f("/sentry/issues/"+agent, "issues")
	f("/sentry/trends?groupBy=agent", "series")
	f("/api/v1/agents", "agents")
	f("/api/v1/agents/"+agent, "errors")
	f("/api/v1/cost", "total", "executions")
	f("/api/v1/cost?interval=auto", "rows")
	f("/api/v1/models", "models")
	f("/api/v1/tools", "tools")
	f("/api/v1/policies", "policies")
	f("/api/v1/policies/spending", "evaluations")
	f("/api/v1/sessions", "sessions")
	f("/api/v1/executions", "executions")
	f("/api/v1/conversations", "conversations")
	f("/api/v1/issues", "issues")
	f("/api/v1/logs", "logs")
	if got := w.get("/api/v1/discards?from=2026-11-23T12:00:00Z&to=2026-11-23T12:01:00Z")["discards"].([]any); len(got) != 1 {
		t.Errorf("discards: %v", got)
	}
}

// size returns how many there are: a number, or the length of a list.
func size(v any) int {
	if list, ok := v.([]any); ok {
		return len(list)
	}
	return int(v.(float64))
}

func TestAbsoluteStretchesSayWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := func(query string, says ...string) {
		t.Helper()
		for _, path := range []string{"/api/v1/agents?", "/sentry/trends?", "/api/v1/discards?", "/api/v1/sessions?"} {
			code, _, body := w.ask(w.ours, "GET", path+query, "")
			if code != http.StatusBadRequest {
				t.Errorf("%s%s: %d", path, query, code)
			}
			for _, s := range says {
				if !strings.Contains(string(body), s) {
					t.Errorf("%s%s: %s does not say %q", path, query, body, s)
				}
			}
		}
	}
	f("from=2026-11-23T11:00:00Z", "to:", "missing")
	f("to=2026-11-23T11:00:00Z", "from:", "missing")
	f("from=yesterday&to=2026-11-23T11:00:00Z", "from")
	f("from=2026-11-23T11:00:00Z&to=today", "to")
	f("from=2026-11-23T11:00:00Z&to=2026-11-23T11:00:00Z", "from:", "before")
	f("from=2026-11-23T12:00:00Z&to=2026-11-23T11:00:00Z", "from:", "before")
	f("from=2026-11-23T11:00:00Z&to=2026-11-23T11:00:59Z", "to:", "a minute to 90 days")
	f("from=2026-08-01T00:00:00Z&to=2026-11-01T00:00:00Z", "to:", "90 days")
	f("from=1900-01-01T00:00:00Z&to=9999-12-31T23:59:59Z", "90 days")
	f("window=24h&from=2026-11-23T11:00:00Z&to=2026-11-23T12:00:00Z", "window:")
}

// The points of a stretch are such as rows are still kept of, and hold what happened in it.
func TestAbsoluteTrends(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	org, err := w.db.Organizations(t.Context())
	w.must(err)
	then := time.Date(2026, 11, 13, 9, 30, 0, 0, time.UTC)
	w.write(&model.Batch{Org: org[0].ID, Project: w.project, Received: noon,
		Events: []model.Event{fault(model.EventID{0xee}, then, model.Agent{ID: agentID})}})
	f := func(query, interval string, points int, from, to string, errors float64) {
		t.Helper()
		got := w.get("/sentry/trends?" + query)
		list := series(got, "all")
		sum := 0.0
		for _, p := range list {
			sum += p.(map[string]any)["errors"].(float64)
		}
		if got["interval"] != interval || len(list) != points || sum != errors {
			t.Errorf("%s: %d points %v apart with %v errors, want %d %s with %v", query, len(list), got["interval"], sum, points, interval, errors)
		}
		window := got["window"].(map[string]any)
		if window["from"] != from || window["to"] != to || list[0].(map[string]any)["t"] != from {
			t.Errorf("%s: %v", query, window)
		}
	}
	f("from=2026-11-23T11:45:10Z&to=2026-11-23T11:55:10Z", "1m", 11, "2026-11-23T11:45:00Z", "2026-11-23T11:56:00Z", 1)
	f("from=2026-11-23T11:50:00%2B00:00&to=2026-11-23T11:51:00Z", "1m", 1, "2026-11-23T11:50:00Z", "2026-11-23T11:51:00Z", 1)
	f("from=2026-11-23T12:50:00%2B01:00&to=2026-11-23T12:59:00%2B01:00", "1m", 9, "2026-11-23T11:50:00Z", "2026-11-23T11:59:00Z", 1)
	f("from=2026-11-23T10:03:00Z&to=2026-11-23T12:00:00Z", "5m", 24, "2026-11-23T10:00:00Z", "2026-11-23T12:00:00Z", 2)
	f("from=2026-11-22T00:00:00Z&to=2026-11-23T00:00:00Z", "1h", 24, "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z", 0)
	// Ten days ago there are hours, and sixty days ago nothing but days.
	f("from=2026-11-13T09:15:00Z&to=2026-11-13T09:45:00Z", "1h", 1, "2026-11-13T09:00:00Z", "2026-11-13T10:00:00Z", 1)
	f("from=2026-09-20T09:00:00Z&to=2026-09-20T10:00:00Z", "1d", 1, "2026-09-20T00:00:00Z", "2026-09-21T00:00:00Z", 0)
	f("from=2026-08-25T00:00:00Z&to=2026-11-23T00:00:00Z", "1d", 90, "2026-08-25T00:00:00Z", "2026-11-23T00:00:00Z", 1)
	if got := w.get("/api/v1/agents?from=2026-11-13T09:00:00Z&to=2026-11-13T10:00:00Z"); size(at(t, got, "agents", "id="+agentID, "errors")) != 1 {
		t.Errorf("ten days ago: %v", got)
	}
}
