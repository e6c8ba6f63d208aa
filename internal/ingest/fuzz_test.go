package ingest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// FuzzReceive checks that no request, however strange its parts, is answered with
// 5xx, makes the door panic, or leaves something of the budget taken.
func FuzzReceive(f *testing.F) {
	f.Add("/api/1/envelope/", "sentry_key="+goodKey, "", "", "", []byte(envelope))
	f.Add("/api/store/", "", "Sentry sentry_key="+slowKey, "application/x-sentry-envelope", "", []byte(envelope))
	f.Add("//api/1/store", "", "Basic MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY6", "", "gzip", []byte(compress(f, compressors["gzip"], []byte(`{"a":1}`))))
	f.Add("/api/1/envelope/", "", "", "", "", []byte(`{"dsn":"https://`+goodKey+`@x/1"}`))
	h := New(Options{Gate: gate{}, Sink: nowhere{}, Limits: Limits{Envelope: mib}})
	f.Fuzz(func(t *testing.T, path, query, auth, contentType, encoding string, body []byte) {
		r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		r.URL = &url.URL{Path: path, RawQuery: query}
		for name, value := range map[string]string{"X-Sentry-Auth": auth, "Content-Type": contentType, "Content-Encoding": encoding} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if got := h.buffers.budget.left.Load(); got != h.limits.Memory {
			t.Errorf("%d bytes of the budget are left, want %d", got, h.limits.Memory)
		}
	})
}
