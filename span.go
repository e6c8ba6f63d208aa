package picket

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/getsentry/sentry-go"
)

// Span is a piece of work with a beginning and an end. It is also the context of what
// happens inside of it. A nil Span, which is what one gets where the trace is not
// sampled, does nothing. It may be used by many goroutines at once.
type Span struct {
	inside node
	root   *root
	id     sentry.SpanID
	parent sentry.SpanID
	op     string
	origin string
	start  time.Time

	mu     sync.Mutex
	name   string
	status sentry.SpanStatus
	attrs  []Attr
	ended  bool
	// room holds the first attributes without another allocation.
	room [6]Attr
}

// Origins say who made a span: the application, or one of our wrappers.
const (
	originManual = "manual"
	originHTTP   = "auto.http.picket"
	originDB     = "auto.db.picket"
	originAgent  = "auto.ai.picket"
)

// StartSpan begins a piece of work below the current one and returns the context of
// what happens inside. op is its kind by Sentry's conventions (db, http.client,
// function …), name says what it does without values that vary. End it.
//
// Outside of every transaction and execution it begins a transaction.
func StartSpan(ctx context.Context, op, name string, attrs ...Attr) (context.Context, *Span) {
	n := nodeOf(ctx)
	if n != nil && n.span != nil {
		s := n.span.child(ctx, n, op, name, attrs)
		return s.context(), s
	}
	if n != nil && n.scope.trace.sampled == dropped {
		return ctx, nil
	}
	return StartTransaction(ctx, op, name, attrs...)
}

// StartTransaction begins a transaction: work that stands by itself, such as a job or a
// message from a queue. The middleware does so for requests. Within a transaction it
// begins another one in the same trace.
func StartTransaction(ctx context.Context, op, name string, attrs ...Attr) (context.Context, *Span) {
	n := nodeOr(ctx)
	if n == nil {
		return orBackground(ctx), nil
	}
	c := n.scope.client
	own := isolate(ctx, c)
	own.beginTrace()
	if !c.decide(&own.scope.trace, SamplingContext{Op: op, Name: name}) {
		c.countUnsampled()
		own.span = nil
		return own, nil
	}
	s := newRoot(own, op, name, attrs)
	return s.context(), s
}

// beginTrace makes the node's scope a part of its own of the trace it is in, or of a
// new one where there is none yet.
func (n *node) beginTrace() {
	t := &n.scope.trace
	switch {
	case n.span != nil:
		t.parent, t.span, t.sampled = n.span.id, newSpanID(), sampled
	case t.sampled == dropped:
		t.parent, t.span = t.span, newSpanID()
	case n.scope.request == nil:
		*t = newTrace()
	}
}

// newRoot begins the root span of a transaction in a scope of its own.
func newRoot(n *node, op, name string, attrs []Attr) *Span {
	s := &Span{root: &root{client: n.scope.client, scope: n.scope, exec: n.exec, source: sourceCustom}}
	s.begin(n.Context, n, op, name, attrs)
	s.id, s.parent = n.scope.trace.span, n.scope.trace.parent
	s.root.segment = s
	return s
}

// child begins a span below s, in the context and scope of n.
func (s *Span) child(ctx context.Context, n *node, op, name string, attrs []Attr) *Span {
	c := &Span{root: s.root, id: newSpanID(), parent: s.id}
	c.begin(ctx, n, op, name, attrs)
	return c
}

func (s *Span) begin(ctx context.Context, n *node, op, name string, attrs []Attr) {
	s.inside.Context, s.inside.scope, s.inside.exec, s.inside.span = ctx, n.scope, n.exec, s
	s.op, s.name, s.origin = op, name, originManual
	s.start = n.scope.client.now()
	s.attrs = append(s.room[:0], n.scope.client.settled(attrs)...)
}

// context returns the context of what happens inside of s.
func (s *Span) context() context.Context { return &s.inside }

// Set adds attributes, or other values of those it has.
func (s *Span) Set(attrs ...Attr) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.root.client.settled(attrs) {
		s.set(a)
	}
}

func (s *Span) set(a Attr) {
	for i := range s.attrs {
		if s.attrs[i].Key == a.Key {
			s.attrs[i] = a
			return
		}
	}
	s.attrs = append(s.attrs, a)
}

// SetName gives the span another name, such as the route once it is known.
func (s *Span) SetName(name string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.name = name
	s.mu.Unlock()
}

// SetStatus says how it went; otherwise a span that ends is ok.
func (s *Span) SetStatus(status sentry.SpanStatus) {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.status = status
	s.mu.Unlock()
}

// Fail says that it went wrong with err, and gives the span the status that suits it.
// A nil error changes nothing. It captures nothing: that is CaptureException's work.
func (s *Span) Fail(err error) {
	if s == nil || err == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = statusOf(err)
	s.set(slog.String("error.type", errorLabel(err)))
}

// TraceID returns the id of the span's trace, 32 hexadecimal digits.
func (s *Span) TraceID() string {
	if s == nil {
		return ""
	}
	return s.inside.scope.trace.id.String()
}

// SpanID returns the span's id, 16 hexadecimal digits.
func (s *Span) SpanID() string {
	if s == nil {
		return ""
	}
	return s.id.String()
}

// End ends the span; further calls and changes do nothing. A span that ends after its
// transaction is not lost: it is sent by itself.
func (s *Span) End() {
	if s == nil {
		return
	}
	s.endAt(s.root.client.now())
}

func (s *Span) endAt(end time.Time) {
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return
	}
	s.ended = true
	if s.status == sentry.SpanStatusUndefined {
		s.status = sentry.SpanStatusOK
	}
	s.mu.Unlock()
	s.root.ended(s, end)
}

// Measure runs f inside of a span and returns what it returns. An error or a panic of f
// shows in the span's status; a panic goes on.
func Measure[T any](ctx context.Context, op, name string, f func(context.Context) (T, error)) (T, error) {
	ctx, s := StartSpan(ctx, op, name)
	finished := false
	defer func() {
		if !finished {
			s.SetStatus(sentry.SpanStatusInternalError)
		}
		s.End()
	}()
	v, err := f(ctx)
	finished = true
	s.Fail(err)
	return v, err
}

// statusOf finds the status that says most about an error.
func statusOf(err error) sentry.SpanStatus {
	switch {
	case errors.Is(err, context.Canceled):
		return sentry.SpanStatusCanceled
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		return sentry.SpanStatusDeadlineExceeded
	case errors.Is(err, os.ErrNotExist):
		return sentry.SpanStatusNotFound
	case errors.Is(err, os.ErrPermission):
		return sentry.SpanStatusPermissionDenied
	}
	return sentry.SpanStatusInternalError
}
