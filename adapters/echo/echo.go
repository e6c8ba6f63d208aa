// Package picketecho lets services that stand on echo (version 5) report to Picket or
// Sentry.
//
//	e := echo.New()
//	e.Use(picketecho.Middleware(picketecho.Options{AgentParam: "agentId"}))
//	e.POST("/agents/:agentId/runs", func(c *echo.Context) error {
//		ctx, run := picket.StartExecution(c.Request().Context(), picket.Agent{})
//		…
//	})
//
// Each request has a scope and a transaction of its own, named by its route. Functions
// of package picket want c.Request().Context().
package picketecho

import (
	"net/http"

	"github.com/labstack/echo/v5"

	"relay.one/picket"
)

// Options say how requests are reported. The zero value is right for most services. The
// functions are called once for every request, before its handler; a panic in one costs
// its answer alone.
type Options struct {
	// Client reports; nil means the client of the request's context, or else the default
	// one, which picket.Init makes.
	Client *picket.Client
	// User tells whom a request is done for, mostly from what an outer middleware put
	// into c. picket.SetUser in a handler goes over it.
	User func(c *echo.Context) picket.User
	// Organization tells which customer a request is done for.
	Organization func(c *echo.Context) picket.Organization
	// Agent tells which agent a request is about.
	Agent func(c *echo.Context) picket.Agent
	// AgentParam names the parameter of the route that is the agent's id: agentId for
	// "/agents/:agentId/runs".
	AgentParam string
	// AgentHeader names a request header with the agent's id. Where it is sent it goes
	// over AgentParam, and what Agent tells goes over both.
	AgentHeader string
	// Ignore tells which requests are not reported at all, such as health checks. Their
	// panics are not caught.
	Ignore func(c *echo.Context) bool
	// BodyBytes is how much of a request's body errors show, secrets taken out; zero
	// means nothing of it. Only what the handler reads is seen.
	BodyBytes int
	// Repanic lets panics go on after they were reported, for an outer handler of panics
	// that writes the response, such as echo's middleware.Recover.
	Repanic bool
}

// Middleware returns a middleware for Echo.Use and Group.Use that reports each request:
// its route, status and time as a transaction, a panic as an error, answered with 500,
// the event's id and application/problem+json. It takes the place of echo's
// middleware.Recover; where both are used it comes after.
//
// An error that a handler returns is given to Echo.HTTPErrorHandler at once, since only
// that can tell its status, and is reported when it becomes 500 or above. It is returned
// as well: error handlers see it once more, and must look whether the response is
// committed, as echo asks of them. Where there is no client nothing of all this happens.
func Middleware(o Options) echo.MiddlewareFunc {
	wrap := picket.Middleware
	if o.Client != nil {
		wrap = o.Client.Middleware
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			t := &turn{c: c, next: next}
			below, r := c.Response(), c.Request()
			wrap(o.about(c))(http.HandlerFunc(t.serve)).ServeHTTP(below, r)
			c.SetResponse(below)
			return t.err
		}
	}
}

// about returns the options for one request. The functions are called while it begins,
// so that nothing keeps c, which echo uses again.
func (o *Options) about(c *echo.Context) picket.MiddlewareOptions {
	m := picket.MiddlewareOptions{AgentHeader: o.AgentHeader, BodyBytes: o.BodyBytes, Repanic: o.Repanic}
	if o.User != nil {
		m.User = func(*http.Request) picket.User { return o.User(c) }
	}
	if o.Organization != nil {
		m.Organization = func(*http.Request) picket.Organization { return o.Organization(c) }
	}
	if o.Agent != nil || o.AgentParam != "" {
		m.Agent = func(*http.Request) picket.Agent { return o.agent(c) }
	}
	if o.Ignore != nil {
		m.Ignore = func(*http.Request) bool { return o.Ignore(c) }
	}
	return m
}

// agent returns the agent unless the header tells it.
func (o *Options) agent(c *echo.Context) picket.Agent {
	if o.Agent != nil {
		if a := o.Agent(c); a.ID != "" || a.Name != "" {
			return a
		}
	}
	if o.AgentHeader != "" && c.Request().Header.Get(o.AgentHeader) != "" {
		return picket.Agent{}
	}
	return picket.Agent{ID: c.Param(o.AgentParam)}
}

// turn is one request's way through the middleware.
type turn struct {
	c    *echo.Context
	next echo.HandlerFunc
	err  error
}

// serve hands the request on, with the context and the writer that picket gave it.
func (t *turn) serve(w http.ResponseWriter, r *http.Request) {
	if r == t.c.Request() { // nothing is reported
		t.err = t.next(t.c)
		return
	}
	t.c.SetRequest(r)
	answer := echo.NewResponse(w, t.c.Logger())
	t.c.SetResponse(answer)
	if t.err = t.next(t.c); t.err != nil {
		t.fail(answer)
	}
}

// fail answers the request with what the error handler makes of its error. The error is
// reported between the two: when the status is known, and the header can still take the
// event's id.
func (t *turn) fail(answer *echo.Response) {
	report := func() {
		if answer.Status >= http.StatusInternalServerError {
			picket.CaptureReturned(t.c.Request().Context(), t.err)
		}
	}
	if answer.Committed {
		report()
		return
	}
	answer.Before(report)
	t.c.Echo().HTTPErrorHandler(t.c, t.err)
}
