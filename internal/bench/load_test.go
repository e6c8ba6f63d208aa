package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// receiver is a server that answers as the handler says and is gone with the test.
func receiver(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

func get(path string) []byte { return []byte("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n") }

func TestConn(t *testing.T) {
	t.Parallel()
	var dials atomic.Int64
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/chunked":
			io.WriteString(w, "one")
			w.(http.Flusher).Flush()
			io.WriteString(w, strings.Repeat("two", 5000))
		case "/close":
			w.Header().Set("Connection", "close")
		case "/busy":
			w.WriteHeader(http.StatusTooManyRequests)
		default:
			io.WriteString(w, `{"id":"1"}`)
		}
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			dials.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	c := &conn{addr: s.Listener.Addr().String()}
	defer c.close()
	f := func(path string, want int, wantDials int64) {
		t.Helper()
		status, err := c.do(get(path))
		if err != nil || status != want {
			t.Errorf("%s: status %d, %v, want %d", path, status, err, want)
		}
		if dials.Load() != wantDials {
			t.Errorf("%s: %d connections so far, want %d", path, dials.Load(), wantDials)
		}
	}
	f("/", 200, 1)
	f("/chunked", 200, 1)
	f("/busy", 429, 1)
	f("/close", 200, 1)
	f("/", 200, 2)
}

// A flood sends everything once, and again what was refused.
func TestFlood(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	seen := map[string]int{}
	var turn atomic.Int64
	addr := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		if turn.Add(1)%5 == 0 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		seen[string(body)]++
		mu.Unlock()
	})
	list := render(100, func(w int) *maker { return newMaker(uint64(w), newFaults(), half, testDSN, time.Now) })
	total := 0
	for _, a := range list {
		total += len(a.ends)
	}
	r, err := flood(t.Context(), addr, 4, func(i int) source { return sourceOf(list, i) })
	if err != nil {
		t.Fatal(err)
	}
	if r.accepted != int64(total) || len(seen) != total {
		t.Errorf("accepted %d, %d different bodies arrived, want %d of both", r.accepted, len(seen), total)
	}
	if want := turn.Load() / 5; r.refused != want {
		t.Errorf("refused %d, want %d", r.refused, want)
	}
}

func TestFloodStopsAtAnError(t *testing.T) {
	t.Parallel()
	addr := receiver(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	_, err := flood(t.Context(), addr, 4, func(int) source { return func() []byte { return get("/") } })
	if err == nil || !strings.Contains(err.Error(), "500") {
		t.Errorf("error %v, want one that names 500", err)
	}
}

func TestFloodEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var turn atomic.Int64
	addr := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		if turn.Add(1) == 50 {
			cancel()
		}
	})
	r, err := flood(ctx, addr, 4, func(int) source { return func() []byte { return get("/") } })
	if err != nil || r.accepted < 46 {
		t.Errorf("accepted %d, %v, want 46 or more and no error", r.accepted, err)
	}
}

// Each scheduled request has a latency, and the list is sorted.
func TestSchedule(t *testing.T) {
	t.Parallel()
	var turn atomic.Int64
	addr := receiver(t, func(http.ResponseWriter, *http.Request) { turn.Add(1) })
	r, err := schedule(t.Context(), addr, 1000, 100*time.Millisecond, func(int) source { return func() []byte { return get("/") } })
	if err != nil {
		t.Fatal(err)
	}
	if len(r.latencies) != 100 || turn.Load() != 100 || r.accepted != 100 {
		t.Errorf("%d latencies, %d arrived, %d accepted, want 100 each", len(r.latencies), turn.Load(), r.accepted)
	}
	if !slices.IsSorted(r.latencies) || r.latencies[0] <= 0 {
		t.Errorf("latencies begin with %v, want them sorted and above zero", r.latencies[0])
	}
}

func TestTailFindsDSN(t *testing.T) {
	t.Parallel()
	f := func(line, want string) {
		t.Helper()
		l := &tail{dsn: make(chan string, 1)}
		l.line([]byte(line))
		l.line([]byte(line))
		got := ""
		select {
		case got = <-l.dsn:
		default:
		}
		if got != want {
			t.Errorf("%q: DSN %q, want %q", line, got, want)
		}
	}
	const dsn = "http://0123456789abcdef0123456789abcdef@127.0.0.1:4711/1"
	f("  DSN   "+dsn+"  (project default)", dsn)
	f(`{"msg":"ready","dsn":"`+dsn+`"}`, dsn)
	f("listening on http://127.0.0.1:4711", "")
}

func TestOwnProcess(t *testing.T) {
	t.Parallel()
	if n, err := memoryOf(os.Getpid()); err != nil || n < 1<<20 {
		t.Errorf("memory of this process %d, %v, want a megabyte or more", n, err)
	}
	if _, err := cpuOf(os.Getpid()); err != nil {
		t.Errorf("processor time of this process: %v", err)
	}
	if busy, err := busyCPU(); err != nil || busy < ownCPU()/2 {
		t.Errorf("the machine was busy for %s, %v, want no error and more than this process' %s", busy, err, ownCPU())
	}
	if _, err := cpuOf(0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("processor time of no process: %v, want that it does not exist", err)
	}
}

func TestSizeOf(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/a", bytes.Repeat([]byte("x"), 100_000), 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := sizeOf(dir); err != nil || n < 100_000 || n > 200_000 {
		t.Errorf("size %d, %v, want about 100,000", n, err)
	}
}

func TestFigures(t *testing.T) {
	t.Parallel()
	f := func(n float64, want string) {
		t.Helper()
		if got := figure(n); got != want {
			t.Errorf("figure of %v is %q, want %q", n, got, want)
		}
	}
	f(0.517, "0.52")
	f(40, "40")
	f(12.345, "12.3")
	f(1234567, "1,234,567")
	f(123, "123")
}

func TestTable(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	printTable(&b, []row{atLeast("rate", 5000, 4999, "/s", "20 s"), atMost("disk", 2.2, 2.2, "KB", ""), info("crash", "12 ms")})
	for _, want := range []string{"≥ 5,000 /s", "4,999 /s", "NOT MET", "met", "crash", "1 of 2 budgets missed"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the table lacks %q:\n%s", want, b.String())
		}
	}
}

// A server that does not keep up is charged for what it never answered.
func TestScheduleGivesUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	var turn atomic.Int64
	addr := receiver(t, func(http.ResponseWriter, *http.Request) {
		if turn.Add(1) == 10 {
			cancel()
		}
	})
	r, err := schedule(ctx, addr, 100, time.Minute, func(int) source { return func() []byte { return get("/") } })
	if err != nil || len(r.latencies) != 6000 || r.accepted < 1 || r.accepted >= 6000 {
		t.Errorf("%d latencies, %d accepted, %v, want 6000, fewer, and no error", len(r.latencies), r.accepted, err)
	}
}
