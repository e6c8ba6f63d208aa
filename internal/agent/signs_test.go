package agent

import (
	"strings"
	"testing"

	"relay.one/picket/internal/model"
)

func TestFinish(t *testing.T) {
	t.Parallel()
	f := func(want model.Finish, spellings ...string) {
		t.Helper()
		for _, s := range spellings {
			if got := finishOf(s); got != want {
				t.Errorf("%s = %s, want %s", s, finishNames[got], finishNames[want])
			}
		}
	}
	f(model.FinishStop, "stop", "STOP", `["stop"]`, "end_turn", "stop_sequence", "FinishReason.STOP", "FINISH_REASON_STOP", "COMPLETE", `["tool_calls","stop"]`, `['stop']`)
	f(model.FinishToolCalls, "tool_calls", "tool_use", "tool-calls", "tool_call", `["function_call"]`)
	f(model.FinishLength, "length", "max_tokens", "MAX_TOKENS", "model_length", "max_output_tokens", "model_context_window_exceeded", "ERROR_LIMIT")
	f(model.FinishFilter, "content_filter", "content-filter", "SAFETY", "RECITATION", "guardrail_intervened", "PROHIBITED_CONTENT", "SPII", "BLOCKLIST", "content_filtered", "ERROR_TOXIC")
	f(model.FinishRefusal, "refusal")
	f(model.FinishError, "error", "MALFORMED_FUNCTION_CALL", "insufficient_system_resource")
	f(model.FinishTurns, "error_max_turns", "max_iterations")
	f(model.FinishBudget, "error_max_budget_usd")
	f(model.FinishUnknown, "", "[]", "other", "pause_turn", "FINISH_REASON_UNSPECIFIED", "incomplete", ",,,", "null")
}

func TestHashValue(t *testing.T) {
	t.Parallel()
	f := func(same bool, a, b string) {
		t.Helper()
		if got := hashValue(a) == hashValue(b); got != same || hashValue(a) == 0 {
			t.Errorf("%s and %s: same is %v", a, b, got)
		}
	}
	f(true, `{"a":1,"b":[1,{"c":null}]}`, ` { "b" : [ 1 , {"c":null} ] , "a" : 1 } `)
	f(true, `{}`, `{ }`)
	f(true, `plain text`, `plain text`)
	f(false, `{"a":1,"b":2}`, `{"a":2,"b":1}`)
	f(false, `{"a":1}`, `{"a":1,"a":1}`)
	f(false, `[1,2]`, `[2,1]`)
	f(false, `[[1],2]`, `[[1,2]]`)
	f(false, `[1,2]`, `[12]`)
	f(false, `{"a":{"b":1}}`, `{"b":{"a":1}}`)
	f(false, `"1"`, `1`)
	f(false, `{}`, `[]`)
	f(false, `{"a":"\"}"}`, `{"a":"\""}`)
	f(false, `{"a":1`, `{"a":2`)
	f(false, `{"a":1} x`, `{"a":1}`)
	f(false, `{,"a":1}`, `{"a":1}`)
	f(false, ``, ` `)
	f(true, strings.Repeat("[", 200), strings.Repeat("[", 200))
}

func FuzzHashValue(f *testing.F) {
	f.Add(`{"a":[1,"x\"",{"b":null}]}`)
	f.Add(`"\`)
	f.Add(`{"a"`)
	f.Fuzz(func(t *testing.T, s string) {
		p := jsonText{s: s}
		_, ok := p.value(0)
		if p.blanks(); ok && p.at == len(s) && hashValue(s) != hashValue("\t"+s+"\n") {
			t.Fatalf("blanks around %q count", s)
		}
	})
}

// TestSignsOfLongValues holds that what is too long to be handed over tells enough.
func TestSignsOfLongValues(t *testing.T) {
	t.Parallel()
	f := func(s model.Span, long ...model.LongText) model.Signs {
		s.Long = long
		b := &model.Batch{Spans: []model.Span{s}}
		Read(b)
		return b.Spans[0].Signs
	}
	tool := at(0, 1, 0, "gen_ai.execute_tool", "gen_ai.tool.name", "f")
	arguments := model.LongText{Name: "gen_ai.tool.input", Hash: 5}
	g := f(tool, arguments, model.LongText{Name: "gen_ai.tool.output", Hash: 6, Head: `{"content":[`, Tail: `x"}],"isError":true}`})
	if g.Call == 0 || g.Result != 6 || !g.Failed {
		t.Errorf("failed tool: %+v", g)
	}
	if h := f(tool, arguments, model.LongText{Name: "gen_ai.tool.output", Hash: 7, Tail: `{"isError":true}]}`}); h.Call != g.Call || h.Failed || h.Result == g.Result {
		t.Errorf("rows: %+v", h)
	}
	chat := at(0, 1, 0, "gen_ai.chat")
	g = f(chat, model.LongText{Name: "gen_ai.output.messages", Hash: 8, Tail: `and so"}],"finish_reason":"length"}]`}, model.LongText{Name: "gen_ai.request.messages", Hash: 9})
	if g.Finish != model.FinishLength || g.Empty || g.Result != 8 || g.Call == 0 {
		t.Errorf("long answer: %+v", g)
	}
	if g = f(chat); g != (model.Signs{}) {
		t.Errorf("nothing told: %+v", g)
	}
	// Arguments over MCP are attributes of their own, in any order.
	a := f(at(0, 1, 0, "", "mcp.tool.name", "f", "mcp.request.argument.a", "1", "mcp.request.argument.b", "2"))
	b := f(at(0, 1, 0, "", "mcp.request.argument.b", "2", "mcp.tool.name", "f", "mcp.request.argument.a", "1"))
	c := f(at(0, 1, 0, "", "mcp.request.argument.b", "1", "mcp.tool.name", "f", "mcp.request.argument.a", "2"))
	if a.Call != b.Call || a.Call == 0 || a.Call == c.Call {
		t.Errorf("over MCP: %x, %x, %x", a.Call, b.Call, c.Call)
	}
}

func TestVerdictOf(t *testing.T) {
	t.Parallel()
	f := func(answer string, wantRefused, wantGaveUp bool) {
		t.Helper()
		if r, g := verdictOf(answer); r != wantRefused || g != wantGaveUp {
			t.Errorf("%q: refused %v, gave up %v", answer, r, g)
		}
	}
	f("I'm sorry, but I can't assist with that.", true, false)
	f("I cannot comply with this request.", true, false)
	f("As an AI language model, I am not able to help with that.", true, false)
	f("I can’t help you with that. I can tell you about gardening instead.", true, false)
	f("I give up.", false, true)
	f("Sorry, I wasn't able to complete this task.", false, true)
	f("Unable to complete the request: no access.", false, true)
	f("", false, false)
	f("I can't find the order, is the number right?", false, false)
	f("Help with taxes: I can't say.", false, false)
	f("I can't help with flights, here is the number of the airline.", false, false)
	f("Assist. Comply.", false, false)
	f("I'm sorry, but I can't assist with that. "+strings.Repeat("More. ", 100), false, false)
}

func TestSaysFailed(t *testing.T) {
	t.Parallel()
	f := func(result string, want bool) {
		t.Helper()
		b := &model.Batch{Spans: []model.Span{at(0, 1, 0, "gen_ai.execute_tool", "gen_ai.tool.name", "f", "gen_ai.tool.call.result", result)}}
		Read(b)
		if s := &b.Spans[0]; s.Signs.Failed != want || (s.ErrorType == "tool_error") != want {
			t.Errorf("%s: %v, %q", result, s.Signs.Failed, s.ErrorType)
		}
	}
	f(`{"isError":true,"content":[]}`, true)
	f(`{"is_error":true}`, true)
	f(`[{"type":"tool_result","is_error":true,"content":"x"}]`, true)
	f(`{"type":"tool","status":"error","tool_call_id":"c","content":"Error"}`, true)
	f(`{"type":"error-text","value":"x"}`, true)
	f("Error: ValueError('x')\n Please fix your mistakes.", true)
	f(`{"isError":false}`, false)
	f(`{"isError":"true"}`, false)
	f(`{"result":{"isError":true}}`, false)
	f(`[{"isError":true}]`, false)
	f(`{"type":"order","status":"error"}`, false)
	f(`Error: none`, false)
	f(`isError`, false)
	f(`{"isError":true`, false)
}
