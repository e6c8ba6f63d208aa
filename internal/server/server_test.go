package server

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
)

// running is a server of one test.
type running struct {
	*Server
	t      *testing.T
	cancel context.CancelFunc
	done   chan error
}

// start serves until the test ends, in development mode unless change says otherwise.
func start(t *testing.T, dir string, change ...func(*Config)) *running {
	t.Helper()
	c := Config{Addr: "127.0.0.1:0", Data: dir, Dev: true, Pages: fstest.MapFS{}, Log: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&c)
	}
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	r := &running{s, t, cancel, make(chan error, 1)}
	go func() { r.done <- s.Run(ctx) }()
	t.Cleanup(r.stop)
	return r
}

// stop ends the server as an operator would; a second time does nothing.
func (r *running) stop() {
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.cancel = nil
	if err := <-r.done; err != nil {
		r.t.Errorf("run: %v", err)
	}
}

// ask sends a request and returns status and body.
func (r *running) ask(method, path, body string, headers ...string) (int, string, http.Header) {
	r.t.Helper()
	q, err := http.NewRequest(method, r.URL()+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		r.t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return a.StatusCode, string(b), a.Header
}

func (r *running) auth() string { return "Sentry sentry_key=" + r.key.Public }

func (r *running) send(message string) {
	r.t.Helper()
	status, body, _ := r.ask("POST", "/api/1/store/", fmt.Sprintf(`{"message":%q,"level":"error"}`, message), "X-Sentry-Auth", r.auth())
	if status != 200 {
		r.t.Fatalf("send: %d %s", status, body)
	}
}

// stored returns how many events a data directory holds that nobody serves.
func stored(t *testing.T, dir string) int {
	t.Helper()
	db, err := sqlite.Open(databasePath(dir), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	page, err := db.Events(t.Context(), store.EventQuery{In: store.Scope{Org: 1}, Page: store.Page{Limit: 1000}})
	if err != nil {
		t.Fatal(err)
	}
	return len(page.Events)
}

func TestFirstStart(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "for", "us")
	r := start(t, dir)
	want := "http://" + r.key.Public + "@" + strings.TrimPrefix(r.URL(), "http://") + "/1"
	if r.DSN() != want {
		t.Errorf("DSN = %s, want %s", r.DSN(), want)
	}
	r.send("hello")
	first := r.key.Public
	r.stop()
	if n := stored(t, dir); n != 1 {
		t.Errorf("%d events are stored, want 1", n)
	}
	if again := start(t, dir); again.key.Public != first {
		t.Errorf("second start has another key")
	}
}

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir(), func(c *Config) { c.Dev = false })
	secret, err := r.store.CreateToken(t.Context(), store.Scope{Org: 1}, "test", []string{"event:read", "org:read", "project:read"})
	if err != nil {
		t.Fatal(err)
	}
	f := func(method, path string, open bool) {
		t.Helper()
		if status, body, _ := r.ask(method, path, ""); (status == 401) == open {
			t.Errorf("%s %s without a token: %d %s", method, path, status, body)
		}
		if status, body, _ := r.ask(method, path, "", "Authorization", "Bearer nonsense"); (status == 401) == open {
			t.Errorf("%s %s with a bad token: %d %s", method, path, status, body)
		}
		if status, body, _ := r.ask(method, path, "", "Authorization", "Bearer "+secret); status >= 400 {
			t.Errorf("%s %s with a token: %d %s", method, path, status, body)
		}
	}
	f("GET", "/healthz", true)
	f("GET", "/readyz", true)
	f("OPTIONS", "/api/1/envelope/", true)
	f("GET", "/", false)
	f("GET", "/metrics", false)
	f("GET", "/api/0/organizations/", false)
	f("GET", "/api/0/organizations", false)
	f("GET", "/api/v1/sentry/trends?window=24h", false)
	r.send("the door needs a key, and no token")
}

func TestSecondStartIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, dir)
	_, err := Open(t.Context(), Config{Addr: "127.0.0.1:0", Data: dir})
	if err == nil {
		t.Fatal("two servers share a data directory")
	}
	for _, want := range []string{dir, strconv.Itoa(os.Getpid()), r.URL(), "--data"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not name %s", err, want)
		}
	}
	r.stop()
	start(t, dir)
}

func TestNewerDataIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start(t, dir).stop()
	c, err := sqlite3.Open(databasePath(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Exec("PRAGMA user_version=9999"); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), Config{Addr: "127.0.0.1:0", Data: dir})
	if err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("data of a newer version: %v", err)
	}
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	f := func(c Config, want string) {
		t.Helper()
		if c.Data == "" {
			c.Data = t.TempDir()
		}
		s, err := Open(t.Context(), c)
		if err == nil {
			s.close(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v, want one that names %s", err, want)
		}
	}
	f(Config{Addr: "nonsense"}, "--addr")
	f(Config{Addr: "192.0.2.1:0"}, "--addr")
	f(Config{Addr: "0.0.0.0:0", Dev: true}, "loopback")
	f(Config{Addr: ":0", Dev: true}, "loopback")
	f(Config{Addr: "example.com:80", Dev: true}, "loopback")
	f(Config{Addr: "127.0.0.1:0", PublicURL: "example.com"}, "--public-url")
	f(Config{Addr: "127.0.0.1:0", PublicURL: "ftp://example.com"}, "--public-url")
	f(Config{Addr: "127.0.0.1:0", Retention: -1}, "--retention")
	f(Config{Addr: "127.0.0.1:0", Data: "/dev/null/x"}, "--data")
}

func TestURL(t *testing.T) {
	t.Parallel()
	f := func(c Config, want string) {
		t.Helper()
		if got := c.URL(); got != want {
			t.Errorf("url of %+v = %s, want %s", c, got, want)
		}
	}
	f(Config{Addr: "127.0.0.1:3001"}, "http://127.0.0.1:3001")
	f(Config{Addr: "[::1]:3001"}, "http://[::1]:3001")
	f(Config{Addr: "0.0.0.0:3001"}, "http://localhost:3001")
	f(Config{Addr: ":3001"}, "http://localhost:3001")
	f(Config{Addr: ":1", PublicURL: "https://picket.example/base/"}, "https://picket.example/base")
	key := store.Key{Public: "k", Project: 7}
	if got := DSN("https://picket.example/base", key); got != "https://k@picket.example/base/7" {
		t.Errorf("DSN = %s", got)
	}
}

// A request that is under way when the server is told to stop is finished, and
// what it brought is stored.
func TestStopLosesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, dir)
	body, half := io.Pipe()
	q, err := http.NewRequest("POST", r.URL()+"/api/1/store/", body)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("X-Sentry-Auth", r.auth())
	// The client sends the body when the door begins to read: the request is under way.
	q.Header.Set("Expect", "100-continue")
	client := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute}}
	defer client.CloseIdleConnections()
	answered := make(chan int, 1)
	go func() {
		a, err := client.Do(q)
		if err != nil {
			answered <- 0
			return
		}
		a.Body.Close()
		answered <- a.StatusCode
	}()
	fmt.Fprint(half, `{"message":"under`)
	stopped := make(chan struct{})
	go func() { r.stop(); close(stopped) }()
	fmt.Fprint(half, ` way"}`)
	half.Close()
	if status := <-answered; status != 200 {
		t.Fatalf("the request under way was answered %d", status)
	}
	<-stopped
	if n := stored(t, dir); n != 1 {
		t.Errorf("%d events are stored, want 1", n)
	}
}

func TestDeskBesideServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, dir, func(c *Config) { c.Dev = false })
	r.send("before")
	desk, err := OpenDesk(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	if desk.URL != r.URL() || desk.Key.Public != r.key.Public {
		t.Errorf("desk knows %s and %s", desk.URL, desk.Key.Public)
	}
	secret, err := desk.CreateToken(t.Context(), store.Scope{Org: 1}, "beside", []string{"event:read", "org:read"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := desk.CreateProject(t.Context(), store.Scope{Org: 1}, "second", "Second", "go")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := desk.Keys(t.Context(), store.Scope{Org: 1}, p.ID)
	if err != nil || len(keys) != 1 {
		t.Fatalf("keys of the new project: %v, %v", keys, err)
	}
	if err := desk.Close(); err != nil {
		t.Fatal(err)
	}
	status, body, _ := r.ask("POST", "/api/"+p.ID.String()+"/store/", `{"message":"second"}`, "X-Sentry-Auth", "Sentry sentry_key="+keys[0].Public)
	if status != 200 {
		t.Errorf("new project: %d %s", status, body)
	}
	if status, body, _ = r.ask("GET", "/metrics", "", "Authorization", "Bearer "+secret); status != 200 {
		t.Errorf("new token: %d %s", status, body)
	}
}

func TestDeskAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	desk, err := OpenDesk(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	key := desk.Key.Public
	if desk.URL != "" || desk.Key.Project != 1 {
		t.Errorf("desk of a new directory: %q, %+v", desk.URL, desk.Key)
	}
	if err := desk.Close(); err != nil {
		t.Fatal(err)
	}
	if r := start(t, dir); r.key.Public != key {
		t.Error("the server has another key than the desk before it")
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	r.send("one")
	r.ask("POST", "/api/1/envelope/", "", "X-Sentry-Auth", r.auth())
	r.ask("POST", "/api/1/envelope/", "{}\n{\"type\":\"event\"}\nnonsense\n", "X-Sentry-Auth", r.auth())
	_, body, _ := r.ask("GET", "/metrics", "")
	for _, want := range []string{
		`picket_requests_accepted_total 2`,
		`picket_requests_refused_total{reason="empty"} 1`,
		`picket_items_accepted_total{category="error"} 1`,
		`picket_discarded_total{source="server",category="error",reason="invalid_json"} 1`,
		`picket_commit_seconds_count`,
		`picket_write_queue_depth 0`,
		`picket_database_size_bytes`,
		`picket_stored_events 1`,
		`go_goroutines`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if t.Failed() {
		t.Log(body)
	}
}

// What the door refused is stored as a discard when the server stops.
func TestDiscardsAreStored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, dir)
	r.ask("POST", "/api/1/envelope/", "nonsense", "X-Sentry-Auth", r.auth())
	r.Server.pipeline.Discard(1, 1, model.Discard{Category: "error", Reason: "test", Source: "server", Quantity: 2})
	r.stop()
	db, err := sqlite.Open(databasePath(dir), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	got := discards(t, db)
	if got["default envelope"] != 1 || got["error test"] != 2 {
		t.Errorf("discards = %v", got)
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	status, body, h := r.ask("GET", "/", "")
	if status != 200 || !strings.Contains(body, r.DSN()) || !strings.Contains(body, r.URL()) {
		t.Errorf("page: %d %s", status, body)
	}
	if csp := h.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy: %s", csp)
	}
	for _, outside := range []string{"src=", "<script", "@import", "url("} {
		if strings.Contains(body, outside) {
			t.Errorf("the page asks the network: %s", outside)
		}
	}
	// What the page tells to send is taken.
	_, event, _ := strings.Cut(body, "-d '")
	event, _, _ = strings.Cut(event, "'")
	if status, answer, _ := r.ask("POST", "/api/1/store/", event, "X-Sentry-Auth", r.auth()); status != 200 {
		t.Errorf("the page's own example %s: %d %s", event, status, answer)
	}
}
