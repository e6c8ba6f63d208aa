package agent

import (
	"encoding/json"
	"strings"
	"testing"
)

// sketch writes messages in short: role, <, > for what came out, parts.
func sketch(list []Message) string {
	var out []string
	for _, m := range list {
		s := m.Role + ":"
		if m.Output {
			s = m.Role + ">"
		}
		for _, p := range m.Parts {
			s += " " + p.Type
			for _, more := range []string{p.Text, p.ToolCallID, p.Name, string(p.Arguments), string(p.Response), p.Modality, p.MIME, p.URI} {
				if more != "" {
					s += "|" + more
				}
			}
		}
		if m.Finish != "" {
			s += " (" + m.Finish + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}

// TestMessages holds a form a line: the attribute, its text, and what it means.
func TestMessages(t *testing.T) {
	t.Parallel()
	f := func(name, value, want string) {
		t.Helper()
		quoted, _ := json.Marshal(value) // a string
		forms := []json.RawMessage{quoted}
		if json.Valid([]byte(value)) {
			forms = append(forms, json.RawMessage(value)) // structured, not in a string
		}
		for _, raw := range forms {
			got := sketch(Messages(func(n string) json.RawMessage {
				if n == name {
					return raw
				}
				return nil
			}))
			if got != want {
				t.Errorf("%s = %s:\n got %s\nwant %s", name, raw, got, want)
			}
		}
	}
	const in, out = "gen_ai.input.messages", "gen_ai.output.messages"
	f(in, ``, "")
	f(in, `null`, "")
	f(in, `[]`, "")
	// The canonical form.
	f(in, `[{"role":"user","parts":[{"type":"text","content":"refund 81"}]},
		{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"lookup","arguments":{"order":81}}]},
		{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","response":{"state":"paid"}}]}]`,
		"user: text|refund 81\nassistant: tool_call|c1|lookup|{\"order\":81}\ntool: tool_call_response|c1|{\"state\":\"paid\"}")
	f(in, `[{"role":"tool","parts":[{"type":"tool_call_response","id":"c1","result":"x"}]}]`, `tool: tool_call_response|c1|"x"`)
	f(out, `[{"role":"assistant","parts":[{"type":"reasoning","content":"hm"},{"type":"text","content":"yes"}],"finish_reason":"stop"}]`,
		"assistant> reasoning|hm text|yes (stop)")
	// The older form, under the new name too.
	f(in, `[{"role":"user","content":"hi"}]`, "user: text|hi")
	f(in, `[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]`, "user: text|a text|b")
	f(in, `[{"role":"user","text":"hi"}]`, "user: text|hi")
	f(in, `{"messages":[{"role":"human","content":"hi"},{"role":"ai","content":"ho"}]}`, "user: text|hi\nassistant: text|ho")
	f(in, `{"role":"system","content":"be"}`, "system: text|be")
	f(in, `hello`, "user: text|hello")
	f(in, `["a","b"]`, "user: text|a\nuser: text|b")
	f(in, `[[{"role":"user","content":"hi"}]]`, "user: text|hi")
	f(in, `[{"role":"developer","content":"be"}]`, "developer: text|be")
	f(in, `[{"role":"narrator","content":"once"}]`, "narrator: text|once")
	f(in, `[{"role":"user","content":"[Filtered]"}]`, "user: text|[Filtered]")
	f(in, `[Filtered]`, "user: text|[Filtered]")
	f(in, `[{"role":"user"`, `user: text|[{"role":"user"`)
	f(in, `7`, "user: text|7")
	// Its aliases.
	for _, name := range []string{"gen_ai.request.messages", "ai.input_messages", "ai.prompt.messages", "gen_ai.prompt", "ai.texts", "gen_ai.embeddings.input"} {
		f(name, `[{"role":"user","content":"hi"}]`, "user: text|hi")
	}
	f("ai.texts", `["a"]`, "user: text|a")
	f("gen_ai.system_instructions", `be brief`, "system: text|be brief")
	f("ai.preamble", `be brief`, "system: text|be brief")
	f("gen_ai.system.message", `[{"type":"text","content":"be brief"},{"type":"text","content":"be kind"}]`, "system: text|be brief text|be kind")
	f("gen_ai.system_instructions", `[{"role":"system","content":"be brief"}]`, "system: text|be brief")
	f("gen_ai.system_instructions", `["a","b"]`, "system: text|a text|b")
	f("gen_ai.response.text", `yes`, "assistant> text|yes")
	f("gen_ai.response.text", `["yes","no"]`, "assistant> text|yes text|no")
	f("gen_ai.response.text", `[{"content":"yes"}]`, "assistant> text|yes")
	f("ai.response.text", `yes`, "assistant> text|yes")
	f("ai.responses", `["yes"]`, "assistant> text|yes")
	f("gen_ai.response.object", `{"total":5}`, `assistant> text|{"total":5}`)
	for _, name := range []string{"gen_ai.response.tool_calls", "ai.response.toolCalls", "ai.tool_calls"} {
		f(name, `[{"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}}]`, `assistant> tool_call|c1|f|{"a":1}`)
	}
	// Providers' own forms.
	f(in, `[{"type":"human","content":"hi"},{"type":"tool","tool_call_id":"c1","name":"f","content":"ok"}]`, "user: text|hi\ntool: tool_call_response|c1|f|\"ok\"")
	f(in, `[{"role":"assistant","content":null,"tool_calls":[{"id":"c1","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"ok"}]`,
		"assistant: tool_call|c1|f|{}\ntool: tool_call_response|c1|\"ok\"")
	f(in, `[{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"ok"}]}]`,
		"assistant: tool_call|c1|f|{\"a\":1}\nuser: tool_call_response|c1|\"ok\"")
	f(in, `[{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"b":2}}},{"text":"hi"}]}]`,
		"assistant: tool_call|f|{\"a\":1}\nuser: tool_call_response|f|{\"b\":2} text|hi")
	f(in, `[{"role":"user","content":[{"type":"input_text","text":"hi"},{"type":"input_image","image_url":"https://x/y.png"}]}]`, "user: text|hi uri|image|https://x/y.png")
	f(in, `[{"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"ok"}]`,
		"user: tool_call|c1|f|{} tool_call_response|c1|\"ok\"")
	f(in, `[{"role":"assistant","content":[{"type":"tool-call","toolCallId":"c1","toolName":"f","input":{}}]},{"role":"tool","content":[{"type":"tool-result","toolCallId":"c1","toolName":"f","output":{"type":"text","value":"ok"}}]}]`,
		"assistant: tool_call|c1|f|{}\ntool: tool_call_response|c1|f|{\"type\":\"text\",\"value\":\"ok\"}")
	f(in, `[{"role":"user","parts":[{"type":"blob","modality":"image","mime_type":"image/png","content":"[Blob substitute]"},{"type":"uri","modality":"audio","uri":"s3://x"},{"type":"file","modality":"video","file_id":"f1"}]}]`,
		"user: blob|[Blob substitute]|image|image/png uri|audio|s3://x file|video|f1")
	f(in, `[{"role":"user","parts":[{"type":"server_tool_call","id":"s1"}]}]`, "user: server_tool_call")
	// What the parser cannot write, we can.
	f(in, `[{"role":"tool","parts":[{"type":"tool_call_response","id":"c","response":{"k\u0007":["a\u0001",7,null,"b"]}}]}]`,
		`tool: tool_call_response|c|{"k\u0007":["a\u0001",7,null,"b"]}`)
	f(out, `[{"index":0,"message":{"role":"assistant","content":"yes"}}]`, "assistant> text|yes")
	f(out, `[{"type":"text","content":"yes"},{"type":"tool_call","id":"c","name":"f","arguments":"{}"}]`, "assistant> text|yes tool_call|c|f|{}")
}

// TestConversation holds the order, what wins, and that text and calls are one message.
func TestConversation(t *testing.T) {
	t.Parallel()
	f := func(attributes map[string]string, want string) {
		t.Helper()
		got := sketch(Messages(func(n string) json.RawMessage {
			if s, ok := attributes[n]; ok {
				quoted, _ := json.Marshal(s) // a string
				return quoted
			}
			return nil
		}))
		if got != want {
			t.Errorf("%v:\n got %s\nwant %s", attributes, got, want)
		}
	}
	f(map[string]string{"gen_ai.response.text": "yes", "gen_ai.response.tool_calls": `[{"name":"f","arguments":"{}","id":"c"}]`,
		"gen_ai.request.messages": "old", "gen_ai.input.messages": "new", "gen_ai.system_instructions": "be"},
		"system: text|be\nuser: text|new\nassistant> text|yes tool_call|c|f|{}")
	f(map[string]string{"gen_ai.output.messages": "new", "gen_ai.response.text": "old"}, "assistant> text|new")
	f(map[string]string{"gen_ai.tool.name": "f", "gen_ai.tool.call.id": "c", "gen_ai.tool.input": `{"a":1}`, "gen_ai.tool.output": "ok"},
		"assistant: tool_call|c|f|{\"a\":1}\ntool> tool_call_response|c|f|\"ok\"")
	f(map[string]string{}, "")
}

func FuzzMessages(f *testing.F) {
	f.Add(`[{"role":"user","parts":[{"type":"text","content":"x"}]}]`)
	f.Add(`{"messages":[{"messages":[["a",{"type":"tool_use"}]]}]}`)
	f.Add(`[{"function":"x"},{"tool_calls":[1,null,{"function":{"name":[]}}],"content":{"content":[{}]}}]`)
	f.Fuzz(func(t *testing.T, text string) {
		quoted, _ := json.Marshal(text) // a string
		for _, raw := range []json.RawMessage{quoted, json.RawMessage(text)} {
			for _, m := range Messages(func(string) json.RawMessage { return raw }) {
				for _, p := range m.Parts {
					if p.Type == "" || p.Arguments != nil && !json.Valid(p.Arguments) || p.Response != nil && !json.Valid(p.Response) {
						t.Fatalf("%q: %+v", text, p)
					}
				}
			}
		}
	})
}
