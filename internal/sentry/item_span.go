package sentry

import (
	"slices"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// span decodes a lone span of the first format, as browsers send them for
// interactions.
func (d *decoder) span(doc *Document) {
	end, _ := timestamp(doc.Root.Get("timestamp"))
	s, ok := d.spanV1(doc.Root, d.clock.shift(end))
	if s.Trace.IsZero() {
		parseHex(s.Trace[:], d.docs.header.Trace.TraceID)
	}
	if !ok || s.Trace.IsZero() {
		d.discard(wire.CategorySpan, "invalid", 1)
		return
	}
	s.Blob = d.blob(doc)
	s.Release = release(doc.Root.Get("data", "release"))
	s.Environment = environment(doc.Root.Get("data", "environment"))
	d.beside.lend(&s, ownerOfAttributes(s.Attributes))
	d.batch.Spans = append(d.batch.Spans, s)
}

// blob stores the document for its spans and returns where.
func (d *decoder) blob(doc *Document) int {
	d.batch.SpanBlobs = append(d.batch.SpanBlobs, model.SpanBlob{Payload: payload(doc)})
	doc.blob = len(d.batch.SpanBlobs) - 1
	return doc.blob
}

// spans decodes a container of spans of the second format.
func (d *decoder) spans(doc *Document) {
	list := doc.Root.GetArray("items")
	by := d.clock.shift(newest(list))
	blob, lost := -1, int64(0)
	for _, v := range list {
		s, ok := d.spanV2(v, by)
		if !ok {
			lost++
			continue
		}
		if blob < 0 {
			blob = d.blob(doc)
			d.batch.Spans = slices.Grow(d.batch.Spans, len(list))
		}
		s.Blob = blob
		d.batch.Spans = append(d.batch.Spans, s)
	}
	if lost > 0 {
		d.discard(wire.CategorySpan, "invalid", lost)
	}
}

// newest returns the latest end of the spans: the container is moved as a whole,
// so that its spans keep their places.
func newest(list []*fastjson.Value) (end micros) {
	for _, v := range list {
		if t, ok := timestamp(spanEnd(v)); ok {
			end = max(end, t)
		}
	}
	return end
}

func spanEnd(v *fastjson.Value) *fastjson.Value {
	if end := v.Get("end_timestamp"); end != nil {
		return end
	}
	return v.Get("timestamp")
}

// spanV2 reads a span of the second format; false when it has no ids or no times
// that can be.
func (d *decoder) spanV2(v *fastjson.Value, by micros) (model.Span, bool) {
	var s model.Span
	var start, end, state, data *fastjson.Value
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		switch string(key) {
		case "trace_id":
			s.Trace = traceID(v)
		case "span_id":
			s.ID = spanID(v)
		case "parent_span_id":
			s.Parent = spanID(v)
		case "name", "description":
			s.Name = text(v, summaryLimit)
		case "op":
			s.Op = text(v, enumLimit)
		case "status":
			state = v
		case "is_segment":
			s.Segment = truth(v)
		case "start_timestamp":
			start = v
		case "end_timestamp", "timestamp":
			end = v
		case "attributes", "data":
			data = v
		}
	})
	if s.Trace.IsZero() {
		parseHex(s.Trace[:], d.docs.header.Trace.TraceID)
	}
	from, to, ok := interval(start, end)
	if !ok || s.ID.IsZero() || s.Trace.IsZero() {
		return s, false
	}
	s.Start, s.Duration = d.clock.span(from, to, by)
	t := typed{attributes: attributes{texts: &d.texts}}
	t.addAll(data)
	s.Status = t.status(state)
	t.settle(&s)
	d.beside.lend(&s, ownerOfAttributes(s.Attributes))
	return s, true
}

// typed gathers the attributes of a span of the second format: {"k":{"type":…,"value":…}}.
type typed struct {
	attributes
	release, environment, op, message, segment *fastjson.Value
	user                                       model.User
	hints                                      opHints
}

func (t *typed) addAll(v *fastjson.Value) {
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		v = untyped(v)
		t.field(key, v)
		t.add(key, v)
	})
}

// untyped returns the value of a typed attribute, or v itself when it has no type.
func untyped(v *fastjson.Value) *fastjson.Value {
	if v.Type() != fastjson.TypeObject {
		return v
	}
	if value := v.Get("value"); value != nil {
		return value
	}
	return v
}

func (t *typed) field(key []byte, v *fastjson.Value) {
	switch string(key) {
	case "sentry.op":
		t.op = v
	case "sentry.release":
		t.release = v
	case "sentry.environment":
		t.environment = v
	case "sentry.status.message":
		t.message = v
	case "sentry.segment.id":
		t.segment = v
	case "user.id":
		t.user.ID = text(v, enumLimit)
	case "user.email":
		t.user.Email = text(v, emailLimit)
	case "user.name", "user.username":
		t.user.Username = text(v, enumLimit)
	case "user.ip_address":
		t.user.IP = address(v)
	default:
		t.hints.take(key, v)
	}
}

// status combines the coarse status of a span with the finer one in its attributes.
func (t *typed) status(coarse *fastjson.Value) model.SpanStatus {
	s := status(coarse)
	if fine := status(t.message); fine != model.StatusUnknown && fine.Failed() == s.Failed() {
		return fine
	}
	return s
}

// settle writes what was gathered into the span.
func (t *typed) settle(s *model.Span) {
	s.Op = or(text(t.op, enumLimit), s.Op)
	if s.Op == "" {
		s.Op = t.hints.op()
	}
	s.Release = release(t.release)
	s.Environment = environment(t.environment)
	s.User = t.user
	s.Segment = s.Segment || spanID(t.segment) == s.ID
	s.Attributes, s.Long = t.list, t.long
}

// opHints are the attributes that tell what a span without an op does.
type opHints struct{ http, kind, db, ai, rpc, messaging, faas *fastjson.Value }

func (h *opHints) take(key []byte, v *fastjson.Value) {
	switch string(key) {
	case "http.request.method":
		h.http = v
	case "sentry.kind":
		h.kind = v
	case "db.system.name":
		h.db = v
	case "gen_ai.provider.name":
		h.ai = v
	case "rpc.service":
		h.rpc = v
	case "messaging.system":
		h.messaging = v
	case "faas.trigger":
		h.faas = v
	}
}

// op returns Sentry's name of what the span does.
func (h *opHints) op() string {
	switch {
	case h.http != nil:
		switch string(h.kind.GetStringBytes()) {
		case "client", "server":
			return "http." + string(h.kind.GetStringBytes())
		}
		return "http"
	case h.db != nil:
		return "db"
	case h.ai != nil:
		return "gen_ai"
	case h.rpc != nil:
		return "rpc"
	case h.messaging != nil:
		return "message"
	case h.faas != nil:
		return text(h.faas, enumLimit)
	}
	return "default"
}
