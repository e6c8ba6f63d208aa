package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"relay.one/picket/internal/demo"
	"relay.one/picket/internal/server"
	"relay.one/picket/wire"
)

const aboutDemo = `Fills a running server from a fleet of simulated AI agents that report through
sentry-go, so that every page shows something. All it sends carries the tag
simulated: true. The server is the one on the data directory, unless --dsn names another.`

// simulate fills a server with simulated telemetry.
func simulate(ctx context.Context, c call) error {
	o := demo.Options{History: 7 * 24 * time.Hour, Out: c.out}
	d := deskSettings(c, "demo [flags]", aboutDemo)
	d.StringVar(&o.DSN, "dsn", "", "`DSN` to report to; the default is that of the server on the data directory")
	d.IntVar(&o.Executions, "executions", 2000, "`number` of runs in the history")
	d.Var(&days{&o.History}, "history", "how `long` the history is, such as 7d or 12h, at most 30d (default 7d)")
	d.BoolVar(&o.Live, "live", false, "keep the fleet working until Ctrl-C")
	d.IntVar(&o.PerMinute, "per-minute", 60, "`number` of live runs a minute")
	d.Uint64Var(&o.Seed, "seed", 1, "`number` that picks the story: the same tells the same")
	if err := d.read(true); err != nil {
		return err
	}
	if o.DSN == "" {
		var err error
		if o.DSN, err = d.runningDSN(ctx); err != nil {
			return err
		}
	}
	return perform(ctx, c, o)
}

// runningDSN returns the DSN of the server that runs on the data directory.
func (d *deskFlags) runningDSN(ctx context.Context) (dsn string, err error) {
	none := fmt.Errorf("no server runs on %s: start one with picket serve --dev, or name a DSN with --dsn", d.config.Data)
	if _, err := os.Stat(d.config.Data); errors.Is(err, fs.ErrNotExist) {
		return "", none // opening it would make one
	}
	err = d.do(ctx, func(desk *server.Desk) error {
		if desk.URL == "" {
			return none
		}
		dsn = server.DSN(d.url(desk), desk.Key)
		return nil
	})
	return dsn, err
}

func perform(ctx context.Context, c call, o demo.Options) error {
	fmt.Fprintln(c.out, "Simulating a fleet of agents. Everything it sends carries the tag simulated: true.")
	if o.Live {
		fmt.Fprintln(c.out, "Ctrl-C ends it.")
	}
	begin := time.Now()
	r, err := demo.Run(ctx, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "Stored in %s: %d executions, %d spans, %d errors, %d logs, %d check-ins, %d feedbacks.\n",
		time.Since(begin).Round(100*time.Millisecond), r.Executions, r.Spans, r.Errors, r.Logs, r.CheckIns, r.Feedback)
	dsn, err := wire.ParseDSN(o.DSN)
	if err != nil {
		return err
	}
	base := dsn.Scheme + "://" + dsn.Host + dsn.Path
	fmt.Fprintf(c.out, "Open next:\n  %s/\n  %s/api/v1/sentry/stats/refund-desk?window=7d\n  %s/api/v1/sentry/trends?window=7d\n  %s/docs\n", base, base, base, base)
	return nil
}
