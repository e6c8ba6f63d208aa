package outpost

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
)

// memory carries requests to a handler and its answers back, as a network would.
type memory struct {
	handler http.Handler
	prefix  string // of paths; the handler does not see it
}

func newMemory(h http.Handler, at string) *memory {
	u, err := url.Parse(at)
	if err != nil {
		panic("outpost: the address was not checked: " + err.Error())
	}
	return &memory{h, u.Path}
}

// RoundTrip implements http.RoundTripper.
func (m *memory) RoundTrip(r *http.Request) (*http.Response, error) {
	in := m.arrival(r)
	answered := make(chan error, 1)
	a := &answer{header: http.Header{}}
	go func() {
		defer in.Body.Close()
		answered <- m.serve(a, in)
	}()
	select {
	case err := <-answered:
		if err != nil {
			return nil, err
		}
		return a.response(r), nil
	case <-r.Context().Done():
		in.Body.Close() // the handler may be waiting for more of it
		return nil, r.Context().Err()
	}
}

// serve calls the handler. Its panic is an error, as over a network the broken
// connection would be.
func (m *memory) serve(a *answer, in *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("outpost: %s %s: the handler panicked: %v", in.Method, in.URL.Path, p)
		}
	}()
	m.handler.ServeHTTP(a, in)
	a.WriteHeader(http.StatusOK)
	return nil
}

// arrival returns a request as the handler's side of a network would see it. It comes
// from this machine, and from no address that could be taken for a user's.
func (m *memory) arrival(r *http.Request) *http.Request {
	here := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}
	in := r.Clone(context.WithValue(r.Context(), http.LocalAddrContextKey, net.Addr(here)))
	in.Method = cmp.Or(r.Method, http.MethodGet)
	in.Host = cmp.Or(r.Host, r.URL.Host)
	in.URL = &url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	if path, ok := strings.CutPrefix(in.URL.Path, m.prefix); ok && strings.HasPrefix(path, "/") {
		in.URL.Path, in.URL.RawPath = path, strings.TrimPrefix(in.URL.RawPath, m.prefix)
	}
	in.RequestURI = in.URL.RequestURI()
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	in.RemoteAddr = ""
	if in.Header == nil {
		in.Header = http.Header{}
	}
	switch {
	case r.Body == nil:
		in.Body = http.NoBody
	case r.Body != http.NoBody:
		in.Body = &bodyOnce{ReadCloser: r.Body}
		if r.ContentLength == 0 {
			in.ContentLength = -1 // a client's way of not knowing
		}
	}
	return in
}

// bodyOnce is closed once, whoever is first.
type bodyOnce struct {
	io.ReadCloser
	once sync.Once
	err  error
}

// Close implements io.Closer.
func (b *bodyOnce) Close() error {
	b.once.Do(func() { b.err = b.ReadCloser.Close() })
	return b.err
}

// answer is what a handler writes.
type answer struct {
	header http.Header
	sent   http.Header // as it was when the status was written
	status int         // zero until then
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status != 0 || status < http.StatusOK {
		return
	}
	a.status, a.sent = status, a.header.Clone()
}

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 && len(b) > 0 && a.header.Get("Content-Type") == "" {
		a.header.Set("Content-Type", http.DetectContentType(b))
	}
	a.WriteHeader(http.StatusOK)
	return a.body.Write(b)
}

// response returns the answer as the client's side of a network would see it.
func (a *answer) response(r *http.Request) *http.Response {
	out := &http.Response{
		Status:     fmt.Sprintf("%d %s", a.status, http.StatusText(a.status)),
		StatusCode: a.status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        a.sent,
		Body:          http.NoBody,
		ContentLength: int64(a.body.Len()),
		Request:       r,
	}
	if r.Method != http.MethodHead {
		out.Body = io.NopCloser(&a.body)
	}
	return out
}
