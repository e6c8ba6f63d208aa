// Package agent finds out what spans and events mean to AI agents: the kind of each
// span under whatever names its client used, whose it is, what a model call used, which
// executions there are, how they ended and whether they went in circles.
//
// It works in two steps. Read finds what each span says of itself, which never changes
// and is what the store keeps. Assemble puts together all that is known of some traces;
// whoever learns more of a trace assembles it anew, and what comes out depends on the
// set of spans and events alone.
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

// Read fills in, in place, what each span says of itself in whatever words: Kind,
// Agent, Execution, Conversation, Organization, Provider, Model, Tool, ErrorType,
// Policy, Usage, Terms, a Cost that the SDK reported, Signs, and canonical names among the
// Attributes; and the Report of each event. It expects what the decoder filled in. What
// the decoder lent a span from its transaction is taken back: Assemble gives it what is
// nearest. Prices are package price's work, between Read and Assemble.
//
// It reports whether anything in the batch may be about an agent. If not, it changed
// nothing, and Assemble has nothing to do.
func Read(b *model.Batch) bool {
	if !concerns(b) {
		return false
	}
	var r reader
	for i := range b.Spans {
		r.read(&b.Spans[i])
		r.label(&b.Spans[i])
	}
	for i := range b.Events {
		b.Events[i].Report = readReport(&b.Events[i])
	}
	return true
}

// Assemble puts together what spans and events say of themselves, in place: whose
// each is, which of nested model spans is the call, and b.Executions with their costs.
// What they said themselves is kept in b.OwnSpans and b.OwnEvents. It expects all that
// is known of the traces in the batch; the result depends on the set of spans and
// events alone, and not on their order. All rules of outcome are on.
func Assemble(b *model.Batch) { AssembleWith(b, Rules{}) }

// AssembleWith does what Assemble does, with those rules of outcome that are on.
func AssembleWith(b *model.Batch, r Rules) {
	keepOwn(b)
	f := grown(b)
	f.tellEvents()
	b.Executions = f.executions(r)
}

// Label tells the spans of b, in place, whose they are and which are calls, as Assemble
// does, and leaves out what that does beyond: the events, the executions, and what the
// spans said themselves. It is for who reads a trace that was assembled when it was stored.
func Label(b *model.Batch) { grown(b) }

// grown returns the forest of b's spans, which know by then whose they are.
func grown(b *model.Batch) *forest {
	f := newForest(b)
	f.grow()
	f.inherit()
	f.pickLeaves()
	return f
}

// keepOwn notes what spans and events say of themselves.
func keepOwn(b *model.Batch) {
	b.OwnSpans = make([]model.Own, len(b.Spans))
	for i := range b.Spans {
		s := &b.Spans[i]
		b.OwnSpans[i] = model.Own{Kind: s.Kind, Agent: s.Agent, Execution: s.Execution, Conversation: s.Conversation,
			Organization: s.Organization, User: s.User, ErrorType: s.ErrorType, Usage: s.Usage, Cost: s.Cost}
	}
	b.OwnEvents = make([]model.Own, len(b.Events))
	for i := range b.Events {
		e := &b.Events[i]
		b.OwnEvents[i] = model.Own{Agent: e.Agent, Execution: e.Execution, Conversation: e.Conversation,
			Organization: e.Organization, User: e.User}
	}
}

// Restore makes spans and events say again only what they said themselves, so that
// they may be assembled with others.
func Restore(b *model.Batch) {
	for i := range b.OwnSpans {
		s, o := &b.Spans[i], &b.OwnSpans[i]
		s.Kind, s.Agent, s.Execution, s.Conversation = o.Kind, o.Agent, o.Execution, o.Conversation
		s.Organization, s.User, s.ErrorType, s.Usage, s.Cost = o.Organization, o.User, o.ErrorType, o.Usage, o.Cost
	}
	for i := range b.OwnEvents {
		e, o := &b.Events[i], &b.OwnEvents[i]
		e.Agent, e.Execution, e.Conversation, e.Organization, e.User = o.Agent, o.Execution, o.Conversation, o.Organization, o.User
	}
	b.OwnSpans, b.OwnEvents, b.Executions = nil, nil, nil
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

// label writes into the span what it says of itself.
func (r *reader) label(s *model.Span) {
	v := &r.view
	s.Kind = kindOf(s, v)
	s.ErrorType = errorTypeOf(s, v)
	s.Usage, s.Cost, s.Terms = model.Usage{}, model.Cost{}, model.Terms{}
	if v.has(policyName) || s.Kind == model.SpanPolicy {
		s.Policy = policyOf(v)
	}
	switch s.Kind {
	case model.SpanModel:
		s.Provider, s.Model = providerOf(v.get(provider)), v.first(responseModel, requestModel)
		readUsage(s, v)
	case model.SpanAgent:
		s.Provider, s.Model = providerOf(v.get(provider)), v.first(responseModel, requestModel)
	case model.SpanTool:
		if s.Tool = v.get(toolName); s.Tool == "" {
			s.Tool = nameAfter(s.Name, "execute_tool", "tools/call")
		}
	}
	readOwner(s, v)
	if s.Signs = r.signs(s); s.Signs.Failed && !v.has(errorType) {
		s.ErrorType = "tool_error"
	}
	s.Attributes = v.canonical()
}

// errorTypeOf names how a span failed: by error.type or its status.
func errorTypeOf(s *model.Span, v *view) string {
	switch {
	case v.has(errorType):
		return v.get(errorType)
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
