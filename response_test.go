package picket

import (
	"bufio"
	"bytes"
	"context"
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

	"github.com/getsentry/sentry-go"

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

func TestStatus(t *testing.T) {
	t.Parallel()
	f := func(handle http.HandlerFunc, code any, status string) {
		t.Helper()
		s := newSite(t, Options{}, MiddlewareOptions{}, "/", handle)
		s.ask("GET", "/")
		ev := s.one(wire.ItemTransaction)
		same(t, ev, code, "contexts", "trace", "data", "http.response.status_code")
		same(t, ev, status, "contexts", "trace", "status")
	}
	write := func(codes ...int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for _, code := range codes {
				w.WriteHeader(code)
			}
		}
	}
	f(write(), 200, "ok")
	f(write(http.StatusNoContent), 204, "ok")
	f(write(http.StatusFound), 302, "ok")
	f(write(http.StatusEarlyHints, http.StatusNotFound), 404, "not_found")
	f(write(http.StatusForbidden, http.StatusOK), 403, "permission_denied")
	f(write(http.StatusServiceUnavailable), 503, "unavailable")
	f(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "x") }, 200, "ok")
}

func TestEventIDInHeader(t *testing.T) {
	t.Parallel()
	f := func(o Options, handle func(ctx context.Context, w http.ResponseWriter), want bool) {
		t.Helper()
		s := newSite(t, o, MiddlewareOptions{}, "/", func(w http.ResponseWriter, r *http.Request) { handle(r.Context(), w) })
		w := s.ask("GET", "/")
		flush(t, s.c)
		last := ""
		for _, ev := range s.m.items(t, wire.ItemEvent) {
			last = ev["event_id"].(string)
		}
		if got := w.Header().Get(HeaderEventID); (got != "") != want || want && got != last {
			t.Errorf("%s = %q, event %q", HeaderEventID, got, last)
		}
	}
	boom := errors.New("boom")
	f(Options{}, func(ctx context.Context, w http.ResponseWriter) { CaptureException(ctx, boom); w.WriteHeader(500) }, true)
	f(Options{}, func(ctx context.Context, _ http.ResponseWriter) { CaptureException(ctx, boom) }, true)
	f(Options{}, func(ctx context.Context, w http.ResponseWriter) {
		CaptureMessage(ctx, LevelInfo, "one")
		CaptureException(WithTag(ctx, "k", "v"), boom)
		http.Error(w, "sorry", 500)
	}, true)
	f(Options{}, func(ctx context.Context, _ http.ResponseWriter) {
		run, x := StartExecution(ctx, Agent{ID: "a"})
		CaptureException(run, boom)
		x.End(boom)
	}, true)
	f(Options{}, func(ctx context.Context, w http.ResponseWriter) {
		sentry.GetHubFromContext(ctx).CaptureException(boom)
		w.WriteHeader(500)
	}, true)
	f(Options{}, func(_ context.Context, w http.ResponseWriter) { w.WriteHeader(500) }, false)
	f(Options{}, func(ctx context.Context, w http.ResponseWriter) { w.WriteHeader(500); CaptureException(ctx, boom) }, false)
	drop := func(*sentry.Event, *sentry.EventHint) *sentry.Event { return nil }
	f(Options{BeforeSend: drop}, func(ctx context.Context, _ http.ResponseWriter) {
		CaptureException(ctx, boom)
		sentry.GetHubFromContext(ctx).CaptureException(boom)
	}, false)
}

func TestWriteProblem(t *testing.T) {
	t.Parallel()
	var id EventID
	s := newSite(t, Options{}, MiddlewareOptions{}, "/", func(w http.ResponseWriter, r *http.Request) {
		id = CaptureException(r.Context(), io.ErrUnexpectedEOF)
		if last := LastEventID(r.Context()); last != id || id == "" {
			t.Errorf("LastEventID = %q, want %q", last, id)
		}
		WriteProblem(w, r, http.StatusBadGateway, `the "other" side`)
	})
	w := s.ask("GET", "/")
	want := `{"type":"about:blank","title":"Bad Gateway","status":502,"detail":"the \"other\" side","eventId":"` + string(id) + "\"}\n"
	if w.Body.String() != want || w.Code != http.StatusBadGateway {
		t.Errorf("answer is %d %s, want %s", w.Code, w.Body, want)
	}
	w = httptest.NewRecorder()
	WriteProblem(w, httptest.NewRequest("GET", "/", nil), 404, "")
	if want := `{"type":"about:blank","title":"Not Found","status":404}` + "\n"; w.Body.String() != want || w.Header().Get(HeaderEventID) != "" {
		t.Errorf("answer is %s, want %s", w.Body, want)
	}
}

// websocket is enough of a websocket for a test: it hijacks and says hello.
func websocket(w http.ResponseWriter) error {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = buffered.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: hello\r\nConnection: Upgrade\r\n\r\nhello\n")
	return errors.Join(err, buffered.Flush())
}

func TestWebsocket(t *testing.T) {
	t.Parallel()
	s := newSite(t, Options{}, MiddlewareOptions{}, "GET /socket", func(w http.ResponseWriter, _ *http.Request) {
		if err := websocket(w); err != nil {
			t.Error(err)
		}
	})
	server := s.listen()
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "hello")
	resp, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	line, err := bufio.NewReader(resp.Body).ReadString('\n')
	if err != nil || line != "hello\n" || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("answer is %d %q, %v", resp.StatusCode, line, err)
	}
	server.Close()
	tx := s.one(wire.ItemTransaction)
	same(t, tx, 101, "contexts", "trace", "data", "http.response.status_code")
	same(t, tx, "GET /socket", "transaction")
}
