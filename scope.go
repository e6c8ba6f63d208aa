package picket

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/getsentry/sentry-go"
)

// scope is whose something is, and the trail that led there. Everything that begins by
// itself (a request, an execution, a goroutine of Go) has one of its own; contexts
// derived from it copy the identity and share the rest.
type scope struct {
	client *Client
	// outer is the scope this one was derived from, up to where a request, an
	// execution or a goroutine began.
	outer *scope
	trail *trail
	trace trace
	// request is what is being answered, nil outside of the middleware.
	request *requestInfo

	mu sync.RWMutex
	identity
}

// node is a context that knows its scope and its place in the tree of spans. A Span is
// one, too, so that starting a span makes one object.
type node struct {
	context.Context
	scope *scope
	span  *Span
	exec  *Execution
	hub   atomic.Pointer[sentry.Hub]
}

type nodeKey struct{}

// Value returns the node itself to us and a hub of its own to sentry-go, which is made
// when it is first asked for.
func (n *node) Value(key any) any {
	switch key {
	case nodeKey{}:
		return n
	case sentry.HubContextKey:
		return n.sentryHub()
	}
	return n.Context.Value(key)
}

// nodeOf returns the nearest node, or nil.
func nodeOf(ctx context.Context) *node {
	if ctx == nil {
		return nil
	}
	n, _ := ctx.Value(nodeKey{}).(*node)
	return n
}

// nodeOr returns the nearest node, or else the base of the default client; nil when
// there is no client at all.
func nodeOr(ctx context.Context) *node {
	if n := nodeOf(ctx); n != nil {
		return n
	}
	if c := defaultClient.Load(); c != nil {
		return c.base
	}
	return nil
}

// NewContext returns a context in which everything is reported by c, in a scope of its
// own. Use it where several clients live in one program; otherwise Init is enough.
func NewContext(ctx context.Context, c *Client) context.Context {
	if c == nil {
		return ctx
	}
	return isolate(ctx, c)
}

// isolate returns a context with a scope of its own that begins with what the outer
// one knows: its identity, its trace and a copy of its breadcrumbs. Outside of every
// scope it begins with the identity of the process alone.
func isolate(ctx context.Context, c *Client) *node {
	n := nodeOf(ctx)
	if n == nil {
		s := &scope{client: c, trail: newTrail(c), trace: newTrace(), identity: c.base.scope.who()}
		return &node{Context: orBackground(ctx), scope: s}
	}
	s := &scope{client: c, trail: n.scope.trail.fork(), trace: n.scope.trace, request: n.scope.request, identity: n.scope.who()}
	return &node{Context: ctx, scope: s, span: n.span, exec: n.exec}
}

// derive returns a context whose scope is a changed copy of the one ctx has.
func derive(ctx context.Context, change func(*identity)) context.Context {
	n := nodeOf(ctx)
	if n == nil {
		c := defaultClient.Load()
		if c == nil {
			return ctx
		}
		n = isolate(ctx, c)
		change(&n.scope.identity)
		return n
	}
	s := &scope{client: n.scope.client, outer: n.scope, trail: n.scope.trail, trace: n.scope.trace, request: n.scope.request, identity: n.scope.who()}
	change(&s.identity)
	return &node{Context: ctx, scope: s, span: n.span, exec: n.exec}
}

// amend changes the scope of ctx and those it was derived from.
func amend(ctx context.Context, change func(*identity)) {
	n := nodeOr(ctx)
	if n == nil {
		return
	}
	for s := n.scope; s != nil; s = s.outer {
		s.mu.Lock()
		change(&s.identity)
		s.mu.Unlock()
	}
}

// who returns the identity, with what only the routed request can tell.
func (s *scope) who() identity {
	s.mu.RLock()
	i := s.identity
	s.mu.RUnlock()
	if s.request != nil && i.agent.key() == "" {
		i.agent = s.request.agent()
	}
	return i
}

func orBackground(ctx context.Context) context.Context {
	if ctx == nil {
		return context.Background()
	}
	return ctx
}
