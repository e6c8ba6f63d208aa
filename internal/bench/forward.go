package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// What forwarding promises while the upstream is healthy, and at which load it is measured.
const (
	forwardBudget    = time.Second
	forwardPerSecond = 500
)

// farSentry is a healthy upstream that knows when each event came.
type farSentry struct {
	addr   string
	server *http.Server

	mu   sync.Mutex
	came map[string]time.Time // by event id
}

func newFarSentry() (*farSentry, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &farSentry{addr: l.Addr().String(), came: map[string]time.Time{}}
	r.server = &http.Server{Handler: r}
	go r.server.Serve(l)
	return r, nil
}

func (r *farSentry) dsn() string { return "http://0123456789abcdef0123456789abcdef@" + r.addr + "/7" }

// ServeHTTP implements http.Handler.
func (r *farSentry) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	at := time.Now()
	body := io.Reader(q.Body)
	if z, err := gzip.NewReader(q.Body); err == nil {
		body = z
	}
	var all bytes.Buffer
	if _, err := all.ReadFrom(body); err != nil {
		http.Error(w, "{}", http.StatusBadRequest)
		return
	}
	if id, ok := idOf(all.Bytes()); ok {
		r.mu.Lock()
		if r.came[id].IsZero() {
			r.came[id] = at
		}
		r.mu.Unlock()
	}
	io.WriteString(w, "{}")
}

// idOf returns the event id in an envelope's header.
func idOf(envelope []byte) (string, bool) {
	line, _, _ := bytes.Cut(envelope, []byte{'\n'})
	_, rest, ok := bytes.Cut(line, []byte(`"event_id":"`))
	if !ok || len(rest) < 32 {
		return "", false
	}
	return string(rest[:32]), true
}

func (r *farSentry) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.came)
}

// acknowledged sends at a fixed rate and notes when each event was acknowledged.
func (s *suite) acknowledged(ctx context.Context, c *child) (map[string]time.Time, error) {
	const workers = 64
	total := int64(forwardPerSecond * s.duration.Seconds())
	gap := time.Second / forwardPerSecond
	acked := make(map[string]time.Time, total)
	var mu sync.Mutex
	var turn atomic.Int64
	start := time.Now().Add(200 * time.Millisecond)
	err := inParallel(ctx, workers, func(ctx context.Context, i int) error {
		sender, k := &conn{addr: c.dsn.Host}, s.maker(half, c.dsn, time.Now)
		defer sender.close()
		var request []byte
		for {
			n := turn.Add(1) - 1
			request = k.appendRequest(request[:0])
			id, _ := idOf(k.doc.b)
			if n >= total || !await(ctx, start.Add(time.Duration(n)*gap)) {
				return nil
			}
			if _, err := insist(ctx, sender, request); err != nil {
				return err
			}
			mu.Lock()
			acked[id] = time.Now()
			mu.Unlock()
		}
	})
	return acked, err
}

// forwarding measures how long an event takes from its acknowledgement to a healthy
// upstream, and what a forwarded event costs.
func forwarding(ctx context.Context, s *suite) (rows []row, err error) {
	up, err := newFarSentry()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, up.server.Close()) }()
	addr, more, err := s.debug()
	if err != nil {
		return nil, err
	}
	c, stop, err := s.fresh(ctx, append(more, "--upstream-dsn", up.dsn(), "--allow-outbound", "127.0.0.0/8")...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	profiled := s.takeProfile(ctx, addr)
	begin, err := readMeters(c.pid)
	if err != nil {
		return nil, err
	}
	acked, err := s.acknowledged(ctx, c)
	if err := errors.Join(err, <-profiled); err != nil {
		return nil, err
	}
	for n := 0; n < 100 && up.count() < len(acked); n++ {
		await(ctx, time.Now().Add(100*time.Millisecond))
	}
	end, err := readMeters(c.pid)
	if err != nil {
		return nil, err
	}
	late, missing := up.late(acked)
	note := fmt.Sprintf("worst %.0f ms, %d of %d did not come, others %.0f %% of the machine", millis(percentile(late, 1)), missing, len(acked), 100*end.others(begin, s.duration))
	what := fmt.Sprintf("from acknowledged to received upstream, at %d/s", forwardPerSecond)
	return []row{
		info(what+", p50", fmt.Sprintf("%.1f ms", millis(percentile(late, 0.5)))),
		took(what+", p99", forwardBudget, percentile(late, 0.99), note),
		info("server CPU for a forwarded event", fmt.Sprintf("%.0f µs", float64((end.server-begin.server).Microseconds())/float64(max(len(acked), 1)))),
	}, nil
}

// late returns how long after its acknowledgement each event came, sorted, and how many did
// not.
func (r *farSentry) late(acked map[string]time.Time) (list []time.Duration, missing int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, at := range acked {
		if came := r.came[id]; !came.IsZero() {
			list = append(list, max(came.Sub(at), 0))
		} else {
			missing++
		}
	}
	slices.Sort(list)
	return list, missing
}
