package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/fstest"
)

func TestBase(t *testing.T) {
	t.Parallel()
	f := func(public, want string, blocks bool) {
		t.Helper()
		if got := Base(public); got != want || Blocks(got) != blocks {
			t.Errorf("%q: %q, blocks %v", public, got, Blocks(got))
		}
	}
	f("", "", false)
	f("https://picket.example", "", false)
	f("https://picket.example/", "", false)
	f("https://host.example/picket/", "/picket", false)
	f("https://host.example/a/b%20c", "/a/b%20c", false)
	f("https://host.example/api/", "/api", true)
	f("https://host.example/api/picket", "/api/picket", true)
	f("https://host.example/apiary", "/apiary", false)
	f("https://host.example/assets", "/assets", true)
	f("https://host.example/team/api", "/team/api", false)
	f(":", "", false)
}

func TestUnder(t *testing.T) {
	t.Parallel()
	echo := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.URL.EscapedPath()) })
	f := func(base, target string, status int, want string) {
		t.Helper()
		w := httptest.NewRecorder()
		Under(base, echo).ServeHTTP(w, httptest.NewRequest("GET", target, nil))
		got := w.Body.String()
		if status == http.StatusPermanentRedirect {
			got = w.Header().Get("Location")
		}
		if w.Code != status || got != want {
			t.Errorf("%s below %q: %d %s, want %d %s", target, base, w.Code, got, status, want)
		}
	}
	f("", "/picket/issues", 200, "/picket/issues")
	f("/picket", "/picket/issues", 200, "/issues")
	f("/picket", "/picket/agents/a%2Fb", 200, "/agents/a%2Fb")
	f("/picket", "/picket/", 200, "/")
	f("/picket", "/issues", 200, "/issues")
	f("/picket", "/pickets", 200, "/pickets")
	f("/picket", "/picket?tab=x", 308, "/picket/?tab=x")
	f("/a%20b", "/a%20b/issues", 200, "/issues")
}

// The first page is served at any depth, so its addresses are whole.
func TestFirstPageBelowABase(t *testing.T) {
	t.Parallel()
	f := func(base, want string) {
		t.Helper()
		p, err := New(fstest.MapFS{"index.html": {Data: []byte(`<meta name="base" content="./"><script src="./assets/a.js">`)}}, base)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(p, "GET", "/issues/1").Body.String(); got != want {
			t.Errorf("below %q: %s", base, got)
		}
	}
	f("", `<meta name="base" content="/"><script src="/assets/a.js">`)
	f("/picket", `<meta name="base" content="/picket/"><script src="/picket/assets/a.js">`)
	f(`/a"b`, `<meta name="base" content="/a&#34;b/"><script src="/a&#34;b/assets/a.js">`)
}
