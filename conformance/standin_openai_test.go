package conformance

import (
	"io"
	"net/http"
)

// openAIModel is what OpenAI answers to requests of gpt-5-mini.
const openAIModel = "gpt-5-mini-2025-08-07"

// standInTime is when stand-ins say that they answered, in Unix seconds.
const standInTime = 1795000000

// openAIRefusal is OpenAI's answer above the limit of tokens a minute.
func openAIRefusal(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("X-Request-Id", "req_5d1f4b7c0a9e4c3f8b2a6d7e8f901234")
	w.Header().Set("X-Ratelimit-Remaining-Tokens", "0")
	writeObject(w, http.StatusTooManyRequests, fields{"error": fields{
		"message": "Rate limit reached for gpt-5-mini in organization org-81 on tokens per min (TPM): " +
			"Limit 200000, Used 198000, Requested 3200. Please try again in 360ms. " +
			"Visit https://platform.openai.com/account/rate-limits to learn more.",
		"type": "tokens", "param": nil, "code": "rate_limit_exceeded",
	}})
}

// chatCompletion answers as /v1/chat/completions does.
func chatCompletion(w http.ResponseWriter, q asked, a answer) {
	if q.Stream {
		streamChat(w, q, a)
		return
	}
	writeObject(w, http.StatusOK, fields{
		"id": "chatcmpl-81", "object": "chat.completion", "created": standInTime, "model": openAIModel,
		"choices": []fields{{"index": 0, "message": a.chatMessage(), "logprobs": nil, "finish_reason": a.finish}},
		"usage":   a.chatUsage(), "service_tier": "default",
	})
}

func (a answer) chatMessage() fields {
	m := fields{"role": "assistant", "content": nil, "refusal": nil, "annotations": []any{}}
	if a.text != "" {
		m["content"] = a.text
	}
	if len(a.calls) > 0 {
		m["tool_calls"] = a.chatCalls()
	}
	return m
}

func (a answer) chatCalls() []fields {
	var calls []fields
	for i, c := range a.calls {
		calls = append(calls, fields{
			"index": i, "id": c.id, "type": "function",
			"function": fields{"name": c.name, "arguments": c.arguments},
		})
	}
	return calls
}

func (a answer) chatUsage() fields {
	return fields{
		"prompt_tokens": a.input, "completion_tokens": a.output, "total_tokens": a.input + a.output,
		"prompt_tokens_details": fields{"cached_tokens": a.cached, "audio_tokens": 0},
		"completion_tokens_details": fields{
			"reasoning_tokens": a.reasoning, "audio_tokens": 0,
			"accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
		},
	}
}

// streamChat answers in chunks. As OpenAI does, it tells the usage only to those
// who asked for it, in a chunk of its own.
func streamChat(w http.ResponseWriter, q asked, a answer) {
	chunk := func(choices []fields, usage any) fields {
		return fields{
			"id": "chatcmpl-81", "object": "chat.completion.chunk", "created": standInTime,
			"model": openAIModel, "choices": choices, "usage": usage,
		}
	}
	choice := func(delta fields, finish any) []fields {
		return []fields{{"index": 0, "delta": delta, "finish_reason": finish}}
	}
	chunks := []fields{chunk(choice(fields{"role": "assistant", "content": nil}, nil), nil)}
	if a.text != "" {
		half := len(a.text) / 2
		chunks = append(chunks,
			chunk(choice(fields{"content": a.text[:half]}, nil), nil),
			chunk(choice(fields{"content": a.text[half:]}, nil), nil))
	}
	for _, call := range a.chatCalls() {
		chunks = append(chunks, chunk(choice(fields{"tool_calls": []fields{call}}, nil), nil))
	}
	chunks = append(chunks, chunk(choice(fields{}, a.finish), nil))
	if q.StreamOptions.IncludeUsage {
		chunks = append(chunks, chunk([]fields{}, a.chatUsage()))
	}
	writeEvents(w, chunks)
	io.WriteString(w, "data: [DONE]\n\n")
}

// openAIResponse answers as /v1/responses does.
func openAIResponse(w http.ResponseWriter, q asked, a answer) {
	if q.Stream {
		streamResponse(w, a)
		return
	}
	writeObject(w, http.StatusOK, a.response())
}

func (a answer) response() fields {
	r := fields{
		"id": "resp_81", "object": "response", "created_at": standInTime, "model": openAIModel,
		"status": "completed", "error": nil, "incomplete_details": nil, "instructions": nil,
		"output": a.responseItems(), "parallel_tool_calls": true, "tool_choice": "auto", "tools": []any{},
		"usage": fields{
			"input_tokens": a.input, "output_tokens": a.output, "total_tokens": a.input + a.output,
			"input_tokens_details":  fields{"cached_tokens": a.cached},
			"output_tokens_details": fields{"reasoning_tokens": a.reasoning},
		},
	}
	if reason := a.incomplete(); reason != "" {
		r["status"], r["incomplete_details"] = "incomplete", fields{"reason": reason}
	}
	return r
}

// incomplete returns why the answer is not whole, in this API's words.
func (a answer) incomplete() string {
	switch a.finish {
	case "length":
		return "max_output_tokens"
	case "content_filter":
		return "content_filter"
	}
	return ""
}

func (a answer) responseItems() []fields {
	items := []fields{}
	if a.reasoning > 0 {
		items = append(items, fields{"id": "rs_81", "type": "reasoning", "summary": []any{}})
	}
	if a.text != "" {
		items = append(items, fields{
			"id": "msg_81", "type": "message", "role": "assistant", "status": "completed",
			"content": []fields{{"type": "output_text", "text": a.text, "annotations": []any{}}},
		})
	}
	for _, c := range a.calls {
		items = append(items, fields{
			"id": "fc_" + c.id, "type": "function_call", "status": "completed",
			"call_id": c.id, "name": c.name, "arguments": c.arguments,
		})
	}
	return items
}

func streamResponse(w http.ResponseWriter, a answer) {
	begun := a.response()
	begun["status"], begun["output"], begun["usage"], begun["incomplete_details"] = "in_progress", []any{}, nil, nil
	events := []fields{
		{"type": "response.created", "response": begun},
		{"type": "response.in_progress", "response": begun},
	}
	for i, item := range a.responseItems() {
		events = append(events, itemEvents(i, item)...)
	}
	last := "response.completed"
	if a.incomplete() != "" {
		last = "response.incomplete"
	}
	events = append(events, fields{"type": last, "response": a.response()})
	for i, e := range events {
		e["sequence_number"] = i
	}
	writeEvents(w, events)
}

// itemEvents are the events that bring one item of a response.
func itemEvents(i int, item fields) []fields {
	event := func(kind string, more fields) fields {
		more["type"], more["output_index"], more["item_id"] = "response."+kind, i, item["id"]
		return more
	}
	events := []fields{event("output_item.added", fields{"item": begunItem(item)})}
	switch item["type"] {
	case "message":
		part := item["content"].([]fields)[0]
		empty := fields{"type": "output_text", "text": "", "annotations": []any{}}
		events = append(events,
			event("content_part.added", fields{"content_index": 0, "part": empty}),
			event("output_text.delta", fields{"content_index": 0, "delta": part["text"], "logprobs": []any{}}),
			event("output_text.done", fields{"content_index": 0, "text": part["text"], "logprobs": []any{}}),
			event("content_part.done", fields{"content_index": 0, "part": part}))
	case "function_call":
		events = append(events,
			event("function_call_arguments.delta", fields{"delta": item["arguments"]}),
			event("function_call_arguments.done", fields{"name": item["name"], "arguments": item["arguments"]}))
	}
	return append(events, event("output_item.done", fields{"item": item}))
}

// begunItem is the item before anything of it was said.
func begunItem(item fields) fields {
	begun := fields{}
	for key, value := range item {
		begun[key] = value
	}
	switch item["type"] {
	case "message":
		begun["status"], begun["content"] = "in_progress", []any{}
	case "function_call":
		begun["status"], begun["arguments"] = "in_progress", ""
	}
	return begun
}
