package picket

import (
	"log/slog"
	"sync"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// When a container of spans leaves: at this age, or when it holds so much.
const (
	containerAge   = time.Second
	containerSpans = 100
	containerBytes = 512 << 10
)

// container gathers spans of one trace that leave by themselves.
type container struct {
	root  *root
	items []byte // the payload but for its end
	count int
}

// The payload of a container.
const (
	containerHead = `{"version":2,"items":[`
	containerTail = "]}"
	containerRoom = 8 << 10
)

// add appends an encoded span.
func (k *container) add(span []byte) {
	if k.count > 0 {
		k.items = append(k.items, ',')
	}
	k.items = append(k.items, span...)
	k.count++
}

// stream adds a span to the root's container.
func (r *root) stream(s *Span, end time.Time) {
	e := r.client.encoder()
	defer e.release()
	e.spanV2(s, end)
	r.mu.Lock()
	fresh := r.container == nil
	if fresh {
		r.container = &container{root: r, items: append(make([]byte, 0, containerRoom), containerHead...)}
	}
	k := r.container
	k.add(e.buf)
	full := k.count >= containerSpans || len(k.items) >= containerBytes
	if full {
		r.container = nil
	}
	r.mu.Unlock()
	switch {
	case full:
		k.send()
	case fresh:
		r.client.streams.wait(r)
	}
}

// flush sends what the root's container holds.
func (r *root) flush() {
	r.mu.Lock()
	k := r.container
	r.container = nil
	r.mu.Unlock()
	if k != nil {
		k.send()
	}
}

func (k *container) send() {
	c := k.root.client
	payload := append(k.items, containerTail...)
	c.out.send(parcel{
		trace:    k.root.scope.trace.header(c, k.root.lowCardinalityName()),
		items:    []wire.Item{{Type: wire.ItemSpan, ContentType: wire.ContentSpansV2, ItemCount: k.count, Payload: payload}},
		category: wire.CategorySpan,
		quantity: k.count,
	})
}

// streams sends the containers that have waited long enough. Its goroutine runs only
// while some are waiting.
type streams struct {
	client *Client

	mu      sync.Mutex
	waiting []*root
	running bool
	closed  bool
	stop    chan struct{}
	done    sync.WaitGroup
}

// wait sees to it that r is flushed before long.
func (s *streams) wait(r *root) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		// Nobody will come by any more; what is late leaves at once.
		r.flush()
		return
	}
	defer s.mu.Unlock()
	s.waiting = append(s.waiting, r)
	if !s.running {
		s.running = true
		if s.stop == nil {
			s.stop = make(chan struct{})
		}
		s.done.Go(s.run)
	}
}

// run flushes once per age until nothing is waiting.
func (s *streams) run() {
	tick := time.NewTicker(containerAge)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.stop:
			return
		}
		s.mu.Lock()
		roots := s.waiting
		s.waiting = nil
		if len(roots) == 0 {
			s.running = false
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		for _, r := range roots {
			r.flush()
		}
	}
}

// flush sends every container at once.
func (s *streams) flush() {
	s.mu.Lock()
	roots := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	for _, r := range roots {
		r.flush()
	}
}

// close flushes and stops.
func (s *streams) close() {
	s.mu.Lock()
	if !s.closed && s.stop != nil {
		close(s.stop)
	}
	s.closed = true
	s.mu.Unlock()
	s.done.Wait()
	s.flush()
}

// spanV2 writes a span as containers carry it: everything it needs to be understood
// alone stands among its attributes.
func (e *encoder) spanV2(s *Span, end time.Time) {
	segment := s.root.segmentSpan()
	segmentName := segment.segmentName(s.root)
	who := s.inside.scope.who()
	s.mu.Lock()
	defer s.mu.Unlock()
	e.open()
	e.spanIDs(s)
	e.free("name", s.name, &e.by.plain)
	e.fixed("status", statusV2(s.status))
	e.member("is_segment")
	e.bool(s == segment)
	e.member("start_timestamp")
	e.seconds(s.start)
	e.member("end_timestamp")
	e.seconds(end)
	e.member("attributes")
	e.open()
	var room [40]Attr
	list := append(attrList(room[:0]), s.attrs...)
	list.addSpan(s)
	list.add("sentry.segment.id", segment.id.String())
	list.add("sentry.segment.name", segmentName)
	list.addHost(s.root.client)
	list.addOwner(s, &who)
	e.typedAttrs(list)
	e.close()
	e.close()
}

// attrStatusMessage says in words how a span went.
const attrStatusMessage = "sentry.status.message"

// attrList gathers what a container says of a span: what is said first holds.
type attrList []Attr

// add adds a text, unless it is empty or there is another.
func (l *attrList) add(key, value string) {
	if value == "" {
		return
	}
	for i := range *l {
		if (*l)[i].Key == key {
			return
		}
	}
	*l = append(*l, slog.String(key, value))
}

// addSpan adds what other formats have members for. The caller holds s.mu.
func (l *attrList) addSpan(s *Span) {
	l.add("sentry.op", s.op)
	l.add("sentry.origin", s.origin)
	if s.status != sentry.SpanStatusOK {
		l.add(attrStatusMessage, s.status.String())
	}
}

// addHost adds what all spans of a program have in common.
func (l *attrList) addHost(c *Client) {
	l.add("sentry.release", c.options.Release)
	l.add("sentry.environment", c.options.Environment)
	l.add("sentry.sdk.name", sdkName)
	l.add("sentry.sdk.version", sdkVersion)
	l.add("sentry.platform", "go")
	l.add("server.address", c.options.ServerName)
}

// addOwner adds whose a span is; what is not to be known of a user is left out when it
// is encoded.
func (l *attrList) addOwner(s *Span, who *identity) {
	c := s.root.client
	id := who.user.ID
	if c.options.AnonymizeUsers {
		id = encodeFirst(id, who.user.Email, who.user.Name)
	}
	l.add("user.id", id)
	l.add("user.email", who.user.Email)
	l.add("user.name", who.user.Name)
	l.add("user.ip_address", who.user.IP)
	l.add(wire.AttrOrganizationID, who.organization.ID)
	l.add(wire.AttrExecutionID, s.inside.exec.ID())
	l.add(attrConversation, who.conversation)
	l.add(attrAgentName, who.agent.title())
	l.add(attrAgentID, who.agent.key())
	l.add(attrAgentVersion, who.agent.Version)
	l.add(wire.TagAgentFramework, who.agent.Framework)
	for _, t := range who.tags {
		l.add(t.key, t.value)
	}
	for key, value := range c.options.Tags {
		l.add(key, value)
	}
}

// segmentSpan returns the root of this service's part of the trace.
func (r *root) segmentSpan() *Span {
	if r.streams && r.exec.within != nil {
		return r.exec.within
	}
	return r.segment
}

// segmentName returns the name of a segment that spans of r lie in. A request that is
// being answered does not bear its name yet.
func (s *Span) segmentName(r *root) string {
	if s == r.segment {
		return r.transactionName()
	}
	return s.inside.transactionName()
}

// statusV2 is how a v2 span says how it went: ok or error.
func statusV2(s sentry.SpanStatus) string {
	switch s {
	case sentry.SpanStatusOK, sentry.SpanStatusCanceled, sentry.SpanStatusUndefined:
		return "ok"
	}
	return "error"
}
