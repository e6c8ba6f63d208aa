package picket

import (
	"context"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"relay.one/picket/wire"
)

// Names of attributes, by the gen_ai conventions of Sentry and OpenTelemetry.
const (
	attrOperation     = "gen_ai.operation.name"
	attrProvider      = "gen_ai.provider.name"
	attrConversation  = "gen_ai.conversation.id"
	attrRequestModel  = "gen_ai.request.model"
	attrResponseModel = "gen_ai.response.model"
	attrResponseID    = "gen_ai.response.id"
	attrFinish        = "gen_ai.response.finish_reasons"
	attrFirstChunk    = "gen_ai.response.time_to_first_chunk"
	attrStreaming     = "gen_ai.response.streaming"
	attrInput         = "gen_ai.input.messages"
	attrOutput        = "gen_ai.output.messages"
	attrInstructions  = "gen_ai.system_instructions"
	attrEmbedded      = "gen_ai.embeddings.input"
	attrMaxTokens     = "gen_ai.request.max_tokens"
	attrTemperature   = "gen_ai.request.temperature"
	attrInputTokens   = "gen_ai.usage.input_tokens"
	attrOutputTokens  = "gen_ai.usage.output_tokens"
	attrTotalTokens   = "gen_ai.usage.total_tokens"
	attrCacheRead     = "gen_ai.usage.cache_read.input_tokens"
	attrCacheWrite    = "gen_ai.usage.cache_creation.input_tokens"
	attrReasoning     = "gen_ai.usage.reasoning.output_tokens"
	attrCost          = "gen_ai.cost.total_tokens"
	attrAgentName     = "gen_ai.agent.name"
	attrAgentID       = "gen_ai.agent.id"
	attrAgentVersion  = "gen_ai.agent.version"
	attrToolName      = "gen_ai.tool.name"
	attrToolID        = "gen_ai.tool.call.id"
	attrToolAbout     = "gen_ai.tool.description"
	attrToolArguments = "gen_ai.tool.call.arguments"
	attrToolResult    = "gen_ai.tool.call.result"
	attrErrorType     = "error.type"
	// attrHandoffTo is ours: the conventions name the other agent in the span's name alone.
	attrHandoffTo = "picket.handoff.to"
)

// Usage counts the tokens of model calls, by Sentry's meaning: Input includes the
// cached tokens, Output the reasoning. Anthropic counts otherwise: see its
// documentation, and add cache reads and writes to the input tokens it reports.
type Usage struct {
	Input, Output         int64
	CacheRead, CacheWrite int64 // parts of Input
	Reasoning             int64 // part of Output
}

// Total returns input and output together.
func (u Usage) Total() int64 { return u.Input + u.Output }

func (u Usage) plus(v Usage) Usage {
	u.Input += v.Input
	u.Output += v.Output
	u.CacheRead += v.CacheRead
	u.CacheWrite += v.CacheWrite
	u.Reasoning += v.Reasoning
	return u
}

// ModelCall is what is asked of a model.
type ModelCall struct {
	// Provider by its conventional name: openai, anthropic, gcp.gemini, aws.bedrock …
	// The server needs it to price the call.
	Provider string
	// Model is the model that is asked for.
	Model string
	// Operation is chat when empty; others are embeddings, generate_content, responses,
	// text_completion and rerank.
	Operation string
	// Messages are what the model is given: a text, or anything that becomes a JSON list
	// of messages ({"role", "content"} or {"role", "parts"}); for embeddings, the texts.
	Messages any
	// Instructions are the system prompt.
	Instructions string
	MaxTokens    int
	// Temperature is left out when nil.
	Temperature *float64
	// Attrs are further attributes of the span.
	Attrs []Attr
}

// ModelResult is what came of a model call.
type ModelResult struct {
	// Model is the model that answered, where it differs from the one asked for.
	Model string
	// ResponseID is the provider's id of the answer.
	ResponseID string
	Usage      Usage
	// FinishReasons say why the model stopped: stop, length, tool_calls, content_filter …
	FinishReasons []string
	// Output is what it said: a text, or a list of messages.
	Output any
	// CostUSD is what the call cost in dollars, where the caller knows. Leave it zero to
	// have the server work it out from the usage.
	CostUSD float64
	// FirstChunk is how long the first piece of a streamed answer took.
	FirstChunk time.Duration
}

// ModelSpan is a model call under way. It works, and counts usage, where the execution
// is not sampled, too. A nil ModelSpan does nothing.
type ModelSpan struct {
	node  *node
	call  ModelCall
	span  *Span
	ended atomic.Bool
}

// StartModelCall begins a call of a model. End it with what came of it.
func StartModelCall(ctx context.Context, call ModelCall) (context.Context, *ModelSpan) {
	n := nodeOr(ctx)
	if n == nil {
		return orBackground(ctx), nil
	}
	if call.Operation == "" {
		call.Operation = "chat"
	}
	ctx, span := startStep(ctx, "gen_ai."+call.Operation, stepName(call.Operation, call.Model))
	if span != nil {
		span.Set(call.attrs(n.scope.client)...)
	}
	// What was asked has been read; the host may do with it what it likes.
	call.Messages, call.Attrs = nil, nil
	return ctx, &ModelSpan{node: nodeOr(ctx), call: call, span: span}
}

// attrs tells what is asked.
func (m *ModelCall) attrs(c *Client) []Attr {
	attrs := appendTexts(make([]Attr, 0, 8+len(m.Attrs)),
		attrOperation, m.Operation, attrProvider, m.Provider, attrRequestModel, m.Model)
	if m.MaxTokens > 0 {
		attrs = append(attrs, slog.Int(attrMaxTokens, m.MaxTokens))
	}
	if m.Temperature != nil {
		attrs = append(attrs, slog.Float64(attrTemperature, *m.Temperature))
	}
	switch {
	case m.Messages == nil || c.options.OmitContent:
	case m.Operation == "embeddings":
		attrs = append(attrs, c.jsonAttr(attrEmbedded, m.Messages))
	default:
		attrs = append(attrs, c.messagesAttr(attrInput, "user", m.Messages))
	}
	attrs = appendTexts(attrs, attrInstructions, m.Instructions)
	return append(attrs, m.Attrs...)
}

// appendTexts appends attributes by pairs of name and value, those without a value
// left out.
func appendTexts(attrs []Attr, pairs ...string) []Attr {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			attrs = append(attrs, slog.String(pairs[i], pairs[i+1]))
		}
	}
	return attrs
}

// End ends the call with its result or its error, and adds its usage to the execution.
// A call that failed may have a usage, too. The error is not captured: a call that is
// tried again is no incident. Capture it, or let the execution end with it. Further
// calls of End do nothing.
func (m *ModelSpan) End(r ModelResult, err error) {
	if m == nil || m.ended.Swap(true) {
		return
	}
	model := r.Model
	if model == "" {
		model = m.call.Model
	}
	if m.span != nil {
		m.span.Set(r.attrs(m.node.scope.client, model)...)
		m.span.Fail(err)
	}
	m.node.exec.spend(r.Usage, nanos(r.CostUSD))
	data := []Attr{slog.Int64("input_tokens", r.Usage.Input), slog.Int64("output_tokens", r.Usage.Output)}
	crumb(m.node, CrumbModel, stepName(m.call.Operation, model), err != nil, withError(data, err)...)
	m.span.End()
}

// attrs tells what came of it.
func (r *ModelResult) attrs(c *Client, model string) []Attr {
	attrs := appendTexts(make([]Attr, 0, 12), attrResponseModel, model, attrResponseID, r.ResponseID)
	count := func(key string, n int64) {
		if n != 0 {
			attrs = append(attrs, slog.Int64(key, n))
		}
	}
	count(attrInputTokens, r.Usage.Input)
	count(attrOutputTokens, r.Usage.Output)
	count(attrTotalTokens, r.Usage.Total())
	count(attrCacheRead, r.Usage.CacheRead)
	count(attrCacheWrite, r.Usage.CacheWrite)
	count(attrReasoning, r.Usage.Reasoning)
	if len(r.FinishReasons) > 0 {
		attrs = append(attrs, c.jsonAttr(attrFinish, r.FinishReasons))
	}
	if r.Output != nil && !c.options.OmitContent {
		attrs = append(attrs, c.messagesAttr(attrOutput, "assistant", r.Output))
	}
	if r.CostUSD > 0 {
		attrs = append(attrs, slog.Float64(attrCost, r.CostUSD))
	}
	if r.FirstChunk > 0 {
		attrs = append(attrs, slog.Float64(attrFirstChunk, r.FirstChunk.Seconds()), slog.Bool(attrStreaming, true))
	}
	return attrs
}

// nanos turns dollars into nano-dollars; what is no amount is nothing.
func nanos(usd float64) int64 {
	n := math.Round(usd * 1e9)
	if math.IsNaN(n) || n < 0 || n > math.MaxInt64/4 {
		return 0
	}
	return int64(n)
}

func withError(data []Attr, err error) []Attr {
	if err != nil {
		data = append(data, slog.String("error", errorText(err)))
	}
	return data
}

// Handoff records that the current agent hands over to another one.
func Handoff(ctx context.Context, to Agent) {
	n := nodeOr(ctx)
	if n == nil {
		return
	}
	who := n.scope.who()
	name := "handoff to " + to.title()
	if from := who.agent.title(); from != "" {
		name = "handoff from " + from + " to " + to.title()
	}
	_, s := startStep(ctx, wire.OpHandoff, name, slog.String(attrOperation, "handoff"), slog.String(attrHandoffTo, to.key()))
	crumb(ctx, CrumbHandoff, name, false)
	s.End()
}
