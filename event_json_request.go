package picket

import (
	"net/http"
	"strings"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/redact"
)

// request writes an HTTP request as a value.
func (e *encoder) request(r *sentry.Request) {
	e.open()
	e.free("url", r.URL, &e.by.plain)
	e.fixed("method", r.Method)
	if r.QueryString != "" {
		e.member("query_string").scrubbed(r.QueryString, &e.by.plain, asQuery)
	}
	if r.Cookies != "" && e.cookies() {
		e.member("cookies").scrubbed(r.Cookies, &e.by.plain, asCookies)
	}
	if len(r.Headers) > 0 {
		e.member("headers").headers(r.Headers)
	}
	if len(r.Env) > 0 {
		e.member("env").open()
		encodeMembers(e, r.Env, (*encoder).environment)
		e.close()
	}
	if r.Data != "" {
		e.member("data").body(r.Data)
	}
	e.close()
}

// body writes the body of a request: JSON, a form, or a text.
func (e *encoder) body(s string) {
	if redact.IsForm(s) {
		e.scrubbed(s, &e.by.text, asQuery)
		return
	}
	e.scrubbed(s, &e.by.text, asJSON)
}

func (e *encoder) headers(m map[string]string) {
	e.open()
	encodeMembers(e, m, (*encoder).header)
	e.close()
}

// header writes a header as a member, or leaves it out.
func (e *encoder) header(name, s string) {
	isCookie := strings.EqualFold(name, "Cookie") || strings.EqualFold(name, "Set-Cookie")
	if isCookie && !e.cookies() || !e.addresses() && attrIsPerson(name) {
		return
	}
	e.hostMember(name)
	switch {
	case isCookie:
		e.scrubbed(s, &e.by.plain, asCookies)
	case attrIsUserAgent(name):
		e.raw(s)
	default:
		e.named(name, s, &e.by.plain)
	}
}

// environment writes a variable of the environment that a web server handed on, or
// leaves it out.
func (e *encoder) environment(name, s string) {
	address := name == "REMOTE_ADDR" || name == "REMOTE_HOST" || name == "REMOTE_PORT"
	if address && !e.addresses() || name == "HTTP_COOKIE" && !e.cookies() {
		return
	}
	if header, ok := strings.CutPrefix(name, "HTTP_"); ok && !e.addresses() && attrIsPerson(header) {
		return
	}
	e.hostMember(name)
	switch name {
	case "HTTP_COOKIE":
		e.scrubbed(s, &e.by.plain, asCookies)
	case "HTTP_USER_AGENT":
		e.raw(s)
	case "QUERY_STRING", "REDIRECT_QUERY_STRING":
		e.scrubbed(s, &e.by.plain, asQuery)
	default:
		e.named(name, s, &e.by.plain)
	}
}

// responseField writes a member of the context of an HTTP response.
func (e *encoder) responseField(key string, v any) {
	if key == "cookies" && !e.cookies() {
		return
	}
	e.hostMember(key)
	switch v := v.(type) {
	case string:
		e.responseText(key, v)
	case map[string]string:
		if key == "headers" {
			e.headers(v)
			return
		}
		e.value(key, v)
	case http.Header:
		e.headers(eventJoined(v))
	default:
		e.value(key, v)
	}
}

func (e *encoder) responseText(key, s string) {
	switch key {
	case "cookies":
		e.scrubbed(s, &e.by.plain, asCookies)
	case "data":
		e.body(s)
	default:
		e.named(key, s, e.rules)
	}
}

func eventJoined(h http.Header) map[string]string {
	joined := make(map[string]string, len(h))
	for name, values := range h {
		joined[name] = strings.Join(values, ",")
	}
	return joined
}
