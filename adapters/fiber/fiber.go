// Package picketfiber lets services that stand on fiber (version 3) report to Picket or
// Sentry.
//
//	app := fiber.New()
//	app.Use(picketfiber.Middleware(picketfiber.Options{AgentParam: "agentId"}))
//	app.Post("/agents/:agentId/runs", func(c fiber.Ctx) error {
//		ctx, run := picket.StartExecution(c.Context(), picket.Agent{})
//		…
//	})
//
// Each request has a scope and a transaction of its own, named by its route. Functions
// of package picket want c.Context(): fiber.Ctx itself does not know of it. Strings that
// fiber lends, such as those of c.Params, must be copied before they are given to what
// goes on after the request, such as an execution in a goroutine of its own.
package picketfiber

import (
	"net/http"
	"strings"

	"github.com/gofiber/fiber/v3"

	"relay.one/picket"
)

// Options say how requests are reported. The zero value is right for most services. The
// functions are called once for every request, before its handler; a panic in one costs
// its answer alone. Strings that they return are copied.
type Options struct {
	// Client reports; nil means the client of c.Context(), or else the default one, which
	// picket.Init makes.
	Client *picket.Client
	// User tells whom a request is done for, mostly from what an outer middleware put
	// into c. picket.SetUser in a handler goes over it.
	User func(c fiber.Ctx) picket.User
	// Organization tells which customer a request is done for.
	Organization func(c fiber.Ctx) picket.Organization
	// Agent tells which agent a request is about. The parameters of the handler's route
	// are not known yet: see AgentParam.
	Agent func(c fiber.Ctx) picket.Agent
	// AgentParam names the parameter of the route that is the agent's id: agentId for
	// "/agents/:agentId/runs".
	AgentParam string
	// AgentHeader names a request header with the agent's id. Where it is sent it goes
	// over AgentParam, and what Agent tells goes over both.
	AgentHeader string
	// Ignore tells which requests are not reported at all, such as health checks. Their
	// panics are not caught.
	Ignore func(c fiber.Ctx) bool
	// BodyBytes is how much of a request's body errors show, secrets taken out; zero
	// means nothing of it. Bodies that are read as a stream are not shown.
	BodyBytes int
	// Repanic lets panics go on after they were reported, for an outer handler of panics
	// that writes the response, such as fiber's recover. Without one the program ends.
	Repanic bool
}

// Middleware returns a middleware that reports each request: its route, status and time
// as a transaction, a panic as an error, answered with 500, the event's id and
// application/problem+json. It takes the place of fiber's recover; where both are used
// it comes after.
//
// An error that a handler returns is given to the app's ErrorHandler at once, since only
// that can tell its status, and is reported when it becomes 500 or above; as with
// fiber's logger, middlewares outside see no error. Where there is no client nothing of
// all this happens.
func Middleware(o Options) fiber.Handler {
	wrap := picket.Middleware
	if o.Client != nil {
		wrap = o.Client.Middleware
	}
	return func(c fiber.Ctx) (err error) {
		t := &turn{c: c}
		defer func() {
			t.release()
			switch p := recover(); {
			case p == nil:
			case p == http.ErrAbortHandler && !o.Repanic:
				err = c.Drop() // what net/http does with it; fasthttp would end the program
			default:
				panic(p)
			}
		}()
		t.plain = t.request(&o)
		wrap(o.about(t))(http.HandlerFunc(t.serve)).ServeHTTP(&answer{c: c}, t.plain)
		return t.err
	}
}

// about returns the options for one request. All functions but Route are called while it
// begins, so that nothing keeps the Ctx, which fiber uses again.
func (o *Options) about(t *turn) picket.MiddlewareOptions {
	c := t.c
	m := picket.MiddlewareOptions{
		AgentHeader: o.AgentHeader, AgentPathValue: o.AgentParam, BodyBytes: o.BodyBytes, Repanic: o.Repanic,
		Route: t.route,
	}
	if o.User != nil {
		m.User = func(*http.Request) picket.User {
			u := o.User(c)
			keep(&u.ID, &u.Email, &u.Name, &u.IP)
			return u
		}
	}
	if o.Organization != nil {
		m.Organization = func(*http.Request) picket.Organization {
			g := o.Organization(c)
			keep(&g.ID, &g.Name, &g.Tier)
			return g
		}
	}
	if o.Agent != nil || o.AgentParam != "" {
		m.Agent = func(*http.Request) picket.Agent {
			a := o.agent(c)
			keep(&a.ID, &a.Name, &a.Framework, &a.Version)
			return a
		}
	}
	if o.Ignore != nil {
		m.Ignore = func(*http.Request) bool { return o.Ignore(c) }
	}
	return m
}

// agent returns the agent unless the header tells it, or the handler's route will.
func (o *Options) agent(c fiber.Ctx) picket.Agent {
	if o.Agent != nil {
		if a := o.Agent(c); a.ID != "" || a.Name != "" {
			return a
		}
	}
	if o.AgentParam == "" || o.AgentHeader != "" && c.Get(o.AgentHeader) != "" {
		return picket.Agent{}
	}
	return picket.Agent{ID: c.Params(o.AgentParam)} // where the middleware stands in a route or group
}

// keep copies strings that fiber may have lent.
func keep(fields ...*string) {
	for _, f := range fields {
		*f = strings.Clone(*f)
	}
}
