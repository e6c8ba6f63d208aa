package api_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"relay.one/picket/internal/api"
)

var update = flag.Bool("update", false, "rewrite docs/openapi.json")

// request is one that world.fill makes answerable, by the operation it belongs to.
type request struct{ operation, path, body string }

func requests() []request {
	agent := url.PathEscape(agentID)
	return []request{
		{"agentStats", "/sentry/stats/" + agent, ""},
		{"agentStatsV1", "/api/v1/sentry/stats/" + agent, ""},
		{"agentIssues", "/sentry/issues/" + agent, ""},
		{"agentIssuesV1", "/api/v1/sentry/issues/" + agent, ""},
		{"trends", "/sentry/trends?agentId=" + url.QueryEscape(agentID), ""},
		{"trendsV1", "/api/v1/sentry/trends?groupBy=model", ""},
		{"agents", "/api/v1/agents", ""},
		{"agent", "/api/v1/agents/" + agent, ""},
		{"cost", "/api/v1/cost?groupBy=issue&interval=auto", ""},
		{"models", "/api/v1/models?pricing=unpriced", ""},
		{"tools", "/api/v1/tools", ""},
		{"policies", "/api/v1/policies", ""},
		{"policy", "/api/v1/policies/spending", ""},
		{"faults", "/api/v1/faults", ""},
		{"rules", "/api/v1/rules", ""},
		{"compare", "/api/v1/compare?selection=outcome:wrong", ""},
		{"issues", "/api/v1/issues", ""},
		{"issue", "/api/v1/issues/DEFAULT-1", ""},
		{"changeIssue", "/api/v1/issues/1", `{"assignee":"ann@example.com"}`},
		{"similarIssues", "/api/v1/issues/1/similar", ""},
		{"issueSeries", "/api/v1/issues/series?id=1&id=2", ""},
		{"mergeIssues", "/api/v1/issues/merge", `{"ids":["1","DEFAULT-2"],"into":"1"}`},
		{"mergedIssues", "/api/v1/issues/1/merged", ""},
		{"unmergeIssues", "/api/v1/issues/DEFAULT-2/unmerge", `{"ids":["2"]}`},
		{"issueEvents", "/api/v1/issues/1/events", ""},
		{"issueTags", "/api/v1/issues/1/tags", ""},
		{"event", "/api/v1/events/" + errorID.String(), ""},
		{"trace", "/api/v1/traces/" + traceOf.String(), ""},
		{"span", "/api/v1/traces/" + traceOf.String() + "/spans/" + modelID.String(), ""},
		{"executions", "/api/v1/executions", ""},
		{"execution", "/api/v1/executions/run-1", ""},
		{"conversations", "/api/v1/conversations", ""},
		{"conversation", "/api/v1/conversations/talk-1", ""},
		{"sampling", "/api/v1/sampling?window=1h", ""},
		{"logs", "/api/v1/logs", ""},
		{"monitors", "/api/v1/monitors", ""},
		{"checkIns", "/api/v1/monitors/nightly/checkins", ""},
		{"sessions", "/api/v1/sessions", ""},
		{"discards", "/api/v1/discards", ""},
		{"projects", "/api/v1/projects", ""},
		{"environments", "/api/v1/environments", ""},
		{"createProject", "/api/v1/projects", `{"slug":"second"}`},
		{"projectKeys", "/api/v1/projects/default/keys", ""},
		{"config", "/sentry/config", ""},
		{"configV1", "/api/v1/sentry/config?project=default", ""},
		{"changeConfig", "/sentry/config", `{"environment":"staging"}`},
		{"changeConfigV1", "/api/v1/sentry/config", `{"environment":"production"}`},
		{"testConfig", "/sentry/config/test", `{}`},
		{"testConfigV1", "/api/v1/sentry/config/test", `{"dsn":"nonsense"}`},
		{"configHistory", "/api/v1/config/history", ""},
		{"upstream", "/api/v1/upstream", ""},
		{"retryUpstream", "/api/v1/upstream/retry?project=default", ""},
		{"deliveries", "/api/v1/deliveries", ""},
		{"delivery", "/api/v1/deliveries/1", ""},
		{"replayDelivery", "/api/v1/deliveries/1/replay", ""},
		{"triggers", "/api/v1/triggers", ""},
		{"issueUpstream", "/api/v1/issues/1/upstream", ""},
		{"sentrySettings", "/api/v1/sentry-settings", ""},
		{"filters", "/api/v1/filters", ""},
		{"changeFilters", "/api/v1/filters?project=default", `{"messages":["*noise*"],"expressions":[{"name":"debug","when":"event.level == 'debug'"}]}`},
		{"testFilters", "/api/v1/filters/test", `{"expression":"event.kind == 'error' && 1 / size(event.message) > 0"}`},
		{"changeSentrySettings", "/api/v1/sentry-settings", `{"webhookSecret":"0123456789abcdef"}`},
		{"tokens", "/api/v1/tokens", ""},
		{"createToken", "/api/v1/tokens", `{"name":"ci","scopes":["org:read"]}`},
		{"revokeToken", "/api/v1/tokens/3", ""},
	}
}

// described is an operation of the OpenAPI document.
type described struct {
	method, path         string
	Summary, Description string
	OperationID          string
	Security             []map[string][]string
	Responses            map[string]struct {
		Content map[string]struct{ Schema any }
	}
}

// described reads the document that the server gives, with its schemas.
func (w *world) described() (map[string]described, schemas) {
	w.t.Helper()
	code, _, raw := w.ask("", "GET", "/openapi.json", "")
	if code != http.StatusOK {
		w.t.Fatalf("GET /openapi.json: %d", code)
	}
	var doc struct {
		OpenAPI    string
		Paths      map[string]map[string]described
		Components struct{ Schemas schemas }
	}
	w.must(json.Unmarshal(raw, &doc))
	if doc.OpenAPI != "3.1.0" {
		w.t.Errorf("version %q", doc.OpenAPI)
	}
	out := map[string]described{}
	for path, methods := range doc.Paths {
		for method, op := range methods {
			op.method, op.path = strings.ToUpper(method), path
			out[op.OperationID] = op
		}
	}
	return out, doc.Components.Schemas
}

func TestDocumentIsCommitted(t *testing.T) {
	t.Parallel()
	const file = "../../docs/openapi.json"
	got := api.Document()
	if string(got) != string(api.Document()) {
		t.Error("two documents of the same code differ")
	}
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Error("docs/openapi.json is stale: go test ./internal/api -update")
	}
}

func TestEveryAnswerIsAsDescribed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	w.fault("second", "timeout")
	ops, registry := w.described()
	for _, r := range requests() {
		op, ok := ops[r.operation]
		if !ok {
			t.Errorf("%s is not in the document", r.operation)
			continue
		}
		delete(ops, r.operation)
		if op.Summary == "" || op.Description == "" || len(op.Security) != 1 {
			t.Errorf("%s lacks a summary, a description or its scope", r.operation)
		}
		code, h, body := w.ask(w.ours, op.method, r.path, r.body)
		answer, ok := op.Responses[fmt.Sprint(code)]
		if !ok || h.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s %s", r.operation, code, h.Get("Content-Type"), body)
			continue
		}
		w.check(r.operation, registry, answer.Content["application/json"].Schema, body)
	}
	for id := range ops {
		if !slices.Contains([]string{"tail", "session", "signIn", "signOut", "setUp", "changePassword"}, id) { // TestTail…, TestSigningIn
			t.Errorf("no test asks for %s", id)
		}
	}
}

func TestPlatformRoutesHaveTheNamedKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	f := func(path, keys string) {
		t.Helper()
		for _, prefix := range []string{"/sentry", "/api/v1/sentry"} {
			got := w.get(prefix + path)
			for _, key := range strings.Fields(keys) {
				if missing := absent(got, strings.Split(key, ".")); missing != "" {
					t.Errorf("%s%s: %s lacks %s", prefix, path, key, missing)
				}
			}
		}
	}
	agent := url.PathEscape(agentID)
	f("/stats/"+agent, `agentId window.from window.to executions failed errors errorRate errorsByType.type errorsByType.count
		topIssues.id topIssues.costUsd durationMs.p50 durationMs.p95 durationMs.p99 tokens.input tokens.cached tokens.output tokens.reasoning
		tokens.total costUsd failedCostUsd costPerSuccessUsd unpricedCalls guessedCalls reportedCalls tools.name tools.calls tools.errors
		tools.p95Ms tools.failedExecutions tools.failedCostUsd models.model policies.evaluations policies.violations policies.byPolicy.name
		faults rules loops.count loops.costUsd`)
	f("/issues/"+agent, `issues.id issues.shortId issues.title issues.culprit issues.type issues.level issues.status issues.substatus
		issues.count issues.users issues.firstSeen issues.lastSeen issues.costUsd next`)
	f("/trends", `interval series.key series.points.t series.points.errors series.points.executions series.points.errorRate
		series.points.costUsd series.points.failedCostUsd series.points.tokens series.points.p95Ms`)
}

// absent follows a path of keys, into the first element of lists, and returns the
// first that is not there.
func absent(v any, path []string) string {
	for _, key := range path {
		if list, ok := v.([]any); ok {
			if len(list) == 0 {
				return "an element with " + key
			}
			v = list[0]
		}
		m, _ := v.(map[string]any)
		next, ok := m[key]
		if !ok {
			return key
		}
		v = next
	}
	return ""
}

func TestTenantsAreWalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	secrets := []string{"DeclinedError", "DEFAULT-1", "charge_card", "run-1", "talk-1", "spending", "bill@1.0.0", "nightly", "too_large", "charging", `"default"`}
	own := []string{"agents", "cost", "models", "tools", "policies", "faults", "rules", "compare", "issues", "issueSeries", "environments", "executions", "conversations", "sampling", "logs", "monitors", "sessions", "discards", "projects", "createProject", "tokens", "createToken", "trends", "trendsV1", "config", "changeConfig", "changeConfigV1", "testConfig", "testConfigV1", "configHistory", "deliveries", "triggers", "sentrySettings", "changeSentrySettings", "filters", "testFilters", "upstream"}
	ops, _ := w.described()
	for _, r := range requests() {
		op := ops[r.operation]
		code, _, body := w.ask(w.theirs, op.method, r.path, r.body)
		answers := slices.Contains(own, r.operation) && !strings.Contains(r.path, "agentId")
		if !answers && code != http.StatusNotFound {
			t.Errorf("%s for strangers: %d %s", r.operation, code, body)
		}
		if answers && code >= 300 {
			t.Errorf("%s of their own: %d %s", r.operation, code, body)
		}
		for _, s := range secrets {
			if code < 300 && strings.Contains(string(body), s) {
				t.Errorf("%s tells strangers of %s", r.operation, s)
			}
		}
		if code, h, _ := w.ask("", op.method, r.path, r.body); code != http.StatusUnauthorized || h.Get("WWW-Authenticate") == "" {
			t.Errorf("%s without a token: %d", r.operation, code)
		}
		if code, _, _ := w.ask("sntryu_guessed", op.method, r.path, r.body); code != http.StatusUnauthorized {
			t.Errorf("%s with a made-up token: %d", r.operation, code)
		}
		if code, _, body := w.ask(w.blind, op.method, r.path, r.body); code != http.StatusForbidden || !strings.Contains(string(body), op.Security[0]["token"][0]) {
			t.Errorf("%s without its scope: %d %s", r.operation, code, body)
		}
	}
	if got := w.get("/api/v1/tokens")["tokens"].([]any); len(got) != 2 {
		t.Errorf("strangers changed our tokens to %v", got)
	}
	if got := w.get("/api/v1/issues/1"); got["assignee"] != nil {
		t.Errorf("a stranger assigned our issue to %v", got["assignee"])
	}
}

// Strangers cannot narrow a question to a project of ours either.
func TestStrangersProjectIsNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/api/v1/issues", "/api/v1/logs", "/api/v1/agents", "/api/v1/sessions", "/sentry/trends"} {
		for _, name := range []string{"default", "1"} {
			if code, _, body := w.ask(w.theirs, "GET", path+"?project="+name, ""); code != http.StatusNotFound {
				t.Errorf("%s of project %s: %d %s", path, name, code, body)
			}
		}
	}
}
