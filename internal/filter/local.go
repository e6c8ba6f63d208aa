package filter

import (
	"net"
	"net/netip"
	"strings"
)

// isLocal reports whether an address of a page, or a host, is the machine of whoever looks
// at it: localhost, a name below it, or a loopback address.
func isLocal(address string) bool {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	if i := strings.IndexAny(address, "/?#"); i >= 0 {
		address = address[:i]
	}
	if i := strings.LastIndexByte(address, '@'); i >= 0 {
		address = address[i+1:]
	}
	if host, _, err := net.SplitHostPort(address); err == nil {
		address = host
	}
	host := strings.ToLower(strings.TrimSuffix(strings.Trim(address, "[]"), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
