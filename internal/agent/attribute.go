package agent

import (
	"slices"
	"strings"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// slot numbers a canonical attribute.
type slot uint8

// The attributes that are known under other names too, or that this room reads.
const (
	operationName slot = iota
	operationType
	provider
	agentID
	agentName
	agentVersion
	agentFramework
	pipelineName
	workflowName
	functionID
	conversationID
	executionID
	organizationID
	requestModel
	responseModel
	responseID
	finishReasons
	streaming
	firstChunk
	temperature
	topP
	topK
	frequencyPenalty
	presencePenalty
	seed
	systemInstructions
	inputMessages
	outputMessages
	requestMessages
	responseText
	responseToolCalls
	responseObject
	toolDefinitions
	toolName
	toolArguments
	toolResult
	promptName
	inputTokens
	outputTokens
	totalTokens
	cacheReadTokens
	cacheWriteTokens
	reasoningTokens
	totalCost
	errorType
	policyName
	policyVerdict
	policyReason
	mcpMethod
	mcpTool
	mcpToolFailed
	mcpTransport
	transport
	rpcRequest
	protocolName
	spanKind
	origin
	numSlots
)

// names lists every attribute under its canonical name, with the other names that
// clients use, the best first: what Sentry's conventions list as deprecated, then
// what is seen on the wire beside them. Names whose values need more than renaming
// (gen_ai.request.messages, gen_ai.response.text, gen_ai.response.tool_calls) stand
// for themselves: Messages transforms them.
var names = [numSlots][]string{
	operationName:      {"gen_ai.operation.name"},
	operationType:      {"gen_ai.operation.type"},
	provider:           {"gen_ai.provider.name", "gen_ai.system", "ai.model.provider"},
	agentID:            {"gen_ai.agent.id", wire.TagAgentID},
	agentName:          {"gen_ai.agent.name", wire.TagAgentName},
	agentVersion:       {"gen_ai.agent.version", wire.TagAgentVersion},
	agentFramework:     {wire.TagAgentFramework},
	pipelineName:       {"gen_ai.pipeline.name", "ai.pipeline.name"},
	workflowName:       {"gen_ai.workflow.name"},
	functionID:         {"gen_ai.function_id"},
	conversationID:     {"gen_ai.conversation.id", wire.TagConversationID},
	executionID:        {wire.AttrExecutionID, wire.TagExecutionID},
	organizationID:     {wire.AttrOrganizationID, wire.TagOrganizationID},
	requestModel:       {"gen_ai.request.model", "ai.model_id", "ai.model.id"},
	responseModel:      {"gen_ai.response.model", "ai.response.model"},
	responseID:         {"gen_ai.response.id", "ai.generation_id", "ai.response.id"},
	finishReasons:      {"gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "ai.finish_reason", "gen_ai.response.stop_reason", "anthropic.message.stop_reason"},
	streaming:          {"gen_ai.response.streaming", "ai.streaming"},
	firstChunk:         {"gen_ai.response.time_to_first_chunk", "gen_ai.response.time_to_first_token"},
	temperature:        {"gen_ai.request.temperature", "ai.temperature"},
	topP:               {"gen_ai.request.top_p", "ai.top_p"},
	topK:               {"gen_ai.request.top_k", "ai.top_k"},
	frequencyPenalty:   {"gen_ai.request.frequency_penalty", "ai.frequency_penalty"},
	presencePenalty:    {"gen_ai.request.presence_penalty", "ai.presence_penalty"},
	seed:               {"gen_ai.request.seed", "ai.seed"},
	systemInstructions: {"gen_ai.system_instructions", "gen_ai.system.message", "ai.preamble"},
	inputMessages:      {"gen_ai.input.messages", "ai.input_messages", "ai.prompt.messages", "ai.texts", "gen_ai.prompt"},
	outputMessages:     {"gen_ai.output.messages", "ai.response.text", "ai.response.toolCalls", "ai.responses", "ai.tool_calls"},
	requestMessages:    {"gen_ai.request.messages"},
	responseText:       {"gen_ai.response.text"},
	responseToolCalls:  {"gen_ai.response.tool_calls"},
	responseObject:     {"gen_ai.response.object"},
	toolDefinitions:    {"gen_ai.tool.definitions", "gen_ai.request.available_tools", "ai.tools"},
	toolName:           {"gen_ai.tool.name", "mcp.tool.name", "ai.function_call", "ai.toolCall.name"},
	toolArguments:      {"gen_ai.tool.call.arguments", "gen_ai.tool.input", "ai.toolCall.args"},
	toolResult:         {"gen_ai.tool.call.result", "gen_ai.tool.output", "gen_ai.tool.message", "ai.toolCall.result", "mcp.tool.result.content"},
	promptName:         {"gen_ai.prompt.name", "mcp.prompt.name"},
	inputTokens:        {"gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "ai.prompt_tokens.used", "ai_prompt_tokens_used"},
	outputTokens:       {"gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "ai.completion_tokens.used", "ai_completion_tokens_used"},
	totalTokens:        {"gen_ai.usage.total_tokens", "ai.total_tokens.used", "ai_total_tokens_used"},
	cacheReadTokens:    {"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.input_tokens.cached", "gen_ai.usage.cache_read_input_tokens"},
	cacheWriteTokens: {"gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.input_tokens.cache_write",
		"gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation_input_tokens"},
	reasoningTokens: {"gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.output_tokens.reasoning"},
	totalCost:       {"gen_ai.cost.total_tokens", "ai.total_cost"},
	errorType:       {"error.type"},
	policyName:      {wire.AttrPolicyName},
	policyVerdict:   {wire.AttrPolicyVerdict},
	policyReason:    {wire.AttrPolicyReason},
	mcpMethod:       {"mcp.method.name"},
	mcpTool:         {"mcp.tool.name"},
	mcpToolFailed:   {"mcp.tool.result.is_error"},
	mcpTransport:    {"mcp.transport"},
	transport:       {"network.transport"},
	rpcRequest:      {"jsonrpc.request.id", "mcp.request.id"},
	protocolName:    {"network.protocol.name", "mcp.resource.protocol"},
	spanKind:        {"sentry.kind", "span.kind", "otel.kind"},
	origin:          {"sentry.origin"},
}

// place is a slot that a name fills, and how good a name it is: 0 is canonical.
type place struct{ slot, rank uint8 }

// places finds the slots of a name; a name may stand for itself and be an alias.
var places = func() map[string][]place {
	m := map[string][]place{}
	for s, list := range names {
		for rank, name := range list {
			m[name] = append(m[name], place{uint8(s), uint8(rank)})
		}
	}
	return m
}()

// view is a span's attributes by slot.
type view struct {
	attributes model.Attributes
	long       []model.LongText
	at         [numSlots]uint16 // index plus one; zero when absent
	rank       [numSlots]uint8
}

// read fills the view: for each slot the value under the best name.
func (v *view) read(s *model.Span) {
	a := s.Attributes
	*v = view{attributes: a, long: s.Long}
	for i := range a {
		if a[i].Value == "" {
			continue
		}
		for _, p := range places[a[i].Key] {
			if v.at[p.slot] == 0 || p.rank < v.rank[p.slot] {
				v.at[p.slot], v.rank[p.slot] = uint16(i+1), p.rank
			}
		}
	}
}

func (v *view) has(s slot) bool { return v.at[s] != 0 }

func (v *view) get(s slot) string {
	if v.at[s] == 0 {
		return ""
	}
	return v.attributes[v.at[s]-1].Value
}

// first returns the first of the slots' values that is there.
func (v *view) first(slots ...slot) string {
	for _, s := range slots {
		if v.at[s] != 0 {
			return v.get(s)
		}
	}
	return ""
}

// longOf returns what is known of the slot's value where that is too long to be read.
func (v *view) longOf(s slot) *model.LongText {
	for i := range v.long {
		for _, p := range places[v.long[i].Name] {
			if slot(p.slot) == s {
				return &v.long[i]
			}
		}
	}
	return nil
}

// hash returns the hash of the slot's value, or zero when there is none.
func (v *view) hash(s slot) uint64 {
	if v.has(s) {
		return hashValue(v.get(s))
	}
	if l := v.longOf(s); l != nil {
		return l.Hash
	}
	return 0
}

// canonical returns the attributes with canonical names added beside the others.
// What the client already gave under the canonical name stays.
func (v *view) canonical() model.Attributes {
	a := v.attributes
	n := 0
	for _, rank := range v.rank { // zero where nothing is
		if rank != 0 {
			n++
		}
	}
	if n > 0 {
		a = slices.Grow(a, n+1)
	}
	for s := slot(0); n > 0; s++ {
		if v.rank[s] != 0 {
			n--
			a = append(a, model.Tag{Key: names[s][0], Value: v.get(s)})
		}
	}
	if v.has(mcpTransport) && !v.has(transport) {
		a = append(a, model.Tag{Key: names[transport][0], Value: transportOf(v.get(mcpTransport))})
	}
	return a
}

// transportOf says in OpenTelemetry's words what MCP runs over.
func transportOf(mcp string) string {
	switch {
	case mcp == "stdio":
		return "pipe"
	case mcp == "sse" || strings.Contains(mcp, "http"):
		return "tcp"
	}
	return mcp
}

// Canonical returns the current name of an attribute that is known under several,
// or the name itself.
func Canonical(name string) string {
	for _, p := range places[name] {
		return names[p.slot][0]
	}
	return name
}
