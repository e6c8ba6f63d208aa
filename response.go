package picket

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// response watches what a handler answers. It offers what the writer below offers: see
// writer.
type response struct {
	http.ResponseWriter
	scope *scope

	// Who captures an error in another goroutine looks at these.
	status atomic.Int32 // zero until the header is written
	at     atomic.Int64 // when it was, in nanoseconds since 1970
}

// The optional abilities of response writers come in these combinations; a writer of
// another one is reached by http.ResponseController through Unwrap. Every response can
// ReadFrom.
type (
	flushingResponse  struct{ *response }
	hijackingResponse struct{ *response }
	http1Response     struct{ flushingResponse }
	http2Response     struct{ flushingResponse }
)

// writer returns the response with the abilities of the writer below, in a request of that
// major version of HTTP.
func (r *response) writer(major int) http.ResponseWriter {
	_, flushes := r.ResponseWriter.(http.Flusher)
	_, hijacks := r.ResponseWriter.(http.Hijacker)
	_, pushes := r.ResponseWriter.(http.Pusher)
	switch {
	case pushes && flushes && major >= 2:
		return http2Response{flushingResponse{r}}
	case flushes && hijacks:
		return http1Response{flushingResponse{r}}
	case flushes:
		return flushingResponse{r}
	case hijacks:
		return hijackingResponse{r}
	}
	return r
}

// Unwrap is for http.ResponseController.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// WriteHeader notes the status and adds the id of the event that was captured before.
func (r *response) WriteHeader(status int) {
	if status >= 200 || status == http.StatusSwitchingProtocols {
		r.answer(status)
	}
	r.ResponseWriter.WriteHeader(status)
}

// answer notes that the header goes out now.
func (r *response) answer(status int) {
	if r.status.Load() != 0 {
		return
	}
	r.nameEvent()
	r.at.Store(r.scope.client.now().UnixNano())
	r.status.Store(int32(status))
}

// nameEvent adds the id of the event that was captured last to the header.
func (r *response) nameEvent() {
	if id := r.scope.trail.lastID(); id != "" {
		r.Header().Set(HeaderEventID, string(id))
	}
}

// answered returns the status and when it was written; zero while it is not.
func (r *response) answered() (status int, at time.Time) {
	status = int(r.status.Load())
	return status, time.Unix(0, r.at.Load())
}

// Write writes the header first, as net/http does.
func (r *response) Write(b []byte) (int, error) {
	r.begin()
	return r.ResponseWriter.Write(b)
}

// WriteString is io.WriteString without a copy, where the writer below can.
func (r *response) WriteString(s string) (int, error) {
	r.begin()
	return io.WriteString(r.ResponseWriter, s)
}

// ReadFrom lets the kernel copy files, where the writer below can.
func (r *response) ReadFrom(src io.Reader) (int64, error) {
	r.begin()
	if below, ok := r.ResponseWriter.(io.ReaderFrom); ok {
		return below.ReadFrom(src)
	}
	return io.Copy(r.ResponseWriter, src)
}

func (r *response) begin() {
	if r.status.Load() == 0 {
		r.WriteHeader(http.StatusOK)
	}
}

// Flush sends what was written.
func (r flushingResponse) Flush() {
	r.begin()
	r.ResponseWriter.(http.Flusher).Flush()
}

// FlushError is Flush with the error, where the writer below tells.
func (r flushingResponse) FlushError() error {
	r.begin()
	return http.NewResponseController(r.ResponseWriter).Flush()
}

// Hijack hands over the connection; what is answered on it is not seen.
func (r http1Response) Hijack() (net.Conn, *bufio.ReadWriter, error) { return r.hijack() }

// Hijack hands over the connection; what is answered on it is not seen.
func (r hijackingResponse) Hijack() (net.Conn, *bufio.ReadWriter, error) { return r.hijack() }

func (r *response) hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := r.ResponseWriter.(http.Hijacker).Hijack()
	if err == nil {
		r.answer(http.StatusSwitchingProtocols)
	}
	return conn, buffered, err
}

// Push starts an HTTP/2 push.
func (r http2Response) Push(target string, o *http.PushOptions) error {
	return r.ResponseWriter.(http.Pusher).Push(target, o)
}

// LastEventID returns the id of the event that was captured last in the surrounding
// request or execution, empty when there was none. Show it to the user: it is what
// support searches by.
func LastEventID(ctx context.Context) EventID {
	if n := nodeOf(ctx); n != nil {
		return n.scope.trail.lastID()
	}
	return ""
}

// problem is RFC 9457's problem details, with the event's id.
type problem struct {
	Type    string `json:"type"`
	Title   string `json:"title"`
	Status  int    `json:"status"`
	Detail  string `json:"detail,omitempty"`
	EventID string `json:"eventId,omitempty"`
}

// WriteProblem answers a request with a status and application/problem+json (RFC 9457)
// that names the event captured for it, if any: in the body as eventId, and in the
// header HeaderEventID.
func WriteProblem(w http.ResponseWriter, r *http.Request, status int, detail string) {
	id := LastEventID(r.Context())
	body, err := json.Marshal(problem{"about:blank", http.StatusText(status), status, detail, string(id)})
	if err != nil { // strings and numbers always marshal
		panic(err)
	}
	h := w.Header()
	h.Del("Content-Length")
	h.Set("Content-Type", "application/problem+json")
	h.Set("X-Content-Type-Options", "nosniff")
	if id != "" {
		h.Set(HeaderEventID, string(id))
	}
	w.WriteHeader(status)
	// A client that is gone cannot be told anything.
	_, _ = w.Write(append(body, '\n'))
}

// bodyRecorder keeps the beginning of what is read from a request's body.
type bodyRecorder struct {
	io.ReadCloser
	limit int

	mu   sync.Mutex
	kept []byte
	more bool
}

func (b *bodyRecorder) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.mu.Lock()
	defer b.mu.Unlock()
	take := min(n, b.limit-len(b.kept))
	b.kept = append(b.kept, p[:take]...)
	b.more = b.more || take < n
	return n, err
}

// text returns what was kept; half a document would hide secrets from who reads it by
// its names, so what was cut is said and not sent.
func (b *bodyRecorder) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.more {
		return "[longer than MiddlewareOptions.BodyBytes]"
	}
	return string(b.kept)
}
