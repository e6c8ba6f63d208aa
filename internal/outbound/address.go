package outbound

import (
	"fmt"
	"net/netip"
)

// special are the networks that are no part of the public Internet beside those that
// netip knows by name, after IANA's registries of special-purpose addresses. Addresses
// that carry another one inside (NAT64) are judged by that.
var special = []struct {
	net  netip.Prefix
	noun string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "an unspecified"},
	{netip.MustParsePrefix("100.64.0.0/10"), "a carrier's private"}, // and Alibaba's metadata
	{netip.MustParsePrefix("168.63.129.16/32"), "a cloud's metadata"},
	{netip.MustParsePrefix("192.0.0.0/24"), "a reserved"},
	{netip.MustParsePrefix("192.0.2.0/24"), "a documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "a relay's"},
	{netip.MustParsePrefix("198.18.0.0/15"), "a benchmark's"},
	{netip.MustParsePrefix("198.51.100.0/24"), "a documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "a documentation"},
	{netip.MustParsePrefix("240.0.0.0/4"), "a reserved"},
	{netip.MustParsePrefix("::/96"), "a reserved"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "a translator's private"},
	{netip.MustParsePrefix("100::/64"), "a discarding"},
	{netip.MustParsePrefix("2001::/23"), "a tunnel's or reserved"},
	{netip.MustParsePrefix("2001:db8::/32"), "a documentation"},
	{netip.MustParsePrefix("2002::/16"), "a tunnel's"},
	{netip.MustParsePrefix("3fff::/20"), "a documentation"},
	{netip.MustParsePrefix("5f00::/16"), "a segment routing"},
	{netip.MustParsePrefix("fec0::/10"), "a site's private"},
}

// translated is where NAT64 puts IPv4 addresses.
var translated = netip.MustParsePrefix("64:ff9b::/96")

// Refused says that an address is none that may be called. Its text is for strangers, and
// so does not hold the address: that may tell how the network inside is built.
type Refused struct {
	Addr netip.Addr
	noun string
}

// Error implements error.
func (e *Refused) Error() string {
	return fmt.Sprintf("the host has %s address, which is not called unless the operator allows its network with --allow-outbound", e.noun)
}

// Check returns a *Refused error when an address is loopback, private, of a cloud's
// metadata, or otherwise no host of the public Internet, and in none of the networks that
// are allowed all the same.
func Check(a netip.Addr, allowed []netip.Prefix) error {
	a = a.Unmap().WithZone("")
	for _, n := range allowed {
		if n.Contains(a) {
			return nil
		}
	}
	if translated.Contains(a) {
		b := a.As16()
		return Check(netip.AddrFrom4([4]byte(b[12:])), allowed)
	}
	if noun := kind(a); noun != "" {
		return &Refused{a, noun}
	}
	return nil
}

// kind says what an address is that is not public, or nothing.
func kind(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "no"
	case a.IsLoopback():
		return "a loopback"
	case a.IsPrivate():
		return "a private"
	case a.IsLinkLocalUnicast(): // 169.254.169.254, the metadata of most clouds, among them
		return "a link-local"
	case a.IsMulticast():
		return "a multicast"
	}
	for _, s := range special {
		if s.net.Contains(a) {
			return s.noun
		}
	}
	return ""
}
