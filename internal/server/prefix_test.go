package server

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
)

// below puts a real proxy before a server that does not listen yet: clients reach it
// below /picket, which the proxy takes off the path or leaves on.
func below(t *testing.T, strips bool) (front *httptest.Server, to func(*running)) {
	t.Helper()
	var proxy http.Handler
	front = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { proxy.ServeHTTP(w, r) }))
	t.Cleanup(front.Close)
	return front, func(r *running) {
		u, err := url.Parse("http://" + r.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		proxy = httputil.NewSingleHostReverseProxy(u)
		if strips {
			proxy = http.StripPrefix("/picket", proxy)
		}
	}
}

func TestBelowAPath(t *testing.T) {
	t.Parallel()
	for _, strips := range []bool{true, false} {
		t.Run(fmt.Sprintf("strips %v", strips), func(t *testing.T) {
			t.Parallel()
			front, to := below(t, strips)
			r := start(t, t.TempDir(), asked, func(c *Config) {
				c.PublicURL = front.URL + "/picket/"
				c.Pages = fstest.MapFS{
					"index.html":      {Data: []byte(`<!doctype html><script src="./assets/app-1.js">`)},
					"assets/app-1.js": {Data: []byte("export {}")},
				}
			})
			to(r)
			visit(t, front.URL, r)
		})
	}
}

// visit sets the administrator's password through the proxy, sends an event by the DSN,
// and reads it again with the cookie.
func visit(t *testing.T, front string, r *running) {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	f := func(method, at, body string, status int, holds string) {
		t.Helper()
		q, err := http.NewRequest(method, at, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Origin", front) // as browsers do
		a, err := client.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		text, err := io.ReadAll(a.Body)
		if err != nil || a.StatusCode != status || !strings.Contains(string(text), holds) {
			t.Errorf("%s %s: %d %.200s, %v", method, at, a.StatusCode, text, err)
		}
	}
	base := front + "/picket"
	f("GET", base+"/", "", 200, `src="/picket/assets/app-1.js"`)
	f("GET", base+"/issues/DEFAULT-1", "", 200, `src="/picket/assets/app-1.js"`)
	f("GET", base+"/assets/app-1.js", "", 200, "export")
	f("GET", base+"/api/v1/issues", "", 401, "")
	link, err := r.SetUpLink(t.Context())
	if err != nil || !strings.HasPrefix(link, base+"/setup#") {
		t.Fatalf("link %q, %v", link, err)
	}
	_, secret, _ := strings.Cut(link, "#")
	f("POST", base+"/api/v1/setup", fmt.Sprintf(`{"token":%q,"email":"ann@example.com","password":"correct horse"}`, secret), 201, "")
	dsn, err := url.Parse(r.DSN())
	if err != nil || !strings.HasPrefix(dsn.Path, "/picket/") {
		t.Fatalf("DSN %s, %v", r.DSN(), err)
	}
	f("POST", base+"/api/1/store/?sentry_key="+dsn.User.Username(), `{"message":"behind a proxy"}`, 200, "")
	f("GET", base+"/api/v1/issues", "", 200, "behind a proxy")
	f("GET", base+"/sentry/trends", "", 200, "series")
	f("GET", base+"/api/0/organizations/", "", 200, base+"/organizations/")
	f("GET", base+"/docs", "", 200, "Picket")
	f("GET", base+"/openapi.json", "", 200, "3.1.0")
}

func TestPathsThatCannotBeServedBelow(t *testing.T) {
	t.Parallel()
	f := func(public string, good bool) {
		t.Helper()
		err := Config{Addr: "127.0.0.1:0", Data: "x", PublicURL: public}.Check()
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "--public-url") {
			t.Errorf("%s: %v", public, err)
		}
	}
	f("https://host.example/picket/", true)
	f("https://host.example/sentry", true)
	f("https://host.example/api", false)
	f("https://host.example/assets/", false)
}
