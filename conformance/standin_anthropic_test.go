package conformance

import (
	"encoding/json"
	"net/http"
)

// anthropicModel is what Anthropic answers to requests of claude-haiku-4-5.
const anthropicModel = "claude-haiku-4-5-20251001"

// anthropicRefusal is Anthropic's answer above the limit of tokens a minute.
func anthropicRefusal(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Request-Id", "req_011CSHoEeqs5C35K2UUqR7Fy")
	w.Header().Set("Retry-After", "14")
	writeObject(w, http.StatusTooManyRequests, fields{
		"type": "error",
		"error": fields{
			"type": "rate_limit_error",
			"message": "This request would exceed your organization's rate limit of 50,000 input tokens per minute. " +
				"For details, refer to: https://docs.claude.com/en/api/rate-limits.",
		},
		"request_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
	})
}

// anthropicMessage answers as /v1/messages does.
func anthropicMessage(w http.ResponseWriter, q asked, a answer) {
	if q.Stream {
		streamMessage(w, a)
		return
	}
	m := a.message()
	m["content"], m["stop_reason"], m["usage"] = a.blocks(), a.stopReason(), a.anthropicUsage()
	writeObject(w, http.StatusOK, m)
}

// message is an answer of which nothing was said yet.
func (a answer) message() fields {
	return fields{
		"id": "msg_01A81", "type": "message", "role": "assistant", "model": anthropicModel,
		"content": []any{}, "stop_reason": nil, "stop_sequence": nil, "usage": a.anthropicUsage(),
	}
}

func (a answer) stopReason() string {
	switch a.finish {
	case "tool_calls":
		return "tool_use"
	case "length":
		return "max_tokens"
	case "content_filter":
		return "refusal"
	}
	return "end_turn"
}

// anthropicUsage leaves what the cache read or kept out of the input, as
// Anthropic does.
func (a answer) anthropicUsage() fields {
	return fields{
		"input_tokens":                a.input - a.cached - a.written,
		"cache_creation_input_tokens": a.written, "cache_read_input_tokens": a.cached,
		"cache_creation": fields{"ephemeral_5m_input_tokens": a.written, "ephemeral_1h_input_tokens": 0},
		"output_tokens":  a.output, "service_tier": "standard",
	}
}

func (a answer) blocks() []fields {
	blocks := []fields{}
	if a.text != "" {
		blocks = append(blocks, fields{"type": "text", "text": a.text})
	}
	for _, c := range a.calls {
		blocks = append(blocks, fields{
			"type": "tool_use", "id": c.id, "name": c.name, "input": json.RawMessage(c.arguments),
		})
	}
	return blocks
}

func streamMessage(w http.ResponseWriter, a answer) {
	begun := a.message()
	begun["usage"].(fields)["output_tokens"] = 1
	events := []fields{{"type": "message_start", "message": begun}}
	for i, block := range a.blocks() {
		events = append(events, blockEvents(i, block)...)
	}
	writeEvents(w, append(events,
		fields{
			"type": "message_delta", "delta": fields{"stop_reason": a.stopReason(), "stop_sequence": nil},
			"usage": a.anthropicUsage(),
		},
		fields{"type": "message_stop"}))
}

// blockEvents are the events that bring one block of a message.
func blockEvents(i int, block fields) []fields {
	start, delta := fields{"type": "text", "text": ""}, fields{"type": "text_delta", "text": block["text"]}
	if block["type"] == "tool_use" {
		start = fields{"type": "tool_use", "id": block["id"], "name": block["name"], "input": fields{}}
		delta = fields{"type": "input_json_delta", "partial_json": string(block["input"].(json.RawMessage))}
	}
	return []fields{
		{"type": "content_block_start", "index": i, "content_block": start},
		{"type": "content_block_delta", "index": i, "delta": delta},
		{"type": "content_block_stop", "index": i},
	}
}
