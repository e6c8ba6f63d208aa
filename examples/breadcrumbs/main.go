// Breadcrumbs shows the trail that leads up to an error: what the SDK notes by itself, what
// the program adds, and what is left out.
//
//	go run ./examples/breadcrumbs
//	SENTRY_DSN=… go run ./examples/breadcrumbs
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"relay.one/picket"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "breadcrumbs:", err)
		os.Exit(1)
	}
}

func run() error {
	err := picket.Init(picket.Options{
		Environment:    "development",
		MaxBreadcrumbs: 20, // the last ones; 100 unless said otherwise
		BeforeBreadcrumb: func(b *picket.Breadcrumb) bool {
			return b.Category != "cache" // too much talk
		},
	})
	if err != nil {
		return err
	}
	// Two runs at once: each has a trail of its own.
	var runs sync.WaitGroup
	for _, document := range []string{"contract", "letter"} {
		runs.Go(func() { summarize(document) })
	}
	runs.Wait()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return picket.Close(ctx)
}

var errTooLong = errors.New("the document is too long")

// summarize is an execution; a request behind the middleware has a trail just as well.
func summarize(document string) {
	_ = picket.Execute(context.Background(), picket.Agent{ID: "summarizer"}, func(ctx context.Context, _ *picket.Execution) error {
		picket.AddBreadcrumb(ctx, picket.Breadcrumb{
			Category: "document",
			Message:  "opened the " + document,
			Data: []picket.Attr{
				slog.Int("pages", 412),
				slog.String("password", "hunter2"), // never leaves the program: its name tells what it is
			},
		})
		picket.AddBreadcrumb(ctx, picket.Breadcrumb{Category: "cache", Message: "miss"})

		// Tools, policies, model calls, queries and requests leave theirs by themselves.
		picket.RecordPolicy(ctx, picket.Policy{Name: "confidential", Verdict: picket.Flag, Reason: "marked as secret"})
		_, tool := picket.StartToolCall(ctx, picket.ToolCall{Name: "count_pages"})
		tool.End(412, nil)

		picket.AddBreadcrumb(ctx, picket.Breadcrumb{Category: "document", Level: picket.LevelWarning, Message: "gave up on the " + document})
		id := picket.CaptureException(ctx, fmt.Errorf("summarize: %w", errTooLong))
		fmt.Printf("the trail of the %s is in event %s\n", document, id)
		return nil
	})
}
