package access

import (
	"net/http"
	"strings"
	"time"
)

// The names of the cookie that holds a session. Browsers take one whose name begins with
// __Host- over TLS only, and from no other host of the same domain.
const (
	cookieName       = "picket_session"
	secureCookieName = "__Host-" + cookieName
)

// secure reports whether browsers reach the server over TLS, as far as can be known
// without believing what proxies say.
func secure(public string, r *http.Request) bool {
	if public != "" {
		return strings.HasPrefix(public, "https://")
	}
	return r.TLS != nil
}

// session returns the secret of the session that the browser sent along, or "".
func (g *Guard) session(r *http.Request) string {
	if g.Sessions == nil {
		return ""
	}
	name := cookieName
	if secure(g.PublicURL, r) {
		name = secureCookieName
	}
	c, err := r.Cookie(name)
	if err != nil || len(c.Value) > maxSecret {
		return ""
	}
	return c.Value
}

// SessionCookie returns the cookie for a session that ends then, for a server that
// browsers reach at that origin (see Origin). An empty secret makes the browser forget
// the one it has.
func SessionCookie(origin, secret string, expires time.Time) *http.Cookie {
	c := &http.Cookie{
		Name: cookieName, Value: secret, Path: "/", Expires: expires,
		HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if strings.HasPrefix(origin, "https://") {
		c.Name, c.Secure = secureCookieName, true
	}
	if secret == "" {
		c.MaxAge, c.Expires = -1, time.Time{}
	}
	return c
}
