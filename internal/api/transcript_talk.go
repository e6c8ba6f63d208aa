package api

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// speech is what went into a call and came out of it.
type speech struct {
	input, output []agent.Message
	in, out       []uint64 // their parts, each by what it says
}

// toolSaid is what a tool answered.
type toolSaid struct{ id, result uint64 }

// How far back a call is compared: with so many calls of the same agent, since it
// may lead several conversations in turns, and with so many tool calls in between.
const (
	maxEarlierTalks = 8
	maxEarlierTools = 256
)

// listen notes a step in which something may have been said.
func (j *journal) listen(at int) {
	s := &j.steps[at]
	if s.event != none || s.folded > 0 {
		return
	}
	span := &j.run.Trace.Spans[s.span]
	if j.nodes[s.span].own && (span.Kind == model.SpanModel || span.Kind == model.SpanAgent) {
		j.talks[speaker(span)] = append(j.talks[speaker(span)], at)
	}
}

// gather fetches what was sent with the calls of some steps, and with those that they
// are compared with, in one go.
func (j *journal) gather(steps []step) {
	var wanted []*store.SpanRecord
	seen := map[string]bool{}
	for i := range steps {
		s := &steps[i]
		if s.event != none || s.folded > 0 || !j.nodes[s.span].own {
			continue
		}
		span := &j.run.Trace.Spans[s.span]
		wanted = append(wanted, span)
		talks := j.talks[speaker(span)]
		if seen[speaker(span)] || len(talks) == 0 {
			continue
		}
		seen[speaker(span)] = true
		n, _ := slices.BinarySearchFunc(talks, s.at, func(at int, begin time.Time) int { return j.steps[at].at.Compare(begin) })
		for _, at := range talks[max(0, n-maxEarlierTalks):n] {
			wanted = append(wanted, &j.run.Trace.Spans[j.steps[at].span])
		}
	}
	j.sent.fetch(wanted)
}

// messages returns entries for what went into the call of a step, or came out of it,
// and was not shown before: clients send the whole conversation with every call.
func (j *journal) messages(at int, output bool) []entry {
	s := &j.steps[at]
	if !j.nodes[s.span].own {
		return nil
	}
	said := j.speech(s.span)
	list, parts := said.input, said.in
	if output {
		list, parts = said.output, said.out
	}
	if len(parts) == 0 {
		return nil
	}
	var fresh []bool
	if output && !s.end { // what a model answers is news
		fresh = news(parts, nil)
	} else {
		fresh = news(parts, j.earlier(at))
		j.hideResults(at, list, fresh)
	}
	var out []entry
	for _, m := range list {
		if shown := sift(m.Parts, fresh); len(shown) > 0 {
			out = append(out, messageEntry(j.entry(s), messageOf(m, shown), s.until))
		}
		fresh = fresh[len(m.Parts):]
	}
	return out
}

// sift returns the parts that are fresh.
func sift(parts []agent.Part, fresh []bool) (out []agent.Part) {
	for i := range parts {
		if fresh[i] {
			out = append(out, parts[i])
		}
	}
	return out
}

// earlier returns what the agent of a step was told and said in the calls before.
func (j *journal) earlier(at int) (lists [][]uint64) {
	talks := j.talks[speaker(&j.run.Trace.Spans[j.steps[at].span])]
	n, _ := slices.BinarySearch(talks, at)
	for _, before := range talks[max(0, n-maxEarlierTalks):n] {
		s := &j.steps[before]
		said := j.speech(s.span)
		switch {
		case s.end:
			lists = append(lists, said.out)
		case j.run.Trace.Spans[s.span].Kind == model.SpanAgent:
			lists = append(lists, said.in)
		default:
			lists = append(lists, slices.Concat(said.in, said.out))
		}
	}
	return lists
}

// news reports which parts are new: not those that a conversation before begins
// with, nor any others of that conversation, each as often as it stands there. Of
// several conversations before it is the one that this most likely continues.
func news(parts []uint64, before [][]uint64) []bool {
	var known []uint64
	common := 0
	for _, list := range before {
		n := 0
		for n < len(list) && n < len(parts) && list[n] == parts[n] {
			n++
		}
		if n >= common {
			common, known = n, list
		}
	}
	fresh := make([]bool, len(parts))
	left := map[uint64]int{}
	for _, part := range known[min(common, len(known)):] {
		left[part]++
	}
	for i := common; i < len(parts); i++ {
		if left[parts[i]] > 0 {
			left[parts[i]]--
		} else {
			fresh[i] = true
		}
	}
	return fresh
}

// hideResults takes out what tools answered, where the entry of the tool's call
// shows it.
func (j *journal) hideResults(at int, list []agent.Message, fresh []bool) {
	if !slices.Contains(fresh, true) {
		return
	}
	shown := j.toolsBefore(at)
	i := 0
	for _, m := range list {
		for k := range m.Parts {
			if p := &m.Parts[k]; p.Type == "tool_call_response" {
				answered := toolSaidOf(p)
				fresh[i] = fresh[i] && !shown[answered.result] && !shown[answered.id]
			}
			i++
		}
	}
}

// toolsBefore returns what tools answered between the agent's previous call and a step.
func (j *journal) toolsBefore(at int) map[uint64]bool {
	out := map[uint64]bool{}
	left := maxEarlierTools
	talks := j.talks[speaker(&j.run.Trace.Spans[j.steps[at].span])]
	n, _ := slices.BinarySearch(talks, at)
	begin := 0
	if n > 0 {
		begin = talks[n-1]
	}
	for k := at - 1; k >= begin && left > 0; k-- {
		if s := &j.steps[k]; j.isCall(s) {
			left--
			if t := j.toolAnswer(s.span); t.result != 0 {
				out[t.id], out[t.result] = true, true
			}
		}
	}
	delete(out, 0) // which stands for no id
	return out
}

func (j *journal) toolAnswer(span int) toolSaid {
	if t, ok := j.tools[span]; ok {
		return t
	}
	var t toolSaid
	sent := j.sent.of(&j.run.Trace.Spans[span])
	for _, m := range agent.Messages(sent.get) {
		for i := range m.Parts {
			if p := &m.Parts[i]; p.Type == "tool_call_response" {
				t = toolSaidOf(p)
			}
		}
	}
	j.tools[span] = t
	return t
}

func toolSaidOf(p *agent.Part) (t toolSaid) {
	if p.ToolCallID != "" {
		t.id = hashTexts("id", p.ToolCallID)
	}
	if len(p.Response) > 0 {
		t.result = hashTexts("result", spokenResult(p.Response))
	}
	return t
}

// spokenResult is the text of a result in whatever form: providers want a list of
// texts where the tool gave one.
func spokenResult(raw json.RawMessage) string {
	var parts []struct {
		Type, Text string
	}
	if json.Unmarshal(raw, &parts) == nil && len(parts) == 1 && parts[0].Type == "text" {
		return parts[0].Text
	}
	return plainText(raw)
}

func (j *journal) speech(span int) speech {
	if s, ok := j.heard[span]; ok {
		return s
	}
	sent := j.sent.of(&j.run.Trace.Spans[span])
	var s speech
	for _, m := range agent.Messages(sent.get) {
		if m.Output {
			s.output, s.out = append(s.output, m), hashParts(s.out, &m)
		} else {
			s.input, s.in = append(s.input, m), hashParts(s.in, &m)
		}
	}
	j.heard[span] = s
	return s
}

func hashParts(to []uint64, m *agent.Message) []uint64 {
	for i := range m.Parts {
		to = append(to, hashPart(m.Role, &m.Parts[i]))
	}
	return to
}

// hashPart hashes what a part says. Calls and results go by their ids where they have
// some: what else they say is written in many ways.
func hashPart(role string, p *agent.Part) uint64 {
	if p.ToolCallID != "" {
		return hashTexts(p.Type, p.ToolCallID)
	}
	return hashTexts(p.Type, role, p.Text, p.Name, string(p.Arguments), string(p.Response), p.URI, string(p.Raw))
}

func hashTexts(texts ...string) uint64 {
	var h xxhash.Digest
	h.Reset()
	for _, s := range texts {
		h.WriteString(s)
		h.WriteString("\x00")
	}
	return h.Sum64()
}
