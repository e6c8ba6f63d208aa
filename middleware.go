package picket

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"

	"github.com/getsentry/sentry-go"
)

// HeaderEventID is the response header with the id of the event that the request
// caused.
const HeaderEventID = "X-Event-Id"

// MiddlewareOptions say how requests are reported. The zero value is right for most
// services. The functions are called once for every request, before its handler; a
// panic in one costs its answer alone.
type MiddlewareOptions struct {
	// User tells whom a request is done for, mostly from what an outer middleware put
	// into its context. SetUser in a handler goes over it.
	User func(*http.Request) User
	// Organization tells which customer a request is done for.
	Organization func(*http.Request) Organization
	// Agent tells which agent a request is about.
	Agent func(*http.Request) Agent
	// AgentHeader names a request header with the agent's id.
	AgentHeader string
	// AgentPathValue names the wildcard of the route that is the agent's id: agentId for
	// "GET /agents/{agentId}/runs".
	AgentPathValue string
	// Route tells the route's pattern when the handler has returned, for routers that do
	// not set Request.Pattern. For gorilla/mux, with the middleware in Router.Use:
	//
	//	func(r *http.Request) string { t, _ := mux.CurrentRoute(r).GetPathTemplate(); return t }
	//
	// and for chi: chi.RouteContext(r.Context()).RoutePattern().
	Route func(*http.Request) string
	// Ignore tells which requests are not reported at all, such as health checks. Their
	// panics are not caught.
	Ignore func(*http.Request) bool
	// BodyBytes is how much of a request's body errors show, secrets taken out; zero
	// means nothing of it. Only what the handler reads is seen.
	BodyBytes int
	// Repanic lets panics go on after they were reported, for an outer handler of panics
	// that writes the response.
	Repanic bool
}

// Middleware returns a middleware for net/http and for routers that take such: each
// request has a scope and a transaction of its own, named by its route; what happens
// in its context carries its user, organization and agent; a panic is reported and
// answered with 500 and the event's id. It reports by the client of the request's
// context, or the default one; where there is none it does nothing. A request that has
// passed one already passes the next one by the way, which adds what its functions tell
// of user, organization and agent.
func Middleware(o MiddlewareOptions) func(http.Handler) http.Handler {
	return middleware(nil, o)
}

// Middleware is the function of that name for this client.
func (c *Client) Middleware(o MiddlewareOptions) func(http.Handler) http.Handler {
	if c == nil {
		return func(next http.Handler) http.Handler { return next }
	}
	return middleware(c, o)
}

func middleware(c *Client, o MiddlewareOptions) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := nodeOf(r.Context())
			by := reporter(c, n)
			switch {
			case by == nil || o.Ignore != nil && ask(by, "Ignore", o.Ignore, r):
				next.ServeHTTP(w, r)
			case n != nil && n.scope.client == by && n.scope.request != nil:
				who := n.scope.who()
				who.tell(by, &o, r)
				amend(r.Context(), func(i *identity) { *i = who })
				next.ServeHTTP(w, r)
			default:
				x := newExchange(by, &o, n, w, r)
				defer x.end()
				next.ServeHTTP(x.response.writer(r.ProtoMajor), x.info.Request)
				x.returned = true
			}
		})
	}
}

// reporter returns who reports a request: the client that the middleware is of, else that
// of the request's context, else the default one; nil for nobody.
func reporter(c *Client, n *node) *Client {
	switch {
	case c != nil:
		return c
	case n != nil:
		return n.scope.client
	}
	return defaultClient.Load()
}

// exchange is a request and its response. It is one object, since every request
// makes one.
type exchange struct {
	node     node
	scope    scope
	trail    trail
	info     requestInfo
	response response
	returned bool // the handler did, and did not panic
}

// newExchange returns the exchange that begins with r, in a scope that begins with what
// outer knows; outer may be nil.
func newExchange(c *Client, o *MiddlewareOptions, outer *node, w http.ResponseWriter, r *http.Request) *exchange {
	x := &exchange{}
	x.trail.limit = c.options.MaxBreadcrumbs
	x.scope.client, x.scope.trail, x.scope.request = c, &x.trail, &x.info
	x.scope.trace = continueTrace(r.Header)
	if outer == nil || outer.scope.client != c {
		outer = c.base
	} else {
		x.trail.crumbs = outer.scope.trail.all()
	}
	x.scope.identity = outer.scope.who()
	x.scope.tell(c, o, r)
	x.node.Context, x.node.scope = r.Context(), &x.scope
	x.info.options, x.info.start, x.info.response = o, c.now(), &x.response
	x.response.ResponseWriter, x.response.scope = w, &x.scope
	x.begin(c, r)
	if o.BodyBytes > 0 && r.Body != nil && r.Body != http.NoBody {
		x.info.body = &bodyRecorder{ReadCloser: r.Body, limit: o.BodyBytes}
		x.info.Request.Body = x.info.body
	}
	return x
}

// begin starts the transaction, if it is sampled, and makes the request that the
// handler sees.
func (x *exchange) begin(c *Client, r *http.Request) {
	ctx := &x.node
	if c.decide(&x.scope.trace, SamplingContext{Op: "http.server", Name: r.Method + " " + r.URL.Path, Request: r}) {
		s := newRoot(&x.node, "http.server", "", nil)
		s.start, s.origin = x.info.start, originHTTP
		x.node.span, ctx = s, &s.inside
	} else {
		c.countUnsampled()
	}
	x.info.Request = r.WithContext(ctx)
}

// tell fills in what the options know of a request.
func (i *identity) tell(c *Client, o *MiddlewareOptions, r *http.Request) {
	if o.User != nil {
		i.user = ask(c, "User", o.User, r)
	}
	if o.Organization != nil {
		i.organization = ask(c, "Organization", o.Organization, r)
	}
	if o.AgentHeader != "" {
		if id := r.Header.Get(o.AgentHeader); id != "" {
			i.agent = Agent{ID: id}
		}
	}
	if o.Agent != nil {
		if a := ask(c, "Agent", o.Agent, r); a.key() != "" {
			a.Capabilities = slices.Clone(a.Capabilities)
			i.agent = a
		}
	}
	if c.options.SendDefaultPII && i.user.IP == "" {
		// An address without a port is one, too.
		i.user.IP = r.RemoteAddr
		if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
			i.user.IP = host
		}
	}
}

// ask calls a function of the host's; a panic in it costs the answer.
func ask[T any](c *Client, option string, f func(*http.Request) T, r *http.Request) (answer T) {
	defer func() {
		if p := recover(); p != nil {
			c.options.Logger.Error("picket: a callback panicked; going on without it", "option", "MiddlewareOptions."+option, "panic", fmt.Sprint(p))
		}
	}()
	return f(r)
}

// end is deferred: it ends the transaction, and deals with a panic.
func (x *exchange) end() {
	if x.returned {
		x.response.answer(http.StatusOK) // net/http does, if nobody has
		x.finish(sentry.HTTPtoSpanStatus(int(x.response.status.Load())))
		return
	}
	recovered := recover()
	switch recovered {
	case nil: // runtime.Goexit, after which net/http breaks the connection
		x.finish(sentry.SpanStatusInternalError)
	case http.ErrAbortHandler:
		x.finish(sentry.SpanStatusAborted)
		panic(recovered)
	default:
		defer x.finish(sentry.SpanStatusInternalError)
		if again := x.panicked(recovered); again != nil {
			panic(again)
		}
	}
}

// panicked reports a panic and answers the request. It returns what to panic with
// again, nil for nothing.
func (x *exchange) panicked(recovered any) any {
	n := x.current()
	n.capturePanic(n, recovered)
	begun := x.response.status.Load() != 0
	switch {
	case x.info.options.Repanic:
		if !begun {
			x.response.answer(http.StatusInternalServerError)
		}
		return recovered
	case begun:
		// Half an answer is out; only a broken connection tells the client that it is not whole.
		return http.ErrAbortHandler
	}
	WriteProblem(&x.response, x.info.Request, http.StatusInternalServerError, "The server met a fault; it has been reported.")
	return nil
}

func (x *exchange) current() *node {
	if x.node.span != nil {
		return &x.node.span.inside
	}
	return &x.node
}

// finish ends the transaction with what is known now: route and status.
func (x *exchange) finish(status sentry.SpanStatus) {
	s := x.node.span
	if s == nil {
		return
	}
	name, route := x.info.name(x.scope.client)
	s.root.mu.Lock()
	s.root.source = sourceURL
	if route != "" {
		s.root.source = sourceRoute
	}
	s.root.mu.Unlock()
	s.mu.Lock()
	s.name, s.status = name, status
	s.set(slog.String("http.request.method", x.info.Method))
	if route != "" {
		s.set(slog.String("http.route", route))
	}
	if code := int(x.response.status.Load()); code != 0 {
		s.set(slog.Int("http.response.status_code", code))
	}
	s.mu.Unlock()
	s.End()
}
