package agent

import (
	"strings"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// kinds lists the operations that are no call of a model, by name. Compiling an
// agent (create_agent) is no run of it.
var kinds = map[string]model.SpanKind{
	"invoke_agent":                model.SpanAgent,
	"invoke_workflow":             model.SpanAgent,
	"create_agent":                model.SpanOther,
	"execute_tool":                model.SpanTool,
	"handoff":                     model.SpanHandoff,
	"retrieval":                   model.SpanOther,
	"plan":                        model.SpanOther,
	"ai.run.generateText":         model.SpanAgent,
	"ai.run.generateObject":       model.SpanAgent,
	"ai.pipeline.generate_text":   model.SpanAgent,
	"ai.pipeline.generate_object": model.SpanAgent,
	"ai.pipeline.stream_text":     model.SpanAgent,
	"ai.pipeline.stream_object":   model.SpanAgent,
}

// kindPrefixes follow, the first wins.
var kindPrefixes = [...]struct {
	prefix string
	kind   model.SpanKind
}{
	{"ai.streamText.doStream", model.SpanModel},
	{"ai.generateText.doGenerate", model.SpanModel},
	{"ai.generateObject.doGenerate", model.SpanModel},
	{"ai.streamText", model.SpanAgent},
	{"ai.generateText", model.SpanAgent},
	{"ai.generateObject", model.SpanAgent},
	{"ai.toolCall", model.SpanTool},
}

// kindOf says what the span means to an agent. Names go before ops, as in Sentry:
// a span of op gen_ai.invoke_agent whose gen_ai.operation.name is a text of its own
// counts as a model call.
//
// MCP spans are no AI spans, but a client that calls a tool over MCP makes a tool
// call. The server that answers it does not: its own spans are another's work.
func kindOf(s *model.Span, v *view) model.SpanKind {
	switch {
	case s.Op == wire.OpPolicy:
		return model.SpanPolicy
	case isServer(s, v):
		return model.SpanOther
	case isAI(s.Op) || v.has(operationName) || v.has(operationType):
		return kindOfOperation(s, v)
	case v.has(mcpTool) || v.has(toolName) && v.get(mcpMethod) == "tools/call":
		return model.SpanTool
	case v.has(policyName):
		return model.SpanPolicy
	}
	return model.SpanOther
}

// isAI reports whether the op alone makes an AI span. "gen_ai" is what a span
// without op is given when it names a provider.
func isAI(op string) bool {
	return strings.HasPrefix(op, "gen_ai.") || strings.HasPrefix(op, "ai.") || op == "gen_ai"
}

// isServer reports whether the span is the server's side of MCP, or a notification.
func isServer(s *model.Span, v *view) bool {
	if s.Op == "mcp.server" || strings.HasPrefix(s.Op, "mcp.notification.") {
		return true
	}
	return v.has(mcpMethod) && strings.EqualFold(v.get(spanKind), "server")
}

func kindOfOperation(s *model.Span, v *view) model.SpanKind {
	name := v.get(operationName)
	if name == "" && isAI(s.Op) {
		name = strings.TrimPrefix(s.Op, "gen_ai.")
	}
	if k, ok := kinds[name]; ok {
		return k
	}
	for _, p := range kindPrefixes {
		if strings.HasPrefix(name, p.prefix) {
			return p.kind
		}
	}
	return kindOfType(v.get(operationType), name)
}

// kindOfType falls back on gen_ai.operation.type, which Sentry's server sets:
// believed when there is no name, or when it says that this is none of the others.
func kindOfType(typ, name string) model.SpanKind {
	switch {
	case typ == "other":
		return model.SpanOther
	case name != "":
		return model.SpanModel
	case typ == "agent":
		return model.SpanAgent
	case typ == "tool":
		return model.SpanTool
	case typ == "handoff":
		return model.SpanHandoff
	}
	return model.SpanModel
}

// nameAfter returns what stands in the span's name behind the operation, as in
// "execute_tool lookup".
func nameAfter(name string, operations ...string) string {
	for _, op := range operations {
		if rest, ok := strings.CutPrefix(name, op+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}
