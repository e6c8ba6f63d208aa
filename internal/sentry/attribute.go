package sentry

import (
	"github.com/cespare/xxhash/v2"
	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

const (
	// maxAttribute is the longest value that is handed to the rooms of the pipeline;
	// prompts and answers stay in the payload.
	maxAttribute  = 1024
	maxAttributes = 128
	// maxEnds is how much is handed over of either end of a longer value.
	maxEnds = 96
)

// prefixes begin the names of the attributes that the rooms of the pipeline read.
var prefixes = [...]string{"gen_ai.", "ai.", "mcp.", "picket.", "agent.", "execution.",
	"organization.", "conversation.", "error.", "openai.", "anthropic.", "vercel.ai.usage.", "vercel.ai.response.provider"}

// attributes gathers those attributes of a span that are read.
type attributes struct {
	list  model.Attributes
	texts *texts
	long  []model.LongText
}

// isLong reports whether more is asked of a value of that name than its text, so
// that a long one is worth noting: what went into a call, and what came out.
func isLong(name string) bool {
	switch name {
	case "gen_ai.input.messages", "gen_ai.request.messages", "ai.input_messages", "ai.prompt.messages", "gen_ai.prompt",
		"gen_ai.output.messages", "gen_ai.response.text", "gen_ai.response.tool_calls", "gen_ai.response.object",
		"ai.response.text", "ai.response.toolCalls", "ai.responses", "ai.tool_calls",
		"gen_ai.tool.call.arguments", "gen_ai.tool.input", "ai.toolCall.args",
		"gen_ai.tool.call.result", "gen_ai.tool.output", "gen_ai.tool.message", "ai.toolCall.result", "mcp.tool.result.content":
		return true
	}
	return false
}

// wanted reports whether anyone reads attributes of that name.
func wanted(name []byte) bool {
	switch string(name) {
	case "sentry.op", "sentry.origin", "sentry.kind", "sentry.status.message",
		"sentry.segment.id", "sentry.segment.name":
		return true
	}
	for _, p := range prefixes {
		if len(name) > len(p) && name[0] == p[0] && string(name[:len(p)]) == p {
			return true
		}
	}
	return false
}

// addAll adds the untyped attributes of a span of the first format.
func (a *attributes) addAll(v *fastjson.Value) {
	if o := v.GetObject(); o != nil {
		o.Visit(a.add)
	}
}

func (a *attributes) add(key []byte, v *fastjson.Value) {
	if wanted(key) {
		a.put(a.name(key), v)
	}
}

// put adds an attribute under that name.
func (a *attributes) put(name string, v *fastjson.Value) {
	value, ok := a.text(name, v)
	if !ok || len(a.list) == maxAttributes {
		return
	}
	if a.list == nil {
		a.list = make(model.Attributes, 0, 16)
	}
	a.list = append(a.list, model.Tag{Key: name, Value: value})
}

// text returns the text of a value: JSON for lists and objects. It returns false
// for what is empty or too long, which it notes where that is worth it.
func (a *attributes) text(name string, v *fastjson.Value) (string, bool) {
	var b []byte
	switch typeOf(v) {
	case fastjson.TypeNull:
		return "", false
	case fastjson.TypeString:
		b, _ = v.StringBytes() // it is a string
	case fastjson.TypeObject, fastjson.TypeArray:
		b = AppendJSON(nil, v)
	default:
		s := text(v, enumLimit)
		return s, s != ""
	}
	if len(b) > maxAttribute {
		a.note(name, b)
		return "", false
	}
	return a.texts.copy(b, messageLimit), len(b) > 0
}

// note keeps what can be known of a long value without keeping it.
func (a *attributes) note(name string, b []byte) {
	if !isLong(name) || len(a.long) == maxAttributes {
		return
	}
	a.long = append(a.long, model.LongText{
		Name: name, Hash: max(1, xxhash.Sum64(b)),
		Head: a.texts.copy(b[:maxEnds], messageLimit), Tail: a.texts.copy(b[len(b)-maxEnds:], messageLimit),
	})
}

// name returns the name as a text, without memory for the usual ones.
func (a *attributes) name(key []byte) string {
	if s, ok := attributeNames[string(key)]; ok {
		return s
	}
	return a.texts.copy(key, nameLimit)
}

// attributeNames are the names that most agents' spans carry.
var attributeNames = func() map[string]string {
	m := map[string]string{}
	for _, s := range []string{
		"sentry.op", "sentry.origin", "sentry.segment.id", "sentry.segment.name", "sentry.kind",
		"sentry.status.message",
		"gen_ai.operation.name", "gen_ai.operation.type", "gen_ai.provider.name", "gen_ai.system",
		"gen_ai.agent.name", "gen_ai.agent.id", "gen_ai.conversation.id", "gen_ai.pipeline.name",
		"gen_ai.function_id", "gen_ai.request.model", "gen_ai.response.model", "gen_ai.response.id",
		"gen_ai.response.finish_reasons", "gen_ai.response.streaming", "gen_ai.response.text",
		"gen_ai.request.temperature", "gen_ai.request.max_tokens", "gen_ai.request.messages",
		"gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions",
		"gen_ai.tool.name", "gen_ai.tool.description", "gen_ai.tool.type", "gen_ai.tool.call.id",
		"gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "gen_ai.tool.definitions",
		"gen_ai.tool.input", "gen_ai.tool.output",
		"gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.usage.total_tokens",
		"gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens",
		"gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.input_tokens.cached",
		"gen_ai.usage.output_tokens.reasoning", "gen_ai.cost.total_tokens",
		"error.type", "picket.execution.id", "picket.organization.id", "picket.outcome",
		"picket.outcome.reason", "picket.policy.name", "picket.policy.verdict", "picket.policy.reason",
		"agent.id", "agent.name", "agent.framework", "agent.version",
		"execution.id", "organization.id", "conversation.id",
	} {
		m[s] = s
	}
	return m
}()

// addMissing adds the event's tags that are read like attributes and not there yet.
func (a *attributes) addMissing(tags []model.Tag) {
	for i := range tags {
		if wanted([]byte(tags[i].Key)) && a.list.Get(tags[i].Key) == "" && len(a.list) < maxAttributes {
			a.list = append(a.list, tags[i])
		}
	}
}

// measured are the token counts that old Python clients sent as measurements, and
// the names that attributes have for them.
var measured = [...]struct{ name, measurement string }{
	{"ai.prompt_tokens.used", "ai_prompt_tokens_used"},
	{"ai.completion_tokens.used", "ai_completion_tokens_used"},
	{"ai.total_tokens.used", "ai_total_tokens_used"},
}

func (a *attributes) addMeasurements(v *fastjson.Value) {
	if v == nil {
		return
	}
	for _, m := range measured {
		if n := v.Get(m.measurement, "value"); n != nil && a.list.Get(m.name) == "" {
			a.put(m.name, n)
		}
	}
}
