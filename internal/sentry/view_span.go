package sentry

import (
	"encoding/json"
	"fmt"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// RawSpan is a span as it was sent, scrubbed.
type RawSpan struct {
	ID  model.SpanID
	Raw json.RawMessage
}

// DecodeSpans returns the spans that stand in a stored payload: those of a
// transaction, its trace context first, of a container, or a lone one. The spans
// are their own memory. The error wraps model.ErrInvalid when the payload is no
// JSON object.
func DecodeSpans(payload []byte) ([]RawSpan, error) {
	var out []RawSpan
	err := eachSpan(payload, func(id model.SpanID, v *fastjson.Value) bool {
		out = append(out, RawSpan{id, AppendJSON(nil, v)})
		return true
	})
	return out, err
}

// DecodeSpan returns one span of a stored payload; for the root of a transaction,
// the trace context. The error wraps model.ErrNotFound when it is not there.
func DecodeSpan(payload []byte, id model.SpanID) (json.RawMessage, error) {
	var raw json.RawMessage
	err := eachSpan(payload, func(each model.SpanID, v *fastjson.Value) bool {
		if each == id {
			raw = AppendJSON(nil, v)
		}
		return raw == nil
	})
	if err == nil && raw == nil {
		err = fmt.Errorf("span %s in its payload: %w", id, model.ErrNotFound)
	}
	return raw, err
}

// eachSpan calls f with every span of a payload until f returns false.
func eachSpan(payload []byte, f func(model.SpanID, *fastjson.Value) bool) error {
	t, reason := parseTree(payload)
	if reason != "" {
		return fmt.Errorf("%w span payload: %s", model.ErrInvalid, reason)
	}
	defer t.release()
	if t.root.Type() != fastjson.TypeObject {
		return fmt.Errorf("%w span payload: not an object", model.ErrInvalid)
	}
	for _, v := range spansOf(t.root) {
		if typeOf(v) == fastjson.TypeObject && !f(spanIDOf(v, t.root), v) {
			return nil
		}
	}
	return nil
}

// spanIDOf returns the id of a span; a trace context without one is the parent
// that its spans name, as it was when they were stored.
func spanIDOf(v, root *fastjson.Value) model.SpanID {
	var id model.SpanID
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if string(key) == "span_id" { // the last one, as when it was stored
			id = spanID(v)
		}
	})
	if id.IsZero() && v == root.Get("contexts", "trace") {
		return commonParent(root.GetArray("spans"))
	}
	return id
}

func spansOf(root *fastjson.Value) []*fastjson.Value {
	if items := root.Get("items"); items != nil {
		return items.GetArray()
	}
	if root.Get("span_id") != nil {
		return []*fastjson.Value{root}
	}
	return append([]*fastjson.Value{root.Get("contexts", "trace")}, root.GetArray("spans")...)
}
