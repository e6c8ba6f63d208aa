// Basic reports an error, a message and a panic, and says whom they happened to.
//
//	go run ./examples/basic                  # local mode: prints what it would send
//	SENTRY_DSN=… go run ./examples/basic     # sends it to Picket, or to Sentry
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"relay.one/picket"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "basic:", err)
		os.Exit(1)
	}
}

func run() error {
	// Everything may be left out: the DSN comes from SENTRY_DSN, and without one nothing is
	// sent but written to the log. Environment and Release come from the environment, too.
	err := picket.Init(picket.Options{Environment: "development", Release: "shop@1.4.0"})
	if err != nil {
		return err
	}
	work(context.Background())

	// Whoever reports never waits for the network. The program does so once, at its end.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return picket.Close(ctx)
}

func work(ctx context.Context) {
	// What is known of the circumstances travels in the context, and everything that is
	// captured with it says so.
	ctx = picket.WithUser(ctx, picket.User{ID: "u-81", Email: "ada@example.com"})
	ctx = picket.WithTag(ctx, "warehouse", "berlin")

	if err := ship("order-17"); err != nil {
		// Tags are searched by; what differs from event to event belongs here instead.
		id := picket.CaptureException(ctx, err, slog.String("order", "order-17"))
		fmt.Println("error reported:", id)
	}

	id := picket.CaptureMessage(ctx, picket.LevelWarning, "stock is running low")
	fmt.Println("message reported:", id)

	printLabel(ctx, nil)
	fmt.Println("panic reported:", picket.LastEventID(ctx))
}

// outOfStockError is an error type of the program's own: it becomes the title,
// however often the error is wrapped on its way up.
type outOfStockError struct{ item string }

func (e *outOfStockError) Error() string { return "no " + e.item + " left" }

func ship(order string) error {
	return fmt.Errorf("ship %s: %w", order, &outOfStockError{"umbrella"})
}

// printLabel panics with an empty address; Recover reports that and lets the program go on.
func printLabel(ctx context.Context, address []string) {
	defer picket.Recover(ctx)
	fmt.Println("to:", address[0])
}
