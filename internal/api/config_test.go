package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
)

const (
	upstreamDSN  = "https://0123456789abcdef@sentry.example.com/7"
	maskedDSN    = "https://****cdef@sentry.example.com/7"
	elsewhereDSN = "https://fedcba9876543210@other.example.com/8"
)

// put sets the configuration and returns the answer, which must be of that status.
func (w *world) put(path, body string, want int) map[string]any {
	w.t.Helper()
	code, h, raw := w.ask(w.ours, "PUT", path, body)
	if code != want {
		w.t.Fatalf("PUT %s %s: %d %s", path, body, code, raw)
	}
	var out map[string]any
	w.must(json.Unmarshal(raw, &out))
	if want == http.StatusOK && h.Get("ETag") != fmt.Sprintf(`"%v"`, out["version"]) {
		w.t.Errorf("PUT %s: ETag %s of version %v", path, h.Get("ETag"), out["version"])
	}
	return out
}

// has holds an answer against what keys of it must be.
func (w *world) has(what string, answer map[string]any, want map[string]any) {
	w.t.Helper()
	for key, value := range want {
		if got := answer[key]; !reflect.DeepEqual(got, value) {
			w.t.Errorf("%s: %s is %v, want %v", what, key, got, value)
		}
	}
}

func TestConfigOfAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	none := []any{}
	w.has("at first", w.get("/sentry/config"), map[string]any{
		"mode": "local", "initialized": true, "dsn": nil, "environment": nil, "release": nil, "sampleRate": 1.0, "tracesSampleRate": 1.0, "debug": false,
		"maxBreadcrumbs": 100.0, "sendDefaultPii": false, "customers": none, "project": nil, "version": 0.0, "updatedAt": nil, "updatedBy": nil,
	})
	got := w.put("/sentry/config", `{"dsn":"`+upstreamDSN+`","environment":"production","sampleRate":0.5,"sendDefaultPii":true,
		"samplingRules":[{"agent":"billing*","rate":1}]}`, 200)
	w.has("after a change", got, map[string]any{
		"mode": "forwarding", "dsn": maskedDSN, "environment": "production", "release": nil, "sampleRate": 0.5, "tracesSampleRate": 1.0,
		"sendDefaultPii": true, "version": 1.0, "updatedAt": "2026-11-23T12:00:30Z", "updatedBy": "token test",
		"samplingRules": []any{map[string]any{"agent": "billing*", "rate": 1.0}},
		"inherited":     []any{"customers", "release", "debug", "maxBreadcrumbs", "tracesSampleRate", "samplingPerMinute", "samplingCostUsd", "samplingDurationMs"},
	})
	if again := w.get("/api/v1/sentry/config"); !reflect.DeepEqual(again, got) {
		t.Errorf("the other prefix says %v", again)
	}
	if e := w.settings.Book().Of(1, w.project).Upstream; e.DSN != upstreamDSN || e.MaxBreadcrumbs != 100 {
		t.Errorf("what holds at once: %+v", e)
	}
	w.has("nothing sent, nothing changed", w.put("/sentry/config", `{}`, 200), map[string]any{"mode": "forwarding", "dsn": maskedDSN, "sampleRate": 0.5, "version": 1.0})
	back := `{"dsn":null,"environment":null,"sampleRate":null,"sendDefaultPii":null,"samplingRules":null}`
	w.has("after taking all back", w.put("/sentry/config", back, 200), map[string]any{"mode": "local", "dsn": nil, "sampleRate": 1.0, "samplingRules": none, "version": 2.0})
}

// TestConfigComesAndGoes sends every answer back as it was: nothing may change by that.
func TestConfigComesAndGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	same := func(path string) {
		t.Helper()
		before := w.get(path)
		raw, err := json.Marshal(before)
		w.must(err)
		if after := w.put(path, string(raw), 200); !reflect.DeepEqual(after, before) {
			t.Errorf("%s was %v and is %v", path, before, after)
		}
	}
	const ours, projects = "/sentry/config", "/sentry/config?project=default"
	same(ours)
	same(projects)
	w.put(ours, `{"dsn":"`+upstreamDSN+`","customers":[{"organization":"acme","dsn":"`+elsewhereDSN+`"}],"samplingRules":[{"rate":0.1}],"release":""}`, 200)
	same(ours)
	same(projects)
	w.put(projects, `{"dsn":"","maxBreadcrumbs":5,"tracesSampleRate":0.25}`, 200)
	same(projects)
	if e := w.settings.Book().Of(1, w.project); e.Upstream.DSN != "" || e.Upstream.MaxBreadcrumbs != 5 || e.Sampling.Transactions != 0.25 {
		t.Errorf("what holds for the project: %+v", e)
	}
	if e := w.settings.Book().Of(1, 0); e.Upstream.DSN != upstreamDSN || e.Upstream.Customers[0].DSN != elsewhereDSN {
		t.Errorf("what holds for the organization: %+v", e)
	}
}

func TestConfigOfProject(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/sentry/config?project=default"
	w.put("/sentry/config", `{"dsn":"`+upstreamDSN+`","environment":"production"}`, 200)
	w.has("nothing of its own", w.get(path), map[string]any{"mode": "forwarding", "dsn": maskedDSN, "environment": "production", "project": "1", "version": 0.0})
	got := w.put(path, `{"environment":"staging","dsn":null}`, 200)
	w.has("one field of its own", got, map[string]any{"dsn": maskedDSN, "environment": "staging", "version": 1.0})
	if inherited := got["inherited"].([]any); len(inherited) != len(settings.Fields())-1 || slices.Contains(inherited, any("environment")) {
		t.Errorf("inherited %v", inherited)
	}
	w.put("/sentry/config", `{"dsn":"`+elsewhereDSN+`","environment":"production"}`, 200)
	w.has("after the organization's change", w.get(path), map[string]any{"dsn": "https://****3210@other.example.com/8", "environment": "staging"})
	w.has("nothing forwarded", w.put(path, `{"dsn":""}`, 200), map[string]any{"mode": "local", "dsn": "", "environment": "staging"})
	w.has("its own environment given up", w.put(path, `{"environment":null}`, 200), map[string]any{"mode": "local", "dsn": "", "environment": "production"})
	w.has("sampled alone", w.put(path, `{"tracesSampleRate":0.5}`, 200), map[string]any{"mode": "local", "tracesSampleRate": 0.5, "samplingPerMinute": 0.0})
	w.has("the organization sampled alone", w.put("/sentry/config", `{"sampleRate":0.25}`, 200), map[string]any{"mode": "forwarding", "environment": "production", "sampleRate": 0.25})
	w.has("what a project set meanwhile", w.get(path), map[string]any{"dsn": "", "tracesSampleRate": 0.5, "sampleRate": 0.25})

	raw, err := json.Marshal(map[string]any{"dsn": nil, "environment": "dev", "inherited": []string{"environment", "release"}})
	w.must(err)
	w.has("a field named as inherited and changed", w.put(path, string(raw), 200), map[string]any{"environment": "dev", "release": nil})
}

func TestConfigRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put("/sentry/config", `{"dsn":"`+upstreamDSN+`"}`, 200)
	f := func(path, body string, code int, says ...string) {
		t.Helper()
		p := w.put(path, body, code)
		for _, s := range says {
			if !strings.Contains(p["detail"].(string), s) {
				t.Errorf("%s: detail %q does not say %q", body, p["detail"], s)
			}
		}
		if code == 400 && len(p["errors"].([]any)) == 0 {
			t.Errorf("%s: no errors by field", body)
		}
	}
	keys, err := w.db.Keys(t.Context(), store.Scope{Org: 1}, w.project)
	w.must(err)
	own := "http://" + keys[0].Public + "@127.0.0.1:3001/1"
	f("/sentry/config", `{"dsn":"x","environment":"a/b","release":"a\nb","customers":[{"organization":"","dsn":"y"}]}`, 400,
		"dsn: ", "environment: ", "release: ", "customers[0].organization: ", "customers[0].dsn: ")
	f("/sentry/config", `{"sampleRate":2,"tracesSampleRate":-1,"maxBreadcrumbs":101,"samplingPerMinute":-1,"colour":"red","size":1}`, 400,
		"sampleRate", "tracesSampleRate", "maxBreadcrumbs", "samplingPerMinute", "colour", "size")
	f("/sentry/config", `{"samplingRules":[{"rate":1,"colour":"red"}]}`, 400, "samplingRules[0].colour")
	f("/sentry/config", `{"debug":"yes"}`, 400, "debug")
	f("/sentry/config", `{"dsn":"https://****ffff@sentry.example.com/7"}`, 400, "dsn: is masked")
	f("/sentry/config", `{"customers":[{"organization":"acme","dsn":"https://****3210@other.example.com/8"}]}`, 400, "customers[0].dsn: is masked")
	f("/sentry/config", `{"dsn":"`+own+`"}`, 400, "dsn: is a DSN of this Picket")
	f("/sentry/config?project=nope", `{}`, 404, "nope")
	f("/sentry/config", `{"version":0}`, 409, "version 1")
	if got := w.get("/sentry/config"); got["version"] != 1.0 || got["dsn"] != maskedDSN {
		t.Errorf("what was refused left %v", got)
	}
}

// TestRefusalsKeepSecrets sends bodies that cannot be read: the answer must not repeat them.
func TestRefusalsKeepSecrets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := func(kind, body string, want int) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "PUT", w.url+"/sentry/config", strings.NewReader(body))
		w.must(err)
		r.Header.Set("Authorization", "Bearer "+w.ours)
		r.Header.Set("Content-Type", kind)
		a, err := http.DefaultClient.Do(r)
		w.must(err)
		defer a.Body.Close()
		text, err := io.ReadAll(a.Body)
		w.must(err)
		if a.StatusCode != want || strings.Contains(string(text), "0123456789ab") {
			t.Errorf("%s, %s: %d %s", kind, body, a.StatusCode, text)
		}
	}
	f("application/x-www-form-urlencoded", `{"dsn":"`+upstreamDSN+`"}`, 415)
	f("application/json", `{"dsn":"`+upstreamDSN+`"`, 400)
	f("application/json", `{"dsn":["`+upstreamDSN+`"]}`, 400)
	f("application/json", `["`+upstreamDSN+`"]`, 400)
	f("application/json", `{"dsn":"x`+upstreamDSN+`"}`, 400)
	f("application/json", `{"customers":[{"organization":"","dsn":"`+upstreamDSN+`x/y/z"}]}`, 400)
}

func TestConfigVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := func(ifMatch, body string, want int) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "PUT", w.url+"/sentry/config", strings.NewReader(body))
		w.must(err)
		r.Header.Set("Authorization", "Bearer "+w.ours)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("If-Match", ifMatch)
		a, err := http.DefaultClient.Do(r)
		w.must(err)
		a.Body.Close()
		if a.StatusCode != want {
			t.Errorf("If-Match %s, %s: %d, want %d", ifMatch, body, a.StatusCode, want)
		}
	}
	f(`"0"`, `{"environment":"one"}`, 200)
	f(`"0"`, `{"environment":"two"}`, 409)
	f(`W/"1"`, `{"environment":"two"}`, 200)
	f(`2`, `{"environment":"three","version":0}`, 200)
	f(`*`, `{"environment":"four"}`, 200)
	f(`yesterday`, `{"environment":"five"}`, 400)
	f(`"3"`, `{"environment":"six"}`, 409)
	if got := w.get("/sentry/config")["environment"]; got != "four" {
		t.Errorf("what holds after all: %v", got)
	}
}

func TestConfigHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put("/sentry/config", `{"dsn":"`+upstreamDSN+`"}`, 200)
	w.put("/sentry/config", `{"dsn":"`+elsewhereDSN+`","environment":"production"}`, 200)
	w.put("/sentry/config?project=default", `{"sampleRate":0.5}`, 200)
	page := w.get("/api/v1/config/history?limit=1")
	first := page["versions"].([]any)[0].(map[string]any)
	w.has("the newest version", first, map[string]any{"version": 2.0, "at": "2026-11-23T12:00:30Z", "by": "token test", "unreadable": false, "changes": []any{
		map[string]any{"field": "upstream.dsn", "before": maskedDSN, "after": "https://****3210@other.example.com/8"},
		map[string]any{"field": "upstream.environment", "before": nil, "after": "production"},
	}})
	if rest := w.get("/api/v1/config/history?cursor=" + page["next"].(string))["versions"].([]any); len(rest) != 1 {
		t.Errorf("the next page has %d versions", len(rest))
	}
	if own := w.get("/api/v1/config/history?project=default")["versions"].([]any); len(own) != 1 {
		t.Errorf("the project has %d versions", len(own))
	}
	for _, path := range []string{"/sentry/config", "/api/v1/config/history", "/api/v1/config/history?project=default"} {
		if _, _, raw := w.ask(w.ours, "GET", path, ""); strings.Contains(string(raw), "0123456789ab") || strings.Contains(string(raw), "fedcba98765") {
			t.Errorf("%s tells a key: %s", path, raw)
		}
	}
}

// TestConfigTest tries out what was sent, what is set, and what is neither. What happens
// at each stage is shown where upstreams are tried out.
func TestConfigTest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger := httptest.NewServer(http.NotFoundHandler()) // inside, and so not called
	t.Cleanup(stranger.Close)
	dsn := "http://0123456789abcdef@" + strings.TrimPrefix(stranger.URL, "http://") + "/7"
	f := func(body string, code int, stage, says string) {
		t.Helper()
		got, _, raw := w.ask(w.ours, "POST", "/sentry/config/test", body)
		var a struct {
			OK      bool
			Stage   string
			Error   string
			EventID *string
			Detail  string
		}
		w.must(json.Unmarshal(raw, &a))
		if got != code || a.OK || a.Stage != stage || !strings.Contains(a.Error+a.Detail, says) || strings.Contains(string(raw), "0123456789ab") {
			t.Errorf("%s: %d %s", body, got, raw)
		}
	}
	f(`{}`, 200, "parse", "there is no DSN")
	f(``, 200, "parse", "there is no DSN")
	f(`{"dsn":"nonsense"}`, 200, "parse", "https://KEY@HOST/PROJECT")
	f(`{"dsn":"`+dsn+`"}`, 200, "connect", "--allow-outbound")
	f(`{"dsn":"https://****cdef@h/1"}`, 400, "", "masked")
	f(`{"colour":"red"}`, 400, "", "colour")
	w.put("/sentry/config", `{"dsn":"`+dsn+`"}`, 200)
	f(`{}`, 200, "connect", "--allow-outbound")
	f(`{"dsn":"`+settings.MaskDSN(dsn)+`"}`, 200, "connect", "--allow-outbound")
	keys, err := w.db.Keys(t.Context(), store.Scope{Org: 1}, w.project)
	w.must(err)
	f(`{"dsn":"http://`+keys[0].Public+`@127.0.0.1:3001/1"}`, 200, "parse", "DSN of this Picket")
}

func TestConfigScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reader := w.token(1, []string{"org:read"})
	f := func(method, path string, want int) {
		t.Helper()
		if code, _, body := w.ask(reader, method, path, `{}`); code != want {
			t.Errorf("%s %s with org:read: %d %s", method, path, code, body)
		}
	}
	f("GET", "/sentry/config", 200)
	f("GET", "/api/v1/config/history", 200)
	f("PUT", "/sentry/config", 403)
	f("POST", "/sentry/config/test", 403)
}
