package sentry

import (
	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// Envelope returns what was parsed. For the body of the store endpoint it has no header
// and one item without one.
func (d *Documents) Envelope() *wire.Envelope { return d.env }

// Meta returns what the door knew of the request.
func (d *Documents) Meta() *Meta { return &d.meta }

// Original returns the document as it came, and what it was then: Decode turns some into
// newer ones.
func (doc *Document) Original() (DocKind, *fastjson.Value) { return doc.came, doc.tree.root }

// IsEvent reports whether the document is an event, a transaction or a feedback with an
// id of its own. User reports have none in the envelope.
func (doc *Document) IsEvent() bool { return doc.isEvent() && doc.Root == doc.tree.root }

// Stored returns the payload under which the batch that was decoded from the documents
// holds this one as it is, and whether the batch holds it at all. Documents whose parts
// are stored one by one, or in another form, are held without a payload.
func (doc *Document) Stored(b *model.Batch) (payload []byte, held bool) {
	switch {
	case doc.IsEvent():
		for i := range b.Events {
			if b.Events[i].ID == doc.ID {
				return b.Events[i].Payload, true
			}
		}
		return nil, false
	case doc.blob >= 0:
		for i := range b.Spans {
			if b.Spans[i].Blob == doc.blob {
				return b.SpanBlobs[doc.blob].Payload, true
			}
		}
		return nil, false
	}
	return nil, true
}

// Tree is a document of a kind that is not decoded here.
type Tree struct {
	Root *fastjson.Value
	tree *tree
}

// ParseTree parses a payload as JSON. It fails where Parse would discard an item. The
// tree does not refer to the payload; the caller calls Release when done.
func ParseTree(payload []byte) (Tree, bool) {
	t, reason := parseTree(payload)
	if reason != "" {
		return Tree{}, false
	}
	return Tree{t.root, t}, true
}

// Release gives the tree's memory back.
func (t Tree) Release() { t.tree.release() }

// Decodes reports whether items of that type are read here.
func Decodes(itemType string) bool { return kindOfItem(itemType) != nil }
