package picket

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"relay.one/picket/wire"
)

// specGenAI are the attributes that Sentry's conventions have under gen_ai, and those of
// OpenTelemetry to be kept, with their types; json is a string that holds JSON.
var specGenAI = map[string]string{
	"gen_ai.operation.name": "string", "gen_ai.provider.name": "string", "gen_ai.agent.name": "string", "gen_ai.agent.id": "string",
	"gen_ai.agent.version": "string", "gen_ai.conversation.id": "string", "gen_ai.request.model": "string", "gen_ai.response.model": "string",
	"gen_ai.response.id": "string", "gen_ai.response.finish_reasons": "json", "gen_ai.response.streaming": "boolean",
	"gen_ai.response.time_to_first_chunk": "double", "gen_ai.request.temperature": "double", "gen_ai.request.max_tokens": "integer",
	"gen_ai.system_instructions": "string", "gen_ai.input.messages": "json", "gen_ai.output.messages": "json", "gen_ai.embeddings.input": "string",
	"gen_ai.tool.name": "string", "gen_ai.tool.description": "string", "gen_ai.tool.call.id": "string", "gen_ai.tool.call.arguments": "json",
	"gen_ai.tool.call.result": "json", "gen_ai.usage.input_tokens": "integer", "gen_ai.usage.output_tokens": "integer",
	"gen_ai.usage.total_tokens": "integer", "gen_ai.usage.cache_read.input_tokens": "integer", "gen_ai.usage.cache_creation.input_tokens": "integer",
	"gen_ai.usage.reasoning.output_tokens": "integer", "gen_ai.cost.total_tokens": "double",
}

func (s spec) transaction(item goldenItem) {
	p := item.Payload
	s.only(p, "event_id type timestamp start_timestamp platform release environment server_name transaction transaction_info contexts tags user request sdk spans")
	s.common(p)
	s.text(p, "transaction")
	s.oneOf(specSources, p, "transaction_info", "source")
	if s.moment(p, "timestamp").Before(s.moment(p, "start_timestamp")) {
		s.fault("a transaction ends before it begins")
	}
	root := at(p, "contexts", "trace")
	s.text(root, "op")
	s.oneOf(specStatus, root, "status")
	s.match(specOrigin, root, "origin")
	s.genAIData(root)
	spans := at(p, "spans").([]any)
	if item.SpanCount != len(spans)+1 {
		s.fault("span_count is %d of %d children", item.SpanCount, len(spans))
	}
	for _, span := range spans {
		s.only(span, "trace_id span_id parent_span_id op description status origin start_timestamp timestamp data")
		s.match(specID16, span, "span_id")
		s.match(specID16, span, "parent_span_id")
		s.text(span, "op")
		s.text(span, "description")
		s.oneOf(specStatus, span, "status")
		s.match(specOrigin, span, "origin")
		if at(span, "trace_id") != at(root, "trace_id") || s.moment(span, "timestamp").Before(s.moment(span, "start_timestamp")) {
			s.fault("%v: a child of another trace, or back in time", at(span, "description"))
		}
		s.genAIData(span)
	}
}

// genAIData checks the attributes of spans that leave in transactions.
func (s spec) genAIData(span any) {
	op, _ := at(span, "op").(string)
	if operation, ok := strings.CutPrefix(op, "gen_ai."); ok {
		data := at(span, "data")
		if at(data, "gen_ai.operation.name") != operation {
			s.fault("operation %v of op %s", at(data, "gen_ai.operation.name"), op)
		}
		s.text(data, "gen_ai.agent.name")
	}
}

func (s spec) container(h object, item goldenItem) {
	s.only(item.Payload, "version items")
	list := at(item.Payload, "items").([]any)
	if item.ContentType != wire.ContentSpansV2 || item.ItemCount != len(list) || at(item.Payload, "version") != 2. {
		s.fault("%d spans in a container of %s that counts %d", len(list), item.ContentType, item.ItemCount)
	}
	for _, span := range list {
		if at(span, "trace_id") != at(h, "trace", "trace_id") {
			s.fault("a span of trace %v in a container of %v", at(span, "trace_id"), at(h, "trace", "trace_id"))
		}
		s.spanV2(span)
	}
}

func (s spec) spanV2(span any) {
	s.only(span, "trace_id span_id parent_span_id name status is_segment start_timestamp end_timestamp attributes")
	s.match(specID32, span, "trace_id")
	s.match(specID16, span, "span_id")
	if at(span, "parent_span_id") != nil {
		s.match(specID16, span, "parent_span_id")
	}
	name := s.text(span, "name")
	s.oneOf([]string{"ok", "error"}, span, "status")
	if segment, ok := at(span, "is_segment").(bool); !ok || segment != (at(span, "span_id") == attrOf(span.(object), "sentry.segment.id")) {
		s.fault("%s: is_segment is %v", name, at(span, "is_segment"))
	}
	start, _ := at(span, "start_timestamp").(float64)
	if end, _ := at(span, "end_timestamp").(float64); start < 9e8 || end < start {
		s.fault("%s: from %v to %v", name, start, end)
	}
	for key, a := range at(span, "attributes").(object) {
		s.only(a, "type value")
		s.typedValue(key, a)
	}
	for _, key := range []string{"sentry.op", "sentry.origin", "sentry.release", "sentry.environment", "sentry.segment.id", "sentry.segment.name",
		"sentry.sdk.name", "sentry.sdk.version", "sentry.platform", "server.address"} {
		s.text(span, "attributes", key, "value")
	}
	s.match(specOrigin, span, "attributes", "sentry.origin", "value")
	if operation, ok := strings.CutPrefix(s.text(span, "attributes", "sentry.op", "value"), "gen_ai."); ok {
		s.genAISpan(span, name, operation)
	}
}

// typedValue checks an attribute's type, and that Sentry has it if it seems to be Sentry's.
func (s spec) typedValue(key string, a any) {
	s.Helper()
	value := at(a, "value")
	number, _ := value.(float64)
	fits := map[string]bool{
		"string":  reflect.TypeOf(value) == reflect.TypeFor[string](),
		"boolean": reflect.TypeOf(value) == reflect.TypeFor[bool](),
		"double":  reflect.TypeOf(value) == reflect.TypeFor[float64](),
		"integer": reflect.TypeOf(value) == reflect.TypeFor[float64]() && number == float64(int64(number)),
		"array":   reflect.TypeOf(value) == reflect.TypeFor[[]any](),
	}
	typ := s.text(a, "type")
	if !fits[typ] {
		s.fault("%s is %#v of type %s", key, value, typ)
	}
	if !strings.HasPrefix(key, "gen_ai.") {
		return
	}
	switch want := specGenAI[key]; {
	case want == "":
		s.fault("the conventions have no %s", key)
	case want == "json" && !json.Valid([]byte(value.(string))):
		s.fault("%s is no JSON: %v", key, value)
	case want != "json" && want != typ:
		s.fault("%s is of type %s, want %s", key, typ, want)
	}
}

// genAISpan checks what Sentry's pages about agents find spans by.
func (s spec) genAISpan(span any, name, operation string) {
	attr := func(key string) string { s.Helper(); return s.text(span, "attributes", key, "value") }
	if got := attr("gen_ai.operation.name"); got != operation {
		s.fault("%s: operation %s of op gen_ai.%s", name, got, operation)
	}
	want := ""
	switch agent := attr("gen_ai.agent.name"); operation {
	case "invoke_agent":
		want = "invoke_agent " + agent
		s.oneOf([]string{"ok", "error", "failed"}, span, "attributes", wire.AttrOutcome, "value")
	case "execute_tool":
		want = "execute_tool " + attr("gen_ai.tool.name")
	case "handoff":
		if want = name; !strings.HasPrefix(name, "handoff from "+agent+" to ") {
			s.fault("a hand-off of %s is called %s", agent, name)
		}
	default:
		want = operation + " " + attr("gen_ai.request.model")
		attr("gen_ai.provider.name")
		attr("gen_ai.response.model")
	}
	if name != want {
		s.fault("a span is called %q, want %q", name, want)
	}
	for _, key := range []string{attrInput, attrOutput} {
		if text, ok := attrOf(span.(object), key).(string); ok {
			s.messages(key, text)
		}
	}
}

// messages checks the canonical form: role and parts.
func (s spec) messages(key, text string) {
	var list []struct {
		Role  string
		Parts []struct{ Type, Content string }
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) == 0 {
		s.fault("%s: %v: %s", key, err, text)
		return
	}
	for _, m := range list {
		if !slices.Contains([]string{"system", "user", "assistant", "tool"}, m.Role) || len(m.Parts) == 0 || m.Parts[0].Type != "text" || m.Parts[0].Content == "" {
			s.fault("%s: %s", key, text)
		}
	}
}
