package access

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestOrigin(t *testing.T) {
	t.Parallel()
	f := func(public, host string, secure bool, want string) {
		t.Helper()
		r := httptest.NewRequest("GET", "/", nil)
		r.Host = host
		r.Header.Set("X-Forwarded-Proto", "gopher")
		if secure {
			r.TLS = &tls.ConnectionState{}
		}
		var got string
		h := WithOrigin(public, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = Origin(r.Context()) }))
		h.ServeHTTP(httptest.NewRecorder(), r)
		if got != want {
			t.Errorf("origin of %q at %q = %q, want %q", host, public, got, want)
		}
	}
	f("", "127.0.0.1:3001", false, "http://127.0.0.1:3001")
	f("", "picket.example", true, "https://picket.example")
	f("https://watch.example/", "10.0.0.7:3001", false, "https://watch.example")
}

func TestDSN(t *testing.T) {
	t.Parallel()
	f := func(public, want string) {
		t.Helper()
		r := httptest.NewRequest("GET", "http://127.0.0.1:3001/", nil)
		h := WithOrigin(public, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := DSN(r.Context(), "abc", 7); got != want {
				t.Errorf("DSN at %q = %q, want %q", public, got, want)
			}
		}))
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	f("", "http://abc@127.0.0.1:3001/7")
	f("https://watch.example/picket/", "https://abc@watch.example/picket/7")
}
