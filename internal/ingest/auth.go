package ingest

import (
	"errors"
	"net/http"
	"strings"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// credentials returns what the request itself says of its sender; the zero Auth
// when it says nothing, in which case the envelope's header may.
func credentials(r *http.Request) (wire.Auth, error) {
	var found wire.Auth
	for _, read := range [...]func(*http.Request) (wire.Auth, error){fromSentryHeader, fromAuthorization, fromQuery} {
		a, err := read(r)
		if err != nil {
			return wire.Auth{}, refuse(http.StatusUnauthorized, "auth_malformed", "bad credentials").because(err)
		}
		if a.Key == "" {
			continue
		}
		if found.Key != "" {
			return wire.Auth{}, refuse(http.StatusUnauthorized, "auth_multiple", "multiple authorization payloads: send the key once")
		}
		found = a
	}
	return found, nil
}

func fromSentryHeader(r *http.Request) (wire.Auth, error) {
	if h := r.Header.Get("X-Sentry-Auth"); h != "" {
		return wire.ParseAuth(h)
	}
	return wire.Auth{}, nil
}

// fromAuthorization leaves other schemes alone: a bearer token in front of us is
// some proxy's business.
func fromAuthorization(r *http.Request) (wire.Auth, error) {
	h := r.Header.Get("Authorization")
	scheme, _, _ := strings.Cut(strings.TrimSpace(h), " ")
	if strings.EqualFold(scheme, "Sentry") || strings.EqualFold(scheme, "Basic") {
		return wire.ParseAuth(h)
	}
	return wire.Auth{}, nil
}

func fromQuery(r *http.Request) (wire.Auth, error) { return wire.AuthFromQuery(r.URL.RawQuery) }

// fromEnvelope reads the DSN in an envelope's header: the credentials of tunnels.
func fromEnvelope(dsn string) (wire.Auth, error) {
	if dsn == "" {
		return wire.Auth{}, refuse(http.StatusUnauthorized, "auth_missing",
			"missing authorization: send the key as X-Sentry-Auth, as sentry_key in the query or as the envelope's dsn")
	}
	d, err := wire.ParseDSN(dsn)
	if err != nil {
		return wire.Auth{}, refuse(http.StatusUnauthorized, "auth_malformed", "bad dsn in the envelope header").because(err)
	}
	return wire.Auth{Key: d.PublicKey}, nil
}

// agrees checks that an envelope's DSN names the project and the key of the
// request. The host does not matter: servers are reached by many names.
func agrees(dsn string, rt route, k store.Key) error {
	if dsn == "" {
		return nil
	}
	mismatch := refuse(http.StatusBadRequest, "dsn_mismatch", "the envelope's dsn does not agree with the request")
	d, err := wire.ParseDSN(dsn)
	if err != nil {
		return mismatch.because(err)
	}
	if !strings.EqualFold(d.PublicKey, k.Public) {
		return mismatch.because(errors.New("another public key"))
	}
	if rt.project != 0 && d.ProjectID != rt.project.String() {
		return mismatch.because(errors.New("another project"))
	}
	return nil
}

// admit looks the key up and checks that it opens this project.
func (h *Handler) admit(r *http.Request, rt route, a wire.Auth) (store.Key, error) {
	if a.Version > wire.ProtocolVersion {
		return store.Key{}, refuse(http.StatusBadRequest, "version", "sentry_version is newer than 7, the newest there is")
	}
	public := strings.ToLower(a.Key)
	if !wire.ValidKey(public) {
		return store.Key{}, refuse(http.StatusBadRequest, "key_malformed", "bad sentry_key: want 32 hexadecimal digits")
	}
	k, err := h.keys.lookup(r.Context(), public)
	switch {
	case errors.Is(err, model.ErrNotFound):
		return k, refuse(http.StatusForbidden, "key_unknown", "no project has this sentry_key")
	case err != nil:
		return k, err
	case !k.Enabled:
		return k, refuse(http.StatusForbidden, "key_disabled", "this sentry_key is disabled")
	case rt.project != 0 && k.Project != rt.project:
		return k, refuse(http.StatusForbidden, "key_project", "this sentry_key belongs to another project")
	}
	return k, nil
}
