// Embedded is a platform in one binary: its own routes, the SDK that reports what happens
// there, and the Picket server that the SDK reports to. The platform's users read what
// their agents did below /sentry/, on the same port.
//
//	go run ./examples/embedded
//
// It reports to itself, whatever SENTRY_DSN says.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"relay.one/picket"
	"relay.one/picket/outpost"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "embedded:", err)
		os.Exit(1)
	}
}

func run() error {
	data, err := os.MkdirTemp("", "embedded-") // a platform names a directory that stays
	if err != nil {
		return err
	}
	defer os.RemoveAll(data)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	base := "http://" + listener.Addr().String()
	p, err := open(ctx, data, base)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	served := make(chan error, 1)
	go func() { served <- p.http.Serve(listener) }()

	err = visit(ctx, base)

	err = errors.Join(err, p.close(ctx))
	if e := <-served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// platform is all that runs in this process.
type platform struct {
	post *outpost.Server
	http *http.Server
}

// open puts the three together: the server, the SDK that reports to it in memory, and the
// routes.
func open(ctx context.Context, data, base string) (*platform, error) {
	post, err := outpost.Open(ctx, outpost.Options{Data: data, PublicURL: base, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	err = picket.Init(picket.Options{DSN: post.DSN(), Transport: post.Transport(), Environment: "development"})
	if err != nil {
		return nil, errors.Join(err, post.Close(ctx))
	}
	// A platform makes its token once and keeps it with its other secrets.
	token, err := post.CreateToken(ctx, "platform", "event:read")
	if err != nil {
		return nil, errors.Join(err, picket.Close(ctx), post.Close(ctx))
	}
	return &platform{post, &http.Server{Handler: routes(post, token), ReadHeaderTimeout: 10 * time.Second}}, nil
}

// close stops in the order in which one needs the other: nobody asks, nobody reports,
// nobody stores.
func (p *platform) close(ctx context.Context) error {
	return errors.Join(p.http.Shutdown(ctx), picket.Close(ctx), p.post.Close(ctx))
}

// routes are the platform's own, which are watched, and beside them the server's, which
// are not: what asks for reports is nothing to report.
func routes(post *outpost.Server, token string) http.Handler {
	agents := http.NewServeMux()
	agents.HandleFunc("POST /agents/{agentId}/runs", startRun)
	watch := picket.Middleware(picket.MiddlewareOptions{
		AgentPathValue: "agentId",
		User:           func(r *http.Request) picket.User { return picket.User{ID: r.Header.Get("X-User")} },
	})

	mux := http.NewServeMux()
	mux.Handle("/agents/", watch(agents))
	mux.Handle("/sentry/", signedIn(token, post.Handler()))
	mux.Handle("/api/", post.Handler()) // for the SDKs of other services, and who has a token
	return mux
}

// signedIn lets in whom the platform knows, and shows the server the platform's token for
// them. A real platform looks at its session here, not at a header that anybody can send.
func signedIn(token string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-User") == "" {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		r.Header.Set("Authorization", "Bearer "+token)
		next.ServeHTTP(w, r)
	})
}

var errNoToner = errors.New("the printer is out of toner")

// startRun runs an agent; every request for paper fails.
func startRun(w http.ResponseWriter, r *http.Request) {
	agent := picket.Agent{ID: r.PathValue("agentId"), Framework: "relay"}
	err := picket.Execute(r.Context(), agent, func(ctx context.Context, _ *picket.Execution) error {
		_, call := picket.StartModelCall(ctx, picket.ModelCall{Provider: "openai", Model: "gpt-4o"})
		call.End(picket.ModelResult{Usage: picket.Usage{Input: 1000, Output: 100}}, nil)
		if r.FormValue("on") == "paper" {
			return fmt.Errorf("print the letter: %w", errNoToner)
		}
		return nil
	})
	if err != nil {
		picket.WriteProblem(w, r, http.StatusBadGateway, "The letter was not printed.")
		return
	}
	fmt.Fprintln(w, "done")
}

// visit is what a user of the platform does: run an agent twice, and read how that went.
func visit(ctx context.Context, base string) error {
	for _, request := range []string{"POST /agents/secretary/runs?on=screen", "POST /agents/secretary/runs?on=paper"} {
		if err := ask(ctx, base, request); err != nil {
			return err
		}
	}
	// Reports are under way for a moment; only who reads at once has to wait for them.
	if err := picket.Flush(ctx); err != nil {
		return err
	}
	return ask(ctx, base, "GET /sentry/stats/secretary")
}

// ask sends a request and prints the answer.
func ask(ctx context.Context, base, request string) error {
	var method, path string
	if _, err := fmt.Sscan(request, &method, &path); err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, base+path, nil)
	if err != nil {
		return err
	}
	r.Header.Set("X-User", "ada")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	fmt.Printf("%s → %d\n%s\n", request, a.StatusCode, body)
	return err
}
