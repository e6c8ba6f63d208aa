package picket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"

	"relay.one/picket"
)

// quiet is a client in local mode that prints nothing, so that the examples show what
// they print themselves.
func quiet(o picket.Options) (context.Context, *picket.Client) {
	o.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	c, err := picket.New(o)
	if err != nil {
		panic(err)
	}
	return picket.NewContext(context.Background(), c), c
}

func ExampleNew() {
	_, err := picket.New(picket.Options{DSN: "http://example.com/1", SampleRate: 2})
	fmt.Println(err)
	// Output:
	// picket: option DSN: malformed DSN: want the public key, letters and digits, before the @; want https://KEY@HOST/PROJECT, as the project's page or `picket project dsn` shows it
	// picket: option SampleRate: 2 is not between 0 and 1; leave it 0 to send all errors
}

func ExampleCaptureException() {
	ctx, c := quiet(picket.Options{})
	defer c.Close(ctx)

	ctx = picket.WithUser(ctx, picket.User{ID: "u81"})
	id := picket.CaptureException(ctx, errors.New("card declined"))
	fmt.Println(len(id))
	// Output: 32
}

func ExampleStartExecution() {
	ctx, c := quiet(picket.Options{})
	defer c.Close(ctx)

	ctx, run := picket.StartExecution(ctx, picket.Agent{ID: "billing", Name: "Billing"}, picket.ExecutionID("run-81"))

	_, call := picket.StartModelCall(ctx, picket.ModelCall{Provider: "openai", Model: "gpt-5", Messages: "refund order 81"})
	call.End(picket.ModelResult{Usage: picket.Usage{Input: 1200, CacheRead: 800, Output: 90}}, nil)

	picket.RecordPolicy(ctx, picket.Policy{Name: "refund-limit", Verdict: picket.Deny, Reason: "81 € is above 50 €"})
	run.Fail("denied by refund-limit")
	run.End(nil)

	fmt.Println(run.ID(), run.Outcome(), run.Usage().Total())
	// Output: run-81 failed 1290
}

func ExampleExecute() {
	ctx, c := quiet(picket.Options{})
	defer c.Close(ctx)

	err := picket.Execute(ctx, picket.Agent{ID: "billing"}, func(ctx context.Context, run *picket.Execution) error {
		_, tool := picket.StartToolCall(ctx, picket.ToolCall{Name: "lookup", Arguments: map[string]int{"order": 81}})
		err := errors.New("no such order")
		tool.End(nil, err)
		return err
	})
	fmt.Println(err)
	// Output: no such order
}

func ExampleMiddleware() {
	ctx, c := quiet(picket.Options{})
	defer c.Close(ctx)

	mux := http.NewServeMux()
	mux.HandleFunc("GET /agents/{agentId}", func(http.ResponseWriter, *http.Request) { panic("out of cards") })
	handler := c.Middleware(picket.MiddlewareOptions{AgentPathValue: "agentId"})(mux)

	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest("GET", "/agents/dealer", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"), len(w.Header().Get(picket.HeaderEventID)))
	// Output: 500 application/problem+json 32
}

func ExampleMeasure() {
	ctx, c := quiet(picket.Options{})
	defer c.Close(ctx)

	n, err := picket.Measure(ctx, "function", "count orders", func(context.Context) (int, error) { return 81, nil })
	fmt.Println(n, err)
	// Output: 81 <nil>
}

func ExampleTransport() {
	far := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Sentry-Trace") != "", r.Header.Get("Traceparent") != "")
	}))
	defer far.Close()
	ctx, c := quiet(picket.Options{Environment: "test"})
	defer c.Close(ctx)

	ctx, s := picket.StartTransaction(ctx, "queue.process", "send invoices")
	defer s.End()
	r, err := http.NewRequestWithContext(ctx, "GET", far.URL, nil)
	if err != nil {
		panic(err)
	}
	resp, err := (&http.Client{Transport: picket.Transport(nil)}).Do(r)
	if err != nil {
		panic(err)
	}
	resp.Body.Close()
	// Output: true true
}

func ExampleCaptureAgentError() {
	ctx, c := quiet(picket.Options{})
	defer c.Close(ctx)

	id := picket.CaptureAgentError(ctx, "billing", errors.New("tool search timed out"), &picket.ExecutionSummary{
		ID:     "run-81",
		Tools:  []picket.ToolCall{{Name: "search", Error: "timeout"}},
		Usage:  picket.Usage{Input: 1200, Output: 90},
		Reason: "tool timeout",
	})
	fmt.Println(len(id))
	// Output: 32
}
