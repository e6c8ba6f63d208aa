package api_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

// crowd stores executions of the last hours; bend changes each before it is stored.
func (w *world) crowd(n int, bend func(r *rand.Rand, x *model.Execution)) {
	w.t.Helper()
	orgs, err := w.db.Organizations(w.t.Context())
	w.must(err)
	r := rand.New(rand.NewPCG(3, 9))
	b := &model.Batch{Org: orgs[0].ID, Project: w.project, Received: noon}
	for i := range n {
		x := model.Execution{
			ID: fmt.Sprint("crowd-", i), Start: noon.Add(-time.Duration(r.IntN(20*60)) * time.Minute), Ended: true, Outcome: model.OutcomeOK,
			Duration: time.Duration(r.IntN(60_000)) * time.Millisecond, Agent: model.Agent{ID: fmt.Sprint("agent ", r.IntN(4)), Version: "1", Framework: pickOne(r, "langgraph", "crewai")},
			Release: pickOne(r, "shop@1", "shop@2", "shop@3"), Environment: pickOne(r, "production", "production", "staging"), Organization: fmt.Sprint("customer ", r.IntN(30)),
			Models: []string{pickOne(r, "openai/gpt-5", "openai/gpt-4o")}, Tools: []string{"look_up", pickOne(r, "pay", "mail")}, ModelCalls: 1, ToolCalls: 2,
			Usage: model.Usage{Input: int64(r.IntN(9000))}, Cost: model.Cost{Nanos: int64(r.IntN(5)) * 1e6, Pricing: model.Priced},
		}
		if r.IntN(10) == 0 {
			x.Outcome, x.Fault, x.Failing = model.OutcomeError, pickOne(r, "rate_limit", "timeout"), x.Tools[1:]
		}
		bend(r, &x)
		b.Executions = append(b.Executions, x)
	}
	b.Spans = []model.Span{{Trace: model.TraceID{9}, ID: model.SpanID{9}, Start: noon, Blob: -1}}
	w.write(b)
}

func pickOne(r *rand.Rand, of ...string) string { return of[r.IntN(len(of))] }

func same(*rand.Rand, *model.Execution) {}

// attributes returns those of a comparison by key, and the keys in order.
func attributes(answer map[string]any) (by map[string]map[string]any, order []string) {
	by = map[string]map[string]any{}
	for _, a := range answer["attributes"].([]any) {
		a := a.(map[string]any)
		key := a["key"].(string)
		by[key], order = a, append(order, key)
	}
	return by, order
}

// What is found once in every row adds up to the rows of both sides, whatever the sides.
func TestComparisonAddsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crowd(900, same)
	f := func(query string) {
		t.Helper()
		answer := w.get("/api/v1/compare?" + query)
		by, _ := attributes(answer)
		for key, a := range by {
			if a["several"].(bool) {
				continue
			}
			for _, side := range []string{"selection", "baseline"} {
				sum := 0.0
				for _, v := range a["values"].([]any) {
					sum += at(t, v, side, "rows").(float64)
				}
				if others, ok := a["others"].(map[string]any); ok {
					sum += others[side].(float64)
				}
				if want := at(t, answer, side, "rows"); sum != want {
					t.Errorf("%s: %s adds up to %v of the %s, want %v", query, key, sum, side, want)
				}
			}
		}
		if len(by) < 10 {
			t.Errorf("%s: %d attributes", query, len(by))
		}
	}
	f("selection=outcome:wrong")
	f("selection=from:2026-11-23T10:00:00Z&selection=to:2026-11-23T11:00:00Z")
	f("selection=release:shop@1&baseline=release:shop@2&baseline=release:shop@3")
	f("selection=minMs:30000&filter=agent:agent%201&filter=agent:agent%202&environment=production")
	f("selection=agent:nobody")
	f("selection=minCostUsd:0.003&baseline=tool:pay")
}

// A difference that was planted is the first thing that is said.
func TestComparisonFindsWhatWasPlanted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crowd(1500, func(r *rand.Rand, x *model.Execution) {
		if x.Release == "shop@3" && x.Tools[1] == "pay" && r.IntN(2) == 0 {
			x.Outcome, x.Fault, x.Failing, x.Organization = model.OutcomeFailed, "timeout", []string{"pay"}, "customer 7"
		}
	})
	f := func(query string, wants ...string) {
		t.Helper()
		answer := w.get("/api/v1/compare?" + query)
		_, order := attributes(answer)
		for i, want := range wants {
			key, value, _ := strings.Cut(want, ":")
			a := answer["attributes"].([]any)[i].(map[string]any)
			v := a["values"].([]any)[0].(map[string]any)
			if order[i] != key || v["value"] != value || v["verdict"] != "more often" || !a["differs"].(bool) || !strings.Contains(v["why"].(string), "points") {
				t.Errorf("%s: number %d is %s %v %v, want %s; %v", query, i+1, order[i], v["value"], v["verdict"], want, order)
			}
		}
	}
	f("selection=release:shop@3", "outcome:failed", "organization:customer 7", "fault:timeout", "failingTool:pay")
	f("selection=release:shop@3&baseline=release:shop@1", "outcome:failed", "organization:customer 7")
	f("selection=outcome:failed", "organization:customer 7", "failingTool:pay", "fault:timeout", "release:shop@3", "tool:pay")
	f("selection=outcome:failed&filter=tool:pay&filter=fault:timeout", "organization:customer 7", "release:shop@3")
}

// Of two halves of the same crowd nothing is said.
func TestComparisonOfNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crowd(2000, same)
	f := func(query string) {
		t.Helper()
		answer := w.get("/api/v1/compare?" + query)
		for _, a := range answer["attributes"].([]any) {
			a := a.(map[string]any)
			if a["differs"].(bool) || a["score"] != 0.0 {
				t.Errorf("%s: %v differs: %v", query, a["key"], a["values"])
			}
		}
		if answer["compared"].(float64) < 30 {
			t.Errorf("%s: %v values compared", query, answer["compared"])
		}
	}
	f("selection=release:shop@1")
	f("selection=environment:staging")
	f("selection=from:2026-11-23T02:00:00Z&selection=to:2026-11-23T03:00:00Z")
	f("selection=from:2026-11-23T02:00:00Z&selection=to:2026-11-23T08:00:00Z&selection=environment:staging")
	f("selection=framework:crewai&baseline=framework:langgraph")
}

func TestComparisonSaysWhatDefinesIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crowd(300, same)
	answer := w.get("/api/v1/compare?selection=outcome:wrong&selection=violated:false&selection=minMs:1")
	by, order := attributes(answer)
	if order[len(order)-1] != "duration" || order[len(order)-2] != "outcome" {
		t.Errorf("what defines the sides is not last: %v", order)
	}
	for _, v := range by["outcome"]["values"].([]any) {
		if at(t, v, "verdict") != "cannot tell" || at(t, v, "p") != nil || !strings.Contains(at(t, v, "why").(string), "what the sides are") {
			t.Errorf("%v", v)
		}
	}
	if at(t, answer, "baseline", "rest") != true || at(t, answer, "readShare") != 1.0 {
		t.Errorf("%v", answer["baseline"])
	}
	// A value's filters lead to what it counts.
	for _, key := range []string{"agent", "fault", "release", "duration", "cost", "tokens", "tool"} {
		for _, v := range by[key]["values"].([]any) {
			query := "selection=outcome:wrong"
			for _, term := range at(t, v, "filters").([]any) {
				query += "&filter=" + url.QueryEscape(term.(string))
			}
			narrowed := w.get("/api/v1/compare?selection=violated:false&selection=minMs:1&" + query)
			if got, want := at(t, narrowed, "selection", "rows"), at(t, v, "selection", "rows"); got != want && strings.Contains(query, "filter") {
				t.Errorf("%s: %v rows, want %v", query, got, want)
			}
		}
	}
	small := w.get("/api/v1/compare?selection=organization:customer%201&filter=agent:agent%201")
	if by, _ := attributes(small); !strings.Contains(at(t, by["release"]["values"].([]any)[0], "why").(string), "Too few to tell") {
		t.Errorf("of a handful: %v", by["release"])
	}
}

func TestComparisonOfEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	f := func(query string, selection, baseline float64) {
		t.Helper()
		answer := w.get("/api/v1/compare?of=events&" + query)
		if at(t, answer, "selection", "rows") != selection || at(t, answer, "baseline", "rows") != baseline {
			t.Errorf("%s: %v and %v", query, answer["selection"], answer["baseline"])
		}
	}
	f("", 2, 0)
	f("selection=level:error&selection=level:fatal", 2, 0)
	f("selection=level:info", 0, 2)
	f("selection=issue:DEFAULT-1&selection=platform:go&selection=fault:", 2, 0)
	f("selection=from:2026-11-23T11:00:00Z", 1, 1)
	f("selection=from:2026-11-23T11:00:00Z&baseline=to:2026-11-23T10:00:00Z", 1, 0)
	f("from=2026-11-23T11:00:00Z&to=2026-11-23T12:00:00Z", 1, 0)
	by, _ := attributes(w.get("/api/v1/compare?of=events&selection=from:2026-11-23T11:00:00Z"))
	if label := at(t, by["issue"]["values"].([]any)[0], "label"); label != "DEFAULT-1 *bill.DeclinedError: card declined" {
		t.Errorf("the issue is called %v", label)
	}
}

func TestComparisonRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := func(query string, want int, says ...string) {
		t.Helper()
		code, _, body := w.ask(w.ours, "GET", "/api/v1/compare?"+query, "")
		if code != want {
			t.Errorf("%s: %d %s", query, code, body)
		}
		for _, s := range says {
			if !strings.Contains(string(body), s) {
				t.Errorf("%s: %s does not say %q", query, body, s)
			}
		}
	}
	f("of=spans", 400, "of", "events")
	f("selection=colour:red", 400, "selection", "colour", "release")
	f("filter=platform:go", 400, "filter", "platform", "failingTool")
	f("of=events&baseline=tool:pay", 400, "baseline", "tool", "platform")
	f("selection=release", 400, "selection", "key:value")
	f("selection=outcome:bad", 400, "outcome", "failed")
	f("selection=outcome:", 400, "outcome")
	f("selection=loop:round", 400, "loop", "alternate")
	f("selection=looped:perhaps", 400, "looped", "true")
	f("selection=looped:true&selection=looped:false", 400, "once")
	f("selection=minMs:soon", 400, "minMs", "number")
	f("selection=minMs:1&selection=minMs:2", 400, "minMs", "one")
	f("selection=minCostUsd:1e300", 400, "minCostUsd")
	f("selection=minCostUsd:NaN", 400, "minCostUsd")
	f("selection=from:yesterday", 400, "from", "2026-01-31T10:00:00Z")
	f("selection=from:2026-11-23T11:00:00Z&selection=to:2026-11-23T10:00:00Z", 400, "before")
	f("filter=from:2026-11-23T11:00:00Z", 400, "filter", "bound")
	f("of=events&selection=level:loud", 400, "level", "fatal")
	f("of=events&selection=issue:77", http.StatusNotFound)
	f("window=1y", 400, "window")
	f("from=2026-11-23T11:00:00Z", 400, "to")
	f("project=nope", http.StatusNotFound, "nope")
	f("selection=release:"+strings.Repeat("x", 500), 400, "400 bytes")
	f(strings.Repeat("&selection=release:x", 51), 400, "51")
}
