package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	f := func(method, path, body string, want int, says ...string) {
		t.Helper()
		code, h, text := w.ask(w.ours, method, path, body)
		var p struct {
			Title, Detail string
			Status        int
		}
		if err := json.Unmarshal(text, &p); err != nil {
			t.Errorf("%s %s: %v in %s", method, path, err, text)
		}
		if code != want || p.Status != want || p.Title != http.StatusText(want) || h.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d %s %s", method, path, code, h.Get("Content-Type"), text)
		}
		for _, s := range says {
			if !strings.Contains(p.Detail, s) {
				t.Errorf("%s %s: detail %q does not say %q", method, path, p.Detail, s)
			}
		}
	}
	f("GET", "/api/v1/issues?querry=x", "", 400, "querry")
	f("GET", "/api/v1/issues?sort=loud", "", 400, "sort", "freq")
	f("GET", "/api/v1/issues?limit=0", "", 400, "limit")
	f("GET", "/api/v1/issues?limit=many", "", 400, "limit")
	f("GET", "/api/v1/issues?query=is:tired", "", 400, "tired")
	f("GET", "/api/v1/issues?query=release:%3E1&window=1h", "", 400, "release")
	f("GET", "/api/v1/issues?cursor=!", "", 400, "cursor")
	f("GET", "/api/v1/agents?cursor=!", "", 400, "cursor")
	f("GET", "/api/v1/issues?project=nope", "", 404, "nope")
	f("GET", "/api/v1/issues/77", "", 404)
	f("GET", "/api/v1/issues/NOPE-1", "", 404)
	f("PATCH", "/api/v1/issues/1", `{"status":"resolved","colour":"red"}`, 400, "colour")
	f("PATCH", "/api/v1/issues/1", `{"status":"gone"}`, 400, "status")
	f("PATCH", "/api/v1/issues/1", `{}`, 400, "status")
	f("PATCH", "/api/v1/issues/1", `{`, 400)
	f("PATCH", "/api/v1/issues/1", ``, 400)
	f("PATCH", "/api/v1/issues/77", `{"status":"resolved"}`, 404)
	f("POST", "/api/v1/projects", `{"slug":"Big Slug"}`, 400, "slug")
	f("POST", "/api/v1/projects", `{"slug":"default"}`, 409, "default")
	f("POST", "/api/v1/projects", `{"slug":"`+strings.Repeat("x", 2<<20)+`"}`, 413)
	f("GET", "/api/v1/events/xyz", "", 400, "eventId")
	f("GET", "/api/v1/events/"+strings.Repeat("0a", 16), "", 404)
	f("GET", "/api/v1/traces/"+strings.Repeat("0a", 16), "", 404)
	f("GET", "/api/v1/logs?traceId=1", "", 400, "traceId")
	f("GET", "/api/v1/monitors/nope/checkins", "", 404, "nope")
	f("GET", "/api/v1/executions/nope", "", 404)
	f("GET", "/sentry/stats/nobody", "", 404, "nobody")
	f("GET", "/sentry/issues/nobody", "", 404, "nobody")
	f("GET", "/sentry/trends?agentId=nobody", "", 404, "nobody")
	f("GET", "/sentry/stats/nobody?window=91d", "", 400, "window", "91d")
	f("GET", "/sentry/stats/nobody?window=59m", "", 400, "window")
	f("GET", "/sentry/stats/nobody?window=yesterday", "", 400, "yesterday")
	f("GET", "/sentry/trends?groupBy=colour", "", 400, "groupBy")
	f("GET", "/sentry/trends?interval=2m", "", 400, "interval")
	f("GET", "/sentry/trends?window=47h&interval=1m", "", 400, "interval", "take 5m")
	f("GET", "/sentry/trends?window=5d&interval=15m", "", 400, "too fine", "take 1h")
	f("GET", "/sentry/trends?window=60d&interval=6h", "", 400, "too fine", "take 1d")
	f("GET", "/api/v1/nothing", "", 404, "/docs")
	f("GET", "/sentry/", "", 404)
	f("DELETE", "/api/v1/agents", "", 405, "GET")
}

func TestDocs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code, h, page := w.ask("", "GET", "/docs", "")
	if code != http.StatusOK || h.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("%d %s", code, h.Get("Content-Type"))
	}
	if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "script") {
		t.Errorf("policy %q", csp)
	}
	for _, alien := range []string{"<script", "src=", "http://", "https://", "@import", "url("} {
		if strings.Contains(string(page), alien) {
			t.Errorf("the page holds %q", alien)
		}
	}
	ops, _ := w.described()
	for id, op := range ops {
		if !strings.Contains(string(page), op.path) {
			t.Errorf("the page lacks %s %s", id, op.path)
		}
	}
	for _, s := range []string{"prefers-color-scheme: dark", "event:read", "schema-AgentStats", "19 of 20"} {
		if !strings.Contains(string(page), s) {
			t.Errorf("the page lacks %q", s)
		}
	}
}
