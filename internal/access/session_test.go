package access

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// sessions stands in for signin.Desk, which has its own tests.
type sessions map[string]store.Session

func (s sessions) Session(_ context.Context, secret string) (store.Session, error) {
	if found, ok := s[secret]; ok {
		return found, nil
	}
	return store.Session{}, model.ErrUnauthorized
}

func TestPeopleAreLetInByCookie(t *testing.T) {
	t.Parallel()
	f := func(public, method, cookie string, want error, headers ...string) {
		t.Helper()
		g := Guard{Tokens: tokens{"s3cret": {ID: 7, Org: 2}}, PublicURL: public, Sessions: sessions{
			"ann": {ID: 4, Org: 3, Role: store.Owner, Email: "ann@example.com"}, "guest": {ID: 5, Org: 3, Role: "guest"},
		}}
		r := httptest.NewRequest(method, "http://picket.example/", nil)
		r.Header.Set("Cookie", cookie)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		c, err := g.Identify(r)
		if !errors.Is(err, want) {
			t.Errorf("%s %q %q: error %v, want %v", method, cookie, headers, err, want)
		}
		if want == nil && c.Token == 0 && (c.Org != 3 || c.Session.ID == 0) {
			t.Errorf("%s %q: caller %+v", method, cookie, c)
		}
	}
	const https = "https://picket.example"
	f("", "GET", "picket_session=ann", nil)
	f("", "DELETE", "picket_session=ann", nil)
	f("", "GET", "picket_session=bob", model.ErrUnauthorized)
	f("", "GET", "picket_session=", model.ErrUnauthorized)
	f("", "GET", "__Host-picket_session=ann", model.ErrUnauthorized)
	f(https, "GET", "__Host-picket_session=ann", nil)
	f(https, "GET", "picket_session=ann", model.ErrUnauthorized)
	// What a page of another origin makes the browser send.
	f("", "POST", "picket_session=ann", model.ErrForbidden, "Sec-Fetch-Site", "cross-site")
	f("", "POST", "picket_session=ann", model.ErrForbidden, "Sec-Fetch-Site", "same-site")
	f("", "PUT", "picket_session=ann", model.ErrForbidden, "Origin", "https://evil.example")
	f("", "PUT", "picket_session=ann", model.ErrForbidden, "Origin", "null")
	f("", "PUT", "picket_session=ann", nil, "Sec-Fetch-Site", "same-origin")
	f("", "PUT", "picket_session=ann", nil, "Origin", "http://picket.example")
	f("https://front.example/base", "PUT", "__Host-picket_session=ann", nil, "Origin", "https://front.example")
	// A token comes first, right or wrong, and no page of another origin can send one.
	f("", "PUT", "picket_session=ann", nil, "Authorization", "Bearer s3cret", "Sec-Fetch-Site", "cross-site")
	f("", "GET", "picket_session=ann", model.ErrUnauthorized, "Authorization", "Bearer wrong")
}

func TestRoles(t *testing.T) {
	t.Parallel()
	if got := len(ScopesOf(store.Owner)); got != len(Scopes()) {
		t.Errorf("owners have %d scopes", got)
	}
	if got := ScopesOf("guest"); got != nil {
		t.Errorf("an unknown role may %v", got)
	}
	err := Caller{Session: store.Session{ID: 1}}.Allow(EventRead)
	if !errors.Is(err, model.ErrForbidden) || err.Error() != "forbidden: the role lacks the scope event:read" {
		t.Errorf("error %v", err)
	}
}

func TestStrangersMayAskWhatIsOpen(t *testing.T) {
	t.Parallel()
	g := Guard{Tokens: tokens{}, Sessions: sessions{"ann": {ID: 4, Org: 3}}}
	f := func(method, cookie string, status int, person bool, headers ...string) {
		t.Helper()
		known := false
		h := g.WrapOpen(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			c, err := From(r.Context())
			known = err == nil && c.Session.ID == 4
		}), func(w http.ResponseWriter, _ *http.Request, err error) {
			code, _ := Status(err)
			w.WriteHeader(code)
		})
		r := httptest.NewRequest(method, "http://picket.example/", nil)
		r.Header.Set("Cookie", cookie)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != status || known != person {
			t.Errorf("%s %q %q: %d, person %v", method, cookie, headers, w.Code, known)
		}
	}
	f("GET", "", 200, false)
	f("POST", "", 200, false)
	f("POST", "picket_session=gone", 200, false)
	f("POST", "picket_session=ann", 200, true)
	f("POST", "", 403, false, "Sec-Fetch-Site", "cross-site")
	f("POST", "picket_session=ann", 403, false, "Origin", "https://evil.example")
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	f := func(origin, secret, want string) {
		t.Helper()
		at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		if got := SessionCookie(origin, secret, at).String(); got != want {
			t.Errorf("cookie at %s = %s, want %s", origin, got, want)
		}
	}
	f("http://127.0.0.1:3001", "x", "picket_session=x; Path=/; Expires=Mon, 23 Nov 2026 12:00:00 GMT; HttpOnly; SameSite=Lax")
	f("https://picket.example/base", "x", "__Host-picket_session=x; Path=/; Expires=Mon, 23 Nov 2026 12:00:00 GMT; HttpOnly; Secure; SameSite=Lax")
	f("http://127.0.0.1:3001", "", "picket_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax")
}
