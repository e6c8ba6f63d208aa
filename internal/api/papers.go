package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/store"
)

// papers are the payloads of an execution's traces, read when they are asked for: one
// page of a long transcript needs few of them.
type papers struct {
	load   func(payloads []int) ([][]byte, error)
	spans  map[int]map[model.SpanID]json.RawMessage // by payload
	parser fastjson.Parser
	err    error // of what could not be read
}

func papersOf(ctx context.Context, x *store.ExecutionTrace) *papers {
	return &papers{
		load:  func(payloads []int) ([][]byte, error) { return x.Load(ctx, payloads) },
		spans: map[int]map[model.SpanID]json.RawMessage{},
	}
}

// fetch reads the payloads of spans that are not there yet, all at once.
func (p *papers) fetch(spans []*store.SpanRecord) {
	var wanted []int
	for _, s := range spans {
		if _, there := p.spans[s.Payload]; s.Payload >= 0 && !there {
			p.spans[s.Payload] = nil
			wanted = append(wanted, s.Payload)
		}
	}
	if len(wanted) == 0 || p.err != nil {
		return
	}
	got, err := p.load(wanted)
	if err != nil {
		p.err = fmt.Errorf("read payloads: %w", err)
		return
	}
	for i, payload := range wanted {
		p.spans[payload] = rawSpans(got[i])
	}
}

// sheet is what was sent with one span; it is good until the next is asked for.
type sheet struct{ attributes, data *fastjson.Value }

// of returns what was sent with a span; an empty sheet when that cannot be read.
func (p *papers) of(s *store.SpanRecord) sheet {
	p.fetch([]*store.SpanRecord{s})
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
