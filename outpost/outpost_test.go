package outpost_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"relay.one/picket"
	"relay.one/picket/outpost"
)

// post is an outpost of one test, and a token that reads everything.
type post struct {
	*outpost.Server
	t     *testing.T
	token string
}

// open opens an outpost, which ends with the test if not before.
func open(t *testing.T, o outpost.Options) *post {
	t.Helper()
	if o.Data == "" {
		o.Data = t.TempDir()
	}
	o.Log = slog.New(slog.DiscardHandler)
	s, err := outpost.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	p := &post{Server: s, t: t}
	t.Cleanup(p.close)
	if p.token, err = s.CreateToken(t.Context(), "test", "event:read", "org:read", "project:read"); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *post) close() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.Close(ctx); err != nil {
		p.t.Errorf("close: %v", err)
	}
}

// get asks in memory, with the token, and returns status and body.
func (p *post) get(path string) (int, string) {
	return ask(p.t, p.Transport(), p.URL()+path, "Bearer "+p.token)
}

func ask(t *testing.T, way http.RoundTripper, url, authorization string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	a, err := (&http.Client{Transport: way}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(b)
}

// stats is what the tests want to know of an agent.
type stats struct {
	Executions, Errored, Errors int
	Tokens                      struct{ Input int }
}

func (p *post) stats(agent string) (s stats) {
	p.t.Helper()
	status, body := p.get("/sentry/stats/" + agent)
	if status == http.StatusNotFound {
		return s
	}
	if err := json.Unmarshal([]byte(body), &s); err != nil || status != http.StatusOK {
		p.t.Fatalf("stats: %d %s (%v)", status, body, err)
	}
	return s
}

// run reports one execution of an agent that fails, through an SDK in this process.
func (p *post) run(agent string) {
	p.t.Helper()
	report(p.t, picket.Options{DSN: p.DSN(), Transport: p.Transport()}, agent)
}

// report reports one execution that fails, and waits until it is delivered.
func report(t *testing.T, o picket.Options, agent string) {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	c, err := picket.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(picket.NewContext(t.Context(), c), time.Minute)
	defer cancel()
	err = picket.Execute(ctx, picket.Agent{ID: agent}, func(ctx context.Context, _ *picket.Execution) error {
		_, call := picket.StartModelCall(ctx, picket.ModelCall{Provider: "openai", Model: "gpt-4o"})
		call.End(picket.ModelResult{Usage: picket.Usage{Input: 100, Output: 10}}, nil)
		return errors.New("out of paper")
	})
	if err == nil {
		t.Error("the execution's error got lost")
	}
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
	if s := c.Stats(); len(s.Dropped) > 0 || s.Sent == 0 {
		t.Errorf("delivery: %+v", s)
	}
}

// What the SDK reports in memory is read back over REST, now and after a restart.
func TestReportAndRead(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "for", "us")
	want := stats{Executions: 1, Errored: 1, Errors: 1}
	want.Tokens.Input = 100
	first := open(t, outpost.Options{Data: dir})
	first.run("printer")
	if got := first.stats("printer"); got != want {
		t.Errorf("stats = %+v, want %+v", got, want)
	}
	first.close()

	again := open(t, outpost.Options{Data: dir})
	if again.DSN() != first.DSN() {
		t.Errorf("DSN = %s after a restart, %s before", again.DSN(), first.DSN())
	}
	if got := again.stats("printer"); got != want {
		t.Errorf("stats after a restart = %+v, want %+v", got, want)
	}
	if status, body := ask(t, again.Transport(), again.URL()+"/api/v1/agents", "Bearer "+first.token); status != http.StatusOK {
		t.Errorf("the token of before the restart: %d %s", status, body)
	}
}

func TestTwoInOneProcess(t *testing.T) {
	t.Parallel()
	east, west := open(t, outpost.Options{}), open(t, outpost.Options{})
	east.run("printer")
	west.run("plotter")
	f := func(p *post, agent string, want int) {
		t.Helper()
		if got := p.stats(agent).Executions; got != want {
			t.Errorf("%d executions of %s, want %d", got, agent, want)
		}
	}
	f(east, "printer", 1)
	f(east, "plotter", 0)
	f(west, "printer", 0)
	f(west, "plotter", 1)
	if status, body := ask(t, west.Transport(), west.URL()+"/api/v1/agents", "Bearer "+east.token); status != http.StatusUnauthorized {
		t.Errorf("the one's token at the other: %d %s", status, body)
	}
}

// Served by a mux of the program, at the root by prefixes and below a path.
func TestMounted(t *testing.T) {
	t.Parallel()
	f := func(mount func(*http.ServeMux, http.Handler), path string) {
		t.Helper()
		mux := http.NewServeMux()
		web := httptest.NewServer(mux)
		defer web.Close()
		p := open(t, outpost.Options{PublicURL: web.URL + path + "/"})
		mount(mux, p.Handler())
		if p.URL() != web.URL+path {
			t.Errorf("URL = %s, want %s", p.URL(), web.URL+path)
		}
		for _, way := range []http.RoundTripper{http.DefaultTransport, p.Transport()} {
			report(t, picket.Options{DSN: p.DSN(), Transport: way}, "printer")
		}
		for _, route := range []string{"/sentry/stats/printer", "/api/v1/sentry/stats/printer"} {
			status, body := ask(t, http.DefaultTransport, web.URL+path+route, "Bearer "+p.token)
			if status != http.StatusOK || !strings.Contains(body, `"executions":2`) {
				t.Errorf("%s%s: %d %s", path, route, status, body)
			}
		}
		status, body := ask(t, http.DefaultTransport, web.URL+path+"/api/v1/projects/default/keys", "Bearer "+p.token)
		if status != http.StatusOK || !strings.Contains(body, p.DSN()) {
			t.Errorf("keys of the project: %d %s, want %s", status, body, p.DSN())
		}
		if status, body := ask(t, http.DefaultTransport, web.URL+path+"/api/0/organizations/", "Bearer "+p.token); status != http.StatusOK {
			t.Errorf("Sentry's API: %d %s", status, body)
		}
	}
	f(func(m *http.ServeMux, h http.Handler) { m.Handle("/", h) }, "")
	f(func(m *http.ServeMux, h http.Handler) { m.Handle("/sentry/", h); m.Handle("/api/", h) }, "")
	f(func(m *http.ServeMux, h http.Handler) { m.Handle("/picket/", http.StripPrefix("/picket", h)) }, "/picket")
}

// Without PublicURL, what the server says of itself is what the request was sent to.
func TestUnknownAddress(t *testing.T) {
	t.Parallel()
	p := open(t, outpost.Options{})
	web := httptest.NewServer(p.Handler())
	defer web.Close()
	dsn, err := p.DSNAt(web.URL)
	if err != nil {
		t.Fatal(err)
	}
	if status, body := ask(t, http.DefaultTransport, web.URL+"/api/v1/projects/1/keys", "Bearer "+p.token); status != http.StatusOK || !strings.Contains(body, dsn) {
		t.Errorf("keys: %d %s, want %s in it", status, body, dsn)
	}
	report(t, picket.Options{DSN: dsn}, "printer")
	if got := p.stats("printer").Executions; got != 1 {
		t.Errorf("%d executions", got)
	}
}

func TestWhoMayRead(t *testing.T) {
	t.Parallel()
	p, dev := open(t, outpost.Options{}), open(t, outpost.Options{Dev: true})
	f := func(s *post, path, authorization string, want int) {
		t.Helper()
		web := httptest.NewServer(s.Handler())
		defer web.Close()
		for _, at := range []string{web.URL, s.URL()} {
			way := http.DefaultTransport
			if at == s.URL() {
				way = s.Transport()
			}
			if status, body := ask(t, way, at+path, authorization); status != want {
				t.Errorf("%s%s: %d %s, want %d", at, path, status, body, want)
			}
		}
	}
	f(p, "/healthz", "", http.StatusOK)
	f(p, "/api/v1/agents", "", http.StatusUnauthorized)
	f(p, "/metrics", "", http.StatusUnauthorized)
	f(p, "/api/v1/agents", "Bearer nonsense", http.StatusUnauthorized)
	f(p, "/api/v1/agents", "Bearer "+p.token, http.StatusOK)
	f(dev, "/api/v1/agents", "", http.StatusOK)
}

// Development mode answers nobody whose connection does not end on this machine.
func TestDevFromOutside(t *testing.T) {
	t.Parallel()
	p := open(t, outpost.Options{Dev: true})
	f := func(path string, want int) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "http://localhost"+path, nil)
		w := httptest.NewRecorder()
		p.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
	f("/api/v1/agents", http.StatusForbidden)
	f("/", http.StatusForbidden)
	f("/api/1/envelope/", http.StatusMethodNotAllowed) // the door has its own lock
}

func TestBadOptions(t *testing.T) {
	t.Parallel()
	f := func(o outpost.Options, want string) {
		t.Helper()
		s, err := outpost.Open(t.Context(), o)
		if err == nil {
			s.Close(t.Context())
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "--") {
			t.Errorf("error = %v, want one that names %s", err, want)
		}
	}
	taken := open(t, outpost.Options{Data: t.TempDir(), PublicURL: "https://relay.example"})
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f(outpost.Options{}, "option Data is empty")
	f(outpost.Options{Data: filepath.Join(file, "x")}, "option Data")
	f(outpost.Options{Data: t.TempDir(), PublicURL: "relay.example"}, "option PublicURL")
	f(outpost.Options{Data: t.TempDir(), Retention: -1}, "option Retention")
	if _, err := taken.DSNAt("relay.example"); err == nil {
		t.Error("a DSN at no URL")
	}
	for _, scopes := range [][]string{nil, {"everything"}} {
		if secret, err := taken.CreateToken(t.Context(), "bad", scopes...); err == nil {
			t.Errorf("token of scopes %v: %s", scopes, secret)
		}
	}
}

func TestDataInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := open(t, outpost.Options{Data: dir, PublicURL: "https://relay.example"})
	_, err := outpost.Open(t.Context(), outpost.Options{Data: dir})
	if err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), p.URL()) {
		t.Errorf("second opening: %v", err)
	}
}

// After Close nothing is taken, nobody hangs, and no goroutine is left.
func TestClose(t *testing.T) {
	before := runtime.NumGoroutine()
	p := open(t, outpost.Options{})
	p.run("printer")
	p.close()
	p.close()
	if status, body := p.get("/healthz"); status != http.StatusServiceUnavailable {
		t.Errorf("after the end: %d %s", status, body)
	}
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); { // those that have ended take a moment to be gone
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks[:runtime.Stack(stacks, true)])
}

// A request that is under way when the server closes is finished first, unless that
// takes longer than is given.
func TestCloseWaits(t *testing.T) {
	t.Parallel()
	f := func(finish bool) {
		t.Helper()
		p := open(t, outpost.Options{})
		body, half := io.Pipe()
		answered := make(chan int, 1)
		go func() { answered <- p.store(body) }()
		if _, err := io.WriteString(half, `{"message":`); err != nil { // the handler has read it
			t.Error(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		closed := make(chan error, 1)
		go func() { closed <- p.Close(ctx) }()
		if finish {
			io.WriteString(half, `"under way"}`)
			half.Close()
			if status := <-answered; status != http.StatusOK {
				t.Errorf("the request under way was answered %d", status)
			}
			if err := <-closed; err != nil {
				t.Error(err)
			}
			return
		}
		cancel()
		if err := <-closed; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 are under way") {
			t.Errorf("close with a request that hangs: %v", err)
		}
		half.Close()
		<-answered
	}
	f(true)
	f(false)
}

// store sends an event in memory and returns the status of the answer.
func (p *post) store(body io.Reader) int {
	key, _, _ := strings.Cut(strings.TrimPrefix(p.DSN(), "http://"), "@")
	r, err := http.NewRequest(http.MethodPost, p.URL()+"/api/1/store/?sentry_key="+key, body)
	if err != nil {
		p.t.Error(err)
		return 0
	}
	a, err := p.Transport().RoundTrip(r)
	if err != nil {
		p.t.Error(err)
		return 0
	}
	a.Body.Close()
	return a.StatusCode
}
