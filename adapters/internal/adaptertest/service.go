package adaptertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"

	"relay.one/picket"
)

// Service is what a framework has to serve: Routes, behind the adapter's middleware with
// these options.
type Service struct {
	Client *picket.Client
	// Repanic is the adapter's option of that name; an outer handler of panics answers 500.
	Repanic bool
	// BodyBytes is the adapter's option of that name.
	BodyBytes int
	// InGroup says that the middleware stands in a group of the path /agents/:agentId,
	// instead of before all routes.
	InGroup bool
	// Outer says that another middleware of the adapter, with the client alone, stands
	// before all routes as well.
	Outer bool

	late *lateWork
}

// Start serves s on a random port of the loopback interface until the test ends, and
// returns its address, such as http://127.0.0.1:49152.
//
// The adapter's functions take the user's id from the header HeaderUser and the
// organization's from HeaderOrganization, its AgentHeader is HeaderAgent and its
// AgentParam agentId; requests with HeaderIgnore are ignored.
type Start func(t *testing.T, s Service) string

// Local returns a client that sends nothing, and keeps this part of transactions; a
// negative one is none.
func Local(t testing.TB, traces float64) *picket.Client {
	t.Helper()
	c, err := picket.New(picket.Options{TracesSampleRate: traces, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// Headers of the suite's requests.
const (
	HeaderUser         = "Suite-User"
	HeaderOrganization = "Suite-Organization"
	HeaderAgent        = "Suite-Agent"
	HeaderIgnore       = "Suite-Ignore"
)

// AgentParam is the parameter of Routes that is the agent's id.
const AgentParam = "agentId"

// Refused is an error of a handler that the framework is to answer with its status, by
// its own kind of error.
type Refused int

// Error names the status.
func (r Refused) Error() string { return http.StatusText(int(r)) }

// errDisk is what handlers fail with.
var errDisk = errors.New("disk full")

// Route is one that a service serves to GET and POST.
type Route struct {
	// Path is its pattern.
	Path string
	// Do is its handler: it gets the request's context and the agent that the route
	// names. Its text is the answer; an error that is not Refused is answered with 500.
	Do func(ctx context.Context, agent string) (string, error)
}

// Routes returns those that a service serves.
func (s Service) Routes() []Route {
	return []Route{
		{"/agents/:agentId/runs", run},
		{"/agents/:agentId/panic", func(context.Context, string) (string, error) { panic(errDisk) }},
		{"/agents/:agentId/abort", func(context.Context, string) (string, error) { panic(http.ErrAbortHandler) }},
		{"/agents/:agentId/fail", func(context.Context, string) (string, error) { return "", errDisk }},
		{"/agents/:agentId/reported", reported},
		{"/agents/:agentId/gone", func(context.Context, string) (string, error) { return "", Refused(http.StatusNotFound) }},
		{"/agents/:agentId/late", s.late.start},
		{"/agents/:agentId/outgoing", outgoing},
	}
}

// run reports what it does inside of a span.
func run(ctx context.Context, agent string) (string, error) {
	ctx, span := picket.StartSpan(ctx, "function", "run "+agent)
	defer span.End()
	picket.CaptureMessage(ctx, picket.LevelInfo, "ran "+agent)
	return agent, nil
}

// reported reports its error before it returns it.
func reported(ctx context.Context, _ string) (string, error) {
	picket.CaptureException(ctx, errDisk)
	return "", fmt.Errorf("save: %w", errDisk)
}

// lateWork holds back what handlers do after their requests have ended.
type lateWork struct {
	begin chan struct{} // closed when they may go on
	done  chan struct{} // gets one when one has
}

// start reports something in the request's context later.
func (l *lateWork) start(ctx context.Context, agent string) (string, error) {
	message := "late " + agent // a copy: frameworks lend their strings
	go func() {
		<-l.begin
		picket.CaptureMessage(ctx, picket.LevelInfo, message)
		l.done <- struct{}{}
	}()
	return agent, nil
}

// outgoing answers with the headers that a request of its own would carry.
func outgoing(ctx context.Context, _ string) (string, error) {
	h := http.Header{}
	picket.Inject(ctx, h)
	b, err := json.Marshal(h)
	return string(b), err
}
