package picket

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// site is a service with the middleware around it.
type site struct {
	testing.TB
	c *Client
	m *mailbox
	h http.Handler
}

func newSite(t testing.TB, o Options, mo MiddlewareOptions, pattern string, handle http.HandlerFunc) *site {
	t.Helper()
	_, c, m := testClient(t, o)
	mux := http.NewServeMux()
	mux.HandleFunc(pattern, handle)
	return &site{t, c, m, c.Middleware(mo)(mux)}
}

// ask makes a request without a network.
func (s *site) ask(method, url string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, r)
	return w
}

// listen serves on a port of its own.
func (s *site) listen() *httptest.Server {
	server := httptest.NewUnstartedServer(s.h)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	s.Cleanup(server.Close)
	return server
}

// one returns the only item of a type.
func (s *site) one(typ string) object {
	s.Helper()
	flush(s, s.c)
	list := s.m.items(s, typ)
	if len(list) != 1 {
		s.Fatalf("%d × %s, want one", len(list), typ)
	}
	return list[0]
}

// none looks that there is no item of a type.
func (s *site) none(typ string) {
	s.Helper()
	flush(s, s.c)
	if list := s.m.items(s, typ); len(list) > 0 {
		s.Errorf("%d × %s: %v", len(list), typ, list)
	}
}

// same compares what stands at a path.
func same(t testing.TB, o any, want any, path ...string) {
	t.Helper()
	if got := at(o, path...); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s = %v, want %v", strings.Join(path, "."), got, want)
	}
}

func compact(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), `\u0026`, "&")
}

// outcome tells how a handler ended: what it panicked with, and whether it returned.
func outcome(h http.Handler, r *http.Request) (w *httptest.ResponseRecorder, panicked any, returned bool) {
	w = httptest.NewRecorder()
	var done sync.WaitGroup
	done.Go(func() {
		defer func() { panicked = recover() }()
		h.ServeHTTP(w, r)
		returned = true
	})
	done.Wait()
	return w, panicked, returned
}

// logText is a log that many write to.
type logText struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
