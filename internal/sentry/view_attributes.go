package sentry

import "encoding/json"

// Attributes returns what was sent with the span: "data" of the first format, the
// values inside "attributes" of the second. A part that is no object is left out.
// Never nil.
func (s RawSpan) Attributes() map[string]json.RawMessage {
	var sent struct {
		Data       json.RawMessage `json:"data"`
		Attributes json.RawMessage `json:"attributes"`
	}
	out := map[string]json.RawMessage{}
	if json.Unmarshal(s.Raw, &sent) != nil {
		return out
	}
	addMembers(out, sent.Data, func(v json.RawMessage) json.RawMessage { return v })
	addMembers(out, sent.Attributes, untypedJSON)
	return out
}

// addMembers adds the members of an object; what is none has none.
func addMembers(out map[string]json.RawMessage, object json.RawMessage, value func(json.RawMessage) json.RawMessage) {
	var list map[string]json.RawMessage
	if object == nil || json.Unmarshal(object, &list) != nil {
		return
	}
	for name, v := range list {
		out[name] = value(v)
	}
}

// untypedJSON returns the value of {"type":…,"value":…}, or v itself when it has no type.
func untypedJSON(v json.RawMessage) json.RawMessage {
	var typed struct {
		Value json.RawMessage `json:"value"`
	}
	if v[0] == '{' && json.Unmarshal(v, &typed) == nil && typed.Value != nil {
		return typed.Value
	}
	return v
}
