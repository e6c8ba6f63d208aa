package picket

import (
	"encoding/hex"
	"sync"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// maxSpans is how many spans a transaction holds; what comes after leaves by itself, in
// containers.
const maxSpans = 1000

// source says where a transaction's name comes from, in Sentry's words.
type source string

const (
	sourceCustom source = "custom"
	sourceRoute  source = "route"
	sourceURL    source = "url"
)

// root is the local root of a trace and how its spans leave: with the transaction when
// that ends, or, of an execution, soon after each has ended.
type root struct {
	client  *Client
	scope   *scope
	exec    *Execution
	segment *Span // the root span itself
	// streams says that spans leave in containers.
	streams bool

	mu       sync.Mutex
	source   source
	children *encoder // holds the spans that have ended; nil while there are none
	count    int
	sent     bool
	// container holds the spans that wait to leave by themselves.
	container *container
}

// transactionName returns the name of the root span, by which its spans are found.
func (r *root) transactionName() string {
	r.segment.mu.Lock()
	defer r.segment.mu.Unlock()
	return r.segment.name
}

// ended takes a span that has ended.
func (r *root) ended(s *Span, end time.Time) {
	if r.streams {
		r.stream(s, end)
		return
	}
	if s == r.segment {
		r.send(end)
		return
	}
	r.mu.Lock()
	if r.sent || r.count >= maxSpans {
		r.mu.Unlock()
		r.stream(s, end)
		return
	}
	defer r.mu.Unlock()
	if r.children == nil {
		r.children = r.client.encoder()
	}
	r.children.spanV1(s, end)
	r.count++
}

// send sends the transaction with the spans that have ended.
func (r *root) send(end time.Time) {
	id := newEventID()
	payload, spans := r.payload(id, end)
	r.client.out.send(parcel{
		eventID:  string(id),
		trace:    r.scope.trace.header(r.client, r.lowCardinalityName()),
		items:    []wire.Item{{Type: wire.ItemTransaction, SpanCount: spans + 1, Payload: payload}},
		category: wire.CategoryTransaction,
		quantity: 1,
		spans:    spans,
	})
}

// payload returns the event of the transaction and how many spans are in it.
func (r *root) payload(id EventID, end time.Time) ([]byte, int) {
	e := r.client.encoder()
	defer e.release()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = true
	e.rootEvent(r, id, end)
	var spans []byte
	if r.children != nil {
		spans = r.children.buf
		defer r.children.release()
		r.children = nil
	}
	const tail = "]}"
	b := make([]byte, 0, len(e.buf)+len(spans)+len(tail))
	return append(append(append(b, e.buf...), spans...), tail...), r.count
}

// lowCardinalityName is the transaction's name where it is no mere URL.
func (r *root) lowCardinalityName() string {
	r.mu.Lock()
	isURL := r.source == sourceURL
	r.mu.Unlock()
	if isURL {
		return ""
	}
	name := r.transactionName()
	if req := r.scope.request; name == "" && req != nil { // it is in its handler
		if full, route := req.name(r.client); route != "" {
			return full
		}
	}
	return name
}

// countUnsampled counts a transaction that was not kept.
func (c *Client) countUnsampled() {
	c.out.discard("sample_rate", wire.CategoryTransaction, 1)
	c.out.discard("sample_rate", wire.CategorySpan, 1)
}

// rootEvent writes the event of a transaction up to its list of spans, which is left
// open. The caller holds r.mu.
func (e *encoder) rootEvent(r *root, id EventID, end time.Time) {
	c, s := r.client, r.segment
	n := &s.inside
	who := r.scope.who()
	s.mu.Lock()
	defer s.mu.Unlock()
	e.open()
	e.fixed("type", "transaction")
	e.fixed("event_id", string(id))
	e.free("transaction", s.name, &e.by.plain)
	e.member("transaction_info")
	e.open()
	e.fixed("source", string(r.source))
	e.close()
	e.moment("start_timestamp", s.start)
	e.moment("timestamp", end)
	e.fixed("platform", "go")
	e.fixed("release", c.options.Release)
	e.fixed("environment", c.options.Environment)
	e.free("server_name", c.options.ServerName, &e.by.plain)
	e.sdk(&ourSDK)
	e.member("contexts")
	e.open()
	e.traceMember(s)
	e.whoContexts(&who, r.exec)
	e.close()
	e.member("tags")
	e.open()
	who.eachTag(c, r.exec, e.tag)
	e.close()
	e.userMember(&sentry.User{ID: who.user.ID, Email: who.user.Email, Name: who.user.Name, IPAddress: who.user.IP})
	if req := n.scope.request; req != nil {
		e.incoming(req)
	}
	e.member("spans")
	e.openList()
}

// whoContexts writes the contexts that say whole who did what.
func (e *encoder) whoContexts(who *identity, x *Execution) {
	open := ""
	who.eachField(x, func(context, key, value string) {
		if context != open {
			if open != "" {
				e.close()
			}
			open = context
			e.member(context).open()
			if context == wire.ContextAgent && len(who.agent.Capabilities) > 0 {
				e.member("capabilities").texts(who.agent.Capabilities)
			}
		}
		e.member(key).named(key, value, e.rules)
	})
	if open != "" {
		e.close()
	}
}

// traceMember writes the trace context of a root span. The caller holds s.mu.
func (e *encoder) traceMember(s *Span) {
	e.member("trace")
	e.open()
	e.spanIDs(s)
	e.fixed("op", s.op)
	e.fixed("status", s.status.String())
	e.fixed("origin", s.origin)
	if len(s.attrs) > 0 {
		e.member("data")
		e.open()
		e.plainAttrs(s.attrs)
		e.close()
	}
	e.close()
}

func (e *encoder) spanIDs(s *Span) {
	e.hexMember("trace_id", s.inside.scope.trace.id[:])
	e.hexMember("span_id", s.id[:])
	if s.parent != (sentry.SpanID{}) {
		e.hexMember("parent_span_id", s.parent[:])
	}
}

// hexMember writes a member with an id.
func (e *encoder) hexMember(name string, id []byte) {
	e.member(name)
	e.buf = append(e.buf, '"')
	e.buf = hex.AppendEncode(e.buf, id)
	e.buf = append(e.buf, '"')
}

// spanV1 writes a span as transactions carry it, as one of a list.
func (e *encoder) spanV1(s *Span, end time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.next()
	e.open()
	e.spanIDs(s)
	e.fixed("op", s.op)
	e.free("description", s.name, &e.by.plain)
	e.fixed("status", s.status.String())
	e.fixed("origin", s.origin)
	e.moment("start_timestamp", s.start)
	e.moment("timestamp", end)
	e.member("data")
	e.open()
	e.plainAttrs(s.attrs)
	e.close()
	e.close()
}
