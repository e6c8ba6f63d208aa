package api

import (
	"errors"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"relay.one/picket/internal/settings"
)

// fieldErrors returns the settings that an error names, however many were joined.
func fieldErrors(err error) []*settings.FieldError {
	var one *settings.FieldError
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out []*settings.FieldError
		for _, e := range many.Unwrap() {
			out = append(out, fieldErrors(e)...)
		}
		return out
	}
	if errors.As(err, &one) {
		return []*settings.FieldError{one}
	}
	return nil
}

// fieldProblem names every setting that is wrong, in the detail too, since many clients
// show nothing else.
func fieldProblem(status int, fields []*settings.FieldError) *huma.ErrorModel {
	p := problem(status, "")
	var texts []string
	for _, f := range fields {
		texts = append(texts, f.Error())
		p.Errors = append(p.Errors, &huma.ErrorDetail{Message: f.Fix, Location: "body." + f.Field})
	}
	p.Detail = "invalid: " + strings.Join(texts, "; ")
	return p
}
