package upstream

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"
)

// judgeAnswer says what an answer means for the envelope and for the upstream.
func judgeAnswer(a *http.Response, body []byte, now time.Time) answer {
	out := answer{status: a.StatusCode}
	for _, header := range a.Header.Values("X-Sentry-Rate-Limits") {
		out.limits = append(out.limits, readLimits(header)...)
	}
	status := fmt.Sprintf("%d %s", a.StatusCode, http.StatusText(a.StatusCode)) + detail(body)
	switch c := a.StatusCode; {
	case c >= 200 && c < 300 && isPage(a):
		out.verdict, out.problem = barred, "a web page answers there, and no Sentry: mend the DSN"
	case c >= 200 && c < 300:
		out.verdict = taken
	case c == http.StatusUnauthorized || c == http.StatusForbidden:
		out.verdict, out.problem = barred, status+": the key is not taken; put a good one into the DSN"
	case c == http.StatusNotFound || c == http.StatusMethodNotAllowed || c >= 300 && c < 400:
		out.verdict, out.problem = barred, status+": there is no Sentry at this address; mend the DSN"
	case c == http.StatusTooManyRequests:
		out.verdict, out.problem, out.after = limited, status, readRetryAfter(a.Header.Get("Retry-After"), now)
	case c >= 400 && c < 500 && c != http.StatusRequestTimeout && c != http.StatusTooEarly:
		out.verdict, out.problem = refused, status
	default:
		out.verdict, out.problem, out.after = away, status, readRetryAfter(a.Header.Get("Retry-After"), now)
		out.blamed = c != http.StatusServiceUnavailable
	}
	return out
}

// detail repeats what an upstream says of a refusal, as far as Sentry's form has it.
func detail(body []byte) string {
	var said struct {
		Detail string   `json:"detail"`
		Causes []string `json:"causes"`
	}
	if len(body) > maxDetail || json.Unmarshal(body, &said) != nil || said.Detail == "" {
		return ""
	}
	text := said.Detail
	for _, c := range said.Causes {
		text += "; " + c
	}
	return fmt.Sprintf(": %.*q", maxSaid, text)
}

// notSent reports whether an error came before anything was sent.
func notSent(err error) bool {
	var name *net.DNSError
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	return errors.As(err, &name) || errors.As(err, &op) && op.Op == "dial" || errors.As(err, &certificate) || errors.Is(err, http.ErrSchemeMismatch)
}

// cause returns an error of the HTTP client without the address, which has been told.
func cause(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return err.Error()
}
