package access

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Tokens looks up whose secret that is; store.Gate does.
type Tokens interface {
	Token(ctx context.Context, secret string) (store.Token, error)
}

// Sessions looks up whose session that is and keeps it alive; signin.Desk does.
type Sessions interface {
	Session(ctx context.Context, secret string) (store.Session, error)
}

// Guard finds out who calls. It is safe for concurrent use once it is set up.
type Guard struct {
	Tokens Tokens
	// Sessions, when not nil, lets in people who signed in, by a cookie.
	Sessions Sessions
	// PublicURL is where browsers reach the server, when that is not what requests say of
	// themselves.
	PublicURL string
	// Everyone, when not nil, is whom every caller is taken for: development mode,
	// which asks for no token. Requests that a web page of another origin, or
	// another name for this machine, made the browser send are refused then, since
	// nothing else would keep strangers' pages out.
	Everyone *Caller
}

// Refuse answers a request that may not pass, in the shape of the API at hand.
type Refuse func(w http.ResponseWriter, r *http.Request, err error)

// Wrap returns a handler that puts the caller into the context of the request and
// goes on to next, or refuses.
func (g *Guard) Wrap(next http.Handler, refuse Refuse) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := g.Identify(r)
		if err != nil {
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), c)))
	})
}

// WrapOpen is Wrap for what strangers may ask, too: they go on without a caller in the
// context. Web pages of other origins are refused as ever.
func (g *Guard) WrapOpen(next http.Handler, refuse Refuse) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := g.Identify(r)
		if errors.Is(err, model.ErrUnauthorized) {
			if err = g.checkOrigin(r); err == nil {
				next.ServeHTTP(w, r)
				return
			}
		}
		if err != nil {
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(With(r.Context(), c)))
	})
}

// Identify returns who sent the request: ErrUnauthorized when there is neither a token
// nor a session, or an unknown one; ErrForbidden when a web page of another origin made
// the browser send it, or development mode must not answer it. A token comes before a
// session.
func (g *Guard) Identify(r *http.Request) (Caller, error) {
	if g.Everyone != nil {
		return *g.Everyone, checkLocal(r)
	}
	if secret := g.session(r); secret != "" && r.Header.Get("Authorization") == "" {
		return g.person(r, secret)
	}
	secret, err := Bearer(r.Header)
	if err != nil {
		return Caller{}, err
	}
	t, err := g.Tokens.Token(r.Context(), secret)
	if errors.Is(err, model.ErrNotFound) || errors.Is(err, model.ErrUnauthorized) {
		return Caller{}, fmt.Errorf("%w: the token is unknown or was revoked", model.ErrUnauthorized)
	}
	if err != nil {
		return Caller{}, fmt.Errorf("look up token: %w", err)
	}
	return Caller{Org: t.Org, Scopes: t.Scopes, Token: t.ID, Name: t.Name}, nil
}

// person returns whose session the browser sent along.
func (g *Guard) person(r *http.Request, secret string) (Caller, error) {
	s, err := g.Sessions.Session(r.Context(), secret)
	if errors.Is(err, model.ErrNotFound) || errors.Is(err, model.ErrUnauthorized) {
		return Caller{}, fmt.Errorf("%w: the session has ended: sign in again", model.ErrUnauthorized)
	}
	if err != nil {
		return Caller{}, fmt.Errorf("look up session: %w", err)
	}
	if err := g.checkOrigin(r); err != nil {
		return Caller{}, err
	}
	return Person(s), nil
}

// Open reports whether the server asks nobody: development mode.
func (g *Guard) Open() bool { return g.Everyone != nil }

// checkOrigin refuses changes that a web page of another origin made the browser send,
// with the cookie that it has for us.
func (g *Guard) checkOrigin(r *http.Request) error {
	p := http.NewCrossOriginProtection()
	if u, err := url.Parse(g.PublicURL); err == nil && u.Host != "" {
		if err := p.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return fmt.Errorf("the public address as an origin: %w", err)
		}
	}
	if err := p.Check(r); err != nil {
		return fmt.Errorf("%w: the request comes from a page of another origin", model.ErrForbidden)
	}
	return nil
}

// maxSecret bounds what is looked up. Sentry's own organization tokens, the
// longest that clients send, have some 200 characters.
const maxSecret = 1024

// Bearer returns the secret of an Authorization header of that scheme, and
// ErrUnauthorized when there is none.
func Bearer(h http.Header) (string, error) {
	scheme, secret, _ := strings.Cut(strings.TrimSpace(h.Get("Authorization")), " ")
	secret = strings.TrimSpace(secret)
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return "", fmt.Errorf("%w: send a token as Authorization: Bearer …", model.ErrUnauthorized)
	}
	if len(secret) > maxSecret {
		return "", fmt.Errorf("%w: the token is longer than any of ours", model.ErrUnauthorized)
	}
	return secret, nil
}

// checkLocal keeps web pages of strangers out of a server that asks for no token:
// they can send requests across origins, and by DNS rebinding even read the answers.
func checkLocal(r *http.Request) error {
	if err := http.NewCrossOriginProtection().Check(r); err != nil {
		return fmt.Errorf("%w: development mode refuses requests from other origins", model.ErrForbidden)
	}
	if !isLocal(r.Host) {
		return fmt.Errorf("%w: development mode answers only to localhost and loopback addresses, not %q", model.ErrForbidden, r.Host)
	}
	return nil
}

func isLocal(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
