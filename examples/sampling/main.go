// Sampling keeps some transactions and drops others, by rule; errors and the executions of
// agents are kept.
//
//	go run ./examples/sampling
//	SENTRY_DSN=… go run ./examples/sampling
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"relay.one/picket"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "sampling:", err)
		os.Exit(1)
	}
}

func run() error {
	err := picket.Init(picket.Options{
		Environment: "production",
		// With rates alone one would say: TracesSampleRate: 0.1, and perhaps
		// ExecutionSampleRate. A sampler decides instead of both.
		TracesSampler: keep,
	})
	if err != nil {
		return err
	}
	for _, name := range []string{"GET /healthz", "POST /checkout", "GET /catalogue"} {
		fmt.Printf("%-14s  kept %d of 100\n", name, serve(name, 100))
	}
	fmt.Printf("executions      kept %d of 5\n", work(5))

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return picket.Close(ctx)
}

// keep returns the part of such transactions that is kept, from 0 to 1. What a caller in
// another service decided is best followed, or traces have holes.
func keep(s picket.SamplingContext) float64 {
	switch {
	case s.Execution:
		return 1
	case s.ParentSampled != nil && *s.ParentSampled:
		return 1
	case s.ParentSampled != nil, strings.HasSuffix(s.Name, "/healthz"):
		return 0
	case s.Name == "POST /checkout":
		return 1
	}
	return 0.2
}

// serve does something a number of times and counts what was kept. A span that is not kept
// is nil, and all its methods do nothing: nobody needs to ask.
func serve(name string, times int) (kept int) {
	for range times {
		_, span := picket.StartTransaction(context.Background(), "http.server", name)
		if span != nil {
			kept++
		}
		span.End()
	}
	return kept
}

var errNoSeat = errors.New("no seat is free")

// work runs an agent a number of times; every other run fails. Errors have a rate of their
// own, Options.SampleRate, which is all of them unless said otherwise.
func work(times int) (kept int) {
	for i := range times {
		_ = picket.Execute(context.Background(), picket.Agent{ID: "booker"}, func(ctx context.Context, _ *picket.Execution) error {
			_, span := picket.StartSpan(ctx, "function", "find a seat")
			defer span.End()
			if span != nil {
				kept++
			}
			if i%2 == 1 {
				return errNoSeat
			}
			return nil
		})
	}
	return kept
}
