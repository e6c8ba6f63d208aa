package agent

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

// transaction is what a service of agents sends: twelve spans, six of them gen_ai.
func transaction() *model.Batch {
	id := model.EventID{7}
	usage := []string{"gen_ai.operation.name", "chat", "gen_ai.system", "openai", "gen_ai.request.model", "gpt-4o",
		"gen_ai.response.model", "gpt-4o-2024-08-06", "gen_ai.usage.input_tokens", "1200", "gen_ai.usage.output_tokens", "300",
		"gen_ai.usage.input_tokens.cached", "1024", "gen_ai.usage.total_tokens", "1500", "gen_ai.agent.name", "Billing",
		"gen_ai.response.finish_reasons", `["stop"]`, "sentry.origin", "auto.ai.openai"}
	tool := []string{"gen_ai.operation.name", "execute_tool", "gen_ai.tool.name", "lookup", "gen_ai.tool.input", "{}",
		"gen_ai.tool.output", "{}", "gen_ai.agent.name", "Billing", "sentry.origin", "auto.ai.openai"}
	b := &model.Batch{
		Events: []model.Event{{ID: id, Kind: model.KindTransaction, Trace: trace, Span: model.SpanID{1}, Started: noon, Timestamp: noon.Add(time.Minute)}},
		Spans: []model.Span{
			lasting(time.Minute, at(0, 1, 0, "http.server", "sentry.origin", "auto.http")),
			lasting(time.Minute, at(1, 2, 1, "gen_ai.invoke_agent", "gen_ai.operation.name", "invoke_agent", "gen_ai.agent.name", "Billing", "sentry.origin", "auto.ai.openai_agents")),
			at(2, 3, 2, "gen_ai.chat", usage...), at(3, 4, 3, "http.client"),
			at(4, 5, 2, "gen_ai.execute_tool", tool...), at(5, 6, 5, "db"),
			at(6, 7, 2, "gen_ai.chat", usage...), at(7, 8, 7, "http.client"),
			at(8, 9, 2, "gen_ai.execute_tool", tool...), at(9, 10, 9, "db"),
			at(10, 11, 2, "gen_ai.chat", usage...), at(11, 12, 11, "http.client"),
		},
	}
	for i := range b.Spans {
		b.Spans[i].Event = id
	}
	return b
}

func BenchmarkEnrich(b *testing.B) {
	batch := transaction()
	attributes := make([]model.Attributes, len(batch.Spans))
	for i := range batch.Spans {
		a := batch.Spans[i].Attributes
		attributes[i] = a[:len(a):len(a)]
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range batch.Spans {
			batch.Spans[i].Attributes = attributes[i]
		}
		Enrich(batch)
	}
	if x := batch.Executions; len(x) != 1 || x[0].ModelCalls != 3 || x[0].ToolCalls != 2 {
		b.Fatalf("executions %+v", x)
	}
}

// BenchmarkEnrichLong assembles a trace of ten thousand spans: an agent that asks a
// model and calls a tool, five thousand times.
func BenchmarkEnrichLong(b *testing.B) {
	spans := []model.Span{lasting(24*time.Hour, at(0, 1, 0, "gen_ai.invoke_agent", "gen_ai.agent.name", "Billing"))}
	for i := 1; i < 10_000; i++ {
		s := at(2*i, 0, 1, "gen_ai.chat", "gen_ai.request.model", "gpt-4o", "gen_ai.usage.input_tokens", "1200", "gen_ai.response.finish_reasons", "tool_calls")
		if i%2 == 0 {
			s = at(2*i, 0, 1, "gen_ai.execute_tool", "gen_ai.tool.name", "lookup", "gen_ai.tool.call.arguments", strconv.Itoa(i%6), "gen_ai.tool.call.result", "none")
		}
		s.ID, s.Duration = model.SpanID{1, byte(i >> 8), byte(i)}, time.Second
		spans = append(spans, s)
	}
	batch := &model.Batch{Spans: spans}
	Read(batch)
	b.ReportAllocs()
	for b.Loop() {
		Assemble(batch)
		if x := batch.Executions; len(x) != 1 || x[0].Loop.Kind != model.LoopNoProgress || x[0].ToolCalls != 4999 {
			b.Fatalf("executions %+v", x)
		}
		Restore(batch)
	}
}

// BenchmarkEnrichTelling is the twelve spans of a transaction whose client sends what was
// said.
func BenchmarkEnrichTelling(b *testing.B) {
	batch := transaction()
	attributes := make([]model.Attributes, len(batch.Spans))
	for i := range batch.Spans {
		a := batch.Spans[i].Attributes
		switch batch.Spans[i].Op {
		case "gen_ai.chat":
			a = append(a, model.Tag{Key: "gen_ai.input.messages", Value: `[{"role":"user","content":"` + strings.Repeat("Where is my order? ", 30) + `"}]`},
				model.Tag{Key: "gen_ai.output.messages", Value: `[{"role":"assistant","parts":[{"type":"text","content":"` + strings.Repeat("It is not on its way yet. ", 20) + `"}]}]`})
		case "gen_ai.execute_tool":
			a = append(a, model.Tag{Key: "gen_ai.tool.call.arguments", Value: `{"order":81,"fields":["state","total"]}`},
				model.Tag{Key: "gen_ai.tool.call.result", Value: `{"content":[{"type":"text","text":"` + strings.Repeat("paid ", 60) + `"}],"isError":false}`})
		}
		attributes[i] = a[:len(a):len(a)]
	}
	b.ReportAllocs()
	for b.Loop() {
		for i := range batch.Spans {
			batch.Spans[i].Attributes = attributes[i]
		}
		Enrich(batch)
	}
}

func BenchmarkEnrichWithoutAgents(b *testing.B) {
	batch := &model.Batch{Events: []model.Event{{Kind: model.KindTransaction, Trace: trace}}}
	for i := range byte(12) {
		batch.Spans = append(batch.Spans, at(int(i), i+1, i, "db", "sentry.op", "db", "sentry.origin", "auto.db"))
	}
	b.ReportAllocs()
	for b.Loop() {
		Enrich(batch)
	}
}

func BenchmarkReport(b *testing.B) {
	payload := make([]byte, 0, 9<<10)
	payload = append(payload, `{"exception":"`...)
	for len(payload) < 8<<10 {
		payload = append(payload, `frame `...)
	}
	payload = append(payload, `","contexts":{"execution":{"id":"e1","outcome":"error","duration_ms":5}}}`...)
	batch := &model.Batch{Events: []model.Event{{Kind: model.KindError, Execution: "e1", Timestamp: noon, Payload: payload}}}
	b.ReportAllocs()
	for b.Loop() {
		Enrich(batch)
	}
}
