package agent

import (
	"testing"

	"relay.one/picket/internal/model"
)

// TestCanonical holds every alias of the conventions and every one seen on the wire.
func TestCanonical(t *testing.T) {
	t.Parallel()
	f := func(old, want string) {
		t.Helper()
		s := model.Span{Op: "gen_ai.chat", Attributes: model.Attributes{{Key: old, Value: "7"}}}
		b := &model.Batch{Spans: []model.Span{s}}
		Enrich(b)
		a := b.Spans[0].Attributes
		if got := a.Get(want); got != "7" {
			t.Errorf("%s: %s = %q in %v", old, want, got, a)
		}
		if got := a.Get(old); got != "7" {
			t.Errorf("%s is gone from %v", old, a)
		}
		if got := Canonical(old); got != want {
			t.Errorf("Canonical(%s) = %s, want %s", old, got, want)
		}
		// What the client said under the canonical name always wins.
		s.Attributes = model.Attributes{{Key: old, Value: "7"}, {Key: want, Value: "8"}}
		b = &model.Batch{Spans: []model.Span{s}}
		Enrich(b)
		if got := b.Spans[0].Attributes; got.Get(want) != "8" || len(got) != 2 {
			t.Errorf("%s beside %s: %v", old, want, got)
		}
	}
	f("gen_ai.system", "gen_ai.provider.name")
	f("ai.model.provider", "gen_ai.provider.name")
	f("gen_ai.usage.prompt_tokens", "gen_ai.usage.input_tokens")
	f("ai.prompt_tokens.used", "gen_ai.usage.input_tokens")
	f("ai_prompt_tokens_used", "gen_ai.usage.input_tokens")
	f("gen_ai.usage.completion_tokens", "gen_ai.usage.output_tokens")
	f("ai.completion_tokens.used", "gen_ai.usage.output_tokens")
	f("ai_completion_tokens_used", "gen_ai.usage.output_tokens")
	f("ai.total_tokens.used", "gen_ai.usage.total_tokens")
	f("ai_total_tokens_used", "gen_ai.usage.total_tokens")
	f("gen_ai.usage.input_tokens.cached", "gen_ai.usage.cache_read.input_tokens")
	f("gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read.input_tokens")
	f("gen_ai.usage.input_tokens.cache_write", "gen_ai.usage.cache_creation.input_tokens")
	f("gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens")
	f("gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_creation.input_tokens")
	f("gen_ai.usage.output_tokens.reasoning", "gen_ai.usage.reasoning.output_tokens")
	f("ai.total_cost", "gen_ai.cost.total_tokens")
	f("ai.model_id", "gen_ai.request.model")
	f("ai.pipeline.name", "gen_ai.pipeline.name")
	f("ai.preamble", "gen_ai.system_instructions")
	f("gen_ai.system.message", "gen_ai.system_instructions")
	f("ai.input_messages", "gen_ai.input.messages")
	f("ai.prompt.messages", "gen_ai.input.messages")
	f("ai.texts", "gen_ai.input.messages")
	f("gen_ai.prompt", "gen_ai.input.messages")
	f("ai.response.text", "gen_ai.output.messages")
	f("ai.response.toolCalls", "gen_ai.output.messages")
	f("ai.responses", "gen_ai.output.messages")
	f("ai.tool_calls", "gen_ai.output.messages")
	f("gen_ai.request.available_tools", "gen_ai.tool.definitions")
	f("ai.tools", "gen_ai.tool.definitions")
	f("gen_ai.tool.input", "gen_ai.tool.call.arguments")
	f("ai.toolCall.args", "gen_ai.tool.call.arguments")
	f("gen_ai.tool.output", "gen_ai.tool.call.result")
	f("gen_ai.tool.message", "gen_ai.tool.call.result")
	f("ai.toolCall.result", "gen_ai.tool.call.result")
	f("mcp.tool.result.content", "gen_ai.tool.call.result")
	f("ai.function_call", "gen_ai.tool.name")
	f("mcp.tool.name", "gen_ai.tool.name")
	f("gen_ai.response.finish_reason", "gen_ai.response.finish_reasons")
	f("gen_ai.response.stop_reason", "gen_ai.response.finish_reasons")
	f("anthropic.message.stop_reason", "gen_ai.response.finish_reasons")
	f("ai.finish_reason", "gen_ai.response.finish_reasons")
	f("ai.generation_id", "gen_ai.response.id")
	f("ai.streaming", "gen_ai.response.streaming")
	f("gen_ai.response.time_to_first_token", "gen_ai.response.time_to_first_chunk")
	f("ai.temperature", "gen_ai.request.temperature")
	f("ai.top_k", "gen_ai.request.top_k")
	f("ai.top_p", "gen_ai.request.top_p")
	f("ai.frequency_penalty", "gen_ai.request.frequency_penalty")
	f("ai.presence_penalty", "gen_ai.request.presence_penalty")
	f("ai.seed", "gen_ai.request.seed")
	f("mcp.prompt.name", "gen_ai.prompt.name")
	f("mcp.request.id", "jsonrpc.request.id")
	f("mcp.resource.protocol", "network.protocol.name")
}

func TestCanonicalOfSeveral(t *testing.T) {
	t.Parallel()
	f := func(want string, name string, pairs ...string) {
		t.Helper()
		var v view
		v.read(&model.Span{Attributes: attributes(pairs...)})
		if got := v.canonical().Get(name); got != want {
			t.Errorf("%v: %s = %q, want %q", pairs, name, got, want)
		}
	}
	// The better name wins, wherever it stands; empty values are none.
	f("a", "gen_ai.provider.name", "gen_ai.system", "a", "ai.model.provider", "b")
	f("a", "gen_ai.provider.name", "ai.model.provider", "b", "gen_ai.system", "a")
	f("b", "gen_ai.provider.name", "gen_ai.system", "", "ai.model.provider", "b")
	f("b", "gen_ai.provider.name", "gen_ai.provider.name", "", "ai.model.provider", "b")
	f("pipe", "network.transport", "mcp.transport", "stdio")
	f("tcp", "network.transport", "mcp.transport", "sse")
	f("tcp", "network.transport", "mcp.transport", "http")
	f("quic", "network.transport", "mcp.transport", "http", "network.transport", "quic")
	// Messages that need more than another name keep the one they have.
	f("", "gen_ai.input.messages", "gen_ai.request.messages", "[]")
	if got := Canonical("gen_ai.request.messages"); got != "gen_ai.request.messages" {
		t.Errorf("gen_ai.request.messages became %s", got)
	}
}

func attributes(pairs ...string) (a model.Attributes) {
	for i := 0; i < len(pairs); i += 2 {
		a = append(a, model.Tag{Key: pairs[i], Value: pairs[i+1]})
	}
	return a
}
