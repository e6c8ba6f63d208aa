package api_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

// series returns the one series of an answer by its key, or nil.
func series(trends map[string]any, key string) []any {
	for _, s := range trends["series"].([]any) {
		if s := s.(map[string]any); s["key"] == key {
			return s["points"].([]any)
		}
	}
	return nil
}

func TestTrendsFillGaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	f := func(query, interval string, points int) {
		t.Helper()
		got := w.get("/sentry/trends?" + query)
		list := series(got, "all")
		if got["interval"] != interval || len(list) != points {
			t.Fatalf("%s: %v points %v apart, want %d %s apart", query, len(list), got["interval"], points, interval)
		}
		window := got["window"].(map[string]any)
		first, last := list[0].(map[string]any), list[points-1].(map[string]any)
		if first["t"] != window["from"] {
			t.Errorf("%s: first point at %v, window from %v", query, first["t"], window["from"])
		}
		end, _ := time.Parse(time.RFC3339, last["t"].(string))
		if to, _ := time.Parse(time.RFC3339, window["to"].(string)); !to.After(noon) || !end.Before(noon) || to.Sub(end) > 24*time.Hour {
			t.Errorf("%s: last point at %v, window to %v", query, last["t"], window["to"])
		}
		var errors, executions float64
		for _, p := range list {
			p := p.(map[string]any)
			errors += p["errors"].(float64)
			executions += p["executions"].(float64)
			if p["executions"].(float64) == 0 && p["errorRate"] != nil {
				t.Errorf("%s: a rate of nothing at %v", query, p["t"])
			}
		}
		if errors != 2 || executions != 1 {
			t.Errorf("%s: %v errors and %v executions, want 2 and 1", query, errors, executions)
		}
	}
	f("window=6h", "5m", 73)
	f("window=6h&interval=1m", "1m", 361)
	f("window=24h", "1h", 25)
	f("window=7d", "1h", 169)
	f("window=8d", "1d", 9)
	f("window=90d", "1d", 91)
	f("window=24h&agentId="+url.QueryEscape(agentID), "1h", 25)
	f("window=24h&environment=production&release=bill@1.0.0", "1h", 25)
}

func TestTrendsGroups(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	f := func(group, key, field string, want float64) {
		t.Helper()
		for _, agent := range []string{"", agentID} {
			got := w.get("/sentry/trends?window=24h&groupBy=" + group + "&agentId=" + url.QueryEscape(agent))
			sum := 0.0
			for _, p := range series(got, key) {
				n, _ := p.(map[string]any)[field].(float64)
				sum += n
			}
			if sum != want {
				t.Errorf("%s of %s %q = %v, want %v", field, group, key, sum, want)
			}
		}
	}
	f("agent", agentID, "executions", 1)
	f("environment", "production", "errors", 2)
	f("release", "bill@1.0.0", "costNanos", 1_250_000)
	f("model", "openai/gpt-5", "tokens", 1050)
	f("model", "openai/gpt-5", "calls", 1)
	f("tool", "charge_card", "errors", 1)
	f("errorType", "*bill.DeclinedError", "errors", 2)
	f("environment", "staging", "errors", 0)
}

func TestTrendsOfNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if got := series(w.get("/sentry/trends"), "all"); len(got) != 25 {
		t.Errorf("%d points, want a flat line of 25", len(got))
	}
	w.fill()
	got := w.get("/sentry/trends?environment=nowhere&groupBy=agent")
	if list := got["series"].([]any); len(list) != 0 {
		t.Errorf("series of nothing: %v", list)
	}
	if code, _, body := w.ask(w.ours, "GET", "/sentry/trends?environment=nowhere&agentId="+url.QueryEscape(agentID), ""); code != 200 {
		t.Errorf("a known agent that was quiet: %d %s", code, body)
	}
}

// manyAgents stores n agents with rising numbers of errors.
func (w *world) manyAgents(n int) {
	w.t.Helper()
	orgs, err := w.db.Organizations(w.t.Context())
	w.must(err)
	b := &model.Batch{Org: orgs[0].ID, Project: w.project, Received: noon}
	for i := range n {
		for j := range i + 1 {
			e := fault(model.EventID{1, byte(i), byte(j)}, noon.Add(-time.Minute), model.Agent{ID: fmt.Sprintf("agent %02d", i)})
			e.Hashes = []model.Hash{{1, byte(i)}}
			b.Events = append(b.Events, e)
		}
	}
	w.write(b)
}

func TestTrendsKeepTheBusiest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.manyAgents(23)
	got := w.get("/sentry/trends?groupBy=agent")
	if n, more := len(got["series"].([]any)), got["more"]; n != 20 || more != 3.0 {
		t.Errorf("%d series and %v more, want 20 and 3", n, more)
	}
	if series(got, "agent 22") == nil || series(got, "agent 02") != nil {
		t.Error("not the busiest were kept")
	}
}

func TestPaging(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.manyAgents(7)
	f := func(path, list, name string, want int) {
		t.Helper()
		seen := map[any]bool{}
		cursor, pages := "", 0
		for {
			got := w.get(path + "limit=3&cursor=" + url.QueryEscape(cursor))
			pages++
			for _, row := range got[list].([]any) {
				seen[row.(map[string]any)[name]] = true
			}
			next, more := got["next"].(string)
			if !more || pages > 10 {
				break
			}
			cursor = next
		}
		if len(seen) != want || pages != (want+2)/3 {
			t.Errorf("%s: %d rows on %d pages, want %d", path, len(seen), pages, want)
		}
	}
	f("/api/v1/agents?", "agents", "id", 7)
	f("/api/v1/issues?", "issues", "id", 7)
	f("/api/v1/issues?sort=freq&", "issues", "id", 7)
	f("/api/v1/issues/7/events?", "events", "eventId", 7)
	f("/sentry/issues/agent%2006?", "issues", "id", 1)
}
