package sentry

import (
	"bytes"
	"strings"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// request reads what is indexed of an HTTP request.
func request(v *fastjson.Value) model.Request {
	url := v.GetStringBytes("url")
	if i := bytes.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	return model.Request{URL: copyText(url, pathLimit), Method: method(v.Get("method"))}
}

// method returns a valid HTTP method in upper case, or nothing.
func method(v *fastjson.Value) string {
	s := strings.ToUpper(str(v, loggerLimit))
	if len(s) < 3 || len(s) > 32 {
		return ""
	}
	for i := 0; i < len(s); i++ {
		if (s[i] < 'A' || s[i] > 'Z') && s[i] != '-' && s[i] != '_' {
			return ""
		}
	}
	return s
}

// trimmed returns a text without white space around it.
func trimmed(v *fastjson.Value, l limit) string { return strings.TrimSpace(text(v, l)) }

// splitClient splits the client that the credentials named, as in sentry.go/0.50.0,
// or the first word of a user agent, which has the same form.
func splitClient(client string) (name, version string) {
	client, _, _ = strings.Cut(client, " ")
	client = clip(client)
	i := strings.LastIndexByte(client, '/')
	if i < 0 {
		return client, ""
	}
	return client[:i], client[i+1:]
}

// tagLike returns the text of a scalar in the manner of tags: True, False, whole numbers.
func tagLike(v *fastjson.Value) string {
	if typeOf(v) == fastjson.TypeString {
		return str(v, summaryLimit)
	}
	return tagValue(v)
}
