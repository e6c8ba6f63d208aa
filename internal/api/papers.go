package api

import (
	"encoding/json"
	"strings"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/store"
)

// papers are the payloads of a trace, read when they are asked for: one page of a
// long trace needs few of them.
type papers struct {
	payloads [][]byte
	spans    []map[model.SpanID]json.RawMessage
	parser   fastjson.Parser
}

func papersOf(t *store.Trace) *papers {
	return &papers{payloads: t.Payloads, spans: make([]map[model.SpanID]json.RawMessage, len(t.Payloads))}
}

// sheet is what was sent with one span; it is good until the next is asked for.
type sheet struct{ attributes, data *fastjson.Value }

// of returns what was sent with a span; an empty sheet when that cannot be read.
func (p *papers) of(s *store.SpanRecord) sheet {
	if s.Payload < 0 || s.Payload >= len(p.payloads) {
		return sheet{}
	}
	if p.spans[s.Payload] == nil {
		p.spans[s.Payload] = rawSpans(p.payloads[s.Payload])
	}
	v, err := p.parser.ParseBytes(p.spans[s.Payload][s.ID])
	if err != nil {
		return sheet{}
	}
	return sheet{v.Get("attributes"), v.Get("data")}
}

// rawSpans returns the spans of a payload; none, when it is no document that spans
// come in.
func rawSpans(payload []byte) map[model.SpanID]json.RawMessage {
	out := map[model.SpanID]json.RawMessage{}
	all, err := sentry.DecodeSpans(payload)
	if err != nil {
		return out
	}
	for _, s := range all {
		out[s.ID] = s.Raw
	}
	return out
}

// get returns an attribute as JSON; nil when it was not sent.
func (s sheet) get(name string) json.RawMessage {
	v := s.attributes.Get(name)
	if v == nil {
		v = s.data.Get(name)
	} else if typed := v.Get("value"); typed != nil {
		v = typed
	}
	if v == nil {
		return nil
	}
	return sentry.AppendJSON(nil, v)
}

// argumentPrefix is what the names of the arguments of a tool called over MCP begin with.
const argumentPrefix = "mcp.request.argument."

// arguments returns those that came as an attribute each, as an object; nil for none.
func (s sheet) arguments() json.RawMessage {
	found := map[string]json.RawMessage{}
	for _, list := range [...]*fastjson.Value{s.data, s.attributes} {
		if list == nil || list.Type() != fastjson.TypeObject {
			continue
		}
		list.GetObject().Visit(func(key []byte, _ *fastjson.Value) {
			if name, ok := strings.CutPrefix(string(key), argumentPrefix); ok {
				found[name] = s.get(string(key))
			}
		})
	}
	if len(found) == 0 {
		return nil
	}
	raw, err := json.Marshal(found)
	if err != nil {
		return nil
	}
	return raw
}
