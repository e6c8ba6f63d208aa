package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

func binarySize(_ context.Context, s *suite) ([]row, error) {
	info, err := os.Stat(s.binary)
	if err != nil {
		return nil, err
	}
	return []row{atMost("binary, stripped", 40, megabytes(info.Size()), "MB", "")}, nil
}

// disk measures what an event takes once everything is checkpointed.
func disk(ctx context.Context, s *suite) ([]row, error) {
	c, err := s.stored(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.stop(); err != nil {
		return nil, err
	}
	size, err := sizeOf(s.kept)
	if err != nil {
		return nil, err
	}
	per := float64(size) / float64(s.events) / 1000
	note := fmt.Sprintf("%s errors over 30 days in %.0f MB", thousands(float64(s.events)), megabytes(size))
	return []row{atMost("disk for one error", 2.2, per, "KB", note)}, nil
}

// coldStart measures the time from starting the program to the first accepted
// event, after a proper stop and after a crash under load.
func coldStart(ctx context.Context, s *suite) ([]row, error) {
	const tries = 5
	var times []time.Duration
	for range tries {
		c, d, err := s.firstEvent(ctx)
		if err != nil {
			return nil, err
		}
		times = append(times, d)
		if err := c.stop(); err != nil {
			return nil, err
		}
	}
	slices.Sort(times)
	crashed, err := s.afterCrash(ctx)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("cold start to first event, %s stored", thousands(float64(s.events)))
	return []row{
		took(what, 300*time.Millisecond, percentile(times, 0.5), fmt.Sprintf("worst of %d: %.0f ms", tries, millis(times[tries-1]))),
		info("the same after kill -9 under load", fmt.Sprintf("%.0f ms", millis(crashed))),
	}, nil
}

// firstEvent starts the server on the stored events and sends one.
func (s *suite) firstEvent(ctx context.Context) (*child, time.Duration, error) {
	if s.kept == "" {
		c, err := s.stored(ctx)
		if err != nil {
			return nil, 0, err
		}
		if err := c.stop(); err != nil {
			return nil, 0, err
		}
	}
	begin := time.Now()
	c, err := start(ctx, s.binary, s.kept)
	if err != nil {
		return nil, 0, err
	}
	sender := &conn{addr: c.dsn.Host}
	defer sender.close()
	if _, err := insist(ctx, sender, s.maker(onlyErrors, c.dsn, time.Now).appendRequest(nil)); err != nil {
		return nil, 0, errors.Join(err, c.stop())
	}
	return c, time.Since(begin), nil
}

func (s *suite) afterCrash(ctx context.Context) (time.Duration, error) {
	c, err := s.stored(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := s.warm(ctx, c, onlyErrors); err != nil {
		return 0, errors.Join(err, c.stop())
	}
	if err := c.kill(); err != nil {
		return 0, err
	}
	c, d, err := s.firstEvent(ctx)
	if err != nil {
		return 0, err
	}
	return d, c.stop()
}

// memory measures resident memory: idle and empty, and under full load with the events stored.
func memory(ctx context.Context, s *suite) ([]row, error) {
	idle, err := s.idleMemory(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.stored(ctx)
	if err != nil {
		return nil, err
	}
	at, err := memoryOf(c.pid)
	if err != nil {
		return nil, errors.Join(err, c.stop())
	}
	stopWatching, peak := watchMemory(c.pid)
	u, err := s.sustain(ctx, c, onlyErrors)
	stopWatching()
	if err := errors.Join(err, c.stop()); err != nil {
		return nil, err
	}
	note := fmt.Sprintf("%s errors/s; %.0f MB just after the start", thousands(u.perSecond()), megabytes(at))
	return []row{
		atMost("resident memory, idle", 40, megabytes(idle), "MB", ""),
		atMost(fmt.Sprintf("resident memory, full load, %s stored", thousands(float64(s.events))), 200, megabytes(*peak), "MB", note),
	}, nil
}

func (s *suite) idleMemory(ctx context.Context) (n int64, err error) {
	c, stop, err := s.fresh(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	if err := settle(ctx, c.pid); err != nil {
		return 0, err
	}
	return memoryOf(c.pid)
}

// watchMemory notes the highest resident memory of a process; peak is valid
// after stop has returned.
func watchMemory(pid int) (stop func(), peak *int64) {
	peak = new(int64)
	quit, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			if n, err := memoryOf(pid); err == nil {
				*peak = max(*peak, n)
			}
			select {
			case <-quit:
				return
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return func() { close(quit); <-done }, peak
}

// queries measures what the pages ask most, over thirty days.
func queries(ctx context.Context, s *suite) (rows []row, err error) {
	c, err := s.storedRuns(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.stop()) }()
	stored := fmt.Sprintf("%s events, %s spans", thousands(float64(s.events)), thousands(float64(s.events*10)))
	return askAll(ctx, c, stored, []question{
		{"stats of an agent", "/api/v1/sentry/stats/%s?window=30d"},
		{"issues of an agent", "/api/v1/sentry/issues/%s?window=30d"},
		{"trends of an agent", "/api/v1/sentry/trends?agentId=%s&window=30d"},
	})
}

// analytics measures what is asked of executions, over thirty days with as many of
// them, and nothing else, stored as -events says.
func analytics(ctx context.Context, s *suite) (rows []row, err error) {
	c, stop, err := s.fresh(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	stored := fmt.Sprintf("%s executions, %s spans", thousands(float64(s.events)), thousands(float64(s.events*spansPerRun)))
	s.progress("storing %s over 30 days", stored)
	if err := s.spread(ctx, c, onlyRuns, s.events); err != nil {
		return nil, err
	}
	return askAll(ctx, c, stored, []question{
		{"stats of an agent", "/api/v1/sentry/stats/%s?window=30d"},
		{"cost of an agent by release", "/api/v1/cost?agentId=%s&groupBy=release&interval=1d&window=30d"},
		{"cost by agent", "/api/v1/cost?groupBy=agent&window=30d&limit=%.0s50"},
		{"trends of an agent", "/api/v1/sentry/trends?agentId=%s&window=30d"},
		{"policies of an agent", "/api/v1/policies?agentId=%s&window=30d"},
		{"executions of an agent, the newest", "/api/v1/executions?agentId=%s&limit=50"},
	})
}

// question is something that pages ask of an agent, whose id goes into the path.
type question struct{ what, path string }

// askAll asks for every agent, and gives each question a row of the table.
func askAll(ctx context.Context, c *child, stored string, list []question) (rows []row, err error) {
	for _, q := range list {
		r, err := ask(ctx, c, q.path)
		if err != nil {
			return nil, err
		}
		rows = append(rows, took(fmt.Sprintf("%s, 30 days, %s, p95", q.what, stored), 50*time.Millisecond, r.percentile(0.95),
			fmt.Sprintf("p50 %.1f ms, worst %.0f ms", millis(r.percentile(0.5)), millis(r.percentile(1)))))
	}
	return rows, nil
}

// ask requests the path for every agent, twice.
func ask(ctx context.Context, c *child, path string) (result, error) {
	var r result
	for i := range 2 * agents {
		d, err := c.get(ctx, fmt.Sprintf(path, agentID(i%agents)))
		if err != nil {
			return r, err
		}
		r.latencies = append(r.latencies, d)
	}
	slices.Sort(r.latencies)
	return r, nil
}
