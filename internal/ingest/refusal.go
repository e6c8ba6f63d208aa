package ingest

import (
	"errors"
	"net/http"
	"time"

	"relay.one/picket/internal/model"
)

// refusal is the answer to a request that is not taken, or not as a whole.
type refusal struct {
	status int
	// reason is a short word for the counters.
	reason string
	// detail tells the client what is wrong and what would mend it.
	detail string
	// causes are what led to it, in the protocol's own list.
	causes []string
	// retry is how long to stay away; zero says nothing.
	retry time.Duration
	// limits is the X-Sentry-Rate-Limits header; empty for none.
	limits string
}

// Error returns the detail.
func (r *refusal) Error() string { return r.detail }

func refuse(status int, reason, detail string) *refusal {
	return &refusal{status: status, reason: reason, detail: detail}
}

// because adds what led to the refusal.
func (r *refusal) because(err error) *refusal {
	r.causes = append(r.causes, err.Error())
	return r
}

// How long clients are asked to stay away. Short for a full queue, which empties
// in moments: SDKs drop everything meanwhile.
const (
	busyRetry = 1 * time.Second
	fullRetry = 30 * time.Second
)

// internalFault is the reason of refusals that are our own fault.
const internalFault = "internal"

// asRefusal turns whatever stopped a request into an answer. What is no refusal
// and no known kind is our own fault, and says nothing to strangers.
func asRefusal(err error) *refusal {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r
	case errors.Is(err, model.ErrBusy):
		return busy("queue_full", "the write queue is full: try again in a moment")
	case errors.Is(err, model.ErrFull):
		return &refusal{status: http.StatusServiceUnavailable, reason: "disk_full",
			detail: "the disk is full: nothing can be stored until there is room", retry: fullRetry}
	case errors.Is(err, model.ErrInvalid):
		return refuse(http.StatusBadRequest, "invalid", "the payload is invalid").because(err)
	}
	return &refusal{status: http.StatusServiceUnavailable, reason: internalFault,
		detail: "not stored: the log of the server says why", retry: fullRetry}
}

// busy asks for everything of the whole server to be held back for a moment.
func busy(reason, detail string) *refusal {
	return &refusal{status: http.StatusTooManyRequests, reason: reason, detail: detail,
		retry: busyRetry, limits: "1::organization:" + reason}
}
