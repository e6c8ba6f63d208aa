package agent

import (
	"testing"

	"relay.one/picket/internal/model"
)

func TestKind(t *testing.T) {
	t.Parallel()
	f := func(want model.SpanKind, op string, pairs ...string) {
		t.Helper()
		b := &model.Batch{Spans: []model.Span{{Op: op, Attributes: attributes(pairs...)}}}
		Enrich(b)
		if got := b.Spans[0].Kind; got != want {
			t.Errorf("%q %v is of kind %d, want %d", op, pairs, got, want)
		}
	}
	// By op alone.
	f(model.SpanAgent, "gen_ai.invoke_agent")
	f(model.SpanOther, "gen_ai.create_agent")
	f(model.SpanModel, "gen_ai.chat")
	f(model.SpanModel, "gen_ai.generate_content")
	f(model.SpanModel, "gen_ai.generate_text")
	f(model.SpanModel, "gen_ai.responses")
	f(model.SpanModel, "gen_ai.text_completion")
	f(model.SpanModel, "gen_ai.embeddings")
	f(model.SpanModel, "gen_ai.rerank")
	f(model.SpanTool, "gen_ai.execute_tool")
	f(model.SpanHandoff, "gen_ai.handoff")
	f(model.SpanModel, "gen_ai")
	f(model.SpanModel, "ai.chat_completions.create.langchain")
	f(model.SpanAgent, "ai.run.generateText")
	f(model.SpanAgent, "ai.run.generateObject")
	f(model.SpanAgent, "ai.pipeline.generate_text")
	f(model.SpanAgent, "ai.pipeline.stream_object")
	f(model.SpanAgent, "ai.generateText")
	f(model.SpanModel, "ai.generateText.doGenerate")
	f(model.SpanAgent, "ai.streamText")
	f(model.SpanModel, "ai.streamText.doStream")
	f(model.SpanModel, "ai.generateObject.doGenerate")
	f(model.SpanTool, "ai.toolCall")
	f(model.SpanOther, "http.client")
	f(model.SpanOther, "db")
	f(model.SpanOther, "airflow.task")

	// The operation's name goes before the op.
	f(model.SpanTool, "function", "gen_ai.operation.name", "execute_tool")
	f(model.SpanAgent, "", "gen_ai.operation.name", "invoke_workflow")
	f(model.SpanOther, "default", "gen_ai.operation.name", "retrieval")
	f(model.SpanOther, "default", "gen_ai.operation.name", "plan")
	f(model.SpanModel, "gen_ai.invoke_agent", "gen_ai.operation.name", "Weather Agent")
	f(model.SpanModel, "gen_ai.chat", "gen_ai.operation.name", "embeddings")

	// The type counts where there is no name.
	f(model.SpanTool, "function", "gen_ai.operation.type", "tool")
	f(model.SpanAgent, "function", "gen_ai.operation.type", "agent")
	f(model.SpanHandoff, "function", "gen_ai.operation.type", "handoff")
	f(model.SpanModel, "function", "gen_ai.operation.type", "ai_client")
	f(model.SpanOther, "gen_ai.guardrail", "gen_ai.operation.type", "other")
	f(model.SpanAgent, "gen_ai.invoke_agent", "gen_ai.operation.type", "ai_client")

	// MCP: the client's call of a tool is a tool call, the server's answer is not.
	f(model.SpanOther, "mcp.server", "mcp.method.name", "tools/call", "mcp.tool.name", "add")
	f(model.SpanOther, "mcp.server", "gen_ai.operation.name", "execute_tool", "mcp.tool.name", "add")
	f(model.SpanOther, "mcp.notification.client_to_server", "mcp.method.name", "notifications/progress")
	f(model.SpanTool, "", "mcp.method.name", "tools/call", "gen_ai.tool.name", "add", "sentry.kind", "client")
	f(model.SpanTool, "mcp.client", "mcp.tool.name", "add")
	f(model.SpanTool, "", "mcp.method.name", "tools/call", "gen_ai.operation.name", "execute_tool", "sentry.kind", "client")
	f(model.SpanOther, "", "mcp.method.name", "tools/call", "gen_ai.operation.name", "execute_tool", "sentry.kind", "SERVER")
	f(model.SpanOther, "", "mcp.method.name", "initialize", "sentry.kind", "client")

	// Policies: by op, or by name on a span that is nothing else.
	f(model.SpanPolicy, "picket.policy")
	f(model.SpanPolicy, "function", "picket.policy.name", "pii")
	f(model.SpanTool, "gen_ai.execute_tool", "picket.policy.name", "pii")
}

func TestLabels(t *testing.T) {
	t.Parallel()
	f := func(s model.Span, check func(*model.Span) string, want string) {
		t.Helper()
		b := &model.Batch{Spans: []model.Span{s}}
		Enrich(b)
		if got := check(&b.Spans[0]); got != want {
			t.Errorf("%+v: got %q, want %q", s, got, want)
		}
	}
	span := func(op, name string, pairs ...string) model.Span {
		return model.Span{Op: op, Name: name, Attributes: attributes(pairs...)}
	}
	failed := func(s model.Span, status model.SpanStatus) model.Span { s.Status = status; return s }

	tool := func(s *model.Span) string { return s.Tool }
	f(span("gen_ai.execute_tool", "execute_tool lookup order"), tool, "lookup order")
	f(span("gen_ai.execute_tool", "execute_tool x", "gen_ai.tool.name", "lookup"), tool, "lookup")
	f(span("", "tools/call add", "mcp.method.name", "tools/call", "mcp.tool.name", "add"), tool, "add")
	f(span("gen_ai.chat", "chat", "gen_ai.tool.name", "lookup"), tool, "")

	name := func(s *model.Span) string { return s.Model }
	f(span("gen_ai.chat", "", "gen_ai.request.model", "gpt-4o"), name, "gpt-4o")
	f(span("gen_ai.chat", "", "gen_ai.request.model", "gpt-4o", "gen_ai.response.model", "gpt-4o-2024-08-06"), name, "gpt-4o-2024-08-06")
	f(span("ai.chat", "", "ai.model_id", "command-r"), name, "command-r")

	from := func(s *model.Span) string { return s.Provider }
	f(span("gen_ai.chat", "", "gen_ai.system", "OpenAI"), from, "openai")
	f(span("gen_ai.chat", "", "gen_ai.system", "xai.chat"), from, "x_ai")
	f(span("gen_ai.chat", "", "gen_ai.system", "openai.responses"), from, "openai")
	f(span("gen_ai.chat", "", "gen_ai.system", "google.generative-ai"), from, "gcp.gemini")
	f(span("gen_ai.chat", "", "gen_ai.system", "az.ai.inference"), from, "azure.ai.inference")
	f(span("gen_ai.chat", "", "gen_ai.provider.name", "aws.bedrock"), from, "aws.bedrock")
	f(span("gen_ai.chat", "", "gen_ai.provider.name", "Acme"), from, "acme")

	errs := func(s *model.Span) string { return s.ErrorType }
	f(failed(span("gen_ai.chat", ""), model.StatusInternalError), errs, "internal_error")
	f(failed(span("gen_ai.chat", "", "error.type", "RateLimitError"), model.StatusInternalError), errs, "RateLimitError")
	f(failed(span("gen_ai.chat", ""), model.StatusCancelled), errs, "")
	f(failed(span("http.client", ""), model.StatusNotFound), errs, "not_found")
	f(span("", "", "mcp.tool.name", "add", "mcp.tool.result.is_error", "true"), errs, "tool_error")
	f(span("", "", "mcp.tool.name", "add", "mcp.tool.result.is_error", "false"), errs, "")

	policy := func(s *model.Span) string {
		return s.Policy.Name + " " + s.Policy.Verdict.String() + " " + s.Policy.Reason
	}
	f(span("picket.policy", "", "picket.policy.name", "pii", "picket.policy.verdict", "deny", "picket.policy.reason", "found one"), policy, "pii deny found one")
	f(span("picket.policy", "", "picket.policy.name", "pii", "picket.policy.verdict", "Allowed"), policy, "pii allow ")
	f(span("picket.policy", "", "picket.policy.verdict", "flag"), policy, " flag ")
	f(span("picket.policy", "", "picket.policy.name", "pii", "picket.policy.verdict", "perhaps"), policy, "pii  ")

	agent := func(s *model.Span) string {
		return s.Agent.ID + "/" + s.Agent.Name + "/" + s.Agent.Framework + "/" + s.Agent.Version
	}
	f(span("gen_ai.invoke_agent", "invoke_agent Billing"), agent, "Billing/Billing//")
	f(span("gen_ai.invoke_agent", "invoke_agent x", "gen_ai.agent.name", "Billing", "gen_ai.agent.id", "b1", "gen_ai.agent.version", "2"), agent, "b1/Billing//2")
	f(span("gen_ai.invoke_agent", "invoke_agent", "gen_ai.function_id", "triage"), agent, "triage/triage//")
	f(span("gen_ai.invoke_agent", "invoke_agent", "ai.pipeline.name", "graph", "sentry.origin", "auto.ai.langgraph"), agent, "graph/graph/langgraph/")
	f(span("gen_ai.chat", "", "gen_ai.agent.name", "Billing", "sentry.origin", "auto.ai.langchain"), agent, "Billing/Billing//")
	f(span("gen_ai.chat", "", "gen_ai.pipeline.name", "graph"), agent, "///")
	f(span("http.client", "", "agent.id", "b1", "agent.framework", "own"), agent, "b1//own/")

	rest := func(s *model.Span) string { return s.Execution + " " + s.Conversation + " " + s.Organization }
	f(span("gen_ai.chat", "", "picket.execution.id", "e1", "gen_ai.conversation.id", "c1", "picket.organization.id", "o1"), rest, "e1 c1 o1")
	f(span("gen_ai.chat", "", "execution.id", "e2", "conversation.id", "c2", "organization.id", "o2"), rest, "e2 c2 o2")
}
