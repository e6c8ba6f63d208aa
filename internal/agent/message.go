package agent

import (
	"bytes"
	"encoding/json"

	"github.com/valyala/fastjson"
)

// Message is one message of a span's conversation.
type Message struct {
	Role   string // system, user, assistant, tool, or another word of the client's
	Output bool   // it came out of the call; false for what went in
	Finish string // why it ended, in the client's word; mostly empty
	Parts  []Part
}

// Part is a piece of a message.
type Part struct {
	// Type is text, reasoning, tool_call, tool_call_response, blob, uri, file, or
	// another word of the client's.
	Type string
	// Text is what text and reasoning say; placeholders like [Filtered] are texts.
	Text string
	// ToolCallID and Name are those of a tool call and its response.
	ToolCallID, Name string
	// Arguments and Response are JSON, as sent; a text that is no JSON is a JSON string.
	Arguments, Response json.RawMessage
	// Modality is image, audio, video or document, MIME its type; URI is where a uri or
	// a file is found. The content of a blob is left out.
	Modality, MIME, URI string
	// Raw is the whole part where Type is another word.
	Raw json.RawMessage
}

// Messages returns the conversation of a span in one form, whatever form the client
// sent it in: what went in, instructions first, then what came out; of a tool call,
// its arguments and its result. get returns the value of the span's attribute of that
// name as JSON, or nil; an empty result is nil. What cannot be read as messages is text.
func Messages(get func(name string) json.RawMessage) []Message {
	t := talk{get: get}
	t.system()
	t.input()
	t.tool()
	t.output()
	return t.messages
}

// talk gathers the messages of a span.
type talk struct {
	get      func(string) json.RawMessage
	messages []Message
	came     bool   // out of the call
	role     string // of what does not tell
}

// first returns the first of the attributes that is there and not empty, read.
func (t *talk) first(names ...string) *fastjson.Value {
	for _, name := range names {
		if v := parseLoosely(t.get(name)); v != nil {
			return v
		}
	}
	return nil
}

// parseLoosely reads JSON that may stand in a JSON string. What is no JSON is a string;
// what is empty is nil.
func parseLoosely(raw json.RawMessage) *fastjson.Value {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 {
		return nil
	}
	v, err := fastjson.ParseBytes(raw)
	if err != nil {
		return stringValue(string(raw))
	}
	if v.Type() == fastjson.TypeNull {
		return nil
	}
	return unwrap(v)
}

// unwrap reads the list or object that a string holds; other strings stay.
func unwrap(v *fastjson.Value) *fastjson.Value {
	if v.Type() != fastjson.TypeString {
		return v
	}
	s := bytes.TrimSpace(v.GetStringBytes())
	if len(s) == 0 || string(s) == "null" {
		return nil
	}
	if s[0] == '[' || s[0] == '{' {
		if inner, err := fastjson.ParseBytes(s); err == nil {
			return inner
		}
	}
	return v
}

func stringValue(s string) *fastjson.Value {
	var a fastjson.Arena
	return a.NewString(s)
}

func (t *talk) system() {
	t.role = "system"
	t.add(t.first(names[systemInstructions]...), asParts)
}

func (t *talk) input() {
	t.role = "user"
	v := t.first(names[inputMessages]...)
	if v == nil {
		v = t.first(names[requestMessages]...)
	}
	if v == nil {
		v = t.first("gen_ai.embeddings.input")
	}
	t.add(v, asMessages)
}

func (t *talk) output() {
	t.role, t.came = "assistant", true
	if v := t.first(names[outputMessages][0]); v != nil {
		t.add(v, asMessages)
		return
	}
	text := t.first(names[responseText][0], "ai.response.text")
	calls := t.first(names[responseToolCalls][0], "ai.response.toolCalls", "ai.tool_calls")
	if text == nil && calls == nil {
		if t.add(t.first("ai.responses"), asMessages); !t.answered() {
			t.add(t.first(names[responseObject]...), asText)
		}
		return
	}
	// Both make one message.
	m := Message{Role: "assistant", Output: true}
	for _, v := range items(text) {
		m.Parts = append(m.Parts, spoken(v)...)
	}
	for _, v := range items(calls) {
		m.Parts = append(m.Parts, callPart(v))
	}
	t.messages = append(t.messages, m)
}

// answered reports whether a message came out.
func (t *talk) answered() bool {
	return len(t.messages) > 0 && t.messages[len(t.messages)-1].Output && t.messages[len(t.messages)-1].Role != "tool"
}

// tool adds the tool call that the span is.
func (t *talk) tool() {
	arguments, result := t.first(names[toolArguments]...), t.first(names[toolResult]...)
	if arguments == nil && result == nil {
		return
	}
	name, id := plainText(t.first(names[toolName]...)), plainText(t.first("gen_ai.tool.call.id"))
	if arguments != nil {
		t.messages = append(t.messages, Message{Role: "assistant",
			Parts: []Part{{Type: "tool_call", ToolCallID: id, Name: name, Arguments: rawOf(arguments)}}})
	}
	if result != nil {
		t.messages = append(t.messages, Message{Role: "tool", Output: true,
			Parts: []Part{{Type: "tool_call_response", ToolCallID: id, Name: name, Response: rawOf(result)}}})
	}
}

// The ways to read a value.
type form uint8

const (
	asMessages form = iota
	asParts         // a list is the parts of one message
	asText          // it is one text, JSON or not
)

// add adds the messages that v is.
func (t *talk) add(v *fastjson.Value, as form) {
	switch {
	case v == nil:
	case as == asText:
		t.push(Message{Parts: []Part{{Type: "text", Text: plainText(v)}}})
	case v.Type() == fastjson.TypeObject && v.Get("messages") != nil:
		t.add(unwrap(v.Get("messages")), as)
	case v.Type() != fastjson.TypeArray:
		t.addOne(v)
	case as == asParts && !holdsMessages(v):
		t.push(Message{Parts: partsOf(v)})
	default:
		t.addList(v)
	}
}

// addList adds a list of messages. Items that are parts, as of one message, are one.
func (t *talk) addList(v *fastjson.Value) {
	list := v.GetArray()
	for i := 0; i < len(list); i++ {
		if list[i].Type() == fastjson.TypeArray { // messages in batches
			t.add(list[i], asMessages)
			continue
		}
		if !isPart(list[i]) {
			t.addOne(list[i])
			continue
		}
		var m Message
		for ; i < len(list) && isPart(list[i]); i++ {
			m.Parts = append(m.Parts, partOf(list[i]))
		}
		i--
		t.push(m)
	}
}

// push adds a message; what it does not say is as usual here.
func (t *talk) push(m Message) {
	m.Output = t.came
	if m.Role == "" {
		m.Role = t.role
	}
	t.messages = append(t.messages, m)
}

// holdsMessages reports whether a list is of messages rather than of parts.
func holdsMessages(v *fastjson.Value) bool {
	list := v.GetArray()
	return len(list) > 0 && list[0].Get("role") != nil
}

// isPart reports whether the object is a part without a message around it.
func isPart(v *fastjson.Value) bool {
	if v.Type() != fastjson.TypeObject || v.Get("role") != nil || v.Get("parts") != nil || v.Get("message") != nil {
		return false
	}
	typ := string(v.GetStringBytes("type"))
	_, isRole := roles[typ]
	return typ != "" && typ != "message" && !isRole || isCall(v)
}

// items returns the items of a list, or v itself.
func items(v *fastjson.Value) []*fastjson.Value {
	switch {
	case v == nil:
		return nil
	case v.Type() == fastjson.TypeArray:
		return v.GetArray()
	}
	return []*fastjson.Value{v}
}

// rawOf returns the value as JSON of its own.
func rawOf(v *fastjson.Value) json.RawMessage {
	if raw := v.MarshalTo(nil); json.Valid(raw) {
		return raw
	}
	return appendValue(nil, v)
}

// appendValue writes what the parser writes wrongly: it has Go's escapes for control
// characters and for what is no UTF-8.
func appendValue(dst []byte, v *fastjson.Value) []byte {
	separate := func(i int) {
		if i > 0 {
			dst = append(dst, ',')
		}
	}
	switch v.Type() {
	case fastjson.TypeString:
		return appendText(dst, v.GetStringBytes())
	case fastjson.TypeArray:
		dst = append(dst, '[')
		for i, item := range v.GetArray() {
			separate(i)
			dst = appendValue(dst, item)
		}
		return append(dst, ']')
	case fastjson.TypeObject:
		dst = append(dst, '{')
		n := 0
		v.GetObject().Visit(func(key []byte, member *fastjson.Value) {
			separate(n)
			n++
			dst = append(appendText(dst, key), ':')
			dst = appendValue(dst, member)
		})
		return append(dst, '}')
	}
	if raw := v.MarshalTo(nil); json.Valid(raw) {
		return append(dst, raw...)
	}
	return append(dst, "null"...) // NaN and the like
}

func appendText(dst, text []byte) []byte {
	quoted, _ := json.Marshal(string(text)) // a string
	return append(dst, quoted...)
}

// plainText returns a string's text, any other value as JSON.
func plainText(v *fastjson.Value) string {
	switch {
	case v == nil || v.Type() == fastjson.TypeNull:
		return ""
	case v.Type() == fastjson.TypeString:
		return string(v.GetStringBytes())
	}
	return string(rawOf(v))
}
