package access

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Tokens looks up whose secret that is; store.Gate does.
type Tokens interface {
	Token(ctx context.Context, secret string) (store.Token, error)
}

// Guard finds out who calls. It is safe for concurrent use once it is set up.
type Guard struct {
	Tokens Tokens
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

// Identify returns who sent the request: ErrUnauthorized when there is no token or
// an unknown one, ErrForbidden when development mode must not answer it.
func (g *Guard) Identify(r *http.Request) (Caller, error) {
	if g.Everyone != nil {
		return *g.Everyone, checkLocal(r)
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
