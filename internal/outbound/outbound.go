// Package outbound calls addresses that strangers chose: upstreams, webhooks, APIs. It
// connects to nothing but the public Internet and what the operator allows, whatever a
// name resolves to at that moment; follows no redirects; and bounds what comes back, in
// bytes and in time.
package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Options says whom to call and how long to wait. The zero value is right.
type Options struct {
	// Allow are networks that may be called although they are not public.
	Allow []netip.Prefix
	// Timeout bounds a call as a whole, the reading of its body included; zero means 30 s.
	Timeout time.Duration
	// Body is the most bytes read of an answer, unpacked; zero means 1 MiB.
	Body int64
	// PerHost is the most connections to one host; zero means 16.
	PerHost int
	// Roots sign the certificates of hosts; nil means those of the system.
	Roots *x509.CertPool
	// Resolver finds addresses; nil means the system's.
	Resolver *net.Resolver
}

// The bounds that hold when Options names no others.
const (
	defaultTimeout = 30 * time.Second
	defaultBody    = 1 << 20
	defaultPerHost = 16
)

// The bounds within a call.
const (
	dialTimeout = 10 * time.Second
	tlsTimeout  = 10 * time.Second
	idleTimeout = 90 * time.Second
	maxHeader   = 64 << 10
)

// ErrTooLong says that an answer has more bytes than are read.
var ErrTooLong = errors.New("the answer is too long")

// New returns a client for strangers' addresses. It goes through no proxy, since that one
// would resolve names where nobody checks what they resolve to.
func New(o Options) *http.Client {
	if o.Timeout == 0 {
		o.Timeout = defaultTimeout
	}
	if o.Body == 0 {
		o.Body = defaultBody
	}
	if o.PerHost == 0 {
		o.PerHost = defaultPerHost
	}
	d := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second, Resolver: o.Resolver, ControlContext: checking(o.Allow)}
	t := &http.Transport{
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: o.Roots},
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    tlsTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    o.PerHost,
		MaxConnsPerHost:        o.PerHost,
		MaxResponseHeaderBytes: maxHeader,
	}
	return &http.Client{Transport: &bounded{t, o.Body}, Timeout: o.Timeout, CheckRedirect: stay}
}

// stay keeps redirects from being followed: their answer is the answer.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// checking returns a dialer's control, which sees the very address that is connected to,
// after names are resolved: a name that resolves to something else the second time gains
// nothing by it.
func checking(allowed []netip.Prefix) func(context.Context, string, string, syscall.RawConn) error {
	return func(_ context.Context, network, address string, _ syscall.RawConn) error {
		if network != "tcp4" && network != "tcp6" {
			return fmt.Errorf("network %s is not called", network)
		}
		at, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("address: %w", err)
		}
		return Check(at.Addr(), allowed)
	}
}

// bounded cuts answers off.
type bounded struct {
	*http.Transport
	most int64
}

// RoundTrip implements http.RoundTripper.
func (b *bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	a, err := b.Transport.RoundTrip(r)
	if err == nil {
		a.Body = &body{a.Body, b.most}
	}
	return a, err
}

// body is what is read of an answer; more of it than is left is ErrTooLong.
type body struct {
	io.ReadCloser
	left int64
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		n, b.left = n+int(b.left), 0
		return n, ErrTooLong
	}
	return n, err
}
