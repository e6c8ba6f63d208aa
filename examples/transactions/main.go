// Transactions measures a job: spans within it, a function that is timed, and a request to
// another service whose own transaction belongs to the same trace.
//
//	go run ./examples/transactions
//	SENTRY_DSN=… go run ./examples/transactions
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"relay.one/picket"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "transactions:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := picket.Init(picket.Options{Environment: "development"}); err != nil {
		return err
	}
	// The other service. In life it is another program, with a client of its own.
	warehouse := httptest.NewServer(picket.Middleware(picket.MiddlewareOptions{})(routes()))

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err := importOrders(ctx, warehouse.URL)
	warehouse.Close()
	return errors.Join(err, picket.Close(ctx))
}

// importOrders is a job that stands by itself: a transaction. A request that comes through
// the middleware has one already.
func importOrders(ctx context.Context, warehouse string) (err error) {
	ctx, job := picket.StartTransaction(ctx, "queue.process", "import orders", slog.String("queue", "orders"))
	defer func() {
		job.Fail(err) // of a nil error it takes no notice
		job.End()
	}()

	// Measure is for a function that returns something: one line, and errors show.
	orders, err := picket.Measure(ctx, "file.read", "read the orders", readOrders)
	if err != nil {
		return err
	}
	check(ctx, orders)
	status, err := reserve(ctx, warehouse, orders[0])
	if err != nil {
		return err
	}
	fmt.Printf("imported %d orders, the warehouse answered %d, trace %s\n", len(orders), status, job.TraceID())
	return nil
}

func readOrders(context.Context) ([]string, error) {
	return strings.Fields("order-17 order-18 order-19"), nil
}

// check is a span by hand. Attributes are for what differs; names stay the same from
// time to time, so that they can be compared.
func check(ctx context.Context, orders []string) {
	_, span := picket.StartSpan(ctx, "function", "check the orders", slog.Int("orders", len(orders)))
	defer span.End()
	time.Sleep(2 * time.Millisecond) // the work
}

// reserve asks the other service. Transport makes the request a span and sends the trace
// along (sentry-trace, baggage and W3C's traceparent).
func reserve(ctx context.Context, warehouse, order string) (int, error) {
	client := &http.Client{Transport: picket.Transport(nil)}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, warehouse+"/reservations/"+order, nil)
	if err != nil {
		return 0, err
	}
	answer, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	return answer.StatusCode, answer.Body.Close()
}

func routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /reservations/{order}", func(w http.ResponseWriter, r *http.Request) {
		_, span := picket.StartSpan(r.Context(), "cache.put", "reserve")
		defer span.End()
		w.WriteHeader(http.StatusCreated)
	})
	return mux
}
