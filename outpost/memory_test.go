package outpost

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

// exchange is what both sides saw of a request.
type exchange struct {
	Method, URI, Host, Sent string
	Length                  int64
	Header                  string
	Status                  int
	ContentType, Got        string
	GotLength               int64
	Late                    string
}

// carry sends a request that way and tells what both sides saw.
func carry(t *testing.T, way func(http.Handler) (http.RoundTripper, string), h http.HandlerFunc, method, path string, body io.Reader) (x exchange) {
	t.Helper()
	rt, base := way(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		x.Method, x.URI, x.Sent, x.Length, x.Header = r.Method, r.RequestURI, string(b), r.ContentLength, r.Header.Get("X-Sent")
		h(w, r)
	}))
	r, err := http.NewRequestWithContext(t.Context(), method, base+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Sent", "yes")
	r.Header.Set("Accept-Encoding", "identity")
	a, err := rt.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	x.Status, x.ContentType, x.Got, x.GotLength = a.StatusCode, a.Header.Get("Content-Type"), string(b), a.ContentLength
	x.Late = a.Header.Get("X-Late")
	return x
}

// In memory both sides see what they would see over a network.
func TestLikeANetwork(t *testing.T) {
	t.Parallel()
	network := func(h http.Handler) (http.RoundTripper, string) {
		s := httptest.NewServer(h)
		t.Cleanup(s.Close)
		return http.DefaultTransport, s.URL
	}
	inMemory := func(h http.Handler) (http.RoundTripper, string) {
		return newMemory(h, "http://localhost"), "http://localhost"
	}
	f := func(h http.HandlerFunc, method, path string, body func() io.Reader) {
		t.Helper()
		want, got := carry(t, network, h, method, path, body()), carry(t, inMemory, h, method, path, body())
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s %s:\n in memory    %+v\n over network %+v", method, path, got, want)
		}
	}
	none := func() io.Reader { return nil }
	known := func() io.Reader { return strings.NewReader("an envelope") }
	unknown := func() io.Reader { return io.MultiReader(strings.NewReader("an "), strings.NewReader("envelope")) }
	text := func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") }
	problem := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusTooManyRequests)
		w.Header().Set("X-Late", "yes")
		w.WriteHeader(http.StatusOK)
		io.WriteString(w, "{}")
	}
	silent := func(http.ResponseWriter, *http.Request) {}
	f(text, "GET", "/", none)
	f(text, "", "/a%2Fb/c?x=1&y=%20", none)
	f(text, "HEAD", "/", none)
	f(text, "POST", "/", known)
	f(text, "POST", "/", unknown)
	f(problem, "POST", "/", known)
	f(silent, "GET", "/", none)
}

// The path of the public URL is taken off, where it stands.
func TestPrefix(t *testing.T) {
	t.Parallel()
	f := func(at, url, want string) {
		t.Helper()
		var got string
		m := newMemory(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Host + r.RequestURI }), at)
		r, err := http.NewRequest("GET", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.RoundTrip(r); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("at %s, %s came as %s, want %s", at, url, got, want)
		}
	}
	f("https://relay.example/picket", "https://relay.example/picket/sentry/trends?window=1h", "relay.example/sentry/trends?window=1h")
	f("https://relay.example/picket", "https://relay.example/picket/a%2Fb", "relay.example/a%2Fb")
	f("https://relay.example/picket", "https://relay.example/sentry/trends", "relay.example/sentry/trends")
	f("https://relay.example/picket", "https://relay.example/picketing", "relay.example/picketing")
	f("https://relay.example", "http://localhost:3001/sentry/trends", "localhost:3001/sentry/trends")
}

// Who gives up does not wait for the handler, and the handler learns of it.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	begun := make(chan struct{})
	m := newMemory(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		_, err := io.ReadAll(r.Body)
		<-r.Context().Done()
		ended <- err
	}), "http://localhost")
	ctx, cancel := context.WithCancel(t.Context())
	body, half := io.Pipe()
	defer half.Close()
	go func() { <-begun; cancel() }()
	r, err := http.NewRequestWithContext(ctx, "POST", "http://localhost/", body)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.RoundTrip(r); !errors.Is(err, context.Canceled) {
		t.Errorf("error = %v", err)
	}
	if err := <-ended; !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the handler read on: %v", err)
	}
}

func TestPanic(t *testing.T) {
	t.Parallel()
	m := newMemory(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no ink") }), "http://localhost")
	r, err := http.NewRequest("GET", "http://localhost/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.RoundTrip(r); err == nil || !strings.Contains(err.Error(), "no ink") {
		t.Errorf("error = %v", err)
	}
}
