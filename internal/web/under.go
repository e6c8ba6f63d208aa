package web

import (
	"bytes"
	"html"
	"net/http"
	"net/url"
	"strings"
)

// Base returns the path of a public URL, with no slash at its end: "" for the root.
func Base(public string) string {
	u, err := url.Parse(public)
	if err != nil {
		return ""
	}
	return strings.TrimRight(u.EscapedPath(), "/")
}

// Blocks reports whether nothing can be served below that base: what Picket itself
// answers at begins with the same words, so that nobody could tell the two apart.
func Blocks(base string) bool {
	return base == "/api" || strings.HasPrefix(base, "/api/") || base == "/assets"
}

// Under returns a handler for a server that its clients reach below a base (see Base).
// Proxies may take the base off the path or leave it on: both arrive at next without it.
func Under(base string, next http.Handler) http.Handler {
	if base == "" {
		return next
	}
	plain, err := url.PathUnescape(base)
	if err != nil {
		plain = base
	}
	stripped := http.StripPrefix(plain, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == plain:
			to := url.URL{Path: plain + "/", RawQuery: r.URL.RawQuery}
			http.Redirect(w, r, to.String(), http.StatusPermanentRedirect)
		case strings.HasPrefix(r.URL.Path, plain+"/"):
			stripped.ServeHTTP(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// rooted gives the relative addresses in the first page, those that begin with "./", the
// base: the page is served at paths of any depth.
func rooted(page []byte, base string) []byte {
	at := html.EscapeString(base) + "/"
	return bytes.ReplaceAll(page, []byte(`="./`), []byte(`="`+at))
}
