package upstream

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/redact"
)

// API is Sentry's web API, for one organization there. All fields must be set. It is safe
// for concurrent use.
type API struct {
	URL          string // such as https://sentry.example.com, perhaps with a path
	Token        string // with event:read and event:write
	Organization string // slug
	Client       *http.Client
}

// maxAPIAnswer is the most read of an answer: of an event with everything that was sent.
const maxAPIAnswer = 8 << 20

// LatestEvent returns the id of the latest event of an issue there. ErrNotFound when there
// is no such issue, or no event of it.
func (a *API) LatestEvent(ctx context.Context, issue string) (id model.EventID, err error) {
	answer, err := a.call(ctx, http.MethodGet, issue, "events/latest/", nil)
	if err != nil {
		return id, err
	}
	var event struct {
		EventID string `json:"eventID"`
		ID      string `json:"id"`
	}
	if err := json.Unmarshal(answer, &event); err != nil {
		return id, errors.New("its answer is no event")
	}
	if id, err = model.ParseEventID(cmp.Or(event.EventID, event.ID)); err != nil {
		return id, errors.New("its answer names no event")
	}
	return id, nil
}

// SetStatus makes an issue there resolved, unresolved or ignored.
func (a *API) SetStatus(ctx context.Context, issue, status string) error {
	return a.set(ctx, issue, "status", status)
}

// SetAssignee gives an issue there to somebody, by e-mail address or name, or to nobody.
// ErrInvalid when Sentry does not know them.
func (a *API) SetAssignee(ctx context.Context, issue, who string) error {
	return a.set(ctx, issue, "assignedTo", who)
}

func (a *API) set(ctx context.Context, issue, field, value string) error {
	body, err := json.Marshal(map[string]string{field: value})
	if err != nil {
		return fmt.Errorf("write %s: %w", field, err)
	}
	_, err = a.call(ctx, http.MethodPut, issue, "", body)
	return err
}

// call asks for something of an issue and returns the answer.
func (a *API) call(ctx context.Context, method, issue, rest string, body []byte) ([]byte, error) {
	at := strings.TrimRight(a.URL, "/") + "/api/0/organizations/" + url.PathEscape(a.Organization) + "/issues/" + url.PathEscape(issue) + "/" + rest
	r, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: its address cannot be called", model.ErrInvalid)
	}
	r.Header.Set("Authorization", "Bearer "+a.Token)
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	w, err := a.Client.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address, which is known
		}
		return nil, fmt.Errorf("no answer: %w", err)
	}
	defer w.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(w.Body, maxAPIAnswer))
	if w.StatusCode/100 != 2 {
		return nil, a.refused(w, answer)
	}
	if err != nil {
		return nil, fmt.Errorf("the answer ended early: %w", err)
	}
	return answer, nil
}

// Refusal is an answer of Sentry's API that is no success. It is of the kind ErrNotFound,
// ErrInvalid, ErrUnauthorized or ErrForbidden where its status is; others may go well later.
type Refusal struct {
	Status int
	Detail string // what Sentry said, shortened and without secrets
	after  time.Duration
}

// Error implements error.
func (e *Refusal) Error() string {
	hint := apiHints[e.Status]
	if e.Status/100 == 3 {
		hint = "it redirects: write the address that it redirects to into the settings"
	}
	return strings.TrimRight(fmt.Sprintf("%d %s: %s", e.Status, cmp.Or(hint, http.StatusText(e.Status)), e.Detail), ": ")
}

// apiHints say what to do about an answer.
var apiHints = map[int]string{
	http.StatusUnauthorized: "the token is not valid: make a new one at Sentry",
	http.StatusForbidden:    "the token may not do that: it needs event:read and event:write",
	http.StatusNotFound:     "there is no such issue, or the organization's slug is wrong",
}

// apiKinds are those of answers that will not be others by asking again.
var apiKinds = map[int]error{
	http.StatusBadRequest: model.ErrInvalid, http.StatusUnprocessableEntity: model.ErrInvalid, http.StatusMethodNotAllowed: model.ErrInvalid,
	http.StatusUnauthorized: model.ErrUnauthorized, http.StatusForbidden: model.ErrForbidden,
	http.StatusNotFound: model.ErrNotFound, http.StatusGone: model.ErrNotFound,
}

// Unwrap returns the kind, nil for what may go well later.
func (e *Refusal) Unwrap() error { return apiKinds[e.Status] }

// RetryAfter returns how long Sentry asks to wait, an hour at most; 0 when it does not.
func (e *Refusal) RetryAfter() time.Duration { return e.after }

// maxAPIDetail is how much is kept of what Sentry said.
const maxAPIDetail = 300

func (a *API) refused(w *http.Response, answer []byte) *Refusal {
	e := &Refusal{Status: w.StatusCode}
	if seconds, err := strconv.Atoi(w.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.after = min(time.Duration(seconds)*time.Second, time.Hour)
	}
	var said map[string]any
	if err := json.Unmarshal(answer, &said); err != nil {
		return e // a page for people
	}
	detail, ok := said["detail"].(string)
	if !ok {
		raw, err := json.Marshal(said)
		if err != nil || len(said) == 0 {
			return e
		}
		detail = string(raw)
	}
	detail, _ = redact.JSONText(strings.ReplaceAll(detail, a.Token, redact.Filtered))
	e.Detail = strings.ToValidUTF8(detail[:min(len(detail), maxAPIDetail)], "")
	return e
}
