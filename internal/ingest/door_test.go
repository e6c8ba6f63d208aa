package ingest

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

const (
	goodKey     = "0123456789abcdef0123456789abcdef"
	otherKey    = "0123456789abcdef0123456789abcde0"
	disabledKey = "0123456789abcdef0123456789abcde1"
	slowKey     = "0123456789abcdef0123456789abcde2" // two items a minute
	unknownKey  = "ffffffffffffffffffffffffffffffff"
	eventID     = "9ec79c33ec9942ab8353589fcb2e04dc"
)

// gate knows the keys above.
type gate struct{}

func (gate) Key(_ context.Context, public string) (store.Key, error) {
	k := store.Key{ID: 1, Org: 1, Project: 1, Public: public, Enabled: true}
	switch public {
	case goodKey:
	case otherKey:
		k.ID, k.Project = 2, 2
	case disabledKey:
		k.ID, k.Enabled = 3, false
	case slowKey:
		k.ID, k.PerMinute = 4, 2
	default:
		return store.Key{}, model.ErrNotFound
	}
	return k, nil
}

func (gate) Token(context.Context, string) (store.Token, error) {
	return store.Token{}, model.ErrUnauthorized
}

// door is a handler, and what went through it.
type door struct {
	*Handler
	t   *testing.T
	now time.Time

	mu       sync.Mutex
	items    []string // "type:payload"
	metas    []sentry.Meta
	discards []model.Discard
	fail     error
}

func newDoor(t *testing.T, o Options) *door {
	t.Helper()
	d := &door{t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	o.Gate, o.Sink, o.Now = gate{}, d, func() time.Time { return d.now }
	o.Log = slog.New(slog.DiscardHandler)
	d.Handler = New(o)
	return d
}

func (d *door) Process(_ context.Context, e *wire.Envelope, m sentry.Meta) (model.EventID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return model.EventID{}, d.fail
	}
	for _, item := range e.Items {
		d.items = append(d.items, item.Type+":"+string(item.Payload))
	}
	d.metas = append(d.metas, m)
	id, _ := model.ParseEventID(e.Header.EventID)
	return id, nil
}

func (d *door) ProcessStore(ctx context.Context, body []byte, m sentry.Meta) (model.EventID, error) {
	e := &wire.Envelope{Items: []wire.Item{{Type: "store", Payload: body}}}
	e.Header.EventID = eventID
	return d.Process(ctx, e, m)
}

func (d *door) Discard(_ model.OrgID, _ model.ProjectID, x model.Discard) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.discards = append(d.discards, x)
}

// post sends a request with the good key in its header, unless change says otherwise.
func (d *door) post(path, body string, change ...func(*http.Request)) *http.Response {
	d.t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("X-Sentry-Auth", "Sentry sentry_version=7, sentry_client=test/1.0, sentry_key="+goodKey)
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result()
}

func (d *door) wantItems(want ...string) {
	d.t.Helper()
	if !slices.Equal(d.items, want) {
		d.t.Errorf("items = %q, want %q", d.items, want)
	}
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func noAuth(r *http.Request) { r.Header.Del("X-Sentry-Auth") }

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const envelope = `{"event_id":"` + eventID + `"}` + "\n" + `{"type":"event"}` + "\n" + `{"message":"hi"}` + "\n"

func TestPaths(t *testing.T) {
	t.Parallel()
	f := func(path string, status int) {
		t.Helper()
		d := newDoor(t, Options{})
		if got := d.post("/", envelope, func(r *http.Request) { r.URL.Path = path }).StatusCode; got != status {
			t.Errorf("POST %s = %d, want %d", path, got, status)
		}
		if owns := status != http.StatusNotFound; Owns(path) != owns {
			t.Errorf("Owns(%s) = %v, want %v", path, !owns, owns)
		}
	}
	f("/api/1/envelope/", 200)
	f("/api/1/envelope", 200)
	f("//api///1//envelope//", 200)
	f("/sentry/prefix/api/1/envelope/", 200)
	f("/api/1/store/", 200)
	f("/api/store/", 200)
	f("/api/store", 200)
	f("/api/abc/envelope/", 400)
	f("/api/-1/envelope/", 400)
	f("/api/99999999999999999999/envelope/", 400)
	f("/api/2/envelope/", 403)
	f("/api/0/envelope/", 404)
	f("/api/0/projects/o/api/1/store/", 404)
	f("/api/envelope/", 404)
	f("/envelope/", 404)
	f("/", 404)
	f("", 404)
}

func TestAuth(t *testing.T) {
	t.Parallel()
	query := func(q string) func(*http.Request) { return func(r *http.Request) { r.URL.RawQuery = q } }
	f := func(status int, change ...func(*http.Request)) {
		t.Helper()
		d := newDoor(t, Options{})
		r := d.post("/api/1/envelope/", envelope, append([]func(*http.Request){noAuth}, change...)...)
		if r.StatusCode != status {
			t.Errorf("status = %d (%s), want %d", r.StatusCode, text(t, r), status)
		}
		if status != 200 && len(d.items) > 0 {
			t.Errorf("refused with %d, and yet passed on %q", status, d.items)
		}
	}
	f(200, header("X-Sentry-Auth", "sentry sentry_key="+goodKey))
	f(200, header("X-Sentry-Auth", "Sentry sentry_version=6,sentry_key="+strings.ToUpper(goodKey)))
	f(200, header("Authorization", "Sentry sentry_key="+goodKey))
	f(200, header("Authorization", "Basic MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6"))
	f(200, query("sentry_version=7&sentry_client=a%2F1&sentry_key="+goodKey))
	f(200, query("sentry_key="+goodKey), header("Authorization", "Bearer abc"))
	f(401)
	f(401, header("Authorization", "Bearer abc"))
	f(401, header("X-Sentry-Auth", "Sentry nothing"))
	f(401, header("X-Sentry-Auth", "Basic !!"))
	f(401, header("X-Sentry-Auth", "Sentry sentry_key="+goodKey), query("sentry_key="+goodKey))
	f(401, header("X-Sentry-Auth", "Sentry sentry_key="+goodKey), header("Authorization", "Sentry sentry_key="+goodKey))
	f(400, header("X-Sentry-Auth", "Sentry sentry_version=8, sentry_key="+goodKey))
	f(400, header("X-Sentry-Auth", "Sentry sentry_key=abc"))
	f(403, header("X-Sentry-Auth", "Sentry sentry_key="+unknownKey))
	f(403, header("X-Sentry-Auth", "Sentry sentry_key="+disabledKey))
	f(403, header("X-Sentry-Auth", "Sentry sentry_key="+otherKey))
}

func TestEnvelopeDSN(t *testing.T) {
	t.Parallel()
	f := func(dsn string, status int, change ...func(*http.Request)) {
		t.Helper()
		d := newDoor(t, Options{})
		body := `{"dsn":"` + dsn + `"}` + "\n"
		if r := d.post("/api/1/envelope/", body, change...); r.StatusCode != status {
			t.Errorf("dsn %s: status = %d (%s), want %d", dsn, r.StatusCode, text(t, r), status)
		}
	}
	f("https://"+goodKey+"@other.example/prefix/1", 200)
	f("https://"+goodKey+"@localhost/1", 200, noAuth)
	f("https://"+goodKey+"@localhost/2", 400)
	f("https://"+otherKey+"@localhost/1", 400)
	f("nonsense", 400)
	f("nonsense", 401, noAuth)
	f("https://"+unknownKey+"@localhost/1", 403, noAuth)
	f("https://"+otherKey+"@localhost/2", 403, noAuth)
	f("https://"+goodKey+"@localhost/2", 400, noAuth)
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	f := func(path, body string, status int, want string) {
		t.Helper()
		d := newDoor(t, Options{})
		r := d.post(path, body)
		if got := text(t, r); r.StatusCode != status || got != want {
			t.Errorf("%q: %d %s, want %d %s", body, r.StatusCode, got, status, want)
		}
		if r.Header.Get("Access-Control-Allow-Origin") != "*" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%q: headers %v", body, r.Header)
		}
		if status != 200 && r.Header.Get("X-Sentry-Error") == "" {
			t.Errorf("%q: no X-Sentry-Error", body)
		}
	}
	f("/api/1/envelope/", envelope, 200, `{"id":"`+eventID+`"}`)
	f("/api/1/envelope/", "{}", 200, `{}`)
	f("/api/1/envelope/", "{}\n", 200, `{}`)
	f("/api/1/envelope/", "", 400, `{"detail":"empty request body"}`)
	f("/api/1/envelope/", " \n\n", 400, `{"detail":"empty request body"}`)
	f("/api/1/store/", "", 400, `{"detail":"empty request body"}`)
	f("/api/1/store/", `{"message":"x"}`, 200, `{"id":"`+eventID+`"}`)
	f("/api/1/envelope/", "{}\n{\"type\":\"event\",\"length\":5}\nab\n", 400,
		`{"detail":"invalid envelope","causes":["malformed envelope: item 1: byte 31: length says 5, but only 3 bytes are left"]}`)
}

func TestPreflight(t *testing.T) {
	t.Parallel()
	d := newDoor(t, Options{})
	r := httptest.NewRequest(http.MethodOptions, "/api/1/envelope/", nil)
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	if w.Code != 200 || w.Header().Get("Access-Control-Max-Age") != "3600" ||
		!strings.Contains(w.Header().Get("Access-Control-Allow-Headers"), "x-sentry-auth") ||
		!strings.Contains(w.Header().Get("Access-Control-Expose-Headers"), "x-sentry-rate-limits") {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestMethod(t *testing.T) {
	t.Parallel()
	d := newDoor(t, Options{})
	w := httptest.NewRecorder()
	d.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/1/envelope/", nil))
	if w.Code != 405 || w.Header().Get("Allow") == "" {
		t.Errorf("GET: %d %v", w.Code, w.Header())
	}
}

func TestContentTypeNeverDecides(t *testing.T) {
	t.Parallel()
	f := func(path, contentType, want string) {
		t.Helper()
		d := newDoor(t, Options{})
		d.post(path, envelope, header("Content-Type", contentType))
		d.wantItems(want)
	}
	event := `event:{"message":"hi"}`
	for _, c := range []string{"application/x-sentry-envelope", "text/plain;charset=UTF-8",
		"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json", "", "x;;;"} {
		f("/api/1/envelope/", c, event)
	}
	f("/api/1/store/", "application/x-sentry-envelope; charset=utf-8", event)
	f("/api/1/store/", "application/json", "store:"+envelope)
}

func TestMeta(t *testing.T) {
	t.Parallel()
	d := newDoor(t, Options{})
	d.post("/api/1/envelope/", envelope, header("User-Agent", "agent/2"))
	want := sentry.Meta{Org: 1, Project: 1, Received: d.now, ClientIP: "192.0.2.1", UserAgent: "agent/2", SDK: "test/1.0"}
	if len(d.metas) != 1 || d.metas[0] != want {
		t.Errorf("meta = %+v, want %+v", d.metas, want)
	}
}

func TestSinkErrors(t *testing.T) {
	t.Parallel()
	f := func(err error, status int, retry, limits string) {
		t.Helper()
		d := newDoor(t, Options{})
		d.fail = err
		r := d.post("/api/1/envelope/", envelope)
		if r.StatusCode != status || r.Header.Get("Retry-After") != retry || r.Header.Get("X-Sentry-Rate-Limits") != limits {
			t.Errorf("%v: %d %v", err, r.StatusCode, r.Header)
		}
		if body := text(t, r); strings.Contains(body, "secret") {
			t.Errorf("%v: tells strangers %s", err, body)
		}
		if len(d.discards) != 1 || d.discards[0].Category != "error" {
			t.Errorf("%v: discards = %v", err, d.discards)
		}
	}
	f(model.ErrBusy, 429, "1", "1::organization:queue_full")
	f(model.ErrFull, 503, "30", "")
	f(io.ErrClosedPipe, 503, "30", "")
	f(model.ErrInvalid, 400, "", "")
}

func TestChunked(t *testing.T) {
	t.Parallel()
	d := newDoor(t, Options{})
	s := httptest.NewServer(d)
	defer s.Close()
	// A reader of unknown length makes the client send chunks.
	r, err := http.Post(s.URL+"/api/1/envelope/?sentry_key="+goodKey, "", io.MultiReader(bytes.NewBufferString(envelope)))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != 200 {
		t.Errorf("chunked: %d %s", r.StatusCode, text(t, r))
	}
}

func TestHops(t *testing.T) {
	t.Parallel()
	f := func(told string, status, hops int) {
		t.Helper()
		d := newDoor(t, Options{})
		got := d.post("/api/1/envelope/", envelope, header("X-Picket-Forwarded", told)).StatusCode
		if got != status || status == 200 && d.metas[0].Hops != hops {
			t.Errorf("forwarded %q times: %d, %+v; want %d, %d hops", told, got, d.metas, status, hops)
		}
	}
	f("1", 200, 1)
	f("3", 200, 3)
	f("4", 400, 0)
	f("-1", 200, 0)
	f("many", 200, 0)
}
