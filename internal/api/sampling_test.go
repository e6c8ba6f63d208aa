package api_test

import (
	"fmt"
	"net/url"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

// sampledRun is a run of an agent of which a client sent only a share.
func (w *world) sampledRun(n int, rate string, outcome model.Outcome) *model.Batch {
	w.t.Helper()
	org, err := w.db.Organizations(w.t.Context())
	w.must(err)
	at, trace := noon.Add(-10*time.Minute), model.TraceID{byte(n), byte(n >> 8), 1}
	b := &model.Batch{Org: org[0].ID, Project: w.project, Received: noon, Events: []model.Event{transaction(at, model.Agent{ID: "sampled"})}}
	b.Events[0].ID, b.Events[0].Trace, b.Events[0].SampleRate = model.EventID(trace), trace, model.ParseSampleRate(rate)
	b.Events[0].Execution = fmt.Sprint("s", n)
	b.Spans = []model.Span{{Trace: trace, ID: rootID, Start: at, Segment: true, Kind: model.SpanAgent, Agent: model.Agent{ID: "sampled"}, Event: b.Events[0].ID, Blob: -1,
		Execution: fmt.Sprint("s", n), SampleRate: model.ParseSampleRate(rate)}}
	b.Executions = []model.Execution{{ID: fmt.Sprint("s", n), Trace: trace, Span: rootID, Agent: model.Agent{ID: "sampled"}, Start: at, Duration: time.Second,
		Ended: true, Outcome: outcome, SampleRate: model.ParseSampleRate(rate)}}
	return b
}

func TestEstimates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	for n := range 40 {
		rate, outcome := "0.5", model.OutcomeOK
		if n < 10 {
			rate, outcome = "0.1", model.OutcomeFailed
		}
		w.write(w.sampledRun(n, rate, outcome))
	}
	f := func(what string, got any) {
		t.Helper()
		e, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s has no estimate", what)
			return
		}
		low, high := e["low"].(float64), e["high"].(float64)
		if e["executions"] != 160.0 || e["errorRate"] != 0.625 || e["sampleRate"] != 0.25 || e["sampledBy"] != "sdk" || low <= 80 || low >= 140 || high <= 180 || high >= 280 {
			t.Errorf("%s estimates %v", what, e)
		}
		if bad := e["failedExecutions"].(map[string]any); bad["value"] != 100.0 || bad["low"].(float64) >= 80 || bad["high"].(float64) <= 140 {
			t.Errorf("%s estimates failed executions as %v", what, bad)
		}
	}
	stats := w.get("/sentry/stats/sampled")
	f("stats", stats["estimated"])
	if n := stats["estimatedTransactions"].(map[string]any); n["value"] != 160.0 || stats["transactions"] != 40.0 || stats["executions"] != 40.0 {
		t.Errorf("transactions %v, executions %v, estimated %v", stats["transactions"], stats["executions"], n)
	}
	f("agent", w.get("/api/v1/agents/sampled")["estimated"])
	for _, a := range w.get("/api/v1/agents")["agents"].([]any) {
		if a := a.(map[string]any); a["id"] == "sampled" {
			f("agents", a["estimated"])
		} else if _, told := a["estimated"]; told {
			t.Errorf("%v was not sampled, and has an estimate", a["id"])
		}
	}
	found := false
	for _, p := range w.get("/sentry/trends?agentId=sampled")["series"].([]any)[0].(map[string]any)["points"].([]any) {
		if p := p.(map[string]any); p["executions"] != 0.0 {
			found = true
			f("trends", p["estimated"])
		} else if _, told := p["estimated"]; told {
			t.Error("nothing happened, and there is an estimate")
		}
	}
	if !found {
		t.Error("no point has executions")
	}
	if _, told := w.get("/sentry/stats/" + url.PathEscape(agentID))["estimated"]; told {
		t.Error("an agent that was not sampled has an estimate")
	}
}

// TestSampledOut reads what sampling left out.
func TestSampledOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.sampledRun(1, "", model.OutcomeOK)
	b.Omitted = model.OmittedByBudget
	w.write(b)
	kept := w.sampledRun(2, "", model.OutcomeFailed)
	kept.Kept = "failed"
	w.write(kept)
	id := b.Events[0].ID.String()
	if e := w.get("/api/v1/events/" + id); e["sampled"] != true || e["sampledBy"] != "budget" || e["payload"] != nil {
		t.Errorf("the event is %v", e)
	}
	if e := w.get("/api/v1/events/" + kept.Events[0].ID.String()); e["sampled"] != false || e["sampledBy"] != nil || e["payload"] == nil {
		t.Errorf("the event that was kept is %v", e)
	}
	trace := b.Events[0].Trace.String()
	if s := w.get("/api/v1/traces/" + trace)["spans"].([]any)[0].(map[string]any); s["sampled"] != true || len(s["attributes"].(map[string]any)) != 0 {
		t.Errorf("its span is %v", s)
	}
	w.get("/api/v1/traces/" + trace + "/spans/" + rootID.String())
	if x := w.get("/api/v1/executions/s1"); x["outcome"] != "ok" || x["sampledBy"] != "budget" {
		t.Errorf("its execution is %v", x)
	}
	got := w.get("/api/v1/sampling?window=1h")
	if n := got["transactions"].(map[string]any); n["kept"] != 1.0 || n["dropped"] != 1.0 || n["rate"] != 0.5 {
		t.Errorf("what was kept: %v", n)
	}
	if n := got["errors"].(map[string]any); n["kept"] != 0.0 || n["rate"] != nil {
		t.Errorf("what was kept of errors: %v", n)
	}
	if r := fmt.Sprint(got["reasons"]); r != "[map[category:transaction quantity:1 reason:budget verdict:dropped] map[category:transaction quantity:1 reason:failed verdict:kept]]" {
		t.Errorf("reasons: %s", r)
	}
}
