package api_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/api"
	"relay.one/picket/internal/signin"
)

const (
	ann  = "ann@example.com"
	pass = "correct horse battery"
)

// browser is somebody's, with a cookie jar, at the world's server.
type browser struct {
	w      *world
	client *http.Client
	head   http.Header // of the last answer
}

func (w *world) browser() *browser {
	jar, err := cookiejar.New(nil)
	w.must(err)
	return &browser{w: w, client: &http.Client{Jar: jar}}
}

// ask sends a request as a page would, or as headers say, and reads the answer.
func (b *browser) ask(method, path, body string, headers ...string) (int, map[string]any) {
	b.w.t.Helper()
	r, err := http.NewRequestWithContext(b.w.t.Context(), method, b.w.url+path, strings.NewReader(body))
	b.w.must(err)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a, err := b.client.Do(r)
	b.w.must(err)
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	b.w.must(err)
	b.head = a.Header
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		b.w.t.Errorf("%s %s: %v in %s", method, path, err, text)
	}
	return a.StatusCode, out
}

// want asks and holds the status against what it must be.
func (b *browser) want(status int, method, path, body string, headers ...string) map[string]any {
	b.w.t.Helper()
	code, out := b.ask(method, path, body, headers...)
	if code != status {
		b.w.t.Errorf("%s %s: %d %v, want %d", method, path, code, out, status)
	}
	return out
}

func signInBody(password string) string {
	return fmt.Sprintf(`{"email":"Ann@example.com","password":%q}`, password)
}

// setUp makes ann the administrator, in a browser.
func (w *world) setUp() *browser {
	w.t.Helper()
	b := w.browser()
	link, err := signin.Link(w.t.Context(), w.db, 1, "", noon)
	w.must(err)
	b.want(201, "POST", "/api/v1/setup", fmt.Sprintf(`{"token":%q,"email":"Ann@example.com","password":%q}`, link, pass))
	return b
}

func TestSigningIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.browser()
	out := b.want(200, "GET", "/api/v1/session", "")
	if out["mode"] != "setup" || out["signedIn"] != false || out["user"] != nil || out["organization"] != nil || len(out["scopes"].([]any)) != 0 {
		t.Errorf("before anybody was there: %v", out)
	}
	b.want(401, "POST", "/api/v1/setup", `{"token":"pkl_guess","email":"eve@example.com","password":"long enough"}`)
	b.want(401, "POST", "/api/v1/session", signInBody(pass))
	b = w.setUp()
	if h := b.head; h.Get("Cache-Control") != "no-store" || !strings.Contains(h.Get("Set-Cookie"), "HttpOnly; SameSite=Lax") {
		t.Errorf("headers %v", h)
	}
	out = b.want(200, "GET", "/api/v1/session", "")
	user, _ := out["user"].(map[string]any)
	org, _ := out["organization"].(map[string]any)
	if out["mode"] != "password" || out["signedIn"] != true || user["email"] != ann || user["role"] != "owner" || org["slug"] != "picket" ||
		len(out["scopes"].([]any)) != len(access.Scopes()) || out["expiresAt"] == nil {
		t.Errorf("after signing in: %v", out)
	}
	b.want(200, "GET", "/api/v1/issues", "")
	b.want(201, "POST", "/api/v1/projects", `{"slug":"by-hand"}`)
	b.want(200, "DELETE", "/api/v1/session", "")
	if out = b.want(200, "GET", "/api/v1/session", ""); out["signedIn"] != false || out["mode"] != "password" {
		t.Errorf("after signing out: %v", out)
	}
	b.want(401, "GET", "/api/v1/issues", "")
	b.want(200, "DELETE", "/api/v1/session", "")
	b.want(401, "POST", "/api/v1/session", signInBody("wrong"))
	b.want(400, "POST", "/api/v1/session", `{"email":"ann@example.com","password":"x","extra":1}`)
	b.want(201, "POST", "/api/v1/session", signInBody(pass))
	b.want(200, "GET", "/api/v1/issues", "")
}

// What strangers' pages make the browser send changes nothing.
func TestForgedRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.setUp()
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "", "Origin", "https://evil.example"}} {
		b.want(403, "POST", "/api/v1/projects", `{"slug":"forged"}`, header...)
		b.want(403, "PATCH", "/api/v1/issues/1", `{"status":"resolved"}`, header...)
		b.want(403, "POST", "/api/v1/tokens", `{"name":"x","scopes":["org:read"]}`, header...)
		b.want(403, "DELETE", "/api/v1/session", "", header...)
		b.want(403, "POST", "/api/v1/session", signInBody(pass), header...)
		b.want(403, "PUT", "/api/v1/session/password", `{}`, header...)
		b.want(403, "POST", "/api/v1/setup", `{}`, header...)
	}
	b.want(200, "GET", "/api/v1/projects", "", "Sec-Fetch-Site", "cross-site") // nobody there can read the answer
}

func TestPasswordChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, other, stranger := w.setUp(), w.browser(), w.browser()
	other.want(201, "POST", "/api/v1/session", signInBody(pass))
	const to = `{"present":%q,"next":"another long one"}`
	b.want(403, "PUT", "/api/v1/session/password", fmt.Sprintf(to, "wrong"))
	b.want(400, "PUT", "/api/v1/session/password", fmt.Sprintf(`{"present":%q,"next":"short"}`, pass))
	stranger.want(401, "PUT", "/api/v1/session/password", fmt.Sprintf(to, pass))
	if code, _, body := w.ask(w.ours, "PUT", "/api/v1/session/password", fmt.Sprintf(to, pass)); code != 403 {
		t.Errorf("with a token: %d %s", code, body)
	}
	b.want(200, "PUT", "/api/v1/session/password", fmt.Sprintf(to, pass))
	b.want(200, "GET", "/api/v1/issues", "")
	other.want(401, "GET", "/api/v1/issues", "")
	other.want(401, "POST", "/api/v1/session", signInBody(pass))
	other.want(201, "POST", "/api/v1/session", signInBody("another long one"))
}

func TestGuessingIsSlowedDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setUp()
	b := w.browser()
	for range 5 {
		b.want(401, "POST", "/api/v1/session", signInBody("guess"))
	}
	out := b.want(429, "POST", "/api/v1/session", signInBody(pass))
	if b.head.Get("Retry-After") != "180" || !strings.Contains(fmt.Sprint(out["detail"]), "180 seconds") {
		t.Errorf("%v %v", b.head, out)
	}
}

// A session of one organization sees nothing of another, whatever it asks for.
func TestSessionsAreWalledIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.fill()
	link, err := signin.Link(t.Context(), w.db, 2, "", noon)
	w.must(err)
	rival := w.browser()
	rival.want(201, "POST", "/api/v1/setup", fmt.Sprintf(`{"token":%q,"email":"rival@example.com","password":%q}`, link, pass))
	ops, _ := w.described()
	for _, r := range requests() {
		code, out := rival.ask(ops[r.operation].method, r.path, r.body)
		text, err := json.Marshal(out)
		w.must(err)
		for _, secret := range []string{"DeclinedError", "charge_card", "run-1", "spending", "nightly"} {
			if code < 300 && strings.Contains(string(text), secret) {
				t.Errorf("%s tells a rival of %s", r.operation, secret)
			}
		}
	}
	if got := w.get("/api/v1/issues/1"); got["assignee"] != nil {
		t.Errorf("a rival assigned our issue to %v", got["assignee"])
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.setUp()
	made := b.want(201, "POST", "/api/v1/tokens", `{"name":"ci","scopes":["event:read","org:write","event:read"]}`)
	secret := fmt.Sprint(made["secret"])
	if len(made["scopes"].([]any)) != 2 || len(secret) < 64 {
		t.Errorf("made %v", made)
	}
	if list := fmt.Sprint(b.want(200, "GET", "/api/v1/tokens", "")); strings.Contains(list, secret) || !strings.Contains(list, "ci") {
		t.Errorf("the list: %s", list)
	}
	f := func(body string, want int) {
		t.Helper()
		if code, _, text := w.ask(secret, "POST", "/api/v1/tokens", body); code != want {
			t.Errorf("%s: %d %s, want %d", body, code, text, want)
		}
	}
	f(`{"name":"less","scopes":["event:read","org:read"]}`, 201)
	f(`{"name":"more","scopes":["event:write"]}`, 403)
	f(`{"name":"more","scopes":["event:read","project:read"]}`, 403)
	f(`{"name":"none","scopes":[]}`, 400)
	f(`{"name":"odd","scopes":["event:admin"]}`, 400)
	f(`{"name":"","scopes":["event:read"]}`, 400)
	id := fmt.Sprint(made["id"])
	b.want(200, "DELETE", "/api/v1/tokens/"+id, "")
	b.want(404, "DELETE", "/api/v1/tokens/"+id, "")
	b.want(400, "DELETE", "/api/v1/tokens/x", "")
	if code, _, _ := w.ask(secret, "GET", "/api/v1/issues", ""); code != 401 {
		t.Errorf("a revoked token: %d", code)
	}
}

func TestDevelopmentModeAsksNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	everyone := access.Everything(1)
	s := httptest.NewServer(api.New(api.Config{
		Store: w.db, Guard: &access.Guard{Everyone: &everyone}, SignIn: signin.New(w.db, nil), Now: func() time.Time { return noon },
	}))
	defer s.Close()
	w.url = s.URL
	b := w.browser()
	if out := b.want(200, "GET", "/api/v1/session", ""); out["mode"] != "dev" || out["signedIn"] != true || out["user"] != nil || out["organization"] == nil {
		t.Errorf("who am I: %v", out)
	}
	b.want(409, "POST", "/api/v1/session", signInBody(pass))
	b.want(409, "POST", "/api/v1/setup", `{"token":"x","password":"x"}`)
	b.want(403, "PUT", "/api/v1/session/password", `{"present":"x","next":"y"}`)
	b.want(200, "DELETE", "/api/v1/session", "")
}
