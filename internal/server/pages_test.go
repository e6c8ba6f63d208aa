package server

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
	"testing/fstest"
)

// built is a build of pages.
var built = fstest.MapFS{
	"index.html":      {Data: []byte("<!doctype html><title>the application</title>")},
	"assets/app-1.js": {Data: []byte("export {}")},
}

func withPages(c *Config) { c.Pages = built }
func asked(c *Config)     { c.Dev = false }

func TestPages(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir(), withPages, asked)
	f := func(path string, status int, holds string) {
		t.Helper()
		got, body, h := r.ask("GET", path, "")
		if got != status || !strings.Contains(body, holds) {
			t.Errorf("%s: %d %.80s", path, got, body)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", path, h)
		}
	}
	f("/", 200, "the application") // strangers must be able to sign in
	f("/issues/DEFAULT-1", 200, "the application")
	f("/setup", 200, "the application")
	f("/assets/app-1.js", 200, "export")
	f("/assets/app-0.js", 404, "")
	f("/healthz", 200, "ok")
	f("/readyz", 200, "ok")
	f("/metrics", 401, "")
	f("/docs", 200, "Picket")
	f("/openapi.json", 200, "3.1.0")
	f("/api/v1/issues", 401, "")
	f("/api/v1/nothing", 401, "")
	f("/api/v1/session", 200, `"mode":"setup"`)
	f("/api/0/organizations/", 401, "")
	f("/api/v2/", 404, "")
	f("/api/1/envelope/", 405, "")
	f("/sentry/trends", 401, "")
	if status, _, h := r.ask("POST", "/issues", ""); status != 405 || h.Get("Allow") == "" {
		t.Errorf("POST to a page: %d", status)
	}
}

func TestFirstAdministrator(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, dir, withPages, asked)
	replaced, err := r.SetUpLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	link, err := r.SetUpLink(t.Context())
	if err != nil || !strings.HasPrefix(link, r.URL()+"/setup#") || link == replaced {
		t.Fatalf("link %q, %v", link, err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	f := func(method, path, body string, want int) {
		t.Helper()
		q, err := http.NewRequest(method, r.URL()+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		a, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		if text, err := io.ReadAll(a.Body); a.StatusCode != want || err != nil {
			t.Errorf("%s %s: %d %s, want %d", method, path, a.StatusCode, text, want)
		}
	}
	secret := func(link string) string { _, s, _ := strings.Cut(link, "#"); return s }
	const setUp = `{"token":%q,"email":"ann@example.com","password":"correct horse"}`
	f("POST", "/api/v1/setup", fmt.Sprintf(setUp, secret(replaced)), 401)
	f("POST", "/api/v1/setup", fmt.Sprintf(setUp, secret(link)), 201)
	for _, path := range []string{"/api/v1/issues", "/api/0/organizations/", "/metrics", "/sentry/trends"} {
		f("GET", path, "", 200)
	}
	if again, err := r.SetUpLink(t.Context()); again != "" || err != nil {
		t.Errorf("a second link: %q, %v", again, err)
	}
	desk, err := OpenDesk(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer desk.Close()
	forgotten, err := desk.UserLink(t.Context(), "ann@example.com", desk.URL)
	if err != nil || !strings.HasPrefix(forgotten, r.URL()+"/setup#") {
		t.Fatalf("link beside the server: %q, %v", forgotten, err)
	}
	f("POST", "/api/v1/setup", fmt.Sprintf(`{"token":%q,"password":"another horse"}`, secret(forgotten)), 201)
	f("GET", "/api/v1/issues", "", 200)
	f("DELETE", "/api/v1/session", "", 200)
	f("GET", "/api/v1/issues", "", 401)
	f("POST", "/api/v1/session", `{"email":"ann@example.com","password":"correct horse"}`, 401)
	f("POST", "/api/v1/session", `{"email":"ann@example.com","password":"another horse"}`, 201)
}

func TestDevelopmentModeNeedsNoLink(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	if link, err := r.SetUpLink(t.Context()); link != "" || err != nil {
		t.Errorf("link %q, %v", link, err)
	}
}

// Behind https the cookie is for https alone.
func TestSecureCookie(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir(), asked, func(c *Config) { c.PublicURL = "https://picket.example" })
	link, err := r.SetUpLink(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(link, "https://picket.example/setup#") {
		t.Errorf("link %s", link)
	}
	_, secret, _ := strings.Cut(link, "#")
	q, err := http.NewRequest("POST", "http://"+r.listener.Addr().String()+"/api/v1/setup",
		strings.NewReader(fmt.Sprintf(`{"token":%q,"email":"ann@example.com","password":"correct horse"}`, secret)))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Origin", "https://picket.example")
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	cookies := a.Cookies()
	if a.StatusCode != 201 || len(cookies) != 1 || !cookies[0].Secure || !cookies[0].HttpOnly || cookies[0].Name != "__Host-picket_session" {
		t.Errorf("%d %v", a.StatusCode, cookies)
	}
}

// What comes through the door is told to who listens, and the stream ends with the server.
func TestTailOfARunningServer(t *testing.T) {
	t.Parallel()
	r := start(t, t.TempDir())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	q, err := http.NewRequestWithContext(ctx, "GET", r.URL()+"/api/v1/tail?level=error", nil)
	if err != nil {
		t.Fatal(err)
	}
	a, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	r.send("hello listeners")
	lines := bufio.NewScanner(a.Body)
	var got struct{ Title, IssueID string }
	for got.Title == "" && lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got.Title != "hello listeners" || got.IssueID != "1" {
		t.Errorf("heard %+v", got)
	}
	r.stop() // does not wait for the listener to go
	for lines.Scan() {
	}
	if err := lines.Err(); err != nil {
		t.Errorf("the stream broke: %v", err)
	}
}
