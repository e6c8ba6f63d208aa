package picket

import (
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/getsentry/sentry-go"
)

// requestInfo is the request that a scope belongs to.
type requestInfo struct {
	*http.Request
	options  *MiddlewareOptions
	start    time.Time
	response *response
	body     *bodyRecorder // nil unless bodies are recorded
}

// agent returns the agent that the route names; a mux fills in path values after the
// middleware has begun.
func (r *requestInfo) agent() Agent {
	if r.options.AgentPathValue == "" {
		return Agent{}
	}
	return Agent{ID: r.pathValue(r.options.AgentPathValue)}
}

// name names a request by its route, which it returns too, or else by its path.
func (r *requestInfo) name(c *Client) (name, route string) {
	route = r.Pattern
	if r.options.Route != nil {
		if p := ask(c, "Route", r.options.Route, r.Request); p != "" {
			route = p
		}
	}
	if route == "" {
		return r.Method + " " + r.URL.Path, ""
	}
	if _, path, ok := strings.Cut(route, " "); ok {
		route = strings.TrimLeft(path, " \t")
	}
	return r.Method + " " + route, route
}

// crumbs returns the steps of the request itself.
func (r *requestInfo) crumbs() []Breadcrumb {
	text := r.Method + " " + r.URL.Path
	list := []Breadcrumb{{Type: "http", Category: CrumbRequest, Level: LevelInfo, Message: text, Timestamp: r.start,
		Data: []Attr{slog.String("method", r.Method), slog.String("url", r.URL.Path)}}}
	status, at := r.response.answered()
	if status == 0 {
		return list
	}
	answer := Breadcrumb{Type: "http", Category: CrumbRequest, Level: LevelInfo, Message: text + " → " + strconv.Itoa(status), Timestamp: at,
		Data: []Attr{slog.Int("status_code", status)}}
	if status >= http.StatusInternalServerError {
		answer.Level = LevelError
	}
	return append(list, answer)
}

// address is the request's URL without its query.
func (r *requestInfo) address() string {
	scheme := "http://"
	if r.TLS != nil || first(r.Header, "X-Forwarded-Proto") == "https" {
		scheme = "https://"
	}
	return scheme + r.Host + r.URL.Path
}

// event is what events show of a request. When it is encoded, secrets are taken out,
// and cookies and addresses unless the options allow them.
func (r *requestInfo) event() *sentry.Request {
	out := &sentry.Request{
		Method:      r.Method,
		URL:         r.address(),
		QueryString: r.URL.RawQuery,
		Cookies:     strings.Join(r.Header["Cookie"], "; "),
		Headers:     make(map[string]string, len(r.Header)+1),
	}
	for name, values := range r.Header {
		if name != "Cookie" {
			out.Headers[name] = strings.Join(values, ",")
		}
	}
	out.Headers["Host"] = r.Host
	if r.body != nil {
		out.Data = r.body.text()
	}
	return out
}

// incoming writes what transactions show of a request, which is what events show.
func (e *encoder) incoming(r *requestInfo) {
	e.member("request").open()
	e.free("url", r.address(), &e.by.plain)
	e.fixed("method", r.Method)
	if r.URL.RawQuery != "" {
		e.member("query_string").scrubbed(r.URL.RawQuery, &e.by.plain, asQuery)
	}
	if cookies := r.Header["Cookie"]; len(cookies) > 0 && e.cookies() {
		e.member("cookies").scrubbed(strings.Join(cookies, "; "), &e.by.plain, asCookies)
	}
	e.member("headers").open()
	e.header("Host", r.Host)
	encodeMembers(e, r.Header, func(e *encoder, name string, values []string) {
		if name != "Cookie" {
			e.header(name, strings.Join(values, ","))
		}
	})
	e.close()
	if r.body != nil {
		if text := r.body.text(); text != "" {
			e.member("data").body(text)
		}
	}
	e.close()
}
