package demo

import (
	"strings"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// perform tells one step of the run.
func (s *scene) perform() {
	switch s.step.kind {
	case thinking:
		s.think()
	case acting:
		s.act()
	case judging:
		s.judge()
	}
}

// think tells a model call.
func (s *scene) think() {
	m, u := s.run.agent.model, s.step.usage
	p := s.begin(s.agent, wire.OpChat, "chat "+m.name)
	for key, value := range map[string]any{
		"gen_ai.operation.name": "chat", "gen_ai.provider.name": m.provider, "gen_ai.request.model": m.name, "gen_ai.response.model": m.name,
		"gen_ai.usage.input_tokens": u.input, "gen_ai.usage.cache_read.input_tokens": u.cached, "gen_ai.usage.output_tokens": u.output,
		"gen_ai.response.finish_reasons": asJSON([]string{s.step.finish}),
		"gen_ai.system_instructions":     "You are " + s.run.agent.name + ". Be brief and exact.",
		"gen_ai.input.messages":          asJSON(messages{{Role: "user", Parts: []part{{Type: "text", Content: s.run.task}}}}),
	} {
		p.SetData(key, value)
	}
	if u.reasoning > 0 {
		p.SetData("gen_ai.usage.reasoning.output_tokens", u.reasoning)
	}
	if s.step.fault == nil {
		p.SetData("gen_ai.output.messages", asJSON(messages{{Role: "assistant", Parts: []part{{Type: "text", Content: s.step.text}}}}))
	}
	s.asked++
	s.finish(p)
}

// messages is a conversation as the conventions write it.
type messages []message

type message struct {
	Role  string `json:"role"`
	Parts []part `json:"parts"`
}

type part struct {
	Type    string `json:"type"`
	Content string `json:"content"`
}

// act tells a tool call and what the tool asked in its turn.
func (s *scene) act() {
	t := s.step.tool
	p := s.begin(s.agent, wire.OpExecuteTool, "execute_tool "+t.name)
	p.SetData("gen_ai.operation.name", "execute_tool")
	p.SetData("gen_ai.tool.name", t.name)
	p.SetData("gen_ai.tool.call.arguments", s.run.fill.Replace(t.args))
	inner := s.begin(p, t.inner, s.run.fill.Replace(t.asks))
	if s.step.fault != nil {
		inner.Status = s.step.fault.status
	} else {
		p.SetData("gen_ai.tool.call.result", s.run.fill.Replace(t.result))
	}
	s.askedSystem(inner)
	s.now = p.StartTime
	s.tell(sentry.LogLevelInfo, "tool %s called", t.name)
	s.finish(p)
}

// askedSystem ends the span of what a tool asked.
func (s *scene) askedSystem(p *sentry.Span) {
	if p.Op == "http.client" {
		method, rest, _ := strings.Cut(p.Description, " ")
		host, _, _ := strings.Cut(strings.TrimPrefix(rest, "https://"), "/")
		p.SetData("http.request.method", method)
		p.SetData("server.address", host)
	} else {
		p.SetData("db.system.name", "postgresql")
	}
	p.StartTime = s.now.Add(time.Millisecond)
	s.end(p, s.step.took*9/10)
}

// judge tells a policy's evaluation.
func (s *scene) judge() {
	pol, st := s.step.policy, s.step
	p := s.begin(s.agent, wire.OpPolicy, "policy "+pol.name)
	p.SetData(wire.AttrPolicyName, pol.name)
	p.SetData(wire.AttrPolicyVerdict, st.verdict)
	if st.verdict != "allow" {
		p.SetData(wire.AttrPolicyReason, s.run.fill.Replace(pol.reason))
	}
	s.end(p, st.took)
	if st.verdict == "allow" {
		return
	}
	s.tell(sentry.LogLevelWarn, "policy %s said %s: %s", pol.name, st.verdict, s.run.fill.Replace(pol.reason))
}

// finish ends the span of a step; a fault is captured at its end, while the span
// is still the current one.
func (s *scene) finish(p *sentry.Span) {
	end := p.StartTime.Add(s.step.took)
	if f := s.step.fault; f != nil {
		s.now = end
		p.Status = f.status
		p.SetData("error.type", f.key)
		s.capture(f)
	}
	s.end(p, end.Sub(p.StartTime))
}
