package picket

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/getsentry/sentry-go"
)

// Categories of the breadcrumbs that the SDK leaves by itself.
const (
	CrumbRequest = "request"
	CrumbHTTP    = "http"
	CrumbQuery   = "query"
	CrumbTool    = "tool"
	CrumbModel   = "model"
	CrumbPolicy  = "policy"
	CrumbHandoff = "handoff"
)

// Breadcrumb is one step of what led to an error.
type Breadcrumb struct {
	// Type is Sentry's kind of it: default, http, query, info, error …; empty is default.
	Type     string
	Category string
	Message  string
	// Level is info when empty.
	Level sentry.Level
	Data  []Attr
	// Timestamp is now when zero.
	Timestamp time.Time
}

// AddBreadcrumb leaves b on the trail of the surrounding request or execution; the
// errors that are captured there later show it. Where ctx is of neither, b is left on
// the trail of the process, which only errors captured outside of both show.
func AddBreadcrumb(ctx context.Context, b Breadcrumb) {
	if n := nodeOr(ctx); n != nil {
		n.scope.leave(b)
	}
}

func (s *scope) leave(b Breadcrumb) {
	if s.client.options.MaxBreadcrumbs == 0 {
		return
	}
	if b.Timestamp.IsZero() {
		b.Timestamp = s.client.now()
	}
	if b.Level == "" {
		b.Level = sentry.LevelInfo
	}
	b.Data = slices.Clone(b.Data)
	if s.passes(&b) {
		b.Data = s.client.settled(b.Data)
		s.trail.add(b)
	}
}

// trail is a ring of the newest breadcrumbs, and the memory of the errors captured
// beside it.
type trail struct {
	limit int
	memory

	mu     sync.Mutex
	crumbs []Breadcrumb
	next   int // where the oldest stands once the ring is full
}

func newTrail(c *Client) *trail {
	return &trail{limit: c.options.MaxBreadcrumbs}
}

func (t *trail) add(b Breadcrumb) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.crumbs) < t.limit {
		t.crumbs = append(t.crumbs, b)
		return
	}
	t.crumbs[t.next] = b
	t.next = (t.next + 1) % t.limit
}

// all returns a copy of the breadcrumbs, oldest first.
func (t *trail) all() []Breadcrumb {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Concat(t.crumbs[t.next:], t.crumbs[:t.next])
}

// crumbs returns what led here, oldest first: the steps of the request, and the trail.
func (n *node) crumbs() []Breadcrumb {
	s := n.scope
	list := s.trail.all()
	if s.request == nil || s.trail.limit == 0 {
		return list
	}
	for _, b := range s.request.crumbs() {
		if s.passes(&b) {
			list = append(list, b)
		}
	}
	slices.SortStableFunc(list, func(a, b Breadcrumb) int { return a.Timestamp.Compare(b.Timestamp) })
	return list[max(0, len(list)-s.trail.limit):]
}

// passes asks the host about a breadcrumb, which it may change.
func (s *scope) passes(b *Breadcrumb) bool {
	before := s.client.options.BeforeBreadcrumb
	return before == nil || s.client.guard("BeforeBreadcrumb", func() bool { return before(b) })
}

// fork returns a trail that begins with what this one has.
func (t *trail) fork() *trail {
	return &trail{limit: t.limit, crumbs: t.all(), memory: memory{beyond: &t.memory}}
}
