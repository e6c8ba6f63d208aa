package access

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
)

type clientKey struct{}

// WithClient returns a handler that puts the address of the sender into the context of
// every request, as ClientIP finds it.
func WithClient(trusted []netip.Prefix, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clientKey{}, ClientIP(r, trusted))))
	})
}

// Client returns what WithClient found; empty when unknown, and outside of it.
func Client(ctx context.Context) string {
	at, _ := ctx.Value(clientKey{}).(string)
	return at
}

// ClientIP returns the address of the sender: the peer, unless the peer is a
// trusted proxy; then the newest address of X-Forwarded-For that is none. Empty
// when unknown.
func ClientIP(r *http.Request, trusted []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return ""
	}
	addr := peer.Addr().Unmap()
	if len(trusted) == 0 || !within(addr, trusted) {
		return addr.String()
	}
	chain := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(chain) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(chain[i]))
		if err != nil {
			break // whatever stands further left was written by a stranger
		}
		if addr = hop.Unmap(); !within(addr, trusted) {
			break
		}
	}
	return addr.String()
}

func within(a netip.Addr, nets []netip.Prefix) bool {
	for _, n := range nets {
		if n.Contains(a) {
			return true
		}
	}
	return false
}
