package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"relay.one/picket/internal/pipeline"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/wire"
)

// told is a span as a client sends it, with times in seconds after the start.
type told struct {
	id, parent int
	op, name   string
	from, to   float64
	status     string
	attributes map[string]any
}

type object = map[string]any

const toldTrace = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// begun is when told spans begin: two minutes before noon.
var begun = time.Date(2026, 11, 23, 11, 58, 0, 0, time.UTC)

// send hands spans, and errors of theirs, to the pipeline in one envelope.
func (w *world) send(spans []told, events ...object) {
	w.t.Helper()
	var items []object
	for _, s := range spans {
		attributes := object{"sentry.op": object{"type": "string", "value": s.op}}
		for name, v := range s.attributes {
			attributes[name] = object{"value": v}
		}
		status := s.status
		if status == "" {
			status = "ok"
		}
		item := object{"trace_id": toldTrace, "span_id": toldID(s.id), "name": s.name, "status": status, "attributes": attributes,
			"start_timestamp": float64(begun.Unix()) + s.from, "end_timestamp": float64(begun.Unix()) + s.to}
		if s.parent != 0 {
			item["parent_span_id"] = toldID(s.parent)
		}
		items = append(items, item)
	}
	var b strings.Builder
	b.WriteString("{}\n")
	fmt.Fprintf(&b, "{\"type\":\"span\",\"item_count\":%d,\"content_type\":\"application/vnd.sentry.items.span.v2+json\"}\n%s\n",
		len(items), w.json(object{"version": 2, "items": items}))
	w.process(b.String())
	for _, e := range events {
		w.process("{\"event_id\":\"" + e["event_id"].(string) + "\"}\n{\"type\":\"event\"}\n" + w.json(e) + "\n")
	}
}

func toldID(id int) string { return fmt.Sprintf("%016x", id) }

func (w *world) json(v any) string {
	w.t.Helper()
	raw, err := json.Marshal(v)
	w.must(err)
	return string(raw)
}

func (w *world) process(envelope string) {
	w.t.Helper()
	org, err := w.db.Organizations(w.t.Context())
	w.must(err)
	e, err := wire.ReadEnvelope([]byte(envelope))
	w.must(err)
	p := pipeline.New(pipeline.Options{Writer: w.db, Prices: price.Default()})
	_, err = p.Process(w.t.Context(), e, sentry.Meta{Org: org[0].ID, Project: w.project, Received: noon})
	w.must(err)
}

// chat is a model call that was sent the messages and answered with the last.
func chat(id, parent int, from, to float64, messages ...object) told {
	last := len(messages) - 1
	return told{id, parent, "gen_ai.chat", "chat gpt-4o", from, to, "", object{
		"gen_ai.system": "openai", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 200,
		"gen_ai.input.messages": text(messages[:last]), "gen_ai.output.messages": text(messages[last:]),
		"gen_ai.response.finish_reasons": `["stop"]`,
	}}
}

func tool(id, parent int, from, to float64, name string, arguments, result any) told {
	return told{id, parent, "gen_ai.execute_tool", "execute_tool " + name, from, to, "", object{
		"gen_ai.tool.name": name, "gen_ai.tool.call.arguments": text(arguments), "gen_ai.tool.call.result": text(result)}}
}

func agentSpan(id, parent int, from, to float64, name, execution string) told {
	t := told{id, parent, "gen_ai.invoke_agent", "invoke_agent " + name, from, to, "", object{"gen_ai.agent.name": name}}
	if execution != "" {
		t.attributes["picket.execution.id"] = execution
	}
	return t
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func says(role, words string) object {
	return object{"role": role, "parts": []object{{"type": "text", "content": words}}}
}

func calls(id, name string, arguments object) object {
	return object{"role": "assistant", "parts": []object{{"type": "tool_call", "id": id, "name": name, "arguments": arguments}}}
}

func answers(id, result string) object {
	return object{"role": "tool", "parts": []object{{"type": "tool_call_response", "id": id, "response": result}}}
}
