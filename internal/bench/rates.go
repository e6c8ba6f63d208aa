package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"time"
)

// What the design promises; see its section Budgets.
const (
	errorsPerSecond = 5_000
	mixedPerSecond  = 2_500
	runsPerSecond   = 1_500
	cpuBudget       = 250 * time.Microsecond
)

// sustained is what a flood over a fresh or filled server came to.
type sustained struct {
	result
	server time.Duration // processor time of the server, its work afterwards included
	load   time.Duration // processor time of this program
	others float64       // part of the machine that went to neither
}

func (u sustained) serverPerEvent() time.Duration {
	return u.server / time.Duration(max(u.accepted, 1))
}

func (u sustained) note() string {
	return fmt.Sprintf("%d s, load used %s an event, others %.0f %% of the machine, %d refused", int(u.took.Seconds()+0.5),
		micros(u.load/time.Duration(max(u.accepted, 1))), 100*u.others, u.refused)
}

// sustain floods the server for the suite's duration.
func (s *suite) sustain(ctx context.Context, c *child, m mix) (sustained, error) {
	perSecond := 9_000
	if m != onlyErrors {
		perSecond = 5_500
	}
	list := s.rendered(int(float64(perSecond)*s.duration.Seconds()), m, c.dsn)
	s.yard.measure()
	profiled := s.takeProfile(ctx, c.debug)
	begin, err := readMeters(c.pid)
	if err != nil {
		return sustained{}, err
	}
	window, cancel := context.WithTimeout(ctx, s.duration)
	defer cancel()
	r, err := flood(window, c.dsn.Host, senders, func(i int) source { return sourceOf(list, i) })
	flooded, err2 := readMeters(c.pid)
	u := sustained{result: r, load: flooded.own - begin.own, others: flooded.others(begin, r.took)}
	if err := errors.Join(err, err2, <-profiled, settle(ctx, c.pid)); err != nil {
		return u, err
	}
	after, err := cpuOf(c.pid)
	u.server = after - begin.server
	s.yard.measure()
	return u, err
}

// meters are readings of who used the processors so far.
type meters struct{ server, own, machine time.Duration }

func readMeters(pid int) (m meters, err error) {
	var err2 error
	m.server, err = cpuOf(pid)
	m.machine, err2 = busyCPU()
	m.own = ownCPU()
	return m, errors.Join(err, err2)
}

// others returns what part of the machine went neither to the server nor to this
// program since the earlier reading.
func (m meters) others(since meters, took time.Duration) float64 {
	ours := m.server - since.server + m.own - since.own
	return max(0, float64(m.machine-since.machine-ours)/float64(took)/float64(runtime.NumCPU()))
}

// rate floods a server of its own with a mix of events.
func (s *suite) rate(ctx context.Context, m mix) (u sustained, err error) {
	addr, more, err := s.debug()
	if err != nil {
		return u, err
	}
	c, stop, err := s.fresh(ctx, more...)
	if err != nil {
		return u, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if _, err := s.warm(ctx, c, m); err != nil {
		return u, err
	}
	c.debug = addr
	return s.sustain(ctx, c, m)
}

func errorRate(ctx context.Context, s *suite) ([]row, error) {
	u, err := s.rate(ctx, onlyErrors)
	if err != nil {
		return nil, err
	}
	return []row{
		atLeast("errors accepted, sustained", errorsPerSecond, u.perSecond(), "/s", u.note()),
		s.cpuRow("server CPU for an error, 9 KB", u),
	}, nil
}

// runRate floods a server with executions alone: transactions of twelve spans.
func runRate(ctx context.Context, s *suite) ([]row, error) {
	u, err := s.rate(ctx, onlyRuns)
	if err != nil {
		return nil, err
	}
	return []row{
		atLeast("executions of 12 spans accepted, sustained", runsPerSecond, u.perSecond(), "/s", u.note()),
		s.cpuRow("server CPU for one of them, 16 KB", u),
	}, nil
}

func mixedRate(ctx context.Context, s *suite) ([]row, error) {
	u, err := s.rate(ctx, half)
	if err != nil {
		return nil, err
	}
	s.freshRate = u.perSecond()
	return []row{
		atLeast("errors and runs accepted, half and half", mixedPerSecond, u.perSecond(), "/s", u.note()),
		s.cpuRow("server CPU for one of them, 9 or 16 KB", u),
	}, nil
}

func (s *suite) cpuRow(what string, u sustained) row {
	per := u.serverPerEvent()
	note := fmt.Sprintf("%.1f × encoding/json's decode", float64(per)/float64(s.yard.median()))
	return atMost(what, float64(cpuBudget.Microseconds()), float64(per.Microseconds()), "µs", note)
}

// latency measures how long an answer takes at half of what is promised.
func latency(ctx context.Context, s *suite) (rows []row, err error) {
	c, stop, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	for _, load := range []struct {
		what string
		mix  mix
		rate float64
	}{{"errors", onlyErrors, errorsPerSecond / 2}, {"errors and runs", half, mixedPerSecond / 2}} {
		if _, err := s.warm(ctx, c, load.mix); err != nil {
			return nil, err
		}
		list := s.rendered(int(load.rate*s.duration.Seconds())+senders, load.mix, c.dsn)
		begin, err := readMeters(c.pid)
		if err != nil {
			return nil, err
		}
		r, err := schedule(ctx, c.dsn.Host, load.rate, s.duration, func(i int) source { return sourceOf(list, i) })
		end, err2 := readMeters(c.pid)
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		what := fmt.Sprintf("acknowledgement at %s %s/s", thousands(load.rate), load.what)
		note := fmt.Sprintf("worst %.0f ms, %d refused, others %.0f %% of the machine", millis(r.percentile(1)), r.refused, 100*end.others(begin, r.took))
		rows = append(rows, took(what+", p50", 10*time.Millisecond, r.percentile(0.5), ""),
			took(what+", p99", 40*time.Millisecond, r.percentile(0.99), note))
	}
	return rows, nil
}

// flat measures the mixed load again on a store of ten spans for each event.
func flat(ctx context.Context, s *suite) (rows []row, err error) {
	c, err := s.storedRuns(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	if _, err := s.warm(ctx, c, half); err != nil {
		return nil, err
	}
	u, err := s.sustain(ctx, c, half)
	if err != nil {
		return nil, err
	}
	note := u.note()
	if s.freshRate > 0 {
		note = fmt.Sprintf("%.0f %% of the rate on an empty store; %s", 100*u.perSecond()/s.freshRate, note)
	}
	what := fmt.Sprintf("errors and runs accepted, %s spans stored", thousands(float64(s.events*10)))
	return []row{atLeast(what, mixedPerSecond, u.perSecond(), "/s", note)}, nil
}

// debug returns what makes the server listen for a profiler, if one is wanted.
func (s *suite) debug() (addr string, flags []string, err error) {
	if s.profile == "" {
		return "", nil, nil
	}
	addr, err = freeAddr()
	return addr, []string{"--debug-addr", addr}, err
}

// takeProfile fetches a CPU profile of the server while it is loaded; the
// channel gives the error once the file is written, at once when none is wanted.
func (s *suite) takeProfile(ctx context.Context, addr string) <-chan error {
	done := make(chan error, 1)
	if addr == "" {
		done <- nil
		return done
	}
	go func() {
		url := fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", addr, max(int(s.duration.Seconds()), 1))
		done <- fetch(ctx, url, s.profile)
	}()
	return done
}

func fetch(ctx context.Context, url, file string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return fmt.Errorf("profile the server: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("profile the server: %s", answer.Status)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, answer.Body)
	return errors.Join(err, f.Close())
}
