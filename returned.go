package picket

import (
	"context"

	"github.com/getsentry/sentry-go"
)

// CaptureReturned reports an error that a handler returned and that its framework
// answers as a fault of the server. It is what adapters of such frameworks call, and
// handlers of errors may. An error that was captured in the same request before, itself
// or something it wraps, is not reported again: the id of that event comes back.
//
// The event shows the stack that the error carries, if any. The stack of the call is
// left out: it is the same for all errors and would make one issue of them.
func CaptureReturned(ctx context.Context, err error) EventID {
	n := nodeOr(ctx)
	if n == nil || err == nil {
		return ""
	}
	if id, known := n.scope.trail.recall(err); known {
		return id
	}
	ev := newEvent(LevelError)
	ev.Exception = exceptionsOf(err, stackPCs{}, n.scope.client.options.InAppPackages)
	return n.capture(ev, &sentry.EventHint{Context: ctx, OriginalException: err}, nil)
}

// WithPathValues returns a context for a request that Middleware is going to see, in
// which value tells what the wildcards of its route stand for, empty for others. It is
// for routers that find the route after the middleware has begun and do not call
// Request.SetPathValue, so that MiddlewareOptions.AgentPathValue works with them, too.
//
// value is asked whenever something is reported and the agent is not known by other
// means. It may be called by many goroutines at once, and after the request has ended.
func WithPathValues(ctx context.Context, value func(name string) string) context.Context {
	return context.WithValue(orBackground(ctx), pathValuesKey{}, value)
}

type pathValuesKey struct{}

// pathValue returns what a wildcard of the route stands for.
func (r *requestInfo) pathValue(name string) string {
	if v := r.PathValue(name); v != "" {
		return v
	}
	if value, ok := r.Context().Value(pathValuesKey{}).(func(string) string); ok {
		return value(name)
	}
	return ""
}
