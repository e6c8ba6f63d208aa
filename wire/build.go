package wire

import (
	"bytes"
	"encoding/json"
	"time"
)

// AppendHeader appends the first line of an envelope, line feed included. A raw
// header is written as it stands; otherwise the fields that are set are.
func AppendHeader(dst []byte, h EnvelopeHeader) []byte {
	if len(h.Raw) > 0 {
		return append(append(dst, h.Raw...), '\n')
	}
	w := objectWriter{b: append(dst, '{')}
	w.text("event_id", h.EventID)
	w.text("dsn", h.DSN)
	if !h.SentAt.IsZero() {
		w.text("sent_at", h.SentAt.UTC().Format(time.RFC3339Nano))
	}
	if h.SDKName != "" {
		w.open("sdk")
		w.text("name", h.SDKName)
		w.text("version", h.SDKVersion)
		w.close()
	}
	if h.Trace != (TraceHeader{}) {
		w.trace(h.Trace)
	}
	return append(w.b, '}', '\n')
}

// AppendItem appends an item: its header, its payload and a line feed. A raw
// header is written as it stands; otherwise the fields are, with the length.
func AppendItem(dst []byte, item Item) []byte {
	if len(item.Header) > 0 {
		dst = append(dst, item.Header...)
	} else {
		dst = appendItemHeader(dst, item)
	}
	dst = append(dst, '\n')
	dst = append(dst, item.Payload...)
	return append(dst, '\n')
}

// AppendEnvelope appends the whole envelope as ReadEnvelope reads it.
func AppendEnvelope(dst []byte, e *Envelope) []byte {
	dst = AppendHeader(dst, e.Header)
	for _, item := range e.Items {
		dst = AppendItem(dst, item)
	}
	return dst
}

func appendItemHeader(dst []byte, item Item) []byte {
	w := objectWriter{b: append(dst, '{')}
	w.text("type", item.Type)
	w.number("length", len(item.Payload))
	w.text("content_type", item.ContentType)
	w.text("filename", item.Filename)
	w.text("attachment_type", item.AttachmentType)
	if item.ItemCount > 0 {
		w.number("item_count", item.ItemCount)
	}
	if item.SpanCount > 0 {
		w.number("span_count", item.SpanCount)
	}
	return append(w.b, '}')
}

// objectWriter writes the members of a JSON object; empty texts are left out.
type objectWriter struct{ b []byte }

func (w *objectWriter) key(name string) {
	if !bytes.HasSuffix(w.b, []byte("{")) {
		w.b = append(w.b, ',')
	}
	w.b = append(append(append(w.b, '"'), name...), '"', ':')
}

func (w *objectWriter) text(name, value string) {
	if value == "" {
		return
	}
	w.key(name)
	quoted, _ := json.Marshal(value) // a string always encodes
	w.b = append(w.b, quoted...)
}

func (w *objectWriter) number(name string, n int) {
	w.key(name)
	digits, _ := json.Marshal(n) // a number always encodes
	w.b = append(w.b, digits...)
}

func (w *objectWriter) open(name string) {
	w.key(name)
	w.b = append(w.b, '{')
}

func (w *objectWriter) close() { w.b = append(w.b, '}') }

func (w *objectWriter) trace(t TraceHeader) {
	w.open("trace")
	for _, f := range []struct{ name, value string }{
		{"trace_id", t.TraceID}, {"public_key", t.PublicKey}, {"org_id", t.OrgID},
		{"release", t.Release}, {"environment", t.Environment}, {"transaction", t.Transaction},
		{"sampled", t.Sampled}, {"sample_rate", t.SampleRate}, {"sample_rand", t.SampleRand},
		{"replay_id", t.ReplayID},
	} {
		w.text(f.name, f.value)
	}
	w.close()
}
