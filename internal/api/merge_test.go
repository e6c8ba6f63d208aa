package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// fault stores an error of an issue of its own, as name tells it, with a stack of the
// functions, the outermost first.
func (w *world) fault(name, value string, functions ...string) model.Event {
	w.t.Helper()
	org, err := w.db.Organizations(w.t.Context())
	w.must(err)
	e := fault(model.NewEventID(), noon.Add(-5*time.Minute), model.Agent{ID: name + "-agent"})
	e.Trace, e.Execution, e.Environment, e.Type, e.Value, e.Title = model.TraceID{}, "", "staging", "bill.FaultError", value, "bill.FaultError: "+value
	e.Culprit, e.Hashes = name, []model.Hash{{byte(len(name)), name[0]}}
	var frames []string
	for _, f := range functions {
		frames = append(frames, fmt.Sprintf(`{"module":"bill","function":%q,"in_app":true}`, f))
	}
	e.Payload = []byte(`{"event_id":"` + e.ID.String() + `","platform":"go","exception":{"values":[{"type":"bill.FaultError","value":"` + value +
		`","stacktrace":{"frames":[` + strings.Join(frames, ",") + `]}}]}}`)
	w.write(&model.Batch{Org: org[0].ID, Project: w.project, Received: noon, Events: []model.Event{e}})
	return e
}

// do sends a request that must be answered with 200, and returns the answer.
func (w *world) do(method, path, body string) string {
	w.t.Helper()
	code, _, text := w.ask(w.ours, method, path, body)
	if code != http.StatusOK {
		w.t.Fatalf("%s %s: %d %s", method, path, code, text)
	}
	return string(text)
}

func TestMergeAndGiveBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	w.fault("second", "it broke")
	w.do("POST", "/api/v1/issues/merge", `{"ids":["DEFAULT-2","1"]}`)
	for _, id := range []string{"1", "2", "DEFAULT-1", "DEFAULT-2"} {
		i := w.get("/api/v1/issues/" + id)
		if i["id"] != "1" || i["count"] != 3.0 || i["title"] != "bill.FaultError: it broke" {
			t.Errorf("issue %s is %v with %v events and title %v, want 1 with 3", id, i["id"], i["count"], i["title"])
		}
		agents := fmt.Sprint(i["agents"], i["moreAgents"])
		if want := fmt.Sprintf("[map[count:2 id:%s] map[count:1 id:second-agent]] 0", agentID); agents != want {
			t.Errorf("agents = %s, want %s", agents, want)
		}
	}
	if got := w.get("/api/v1/issues/2/events?environment=staging")["events"].([]any); len(got) != 1 || got[0].(map[string]any)["issueId"] != "1" {
		t.Errorf("events of staging = %v, want one of issue 1", got)
	}
	if got := w.get("/api/v1/issues/2/events?user=id:42&release=bill@1.0.0")["events"].([]any); len(got) != 3 {
		t.Errorf("%d events of the user and release, want 3", len(got))
	}
	series := w.get("/api/v1/issues/series?id=1&id=1&window=24h")["issues"].([]any)
	if sum := total(series[0]); len(series) != 1 || sum != 3 {
		t.Errorf("series = %v with %v events, want one with 3", series, sum)
	}
	if got := w.get("/api/v1/issues/1/merged")["issues"].([]any); len(got) != 1 || got[0].(map[string]any)["count"] != 1.0 {
		t.Errorf("merged = %v, want one of one event", got)
	}
	w.do("POST", "/api/v1/issues/1/unmerge", `{"ids":["DEFAULT-2"]}`)
	for id, count := range map[string]float64{"1": 2, "2": 1} {
		if i := w.get("/api/v1/issues/" + id); i["id"] != id || i["count"] != count {
			t.Errorf("issue %s is %v with %v events, want %v", id, i["id"], i["count"], count)
		}
	}
}

func total(series any) (sum float64) {
	for _, n := range series.(map[string]any)["events"].([]any) {
		sum += n.(float64)
	}
	return sum
}

func TestMergesRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	w.fault("second", "it broke")
	f := func(path, body string, want int, says string) {
		t.Helper()
		code, _, text := w.ask(w.ours, "POST", path, body)
		if code != want || !strings.Contains(string(text), says) {
			t.Errorf("%s %s: %d %s, want %d and %q", path, body, code, text, want, says)
		}
	}
	f("/api/v1/issues/merge", `{"ids":["1"]}`, 400, "at least two")
	f("/api/v1/issues/merge", `{"ids":[]}`, 400, "ids")
	f("/api/v1/issues/merge", `{"ids":["1","77"]}`, 404, "")
	f("/api/v1/issues/merge", `{"ids":["1","2"],"force":true}`, 400, "force")
	f("/api/v1/issues/1/unmerge", `{"ids":["2"]}`, 404, "not merged")
	f("/api/v1/issues/1/unmerge", `{"ids":[]}`, 400, "ids")
}

// TestUndoGivesTheSubstatusBack resolves a new issue and takes that back.
func TestUndoGivesTheSubstatusBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	f := func(body string, want any) {
		t.Helper()
		w.do("PATCH", "/api/v1/issues/1", body)
		if got := w.get("/api/v1/issues/1")["substatus"]; got != want {
			t.Errorf("substatus after %s = %v, want %v", body, got, want)
		}
	}
	f(`{"status":"resolved"}`, nil)
	f(`{"status":"unresolved","substatus":"new"}`, "new")
	f(`{"status":"unresolved"}`, "ongoing")
	f(`{"status":"unresolved","substatus":"regressed"}`, "regressed")
	for _, bad := range []string{`{"substatus":"new"}`, `{"status":"resolved","substatus":"new"}`, `{"status":"unresolved","substatus":"old"}`} {
		if code, _, text := w.ask(w.ours, "PATCH", "/api/v1/issues/1", bad); code != http.StatusBadRequest {
			t.Errorf("%s: %d %s, want 400", bad, code, text)
		}
	}
}

func TestSimilarIssues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fault("charge", "card 17 declined by the bank", "main", "run", "charge")
	w.fault("refund", "refund 9: card 4242 declined by the bank", "main", "run", "charge")
	w.fault("mailer", "connection refused", "main", "loop", "send")
	got := w.get("/api/v1/issues/1/similar")
	list := got["issues"].([]any)
	if len(list) != 1 || got["compared"] != 3.0 {
		t.Fatalf("similar = %v, want one of 3", got)
	}
	x := list[0].(map[string]any)
	if x["issue"].(map[string]any)["shortId"] != "DEFAULT-2" {
		t.Errorf("similar is %v, want DEFAULT-2", x["issue"])
	}
	reasons := fmt.Sprint(x["reasons"])
	for _, want := range []string{"3 of 3 functions", "the text of one is within that of the other", "same type: bill.FaultError"} {
		if !strings.Contains(reasons, want) {
			t.Errorf("reasons %s, want one about %q", reasons, want)
		}
	}
}

func TestEnvironments(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	w.fault("second", "it broke")
	if _, err := w.db.CreateProject(t.Context(), store.Scope{Org: 1}, "quiet", "Quiet", ""); err != nil {
		t.Fatal(err)
	}
	f := func(query string, want ...string) {
		t.Helper()
		var got []string
		for _, e := range w.get("/api/v1/environments" + query)["environments"].([]any) {
			got = append(got, e.(map[string]any)["name"].(string))
		}
		if !slices.Equal(got, want) {
			t.Errorf("environments%s = %q, want %q", query, got, want)
		}
	}
	f("", "production", "staging")
	f("?project=default", "production", "staging")
	f("?project=quiet")
}
