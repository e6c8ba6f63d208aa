// Package outpost is the whole Picket server inside of your own Go program: no second
// process, no port of its own, one directory of data.
//
//	post, err := outpost.Open(ctx, outpost.Options{Data: "./picket-data", PublicURL: "https://relay.example"})
//	if err != nil {
//		return err
//	}
//	mux.Handle("/sentry/", post.Handler()) // what agents did: stats, issues, trends
//	mux.Handle("/api/", post.Handler())    // where SDKs report to, and the REST APIs
//
//	err = picket.Init(picket.Options{DSN: post.DSN(), Transport: post.Transport()})
//
// Handler answers all that `picket serve` does, and may be mounted whole, by some of its
// prefixes, or below a path of yours:
//
//	mux.Handle("/picket/", http.StripPrefix("/picket", post.Handler()))
//
// Transport lets the SDK of the same program report straight into it, in memory.
//
// Mount the handler beside what a reporting middleware watches and not inside of it, or
// let the middleware ignore its paths: otherwise an SDK of another program makes this one
// report that it was reported to.
//
// # Who may read
//
// SDKs show the key of their DSN. Everything else but /healthz, /readyz and the
// description of the API asks for a token, "Authorization: Bearer …", that CreateToken
// makes, or for a session of somebody who signed in to the pages; `picket user link` beside
// the program prints where the first one sets a password. A program that knows its users sets that header in front of the handler, for
// those whom it lets in:
//
//	mux.Handle("/sentry/", signedIn(func(w http.ResponseWriter, r *http.Request) {
//		r.Header.Set("Authorization", "Bearer "+token)
//		post.Handler().ServeHTTP(w, r)
//	}))
//
// Everybody who has a token of the server reads all of it: users of several customers
// need a check of your own in front.
//
// # The end
//
// Stop in this order: the HTTP server that Handler is served by, the SDK (picket.Close),
// then Close. What was answered 200 is on disk even when the program is killed instead.
package outpost

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"relay.one/picket/internal/server"
)

// Options say how the server is kept. Data must be set; the zero value of everything
// else is right for most programs.
type Options struct {
	// Data is the directory that holds everything; it is made when it is not there. One
	// server uses it at a time, and `picket token` and `picket project` beside it.
	Data string
	// PublicURL is where Handler is reached from outside, such as
	// https://relay.example/picket; DSNs and links begin with it. When it is empty, answers
	// go by what each request says of itself, and URL and DSN by http://localhost, which
	// is good for Transport alone.
	PublicURL string
	// Dev asks nobody for a token, and answers only what comes over this machine's loopback
	// interface or by Transport. It is for development: behind a proxy on the same machine
	// everything comes over loopback.
	Dev bool
	// Retention is how long events are kept; zero means 90 days.
	Retention time.Duration
	// TrustedProxies are the peers whose X-Forwarded-For is believed when users' addresses
	// are found out.
	TrustedProxies []netip.Prefix
	// Log takes what happens; nil means slog.Default().
	Log *slog.Logger
}

// Server is a Picket within this program. It may be used by many goroutines at once.
type Server struct {
	server  *server.Server
	handler http.Handler
	memory  *memory
}

// Open opens the data directory, and makes a first project when it is new. The error
// names the option that is wrong, or who else uses the directory. ctx bounds the opening
// alone. Close the server when the program ends.
func Open(ctx context.Context, o Options) (*Server, error) {
	s, err := server.Embed(ctx, server.Config{
		Data: o.Data, PublicURL: o.PublicURL, Dev: o.Dev, Retention: o.Retention,
		TrustedProxies: o.TrustedProxies, Log: o.Log, Version: version(),
	})
	if err != nil {
		return nil, fmt.Errorf("open outpost: %w", err)
	}
	h := s.Handler()
	return &Server{server: s, handler: h, memory: newMemory(h, s.URL())}, nil
}

// Handler answers everything: SDKs below /api/, the platform's routes below /sentry/ and
// /api/v1/sentry/, REST below /api/v1/, Sentry's own API below /api/0/, and /openapi.json,
// /docs, /healthz, /readyz, /metrics and /. The timeouts of slow clients are those of the
// http.Server it is served by. After Close it answers 503.
func (s *Server) Handler() http.Handler { return s.handler }

// Transport makes requests to the server without a network: as Options.Transport of the
// SDK, or for a http.Client that reads. It takes the requests for any host, with the path
// of PublicURL or without. A request lasts until the handler has answered, so that who
// reports waits for the disk as over a network, and is answered 429 where it would be
// there; the answer is held in memory. Reading needs a token here, too.
func (s *Server) Transport() http.RoundTripper { return s.memory }

// URL returns Options.PublicURL without a slash at the end, or http://localhost.
func (s *Server) URL() string { return s.server.URL() }

// DSN returns what an SDK needs to report to the first project, at URL. The DSNs of
// further projects come from the API that makes them, POST /api/v1/projects.
func (s *Server) DSN() string { return s.server.DSN() }

// DSNAt is DSN for clients that reach Handler at another URL than the public one: from
// within a cluster, or at the port that a test took.
func (s *Server) DSNAt(base string) (string, error) {
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("outpost: DSN at %q: want http://host or https://host, perhaps with a path", base)
	}
	return server.DSN(strings.TrimRight(base, "/"), s.server.Key()), nil
}

// CreateToken makes a token for reading, or changing, what the server holds, and returns
// its secret, which is not kept and not shown again: keep it, rather than make one at
// every start. Scopes go by Sentry's names; event:read, org:read and project:read together
// read everything.
func (s *Server) CreateToken(ctx context.Context, name string, scopes ...string) (secret string, err error) {
	if secret, err = s.server.CreateToken(ctx, name, scopes); err != nil {
		return "", fmt.Errorf("outpost: create token %q: %w", name, err)
	}
	return secret, nil
}

// Close turns new requests away, waits until ctx ends for those under way, stores what is
// pending and closes everything. The error says what was cut short. Further calls do
// nothing.
func (s *Server) Close(ctx context.Context) error {
	if err := s.server.Close(ctx); err != nil {
		return fmt.Errorf("close outpost: %w", err)
	}
	return nil
}

// version returns the version of this module in the program that it is part of.
func version() string {
	const module = "relay.one/picket"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range info.Deps {
		if m.Path == module {
			return m.Version
		}
	}
	return info.Main.Version
}
