package api

import (
	"encoding/json"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
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

// readAttributes finds the attributes of every span in a payload; none when it is
// no document that spans come in.
func readAttributes(payload []byte) map[model.SpanID]map[string]json.RawMessage {
	all, err := sentry.DecodeSpans(payload)
	if err != nil {
		return nil
	}
	out := map[model.SpanID]map[string]json.RawMessage{}
	for _, s := range all {
		out[s.ID] = s.Attributes()
	}
	return out
}
