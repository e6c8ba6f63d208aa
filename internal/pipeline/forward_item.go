package pipeline

import (
	"unicode/utf8"
	"unsafe"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/scrub"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/redact"
	"relay.one/picket/wire"
)

// strippers says how personal data goes out of each kind of document.
var strippers = map[sentry.DocKind]func(*fastjson.Value, *fastjson.Arena) bool{
	sentry.DocEvent:       scrub.PersonalEvent,
	sentry.DocTransaction: scrub.PersonalEvent,
	sentry.DocFeedback:    scrub.PersonalEvent,
	sentry.DocUserReport:  bare(scrub.PersonalReport),
	sentry.DocSpan:        bare(scrub.PersonalSpans),
	sentry.DocSpans:       bare(scrub.PersonalSpans),
	sentry.DocLogs:        bare(scrub.PersonalLogs),
	sentry.DocCheckIn:     bare(scrub.PersonalAnything),
	sentry.DocSession:     bare(scrub.PersonalSession),
	sentry.DocSessions:    bare(scrub.PersonalSession),
}

func bare(f func(*fastjson.Value) bool) func(*fastjson.Value, *fastjson.Arena) bool {
	return func(v *fastjson.Value, _ *fastjson.Arena) bool { return f(v) }
}

// payload returns what goes of an item, and whether anything does.
func (o *outgoing) payload(item *wire.Item, doc *sentry.Document) ([]byte, bool) {
	switch {
	case o.sampled && isSampled(typeOf(item, doc)):
		return nil, false
	case doc != nil:
		return o.document(doc)
	case item.Type == wire.ItemAttachment:
		return item.Payload, o.holdsFile(item.Payload)
	case sentry.Decodes(item.Type):
		return nil, false // it could not be read
	case o.gone && ofEvent(item.Type):
		return nil, false
	}
	return o.untouched(item)
}

// document writes a document that the batch still holds, with the bytes that are stored
// where those may leave as they are.
func (o *outgoing) document(doc *sentry.Document) ([]byte, bool) {
	stored, held := doc.Stored(o.batch)
	if !held {
		return nil, false
	}
	changed := false
	kind, root := doc.Original()
	if strip := strippers[kind]; strip != nil && !o.personal {
		changed = strip(root, doc.Arena)
	}
	if kind == sentry.DocClientReport {
		scrub.Anything(root, doc.Arena, o.rules)
	}
	if o.several() && doc.IsEvent() {
		drop(root, "event_id")
		root.Set("event_id", doc.Arena.NewString(doc.ID.String()))
		changed = true
	}
	if stored != nil && !changed {
		return stored, true
	}
	o.body = sentry.AppendJSON(o.body[:0], root)
	return o.body, true
}

// several reports whether the envelope has more than one event. Then each must name its
// own id, since the upstream gets them one by one.
func (o *outgoing) several() bool {
	n := 0
	for i := range o.docs.Items {
		if o.docs.Items[i].IsEvent() {
			n++
		}
	}
	return n > 1
}

// holdsFile reports whether the batch still has the attachment with these bytes.
func (o *outgoing) holdsFile(data []byte) bool {
	if len(o.batch.Attachments) == len(o.docs.Attachments) {
		return true
	}
	for i := range o.batch.Attachments {
		if unsafe.SliceData(o.batch.Attachments[i].Data) == unsafe.SliceData(data) {
			return true
		}
	}
	return false
}

// isSampled reports whether items of that type go only with the trace or the event that
// they are of, once that was judged.
func isSampled(itemType string) bool {
	switch itemType {
	case wire.ItemEvent, wire.ItemTransaction, wire.ItemSpan, wire.ItemAttachment, wire.ItemProfileChunk, "profile_chunk_ui":
		return true
	}
	return ofEvent(itemType)
}

// ofEvent reports whether items of that type explain the event beside them.
func ofEvent(itemType string) bool {
	switch itemType {
	case wire.ItemProfile, wire.ItemReplayEvent, wire.ItemReplayRecord, wire.ItemReplayVideo:
		return true
	}
	return false
}

// untouched writes an item that Picket does not keep. What is JSON or text is scrubbed;
// recordings of replays are packed, and go as they are.
func (o *outgoing) untouched(item *wire.Item) ([]byte, bool) {
	switch item.Type {
	case wire.ItemReplayRecord, wire.ItemReplayVideo:
		return item.Payload, true
	case wire.ItemReplayEvent:
		return o.tree(item.Payload, scrub.Event, scrub.PersonalEvent)
	case wire.ItemTraceMetric:
		return o.tree(item.Payload, scrub.Logs, bare(scrub.PersonalLogs))
	case wire.ItemProfile, wire.ItemProfileChunk, "profile_chunk_ui":
		return o.text(item.Payload, false), true
	}
	if payload, ok := o.tree(item.Payload, scrub.Anything, bare(scrub.PersonalAnything)); ok {
		return payload, true
	}
	return o.text(item.Payload, true), true
}

// tree scrubs an item as a document. It is false for what cannot be parsed.
func (o *outgoing) tree(payload []byte, clean func(*fastjson.Value, *fastjson.Arena, scrub.Rules), strip func(*fastjson.Value, *fastjson.Arena) bool) ([]byte, bool) {
	t, ok := sentry.ParseTree(payload)
	if !ok {
		return nil, false
	}
	defer t.Release()
	clean(t.Root, &o.arena, o.rules)
	if !o.personal && t.Root.GetObject() != nil {
		strip(t.Root, &o.arena)
	}
	o.body = sentry.AppendJSON(o.body[:0], t.Root)
	return o.body, true
}

// text scrubs what may be JSON without taking it apart: profiles have values by the
// hundred thousand. What is no text goes as it is.
func (o *outgoing) text(payload []byte, paths bool) []byte {
	if o.rules.Off || !utf8.Valid(payload) {
		return payload
	}
	r := redact.Rules{Paths: paths, IPs: o.rules.IPs, Sensitive: o.rules.Sensitive, Safe: o.rules.Safe}
	out, marks := r.AppendJSON(o.body[:0], nil, unsafe.String(unsafe.SliceData(payload), len(payload)))
	if len(marks) == 0 {
		return payload
	}
	o.body = out
	return out
}

// cleanHeader clears the header of the envelope or of an item.
func (o *outgoing) cleanHeader(v *fastjson.Value) {
	scrub.Header(v, &o.arena, o.rules)
	if !o.personal {
		scrub.PersonalHeader(v)
	}
}
