package access

import (
	"context"
	"errors"
	"net/http"

	"relay.one/picket/internal/model"
)

// kinds maps the kinds of error to HTTP, the first that fits.
var kinds = []struct {
	kind   error
	status int
}{
	{model.ErrNotFound, http.StatusNotFound},
	{model.ErrInvalid, http.StatusBadRequest},
	{model.ErrConflict, http.StatusConflict},
	{model.ErrUnauthorized, http.StatusUnauthorized},
	{model.ErrForbidden, http.StatusForbidden},
	{model.ErrBusy, http.StatusTooManyRequests},
	{model.ErrFull, http.StatusServiceUnavailable},
	{context.Canceled, http.StatusServiceUnavailable},
	{context.DeadlineExceeded, http.StatusServiceUnavailable},
}

// Status returns the HTTP status of an error and what a stranger may read of it.
// An error of no kind is our own fault: it is 500, and its text is for the log only.
func Status(err error) (code int, text string) {
	for _, k := range kinds {
		if errors.Is(err, k.kind) {
			return k.status, err.Error()
		}
	}
	return http.StatusInternalServerError, "something went wrong here; the server's log says what"
}
