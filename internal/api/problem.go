package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/signin"
)

var errNoRoute = fmt.Errorf("%w: there is no such route; GET /docs lists them", model.ErrNotFound)

// problem is an error in the shape of RFC 9457.
func problem(status int, detail string) *huma.ErrorModel {
	return &huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail}
}

// problem turns an error of a handler into what the caller may read, and writes
// the rest into the log.
func (a *rest) problem(ctx context.Context, err error) error {
	status, text := access.Status(err)
	if status >= http.StatusInternalServerError && ctx.Err() == nil {
		a.log.ErrorContext(ctx, "api: request went wrong", "error", err)
	}
	var many *signin.TooMany
	if errors.As(err, &many) {
		return huma.ErrorWithHeaders(problem(status, many.Error()), http.Header{"Retry-After": {strconv.Itoa(many.Seconds())}})
	}
	p := problem(status, text)
	if fields := fieldErrors(err); len(fields) > 0 {
		p = fieldProblem(status, fields)
	}
	if errors.Is(err, model.ErrBusy) {
		return huma.ErrorWithHeaders(p, http.Header{"Retry-After": {"1"}})
	}
	return p
}

// refuse answers a request that never reaches an operation.
func (a *rest) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, text := access.Status(err)
	if status >= http.StatusInternalServerError {
		a.log.ErrorContext(r.Context(), "api: caller could not be checked", "error", err)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="picket"`)
	}
	write(w, problem(status, text))
}

func write(w http.ResponseWriter, p *huma.ErrorModel) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p) // the caller may be gone: nothing to be done
}

// lost answers what no route takes: 405 when another method would do, else 404.
func (a *rest) lost(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		allowed := strings.Join(access.Methods(mux, r, "/"), ", ")
		if allowed == "" {
			a.refuse(w, r, errNoRoute)
			return
		}
		w.Header().Set("Allow", allowed)
		write(w, problem(http.StatusMethodNotAllowed, "use "+allowed+" here"))
	}
}

// invalid says that a parameter or field is wrong, by its name.
func invalid(name, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", model.ErrInvalid, name, fmt.Sprintf(format, args...))
}

// plain makes huma's refusals of malformed requests ours: it says 422 where this
// API says 400.
type plain struct{ request }

// request is huma.Context under a name that does not collide with its method.
type request huma.Context

// SetStatus sends 400 for 422.
func (p plain) SetStatus(code int) {
	if code == http.StatusUnprocessableEntity {
		code = http.StatusBadRequest
	}
	p.request.SetStatus(code)
}

// Unwrap returns the context inside, as huma's adapters expect.
func (p plain) Unwrap() huma.Context { return p.request }

func plainStatus(ctx huma.Context, next func(huma.Context)) { next(plain{ctx}) }

// plainBody is plainStatus for the body; it also says in the detail which
// parameters and fields were wrong, since many clients show nothing else.
func plainBody(_ huma.Context, _ string, body any) (any, error) {
	e, ok := body.(*huma.ErrorModel)
	if !ok {
		return body, nil
	}
	for _, d := range e.Errors {
		d.Value = nil // what was sent may hold secrets, and answers are kept in logs
	}
	if e.Status == http.StatusUnsupportedMediaType {
		e.Detail = "send the body as Content-Type: application/json"
	}
	if e.Status != http.StatusUnprocessableEntity {
		return body, nil
	}
	p := problem(http.StatusBadRequest, "")
	var texts []string
	for _, d := range e.Errors {
		texts = append(texts, strings.TrimSpace(d.Location+" "+d.Message))
		p.Errors = append(p.Errors, &huma.ErrorDetail{Message: d.Message, Location: d.Location})
	}
	p.Detail = "invalid: " + strings.Join(texts, "; ")
	return p, nil
}
