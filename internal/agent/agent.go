// Package agent finds out what the spans and events of a batch mean to AI agents:
// the kind of each span under whatever names its client used, whose it is, what a
// model call used, and which executions the batch knows of.
//
// It knows one batch at a time. A span whose agent span comes in a later envelope is
// given what it says of itself (mostly the agent's name), and nothing is guessed.
//
// What counts is decided here, once, by Span.Kind: a model call is the leaf-most model
// span (see leaves.go), and only it keeps its Usage and Cost; parents that repeat
// their children's tokens become SpanOther or stay agent spans without usage.
package agent

import (
	"strings"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// Enrich fills what b's spans and events mean to agents, in place: of spans Kind,
// Agent, Execution, Conversation, Organization, User, Provider, Model, Tool, ErrorType,
// Policy, Usage, a Cost that the SDK reported, and canonical names among the
// Attributes; of events whose they are; and b.Executions. It expects what the decoder
// filled in and changes nothing that the client said. The result does not depend on
// the order of the spans. Costs are package price's work.
func Enrich(b *model.Batch) {
	if !concerns(b) {
		return
	}
	f := newForest(b)
	var v view
	for i := range b.Spans {
		v.read(b.Spans[i].Attributes)
		f.nodes[i].own = label(&b.Spans[i], &v)
	}
	f.grow()
	f.inherit()
	f.pickLeaves()
	f.tellEvents()
	b.Executions = f.executions()
}

// concerns reports whether anything in the batch may be about an agent. Most
// batches are not, and must cost nothing. On its way it names the errors of spans.
func concerns(b *model.Batch) bool {
	any := false
	for i := range b.Events {
		e := &b.Events[i]
		any = any || e.Execution != "" || e.Agent.ID != "" && len(b.Spans) > 0
	}
	for i := range b.Spans {
		s := &b.Spans[i]
		if s.Status.Failed() {
			s.ErrorType = s.Status.String()
		}
		any = any || s.Agent.ID != "" || s.Execution != "" || isAI(s.Op) || s.Op == wire.OpPolicy || tells(s.Attributes)
	}
	return any
}

// tells reports whether the attributes hold more than what every span carries.
func tells(a model.Attributes) bool {
	for i := range a {
		if !strings.HasPrefix(a[i].Key, "sentry.") {
			return true
		}
	}
	return false
}

// label writes into the span what it says of itself and returns what it says of
// its owner.
func label(s *model.Span, v *view) owned {
	s.Kind = kindOf(s, v)
	s.ErrorType = errorTypeOf(s, v)
	s.Usage, s.Cost = model.Usage{}, model.Cost{}
	if v.has(policyName) || s.Kind == model.SpanPolicy {
		s.Policy = policyOf(v)
	}
	switch s.Kind {
	case model.SpanModel:
		s.Provider, s.Model = providerOf(v.get(provider)), v.first(responseModel, requestModel)
		s.Usage, s.Cost = usageOf(v), reportedCost(v.get(totalCost))
	case model.SpanAgent:
		s.Provider, s.Model = providerOf(v.get(provider)), v.first(responseModel, requestModel)
	case model.SpanTool:
		if s.Tool = v.get(toolName); s.Tool == "" {
			s.Tool = nameAfter(s.Name, "execute_tool", "tools/call")
		}
	}
	own := ownOf(s, v)
	s.Attributes = v.canonical()
	return own
}

// errorTypeOf names how a span failed: by error.type, a tool's result over MCP, or
// its status.
func errorTypeOf(s *model.Span, v *view) string {
	switch {
	case v.has(errorType):
		return v.get(errorType)
	case strings.EqualFold(v.get(mcpToolFailed), "true"):
		return "tool_error"
	case s.Status.Failed():
		return s.Status.String()
	}
	return ""
}

// verdicts maps what policy engines say to our words.
var verdicts = map[string]model.Verdict{
	"allow": model.VerdictAllow, "allowed": model.VerdictAllow, "pass": model.VerdictAllow, "passed": model.VerdictAllow,
	"deny": model.VerdictDeny, "denied": model.VerdictDeny, "block": model.VerdictDeny, "blocked": model.VerdictDeny,
	"flag": model.VerdictFlag, "flagged": model.VerdictFlag, "warn": model.VerdictFlag,
}

func policyOf(v *view) model.Policy {
	return model.Policy{
		Name:    v.get(policyName),
		Verdict: verdicts[strings.ToLower(v.get(policyVerdict))],
		Reason:  v.get(policyReason),
	}
}
