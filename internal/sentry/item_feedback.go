package sentry

import (
	"crypto/sha256"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// feedback decodes what a user wrote: an event with a feedback context.
func (d *decoder) feedback(doc *Document) {
	f := readFields(doc.Root)
	e := model.Event{ID: doc.ID, Kind: model.KindFeedback}
	said := f.contexts.Get("feedback")
	if said == nil || !d.occurred(&e, f) {
		d.discard(wire.CategoryFeedback, "invalid", 1)
		return
	}
	d.common(&e, f)
	e.Level = levelOr(f.level, model.LevelInfo)
	e.Message = or(anyText(said.Get("message"), messageLimit), e.Message)
	e.User.Email = or(e.User.Email, text(said.Get("contact_email"), emailLimit))
	e.User.Username = or(e.User.Username, text(said.Get("name"), enumLimit))
	e.Payload = payload(doc)
	d.batch.Events = append(d.batch.Events, e)
}

// userReport decodes the older form of feedback, and stores it in the newer one.
func (d *decoder) userReport(doc *Document) {
	said := doc.Root.Get("comments")
	if said == nil {
		said = doc.Root.Get("message")
	}
	if anyText(said, messageLimit) == "" {
		d.discard(wire.CategoryFeedback, "invalid", 1)
		return
	}
	doc.Root = asFeedback(doc, said)
	doc.Kind = DocFeedback
	doc.ID = contentID(doc.Root)
	d.feedback(doc)
}

func asFeedback(doc *Document, said *fastjson.Value) *fastjson.Value {
	a := doc.Arena
	feedback := a.NewObject()
	feedback.Set("message", said)
	for _, m := range [...]struct{ to, from string }{
		{"contact_email", "email"}, {"name", "name"}, {"associated_event_id", "event_id"},
	} {
		if v := doc.Root.Get(m.from); v != nil {
			feedback.Set(m.to, v)
		}
	}
	contexts, root := a.NewObject(), a.NewObject()
	contexts.Set("feedback", feedback)
	root.Set("type", a.NewString("feedback"))
	root.Set("contexts", contexts)
	if meta := doc.Root.Get("_meta"); meta != nil {
		root.Set("_meta", meta)
	}
	return root
}

// contentID makes an id of a document that has none of its own, so that a second
// copy is known for one.
func contentID(root *fastjson.Value) (id model.EventID) {
	sum := sha256.Sum256(AppendJSON(nil, root))
	copy(id[:], sum[:])
	return id
}
