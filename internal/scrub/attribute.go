package scrub

import (
	"strings"

	"github.com/valyala/fastjson"
)

// attributes clears the attributes of a span, a log record or a breadcrumb: name to
// value, or name to {"value":…,"type":…}.
func (w *walker) attributes(v *fastjson.Value) {
	if v.GetObject() == nil {
		w.pairs(v, attribute)
		return
	}
	w.fields(v, func(w *walker, key string, v *fastjson.Value) {
		if o := v.GetObject(); o == nil || o.Get("value") == nil {
			attribute(w, key, v)
			return
		}
		w.fields(v, func(w *walker, inner string, v *fastjson.Value) {
			switch inner {
			case "value":
				attribute(w, key, v)
			case "type", "unit":
				w.fixed(inner, v)
			default:
				w.member(inner, v)
			}
		})
	})
}

// attribute clears one attribute by its name.
func attribute(w *walker, key string, v *fastjson.Value) {
	dot := strings.IndexByte(key, '.')
	if dot < 0 {
		w.member(key, v)
		return
	}
	switch key[:dot] {
	case "gen_ai", "ai", "mcp":
		conversation(w, key, v)
	case "http", "url":
		webAttribute(w, key, v)
	case "sentry":
		if strings.HasPrefix(key, "sentry.message.") {
			w.member(key, v)
			return
		}
		w.free(v, &w.bare) // names of transactions and descriptions, but versions too
	case "user_agent":
		w.fixed(key, v)
	case "client", "user", "net":
		if key == "client.address" || key == "user.ip" || key == "user.ip_address" || key == "net.peer.ip" {
			w.address(key, v)
			return
		}
		w.memberBy(key, v, &w.plain)
	default:
		w.member(key, v)
	}
}

// webAttribute clears an attribute of an HTTP request or a URL.
func webAttribute(w *walker, key string, v *fastjson.Value) {
	name, ok := strings.CutPrefix(key, "http.request.header.")
	if !ok {
		name, ok = strings.CutPrefix(key, "http.response.header.")
	}
	switch {
	case ok && (strings.HasPrefix(name, "cookie.") || strings.HasPrefix(name, "set_cookie.")):
		cookie(w, name[strings.IndexByte(name, '.')+1:], v)
	case ok && name == "set_cookie":
		w.cookieLines(v)
	case ok:
		header(w, name, v)
	case key == "http.user_agent":
		w.fixed(key, v)
	case key == "url.query" || key == "http.query":
		w.query(v)
	case key == "http.client_ip":
		w.address(key, v)
	default:
		w.memberBy(key, v, &w.plain)
	}
}

// conversation clears an attribute of what agents, models and tools do.
func conversation(w *walker, key string, v *fastjson.Value) {
	switch {
	case definesTools(key):
		w.patterns(v, &w.message) // a tool's parameter may be called password
	case isMessage(key):
		w.free(v, &w.message)
	default:
		w.member(key, v)
	}
}

func definesTools(key string) bool {
	return key == "gen_ai.tool.definitions" || key == "gen_ai.request.available_tools" || key == "ai.tools"
}

// isMessage reports whether an attribute holds what people, models or tools said:
// Sentry's list, and the names that other libraries have for the same.
func isMessage(key string) bool {
	switch key {
	case "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.request.messages", "gen_ai.prompt", "gen_ai.completion",
		"gen_ai.response.text", "gen_ai.response.tool_calls", "gen_ai.response.object", "gen_ai.system_instructions",
		"gen_ai.system.message", "gen_ai.embeddings.input",
		"gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "gen_ai.tool.input", "gen_ai.tool.output",
		"gen_ai.tool.message", "gen_ai.tool.name", "gen_ai.tool.description",
		"ai.input_messages", "ai.prompt", "ai.prompt.messages", "ai.texts", "ai.preamble", "ai.response.text",
		"ai.response.toolCalls", "ai.response.object", "ai.responses", "ai.tool_calls", "ai.function_call",
		"ai.toolCall.args", "ai.toolCall.result",
		"mcp.tool.result.content", "mcp.prompt.result":
		return true
	}
	return strings.HasPrefix(key, "mcp.prompt.result.") || strings.HasPrefix(key, "gen_ai.prompt.") ||
		strings.HasPrefix(key, "gen_ai.completion.")
}
