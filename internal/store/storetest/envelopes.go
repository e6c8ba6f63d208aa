package storetest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/group"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/wire"
)

// recordings are where the envelopes of real clients are kept, seen from an engine's room.
var recordings = []string{"../sentry/testdata/*.envelope", "../../conformance/testdata/*/*.bin"}

// recorded returns the envelopes that real clients sent.
func recorded(t *testing.T) (list []*wire.Envelope) {
	t.Helper()
	for _, pattern := range recordings {
		files, err := filepath.Glob(pattern)
		must(t, err)
		for _, name := range files {
			body, err := os.ReadFile(name)
			must(t, err)
			if bytes.HasPrefix(body, []byte{0x1f, 0x8b}) {
				r, err := gzip.NewReader(bytes.NewReader(body))
				must(t, err)
				body, err = io.ReadAll(r)
				must(t, err)
			}
			if e, err := wire.ReadEnvelope(body); err == nil && len(e.Items) > 0 {
				list = append(list, e)
			}
		}
	}
	if len(list) < 20 {
		t.Fatalf("%d recorded envelopes in %s: the test would show nothing", len(list), recordings)
	}
	return list
}

// piece is an envelope, or a part of one: an event with the spans that came in it, or
// a span of a container.
type piece struct {
	*wire.Envelope
	part int // from 1; 0 is the whole envelope
}

// batchOf does with a piece what the pipeline does, but for secrets. Parts are cut
// once the envelope is decoded: what its items lend each other there stays.
func (f *fixture) batchOf(p piece, prices *price.Table) *model.Batch {
	docs := sentry.Parse(p.Envelope, sentry.Meta{Org: f.org.ID, Project: f.project.ID, Received: Clock, ClientIP: "203.0.113.9"})
	defer docs.Release()
	b := sentry.Decode(docs)
	about := agent.Read(b)
	group.Assign(b)
	if about {
		price.Apply(b, prices)
	}
	if p.part > 0 {
		b = cut(b)[p.part-1]
	}
	if about {
		agent.Assemble(b)
	}
	return b
}

// cut cuts a batch apart.
func cut(b *model.Batch) (parts []*model.Batch) {
	add := func() *model.Batch {
		parts = append(parts, &model.Batch{Org: b.Org, Project: b.Project, Received: b.Received, SpanBlobs: b.SpanBlobs})
		return parts[len(parts)-1]
	}
	for _, e := range b.Events {
		part := add()
		part.Events = []model.Event{e}
		for _, s := range b.Spans {
			if s.Event == e.ID {
				part.Spans = append(part.Spans, s)
			}
		}
	}
	for _, s := range b.Spans {
		if s.Event.IsZero() {
			add().Spans = []model.Span{s}
		}
	}
	return parts
}

// parts returns the parts of an envelope; what has none stays whole.
func (f *fixture) parts(e *wire.Envelope, prices *price.Table) (list []piece) {
	for i := range cut(f.batchOf(piece{e, 0}, prices)) {
		list = append(list, piece{e, i + 1})
	}
	return append(list, piece{e, 0})[:max(1, len(list))]
}

// object is a JSON object.
type object map[string]any

// envelopeOf returns an envelope of one item.
func envelopeOf(kind string, content object) *wire.Envelope {
	payload, err := json.Marshal(content)
	if err != nil {
		panic(err) // nothing in there that JSON does not know
	}
	e := &wire.Envelope{Items: []wire.Item{{Type: kind, Payload: payload}}}
	e.Header.EventID, _ = content["event_id"].(string)
	return e
}

// at returns a time so many seconds before Clock stands at its minute.
func at(seconds float64) float64 { return float64(Clock.Add(-time.Minute).Unix()) + seconds }

func id16(n int) string { return fmt.Sprintf("%016x", n) }

func traceOf(n int) string { return strings.Repeat(fmt.Sprintf("%02x", n), 16) }

// ids are a span's trace, its own id and its parent's, 0 for none.
type ids struct{ trace, id, parent int }

// spanOf returns a span of a container.
func spanOf(s ids, from, to float64, attributes object) object {
	op, _ := attributes["sentry.op"].(string)
	span := object{"trace_id": traceOf(s.trace), "span_id": id16(s.id), "name": op, "status": "ok", "start_timestamp": at(from), "end_timestamp": at(to)}
	if s.parent != 0 {
		span["parent_span_id"] = id16(s.parent)
	}
	if failed := attributes["error.type"]; failed != nil {
		span["status"] = "error"
	}
	typed := object{}
	for k, v := range attributes {
		switch v.(type) {
		case int:
			typed[k] = object{"type": "integer", "value": v}
		default:
			typed[k] = object{"type": "string", "value": v}
		}
	}
	span["attributes"] = typed
	return span
}

func container(spans ...object) *wire.Envelope {
	return envelopeOf(wire.ItemSpan, object{"version": 2, "items": spans})
}

func call(model string, in, out int) object {
	return object{"sentry.op": "gen_ai.chat", "gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": model,
		"gen_ai.usage.input_tokens": in, "gen_ai.usage.output_tokens": out}
}

func tool(name string, more ...string) object {
	o := object{"sentry.op": "gen_ai.execute_tool", "gen_ai.tool.name": name}
	for i := 0; i+1 < len(more); i += 2 {
		o[more[i]] = more[i+1]
	}
	return o
}

func run(name string, more ...string) object {
	o := object{"sentry.op": "gen_ai.invoke_agent", "gen_ai.agent.name": name}
	for i := 0; i+1 < len(more); i += 2 {
		o[more[i]] = more[i+1]
	}
	return o
}

// fault returns an error event; more goes on top.
func fault(n, trace, span int, text string, more object) *wire.Envelope {
	e := object{"event_id": fmt.Sprintf("%032x", n), "timestamp": at(20 + float64(n%7)), "platform": "python", "level": "error",
		"exception": object{"values": []object{{"type": text, "value": text + " happened"}}}}
	if trace != 0 {
		e["contexts"] = object{"trace": object{"trace_id": traceOf(trace), "span_id": id16(span)}}
	}
	for k, v := range more {
		e[k] = v
	}
	return envelopeOf(wire.ItemEvent, e)
}
