package main

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// backoff is how long a sender waits after the server said that it is busy.
const backoff = 5 * time.Millisecond

// source hands out requests to one sender; nil ends it. The slice is valid until the next call.
type source func() []byte

// arena holds requests that were rendered beforehand, so that while the server
// is measured the load costs two system calls a request and little else.
type arena struct {
	buf  []byte
	ends []int
	next atomic.Int64
}

// render fills an arena with n requests on all cores.
func render(n int, makers func(worker int) *maker) []*arena {
	workers := runtime.NumCPU()
	list := make([]*arena, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			a, k, share := &arena{}, makers(w), n/workers+1
			a.buf, a.ends = make([]byte, 0, share*4600), make([]int, 0, share)
			for range share {
				a.buf = k.appendRequest(a.buf)
				a.ends = append(a.ends, len(a.buf))
			}
			list[w] = a
		})
	}
	wg.Wait()
	return list
}

// take returns the next request nobody has taken, or nil.
func (a *arena) take() []byte {
	i := int(a.next.Add(1)) - 1
	if i >= len(a.ends) {
		return nil
	}
	start := 0
	if i > 0 {
		start = a.ends[i-1]
	}
	return a.buf[start:a.ends[i]]
}

// sourceOf drains the arenas, beginning with a different one for each sender.
func sourceOf(list []*arena, sender int) source {
	at := sender % len(list)
	return func() []byte {
		for range list {
			if b := list[at].take(); b != nil {
				return b
			}
			at = (at + 1) % len(list)
		}
		return nil
	}
}

// result is what a load came to.
type result struct {
	accepted, refused int64
	took              time.Duration
	latencies         []time.Duration // sorted; only of scheduled loads
}

func (r result) perSecond() float64 { return float64(r.accepted) / r.took.Seconds() }

// percentile returns the latency below which the share p of the answers came.
func (r result) percentile(p float64) time.Duration { return percentile(r.latencies, p) }

func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]
}

// flood sends as fast as the server answers, over so many connections, until the
// sources end or ctx does. A request that is refused as too many is sent again;
// any other answer but 200 is an error.
func flood(ctx context.Context, addr string, senders int, from func(sender int) source) (result, error) {
	var r result
	var accepted, refused atomic.Int64
	start := time.Now()
	err := inParallel(ctx, senders, func(ctx context.Context, i int) error {
		c, next := &conn{addr: addr}, from(i)
		defer c.close()
		for ctx.Err() == nil {
			request := next()
			if request == nil {
				return nil
			}
			again, err := insist(ctx, c, request)
			refused.Add(int64(again))
			if err != nil {
				return err
			}
			accepted.Add(1)
		}
		return nil
	})
	r.took, r.accepted, r.refused = time.Since(start), accepted.Load(), refused.Load()
	return r, err
}

// insist sends the request until it is accepted, and returns how often it was refused.
func insist(ctx context.Context, c *conn, request []byte) (refused int, err error) {
	for {
		status, err := c.do(request)
		switch {
		case err != nil:
			return refused, err
		case status == http.StatusOK:
			return refused, nil
		case status != http.StatusTooManyRequests:
			return refused, fmt.Errorf("the server answered %d", status)
		}
		refused++
		select {
		case <-ctx.Done():
			return refused, ctx.Err()
		case <-time.After(backoff):
		}
	}
}

// schedule sends at a fixed rate whatever the server does, and measures each
// answer from the moment its request was due: a server that stalls is charged
// for everything that should have been sent meanwhile. It gives up after twice the
// duration; what has not been answered by then has waited from its moment until then.
func schedule(ctx context.Context, addr string, perSecond float64, duration time.Duration, from func(sender int) source) (result, error) {
	const senders = 256
	total := int64(perSecond * duration.Seconds())
	gap := time.Duration(float64(time.Second) / perSecond)
	var turn, refused atomic.Int64
	taken := make([]time.Duration, total)
	start := time.Now().Add(100 * time.Millisecond)
	ctx, cancel := context.WithDeadline(ctx, start.Add(2*duration+time.Second))
	defer cancel()
	err := inParallel(ctx, senders, func(ctx context.Context, i int) error {
		c, next := &conn{addr: addr}, from(i)
		defer c.close()
		for ctx.Err() == nil {
			n := turn.Add(1) - 1
			request := next()
			if n >= total || request == nil {
				return nil
			}
			due := start.Add(time.Duration(n) * gap)
			if !await(ctx, due) {
				return nil
			}
			again, err := insist(ctx, c, request)
			refused.Add(int64(again))
			if err != nil {
				return err
			}
			taken[n] = time.Since(due)
		}
		return nil
	})
	r := result{refused: refused.Load(), took: time.Since(start), latencies: taken}
	for n, d := range taken {
		if d != 0 {
			r.accepted++
			continue
		}
		taken[n] = max(0, time.Since(start.Add(time.Duration(n)*gap)))
	}
	slices.Sort(r.latencies)
	return r, err
}

// await waits for a moment and reports whether it came before ctx ended.
func await(ctx context.Context, moment time.Time) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(time.Until(moment)):
		return true
	}
}

// inParallel runs n copies of work; the first error ends the others. The end of
// ctx is no error.
func inParallel(parent context.Context, n int, work func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(parent)
	defer cancel(nil)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if err := work(ctx, i); err != nil && ctx.Err() == nil {
				cancel(fmt.Errorf("sender %d: %w", i, err))
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil && parent.Err() == nil {
		return err
	}
	return nil
}
