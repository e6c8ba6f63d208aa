package access

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestClientIP(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	f := func(peer string, forwarded []string, want string) {
		t.Helper()
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": forwarded}}
		if got := ClientIP(r, trusted); got != want {
			t.Errorf("%s for %q = %q, want %q", peer, forwarded, got, want)
		}
	}
	f("198.51.100.7:99", nil, "198.51.100.7")
	f("198.51.100.7:99", []string{"203.0.113.1"}, "198.51.100.7")
	f("10.1.1.1:99", nil, "10.1.1.1")
	f("10.1.1.1:99", []string{"203.0.113.1"}, "203.0.113.1")
	f("10.1.1.1:99", []string{"6.6.6.6, 203.0.113.1, 10.2.2.2"}, "203.0.113.1")
	f("10.1.1.1:99", []string{"6.6.6.6", "203.0.113.1"}, "203.0.113.1")
	f("10.1.1.1:99", []string{"nonsense, 10.2.2.2"}, "10.2.2.2")
	f("10.1.1.1:99", []string{"2001:db8::1"}, "2001:db8::1")
	f("[::1]:99", []string{"::ffff:203.0.113.1"}, "203.0.113.1")
	f("@", nil, "")
}
