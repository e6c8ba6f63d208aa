package picket_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket"
	"relay.one/picket/internal/server"
)

// world is a server, and a client that reports to it over HTTP.
type world struct {
	*testing.T
	url    string
	client *picket.Client
}

func newWorld(t *testing.T, o picket.Options) *world {
	t.Helper()
	quiet := slog.New(slog.DiscardHandler)
	s, err := server.Open(t.Context(), server.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), Dev: true, Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	stopped := make(chan error, 1)
	go func() { stopped <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-stopped; err != nil {
			t.Errorf("the server ended: %v", err)
		}
	})
	o.DSN, o.Environment, o.Release, o.Logger = s.DSN(), "test", "shop@1.2.3", quiet
	c, err := picket.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		deadline, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := c.Close(deadline); err != nil {
			t.Error(err)
		}
	})
	return &world{t, s.URL(), c}
}

// owned returns a context in which all is known.
func (w *world) owned() context.Context {
	ctx := picket.NewContext(context.Background(), w.client)
	ctx = picket.WithUser(ctx, picket.User{ID: "u1"})
	ctx = picket.WithOrganization(ctx, picket.Organization{ID: "o1", Name: "Acme", Tier: "gold"})
	ctx = picket.WithAgent(ctx, picket.Agent{ID: "a1", Name: "Billing", Framework: "own", Version: "3"})
	return picket.WithTag(picket.WithConversation(ctx, "c1"), "shard", "s9")
}

func (w *world) flush() {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := w.client.Flush(ctx); err != nil {
		w.Fatal(err)
	}
	if st := w.client.Stats(); len(st.Dropped) != 0 || st.Retried != 0 {
		w.Errorf("delivery: %+v", st)
	}
}

// get reads from the server's API.
func (w *world) get(path string) (v map[string]any) {
	w.Helper()
	res, err := http.Get(w.url + path)
	if err != nil {
		w.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		w.Fatalf("GET %s: %s: %.300s: %v", path, res.Status, body, err)
	}
	if err := json.Unmarshal(body, &v); err != nil {
		w.Fatalf("GET %s: %v", path, err)
	}
	return v
}

// want compares members of what was read.
func (w *world) want(what string, got any, want map[string]any) {
	w.Helper()
	for path, value := range want {
		found := got
		for name := range strings.SplitSeq(path, "/") {
			members, _ := found.(map[string]any)
			found = members[name]
		}
		if !reflect.DeepEqual(found, value) {
			w.Errorf("%s: %s is %#v, want %#v", what, path, found, value)
		}
	}
}

// wantNoDiscards looks for what the server, or the client, did not keep.
func (w *world) wantNoDiscards() {
	w.Helper()
	if list := w.get("/api/v1/discards?window=1h")["discards"].([]any); len(list) != 0 {
		w.Errorf("discarded: %v", list)
	}
}

// event reads an event by what its capture returned.
func (w *world) event(id picket.EventID) map[string]any {
	w.Helper()
	if len(id) != 32 {
		w.Fatalf("id %q", id)
	}
	return w.get("/api/v1/events/" + string(id))
}

// cardError is an error with a name.
type cardError struct{ code int }

func (e *cardError) Error() string { return fmt.Sprintf("card refused: %d", e.code) }

func TestServerTakesErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, picket.Options{})
	ctx := w.owned()
	picket.AddBreadcrumb(ctx, picket.Breadcrumb{Category: "query", Message: "SELECT 1"})
	named := picket.CaptureException(ctx, fmt.Errorf("charge: %w", &cardError{4}), slog.Int("order", 81))
	joined := picket.CaptureException(ctx, errors.Join(&cardError{5}, io.EOF))
	message := picket.CaptureMessage(ctx, picket.LevelWarning, "slow answer")
	func() { defer picket.Recover(ctx); panic("boom") }()
	panicked := picket.LastEventID(ctx)
	native := sentry.GetHubFromContext(ctx).CaptureException(&cardError{6})
	w.flush()

	owner := map[string]any{"agentId": "a1", "organizationId": "o1", "user": "id:u1", "release": "shop@1.2.3", "environment": "test", "platform": "go"}
	f := func(id picket.EventID, want map[string]any) {
		t.Helper()
		ev := w.event(id)
		w.want("event", ev, owner)
		w.want("event", ev, want)
		w.want("payload", ev["payload"], map[string]any{"tags/shard": "s9", "contexts/agent/framework": "own", "contexts/organization/tier": "gold"})
		issue := w.get("/api/v1/issues/" + ev["issueId"].(string))
		w.want("issue", issue, map[string]any{"type": ev["type"], "status": "unresolved"})
	}
	f(named, map[string]any{"kind": "error", "level": "error", "type": "*picket_test.cardError", "payload/contexts/extra/order": 81.})
	f(joined, map[string]any{"kind": "error"})
	f(message, map[string]any{"kind": "message", "level": "warning", "title": "slow answer"})
	f(panicked, map[string]any{"kind": "error", "level": "fatal", "type": "panic"})
	f(*native, map[string]any{"kind": "error", "type": "*picket_test.cardError", "issueId": w.event(named)["issueId"]})

	w.want("panic's issue", w.get("/api/v1/issues/"+w.event(panicked)["issueId"].(string)), map[string]any{"handled": false, "value": "boom"})
	title := w.event(named)["title"].(string)
	if !strings.Contains(title, "cardError") || !strings.Contains(title, "card refused") {
		t.Errorf("title %q", title)
	}
	if crumbs := fmt.Sprint(w.event(named)["payload"].(map[string]any)["breadcrumbs"]); !strings.Contains(crumbs, "SELECT 1") {
		t.Errorf("breadcrumbs %s", crumbs)
	}
	w.want("agent", w.get("/sentry/stats/a1?window=1h"), map[string]any{"errors": 4., "events": 5., "users": 1.})
	w.wantNoDiscards()
}

func TestServerTakesExecutions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, picket.Options{})
	run := billOnce(w.owned())
	w.flush()

	x := w.get("/api/v1/executions/ex-81")
	w.want("execution", x, map[string]any{
		"agent/id": "a1", "agent/name": "Billing", "agent/framework": "own", "agent/version": "3",
		"conversationId": "c1", "organizationId": "o1", "user": "id:u1", "release": "shop@1.2.3", "environment": "test",
		"ended": true, "outcome": "failed", "reason": "above the limit",
		"usage/input": 102., "usage/output": 20., "usage/cacheRead": 50., "usage/cacheWrite": 10., "usage/reasoning": 5.,
		"costUsd": 0.25, "modelCalls": 2., "toolCalls": 3., "toolErrors": 2., "evaluations": 2., "violations": 1.,
	})
	if u := run.Usage(); u.Input != 102 || u.Output != 20 || run.CostUSD() != 0.25 {
		t.Errorf("the client counted %+v and %v dollars", u, run.CostUSD())
	}
	w.wantTrace(x["traceId"].(string), x["spanId"].(string))
	w.want("stats", w.get("/sentry/stats/a1?window=1h"), map[string]any{"executions": 1., "failed": 1., "policies/evaluations": 2., "policies/violations": 1.})
	for _, id := range []string{"a1", "a2"} {
		if list := fmt.Sprint(w.get("/api/v1/agents?window=1h")["agents"]); !strings.Contains(list, "id:"+id) {
			t.Errorf("agents: %s has no %s", list, id)
		}
	}
	w.wantNoDiscards()
}

// billOnce is an execution with a step of every kind, and a sub-agent.
func billOnce(ctx context.Context) *picket.Execution {
	ctx, run := picket.StartExecution(ctx, picket.Agent{}, picket.ExecutionID("ex-81"))
	run.Input("refund order 81")
	_, call := picket.StartModelCall(ctx, picket.ModelCall{Provider: "acme", Model: "calculon", Messages: "refund?"})
	call.End(picket.ModelResult{Output: "yes", CostUSD: 0.25, FinishReasons: []string{"stop"},
		Usage: picket.Usage{Input: 100, Output: 20, CacheRead: 50, CacheWrite: 10, Reasoning: 5}}, nil)
	_, tool := picket.StartToolCall(ctx, picket.ToolCall{Name: "refund", ID: "t1", Arguments: map[string]any{"order": 81}})
	tool.End(map[string]any{"state": "refunded"}, nil)
	_, tool = picket.StartToolCall(ctx, picket.ToolCall{Name: "mail"})
	tool.End(nil, &cardError{7})
	_, tool = picket.StartToolCall(ctx, picket.ToolCall{Name: "ask"})
	tool.Fail("nobody is there")
	tool.End(nil, nil)
	picket.RecordPolicy(ctx, picket.Policy{Name: "limits", Verdict: picket.Deny, Reason: "above 50 EUR"})
	picket.RecordPolicy(ctx, picket.Policy{Name: "hours", Verdict: picket.Allow})
	picket.Handoff(ctx, picket.Agent{ID: "a2", Name: "Desk"})
	sub, desk := picket.StartExecution(ctx, picket.Agent{ID: "a2", Name: "Desk"})
	_, call = picket.StartModelCall(sub, picket.ModelCall{Provider: "acme", Model: "calculon"})
	call.End(picket.ModelResult{Usage: picket.Usage{Input: 2}}, nil)
	desk.End(nil)
	run.Output("refunded")
	run.Fail("above the limit")
	run.End(nil)
	return run
}

// wantTrace reads the steps of billOnce back.
func (w *world) wantTrace(trace, root string) {
	w.Helper()
	spans := map[string]map[string]any{}
	for _, s := range w.get("/api/v1/traces/" + trace)["spans"].([]any) {
		span := s.(map[string]any)
		spans[fmt.Sprint(span["kind"], " ", span["name"])] = span
	}
	if len(spans) != 10-1 { // two model calls have one name
		w.Errorf("%d spans: %v", len(spans), spans)
	}
	f := func(name string, want map[string]any) {
		w.Helper()
		if spans[name] == nil {
			w.Errorf("there is no span %s", name)
			return
		}
		w.want(name, spans[name], want)
		w.want(name, spans[name], map[string]any{"execution": "ex-81", "conversation": "c1", "organizationId": "o1"})
	}
	f("agent invoke_agent Billing", map[string]any{"op": "gen_ai.invoke_agent", "segment": true, "parentSpanId": nil, "agent/id": "a1"})
	f("agent invoke_agent Desk", map[string]any{"parentSpanId": root, "agent/id": "a2", "agent/name": "Desk"})
	f("model chat calculon", map[string]any{"op": "gen_ai.chat", "provider": "acme", "model": "calculon"})
	f("tool execute_tool refund", map[string]any{"tool": "refund", "parentSpanId": root, "errorType": nil, "status": "ok"})
	f("tool execute_tool mail", map[string]any{"tool": "mail", "errorType": "*picket_test.cardError", "status": "internal_error"})
	f("tool execute_tool ask", map[string]any{"tool": "ask", "errorType": "tool_error"})
	f("policy policy limits", map[string]any{"policy/name": "limits", "policy/verdict": "deny", "policy/reason": "above 50 EUR"})
	f("policy policy hours", map[string]any{"policy/verdict": "allow"})
	f("handoff handoff from Billing to Desk", map[string]any{"agent/id": "a1"})
}

func TestServerTakesAgentErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, picket.Options{})
	ctx := w.owned()
	var ended picket.EventID
	err := picket.Execute(ctx, picket.Agent{}, func(context.Context, *picket.Execution) error { return &cardError{4} }, picket.ExecutionID("ex-1"))
	if err == nil {
		t.Error("the error is lost")
	}
	xctx, run := picket.StartExecution(ctx, picket.Agent{}, picket.ExecutionID("ex-2"))
	captured := picket.CaptureAgentError(xctx, "a1", &cardError{5}, nil)
	if ended = run.End(&cardError{6}); ended == captured {
		t.Error("two errors have one id")
	}
	told := picket.CaptureAgentError(ctx, "a1", &cardError{7}, &picket.ExecutionSummary{
		ID: "ex-3", Outcome: picket.OutcomeError, Reason: "no money", Duration: 1500 * time.Millisecond,
		Usage: picket.Usage{Input: 100, Output: 20, CacheRead: 50, Reasoning: 5}, CostUSD: 0.25,
		Tools:    []picket.ToolCall{{Name: "refund", Error: "card refused"}},
		Policies: []picket.Policy{{Name: "limits", Verdict: picket.Flag}},
	})
	w.flush()
	for id, want := range map[picket.EventID]string{captured: "ex-2", ended: "ex-2", told: "ex-3"} {
		w.want("event", w.event(id), map[string]any{"executionId": want, "agentId": "a1", "type": "*picket_test.cardError"})
	}
	for _, id := range []string{"ex-1", "ex-2"} {
		w.want(id, w.get("/api/v1/executions/"+id), map[string]any{"ended": true, "outcome": "error", "reason": "*picket_test.cardError", "agent/id": "a1"})
	}
	w.want("ex-3", w.get("/api/v1/executions/ex-3"), map[string]any{"ended": true, "outcome": "error", "reason": "no money", "durationMs": 1500.,
		"usage/input": 100., "usage/output": 20., "usage/cacheRead": 50., "usage/reasoning": 5., "costUsd": 0.25, "agent/id": "a1", "conversationId": "c1"})
	w.want("stats", w.get("/sentry/stats/a1?window=1h"), map[string]any{"executions": 3., "errored": 3., "errors": 4.})
	w.wantNoDiscards()
}

func TestServerTakesTransactions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, picket.Options{})
	mux := http.NewServeMux()
	var trace string
	mux.HandleFunc("GET /agents/{agent}/orders/{id}", func(rw http.ResponseWriter, r *http.Request) {
		ctx, s := picket.StartSpan(r.Context(), "db", "SELECT 1")
		trace = s.TraceID()
		s.End()
		_, run := picket.StartExecution(ctx, picket.Agent{}, picket.ExecutionID("ex-9"))
		run.End(nil)
		rw.WriteHeader(http.StatusAccepted)
	})
	site := httptest.NewServer(w.client.Middleware(picket.MiddlewareOptions{
		AgentPathValue: "agent",
		User:           func(*http.Request) picket.User { return picket.User{ID: "u1"} },
		Organization:   func(*http.Request) picket.Organization { return picket.Organization{ID: "o1"} },
	})(mux))
	defer site.Close()
	res, err := http.Get(site.URL + "/agents/a1/orders/81")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	site.Close() // the response comes before the middleware has ended

	ctx, job := picket.StartTransaction(w.owned(), "queue.process", "orders")
	_, s := picket.StartSpan(ctx, "http.client", "GET /bank")
	job.End()
	s.End()
	w.flush()

	kinds := map[string]any{}
	answer := w.get("/api/v1/traces/" + trace)
	for _, s := range answer["spans"].([]any) {
		span := s.(map[string]any)
		kinds[span["name"].(string)] = span["op"]
	}
	want := map[string]any{"GET /agents/{agent}/orders/{id}": "http.server", "SELECT 1": "db", "invoke_agent a1": "gen_ai.invoke_agent"}
	if !reflect.DeepEqual(kinds, want) {
		t.Errorf("spans %v, want %v", kinds, want)
	}
	w.want("transaction", answer["events"].([]any)[0], map[string]any{"kind": "transaction", "title": "GET /agents/{agent}/orders/{id}", "agentId": "a1",
		"organizationId": "o1", "user": "id:u1"})
	w.want("execution", w.get("/api/v1/executions/ex-9"), map[string]any{"agent/id": "a1", "outcome": "ok", "traceId": trace, "organizationId": "o1", "user": "id:u1"})
	if n := len(w.get("/api/v1/traces/" + job.TraceID())["spans"].([]any)); n != 2 {
		t.Errorf("%d spans of the job, want the late one too", n)
	}
	w.wantNoDiscards()
}

// What sentry-go sends beside us arrives whole, too.
func TestServerTakesSentryGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, picket.Options{})
	ctx := w.owned()
	sentry.NewLogger(ctx).Warn().Int("rows", 3).Emitf("%s", "100% done")
	sentry.GetHubFromContext(ctx).CaptureCheckIn(&sentry.CheckIn{MonitorSlug: "nightly", Status: sentry.CheckInStatusOK, Duration: time.Second},
		&sentry.MonitorConfig{Schedule: sentry.CrontabSchedule("0 3 * * *")})
	w.flush()
	w.want("log", w.get("/api/v1/logs")["logs"].([]any)[0], map[string]any{"body": "100% done", "level": "warning", "release": "shop@1.2.3", "environment": "test"})
	w.want("monitor", w.get("/api/v1/monitors")["monitors"].([]any)[0], map[string]any{"slug": "nightly", "status": "ok", "config/schedule/value": "0 3 * * *"})
	w.wantNoDiscards()
}

// What the client drops by itself is told to the server, which shows it.
func TestServerLearnsOfLosses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, picket.Options{TracesSampleRate: -1, IgnoreErrors: []string{"card refused"}})
	ctx := w.owned()
	picket.CaptureException(ctx, &cardError{1})
	picket.CaptureException(ctx, &cardError{2})
	_, job := picket.StartTransaction(ctx, "job", "orders")
	job.End()
	deadline, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := w.client.Flush(deadline); err != nil {
		t.Fatal(err)
	}
	got := map[string]any{}
	for _, d := range w.get("/api/v1/discards?window=1h")["discards"].([]any) {
		one := d.(map[string]any)
		got[fmt.Sprint(one["source"], " ", one["category"], " ", one["reason"])] = one["quantity"]
	}
	if want := map[string]any{"client error event_processor": 2., "client transaction sample_rate": 1., "client span sample_rate": 1.}; !reflect.DeepEqual(got, want) {
		t.Errorf("losses %v, want %v", got, want)
	}
}
