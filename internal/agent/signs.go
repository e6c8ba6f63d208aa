package agent

import (
	"strings"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// reader reads spans, one after the other.
type reader struct {
	view
	json fastjson.Parser
}

// signs reads what the rules of outcome and loops look at.
func (r *reader) signs(s *model.Span) (g model.Signs) {
	switch s.Kind {
	case model.SpanAgent:
		g.Outcome, _ = parseOutcome(r.attributes.Get(wire.AttrOutcome))
		g.Reason = r.attributes.Get(wire.AttrOutcomeReason)
		r.readAnswer(&g)
	case model.SpanModel:
		r.readAnswer(&g)
		if input := r.input(); input != 0 {
			g.Call = mix(mix(3, hashValue(s.Model)), input)
		}
	case model.SpanTool:
		g.Call, g.Result = r.toolCall(s), r.hash(toolResult)
		g.Failed = r.toolFailed()
	}
	return g
}

// input returns the hash of what went into a model call, or zero.
func (r *reader) input() uint64 {
	if h := r.hash(inputMessages); h != 0 {
		return h
	}
	return r.hash(requestMessages)
}

const mcpArgument = "mcp.request.argument."

// toolCall returns the hash of a tool call, or zero when its arguments are not known.
func (r *reader) toolCall(s *model.Span) uint64 {
	arguments := r.hash(toolArguments)
	if arguments == 0 && r.has(mcpTool) {
		for i := range r.attributes {
			if a := &r.attributes[i]; strings.HasPrefix(a.Key, mcpArgument) {
				arguments += mix(hashValue(a.Key), hashValue(a.Value)) // in any order
			}
		}
	}
	if arguments == 0 {
		return 0
	}
	return max(1, mix(hashValue(s.Tool), arguments))
}

// readAnswer reads how a model, or an agent, ended, and what it said.
func (r *reader) readAnswer(g *model.Signs) {
	g.Finish = finishOf(r.get(finishReasons))
	for _, s := range [...]slot{outputMessages, responseText, responseToolCalls, responseObject} {
		if g.Result = r.hash(s); g.Result != 0 {
			break
		}
	}
	if l := r.longOf(outputMessages); l != nil && g.Finish == model.FinishUnknown {
		g.Finish = finishAtEnd(l.Tail)
	}
	raw := r.first(outputMessages, responseText)
	if r.has(responseToolCalls) || r.longOf(responseToolCalls) != nil || r.has(responseObject) || !telling(raw, g.Finish) {
		return
	}
	a := r.answer(raw)
	g.Empty = a.empty
	if g.Finish == model.FinishUnknown {
		g.Finish = oneFinish(a.finish)
	}
	if !a.calls {
		g.Refused, g.GaveUp = verdictOf(a.text)
	}
	if stoppedByTurns(a.text) {
		g.Finish = model.FinishTurns
	}
}

// maxWrapping is how much JSON stands around a short answer.
const maxWrapping = 128

const finishKey = `"finish_reason":`

// finishAtEnd reads the finish reason that stands in the last bytes of messages.
func finishAtEnd(tail string) model.Finish {
	at := strings.LastIndex(tail, finishKey)
	if at < 0 {
		return model.FinishUnknown
	}
	reason, _, _ := strings.Cut(strings.TrimLeft(tail[at+len(finishKey):], ` "`), `"`)
	return oneFinish(reason)
}

// hints are what an answer holds, as it was sent, that may decline or give up.
var hints = [...]string{"n't", "n’t", `n\u2019t`, "not ", "nable", "giv", "gave", "fail", "stopped due", "more steps"}

// telling reports whether an answer needs to be read: most do not, and reading costs.
func telling(raw string, f model.Finish) bool {
	switch {
	case raw == "":
		return false
	case !spoke(raw), f == model.FinishUnknown && strings.Contains(raw, finishKey):
		return true
	}
	return len(raw) <= maxPlea+maxWrapping && containsAny(raw, hints[:])
}

// spoke reports whether there is certainly a text in the answer.
func spoke(raw string) bool {
	if c := raw[0]; c != '[' && c != '{' && c != '"' {
		return strings.TrimSpace(raw) != ""
	}
	if strings.Contains(raw, "reasoning") || strings.Contains(raw, "thinking") {
		return false
	}
	for _, key := range [...]string{`"content":"`, `"text":"`} {
		if at := strings.Index(raw, key); at >= 0 && at+len(key) < len(raw) {
			c := raw[at+len(key)]
			return c != '"' && c != ' ' && c != '\\'
		}
	}
	return false
}

// said is what came out of a model or an agent.
type said struct {
	text, finish string // of the last message
	calls, empty bool
}

// answer reads an answer in any form.
func (r *reader) answer(raw string) (a said) {
	t := talk{role: "assistant", came: true}
	t.add(r.loosely(raw), asMessages)
	a.empty = true
	for i := range t.messages {
		m := &t.messages[i]
		a.text, a.finish = "", m.Finish
		for j := range m.Parts {
			p := &m.Parts[j]
			switch p.Type {
			case "text":
				a.text += p.Text
				a.empty = a.empty && strings.TrimSpace(p.Text) == ""
			case "reasoning":
			default:
				a.empty = false
				a.calls = a.calls || p.Type == "tool_call"
			}
		}
	}
	return a
}

// loosely does what parseLoosely does with an attribute's text; the value is good
// until the next.
func (r *reader) loosely(raw string) *fastjson.Value {
	if c := strings.TrimLeft(raw, " \t\r\n"); c == "" || c[0] != '[' && c[0] != '{' && c[0] != '"' {
		return stringValue(raw)
	}
	v, err := r.json.Parse(raw)
	if err != nil {
		return stringValue(raw)
	}
	return v
}
