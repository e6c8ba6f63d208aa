package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/ingest"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// embeddedURL is where clients are told to go that nobody told better.
const embeddedURL = "http://localhost"

// Embed is Open for a program that serves Handler itself: no socket is opened, and
// Close takes the place of Run's end. Addr and Grace are not looked at. With Dev only
// requests that come over loopback are answered, since where the program listens is
// not known here.
func Embed(ctx context.Context, c Config) (_ *Server, err error) {
	if err := c.checkEmbedded(); err != nil {
		return nil, err
	}
	s := newServer(c)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close(ctx))
		}
	}()
	if err := s.openData(ctx); err != nil {
		return nil, fmt.Errorf("option Data: %w", err)
	}
	if err := s.openSettings(ctx); err != nil {
		return nil, err
	}
	s.url = embeddedURL
	if c.PublicURL != "" {
		s.url = c.publicURL("")
	}
	if err := s.lock.announce(s.url); err != nil {
		return nil, err
	}
	if err := s.wire(); err != nil {
		return nil, err
	}
	s.work(ctx)
	return s, nil
}

// Handler answers everything the server has to say. It may be mounted below a path
// that is stripped before it.
func (s *Server) Handler() http.Handler {
	next := s.handler
	if s.config.Dev {
		next = nearby(next)
	}
	return s.visits.watch(next)
}

// Key returns the key of the first project.
func (s *Server) Key() store.Key { return s.key }

// CreateToken makes a token for the APIs and returns its secret, which is not kept.
// Scopes that do not exist are ErrInvalid, and so are none.
func (s *Server) CreateToken(ctx context.Context, name string, scopes []access.Scope) (string, error) {
	if len(scopes) == 0 {
		return "", fmt.Errorf("%w: no scopes; there are %v", model.ErrInvalid, access.Scopes())
	}
	if err := access.CheckScopes(scopes); err != nil {
		return "", err
	}
	return s.store.CreateToken(ctx, store.Scope{Org: s.key.Org}, name, scopes)
}

// Close ends an embedded server: it turns new requests away, waits until ctx ends for
// those under way, stores what is pending and closes everything. Further calls do
// nothing.
func (s *Server) Close(ctx context.Context) error {
	if !s.visits.end() {
		return nil
	}
	s.tail.Close()
	return errors.Join(s.visits.wait(ctx), s.close(ctx))
}

// nearby keeps out requests from other machines, which development mode would answer
// without a token. The door asks for a key as always.
func nearby(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ingest.Owns(r.URL.Path) && !overLoopback(r) {
			refusePlainly(w, r, fmt.Errorf("%w: development mode answers only over loopback", model.ErrForbidden))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// overLoopback reports whether the connection of a request ends at a loopback address
// of ours, so that nobody else can have opened it. What does not say is none.
func overLoopback(r *http.Request) bool {
	a, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}
