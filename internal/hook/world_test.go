package hook_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/hook"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
)

// noon is when every test begins.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// secret is the client secret of the first organization's integration.
const secret = "5d2f1a8c9b7e6d5c4b3a29180f7e6d5c4b3a29180f7e6d5c4b3a29180f7e6d5c"

// world is an engine, a door before it and a worker behind it, on a clock of their own.
type world struct {
	t       testing.TB
	db      *sqlite.DB
	book    *settings.Book
	door    *hook.Door
	worker  *hook.Worker
	mirror  *hook.Mirror
	server  *httptest.Server
	org     model.OrgID
	project model.ProjectID
	now     time.Time
	api     hook.API // of Sentry; nil unless a test has one
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: noon, book: settings.NewBook(settings.Defaults())}
	var err error
	w.db, err = sqlite.Open(filepath.Join(t.TempDir(), "picket.db"), sqlite.Options{Now: func() time.Time { return noon }})
	w.must(err)
	t.Cleanup(func() { w.must(w.db.Close()) })
	key, err := w.db.Bootstrap(t.Context())
	w.must(err)
	w.org, w.project = key.Org, key.Project
	w.set(settings.Sentry{WebhookSecret: secret})
	w.wire(hook.DoorOptions{})
	return w
}

// set makes that the settings of the first organization.
func (w *world) set(s settings.Sentry) {
	w.book.Put(w.org, 0, settings.Settings{Sentry: &s})
}

// wire builds what there is around the engine anew.
func (w *world) wire(d hook.DoorOptions) {
	clock := func() time.Time { return w.now }
	d.Store, d.Sentries, d.Now = w.db, settings.NewSentries(w.book, w.org, ""), clock
	w.door = hook.NewDoor(d)
	o := hook.Options{Store: w.db, Sentries: d.Sentries, Book: w.book, Now: clock, API: func(settings.Sentry) hook.API { return w.api }}
	w.worker, w.mirror = hook.NewWorker(o), hook.NewMirror(o)
	mux := http.NewServeMux()
	for _, path := range hook.Paths() {
		mux.Handle(path, w.door)
	}
	w.server = httptest.NewServer(mux)
	w.t.Cleanup(w.server.Close)
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) in() store.Scope { return store.Scope{Org: w.org} }

// fixture reads a delivery's body: RESOURCE.ACTION.
func fixture(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// fixtures lists them all.
func fixtures(t testing.TB) (names []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) < 20 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), ".json"))
	}
	return names
}

func sign(secret string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// request is a delivery as Sentry sends it.
func (w *world) request(resource string, body []byte) *http.Request {
	w.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), "POST", w.server.URL+"/sentry/webhook", bytes.NewReader(body))
	w.must(err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Request-ID", rand.Text())
	r.Header.Set("Sentry-Hook-Resource", resource)
	r.Header.Set("Sentry-Hook-Timestamp", strconv.FormatInt(w.now.Unix(), 10))
	r.Header.Set("Sentry-Hook-Signature", sign(secret, body))
	return r
}

// send sends a request and returns the answer's status and the id in it.
func (w *world) send(r *http.Request) (status int, id string, body string) {
	w.t.Helper()
	a, err := http.DefaultClient.Do(r)
	w.must(err)
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	w.must(err)
	var said struct {
		Received   bool
		DeliveryID string
		Detail     string
	}
	w.must(json.Unmarshal(text, &said))
	if (a.StatusCode == http.StatusOK) != said.Received || a.StatusCode != http.StatusOK && a.Header.Get("Sentry-Hook-Error") != said.Detail {
		w.t.Errorf("answer %d %s", a.StatusCode, text)
	}
	return a.StatusCode, said.DeliveryID, string(text)
}

// deliver sends a body of a resource and has it worked on; it returns what became of it.
func (w *world) deliver(resource string, body []byte) *store.Delivery {
	w.t.Helper()
	status, id, text := w.send(w.request(resource, body))
	if status != http.StatusOK {
		w.t.Fatalf("%s: %d %s", resource, status, text)
	}
	w.work()
	return w.delivery(id)
}

// fixture sends one of the fixtures, with some of its text replaced.
func (w *world) fixture(name string, replace ...string) *store.Delivery {
	w.t.Helper()
	resource, _, _ := strings.Cut(name, ".")
	body := string(fixture(w.t, name))
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(body, replace[i]) {
			w.t.Fatalf("%s holds no %s", name, replace[i])
		}
	}
	return w.deliver(resource, []byte(strings.NewReplacer(replace...).Replace(body)))
}

func (w *world) work() {
	w.t.Helper()
	for {
		n, err := w.worker.Work(w.t.Context())
		w.must(err)
		if n == 0 {
			return
		}
	}
}

func (w *world) delivery(id string) *store.Delivery {
	w.t.Helper()
	n, err := strconv.ParseInt(id, 10, 64)
	w.must(err)
	d, err := w.db.Delivery(w.t.Context(), w.in(), n)
	w.must(err)
	return d
}

// event is the one that the fixtures name.
var event = model.EventID{0xe1, 15: 0xe1}

// fault stores an event of an issue and returns that.
func (w *world) fault(id model.EventID, kind, value string) store.Issue {
	w.t.Helper()
	e := model.Event{ID: id, Kind: model.KindError, Timestamp: w.now, Level: model.LevelError, Platform: "go",
		Title: kind + ": " + value, Culprit: "charge(bill)", Type: kind, Value: value, Hashes: []model.Hash{sha(kind + value)}, Payload: []byte("{}")}
	_, err := w.db.Write(w.t.Context(), &model.Batch{Org: w.org, Project: w.project, Received: w.now, Events: []model.Event{e}})
	w.must(err)
	page, err := w.db.Issues(w.t.Context(), store.IssueQuery{In: w.in(), Terms: []store.Term{{Key: "error.type", Values: []string{kind}}, {Key: "error.value", Values: []string{value}}}})
	w.must(err)
	if len(page.Issues) == 0 {
		w.t.Fatal("the fault has no issue")
	}
	return page.Issues[0]
}

// declined stores the event that the fixtures name.
func (w *world) declined() store.Issue { return w.fault(event, "DeclinedError", "card declined") }

func sha(s string) (h model.Hash) {
	sum := sha256.Sum256([]byte(s))
	copy(h[:], sum[:])
	return h
}

// issue reads an issue anew.
func (w *world) issue(id model.IssueID) *store.Issue {
	w.t.Helper()
	i, err := w.db.Issue(w.t.Context(), w.in(), id)
	w.must(err)
	return i
}

// networks are some.
func networks(text ...string) (out []netip.Prefix) {
	for _, s := range text {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}
