package api

import (
	"context"
	"net/http"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"relay.one/picket/internal/access"
)

// operation describes one thing that a caller can ask for.
type operation struct {
	id      string
	method  string // GET when empty
	acts    bool   // a POST that makes nothing new: it answers 200
	path    string
	also    string // a second path of the same operation
	scope   access.Scope
	tag     string
	summary string
	about   string
	status  int // of the answer; the method's own when zero
}

// tokenScheme is the name of the bearer token among the security schemes.
const tokenScheme = "token"

// add puts an operation on the table. The handler gets the caller, whose scope was
// checked, and returns the body of the answer or an error of one of model's kinds.
func add[I, O any](a *rest, to huma.API, op operation, handle func(context.Context, access.Caller, *I) (O, error)) {
	type answer struct{ Body O }
	run := func(ctx context.Context, in *I) (*answer, error) {
		c, err := access.From(ctx)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		out, err := handle(ctx, c, in)
		if err != nil {
			return nil, a.problem(ctx, err)
		}
		return &answer{out}, nil
	}
	huma.Register(to, a.describe(to, op, op.path, op.id), run)
	if op.also != "" {
		huma.Register(to, a.describe(to, op, op.also, op.id+"V1"), run)
	}
}

func (a *rest) describe(to huma.API, op operation, path, id string) huma.Operation {
	h := huma.Operation{
		OperationID: id,
		Method:      op.method,
		Path:        path,
		Summary:     op.summary,
		Description: op.about,
		Tags:        []string{op.tag},
		Security:    []map[string][]string{{tokenScheme: {op.scope}}},
		Middlewares: huma.Middlewares{a.require(to, op.scope)},
	}
	if h.Method == "" {
		h.Method = http.MethodGet
	}
	if h.Method == http.MethodPost && !op.acts {
		h.DefaultStatus = http.StatusCreated
	}
	if op.status != 0 {
		h.DefaultStatus = op.status
	}
	return h
}

// require lets only callers with the scope through, before anything of the request is read.
func (a *rest) require(to huma.API, scope access.Scope) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c, err := access.From(ctx.Context())
		if err == nil {
			err = c.Allow(scope)
		}
		if err != nil {
			status, text := access.Status(err)
			huma.WriteErr(to, ctx, status, text) // the caller may be gone: nothing to be done
			return
		}
		next(ctx)
	}
}

const about = `What Picket knows about your agents: errors, performance, money and policy.

Names are camelCase. Times are RFC 3339 in UTC. Money is in US dollars, as a decimal number and, exact, as an integer of
nano-dollars whose name ends in Nanos. Durations are in milliseconds. A rate is null where there is nothing to divide by.
Lists page by an opaque cursor: send what came as "next". Unknown parameters and fields are refused with 400. Errors are
RFC 9457 problems. Everything asks for a bearer token with the scope that the operation names; a server in development
mode asks for none.`

// newAPI returns the empty table on which routes are put.
func newAPI(mux *http.ServeMux) huma.API {
	c := huma.DefaultConfig("Picket", "1")
	c.Info.Description = about
	c.Info.License = &huma.License{Name: "Apache 2.0", Identifier: "Apache-2.0"}
	c.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", schemaName)
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		tokenScheme: {Type: "http", Scheme: "bearer", Description: "Made by picket token create. The scopes of an operation are those that the token must have; a write scope includes the read scope."},
	}
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", ""
	c.CreateHooks = nil // no "$schema" in answers
	c.AllowAdditionalPropertiesByDefault = true
	c.RejectUnknownQueryParameters = true
	c.Transformers = []huma.Transformer{plainBody}
	api := humago.New(mux, c)
	api.UseMiddleware(plainStatus)
	return api
}

// schemaName names a schema after its Go type.
func schemaName(t reflect.Type, hint string) string {
	if t == reflect.TypeFor[huma.ErrorModel]() {
		return "Problem"
	}
	if t == reflect.TypeFor[huma.ErrorDetail]() {
		return "ProblemDetail"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// finish makes the document say what is true of every answer: lists are never null.
func finish(d *huma.OpenAPI) *huma.OpenAPI {
	for _, s := range d.Components.Schemas.Map() {
		for _, p := range s.Properties {
			if p.Type == huma.TypeArray {
				p.Nullable = false
			}
		}
	}
	for _, item := range d.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Put, item.Post, item.Patch, item.Delete} {
			if op != nil {
				slices.Sort(op.Tags)
			}
		}
	}
	return d
}
