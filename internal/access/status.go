package access

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"relay.one/picket/internal/model"
)

// kinds maps the kinds of error to HTTP, the first that fits. The text of a kind
// that is the server's trouble, and not the caller's, is for the log.
var kinds = []struct {
	kind   error
	status int
	text   string // what strangers read instead of the error's own text
}{
	{model.ErrNotFound, http.StatusNotFound, ""},
	{model.ErrInvalid, http.StatusBadRequest, ""},
	{model.ErrConflict, http.StatusConflict, ""},
	{model.ErrUnauthorized, http.StatusUnauthorized, ""},
	{model.ErrForbidden, http.StatusForbidden, ""},
	{model.ErrBusy, http.StatusTooManyRequests, "busy: try again in a moment"},
	{model.ErrFull, http.StatusServiceUnavailable, "the disk is full: nothing can be stored until there is room"},
	{context.Canceled, http.StatusServiceUnavailable, "the request ended before its answer"},
	{context.DeadlineExceeded, http.StatusServiceUnavailable, "the answer took too long"},
}

// Status returns the HTTP status of an error and what a stranger may read of it.
// An error of no kind is our own fault: it is 500, and its text is for the log only.
func Status(err error) (code int, text string) {
	for _, k := range kinds {
		if errors.Is(err, k.kind) {
			return k.status, cmp.Or(k.text, err.Error())
		}
	}
	return http.StatusInternalServerError, "something went wrong here; the server's log says what"
}
