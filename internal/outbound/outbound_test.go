package outbound_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"relay.one/picket/internal/outbound"
)

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func TestCheck(t *testing.T) {
	t.Parallel()
	f := func(address, noun string) {
		t.Helper()
		err := outbound.Check(netip.MustParseAddr(address), nil)
		if noun == "" && err != nil || noun != "" && (err == nil || !strings.Contains(err.Error(), "has "+noun+" address")) {
			t.Errorf("Check(%s) = %v, want %q", address, err, noun)
		}
		if err != nil && strings.Contains(err.Error(), address) {
			t.Errorf("Check(%s) tells strangers the address: %v", address, err)
		}
	}
	f("127.0.0.1", "a loopback")
	f("127.255.255.254", "a loopback")
	f("::1", "a loopback")
	f("::ffff:127.0.0.1", "a loopback")
	f("::ffff:10.1.2.3", "a private")
	f("10.0.0.1", "a private")
	f("172.16.0.1", "a private")
	f("172.31.255.255", "a private")
	f("192.168.1.1", "a private")
	f("fd00:ec2::254", "a private") // Amazon's metadata
	f("169.254.169.254", "a link-local")
	f("::ffff:a9fe:a9fe", "a link-local")
	f("fe80::1", "a link-local")
	f("fe80::1%eth0", "a link-local")
	f("100.100.100.200", "a carrier's private") // Alibaba's metadata
	f("100.64.0.1", "a carrier's private")
	f("168.63.129.16", "a cloud's metadata")
	f("0.0.0.0", "an unspecified")
	f("0.1.2.3", "an unspecified")
	f("::", "a reserved")
	f("::127.0.0.1", "a reserved")
	f("64:ff9b::7f00:1", "a loopback")
	f("64:ff9b::a9fe:a9fe", "a link-local")
	f("64:ff9b:1::1", "a translator's private")
	f("2002:7f00:1::", "a tunnel's")
	f("2001:0:4136:e378:8000:63bf:3fff:fdd2", "a tunnel's or reserved")
	f("2001:db8::1", "a documentation")
	f("224.0.0.1", "a multicast")
	f("ff02::1", "a multicast")
	f("255.255.255.255", "a reserved")
	f("240.0.0.1", "a reserved")
	f("198.18.0.1", "a benchmark's")
	f("203.0.113.5", "a documentation")
	f("fec0::1", "a site's private")
	f("100::1", "a discarding")
	f("8.8.8.8", "")
	f("172.32.0.1", "")
	f("100.128.0.1", "")
	f("64:ff9b::808:808", "")
	f("2606:4700::1111", "")
	f("2600::1", "")
}

func TestCheckAllowed(t *testing.T) {
	t.Parallel()
	f := func(address string, allowed ...string) {
		t.Helper()
		var nets []netip.Prefix
		for _, a := range allowed {
			nets = append(nets, netip.MustParsePrefix(a))
		}
		if err := outbound.Check(netip.MustParseAddr(address), nets); err != nil {
			t.Errorf("Check(%s, %v) = %v", address, allowed, err)
		}
	}
	f("127.0.0.1", "10.0.0.0/8", "127.0.0.0/8")
	f("::ffff:127.0.0.1", "127.0.0.0/8")
	f("64:ff9b::7f00:1", "127.0.0.0/8")
	f("fd00::1", "fd00::/8")
	f("fe80::1%eth0", "fe80::/10")
	for _, a := range []string{"0.0.0.0", "::", "::1", "10.0.0.1"} {
		if outbound.Check(netip.MustParseAddr(a), loopback) == nil {
			t.Errorf("%s is let through by %v", a, loopback)
		}
	}
}

func FuzzCheck(f *testing.F) {
	for _, a := range []string{"127.0.0.1", "8.8.8.8", "::1", "64:ff9b::1", "169.254.169.254"} {
		f.Add(netip.MustParseAddr(a).AsSlice())
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, ok := netip.AddrFromSlice(raw)
		if !ok {
			return
		}
		err := outbound.Check(a, nil)
		if err == nil && !a.Unmap().IsGlobalUnicast() {
			t.Errorf("%s is let through", a)
		}
		if a.Is4() {
			four := a.As4()
			b := netip.MustParseAddr("64:ff9b::").As16()
			copy(b[12:], four[:])
			if inside := outbound.Check(netip.AddrFrom16(b), nil); (inside == nil) != (err == nil) {
				t.Errorf("%s is judged %v alone and %v translated", a, err, inside)
			}
			if mapped := outbound.Check(netip.AddrFrom16(a.As16()), nil); (mapped == nil) != (err == nil) {
				t.Errorf("%s is judged %v alone and %v mapped", a, err, mapped)
			}
		}
	})
}

// serve answers on loopback and counts the requests.
func serve(t *testing.T, answer http.HandlerFunc) (url string, calls *atomic.Int32) {
	t.Helper()
	calls = &atomic.Int32{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL, calls
}

func TestRefusesToConnect(t *testing.T) {
	t.Parallel()
	url, calls := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := outbound.New(outbound.Options{})
	for _, u := range []string{url, strings.Replace(url, "127.0.0.1", "localhost", 1), strings.Replace(url, "127.0.0.1", "[::ffff:127.0.0.1]", 1), strings.Replace(url, "127.0.0.1", "2130706433", 1)} {
		a, err := c.Get(u)
		if err == nil {
			a.Body.Close()
			t.Errorf("%s answered", u)
		}
		var refused *outbound.Refused
		var unknown *net.DNSError
		if !errors.As(err, &refused) && !errors.As(err, &unknown) {
			t.Errorf("%s: %v", u, err)
		}
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("%d requests came through", n)
	}
}

// TestRebinding resolves a name to a public address for who looks, and to loopback for who
// connects.
func TestRebinding(t *testing.T) {
	t.Parallel()
	url, calls := serve(t, func(http.ResponseWriter, *http.Request) {})
	_, port, err := net.SplitHostPort(strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	dns := &net.Resolver{PreferGo: true, Dial: answers(t, 127, 0, 0, 1)}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	get := func(o outbound.Options) error {
		r, err := http.NewRequestWithContext(ctx, "GET", "http://rebound.example.com:"+port, nil)
		if err != nil {
			t.Fatal(err)
		}
		a, err := outbound.New(o).Do(r)
		if err == nil {
			a.Body.Close()
		}
		return err
	}
	var refused *outbound.Refused
	if err := get(outbound.Options{Resolver: dns}); !errors.As(err, &refused) || refused.Addr != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("a name that stands for loopback: %v", err)
	}
	if n := calls.Load(); n != 0 {
		t.Errorf("%d requests came through", n)
	}
	if err := get(outbound.Options{Resolver: dns, Allow: loopback}); err != nil || calls.Load() != 1 {
		t.Errorf("the same, allowed: %v", err)
	}
}

// answers returns a dialer to a name server that gives every name one IPv4 address.
func answers(t *testing.T, addr ...byte) func(context.Context, string, string) (net.Conn, error) {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			server.WriteTo(answer(buf[:n], addr), from)
		}
	}()
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp", server.LocalAddr().String())
	}
}

// answer makes the answer to a question of one name: an A record, or nothing for other types.
func answer(q, addr []byte) []byte {
	end := 12 + bytes.IndexByte(q[12:], 0) + 1 + 4
	a := bytes.Clone(q[:end])
	a[2], a[3] = 0x81, 0x80
	copy(a[6:12], make([]byte, 6)) // no records
	if q[end-3] != 1 {
		return a
	}
	a[7] = 1
	return append(append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), addr...)
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	inside, calls := serve(t, func(http.ResponseWriter, *http.Request) {})
	url, _ := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inside, http.StatusFound) })
	a, err := outbound.New(outbound.Options{Allow: loopback}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusFound || calls.Load() != 0 {
		t.Errorf("status %d, and %d requests to where it points", a.StatusCode, calls.Load())
	}
}

func TestBodyIsBounded(t *testing.T) {
	t.Parallel()
	f := func(size int, packed bool, want error) {
		t.Helper()
		url, _ := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			if !packed {
				w.Write(bytes.Repeat([]byte("x"), size))
				return
			}
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(bytes.Repeat([]byte("x"), size))
			z.Close()
		})
		a, err := outbound.New(outbound.Options{Allow: loopback, Body: 1000}).Get(url)
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		got, err := io.ReadAll(a.Body)
		if !errors.Is(err, want) || len(got) != min(size, 1000) {
			t.Errorf("of %d bytes, packed %v: %d, %v", size, packed, len(got), err)
		}
	}
	f(0, false, nil)
	f(1000, false, nil)
	f(1001, false, outbound.ErrTooLong)
	f(100_000, false, outbound.ErrTooLong)
	f(10_000_000, true, outbound.ErrTooLong)
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	url, _ := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	var late net.Error
	if _, err := outbound.New(outbound.Options{Allow: loopback, Timeout: 20 * time.Millisecond}).Get(url); !errors.As(err, &late) || !late.Timeout() {
		t.Errorf("a server that hangs: %v", err)
	}
}
