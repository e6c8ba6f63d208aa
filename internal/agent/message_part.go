package agent

import (
	"github.com/valyala/fastjson"
)

// roles maps what clients call the one who speaks.
var roles = map[string]string{
	"system": "system", "developer": "developer", "user": "user", "human": "user", "assistant": "assistant", "ai": "assistant",
	"model": "assistant", "tool": "tool", "tool_call": "tool", "function": "tool", "AIMessageChunk": "assistant",
}

// addOne adds one message: a text, or an object with parts, content or text.
func (t *talk) addOne(v *fastjson.Value) {
	if v.Type() != fastjson.TypeObject {
		t.push(Message{Parts: []Part{{Type: "text", Text: plainText(v)}}})
		return
	}
	if inner := v.Get("message"); inner != nil && inner.Type() == fastjson.TypeObject { // a choice of OpenAI's
		v = inner
	}
	m := Message{Role: roleOf(v), Finish: string(v.GetStringBytes("finish_reason"))}
	body := bodyOf(v)
	if id := firstText(v, "tool_call_id", "toolCallId"); id != "" && body != nil && v.Get("parts") == nil {
		m.Parts = []Part{{Type: "tool_call_response", ToolCallID: id, Name: firstText(v, "name"), Response: rawOf(body)}}
	} else {
		m.Parts = partsOf(body)
	}
	for _, key := range [...]string{"tool_calls", "toolCalls"} {
		for _, call := range v.GetArray(key) {
			m.Parts = append(m.Parts, callPart(call))
		}
	}
	if call := v.Get("function_call"); call != nil && call.Type() == fastjson.TypeObject {
		m.Parts = append(m.Parts, callPart(call))
	}
	t.push(m)
}

func roleOf(v *fastjson.Value) string {
	for _, key := range [...]string{"role", "type"} {
		given := string(v.GetStringBytes(key))
		if role, ok := roles[given]; ok {
			return role
		}
		if key == "role" && given != "" {
			return given
		}
	}
	return ""
}

// bodyOf returns what a message says, under whatever name.
func bodyOf(v *fastjson.Value) *fastjson.Value {
	for _, key := range [...]string{"parts", "content", "text"} {
		if body := v.Get(key); body != nil && body.Type() != fastjson.TypeNull {
			return body
		}
	}
	return nil
}

// partsOf reads the body of a message: a text, a part, or a list of both.
func partsOf(v *fastjson.Value) (parts []Part) {
	for _, item := range items(v) {
		switch item.Type() {
		case fastjson.TypeNull:
		case fastjson.TypeObject:
			parts = append(parts, partOf(item))
		default:
			parts = append(parts, Part{Type: "text", Text: plainText(item)})
		}
	}
	return parts
}

// spoken reads an item of gen_ai.response.text: a text, or an object with content.
func spoken(v *fastjson.Value) []Part {
	if v.Type() == fastjson.TypeObject && v.Get("type") == nil {
		return partsOf(bodyOf(v))
	}
	return partsOf(v)
}

// partTypes maps the types of parts that clients send to ours.
var partTypes = map[string]string{
	"text": "text", "input_text": "text", "output_text": "text", "message": "text", "refusal": "text",
	"reasoning": "reasoning", "thinking": "reasoning", "summary_text": "reasoning",
	"tool_call": "tool_call", "tool_use": "tool_call", "tool-call": "tool_call", "function_call": "tool_call", "function": "tool_call",
	"tool_call_response": "tool_call_response", "tool_result": "tool_call_response", "tool-result": "tool_call_response",
	"function_call_output": "tool_call_response",
	"blob":                 "blob", "uri": "uri", "file": "file",
	"image_url": "uri", "input_image": "uri", "image": "blob", "input_audio": "blob", "document": "blob",
}

// partOf reads an object inside of a message.
func partOf(v *fastjson.Value) Part {
	typ := string(v.GetStringBytes("type"))
	switch known := partTypes[typ]; known {
	case "text", "reasoning":
		return Part{Type: known, Text: saying(v)}
	case "tool_call":
		return callPart(v)
	case "tool_call_response":
		return responsePart(v)
	case "blob", "uri", "file":
		return mediaPart(v, known)
	}
	switch {
	case typ != "":
		return Part{Type: typ, Text: saying(v), Raw: rawOf(v)}
	case v.Get("functionCall") != nil:
		return callPart(v.Get("functionCall"))
	case v.Get("functionResponse") != nil:
		return responsePart(v.Get("functionResponse"))
	case v.Get("inlineData") != nil:
		return mediaPart(v.Get("inlineData"), "blob")
	case v.Get("fileData") != nil:
		return mediaPart(v.Get("fileData"), "uri")
	case isCall(v):
		return callPart(v)
	case bodyOf(v) != nil:
		return Part{Type: "text", Text: saying(v)}
	}
	return Part{Type: "other", Raw: rawOf(v)}
}

// saying returns the text of a part, under whatever name; lists are joined.
func saying(v *fastjson.Value) string {
	for _, key := range [...]string{"content", "text", "thinking", "reasoning", "summary", "refusal"} {
		body := v.Get(key)
		if body == nil || body.Type() == fastjson.TypeNull {
			continue
		}
		if body.Type() != fastjson.TypeArray {
			return plainText(body)
		}
		text := ""
		for _, p := range partsOf(body) {
			text += p.Text
		}
		return text
	}
	return ""
}

// isCall reports whether the object is a tool call without a type.
func isCall(v *fastjson.Value) bool {
	if v.Get("function") != nil || v.Get("toolName") != nil && v.Get("result") == nil {
		return true
	}
	return v.Get("name") != nil && argumentsOf(v) != nil
}

func argumentsOf(v *fastjson.Value) *fastjson.Value {
	for _, key := range [...]string{"arguments", "args", "input"} {
		if a := v.Get(key); a != nil {
			return a
		}
	}
	return nil
}

// callPart reads a tool call in any provider's form.
func callPart(v *fastjson.Value) Part {
	p := Part{Type: "tool_call", ToolCallID: firstText(v, "call_id", "tool_call_id", "toolCallId", "id")}
	if f := v.Get("function"); f != nil && f.Type() == fastjson.TypeObject {
		v = f
	}
	p.Name = firstText(v, "name", "toolName", "tool_name")
	if a := argumentsOf(v); a != nil {
		if a = unwrap(a); a != nil {
			p.Arguments = rawOf(a)
		}
	}
	return p
}

// responsePart reads what a tool answered, in any provider's form.
func responsePart(v *fastjson.Value) Part {
	p := Part{Type: "tool_call_response", ToolCallID: firstText(v, "tool_use_id", "call_id", "tool_call_id", "toolCallId", "id"),
		Name: firstText(v, "name", "toolName", "tool_name")}
	for _, key := range [...]string{"response", "result", "output", "content"} {
		if r := v.Get(key); r != nil {
			p.Response = rawOf(r)
			break
		}
	}
	return p
}

// mediaPart reads a picture, a sound or a file; not its content.
func mediaPart(v *fastjson.Value, typ string) Part {
	p := Part{Type: typ, Modality: firstText(v, "modality"), MIME: firstText(v, "mime_type", "mimeType", "mediaType"),
		URI: firstText(v, "uri", "url", "fileUri", "file_id", "image_url")}
	if source := v.Get("source"); source != nil {
		p.MIME, p.URI = firstText(source, "media_type"), firstText(source, "url", "file_id")
	}
	if u := v.Get("image_url", "url"); u != nil {
		p.URI = plainText(u)
	}
	if c := firstText(v, "content", "image", "data"); isPlaceholder(c) {
		p.Text = c
	}
	if p.Modality == "" {
		p.Modality = modalities[string(v.GetStringBytes("type"))]
	}
	if typ == "blob" && p.URI != "" {
		p.Type = "uri"
	}
	return p
}

var modalities = map[string]string{"image": "image", "image_url": "image", "input_image": "image", "input_audio": "audio", "document": "document"}

// isPlaceholder reports whether a text stands for what was taken out.
func isPlaceholder(s string) bool {
	return s == "[Filtered]" || s == "[Blob substitute]"
}

// firstText returns the first of the members that is a text and not empty.
func firstText(v *fastjson.Value, keys ...string) string {
	for _, key := range keys {
		if s := v.GetStringBytes(key); len(s) > 0 {
			return string(s)
		}
	}
	return ""
}
