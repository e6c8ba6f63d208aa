// Command bench loads a real server with realistic telemetry and prints what the
// design's budgets promise beside what was measured. It starts and stops servers
// of its own on loopback, in a scratch directory that it removes.
//
// Usage: go run ./internal/bench [-quick] [-only NAME,…] [-events N] [-duration D] [-binary FILE] [-cpuprofile FILE]
//
// It always ends with the table of what it has; no test depends on its figures.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := bench(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench() (err error) {
	s := &suite{out: os.Stdout, faults: newFaults()}
	only, dir, limit, err := s.flags()
	if err != nil {
		return err
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	ctx, cancelLimit := context.WithTimeout(ctx, limit)
	defer cancelLimit()
	if s.work, err = os.MkdirTemp(dir, "picket-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.clean()) }()
	debug.SetGCPercent(400) // the load's own garbage is not what is measured
	s.yard = newYardstick(s.faults)
	s.yard.measure()
	if err := s.build(ctx); err != nil {
		return err
	}
	rows, err := s.run(ctx, only)
	fmt.Fprintf(s.out, "\n%s\n%s\n\n", machine(), s.yard)
	printTable(s.out, rows)
	return err
}

// clean removes the scratch directory, unless somebody wants to look at it.
func (s *suite) clean() error {
	if s.keep {
		s.progress("left %s", s.work)
		return nil
	}
	return os.RemoveAll(s.work)
}

// run takes the measurements whose names are in only, all when it is empty. What
// was measured before an error is returned with it.
func (s *suite) run(ctx context.Context, only []string) ([]row, error) {
	var rows []row
	for _, m := range measures {
		if len(only) > 0 && !slices.Contains(only, m.name) {
			continue
		}
		s.progress("%s", m.name)
		part, err := m.run(ctx, s)
		rows = append(rows, part...)
		if err != nil {
			return rows, fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return rows, nil
}

// flags reads the command line into the suite.
func (s *suite) flags() (only []string, dir string, limit time.Duration, err error) {
	var names string
	var quick bool
	flag.IntVar(&s.events, "events", 1_000_000, "errors to store before measuring what depends on it; ten spans are stored for each")
	flag.DurationVar(&s.duration, "duration", 20*time.Second, "length of each sustained load")
	flag.BoolVar(&quick, "quick", false, "store 100,000 events and load for 8 seconds unless told otherwise")
	flag.StringVar(&names, "only", "", "comma-separated measurements: "+strings.Join(measureNames(), ", "))
	flag.StringVar(&s.binary, "binary", "", "a server that is built already")
	flag.StringVar(&s.profile, "cpuprofile", "", "write a CPU profile of the server under the last of the loads to this file")
	flag.StringVar(&dir, "dir", "", "where scratch data goes; default the system's directory for temporary files")
	flag.BoolVar(&s.keep, "keep", false, "leave the scratch data where it is")
	flag.DurationVar(&limit, "limit", time.Hour, "give up after this long")
	flag.Parse()
	if quick {
		set := map[string]bool{}
		flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
		if !set["events"] {
			s.events = 100_000
		}
		if !set["duration"] {
			s.duration = 8 * time.Second
		}
	}
	if names != "" {
		only = strings.Split(names, ",")
	}
	for _, n := range only {
		if !slices.Contains(measureNames(), n) {
			return nil, "", 0, fmt.Errorf("-only: no measurement is called %q; there are %s", n, strings.Join(measureNames(), ", "))
		}
	}
	return only, dir, limit, nil
}

func measureNames() []string {
	names := make([]string, len(measures))
	for i, m := range measures {
		names[i] = m.name
	}
	return names
}
