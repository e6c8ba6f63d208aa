package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/api"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/outbound"
	"relay.one/picket/internal/seal"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/signin"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/tail"
	"relay.one/picket/internal/upstream"
)

// noon is when every test happens.
var noon = time.Date(2026, 11, 23, 12, 0, 30, 0, time.UTC)

// agentID has what an id in a path can have against it.
const agentID = "billing/é ?%2F#1"

// world is a server with two organizations, the first of which has data.
type world struct {
	t       testing.TB
	db      *sqlite.DB
	url     string
	project model.ProjectID
	ours    string // token of the organization with the data
	theirs  string // token of the other one
	blind   string // token of the first one, without scopes

	settings *settings.Desk

	hub *tail.Hub // tells what write has stored

	executions uint64 // how many fleet has stored
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t}
	now := func() time.Time { return noon }
	var err error
	w.db, err = sqlite.Open(filepath.Join(t.TempDir(), "picket.db"), sqlite.Options{Now: now})
	w.must(err)
	t.Cleanup(func() { w.must(w.db.Close()) })
	key, err := w.db.Bootstrap(t.Context())
	w.must(err)
	other, err := w.db.CreateOrganization(t.Context(), "rivals", "Rivals")
	w.must(err)
	w.project = key.Project
	w.ours = w.token(key.Org, access.Scopes())
	w.theirs = w.token(other.ID, access.Scopes())
	w.blind = w.token(key.Org, nil)
	_, err = w.db.CreateProject(t.Context(), store.Scope{Org: other.ID}, "spies", "Spies", "")
	w.must(err)
	desk := signin.New(w.db, now)
	w.hub = &tail.Hub{}
	guard := &access.Guard{Tokens: w.db, Sessions: desk}
	w.settings = settings.NewDesk(w.db, w.db, seal.New(seal.Key{1}), settings.NewBook(settings.Defaults()))
	s := httptest.NewServer(api.New(api.Config{Store: w.db, Guard: guard, SignIn: desk, Settings: w.settings, Prober: upstream.NewProber(outbound.Options{}, "test"), Forwarding: upstream.New(upstream.Options{Outbox: w.db, Settings: w.settings.Book()}), Tail: w.hub, Beat: time.Millisecond, Now: now}))
	t.Cleanup(s.Close)
	w.url = s.URL
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) token(org model.OrgID, scopes []string) string {
	w.t.Helper()
	secret, err := w.db.CreateToken(w.t.Context(), store.Scope{Org: org}, "test", scopes)
	w.must(err)
	return secret
}

// ask sends a request and returns the status and the body.
func (w *world) ask(token, method, path, body string) (int, http.Header, []byte) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, strings.NewReader(body))
	w.must(err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	a, err := http.DefaultClient.Do(r)
	w.must(err)
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	w.must(err)
	return a.StatusCode, a.Header, text
}

// get asks for a path with our token and reads the answer, which must be 200.
func (w *world) get(path string) map[string]any {
	w.t.Helper()
	code, _, body := w.ask(w.ours, "GET", path, "")
	if code != http.StatusOK {
		w.t.Fatalf("GET %s: %d %s", path, code, body)
	}
	var out map[string]any
	w.must(json.Unmarshal(body, &out))
	return out
}

func (w *world) write(b *model.Batch) {
	w.t.Helper()
	_, err := w.hub.Behind(w.db).Write(w.t.Context(), b)
	w.must(err)
}

// Ids that the data below goes by.
var (
	errorID = model.EventID{0xe1}
	firstID = model.EventID{0xe0}
	txnID   = model.EventID{0x71}
	traceOf = model.TraceID{0x7a}
	rootID  = model.SpanID{1}
	modelID = model.SpanID{2}
	toolID  = model.SpanID{3}
	ruleID  = model.SpanID{4}
)

// fill stores one run of an agent that failed, with everything that goes with it.
func (w *world) fill() {
	w.t.Helper()
	org, err := w.db.Organizations(w.t.Context())
	w.must(err)
	at := noon.Add(-10 * time.Minute)
	agent := model.Agent{ID: agentID, Name: "Billing", Framework: "custom", Version: "2"}
	w.write(&model.Batch{
		Org: org[0].ID, Project: w.project, Received: noon,
		Events:     []model.Event{fault(firstID, at.Add(-time.Hour), agent), fault(errorID, at, agent), transaction(at, agent)},
		Spans:      spans(at, agent),
		SpanBlobs:  []model.SpanBlob{{Payload: []byte(spanBlob)}},
		Executions: []model.Execution{run(at, agent)},
		Logs: []model.Log{{Timestamp: at, Trace: traceOf, Span: rootID, Level: model.LevelInfo, Body: "charging", Agent: agentID,
			Payload: []byte(`{"body":"charging"}`)}},
		CheckIns: []model.CheckIn{{ID: model.EventID{0xc1}, Monitor: "nightly", Status: "ok", Environment: "production",
			Timestamp: at, Duration: 3 * time.Second, Config: []byte(`{"schedule":{"type":"crontab","value":"0 0 * * *"}}`)}},
		Sessions: []model.Session{{Started: at, Timestamp: at, Release: "bill@1.0.0", Environment: "production", Exited: 8, Crashed: 2}},
		Discards: []model.Discard{{Category: "error", Reason: "too_large", Source: "server", Quantity: 3}},
	})
	w.hear(org[0].ID)
}

func fault(id model.EventID, at time.Time, agent model.Agent) model.Event {
	return model.Event{
		ID: id, Kind: model.KindError, Timestamp: at, Level: model.LevelError, Platform: "go",
		Release: "bill@1.0.0", Environment: "production", User: model.User{ID: "42"}, Trace: traceOf, Span: toolID,
		Agent: agent, Execution: "run-1", Organization: "acme",
		Title: "*bill.DeclinedError: card declined", Culprit: "charge", Type: "*bill.DeclinedError", Value: "card declined",
		Hashes: []model.Hash{{9}}, Handled: model.No, Tags: []model.Tag{{Key: "card", Value: "visa"}},
		Payload: []byte(`{"event_id":"` + id.String() + `","platform":"go","tags":{"card":"visa"}}`),
	}
}

func transaction(at time.Time, agent model.Agent) model.Event {
	return model.Event{
		ID: txnID, Kind: model.KindTransaction, Timestamp: at, Started: at.Add(-2 * time.Second), Level: model.LevelInfo,
		Platform: "go", Release: "bill@1.0.0", Environment: "production", Trace: traceOf, Span: rootID, Op: "gen_ai.invoke_agent",
		Transaction: "invoke_agent Billing", Agent: agent, Execution: "run-1",
		Payload: []byte(`{"type":"transaction","contexts":{"trace":{"span_id":"` + rootID.String() + `","data":{"queue":"high"}}},"spans":[]}`),
	}
}

// spanBlob is a container with the three spans that came beside the transaction.
const spanBlob = `{"version":2,"items":[
{"span_id":"0200000000000000","attributes":{"gen_ai.request.model":{"value":"gpt-5","type":"string"}}},
{"span_id":"0300000000000000","attributes":{"gen_ai.tool.name":{"value":"charge_card","type":"string"}}},
{"span_id":"0400000000000000","attributes":{}}]}`

func spans(at time.Time, agent model.Agent) []model.Span {
	base := model.Span{Trace: traceOf, Start: at.Add(-2 * time.Second), Duration: time.Second, Agent: agent, Execution: "run-1",
		Release: "bill@1.0.0", Environment: "production", Parent: rootID}
	root, call, tool, rule := base, base, base, base
	root.ID, root.Parent, root.Op, root.Name = rootID, model.SpanID{}, "gen_ai.invoke_agent", "invoke_agent Billing"
	root.Kind, root.Segment, root.Status, root.Event, root.Blob = model.SpanAgent, true, model.StatusInternalError, txnID, -1
	call.ID, call.Op, call.Kind, call.Status = modelID, "gen_ai.chat", model.SpanModel, model.StatusOK
	call.Provider, call.Model = "openai", "gpt-5"
	call.Usage = model.Usage{Input: 1000, CacheRead: 400, Output: 50, Reasoning: 20}
	call.Cost = model.Cost{Nanos: 1_250_000, Pricing: model.Priced}
	tool.ID, tool.Op, tool.Kind, tool.Status = toolID, "gen_ai.execute_tool", model.SpanTool, model.StatusInternalError
	tool.Tool, tool.ErrorType = "charge_card", "declined"
	rule.ID, rule.Op, rule.Kind, rule.Status = ruleID, "picket.policy", model.SpanPolicy, model.StatusOK
	rule.Policy = model.Policy{Name: "spending", Verdict: model.VerdictDeny, Reason: "over the limit"}
	return []model.Span{root, call, tool, rule}
}

func run(at time.Time, agent model.Agent) model.Execution {
	return model.Execution{
		ID: "run-1", Trace: traceOf, Span: rootID, Agent: agent, Conversation: "talk-1", Organization: "acme", UserKey: "id:42",
		Release: "bill@1.0.0", Environment: "production", Start: at.Add(-2 * time.Second), Duration: 2 * time.Second,
		Ended: true, Outcome: model.OutcomeError, Reason: "declined",
		Usage: model.Usage{Input: 1000, CacheRead: 400, Output: 50, Reasoning: 20},
		Cost:  model.Cost{Nanos: 1_250_000, Pricing: model.Priced}, ModelCalls: 1, ToolCalls: 1, ToolErrors: 1, Evaluations: 1, Violations: 1,
	}
}
