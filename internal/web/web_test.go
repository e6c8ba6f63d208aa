package web

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
)

var script = strings.Repeat("export const a = 1;\n", 200)

func pages(t *testing.T) *Pages {
	t.Helper()
	p, err := New(fstest.MapFS{
		"index.html":           {Data: []byte("<!doctype html>")},
		"icon.svg":             {Data: []byte("<svg/>")},
		"README.txt":           {Data: []byte("x")},
		"assets/index-Aa09.js": {Data: []byte(script)},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ask(p *Pages, method, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w
}

func TestWhatStandsWhere(t *testing.T) {
	t.Parallel()
	p := pages(t)
	const app, none = "<!doctype html>", ""
	f := func(path, want string) {
		t.Helper()
		w := ask(p, "GET", path)
		if want == none && w.Code != 404 || want != none && (w.Code != 200 || w.Body.String() != want) {
			t.Errorf("%s: %d %.40s", path, w.Code, w.Body)
		}
		if csp := w.Header().Get("Content-Security-Policy"); csp != policy || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has no strict headers: %v", path, w.Header())
		}
	}
	f("/", app)
	f("/index.html", app)
	f("/issues", app)
	f("/issues/DEFAULT-1?tab=events", app)
	f("/agents/billing.v2", app)
	f("/agents/a%2Fb", app)
	f("/sentryish", app)
	f("/icon.svg", "<svg/>")
	f("/assets/index-Aa09.js", script)
	f("/assets/index-0000.js", none)
	f("/assets/", none)
	f("/api", none)
	f("/api/v2/issues", none)
	f("/sentry", none)
	f("/docs/x", none)
	f("/metrics/x", none)
	f("/favicon.ico", none)
	f("/.well-known/x", none)
	if strings.Contains(policy, "unsafe") {
		t.Error("the policy lets something inline run")
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	p := pages(t)
	if w := ask(p, "HEAD", "/issues"); w.Code != 200 || w.Body.Len() > 0 || w.Header().Get("Content-Length") != "15" {
		t.Errorf("HEAD: %d %q %v", w.Code, w.Body, w.Header())
	}
	if w := ask(p, "POST", "/issues"); w.Code != 405 || w.Header().Get("Allow") == "" {
		t.Errorf("POST: %d", w.Code)
	}
}

func TestCaching(t *testing.T) {
	t.Parallel()
	p := pages(t)
	f := func(path, control string) {
		t.Helper()
		w := ask(p, "GET", path)
		tag := w.Header().Get("ETag")
		if got := w.Header().Get("Cache-Control"); got != control {
			t.Errorf("%s: %s", path, got)
		}
		if again := ask(p, "GET", path, "If-None-Match", `"x", W/`+tag); again.Code != 304 || again.Body.Len() > 0 {
			t.Errorf("%s again: %d", path, again.Code)
		}
		if other := ask(p, "GET", path, "If-None-Match", `"x"`); other.Code != 200 {
			t.Errorf("%s with another tag: %d", path, other.Code)
		}
	}
	f("/", "no-cache")
	f("/issues", "no-cache")
	f("/assets/index-Aa09.js", "public, max-age=31536000, immutable")
}

func TestCompression(t *testing.T) {
	t.Parallel()
	p := pages(t)
	tags := map[string]bool{}
	f := func(accepts, coding string) {
		t.Helper()
		w := ask(p, "GET", "/assets/index-Aa09.js", "Accept-Encoding", accepts)
		if got := w.Header().Get("Content-Encoding"); got != coding || w.Header().Get("Vary") == "" {
			t.Errorf("%q: coding %q", accepts, got)
		}
		var from io.Reader = bytes.NewReader(w.Body.Bytes())
		switch coding {
		case "br":
			from = brotli.NewReader(from)
		case "gzip":
			z, err := gzip.NewReader(from)
			if err != nil {
				t.Fatal(err)
			}
			from = z
		}
		if b, err := io.ReadAll(from); err != nil || string(b) != script {
			t.Errorf("%q: %d bytes, %v", accepts, len(b), err)
		}
		if coding != "" && w.Body.Len() > len(script)/4 {
			t.Errorf("%q: %d of %d bytes", accepts, w.Body.Len(), len(script))
		}
		tags[w.Header().Get("ETag")] = true
	}
	f("gzip, deflate, br, zstd", "br")
	f("gzip;q=1.0, br;q=0", "gzip")
	f("GZIP", "gzip")
	f("identity", "")
	f("", "")
	if len(tags) != 3 {
		t.Errorf("tags %v", tags)
	}
	if w := ask(p, "GET", "/", "Accept-Encoding", "br"); w.Header().Get("Content-Encoding") != "" {
		t.Error("a few bytes are compressed")
	}
}

// What the build compressed is served as it is, and is no file of its own.
func TestPackedByTheBuild(t *testing.T) {
	t.Parallel()
	p, err := New(fstest.MapFS{
		"index.html":              {Data: []byte("<!doctype html>")},
		"assets/index-Aa09.js":    {Data: []byte(script)},
		"assets/index-Aa09.js.br": {Data: []byte("packed")},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	f := func(path, accepts, coding, body string) {
		t.Helper()
		w := ask(p, "GET", path, "Accept-Encoding", accepts)
		if got := w.Header().Get("Content-Encoding"); got != coding || w.Body.String() != body {
			t.Errorf("%s for %q: coding %q, %.40q", path, accepts, got, w.Body)
		}
	}
	f("/assets/index-Aa09.js", "br", "br", "packed")
	f("/assets/index-Aa09.js", "", "", script)
	if w := ask(p, "GET", "/assets/index-Aa09.js.br"); w.Code != 404 {
		t.Errorf("the packed file: %d", w.Code)
	}
}

func TestNotBuilt(t *testing.T) {
	t.Parallel()
	if _, err := New(fstest.MapFS{"README.txt": {Data: []byte("x")}}, ""); !errors.Is(err, ErrNotBuilt) {
		t.Errorf("error %v", err)
	}
	if _, err := New(Built(), ""); err != nil && !errors.Is(err, ErrNotBuilt) {
		t.Errorf("what is built in: %v", err)
	}
}

func FuzzTakes(f *testing.F) {
	f.Add("gzip;q=0.5, br;q=, *")
	f.Fuzz(func(_ *testing.T, header string) { takes(header, "br") })
}
