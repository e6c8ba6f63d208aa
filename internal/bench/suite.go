package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"relay.one/picket/wire"
)

// senders is how many connections flood the server: thousands of events a second
// come from hundreds of processes, and their commits find company.
const senders = 256

// history is the time over which stored events are spread; older ones the server would move.
const history = 30*24*time.Hour - 10*time.Minute

// suite is one run of the measurements.
type suite struct {
	out      io.Writer
	work     string // scratch directory, removed by whoever made it
	binary   string
	events   int
	duration time.Duration
	keep     bool   // leave the scratch directory
	profile  string // where a CPU profile of the server goes; empty for none

	faults []fault
	yard   *yardstick
	seed   atomic.Uint64

	kept      string // data directory with the stored events; empty until stored was called
	keptRuns  bool
	freshRate float64 // mixed load on an empty store; zero until measured
}

// measure is one part of the table.
type measure struct {
	name string
	run  func(context.Context, *suite) ([]row, error)
}

// measures lists every part in the order of the table, cheap ones first.
var measures = []measure{
	{"size", binarySize},
	{"errors", errorRate},
	{"mixed", mixedRate},
	{"runs", runRate},
	{"latency", latency},
	{"forward", forwarding},
	{"disk", disk},
	{"start", coldStart},
	{"memory", memory},
	{"queries", queries},
	{"analytics", analytics},
	{"flat", flat},
}

func (s *suite) progress(format string, args ...any) {
	fmt.Fprintf(s.out, time.Now().Format("15:04:05 ")+format+"\n", args...)
}

// build compiles the server as it is released.
func (s *suite) build(ctx context.Context) error {
	if s.binary != "" {
		return nil
	}
	s.binary = filepath.Join(s.work, "picket")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", s.binary, "relay.one/picket/cmd/picket")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the server: %w: %s", err, out)
	}
	return nil
}

// maker returns a maker with a seed that none had before.
func (s *suite) maker(m mix, dsn wire.DSN, when func() time.Time) *maker {
	return newMaker(s.seed.Add(1), s.faults, m, dsn, when)
}

// rendered returns n requests of now, ready to be sent.
func (s *suite) rendered(n int, m mix, dsn wire.DSN) []*arena {
	return render(n, func(int) *maker { return s.maker(m, dsn, time.Now) })
}

// fresh starts a server on an empty directory. The caller calls the function it
// gets back, which stops the server and removes the directory.
func (s *suite) fresh(ctx context.Context, more ...string) (*child, func() error, error) {
	dir, err := os.MkdirTemp(s.work, "data-")
	if err != nil {
		return nil, nil, err
	}
	c, err := start(ctx, s.binary, dir, more...)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return c, func() error { return errors.Join(c.stop(), os.RemoveAll(dir)) }, nil
}

// warm sends a second's worth of load, so that tables, caches and the heap are
// as they are in a server that has run for a while.
func (s *suite) warm(ctx context.Context, c *child, m mix) (int64, error) {
	list := s.rendered(5_000, m, c.dsn)
	r, err := flood(ctx, c.dsn.Host, senders, func(i int) source { return sourceOf(list, i) })
	return r.accepted, err
}

// settle waits until the server has worked off what it put aside, at most a quarter minute.
func settle(ctx context.Context, pid int) error {
	const look, quiet = 250 * time.Millisecond, 4
	last, err := cpuOf(pid)
	for calm, n := 0, 0; err == nil && calm < quiet && n < 60; n++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
		var now time.Duration
		now, err = cpuOf(pid)
		calm++
		if now-last > tick {
			calm = 0
		}
		last = now
	}
	return err
}

// stored starts a server on a directory with s.events errors spread over the
// last thirty days. The first call fills it.
func (s *suite) stored(ctx context.Context) (*child, error) {
	fill := s.kept == ""
	if fill {
		dir, err := os.MkdirTemp(s.work, "stored-")
		if err != nil {
			return nil, err
		}
		s.kept = dir
	}
	c, err := start(ctx, s.binary, s.kept)
	if err != nil || !fill {
		return c, err
	}
	s.progress("storing %s errors over 30 days", thousands(float64(s.events)))
	if err := s.spread(ctx, c, onlyErrors, s.events); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// storedRuns is stored, with transactions as well: ten spans for each event.
func (s *suite) storedRuns(ctx context.Context) (*child, error) {
	c, err := s.stored(ctx)
	if err != nil || s.keptRuns {
		return c, err
	}
	s.keptRuns = true
	n := s.events * 10 / spansPerRun
	s.progress("storing %s transactions with %s spans over 30 days", thousands(float64(n)), thousands(float64(n*spansPerRun)))
	if err := s.spread(ctx, c, onlyRuns, n); err != nil {
		return nil, errors.Join(err, c.stop())
	}
	return c, nil
}

// spread sends n events whose times climb from thirty days ago to now.
func (s *suite) spread(ctx context.Context, c *child, m mix, n int) error {
	var turn atomic.Int64
	from := time.Now().Add(-history)
	r, err := flood(ctx, c.dsn.Host, senders, func(int) source {
		var at time.Time
		k := s.maker(m, c.dsn, func() time.Time { return at })
		var buf []byte
		return func() []byte {
			i := turn.Add(1) - 1
			if i >= int64(n) {
				return nil
			}
			at = from.Add(time.Duration(float64(history) * float64(i) / float64(n)))
			buf = k.appendRequest(buf[:0])
			return buf
		}
	})
	if err != nil {
		return fmt.Errorf("store events: %w", err)
	}
	s.progress("stored %s at %s/s", thousands(float64(r.accepted)), thousands(r.perSecond()))
	return settle(ctx, c.pid)
}

// freeAddr returns a loopback address that was free a moment ago.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
