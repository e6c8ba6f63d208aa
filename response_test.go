package picket

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relay.one/picket/wire"
)

// bareWriter can do what every writer can.
type bareWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
	did    []string
}

func (w *bareWriter) Header() http.Header         { return w.header }
func (w *bareWriter) Write(b []byte) (int, error) { return w.body.Write(b) }
func (w *bareWriter) WriteHeader(status int)      { w.status = status }

type flushes struct{ *bareWriter }

func (w flushes) Flush() { w.did = append(w.did, "flush") }

type hijacks struct{ *bareWriter }

func (w hijacks) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	w.did = append(w.did, "hijack")
	return nil, nil, nil
}

type pushes struct{ *bareWriter }

func (w pushes) Push(string, *http.PushOptions) error {
	w.did = append(w.did, "push")
	return nil
}

type readsFrom struct{ *bareWriter }

func (w readsFrom) ReadFrom(r io.Reader) (int64, error) {
	w.did = append(w.did, "read")
	return w.body.ReadFrom(r)
}

func TestAbilities(t *testing.T) {
	t.Parallel()
	_, c, _ := testClient(t, Options{})
	// f gives a handler a writer and looks what it can do.
	f := func(make func(*bareWriter) http.ResponseWriter, major int, want string) {
		t.Helper()
		below := &bareWriter{header: http.Header{}}
		r := httptest.NewRequest("GET", "/", nil)
		r.ProtoMajor = major
		c.Middleware(MiddlewareOptions{})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if x, ok := w.(http.Flusher); ok {
				x.Flush()
			}
			if x, ok := w.(http.Hijacker); ok {
				_, _, _ = x.Hijack()
			}
			if x, ok := w.(http.Pusher); ok {
				_ = x.Push("/x", nil)
			}
			if n, err := w.(io.ReaderFrom).ReadFrom(strings.NewReader("from")); n != 4 || err != nil {
				t.Errorf("ReadFrom = %d, %v", n, err)
			}
			if n, err := io.WriteString(w, " text"); n != 5 || err != nil {
				t.Errorf("WriteString = %d, %v", n, err)
			}
		})).ServeHTTP(make(below), r)
		if got := strings.Join(below.did, " "); got != want {
			t.Errorf("%T, HTTP/%d: the handler could %q, want %q", make(below), major, got, want)
		}
		if below.body.String() != "from text" {
			t.Errorf("body = %q", below.body.String())
		}
	}
	type w = *bareWriter
	type rw = http.ResponseWriter
	f(func(b w) rw { return b }, 1, "")
	f(func(b w) rw { return flushes{b} }, 1, "flush")
	f(func(b w) rw { return hijacks{b} }, 1, "hijack")
	f(func(b w) rw { return readsFrom{b} }, 1, "read")
	f(func(b w) rw { return pushes{b} }, 1, "") // nobody pushes who cannot flush
	f(func(b w) rw {
		return struct {
			w
			http.Flusher
			http.Hijacker
		}{b, flushes{b}, hijacks{b}}
	}, 1, "flush hijack")
	f(func(b w) rw {
		return struct {
			w
			http.Flusher
			http.Hijacker
			io.ReaderFrom
		}{b, flushes{b}, hijacks{b}, readsFrom{b}}
	}, 1, "flush hijack read")
	f(func(b w) rw {
		return struct {
			w
			http.Flusher
			http.Pusher
		}{b, flushes{b}, pushes{b}}
	}, 2, "flush push")
	all := func(b w) rw { // as gin's writer, which can always do everything
		return struct {
			w
			http.Flusher
			http.Hijacker
			http.Pusher
		}{b, flushes{b}, hijacks{b}, pushes{b}}
	}
	f(all, 1, "flush hijack")
	f(all, 2, "flush push")
}

// TestHijackFails leaves the answer to the handler.
func TestHijackFails(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{}, MiddlewareOptions{}, "/", func(w http.ResponseWriter, _ *http.Request) {
		if _, _, err := w.(http.Hijacker).Hijack(); err == nil {
			t.Error("hijacked")
		}
		w.WriteHeader(http.StatusUpgradeRequired)
	})
	b := &bareWriter{header: http.Header{}}
	s.h.ServeHTTP(struct {
		*bareWriter
		http.Hijacker
	}{b, noHijack{}}, httptest.NewRequest("GET", "/", nil))
	same(t, s.one(wire.ItemTransaction), 426, "contexts", "trace", "data", "http.response.status_code")
}

type noHijack struct{}

func (noHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errors.ErrUnsupported }

// TestRealWriter does with the writer of net/http what only it can do.
func TestRealWriter(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	content := strings.Repeat("0123456789", 100_000)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	s := newSite(t, Options{}, MiddlewareOptions{}, "/", func(w http.ResponseWriter, r *http.Request) {
		rc := http.NewResponseController(w)
		if err := errors.Join(rc.SetWriteDeadline(time.Now().Add(time.Hour)), rc.EnableFullDuplex()); err != nil {
			t.Error(err)
		}
		w.Header().Set("Link", "</style.css>")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Del("Link")
		http.ServeFile(w, r, file)
		if err := rc.Flush(); err != nil {
			t.Error(err)
		}
	})
	server := s.listen()
	hints := 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
		hints = code
		return nil
	}})
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/file", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil || string(got) != content || resp.StatusCode != 200 || hints != http.StatusEarlyHints {
		t.Errorf("answer is %d behind %d, %d bytes, %v", resp.StatusCode, hints, len(got), err)
	}
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("content type %q", resp.Header.Get("Content-Type"))
	}
	server.Close()
	same(t, s.one(wire.ItemTransaction), 200, "contexts", "trace", "data", "http.response.status_code")
}

// TestStreaming sees that what is flushed arrives before the handler has ended.
func TestStreaming(t *testing.T) {
	t.Parallel()
	next := make(chan bool)
	s := newSite(t, Options{}, MiddlewareOptions{}, "/", func(w http.ResponseWriter, _ *http.Request) {
		for i := range 3 {
			fmt.Fprintln(w, i)
			w.(http.Flusher).Flush()
			<-next
		}
	})
	server := s.listen()
	resp, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	for i := range 3 {
		if !lines.Scan() || lines.Text() != fmt.Sprint(i) {
			t.Fatalf("line %d is %q, %v", i, lines.Text(), lines.Err())
		}
		next <- true
	}
}

func TestHTTP2(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{}, MiddlewareOptions{}, "GET /two", func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(http.Hijacker); ok {
			t.Error("HTTP/2 cannot be hijacked")
		}
		// The client of net/http takes no pushes; that it is asked is what counts.
		if err := w.(http.Pusher).Push("/style.css", nil); !errors.Is(err, http.ErrNotSupported) {
			t.Errorf("Push: %v", err)
		}
		w.(http.Flusher).Flush()
		fmt.Fprint(w, r.Proto)
	})
	server := httptest.NewUnstartedServer(s.h)
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	resp, err := server.Client().Get(server.URL + "/two")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "HTTP/2.0" {
		t.Errorf("answer is %q, %v", b, err)
	}
	server.Close()
	tx := s.one(wire.ItemTransaction)
	same(t, tx, "GET /two", "transaction")
	same(t, tx, server.URL+"/two", "request", "url")
}
