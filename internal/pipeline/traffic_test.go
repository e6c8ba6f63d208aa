package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/wire"
)

// object is a JSON object.
type object map[string]any

// sampling returns a pipeline that samples, onto a database of its own.
func sampling(t testing.TB, s settings.Sampling) (*Pipeline, *sqlite.DB) {
	t.Helper()
	p, db := open(t)
	p.settings.Put(1, 1, settings.Settings{Sampling: &s})
	return p, db
}

func send(t testing.TB, p *Pipeline, e *wire.Envelope) {
	t.Helper()
	if _, err := p.Process(t.Context(), e, meta()); err != nil {
		t.Fatal(err)
	}
}

func enveloped(t testing.TB, kind string, content object) *wire.Envelope {
	t.Helper()
	payload, err := json.Marshal(content)
	if err != nil {
		t.Fatal(err)
	}
	e := &wire.Envelope{Items: []wire.Item{{Type: kind, Payload: payload}}}
	e.Header.EventID, _ = content["event_id"].(string)
	return e
}

// traffic writes what a fleet sends.
type traffic struct {
	t   testing.TB
	rng *rand.Rand
	n   int
}

func (f *traffic) next() (id, trace string) {
	f.n++
	return fmt.Sprintf("%032x", f.n), fmt.Sprintf("%016x%016x", f.rng.Uint64()|1, f.n)
}

func (f *traffic) at(seconds float64) float64 {
	return float64(noon.Add(-time.Duration(f.n%40)*time.Minute).Unix()) - 100 + seconds
}

// span is one of a transaction.
func (f *traffic) span(trace string, id, parent int, op string, data object) object {
	s := object{"trace_id": trace, "span_id": fmt.Sprintf("%016x", id), "parent_span_id": fmt.Sprintf("%016x", parent), "op": op, "status": "ok",
		"start_timestamp": f.at(float64(id)), "timestamp": f.at(float64(id) + 0.5), "data": data}
	if data["error.type"] != nil {
		s["status"] = "internal_error"
	}
	return s
}

// run is a transaction in which an agent runs; agent goes onto its span, and more are
// spans below it.
func (f *traffic) run(agent object, more ...object) *wire.Envelope {
	id, trace := f.next()
	data := object{"gen_ai.agent.name": "billing", "gen_ai.operation.name": "invoke_agent"}
	maps.Copy(data, agent)
	spans := []object{f.span(trace, 2, 1, "gen_ai.invoke_agent", data),
		f.span(trace, 3, 2, "gen_ai.chat", object{"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-5",
			"gen_ai.usage.input_tokens": 100 + f.n%50, "gen_ai.usage.output_tokens": 10, "gen_ai.response.text": "done"}),
		f.span(trace, 4, 3, "http.client", object{"http.request.method": "POST"}), f.span(trace, 5, 1, "db", object{"db.system.name": "sqlite"})}
	for _, s := range more {
		s["trace_id"] = trace
		spans = append(spans, s)
	}
	spans[0]["timestamp"] = f.at(40)
	return enveloped(f.t, wire.ItemTransaction, object{"event_id": id, "type": "transaction", "transaction": "POST /ask", "start_timestamp": f.at(0), "timestamp": f.at(41),
		"release": "shop@1.0", "environment": "prod", "user": object{"id": f.n % 7}, "tags": object{"region": "eu"},
		"contexts": object{"trace": object{"trace_id": trace, "span_id": fmt.Sprintf("%016x", 1), "op": "http.server", "status": "ok"}}, "spans": spans})
}

func (f *traffic) tool(id int, more object) object {
	data := object{"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "pay"}
	maps.Copy(data, more)
	return f.span("", id, 2, "gen_ai.execute_tool", data)
}

// plain is a transaction that is about no agent.
func (f *traffic) plain() *wire.Envelope {
	id, trace := f.next()
	return enveloped(f.t, wire.ItemTransaction, object{"event_id": id, "type": "transaction", "transaction": "GET /", "start_timestamp": f.at(0), "timestamp": f.at(1),
		"contexts": object{"trace": object{"trace_id": trace, "span_id": fmt.Sprintf("%016x", 1), "op": "http.server", "status": "ok"}},
		"spans":    []object{f.span(trace, 2, 1, "db", object{})}})
}

// mistake is an error, in a span of a trace unless that is empty.
func (f *traffic) mistake(kind, trace string, span int) *wire.Envelope {
	id, _ := f.next()
	e := object{"event_id": id, "timestamp": f.at(3), "platform": "go", "level": "error", "release": "shop@1.0", "user": object{"id": f.n % 5},
		"exception": object{"values": []object{{"type": kind, "value": "it broke", "mechanism": object{"type": "generic", "handled": f.n%3 > 0}}}}}
	if trace != "" {
		e["contexts"] = object{"trace": object{"trace_id": trace, "span_id": fmt.Sprintf("%016x", span)}}
	}
	return enveloped(f.t, wire.ItemEvent, e)
}

func (f *traffic) traceOf(e *wire.Envelope) string {
	var t struct {
		Contexts struct {
			Trace struct {
				TraceID string `json:"trace_id"`
			}
		}
	}
	if err := json.Unmarshal(e.Items[0].Payload, &t); err != nil {
		f.t.Fatal(err)
	}
	return t.Contexts.Trace.TraceID
}

// mixture is some of everything, in no order, and some of it twice.
func (f *traffic) mixture(n int) (list []*wire.Envelope) {
	for range n {
		var e *wire.Envelope
		switch f.rng.IntN(8) {
		case 0:
			e = f.run(object{}, f.tool(6, object{"error.type": "timeout"}))
		case 1:
			e = f.run(object{"picket.outcome": "failed"})
		case 2:
			e = f.run(object{}, f.tool(6, object{}), f.span("", 7, 2, "picket.policy", object{"picket.policy.name": "limit", "picket.policy.verdict": []string{"allow", "deny"}[f.rng.IntN(2)]}))
		case 3:
			e = f.plain()
		case 4:
			e = f.mistake([]string{"A", "B", "C"}[f.rng.IntN(3)], "", 0)
		default:
			e = f.run(object{})
		}
		list = append(list, e)
		if trace := f.traceOf(e); trace != "" && f.rng.IntN(6) == 0 {
			list = append(list, f.mistake("Late", trace, 1+f.rng.IntN(5)))
		}
		if f.rng.IntN(10) == 0 {
			list = append(list, e)
		}
	}
	f.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// words are some that texts are made of.
func (f *traffic) words(n int) string {
	var b strings.Builder
	for range n {
		fmt.Fprintf(&b, "%s ", strconv.FormatUint(uint64(17+f.rng.IntN(3000))*2654435761%4294967291, 36))
	}
	return b.String()
}

// talk is an agent's run with five model calls that say what was said.
func (f *traffic) talk() *wire.Envelope {
	var spans []object
	for i := range 5 {
		spans = append(spans, f.span("", 10+2*i, 2, "gen_ai.chat", object{"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-5",
			"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 100, "gen_ai.request.messages": f.words(250), "gen_ai.response.text": f.words(80)}),
			f.span("", 11+2*i, 10+2*i, "http.client", object{"http.request.method": "POST", "url": "https://api.example.com/v1/chat"}))
	}
	return f.run(object{}, spans...)
}

// page is a transaction of a web server with twelve spans.
func (f *traffic) page() *wire.Envelope {
	id, trace := f.next()
	var spans []object
	for i := range 12 {
		spans = append(spans, f.span(trace, 10+i, 1, "db.query", object{"db.system": "postgresql", "query": f.words(100), "thread.name": f.words(3)}))
	}
	return enveloped(f.t, wire.ItemTransaction, object{"event_id": id, "type": "transaction", "transaction": "GET /orders", "start_timestamp": f.at(0), "timestamp": f.at(41),
		"contexts": object{"trace": object{"trace_id": trace, "span_id": fmt.Sprintf("%016x", 1), "op": "http.server", "status": "ok"}}, "spans": spans})
}
