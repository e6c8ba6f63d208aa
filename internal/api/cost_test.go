package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
)

// ledger is a fleet whose costs are known by hand. In nano-dollars:
//
//	buyer r1   4 runs of 1,000,000, one errored (search, TimeoutError)  cost 4,000,000  failed 1,000,000
//	buyer r2   2 runs of 2,000,000, one cut off and flagged by spending cost 4,000,000  failed 2,000,000
//	seller r1  1 run  of 5,000,000, and one errored without a price     cost 5,000,000  failed unknown
//	together   8 runs, 2 errored, 1 failed, 5 good                      cost 13,000,000 failed 3,000,000
func (w *world) ledger() {
	w.t.Helper()
	buyer := did{agent: "buyer", release: "shop@1", environment: "production", tokens: 1000, ago: 2 * time.Hour}
	timeout, acme := buyer, buyer
	timeout.tool, timeout.errorType, timeout.event, timeout.org, acme.org = "search", "TimeoutError", true, "acme", "acme"
	cut, fine := buyer, buyer
	cut.release, cut.tokens, cut.finish, cut.flagged, cut.ago = "shop@2", 2000, "length", "spending", 0
	fine.release, fine.tokens, fine.allowed, fine.ago = "shop@2", 2000, "spending", 0
	seller := did{agent: "seller", release: "shop@1", environment: "staging", tokens: 5000}
	broke := seller
	broke.tokens, broke.model, broke.errorType, broke.event, broke.fault = 700, "vault/secret-9", "RateLimitError", true, "rate_limit"
	w.fleet(timeout, acme, buyer, buyer, cut, fine, seller, broke)
}

func TestCost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger()
	// f checks cost, failed cost, executions, those that went wrong and the cost of a success; -1 is null.
	f := func(query, key string, want ...float64) {
		t.Helper()
		v := at(t, w.get("/api/v1/cost?"+query), "total")
		if key != "total" {
			v = at(t, w.get("/api/v1/cost?"+query), "rows", "key="+key)
		}
		number := func(name string) float64 {
			if n, ok := at(t, v, name).(float64); ok {
				return n
			}
			return -1
		}
		bad := number("errored") + number("failed")
		got := []float64{number("costNanos"), number("failedCostNanos"), number("executions"), max(bad, -1), number("costPerSuccessNanos")}
		if !slices.Equal(got, want) {
			t.Errorf("%s, %s: %v, want %v", query, key, got, want)
		}
	}
	f("", "total", 13e6, 3e6, 8, 3, 2_600_000)
	f("", "buyer", 8e6, 3e6, 6, 2, 2e6)
	f("", "seller", 5e6, 0, 2, 1, 5e6)
	f("groupBy=release", "shop@1", 9e6, 1e6, 6, 2, 2_250_000)
	f("groupBy=release", "shop@2", 4e6, 2e6, 2, 1, 4e6)
	f("groupBy=release&agentId=seller", "shop@1", 5e6, 0, 2, 1, 5e6)
	f("groupBy=environment", "staging", 5e6, 0, 2, 1, 5e6)
	f("groupBy=organization", "acme", 2e6, 1e6, 2, 1, 2e6)
	f("groupBy=organization", "total", 13e6, 3e6, 8, 3, 2_600_000)
	f("groupBy=model", "house/m1", 13e6, -1, -1, -1, -1)
	f("groupBy=model", "vault/secret-9", 0, -1, -1, -1, -1)
	f("groupBy=tool", "search", -1, 1e6, 1, 1, -1)
	f("groupBy=errorType", "TimeoutError", -1, 1e6, 1, 1, -1)
	f("groupBy=errorType&agentId=seller", "RateLimitError", -1, 0, 1, 1, -1)
	f("groupBy=fault", "rate_limit", -1, 0, 1, 1, -1)
	f("groupBy=rule", "cut_off", -1, 2e6, 1, 1, -1)
	f("groupBy=policy", "spending", -1, 2e6, 1, 1, -1)
	f("groupBy=issue", "1", -1, 1e6, 1, 1, -1)
	f("groupBy=issue&agentId=buyer", "1", -1, 1e6, 1, 1, -1)
	f("environment=production", "total", 8e6, 3e6, 6, 2, 2e6)
	f("release=shop@2", "total", 4e6, 2e6, 2, 1, 4e6)
	f("window=1h", "total", 9e6, 2e6, 4, 2, 4_500_000)
	f("agentId=buyer", "total", 8e6, 3e6, 6, 2, 2e6)
}

// What has no price is not known, and never nothing.
func TestCostOfTheUnpriced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger()
	got := w.get("/api/v1/cost")
	if v := at(t, got, "rows", "key=seller", "failedCostUsd"); v != nil {
		t.Errorf("a failure without a price cost %v", v)
	}
	if v := at(t, got, "rows", "key=buyer", "failedShare"); v != 1.0 {
		t.Errorf("the buyer's share is %v", v)
	}
	if n := at(t, got, "rows", "key=seller", "unpricedCalls"); n != 1.0 {
		t.Errorf("%v calls without a price", n)
	}
	if v := at(t, w.get("/api/v1/cost?groupBy=fault"), "rows", "key=rate_limit", "failedCostUsd"); v != nil {
		t.Errorf("a fault without a price cost %v", v)
	}
	if v := at(t, w.get("/api/v1/cost?groupBy=model"), "rows", "key=vault/secret-9", "costUsd"); v != nil {
		t.Errorf("a model without a price cost %v", v)
	}
	if v := at(t, w.get("/api/v1/cost?environment=nowhere"), "total"); at(t, v, "costPerSuccessUsd") != nil || at(t, v, "failedCostNanos") != 0.0 {
		t.Errorf("of nothing: %v", v)
	}
}

func TestCostOverTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger()
	f := func(query, key string, want map[string]float64) {
		t.Helper()
		got := map[string]float64{}
		list := at(t, w.get("/api/v1/cost?"+query), "rows", "key="+key, "points").([]any)
		for _, p := range list {
			if n, _ := at(t, p, "failedCostNanos").(float64); n != 0 {
				got[at(t, p, "t").(string)[11:16]] = n
			}
		}
		if len(list) != 25 || len(got) != len(want) {
			t.Errorf("%s: %d points, %v, want %v", query, len(list), got, want)
		}
		for hour, n := range want {
			if got[hour] != n {
				t.Errorf("%s at %s: %v, want %v", query, hour, got[hour], n)
			}
		}
	}
	// Runs ended 30 s after they began, a minute before noon and two hours before that.
	f("interval=auto", "buyer", map[string]float64{"10:00": 1e6, "12:00": 2e6})
	f("interval=1h&groupBy=rule", "cut_off", map[string]float64{"12:00": 2e6})
	f("interval=1h&groupBy=issue", "1", map[string]float64{"10:00": 1e6})
	if n := len(at(t, w.get("/api/v1/cost?interval=5m&window=6h"), "total", "points").([]any)); n != 73 {
		t.Errorf("%d points altogether", n)
	}
	if _, ok := w.get("/api/v1/cost")["total"].(map[string]any)["points"]; ok {
		t.Error("points that nobody asked for")
	}
}

// Whoever reads the rows must be told whether they add up.
func TestCostSaysHowToReadIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger()
	f := func(group string, overlaps bool, ends any) {
		t.Helper()
		got := w.get("/api/v1/cost?groupBy=" + group)
		if got["overlaps"] != overlaps || got["executionsAre"] != ends || got["note"] == "" {
			t.Errorf("%s: %v, %v", group, got["overlaps"], got["executionsAre"])
		}
	}
	f("agent", false, "all")
	f("release", false, "all")
	f("model", false, nil)
	f("tool", true, "failed")
	f("policy", true, "violating")
	f("issue", true, "failed")
	f("rule", false, "failed")
	row := at(t, w.get("/api/v1/cost?groupBy=issue"), "rows", "key=1")
	if at(t, row, "shortId") != "DEFAULT-1" || at(t, row, "title") != "TimeoutError" {
		t.Errorf("the issue is %v", row)
	}
	for _, query := range []string{"groupBy=organization&agentId=buyer", "groupBy=colour", "interval=2m", "sort=loud"} {
		if code, _, body := w.ask(w.ours, "GET", "/api/v1/cost?"+query, ""); code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", query, code, body)
		}
	}
}

func TestTrendsOfFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger()
	f := func(group, key, field string, want float64) {
		t.Helper()
		sum := 0.0
		for _, p := range series(w.get("/sentry/trends?groupBy="+group), key) {
			n, _ := p.(map[string]any)[field].(float64)
			sum += n
		}
		if sum != want {
			t.Errorf("%s of %s %q = %v, want %v", field, group, key, sum, want)
		}
	}
	f("none", "all", "failedCostNanos", 3e6)
	f("organization", "acme", "failedCostNanos", 1e6)
	f("organization", "acme", "executions", 2)
	f("policy", "spending", "calls", 2)
	f("policy", "spending", "errors", 1)
	f("policy", "spending", "failedCostNanos", 2e6)
	f("rule", "cut_off", "failedExecutions", 1)
	f("fault", "rate_limit", "errors", 1)
	f("errorType", "TimeoutError", "failedCostNanos", 1e6)
	f("tool", "search", "failedCostNanos", 1e6)
	f("issue", "1", "failedCostNanos", 1e6)
	if code, _, body := w.ask(w.ours, "GET", "/sentry/trends?groupBy=organization&agentId=buyer", ""); code != http.StatusBadRequest {
		t.Errorf("organizations of an agent: %d %s", code, body)
	}
}

func TestAgentStats(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger()
	f := func(path string, want any, steps ...string) {
		t.Helper()
		if got := at(t, w.get(path), steps...); got != want {
			t.Errorf("%s %v = %v, want %v", path, steps, got, want)
		}
	}
	f("/sentry/stats/buyer", 0.008, "costUsd")
	f("/sentry/stats/buyer", 0.003, "failedCostUsd")
	f("/sentry/stats/buyer", 0.002, "costPerSuccessUsd")
	f("/sentry/stats/buyer", 1.0, "tools", "name=search", "failedExecutions")
	f("/sentry/stats/buyer", 0.001, "tools", "name=search", "failedCostUsd")
	f("/sentry/stats/buyer", 0.002, "rules", "rule=cut_off", "failedCostUsd")
	f("/sentry/stats/buyer", 0.002, "policies", "byPolicy", "name=spending", "failedCostUsd")
	f("/sentry/stats/buyer", 0.001, "errorsByType", "type=TimeoutError", "failedCostUsd")
	f("/sentry/stats/buyer", 0.001, "topIssues", "title=TimeoutError", "costUsd")
	f("/sentry/stats/seller", nil, "failedCostUsd")
	f("/sentry/stats/seller", 1.0, "unpricedCalls")
	f("/sentry/stats/seller", 1.0, "faults", "fault=rate_limit", "events")
	f("/sentry/issues/buyer", 0.001, "issues", "title=TimeoutError", "costUsd")
	f("/api/v1/issues", 0.001, "issues", "title=TimeoutError", "costUsd")
	f("/api/v1/issues", nil, "issues", "title=RateLimitError", "costUsd")
	f("/api/v1/issues/1", 1.0, "failedExecutions")
	f("/api/v1/agents/buyer", 0.002, "byRelease", "key=shop@2", "failedCostUsd")
	f("/api/v1/agents/buyer", 6.0, "byEnvironment", "key=production", "executions")
	f("/api/v1/agents/buyer", "buyer", "latest", "id")
	f("/api/v1/agents/buyer", "2026-11-23T09:59:00Z", "firstSeen")
	f("/api/v1/agents/buyer?window=1h", 2.0, "executions")
	f("/api/v1/agents", 0.003, "agents", "id=buyer", "failedCostUsd")
	f("/api/v1/tools", 1.0, "tools", "name=search", "errors")
	f("/api/v1/faults?agentId=seller", 1.0, "faults", "fault=rate_limit", "failedExecutions")
	f("/api/v1/rules", 1.0, "rules", "rule=cut_off", "failedExecutions")
	f("/api/v1/rules", true, "rules", "rule=cut_off", "on")
	f("/api/v1/rules?agentId=seller", 0.0, "rules", "rule=cut_off", "failedExecutions")
	for _, path := range []string{"/api/v1/agents/nobody", "/api/v1/tools?agentId=nobody", "/api/v1/policies?agentId=nobody", "/api/v1/policies/none",
		"/api/v1/cost?agentId=nobody", "/api/v1/rules?agentId=nobody"} {
		if code, _, body := w.ask(w.ours, "GET", path, ""); code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
}

// An operator who writes what the answer says, with prices, has a price.
func TestUnpricedModels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ledger()
	w.fleet(did{agent: "seller", tokens: 100, model: "openai/gpt-99-secret"}, did{agent: "seller", tokens: 100, model: "/nameless-7"})
	all := at(t, w.get("/api/v1/models?pricing=unpriced"), "models").([]any)
	if len(all) != 3 {
		t.Fatalf("%d models without a price, want 3", len(all))
	}
	f := func(provider, name string, tokens float64) {
		t.Helper()
		m := at(t, all, "model="+name)
		if at(t, m, "provider") != provider || at(t, m, "unpriced", "tokens", "total") != tokens || at(t, m, "unpriced", "agents", "agentId=seller", "unpricedCalls") != 1.0 {
			t.Errorf("%s: %v", name, m)
		}
		text, err := json.Marshal(at(t, m, "unpriced", "override"))
		w.must(err)
		text = bytes.ReplaceAll(text, []byte("null"), []byte("3"))
		table, err := price.Default().LoadWith(bytes.NewReader(text))
		w.must(err)
		call := price.Call{Provider: provider, Model: name, Usage: model.Usage{Input: 1000}, At: noon}
		if got := table.Cost(call); got.Nanos != 3_000_000 || got.Pricing == model.Unpriced {
			t.Errorf("%s costs %+v by %s", name, got, text)
		}
		call.Provider, call.Model = "openai", "gpt-4o"
		if got := table.Cost(call); got.Pricing != model.Priced {
			t.Errorf("with %s another model costs %+v", text, got)
		}
	}
	f("vault", "secret-9", 700)
	f("openai", "gpt-99-secret", 100)
	f("", "nameless-7", 100)
	priced := at(t, w.get("/api/v1/models"), "models", "model=m1")
	if at(t, priced, "pricedCalls") != 7.0 || at(t, priced, "unpricedCalls") != 0.0 {
		t.Errorf("m1: %v", priced)
	}
}
