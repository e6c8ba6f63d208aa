package api_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// transcript reads the whole transcript of an execution, by pages, as a line for
// each entry.
func (w *world) transcript(id string, limit int) (lines []string) {
	w.t.Helper()
	cursor := ""
	for {
		got := w.get(fmt.Sprintf("/api/v1/executions/%s?limit=%d&cursor=%s", url.PathEscape(id), limit, cursor))
		list := got["transcript"].([]any)
		if len(list) > limit {
			w.t.Fatalf("a page of %d has %d entries", limit, len(list))
		}
		for _, e := range list {
			lines = append(lines, describe(e.(object)))
		}
		next, ok := got["next"].(string)
		if !ok {
			return lines
		}
		if len(list) == 0 {
			w.t.Fatal("an empty page in the middle")
		}
		cursor = next
	}
}

// describe tells an entry in a line, indented by its depth.
func describe(e object) string {
	line := strings.Repeat("  ", int(e["depth"].(float64))) + fmt.Sprintf("%g ", e["offsetMs"].(float64)/1000) + e["type"].(string)
	part := func(name string) object { m, _ := e[name].(object); return m }
	switch {
	case part("message") != nil:
		m := part("message")
		line += " " + m["role"].(string)
		for _, p := range m["parts"].([]any) {
			p := p.(object)
			line += " " + p["type"].(string)
			if t, ok := p["text"].(object); ok {
				line += fmt.Sprintf(" %q", t["text"])
			}
		}
	case part("modelCall") != nil:
		m := part("modelCall")
		line += fmt.Sprintf(" %v/%v %v %.0f", m["provider"], m["model"], m["finishReason"], e["costNanos"])
	case part("toolCall") != nil:
		t := part("toolCall")
		line += fmt.Sprintf(" %v", t["name"])
		for _, name := range []string{"arguments", "result"} {
			if v, ok := t[name].(object); ok {
				line += " " + text(v["value"])
			}
		}
		if t["failed"] == true {
			line += fmt.Sprintf(" failed %v", t["errorType"])
		}
	case part("policy") != nil:
		line += fmt.Sprintf(" %v %v", part("policy")["name"], part("policy")["verdict"])
	case part("handoff") != nil:
		line += fmt.Sprintf(" %v", part("handoff")["name"])
	case part("agentRun") != nil:
		line += fmt.Sprintf(" %v %v in %v", part("agentRun")["name"], part("agentRun")["phase"], part("agentRun")["executionId"])
	case part("error") != nil:
		line += fmt.Sprintf(" %v: %v issue %v", part("error")["type"], part("error")["value"], part("error")["issueId"])
	case part("other") != nil:
		line += fmt.Sprintf(" %v %v", part("other")["count"], part("other")["ops"])
	}
	if e["inLoop"] == true {
		line += " (loop)"
	}
	return line
}

// one is a run of an agent in which everything happens that a transcript tells of.
func oneRun() ([]told, object) {
	system, ask := says("system", "You mend shops."), says("user", "Refund order 7.")
	look, found := calls("c1", "find_order", object{"id": 7}), answers("c1", "paid")
	refund, broken := calls("c2", "refund", object{"id": 7}), answers("c2", "no such account")
	done := says("assistant", "It could be done by hand.")
	spans := []told{
		agentSpan(1, 0, 0, 20, "shop", "run-9"),
		chat(2, 1, 1, 2, system, ask, look),
		tool(3, 1, 3, 4, "find_order", object{"id": 7}, "paid"),
		{4, 3, "db", "SELECT 1", 3.1, 3.2, "", nil},
		{5, 3, "db", "SELECT 2", 3.3, 3.4, "", nil},
		{6, 3, "http.client", "GET /", 3.5, 3.6, "", nil},
		chat(7, 1, 5, 6, system, ask, look, found, refund),
		{8, 1, "picket.policy", "refund limit", 6.5, 6.6, "", object{"picket.policy.name": "refund-limit", "picket.policy.verdict": "allow"}},
		tool(9, 1, 7, 8, "refund", object{"id": 7}, ""),
		agentSpan(10, 1, 9, 12, "ledger", ""),
		chat(11, 10, 10, 11, says("user", "Book it."), says("assistant", "Booked.")),
		agentSpan(12, 1, 13, 14, "auditor", "run-10"),
		chat(13, 12, 13.2, 13.4, says("user", "Audit it."), says("assistant", "Fine.")),
		{14, 1, "gen_ai.handoff", "handoff from shop to human", 15, 15, "", nil},
		chat(15, 1, 16, 17, system, ask, look, found, refund, broken, says("user", "Well?"), done),
	}
	spans[8].status = "error"
	spans[0].attributes["gen_ai.input.messages"] = text([]object{ask})
	spans[0].attributes["gen_ai.output.messages"] = text([]object{done})
	return spans, object{"event_id": "00000000000000000000000000000012", "timestamp": begun.Add(7500 * time.Millisecond), "level": "error", "platform": "python",
		"contexts":  object{"trace": object{"trace_id": toldTrace, "span_id": toldID(9)}},
		"exception": object{"values": []object{{"type": "ToolError", "value": "no such account"}}}}
}

var wantOneRun = strings.Split(`0 agent invoke_agent shop begin in run-9
0 message user text "Refund order 7."
  1 message system text "You mend shops."
  1 model_call openai/gpt-4o stop 4500000
  2 message assistant tool_call
  3 tool_call find_order {"id":7} paid
    3.1 other 3 [db http.client]
  5 model_call openai/gpt-4o stop 4500000
  6 message assistant tool_call
  6.5 policy refund-limit allow
  7 tool_call refund {"id":7} failed internal_error
    7.5 error ToolError: no such account issue 1
  9 agent invoke_agent ledger begin in run-9
    10 message user text "Book it."
    10 model_call openai/gpt-4o stop 4500000
    11 message assistant text "Booked."
  12 agent invoke_agent ledger end in run-9
  13 agent invoke_agent auditor begin in run-10
  14 agent invoke_agent auditor end in run-10
  15 handoff handoff from shop to human
  16 message tool tool_call_response
  16 message user text "Well?"
  16 model_call openai/gpt-4o stop 4500000
  17 message assistant text "It could be done by hand."
20 agent invoke_agent shop end in run-9`, "\n")

func TestTranscript(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spans, fault := oneRun()
	w.send(spans, fault)
	w.same("whole", w.transcript("run-9", 1000), wantOneRun)
	for _, limit := range []int{1, 2, 3, 7, 24, 25} {
		w.same(fmt.Sprintf("by %d", limit), w.transcript("run-9", limit), wantOneRun)
	}
	w.same("the one inside", w.transcript("run-10", 100), []string{
		"0 agent invoke_agent auditor begin in run-10", `  0.2 message user text "Audit it."`,
		"  0.2 model_call openai/gpt-4o stop 4500000", `  0.4 message assistant text "Fine."`, "1 agent invoke_agent auditor end in run-10"})

	got := w.get("/api/v1/executions/run-9")
	if got["costNanos"] != 18e6 || got["modelCalls"] != 4.0 || got["parentExecutionId"] != nil {
		t.Errorf("its costs and calls are %v, %v, parent %v", got["costNanos"], got["modelCalls"], got["parentExecutionId"])
	}
	w.described200("execution", "/api/v1/executions/run-9")
	w.described200("span", "/api/v1/traces/"+toldTrace+"/spans/"+toldID(15))
	links := map[string]bool{}
	for _, e := range got["transcript"].([]any) {
		links[e.(object)["href"].(string)] = true
	}
	for link := range links {
		w.get(link)
	}
	if len(links) != 13 {
		t.Errorf("the entries link to %d places", len(links))
	}
}

// described200 holds an answer against its description.
func (w *world) described200(operation, path string) {
	w.t.Helper()
	ops, registry := w.described()
	_, _, body := w.ask(w.ours, "GET", path, "")
	w.check(operation, registry, ops[operation].Responses["200"].Content["application/json"].Schema, body)
}

// Spans that are each other's parents, that came twice, or whose parent never came,
// have their place nevertheless.
func TestTranscriptOfOddSpans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owned := func(s told) told {
		s.attributes["picket.execution.id"] = "run-9"
		return s
	}
	alone := owned(tool(7, 99, 5, 6, "orphan", object{}, "x"))
	w.send([]told{owned(tool(2, 3, 1, 2, "a", object{}, "x")), owned(tool(3, 2, 3, 4, "b", object{}, "x")), alone, owned(tool(8, 8, 7, 8, "self", object{}, "x"))},
		object{"event_id": "00000000000000000000000000000014", "timestamp": begun.Unix() + 9, "level": "error", "platform": "go",
			"tags": object{"execution.id": "run-9"}, "exception": object{"values": []object{{"type": "Lost", "value": "nowhere"}}}})
	w.send([]told{alone})
	w.same("odd", w.transcript("run-9", 2), []string{"0 tool_call a {} x", "2 tool_call b {} x", "4 tool_call orphan {} x", "6 tool_call self {} x",
		"8 error Lost: nowhere issue 1"})
}

// In whatever pieces a run arrives, its transcript is the same.
func TestTranscriptOfPieces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	spans, fault := oneRun()
	slices.Reverse(spans)
	for _, s := range spans {
		w.send([]told{s})
	}
	w.send(nil, fault)
	w.same("in pieces", w.transcript("run-9", 7), wantOneRun)
}

func (w *world) same(what string, got, want []string) {
	w.t.Helper()
	if !slices.Equal(got, want) {
		w.t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTranscriptMarksTheLoop(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := says("user", "Poll.")
	spans := []told{agentSpan(1, 0, 0, 20, "poller", "run-9"), tool(2, 1, 1, 1.5, "other", object{}, "x")}
	for i := range 4 {
		at := float64(2 + 2*i)
		spans = append(spans, tool(10+i, 1, at, at+0.5, "poll", object{"id": 1}, "pending"), chat(20+i, 1, at+1, at+1.5, ask, says("assistant", "Again.")))
	}
	w.send(spans)
	call, again := "model_call openai/gpt-4o stop 4500000", `message assistant text "Again."`
	w.same("loop", w.transcript("run-9", 100), []string{
		"0 agent invoke_agent poller begin in run-9", "  1 tool_call other {} x",
		`  2 tool_call poll {"id":1} pending (loop)`, `  3 message user text "Poll." (loop)`, "  3 " + call + " (loop)", "  3.5 " + again + " (loop)",
		`  4 tool_call poll {"id":1} pending (loop)`, "  5 " + call + " (loop)", "  5.5 " + again + " (loop)",
		`  6 tool_call poll {"id":1} pending (loop)`, "  7 " + call + " (loop)", "  7.5 " + again + " (loop)",
		`  8 tool_call poll {"id":1} pending (loop)`, "  9 " + call, "  9.5 " + again,
		"20 agent invoke_agent poller end in run-9"})
	loop := w.get("/api/v1/executions/run-9")["loop"].(object)
	if loop["kind"] != "repeat" || loop["calls"] != 4.0 || loop["spanId"] != toldID(10) || loop["costNanos"] == 0.0 {
		t.Errorf("the loop is %v", loop)
	}
}

// What is long is cut, says so, and is whole where the entry links to.
func TestTranscriptIsCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	long := strings.Repeat("ü", 3000)
	w.send([]told{agentSpan(1, 0, 0, 9, "a", "run-9"), chat(2, 1, 1, 2, says("user", long), says("assistant", "ok")),
		tool(3, 1, 3, 4, "read", object{"path": long}, object{"text": long})})
	list := w.get("/api/v1/executions/run-9")["transcript"].([]any)
	f := func(entry int, want string, bytes float64, path ...string) {
		t.Helper()
		v := list[entry]
		for _, key := range path {
			if n, ok := v.([]any); ok {
				v = n[0]
			}
			v = v.(object)[key]
		}
		got := v.(object)
		text, _ := got["text"].(string)
		if text == "" {
			text, _ = got["value"].(string)
		}
		if text != want || got["bytes"] != bytes || got["cut"] != true {
			t.Errorf("%v: %d bytes of %v, cut: %v", path, len(text), got["bytes"], got["cut"])
		}
	}
	f(1, long[:2048], 6000, "message", "parts", "text")
	f(4, `{"path":"`+strings.Repeat("ü", 1019), 6011, "toolCall", "arguments")
	f(4, `{"text":"`+strings.Repeat("ü", 1019), 6011, "toolCall", "result")

	w.described200("execution", "/api/v1/executions/run-9")
	whole := w.get(list[2].(object)["href"].(string))
	said := whole["messages"].([]any)[0].(object)["parts"].([]any)[0].(object)
	if said["text"] != long || whole["kind"] != "model" || whole["attributes"].(object)["gen_ai.system"] != "openai" {
		t.Errorf("the whole span is not: %.300v", whole)
	}
}

// A client that drops the oldest messages, or leads two conversations in turns,
// does not make the transcript repeat itself.
func TestTranscriptSaysNothingTwice(t *testing.T) {
	t.Parallel()
	f := func(want string, list ...[]object) {
		t.Helper()
		w := newWorld(t)
		spans := []told{agentSpan(1, 0, 0, 99, "a", "run-9")}
		for i, messages := range list {
			spans = append(spans, chat(10+i, 1, float64(i+1), float64(i+1)+0.5, messages...))
		}
		w.send(spans)
		var got []string
		for _, e := range w.get("/api/v1/executions/run-9")["transcript"].([]any) {
			if m, ok := e.(object)["message"].(object); ok {
				for _, p := range m["parts"].([]any) {
					got = append(got, p.(object)["text"].(object)["text"].(string))
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("said %q, want %q", strings.Join(got, " "), want)
		}
	}
	u := func(s string) object { return says("user", s) }
	a := func(s string) object { return says("assistant", s) }
	f("go x go y", []object{u("go"), a("x")}, []object{u("go"), a("x"), u("go"), a("y")})
	f("1 x 2 y 3 z", []object{u("1"), a("x")}, []object{u("1"), a("x"), u("2"), a("y")}, []object{u("2"), a("y"), u("3"), a("z")})
	f("1 x other y 2 z more w", []object{u("1"), a("x")}, []object{u("other"), a("y")},
		[]object{u("1"), a("x"), u("2"), a("z")}, []object{u("other"), a("y"), u("more"), a("w")})
	f("1 x x", []object{u("1"), a("x")}, []object{u("1"), a("x")}) // tried again
}
