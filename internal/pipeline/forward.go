package pipeline

import (
	"slices"
	"sync"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sample"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/settings"
	"relay.one/picket/wire"
)

// forwards returns where the project forwards to; nil when it keeps everything here.
func (p *Pipeline) forwards(docs *sentry.Documents) *settings.Upstream {
	m := docs.Meta()
	if up := &p.settings.Of(m.Org, m.Project).Upstream; up.Forwards() {
		return up
	}
	return nil
}

// forward puts together what the upstream gets of a batch: what came, in its order, with
// its headers, and scrubbed; without what is not in the batch any more, and, unless the
// verdict says so, without what is sampled.
func (p *Pipeline) forward(docs *sentry.Documents, b *model.Batch, up *settings.Upstream, v sample.Verdict) {
	customer := customerOf(b, up)
	if _, ok := up.DSNOf(customer); !ok {
		return
	}
	o := outgoings.Get().(*outgoing)
	o.Pipeline, o.docs, o.batch, o.personal, o.sampled = p, docs, b, up.SendDefaultPII, !v.Forwards()
	if o.build(); o.items == 0 {
		o.release()
		return
	}
	m, env := docs.Meta(), docs.Envelope()
	b.Outgoing = &model.Outgoing{
		Event: docs.EventID, Trace: traceOf(b), Organization: customer, Categories: o.categories,
		SentAt: env.Header.SentAt, Hops: m.Hops, Envelope: o.buf,
	}
	b.Outgoing.Held = v == sample.Wait && !b.Outgoing.Trace.IsZero()
	if o.personal {
		b.Outgoing.ClientIP = m.ClientIP
	}
	o.release()
}

// customerOf returns the customer's organization that the batch names, if it has an
// upstream of its own.
func customerOf(b *model.Batch, up *settings.Upstream) string {
	if len(up.Customers) == 0 {
		return ""
	}
	name := ""
	for i := range b.Events {
		name = or(name, b.Events[i].Organization)
	}
	for i := 0; name == "" && i < len(b.Spans); i++ {
		name = b.Spans[i].Organization
	}
	if slices.ContainsFunc(up.Customers, func(c settings.Customer) bool { return c.Organization == name }) {
		return name
	}
	return ""
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// traceOf returns the trace of everything in the batch; zero when there are several.
func traceOf(b *model.Batch) (id model.TraceID) {
	for i := range b.Events {
		if t := b.Events[i].Trace; id.IsZero() {
			id = t
		} else if !t.IsZero() && t != id {
			return model.TraceID{}
		}
	}
	for i := range b.Spans {
		if t := b.Spans[i].Trace; id.IsZero() {
			id = t
		} else if !t.IsZero() && t != id {
			return model.TraceID{}
		}
	}
	return id
}

// outgoing puts one envelope together.
type outgoing struct {
	*Pipeline
	docs       *sentry.Documents
	batch      *model.Batch
	personal   bool // personal data may leave
	arena      fastjson.Arena
	parser     fastjson.Parser
	body       []byte // of the item at hand
	buf        []byte // the envelope so far
	items      int
	large      bool // a header is
	sampled    bool // events and spans are sampled out
	gone       bool // the envelope had events, and none of them is left
	categories []string
}

var outgoings = sync.Pool{New: func() any { return new(outgoing) }}

// Bounds of what a builder keeps for the next one.
const (
	maxBody    = 1 << 18
	maxHeaders = 1 << 16
)

// release gives the builder back, without what it built.
func (o *outgoing) release() {
	body := o.body[:0]
	if cap(body) > maxBody {
		body = nil
	}
	if o.large {
		return // what headers of that size leave behind goes to the collector
	}
	o.arena.Reset()
	*o = outgoing{arena: o.arena, parser: o.parser, body: body}
	outgoings.Put(o)
}

func (o *outgoing) build() {
	env := o.docs.Envelope()
	headers, size := len(env.Header.Raw)+128, 0
	for i := range env.Items {
		headers += len(env.Items[i].Header) + 64
		size += len(env.Items[i].Payload)
	}
	size += headers
	o.large = headers > maxHeaders
	o.buf = make([]byte, 0, size+size/16)
	o.gone = o.lostEvents()
	o.header(&env.Header)
	next := 0
	for i := range env.Items {
		item := &env.Items[i]
		var doc *sentry.Document
		if next < len(o.docs.Items) && o.docs.Items[next].Item == i {
			doc = &o.docs.Items[next]
			next++
		}
		if payload, ok := o.payload(item, doc); ok {
			o.item(item, doc, payload)
		}
	}
}

// lostEvents reports whether there were events and the batch has none of them any more:
// what came to explain them does not go either.
func (o *outgoing) lostEvents() bool {
	events, left := 0, 0
	for i := range o.docs.Items {
		if doc := &o.docs.Items[i]; doc.IsEvent() {
			events++
			if _, held := doc.Stored(o.batch); held {
				left++
			}
		}
	}
	return events > 0 && left == 0
}

// header begins the envelope: with the id that its event is stored under here, and
// without what the forwarder writes when it sends.
func (o *outgoing) header(h *wire.EnvelopeHeader) {
	v, err := o.parser.ParseBytes(h.Raw)
	if err != nil || v.GetObject() == nil {
		v = o.arena.NewObject()
	}
	for _, key := range [...]string{"dsn", "sent_at", "event_id"} {
		drop(v, key)
	}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if string(key) == "trace" {
			drop(v, "public_key")
		}
	})
	if !o.docs.EventID.IsZero() {
		v.Set("event_id", o.arena.NewString(o.docs.EventID.String()))
	}
	o.cleanHeader(v)
	o.buf = append(sentry.AppendJSON(o.buf, v), '\n')
}

// drop removes a member as often as it is there.
func drop(v *fastjson.Value, key string) {
	for o := v.GetObject(); o != nil && o.Get(key) != nil; {
		o.Del(key)
	}
}

// item writes an item with the header that it came with, which tells the new length.
func (o *outgoing) item(item *wire.Item, doc *sentry.Document, payload []byte) {
	v, err := o.parser.ParseBytes(item.Header)
	if err != nil || v.GetObject() == nil {
		v = o.arena.NewObject()
		v.Set("type", o.arena.NewString(typeOf(item, doc)))
	}
	drop(v, "length")
	v.Set("length", o.arena.NewNumberInt(len(payload)))
	o.cleanHeader(v)
	o.buf = append(sentry.AppendJSON(o.buf, v), '\n')
	o.buf = append(append(o.buf, payload...), '\n')
	o.items++
	o.count(typeOf(item, doc))
}

// typeOf returns what an item is; the store endpoint takes transactions as events.
func typeOf(item *wire.Item, doc *sentry.Document) string {
	if doc != nil && doc.Kind == sentry.DocTransaction {
		return wire.ItemTransaction
	}
	return item.Type
}

// count notes the data categories that the upstream limits such an item by.
func (o *outgoing) count(itemType string) {
	for _, c := range wire.ItemCategories(itemType) {
		if !slices.Contains(o.categories, c) {
			o.categories = append(o.categories, c)
		}
	}
}
