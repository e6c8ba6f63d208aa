package scrub

import (
	"strings"

	"github.com/valyala/fastjson"

	"relay.one/picket/redact"
)

// request clears what is known of an HTTP request or a response.
func (w *walker) request(v *fastjson.Value) {
	graphQL := string(v.GetStringBytes("api_target")) == "graphql"
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		switch key {
		case "url", "fragment":
			w.free(v, &w.plain)
		case "method", "inferred_content_type", "api_target":
			w.fixed(key, v)
		case "query_string":
			w.query(v)
		case "headers":
			w.pairs(v, header)
		case "cookies":
			w.cookies(v)
		case "env":
			w.pairs(v, environment)
		case "data":
			w.body(v, graphQL)
		default:
			w.member(key, v)
		}
	})
}

// body clears a request's body: JSON, a form, or a text. The variables of a GraphQL
// request are values whose names the schema knows and we do not, so all of them go.
func (w *walker) body(v *fastjson.Value, graphQL bool) {
	switch {
	case v.Type() == fastjson.TypeString && redact.IsForm(view(v.GetStringBytes())):
		w.edit(v, w.text.AppendQuery)
	case graphQL && v.GetObject() != nil:
		w.fields(v, func(w *walker, key string, v *fastjson.Value) {
			if key == "variables" && v.GetObject() != nil {
				w.fields(v, func(w *walker, _ string, v *fastjson.Value) { w.blankBy(ruleCookie, v) })
				return
			}
			w.member(key, v)
		})
	default:
		w.free(v, &w.text)
	}
}

// query clears a query string, a map or a list of pairs.
func (w *walker) query(v *fastjson.Value) {
	if v.Type() == fastjson.TypeString {
		w.edit(v, w.plain.AppendQuery)
		return
	}
	w.pairs(v, parameter)
}

// cookies clears a Cookie header, a map or a list of pairs.
func (w *walker) cookies(v *fastjson.Value) {
	if v.Type() == fastjson.TypeString {
		w.edit(v, w.plain.AppendCookies)
		return
	}
	w.pairs(v, cookie)
}

// pairs clears names with values: a map, a list of [name, value], or a list of
// {"key":…,"value":…}.
func (w *walker) pairs(v *fastjson.Value, f field) {
	switch v.Type() {
	case fastjson.TypeObject:
		w.fields(v, f)
	case fastjson.TypeArray:
		if list := v.GetArray(); len(list) > 0 && !container(list[0]) {
			w.free(v, &w.plain) // no pairs
			return
		}
		w.each(v, func(w *walker, v *fastjson.Value) { w.pairIn(v, f) })
	default:
		w.free(v, &w.plain)
	}
}

// pairIn clears one element of a list of pairs.
func (w *walker) pairIn(v *fastjson.Value, f field) {
	if isPair(v) {
		w.pair(v.GetArray(), f)
		return
	}
	name := v.GetStringBytes("key")
	if name == nil {
		name = v.GetStringBytes("name")
	}
	if name == nil {
		w.free(v, &w.plain)
		return
	}
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		if key == "value" {
			f(w, view(name), v)
			return
		}
		w.member(key, v)
	})
}

func tag(w *walker, key string, v *fastjson.Value) {
	if w.secret(key) {
		w.blankText(w.nameRule(key), v)
		return
	}
	w.memberBy(key, v, &w.plain)
}

func parameter(w *walker, key string, v *fastjson.Value) {
	if w.plain.Parameter(key) {
		w.blankText(w.nameRule(key), v)
		return
	}
	w.memberBy(key, v, &w.plain)
}

func cookie(w *walker, key string, v *fastjson.Value) {
	switch {
	case w.secret(key):
		w.blankText(w.nameRule(key), v)
	case w.plain.Cookie(key):
		w.blankText(ruleCookie, v)
	default:
		w.memberBy(key, v, &w.plain)
	}
}

func header(w *walker, key string, v *fastjson.Value) {
	switch {
	case isUserAgent(key):
		w.fixed(key, v)
	case strings.EqualFold(key, "cookie") || strings.EqualFold(key, "set-cookie"):
		w.cookieLines(v)
	default:
		tag(w, key, v)
	}
}

func isUserAgent(key string) bool {
	const name = "user-agent"
	return len(key) == len(name) && (key[4] == '-' || key[4] == '_') && strings.EqualFold(key[:4], name[:4]) &&
		strings.EqualFold(key[5:], name[5:])
}

// cookieLines clears one or several Cookie or Set-Cookie headers.
func (w *walker) cookieLines(v *fastjson.Value) {
	w.each(v, (*walker).cookies)
}

// environment clears a variable of the environment that a web server handed on.
func environment(w *walker, key string, v *fastjson.Value) {
	switch key {
	case "REMOTE_ADDR":
		w.address(key, v)
	case "HTTP_COOKIE":
		w.cookies(v)
	case "HTTP_USER_AGENT":
		w.fixed(key, v)
	case "QUERY_STRING", "REDIRECT_QUERY_STRING":
		w.query(v)
	default:
		tag(w, key, v)
	}
}
