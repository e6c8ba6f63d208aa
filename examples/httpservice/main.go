// Httpservice serves agents over HTTP with the middleware around it: every request is a
// transaction named by its route, knows its user, customer and agent, and survives panics.
// Package net/http is enough; chi and gorilla/mux take the same middleware.
//
//	go run ./examples/httpservice
//	SENTRY_DSN=… go run ./examples/httpservice
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"relay.one/picket"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "httpservice:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	// Elsewhere than in production all transactions are kept; there a tenth is, unless
	// TracesSampleRate says otherwise.
	if err := picket.Init(picket.Options{Environment: "development"}); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	service := &http.Server{Handler: handler(), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- service.Serve(listener) }()

	visit("http://" + listener.Addr().String())

	// First the requests under way, then what they reported.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = service.Shutdown(ctx)
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return errors.Join(err, picket.Close(ctx))
}

// handler puts the middleware around all routes. What authenticates users goes outside of
// it, so that User finds them in the request's context.
func handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("POST /agents/{agentId}/runs", startRun)
	mux.HandleFunc("GET /agents/{agentId}/report", showReport)
	return picket.Middleware(picket.MiddlewareOptions{
		AgentPathValue: "agentId",
		User: func(r *http.Request) picket.User {
			return picket.User{ID: r.Header.Get("X-User")}
		},
		Organization: func(r *http.Request) picket.Organization {
			return picket.Organization{ID: r.Header.Get("X-Customer")}
		},
		Ignore: func(r *http.Request) bool { return r.URL.Path == "/healthz" },
	})(mux)
}

var errBusy = errors.New("all workers are busy")

// startRun captures an error by hand, and answers with the id of its event, by which
// support finds it again.
func startRun(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("agentId") == "planner" {
		picket.CaptureException(r.Context(), fmt.Errorf("start a run: %w", errBusy))
		picket.WriteProblem(w, r, http.StatusServiceUnavailable, "Try again in a minute.")
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// showReport panics; the middleware reports that and answers 500.
func showReport(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintln(w, "last run:", runsOf(r.PathValue("agentId"))[0])
}

// runsOf returns nothing: there was no run yet.
func runsOf(string) []string { return nil }

// visit sends what a client of this service would.
func visit(base string) {
	ask := func(method, path string) {
		r, err := http.NewRequest(method, base+path, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		r.Header.Set("X-User", "u-81")
		r.Header.Set("X-Customer", "acme")
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		defer a.Body.Close()
		body, _ := io.ReadAll(a.Body) // only shown
		fmt.Println(method, path, "→", a.StatusCode, a.Header.Get(picket.HeaderEventID), strings.TrimSpace(string(body)))
	}
	ask("GET", "/healthz")
	ask("POST", "/agents/billing/runs")
	ask("POST", "/agents/planner/runs")
	ask("GET", "/agents/billing/report")
}
