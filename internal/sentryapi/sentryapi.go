// Package sentryapi answers the part of Sentry's own web API, under /api/0/, that
// sentry-cli, the official MCP server and API clients call. Shapes are what their
// strict decoders insist on: ids are texts, times end in Z, lists are lists.
//
// To add a route, write its handler and a line in the table of routes.go.
package sentryapi

import (
	"log/slog"
	"net/http"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/store"
)

// Prefix is the path under which New's handler answers everything.
const Prefix = "/api/0/"

// Store is what the API needs of an engine.
type Store interface {
	store.Reader
	store.Desk
}

// Config sets up the API. Store and Guard must be there.
type Config struct {
	Store Store
	Guard *access.Guard
	// PublicURL is where clients and browsers reach the server, for links in answers;
	// empty takes what each request says.
	PublicURL string
	// Version is the server's, as it tells clients.
	Version string
	// Log takes what strangers must not read; nil is slog's default.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// rest answers the routes.
type rest struct {
	store   Store
	version string
	log     *slog.Logger
	now     func() time.Time
}

// New returns the handler of everything under Prefix. A path without the slash at
// its end is the same as with it.
func New(c Config) http.Handler {
	a := &rest{store: c.Store, version: c.Version, log: c.Log, now: c.Now}
	if a.log == nil {
		a.log = slog.Default()
	}
	if a.now == nil {
		a.now = time.Now
	}
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		mux.Handle(r.method+" "+Prefix+r.path+"{$}", a.handler(r))
	}
	mux.HandleFunc("/", a.lost(mux))
	return c.Guard.Wrap(access.WithOrigin(c.PublicURL, slashed(mux)), a.refuse)
}

// slashed adds the slash at the end that every path of this API has.
func slashed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.EscapedPath(); p[len(p)-1] != '/' {
			u := *r.URL
			u.Path += "/"
			if u.RawPath != "" {
				u.RawPath += "/"
			}
			r = r.Clone(r.Context())
			r.URL = &u
		}
		next.ServeHTTP(w, r)
	})
}
