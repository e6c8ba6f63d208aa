package picket

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/getsentry/sentry-go"
)

// Transport wraps how a http.Client makes requests (nil means http.DefaultTransport):
// each is a span of the surrounding transaction or execution and a breadcrumb, and
// carries the trace on to the server it goes to (see Options.TracePropagationTargets).
func Transport(base http.RoundTripper) http.RoundTripper {
	if base == nil {
		base = http.DefaultTransport
	}
	return roundTripper{base}
}

type roundTripper struct{ base http.RoundTripper }

// RoundTrip makes the request. The span ends when the response's header is there.
func (t roundTripper) RoundTrip(r *http.Request) (*http.Response, error) {
	n := nodeOf(r.Context())
	if n == nil {
		return t.base.RoundTrip(r)
	}
	place := r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
	ctx, s := r.Context(), (*Span)(nil)
	if n.span != nil {
		ctx, s = StartSpan(ctx, "http.client", r.Method+" "+place, slog.String("http.request.method", r.Method),
			slog.String("server.address", r.URL.Hostname()), slog.String("url.full", place))
		s.origin = originHTTP
		defer s.End()
	}
	r = r.Clone(ctx)
	if n.scope.client.propagatesTo(place) {
		Inject(ctx, r.Header)
	}
	resp, err := t.base.RoundTrip(r)
	status := 0
	if resp != nil {
		status = resp.StatusCode
		s.Set(slog.Int("http.response.status_code", status))
		s.SetStatus(sentry.HTTPtoSpanStatus(status))
	}
	s.Fail(err)
	n.scope.leave(outgoing(r.Method, place, status, err))
	return resp, err
}

func outgoing(method, place string, status int, err error) Breadcrumb {
	b := Breadcrumb{Type: "http", Category: CrumbHTTP, Message: method + " " + place,
		Data: []Attr{slog.String("method", method), slog.String("url", place)}}
	if status != 0 {
		b.Message += " → " + strconv.Itoa(status)
		b.Data = append(b.Data, slog.Int("status_code", status))
	}
	if status >= 500 || err != nil {
		b.Level = sentry.LevelError
	}
	b.Data = withError(b.Data, err)
	return b
}

// propagatesTo reports whether requests to a place carry the trace.
func (c *Client) propagatesTo(place string) bool {
	targets := c.options.TracePropagationTargets
	for _, t := range targets {
		if strings.Contains(place, t) {
			return true
		}
	}
	return len(targets) == 0
}
