package api

import (
	"encoding/json"
	"errors"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// sentAttributes holds what was sent with the spans of each payload of a trace:
// every payload is read once, however many spans it has.
type sentAttributes []map[model.SpanID]map[string]json.RawMessage

func attributesOf(payloads [][]byte) sentAttributes {
	out := make(sentAttributes, len(payloads))
	for i, p := range payloads {
		out[i] = readAttributes(p)
	}
	return out
}

// of returns the attributes of a span; never nil.
func (a sentAttributes) of(s *store.SpanRecord) map[string]json.RawMessage {
	if s.Payload >= 0 && s.Payload < len(a) {
		if found := a[s.Payload][s.ID]; found != nil {
			return found
		}
	}
	return map[string]json.RawMessage{}
}

// carrier is any document that spans come in: a transaction, a container, or one
// span of its own.
type carrier struct {
	sentSpan
	Spans    []sentSpan `json:"spans"`
	Items    []sentSpan `json:"items"`
	Contexts struct {
		Trace sentSpan `json:"trace"`
	} `json:"contexts"`
}

type sentSpan struct {
	SpanID string `json:"span_id"`
	// Data is the old form of Attributes, whose values have no types.
	Data       map[string]json.RawMessage `json:"data"`
	Attributes map[string]json.RawMessage `json:"attributes"`
}

// readAttributes finds the attributes of every span in a payload.
func readAttributes(payload []byte) map[model.SpanID]map[string]json.RawMessage {
	var c carrier
	var mistyped *json.UnmarshalTypeError
	// A field of an odd type is left out and the rest is read all the same.
	if err := json.Unmarshal(payload, &c); err != nil && !errors.As(err, &mistyped) {
		return nil
	}
	out := map[model.SpanID]map[string]json.RawMessage{}
	for _, s := range append(append(c.Spans, c.Items...), c.Contexts.Trace, c.sentSpan) {
		if id, err := model.ParseSpanID(s.SpanID); err == nil {
			out[id] = s.all()
		}
	}
	return out
}

func (s *sentSpan) all() map[string]json.RawMessage {
	out := s.Data
	if out == nil {
		out = map[string]json.RawMessage{}
	}
	for name, v := range s.Attributes {
		out[name] = untyped(v)
	}
	return out
}

// untyped returns the value of {"type":…,"value":…}, or v itself when it is none.
func untyped(v json.RawMessage) json.RawMessage {
	var typed struct {
		Value json.RawMessage `json:"value"`
	}
	if len(v) > 0 && v[0] == '{' && json.Unmarshal(v, &typed) == nil && typed.Value != nil {
		return typed.Value
	}
	return v
}
