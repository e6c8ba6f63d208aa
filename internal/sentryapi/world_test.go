package sentryapi_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentryapi"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
)

// noon is when every test happens.
var noon = time.Date(2026, 11, 23, 12, 0, 30, 0, time.UTC)

// Ids that the data below goes by.
const (
	errorID = "e1000000000000000000000000000000"
	firstID = "e0000000000000000000000000000000"
	txnID   = "71000000000000000000000000000000"
	traceID = "7a000000000000000000000000000000"
)

// world is a server with two organizations, the first of which has data.
type world struct {
	t       *testing.T
	db      *sqlite.DB
	url     string
	org     model.OrgID
	project model.ProjectID
	key     store.Key
	ours    string // token of the organization with the data
	theirs  string // token of the other one
	blind   string // token of the first one, without scopes
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	now := func() time.Time { return noon }
	var err error
	w.db, err = sqlite.Open(filepath.Join(t.TempDir(), "picket.db"), sqlite.Options{Now: now})
	w.must(err)
	t.Cleanup(func() { w.must(w.db.Close()) })
	w.key, err = w.db.Bootstrap(t.Context())
	w.must(err)
	w.org, w.project = w.key.Org, w.key.Project
	other, err := w.db.CreateOrganization(t.Context(), "rivals", "Rivals")
	w.must(err)
	w.ours = w.token(w.org, access.Scopes())
	w.theirs = w.token(other.ID, access.Scopes())
	w.blind = w.token(w.org, nil)
	_, err = w.db.CreateProject(t.Context(), store.Scope{Org: other.ID}, "spies", "Spies", "")
	w.must(err)
	s := httptest.NewServer(sentryapi.New(sentryapi.Config{
		Store: w.db, Guard: &access.Guard{Tokens: w.db}, Version: "1.2.3", Now: now,
	}))
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
	secret, err := w.db.CreateToken(w.t.Context(), store.Scope{Org: org}, "robot", scopes)
	w.must(err)
	return secret
}

// ask sends a request for a path under /api/0/.
func (w *world) ask(token, method, path, body string) (int, http.Header, []byte) {
	w.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = w.url + "/api/0/" + path
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, path, strings.NewReader(body))
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
func (w *world) get(path string) (http.Header, any) {
	w.t.Helper()
	code, head, body := w.ask(w.ours, "GET", path, "")
	if code != http.StatusOK || head.Get("Content-Type") != "application/json" {
		w.t.Fatalf("GET %s: %d %s %s", path, code, head.Get("Content-Type"), body)
	}
	var out any
	w.must(json.Unmarshal(body, &out))
	return head, out
}

func (w *world) write(b *model.Batch) {
	w.t.Helper()
	b.Org, b.Project, b.Received = w.org, w.project, noon
	_, err := w.db.Write(w.t.Context(), b)
	w.must(err)
}

// fill stores an issue with two events, a transaction with three spans, an
// attachment and a log record, all of one trace.
func (w *world) fill() {
	w.t.Helper()
	at := noon.Add(-10 * time.Minute)
	first := w.fault(firstID, at.Add(-time.Hour))
	trace, err := model.ParseTraceID(traceID)
	w.must(err)
	txn := model.Event{
		ID: w.id(txnID), Kind: model.KindTransaction, Timestamp: at, Started: at.Add(-2 * time.Second), Level: model.LevelInfo,
		Platform: "go", Trace: trace, Span: model.SpanID{1}, Transaction: "invoke_agent Billing",
		Payload: w.file("transaction.json"),
	}
	span := model.Span{Trace: trace, Start: txn.Started, Duration: time.Second, Parent: model.SpanID{1}, Event: txn.ID, Blob: -1}
	root, chat, tool := span, span, span
	root.ID, root.Parent, root.Segment, root.Op, root.Name = model.SpanID{1}, model.SpanID{}, true, "gen_ai.invoke_agent", "invoke_agent Billing"
	chat.ID, chat.Op, chat.Kind = model.SpanID{2}, "gen_ai.chat", model.SpanModel
	tool.ID, tool.Op, tool.Kind = model.SpanID{3}, "gen_ai.execute_tool", model.SpanTool
	w.write(&model.Batch{
		Events:      []model.Event{first, w.fault(errorID, at), txn},
		Spans:       []model.Span{root, chat, tool},
		Attachments: []model.Attachment{{Event: w.id(errorID), Name: "state,1.json", ContentType: "text/html", Type: "event.attachment", Data: []byte("<b>hi")}},
		Logs:        []model.Log{{Timestamp: at, Trace: trace, Level: model.LevelInfo, Body: "charging", Payload: []byte(`{}`)}},
	})
}

func (w *world) id(text string) model.EventID {
	w.t.Helper()
	id, err := model.ParseEventID(text)
	w.must(err)
	return id
}

func (w *world) file(name string) []byte {
	w.t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	w.must(err)
	return b
}

func (w *world) fault(id string, at time.Time) model.Event {
	w.t.Helper()
	trace, err := model.ParseTraceID(traceID)
	w.must(err)
	return model.Event{
		ID: w.id(id), Kind: model.KindError, Timestamp: at, Level: model.LevelError, Platform: "go",
		Release: "bill@1.0.0", Environment: "production", User: model.User{ID: "42"}, Trace: trace, Span: model.SpanID{3},
		Title: "*bill.DeclinedError: card declined", Culprit: "charge", Type: "*bill.DeclinedError", Value: "card declined",
		Hashes: []model.Hash{{9}}, Handled: model.No, Tags: []model.Tag{{Key: "card", Value: "visa"}},
		Payload: []byte(strings.ReplaceAll(string(w.file("event.json")), errorID, id)),
	}
}

// at follows a path through maps (by key) and lists (by number, or key=value for
// the first object in which key is value).
func at(v any, path string) any {
	for _, step := range strings.Split(path, "/") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			v = in(x, step)
		default:
			return nil
		}
	}
	return v
}

func in(list []any, step string) any {
	if key, want, ok := strings.Cut(step, "="); ok {
		for _, v := range list {
			if m, ok := v.(map[string]any); ok && m[key] == want {
				return v
			}
		}
		return nil
	}
	var i int
	if json.Unmarshal([]byte(step), &i) != nil || i >= len(list) {
		return nil
	}
	return list[i]
}
