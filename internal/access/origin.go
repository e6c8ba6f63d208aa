package access

import (
	"context"
	"net/http"
	"strings"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

type originKey struct{}

// WithOrigin returns a handler that puts the address by which clients reach this
// server into the context of every request: public when it is set (scheme, host
// and perhaps a path, no slash at the end needed), else what the request says of
// itself. Forwarding headers are not believed: behind a proxy, set public.
func WithOrigin(public string, next http.Handler) http.Handler {
	public = strings.TrimRight(public, "/")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := public
		if at == "" {
			at = requested(r)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), originKey{}, at)))
	})
}

func requested(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// Origin returns what WithOrigin found, without a slash at its end; empty outside of it.
func Origin(ctx context.Context) string {
	at, _ := ctx.Value(originKey{}).(string)
	return at
}

// DSN puts the public half of a key into the address by which clients reach this
// server.
func DSN(ctx context.Context, public string, project model.ProjectID) string {
	scheme, rest, _ := strings.Cut(Origin(ctx), "://")
	host, path, _ := strings.Cut(rest, "/")
	d := wire.DSN{Scheme: scheme, PublicKey: public, Host: host, ProjectID: project.String()}
	if path != "" {
		d.Path = "/" + path
	}
	return d.String()
}
