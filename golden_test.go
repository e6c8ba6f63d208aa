package picket

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

var updateGoldens = flag.Bool("update", false, "write testdata/*.golden again")

// golden is a helper and the options it runs with.
type golden struct {
	options Options
	report  func(ctx context.Context)
}

// goldens lists what every helper sends, by the name of the file that holds it.
var goldens = map[string]golden{
	"exception":         {report: func(ctx context.Context) { CaptureException(owned(ctx), &captureCard{4}, slog.Int("order", 81)) }},
	"exception_plain":   {report: func(ctx context.Context) { CaptureException(ctx, errors.New("no such order")) }},
	"exception_wrapped": {report: func(ctx context.Context) { CaptureException(ctx, fmt.Errorf("charge: %w", &captureCard{4})) }},
	"exception_joined":  {report: func(ctx context.Context) { CaptureException(ctx, errors.Join(&captureCard{4}, io.EOF)) }},
	"message": {report: func(ctx context.Context) {
		AddBreadcrumb(ctx, Breadcrumb{Type: "query", Category: "query", Message: "SELECT 1", Data: []Attr{slog.Int("rows", 3)}})
		CaptureMessage(owned(ctx), LevelWarning, "slow")
	}},
	"panic":               {report: func(ctx context.Context) { defer Recover(ctx); panic("boom") }},
	"agent_error":         {report: goldenAgentError},
	"execution":           {report: goldenExecution},
	"execution_failed":    {report: goldenFailure},
	"execution_unsampled": {options: Options{ExecutionSampleRate: -1}, report: goldenFailure},
	"request":             {report: func(ctx context.Context) { goldenRequest(ctx, false) }},
	"request_execution":   {report: func(ctx context.Context) { goldenRequest(ctx, true) }},
	"request_unsampled":   {options: Options{TracesSampleRate: -1}, report: func(ctx context.Context) { goldenRequest(ctx, true) }},
	"transaction":         {report: goldenTransaction},
	"anonymous":           {options: Options{AnonymizeUsers: true, OmitContent: true}, report: goldenExecution},
	"client_report": {options: Options{SampleRate: 1e-300, TracesSampleRate: -1}, report: func(ctx context.Context) {
		CaptureException(ctx, io.EOF)
		_, job := StartTransaction(ctx, "job", "orders")
		job.End()
	}},
	"check_in": {report: func(ctx context.Context) {
		sentry.GetHubFromContext(ctx).CaptureCheckIn(&sentry.CheckIn{MonitorSlug: "nightly", Status: sentry.CheckInStatusOK, Duration: time.Second}, nil)
	}},
	"log": {report: func(ctx context.Context) { sentry.NewLogger(ctx).Info().Int("rows", 3).Emitf("%s", "done") }},
}

// owned returns a context that knows all that one can know.
func owned(ctx context.Context) context.Context {
	ctx = WithUser(ctx, User{ID: "u1", Email: "ada@example.com", Name: "Ada"})
	ctx = WithOrganization(ctx, Organization{ID: "o1", Name: "Acme", Tier: "gold"})
	ctx = WithAgent(ctx, Agent{ID: "a1", Name: "Billing", Framework: "own", Version: "3", Capabilities: []string{"refund"}})
	return WithTag(WithConversation(ctx, "c1"), "shard", "s9")
}

func goldenAgentError(ctx context.Context) {
	CaptureAgentError(owned(ctx), "a1", &captureCard{4}, &ExecutionSummary{
		ID: "ex-81", Outcome: OutcomeError, Reason: "no money", Duration: 1500 * time.Millisecond,
		Usage: Usage{Input: 100, Output: 20, CacheRead: 50, CacheWrite: 10, Reasoning: 5}, CostUSD: 0.25,
		Tools:    []ToolCall{{Name: "refund", ID: "t1", Arguments: map[string]any{"order": 81, "password": "x"}, Error: "card refused", Duration: time.Second}},
		Policies: []Policy{{Name: "limits", Verdict: Flag, Reason: "above 50 EUR"}},
	})
}

func goldenExecution(ctx context.Context) {
	ctx, run := StartExecution(owned(ctx), Agent{}, ExecutionID("ex-81"))
	run.Input("refund order 81")
	_, call := StartModelCall(ctx, ModelCall{Provider: "openai", Model: "gpt-5", Messages: "refund?", Instructions: "be kind", MaxTokens: 100, Temperature: sentry.Pointer(0.5)})
	time.Sleep(250 * time.Millisecond)
	call.End(ModelResult{Model: "gpt-5-2025", ResponseID: "r1", FinishReasons: []string{"stop"}, Output: "yes",
		Usage:   Usage{Input: 100, Output: 20, CacheRead: 50, CacheWrite: 10, Reasoning: 5},
		CostUSD: 0.25, FirstChunk: 100 * time.Millisecond}, nil)
	_, tool := StartToolCall(ctx, ToolCall{Name: "refund", ID: "t1", Description: "gives money back", Arguments: map[string]any{"order": 81}})
	time.Sleep(125 * time.Millisecond)
	tool.End(map[string]any{"state": "refunded"}, nil)
	RecordPolicy(ctx, Policy{Name: "limits", Verdict: Deny, Reason: "above 50 EUR", Duration: time.Millisecond})
	Handoff(ctx, Agent{ID: "a2", Name: "Desk"})
	sub, desk := StartExecution(ctx, Agent{ID: "a2", Name: "Desk"})
	_, call = StartModelCall(sub, ModelCall{Provider: "openai", Model: "e-3", Operation: "embeddings", Messages: []string{"refund"}})
	call.End(ModelResult{Usage: Usage{Input: 2}}, nil)
	desk.Fail("nobody is there")
	desk.End(nil)
	run.Output("refunded")
	run.End(nil)
}

func goldenFailure(ctx context.Context) {
	ctx, run := StartExecution(owned(ctx), Agent{}, ExecutionID("ex-81"))
	_, tool := StartToolCall(ctx, ToolCall{Name: "refund"})
	tool.Fail("no such order")
	tool.End(nil, nil)
	_, tool = StartToolCall(ctx, ToolCall{Name: "mail"})
	tool.End(nil, context.DeadlineExceeded)
	run.End(fmt.Errorf("refund: %w", &captureCard{4}))
}

// goldenRequest answers a request that another service made, and fails.
func goldenRequest(ctx context.Context, agent bool) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		if agent {
			_ = Execute(r.Context(), Agent{ID: "a1", Name: "Billing"}, func(ctx context.Context, _ *Execution) error {
				_, tool := StartToolCall(ctx, ToolCall{Name: "refund"})
				tool.End(nil, nil)
				return nil
			}, ExecutionID("ex-81"))
		}
		_, s := StartSpan(r.Context(), "db", "SELECT 1", slog.String("db.system", "sqlite"))
		s.End()
		CaptureException(r.Context(), &captureCard{4})
		WriteProblem(w, r, http.StatusBadGateway, "the bank is away")
	})
	r := httptest.NewRequestWithContext(ctx, "GET", "/orders/81?page=2&token=x", nil)
	if !agent {
		r.Header.Set("sentry-trace", "12345678901234567890123456789012-1234567890123456-1")
		r.Header.Set("baggage", "sentry-trace_id=12345678901234567890123456789012,sentry-public_key=abc,sentry-sample_rand=0.250000,sentry-sample_rate=0.5,sentry-sampled=true,other=1")
	}
	r.Header.Set("Authorization", "Bearer x")
	Middleware(MiddlewareOptions{User: func(*http.Request) User { return User{ID: "u1"} }})(mux).ServeHTTP(httptest.NewRecorder(), r)
}

func goldenTransaction(ctx context.Context) {
	ctx, job := StartTransaction(owned(ctx), "queue.process", "orders", slog.Int("queue.depth", 7))
	time.Sleep(time.Second)
	qctx, s := StartSpan(ctx, "db", "SELECT 1", slog.String("db.system", "sqlite"))
	_, late := StartSpan(qctx, "http.client", "GET /bank")
	s.Fail(io.EOF)
	s.End()
	_, call := StartModelCall(ctx, ModelCall{Provider: "anthropic", Model: "opus", Messages: "hello"})
	call.End(ModelResult{Usage: Usage{Input: 2, Output: 1}}, nil)
	job.End()
	late.End()
}

func TestGoldens(t *testing.T) { // not beside the test that reads the files
	for name, g := range goldens {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g.options.ServerName = "host-1"
				ctx, c, m := testClient(t, g.options)
				g.report(ctx)
				flush(t, c)
				compareGolden(t, name, goldenOf(t, m))
			})
		})
	}
}

func compareGolden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *updateGoldens {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs; run with -update and read the diff. Sent is:\n%s", path, got)
	}
}

// goldenEnvelope is an envelope as the files hold it.
type goldenEnvelope struct {
	Header object       `json:"header"`
	Items  []goldenItem `json:"items"`
}

type goldenItem struct {
	Type        string `json:"type"`
	ContentType string `json:"content_type,omitempty"`
	ItemCount   int    `json:"item_count,omitempty"`
	SpanCount   int    `json:"span_count,omitempty"`
	Payload     any    `json:"payload"`
}

// goldenOf writes what was sent, less what differs from run to run.
func goldenOf(t *testing.T, m *mailbox) []byte {
	t.Helper()
	n := &normaliser{names: map[string]string{}}
	var list []goldenEnvelope
	for _, e := range goldenOrder(t, m) {
		g := goldenEnvelope{Header: n.value("", decoded(t, e.Header.Raw)).(object)}
		for _, item := range e.Items {
			if !item.HasLength {
				t.Errorf("an item of type %s has no length", item.Type)
			}
			g.Items = append(g.Items, goldenItem{item.Type, item.ContentType, item.ItemCount, item.SpanCount, n.value("", decoded(t, item.Payload))})
		}
		list = append(list, g)
	}
	var b bytes.Buffer
	w := json.NewEncoder(&b)
	w.SetEscapeHTML(false)
	w.SetIndent("", "  ")
	if err := w.Encode(list); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// goldenOrder sorts envelopes by what is in them; which of them takes a client report
// along is chance, so each report stands by itself, behind the others.
func goldenOrder(t *testing.T, m *mailbox) []*wire.Envelope {
	t.Helper()
	m.items(t, wire.ItemEvent) // tells of what could not be read
	var order []*wire.Envelope
	for _, e := range m.envelopes {
		for _, item := range e.Items {
			part := *e
			part.Items = []wire.Item{item}
			if item.Type == wire.ItemClientReport {
				part.Header.Raw = []byte("{}")
			}
			order = append(order, &part)
		}
	}
	rank := []string{wire.ItemEvent, wire.ItemCheckIn, wire.ItemTransaction, wire.ItemSpan, wire.ItemLog, wire.ItemClientReport}
	slices.SortStableFunc(order, func(a, b *wire.Envelope) int {
		return slices.Index(rank, a.Items[0].Type) - slices.Index(rank, b.Items[0].Type)
	})
	return order
}

func decoded(t *testing.T, raw []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return v
}

// normaliser gives ids the same names in each run and blanks what the machine decides.
type normaliser struct{ names map[string]string }

var (
	goldenIDs     = regexp.MustCompile(`^([0-9a-f]{32}|[0-9a-f]{16})$`)
	goldenRand    = regexp.MustCompile(`^0\.\d{6}$`)
	goldenMachine = []string{"device", "os", "runtime"}
)

func (n *normaliser) value(key string, v any) any {
	switch v := v.(type) {
	case object:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			v[name] = n.value(name, v[name])
		}
		if slices.Contains(goldenMachine, key) {
			return blank(v)
		}
		return v
	case []any:
		if key == "frames" {
			v = slices.DeleteFunc(v, func(f any) bool { return at(f, "in_app") != true })
			v = v[max(0, len(v)-1):] // how one came there changes with each case
		}
		for i := range v {
			v[i] = n.value(key, v[i])
		}
		if key == "packages" {
			v[0].(object)["version"] = "-"
		}
		return v
	case string:
		return n.text(key, v)
	case float64:
		if key == "lineno" {
			return 1
		}
	}
	return v
}

func (n *normaliser) text(key, s string) string {
	switch {
	case key == "abs_path" || key == "filename":
		return filepath.Base(s)
	case key == "function":
		return strings.TrimRight(s, "0123456789.")
	case key == "sample_rand" && goldenRand.MatchString(s):
		return "0.123456"
	case !goldenIDs.MatchString(s) || s == "12345678901234567890123456789012" || s == "0123456789abcdef0123456789abcdef":
		return s
	}
	if n.names[s] == "" {
		n.names[s] = fmt.Sprintf("%0*x", len(s), len(n.names)+1)
	}
	return n.names[s]
}

// blank keeps the names and the types of what the machine decides.
func blank(v object) object {
	for name, member := range v {
		switch member.(type) {
		case string:
			v[name] = "-"
		case float64:
			v[name] = 0
		}
	}
	return v
}
