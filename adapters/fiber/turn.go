package picketfiber

import (
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v3"

	"relay.one/picket"
)

// turn is one request's way through the middleware.
type turn struct {
	plain *http.Request // before picket gave it a context
	err   error

	mu sync.Mutex
	c  fiber.Ctx // nil once the request has ended: fiber uses it again
	// agentParam and what is known of the route.
	agentParam     string
	pattern, agent string
}

// serve hands the request on, with the context that picket gave it.
func (t *turn) serve(w http.ResponseWriter, r *http.Request) {
	c := t.c
	if r == t.plain { // nothing is reported
		t.err = c.Next()
		return
	}
	c.SetContext(r.Context())
	if r.Body != nil {
		// picket keeps what is read; that of a string cannot fail.
		_, _ = io.Copy(io.Discard, r.Body)
	}
	err := c.Next()
	if err != nil {
		answerError(c, err)
	}
	status := statusOf(c)
	if err != nil && status >= http.StatusInternalServerError {
		picket.CaptureReturned(c.Context(), err)
	}
	w.WriteHeader(status)
}

// answerError does what fiber does with an error that no middleware took.
func answerError(c fiber.Ctx, err error) {
	if c.App().ErrorHandler(c, err) != nil {
		c.Status(http.StatusInternalServerError).Response().SetBodyString(http.StatusText(http.StatusInternalServerError))
	}
}

// statusOf returns the status that a request is answered with.
func statusOf(c fiber.Ctx) int {
	if late := c.RequestCtx().LastTimeoutErrorResponse(); late != nil {
		return late.StatusCode()
	}
	return c.Response().StatusCode()
}

// route is MiddlewareOptions.Route.
func (t *turn) route(*http.Request) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.look()
	return t.pattern
}

// pathValue is for picket.WithPathValues.
func (t *turn) pathValue(name string) string {
	if name != t.agentParam {
		return ""
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.look()
	return t.agent
}

// look notes what is known of the route, as long as the Ctx is ours: fiber finds the
// route while the middlewares run, and tells nobody when it has. The caller holds t.mu.
func (t *turn) look() {
	if t.c == nil || !t.c.Matched() {
		return
	}
	t.pattern = t.c.FullPath()
	if t.agentParam != "" {
		t.agent = strings.Clone(t.c.Params(t.agentParam))
	}
}

// release takes a last look and gives the Ctx back.
func (t *turn) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.look()
	t.c = nil
}
