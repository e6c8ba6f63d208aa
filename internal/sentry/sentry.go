// Package sentry turns Sentry's wire formats into the model, leniently: one bad
// field costs that field, one bad item costs that item, and both are counted.
// It is pure: no clock, no network, no state but pools of memory.
//
// Parse turns the items of an envelope into JSON trees, which the scrubber may
// change in place; Decode reads the model out of them. DecodeEvent and
// DecodeSpans read back what Decode put into payloads.
package sentry

import (
	"bytes"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// Meta is what the door knows of a request beside its body.
type Meta struct {
	Org      model.OrgID
	Project  model.ProjectID
	Received time.Time
	// ClientIP is the sender's address, for users who are {{auto}}; empty when unknown.
	ClientIP string
	// SDK is the sentry_client of the credentials, e.g. sentry.go/0.50.0; empty when not told.
	SDK string
	// UserAgent stands in for SDK where that is empty.
	UserAgent string
	// Hops is how many Pickets have forwarded the request before it came here.
	Hops int
}

// DocKind says what the JSON tree of a Document is.
type DocKind uint8

// The kinds of document.
const (
	DocEvent DocKind = iota + 1
	DocTransaction
	DocFeedback
	DocUserReport
	DocSpan  // one span of the first format
	DocSpans // a container of spans, {"items":[…]}
	DocLogs  // a container of log records, {"items":[…]}
	DocCheckIn
	DocSession
	DocSessions
	DocClientReport
)

// Document is one item as a JSON tree.
type Document struct {
	Kind DocKind
	// Root is an object. Whoever walks it may change it in place, with values from Arena.
	Root *fastjson.Value
	// Arena makes new values for the tree; they live as long as the Documents. For
	// texts that are not constant use NewString instead of the arena's.
	Arena *fastjson.Arena
	// ID is the event's id; zero for what is no event, transaction or feedback.
	ID model.EventID
	// Item is the index of the envelope's item that it was.
	Item int

	tree *tree
	came DocKind
	blob int // the index of its payload in the batch's SpanBlobs, if it is of spans; else -1
}

// maxEvents is the most events of one envelope; clients send one.
const maxEvents = 100

// Documents is what Parse made of an envelope.
type Documents struct {
	Items []Document
	// Attachments are the envelope's files; their data are slices into the body.
	Attachments []model.Attachment
	// EventID is the envelope's id, under which its event and its attachments are
	// stored and which the client is told: its own, else the event's, else a new one.
	// It is zero when it named none and there is nothing that needs one.
	EventID model.EventID

	meta     Meta
	env      *wire.Envelope
	header   wire.EnvelopeHeader
	events   int
	discards []model.Discard
	arena    fastjson.Arena
}

// Parse parses every item of the envelope. It does not fail: what cannot be read
// becomes a discard that Decode hands on. The trees do not refer to the envelope's
// body, but the attachments do. The caller calls Release when done.
func Parse(env *wire.Envelope, m Meta) *Documents {
	d := &Documents{
		Items:  make([]Document, 0, len(env.Items)),
		meta:   m,
		env:    env,
		header: env.Header,
	}
	d.EventID, _ = parseEventID(env.Header.EventID)
	for i := range env.Items {
		d.parse(i)
	}
	d.settleAttachments()
	return d
}

func (d *Documents) parse(i int) {
	item := &d.env.Items[i]
	if item.Type == wire.ItemAttachment {
		d.attach(item)
		return
	}
	k := kindOfItem(item.Type)
	if k == nil {
		d.discard(storedName(item.Type), "not_stored", 1)
		return
	}
	t, reason := parseTree(item.Payload)
	if reason == "" && t.root.Type() != fastjson.TypeObject && !wrapList(k.kind, t, &d.arena) {
		reason = "not_an_object"
		t.release()
	}
	if reason != "" {
		d.discard(categoryOf(item.Type), reason, 1)
		return
	}
	kind := refineKind(k.kind, t.root)
	doc := Document{Kind: kind, Root: t.root, Arena: &d.arena, Item: i, tree: t, came: kind, blob: -1}
	if doc.isEvent() {
		if d.events++; d.events > maxEvents {
			t.release()
			d.discard(categoryOf(item.Type), "too_many", 1)
			return
		}
		d.identify(&doc)
		resolveAddress(&doc, &d.meta)
	}
	d.Items = append(d.Items, doc)
}

// wrapList makes a container of a bare list, where a container is due.
func wrapList(k DocKind, t *tree, a *fastjson.Arena) bool {
	if t.root.Type() != fastjson.TypeArray || k != DocLogs && k != DocSpan {
		return false
	}
	root := a.NewObject()
	root.Set("items", t.root)
	t.root = root
	return true
}

// refineKind looks into the document where the item's type does not tell all.
func refineKind(k DocKind, root *fastjson.Value) DocKind {
	switch k {
	case DocSpan:
		if root.Get("items") != nil {
			return DocSpans
		}
	case DocEvent:
		switch string(root.GetStringBytes("type")) {
		case wire.ItemTransaction:
			return DocTransaction
		case wire.ItemFeedback:
			return DocFeedback
		}
	}
	return k
}

func (doc *Document) isEvent() bool {
	return doc.Kind == DocEvent || doc.Kind == DocTransaction || doc.Kind == DocFeedback
}

// identify gives an event its id: the envelope's, unless an event before it took
// that, else the one in the payload, else a new one.
func (d *Documents) identify(doc *Document) {
	own, known := parseEventID(string(doc.Root.GetStringBytes("event_id")))
	switch {
	case !d.EventID.IsZero() && !d.taken(d.EventID):
		doc.ID = d.EventID
	case known && !d.taken(own):
		doc.ID = own
	default:
		doc.ID = model.NewEventID()
	}
	if d.EventID.IsZero() {
		d.EventID = doc.ID
	}
}

func (d *Documents) taken(id model.EventID) bool {
	for i := range d.Items {
		if d.Items[i].ID == id {
			return true
		}
	}
	return false
}

// Release gives the memory of the trees back. The documents must not be used
// afterwards; what Decode returned may be.
func (d *Documents) Release() {
	for i := range d.Items {
		d.Items[i].tree.release()
		d.Items[i] = Document{}
	}
	d.Items = nil
}

func (d *Documents) discard(category, reason string, quantity int64) {
	d.discards = append(d.discards, model.Discard{
		Category: category, Reason: reason, Source: "server", Quantity: quantity,
	})
}

// ParseStore parses the body of the old store endpoint: one event as JSON, or
// base64 of JSON or of zlib of JSON. Errors wrap model.ErrInvalid. The result is
// used like that of Parse.
func ParseStore(body []byte, m Meta) (*Documents, error) {
	payload, err := unwrapStore(bytes.TrimSpace(body))
	if err != nil {
		return nil, err
	}
	d := Parse(&wire.Envelope{Items: []wire.Item{{Type: wire.ItemEvent, Payload: payload}}}, m)
	if len(d.Items) == 0 {
		return nil, storeError(d.discards)
	}
	return d, nil
}
