package api_test

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// policed stores a fleet in which three policies are violated, by numbers known by hand:
//
//	agent      with violation   of them failed   without   of them failed
//	clumsy     90 (spending)    45               10        5
//	careful    10 (spending)    1                90        9
//	importer   100 (export)     40               100       10
//	exporter   50 (export)      10               50        5
//	rookie     5 (rare)         5                20        0
func (w *world) policed() {
	w.t.Helper()
	f := func(agent, policy string, with, withFailed, without, withoutFailed int) {
		base := did{agent: agent, release: "fleet@1", environment: "production", tokens: 1000}
		violates, passes := base, base
		violates.flagged, passes.allowed = policy, policy
		violatesAndFails, passesAndFails := violates, passes
		violatesAndFails.errorType, passesAndFails.errorType = "ToolError", "ToolError"
		w.fleet(slices.Concat(times(withFailed, violatesAndFails), times(with-withFailed, violates),
			times(withoutFailed, passesAndFails), times(without-withoutFailed, passes))...)
	}
	f("clumsy", "spending", 90, 45, 10, 5)
	f("careful", "spending", 10, 1, 90, 9)
	f("importer", "export", 100, 40, 100, 10)
	f("exporter", "export", 50, 10, 50, 5)
	f("rookie", "rare", 5, 5, 20, 0)
	w.fleet(times(7, did{agent: "saint", release: "fleet@1", tokens: 1000, allowed: "modesty"})...)
}

// ratio checks a ratio and its interval.
func (w *world) ratio(what string, v any, estimate, low, high float64) {
	w.t.Helper()
	for name, want := range map[string]float64{"estimate": estimate, "low": low, "high": high} {
		if got, _ := at(w.t, v, name).(float64); math.Abs(got-want) > 5e-4 {
			w.t.Errorf("%s: %s is %v, want %v", what, name, got, want)
		}
	}
}

func TestPolicies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policed()
	got := w.get("/api/v1/policies")
	f := func(policy, verdict, method string, says ...string) any {
		t.Helper()
		p := at(t, got, "policies", "name="+policy)
		c := at(t, p, "comparison")
		if at(t, c, "verdict") != verdict || at(t, c, "method") != method {
			t.Errorf("%s: %v", policy, c)
		}
		for _, s := range says {
			if why := at(t, c, "why").(string); !strings.Contains(why, s) {
				t.Errorf("%s: %q does not say %q", policy, why, s)
			}
		}
		return p
	}

	// Within each agent executions with a violation fail as often as the others: 45/90 = 5/10, 1/10 = 9/90.
	// Thrown together 46/100 and 14/100: ln 3.285714 = 1.189584, variance 1/46 - 1/100 + 1/14 - 1/100 = 0.0731677,
	// its root 0.270495, times 1.959964 is 0.530161.
	spending := f("spending", "cannot tell", "mantelHaenszel", "3.29 times", "vanishes when agents are compared with themselves", "1.00 times")
	w.ratio("spending thrown together", at(t, spending, "comparison", "crudeRiskRatio"), 3.285714, 1.93365, 5.58309)
	if r := at(t, spending, "comparison", "riskRatio", "estimate").(float64); math.Abs(r-1) > 1e-9 {
		t.Errorf("spending compared with itself: %v", r)
	}

	// R = 40·100/200 + 10·50/100 = 25, S = 10·100/200 + 5·50/100 = 7.5, P = (10000·50 - 40·10·200)/200² +
	// (2500·15 - 10·5·100)/100² = 10.5 + 3.25; ln(25/7.5) = 1.203973, variance 13.75/(25·7.5) = 0.0733333, its root
	// 0.270801, times 1.959964 is 0.530761.
	export := f("export", "more failures", "mantelHaenszel", "3.33 times as often as others of the same agent", "1.96 to 5.67")
	w.ratio("export", at(t, export, "comparison", "riskRatio"), 3.333333, 1.96051, 5.66745)
	// Half of the executions have a violation: ratio ÷ (ratio/2 + 1/2).
	w.ratio("lift of export", at(t, export, "comparison", "lift"), 1.538462, 1.324442, 1.700039)
	for name, want := range map[string]float64{"violations": 150, "evaluations": 300, "denied": 0, "violationRate": 0.5, "failedCostNanos": 50e6} {
		if n := at(t, export, name); n != want {
			t.Errorf("%s of export: %v, want %v", name, n, want)
		}
	}
	// Wilson by hand for 50 of 150: centre (1/3 + 3.841459/300) / (1 + 3.841459/150) = 0.337496, half
	// 1.959964/1.0256097 · sqrt(2/9/150 + 3.841459/90000) = 0.074640.
	with := at(t, export, "with")
	low, high := at(t, with, "failureRateOf", "low").(float64), at(t, with, "failureRateOf", "high").(float64)
	if at(t, with, "executions") != 150.0 || at(t, with, "failures") != 50.0 || math.Abs(low-0.262856) > 5e-5 || math.Abs(high-0.412136) > 5e-5 {
		t.Errorf("export with a violation: %v", with)
	}
	if without := at(t, export, "without"); at(t, without, "executions") != 150.0 || at(t, without, "failures") != 15.0 {
		t.Errorf("export without: %v", without)
	}

	f("rare", "cannot tell", "katz", "Too few executions", "5 with a violation and 20 without")
	modesty := f("modesty", "cannot tell", "none", "No execution violated")
	if at(t, modesty, "comparison", "riskRatio", "estimate") != nil || at(t, modesty, "with", "failureRate") != nil || at(t, modesty, "comparison", "q") != nil {
		t.Errorf("a comparison with nothing: %v", modesty)
	}
}

// Three policies can be judged: the least p of three is adjusted to three times itself.
func TestPoliciesAreAdjusted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policed()
	f := func(path string, least float64) {
		t.Helper()
		p, q := math.Inf(1), 0.0
		for _, row := range w.get(path)["policies"].([]any) {
			c := at(t, row, "comparison")
			if got, ok := at(t, c, "p").(float64); ok && got < p {
				p, q = got, at(t, c, "q").(float64)
			}
		}
		if math.Abs(q/p-least) > 1e-6 {
			t.Errorf("%s: p %v is adjusted to %v, want %v times", path, p, q, least)
		}
	}
	f("/api/v1/policies", 3)
	f("/api/v1/policies?agentId=importer", 1)
	all := at(t, w.get("/api/v1/policies"), "policies", "name=export", "comparison", "q")
	if one := at(t, w.get("/api/v1/policies/export"), "comparison", "q"); one != all {
		t.Errorf("q of export alone is %v, among all %v", one, all)
	}
}

func TestPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.policed()
	got := w.get("/api/v1/policies/spending")
	for agent, want := range map[string]float64{"clumsy": 45, "careful": 1} {
		slice := at(t, got, "byAgent", "key="+agent)
		if at(t, slice, "with", "failures") != want || at(t, slice, "comparison", "verdict") != "cannot tell" {
			t.Errorf("%s: %v", agent, slice)
		}
	}
	if r := at(t, got, "byRelease", "key=fleet@1", "comparison", "riskRatio", "estimate").(float64); math.Abs(r-1) > 1e-9 {
		t.Errorf("within the release: %v", r)
	}
	// One agent: Katz. ln 4 = 1.386294, variance 1/40 - 1/100 + 1/10 - 1/100 = 0.105, its root 0.324037, times
	// 1.959964 is 0.635101.
	importer := at(t, w.get("/api/v1/policies/export?agentId=importer"), "comparison")
	w.ratio("importer", at(t, importer, "riskRatio"), 4, 2.119459, 7.549097)
	if at(t, importer, "method") != "katz" || at(t, importer, "verdict") != "more failures" {
		t.Errorf("importer: %v", importer)
	}
	quiet := w.get("/api/v1/policies/export?environment=nowhere")
	if at(t, quiet, "evaluations") != 0.0 || at(t, quiet, "comparison", "verdict") != "cannot tell" {
		t.Errorf("a policy that was quiet: %v", quiet)
	}
}
