package ingest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"relay.one/picket/internal/model"
)

// cors lets browsers of any origin send, and read what holds them back.
func cors(h http.Header) {
	h["Access-Control-Allow-Origin"] = allowOrigin
	h["Access-Control-Expose-Headers"] = exposeHeaders
}

// The header values stand once: setting them costs a request nothing. Nobody may change them.
var (
	allowOrigin   = []string{"*"}
	exposeHeaders = []string{"x-sentry-error, x-sentry-rate-limits, retry-after"}
	contentJSON   = []string{"application/json"}
)

// preflight answers OPTIONS.
func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "POST, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "x-sentry-auth, x-requested-with, x-forwarded-for, origin, referer, accept, "+
		"content-type, authentication, authorization, content-encoding, transfer-encoding, sentry-trace, baggage, traceparent")
	h.Set("Access-Control-Max-Age", "3600")
	h.Set("Allow", "POST, OPTIONS")
	w.WriteHeader(http.StatusOK)
}

// accepted answers 200 with the id that the envelope has, if any.
func accepted(w http.ResponseWriter, id model.EventID) {
	w.Header()["Content-Type"] = contentJSON
	body := []byte("{}")
	if !id.IsZero() {
		body = []byte(`{"id":"` + id.String() + `"}`)
	}
	// A client that went away is told nothing; what it sent is stored all the same.
	_, _ = w.Write(body)
}

// refused answers with the protocol's error body.
func refused(w http.ResponseWriter, r *refusal) {
	h := w.Header()
	h["Content-Type"] = contentJSON
	h.Set("X-Sentry-Error", r.detail)
	if r.retry > 0 {
		h.Set("Retry-After", strconv.Itoa(seconds(r.retry)))
	}
	if r.limits != "" {
		h.Set("X-Sentry-Rate-Limits", r.limits)
	}
	if r.status == http.StatusMethodNotAllowed {
		h.Set("Allow", "POST, OPTIONS")
	}
	body, _ := json.Marshal(struct { // texts always encode
		Detail string   `json:"detail"`
		Causes []string `json:"causes,omitempty"`
	}{r.detail, r.causes})
	w.WriteHeader(r.status)
	_, _ = w.Write(body)
}

// seconds rounds up, so that a client that obeys is never early.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
