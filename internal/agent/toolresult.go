package agent

import (
	"strings"

	"github.com/valyala/fastjson"
)

// failures are what frameworks give the model in the place of a result.
var failures = [...]struct{ begin, end string }{
	{"An error occurred while running the tool", ""},
	{"Error: ", "Please fix your mistakes."},
	{"Error invoking tool '", ""},
}

// toolFailed reports whether a tool's result says that the call failed: by MCP's
// isError, at the top of the result, or in the words of a framework. What the result is
// about does not matter: a row of a table may be called isError, too.
func (r *reader) toolFailed() bool {
	if strings.EqualFold(r.get(mcpToolFailed), "true") {
		return true
	}
	if l := r.longOf(toolResult); l != nil && !r.has(toolResult) {
		return endsFailed(l.Head, l.Tail)
	}
	result := r.get(toolResult)
	if result == "" {
		return false
	}
	for _, f := range failures {
		if strings.HasPrefix(result, f.begin) && strings.HasSuffix(result, f.end) {
			return true
		}
	}
	if !strings.Contains(result, "rror") {
		return false
	}
	return saysFailed(r.loosely(result))
}

// saysFailed looks at the top of a result, and at the tool results that it lists.
func saysFailed(v *fastjson.Value) bool {
	switch v.Type() {
	case fastjson.TypeObject:
		return v.GetBool("isError") || v.GetBool("is_error") || isErrorMessage(v)
	case fastjson.TypeArray:
		for _, item := range v.GetArray() {
			if strings.HasPrefix(string(item.GetStringBytes("type")), "tool") && saysFailed(item) {
				return true
			}
		}
	}
	return false
}

// isErrorMessage reports whether v is LangChain's or Vercel's message of a failed call.
func isErrorMessage(v *fastjson.Value) bool {
	switch string(v.GetStringBytes("type")) {
	case "tool":
		return string(v.GetStringBytes("status")) == "error"
	case "error-text", "error-json", "tool-error":
		return true
	}
	return false
}

// endsFailed looks for MCP's flag at either end of a result that is too long to be read.
func endsFailed(head, tail string) bool {
	for _, flag := range [...]string{`"isError":true`, `"isError": true`, `"is_error":true`, `"is_error": true`} {
		if rest, ok := strings.CutPrefix(head, "{"+flag); ok && strings.HasPrefix(rest, ",") || strings.HasSuffix(tail, flag+"}") {
			return true
		}
	}
	return false
}
