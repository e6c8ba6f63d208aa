// Package picketgin lets services that stand on gin report to Picket or Sentry.
//
//	r := gin.New()
//	r.Use(picketgin.Middleware(picketgin.Options{AgentParam: "agentId"}))
//	r.POST("/agents/:agentId/runs", func(c *gin.Context) {
//		ctx, run := picket.StartExecution(c.Request.Context(), picket.Agent{})
//		…
//	})
//
// Each request has a scope and a transaction of its own, named by its route. Functions
// of package picket want c.Request.Context(): gin's own Context does not know of it,
// unless Engine.ContextWithFallback is set.
package picketgin

import (
	"net/http"

	"github.com/gin-gonic/gin"

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
	User func(c *gin.Context) picket.User
	// Organization tells which customer a request is done for.
	Organization func(c *gin.Context) picket.Organization
	// Agent tells which agent a request is about.
	Agent func(c *gin.Context) picket.Agent
	// AgentParam names the parameter of the route that is the agent's id: agentId for
	// "/agents/:agentId/runs".
	AgentParam string
	// AgentHeader names a request header with the agent's id. Where it is sent it goes
	// over AgentParam, and what Agent tells goes over both.
	AgentHeader string
	// Ignore tells which requests are not reported at all, such as health checks. Their
	// panics are not caught.
	Ignore func(c *gin.Context) bool
	// BodyBytes is how much of a request's body errors show, secrets taken out; zero
	// means nothing of it. Only what the handler reads is seen.
	BodyBytes int
	// Repanic lets panics go on after they were reported, for an outer handler of panics
	// that writes the response, such as gin.Recovery.
	Repanic bool
}

// Middleware returns a middleware that reports each request: its route, status and time
// as a transaction, a panic as an error, answered with 500, the event's id and
// application/problem+json, and what was attached by c.Error to a request that is
// answered with 500 or above. It takes the place of gin.Recovery; where both are used it
// comes after. Where there is no client it does nothing.
func Middleware(o Options) gin.HandlerFunc {
	wrap := picket.Middleware
	if o.Client != nil {
		wrap = o.Client.Middleware
	}
	return func(c *gin.Context) {
		t := &turn{c: c, below: c.Writer}
		if route := c.FullPath(); route != "" {
			c.Request.Pattern = route
		}
		wrap(o.about(c))(http.HandlerFunc(t.serve)).ServeHTTP(c.Writer, c.Request)
		c.Writer = t.below
		if !t.returned {
			c.Abort() // or gin would go on with the handler after the one that panicked
		}
	}
}

// about returns the options for one request. The functions are called while it begins,
// so that nothing keeps c, which gin uses again.
func (o *Options) about(c *gin.Context) picket.MiddlewareOptions {
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
func (o *Options) agent(c *gin.Context) picket.Agent {
	if o.Agent != nil {
		if a := o.Agent(c); a.ID != "" || a.Name != "" {
			return a
		}
	}
	if o.AgentHeader != "" && c.GetHeader(o.AgentHeader) != "" {
		return picket.Agent{}
	}
	return picket.Agent{ID: c.Param(o.AgentParam)}
}

// turn is one request's way through the middleware.
type turn struct {
	c        *gin.Context
	below    gin.ResponseWriter
	returned bool
}

// serve hands the request on, with the context and the writer that picket gave it.
func (t *turn) serve(w http.ResponseWriter, r *http.Request) {
	if r == t.c.Request { // nothing is reported
		t.c.Next()
		t.returned = true
		return
	}
	t.c.Request = r
	t.c.Writer = &writer{ResponseWriter: t.below, watched: w}
	t.c.Next()
	t.returned = true
	if t.below.Status() >= http.StatusInternalServerError {
		for _, e := range t.c.Errors {
			picket.CaptureReturned(t.c.Request.Context(), e.Err)
		}
	}
	if !t.below.Written() {
		w.WriteHeader(t.below.Status()) // gin writes it later
	}
}
