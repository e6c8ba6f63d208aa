package hook

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
)

// refusal is an answer other than 200.
type refusal struct {
	status int
	text   string
	wait   time.Duration // after which to send again; zero for nothing
}

// Error implements error.
func (r refusal) Error() string { return r.text }

func bad(format string, args ...any) refusal {
	return refusal{status: http.StatusBadRequest, text: fmt.Sprintf(format, args...)}
}

// refuse answers with a problem, and with what Sentry writes into its log of requests.
// When it is the store that cannot take any more, the answer is 503: Sentry sends again
// after that, and never after a 4xx.
func (d *Door) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var no refusal
	switch {
	case errors.As(err, &no):
	case errors.Is(err, model.ErrInvalid):
		no = bad("%v", err)
	case errors.Is(err, model.ErrBusy), errors.Is(err, model.ErrFull):
		no = refusal{status: http.StatusServiceUnavailable, wait: time.Second}
		_, no.text = access.Status(err)
	default:
		no.status, no.text = access.Status(err)
	}
	if no.status >= http.StatusInternalServerError && r.Context().Err() == nil {
		d.Log.ErrorContext(r.Context(), "webhook could not be taken", "error", err)
	}
	if c := d.counted[no.status]; c != nil {
		c.Inc()
	}
	no.write(w)
}

func (r refusal) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Sentry-Hook-Error", r.text)
	if r.wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int((r.wait+time.Second-1)/time.Second)))
	}
	if r.status == http.StatusMethodNotAllowed {
		h.Set("Allow", http.MethodPost)
	}
	w.WriteHeader(r.status)
	// The sender may be gone: nothing to be done.
	_ = json.NewEncoder(w).Encode(struct {
		Title  string `json:"title"`
		Status int    `json:"status"`
		Detail string `json:"detail"`
	}{http.StatusText(r.status), r.status, r.text})
}
