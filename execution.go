package picket

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// Outcome is how an execution ended.
type Outcome string

// The outcomes of executions.
const (
	OutcomeOK    Outcome = "ok"
	OutcomeError Outcome = "error"
	// OutcomeFailed is for executions that ended without an error and yet did not do
	// what they were for.
	OutcomeFailed Outcome = "failed"
)

// ExecutionID is the attribute that gives an execution an id of the platform's own;
// without it StartExecution makes one.
func ExecutionID(id string) Attr { return slog.String(wire.AttrExecutionID, id) }

// Conversation is the attribute that tells which conversation an execution belongs to.
func Conversation(id string) Attr { return slog.String(attrConversation, id) }

// Execution is one run of an agent. Model calls, tool calls, hand-offs and policy
// evaluations that happen in its context belong to it. A nil Execution does nothing.
// It may be used by many goroutines at once.
type Execution struct {
	id    string
	outer *node // where it was started
	inner *node // what happens inside
	span  *Span // nil when not sampled
	// within is the root span of the request it happened in, nil outside of one.
	within *Span
	start  time.Time

	mu      sync.Mutex
	outcome Outcome
	reason  string
	usage   Usage
	nanos   int64
	ended   bool
}

// StartExecution begins a run of an agent and returns the context of what happens
// inside. It has a scope of its own: breadcrumbs and Set… do not mix with those of
// other executions. Its spans are sent while it runs, so that a crash loses a second
// or so of them, and, in production too, whatever the rate of transactions is (see
// Options.ExecutionSampleRate). attrs may hold ExecutionID and Conversation.
//
//	ctx, run := picket.StartExecution(ctx, picket.Agent{ID: "billing", Name: "Billing"})
//	defer func() { run.End(err) }()
//
// An execution started inside of another is its sub-agent's: a span below the outer
// one's, within the same execution unless attrs name another id. An agent without id
// and name is the context's (see WithAgent).
func StartExecution(ctx context.Context, agent Agent, attrs ...Attr) (context.Context, *Execution) {
	n := nodeOr(ctx)
	if n == nil {
		return orBackground(ctx), nil
	}
	own := isolate(ctx, n.scope.client)
	x := &Execution{outer: n, inner: own, start: n.scope.client.now()}
	own.exec = x
	if agent.key() != "" {
		agent.Capabilities = slices.Clone(agent.Capabilities)
		own.scope.agent = agent
	}
	attrs = x.identify(attrs)
	if x.begin(attrs) {
		x.inner = &x.span.inside
	}
	return x.inner, x
}

// Execute runs f as an execution and returns its error. Unlike an End that is deferred
// by hand it sees a panic of f, too: the execution ends as an error, the panic is
// reported and goes on.
func Execute(ctx context.Context, agent Agent, f func(context.Context, *Execution) error, attrs ...Attr) (err error) {
	ctx, x := StartExecution(ctx, agent, attrs...)
	defer x.Done(&err)
	return f(ctx, x)
}

// identify settles id and conversation, and returns the attributes that are left.
func (x *Execution) identify(attrs []Attr) []Attr {
	rest := make([]Attr, 0, len(attrs)+6)
	for _, a := range attrs {
		switch a.Key {
		case wire.AttrExecutionID:
			x.id = a.Value.String()
		case attrConversation:
			x.inner.scope.conversation = a.Value.String()
		default:
			rest = append(rest, a)
		}
	}
	if x.id == "" && x.outer.exec != nil {
		x.id = x.outer.exec.id
	}
	if x.id == "" {
		x.id = newExecutionID()
	}
	return rest
}

// begin starts the agent's span and reports whether it is sampled.
func (x *Execution) begin(attrs []Attr) bool {
	n, c := x.inner, x.inner.scope.client
	agent := n.scope.who().agent
	name := stepName("invoke_agent", agent.title())
	attrs = append(attrs, slog.String(attrOperation, "invoke_agent"))
	outer := x.outer.span
	if outer != nil && outer.root.streams {
		x.span = outer.child(n.Context, n, wire.OpInvokeAgent, name, attrs)
		x.span.origin = originAgent
		return true
	}
	n.beginTrace()
	if !c.decide(&n.scope.trace, SamplingContext{Op: wire.OpInvokeAgent, Name: name, Agent: agent, Execution: true}) {
		c.out.discard("sample_rate", wire.CategorySpan, 1)
		n.span = nil
		return false
	}
	x.within = outer
	if outer != nil {
		x.within = outer.root.segment
	}
	x.span = newRoot(n, wire.OpInvokeAgent, name, attrs)
	x.span.origin = originAgent
	x.span.root.streams, x.span.root.exec = true, x
	return true
}

func newExecutionID() string {
	var b [12]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return "ex_" + hex.EncodeToString(b[:])
}

// Sampled reports whether the execution's spans are sent.
func (x *Execution) Sampled() bool { return x != nil && x.span != nil }

// Outcome returns how the execution ended, empty while it runs.
func (x *Execution) Outcome() Outcome {
	if x == nil {
		return ""
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.ended {
		return ""
	}
	return x.outcome
}

// CurrentExecution returns the execution that ctx belongs to, or nil.
func CurrentExecution(ctx context.Context) *Execution {
	if n := nodeOf(ctx); n != nil {
		return n.exec
	}
	return nil
}

// ID returns the execution's id.
func (x *Execution) ID() string {
	if x == nil {
		return ""
	}
	return x.id
}

// Set adds attributes to the agent's span.
func (x *Execution) Set(attrs ...Attr) {
	if x != nil {
		x.span.Set(attrs...)
	}
}

// Input records what the agent was asked: a text, or messages as ModelCall has them.
func (x *Execution) Input(v any) {
	x.say(attrInput, "user", v)
}

// Output records what the agent answered.
func (x *Execution) Output(v any) {
	x.say(attrOutput, "assistant", v)
}

func (x *Execution) say(key, role string, v any) {
	if x == nil || x.span == nil || v == nil {
		return
	}
	if c := x.inner.scope.client; !c.options.OmitContent {
		x.span.Set(c.messagesAttr(key, role, v))
	}
}

// Fail says that the execution did not do what it was for, although no error comes out
// of it: the outcome is failed, for this reason, unless End is given an error.
func (x *Execution) Fail(reason string) {
	if x == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.outcome, x.reason = OutcomeFailed, reason
}

// End ends the execution. With an error the outcome is error, and the error is captured
// unless it was already, inside of the execution; the id of its event is returned.
// Otherwise the outcome is ok, or failed if Fail was called. Further calls do nothing.
func (x *Execution) End(err error) EventID {
	if x == nil || !x.close(err) {
		return ""
	}
	var id EventID
	if err != nil {
		var known bool
		if id, known = x.inner.scope.trail.recall(err); !known {
			id = x.inner.captureError(x.inner, err, LevelError, true, nil)
		}
	}
	x.finish()
	return id
}

// Done is End for a defer statement: it takes the function's error by reference, and
// when a panic is under way it reports that, ends the execution as an error, and lets
// the panic go on. It must be deferred itself:
//
//	defer run.Done(&err)
func (x *Execution) Done(err *error) {
	r := recover()
	if r == nil {
		if err == nil {
			x.End(nil)
		} else {
			x.End(*err)
		}
		return
	}
	if x != nil && x.close(panicError{r}) {
		id := x.inner.capturePanic(x.inner, r)
		x.finish()
		x.outer.scope.trail.fly(r, id)
	}
	panic(r)
}

// panicError stands for a panic where an error is asked for.
type panicError struct{ recovered any }

func (panicError) Error() string     { return "panic" }
func (panicError) ErrorType() string { return "panic" }

// close settles the outcome and reports whether this was the first time.
func (x *Execution) close(err error) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended {
		return false
	}
	x.ended = true
	switch {
	case err != nil:
		x.outcome, x.reason = OutcomeError, errorLabel(err)
	case x.outcome == "":
		x.outcome = OutcomeOK
	}
	x.span.Fail(err)
	return true
}

// finish sends the agent's span.
func (x *Execution) finish() {
	x.mu.Lock()
	attrs := []Attr{slog.String(wire.AttrOutcome, string(x.outcome))}
	if x.reason != "" {
		attrs = append(attrs, slog.String(wire.AttrOutcomeReason, x.reason))
	}
	x.mu.Unlock()
	x.span.Set(attrs...)
	x.span.End()
	if x.span != nil && x.span.root.segment == x.span {
		x.span.root.flush()
	}
}

// Usage returns the tokens that the model calls reported so far, sub-agents' included.
func (x *Execution) Usage() Usage {
	if x == nil {
		return Usage{}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.usage
}

// CostUSD returns the sum of the costs that the model calls reported so far, in
// dollars. The server knows prices, this side does not: calls that reported no cost
// are not in it.
func (x *Execution) CostUSD() float64 {
	if x == nil {
		return 0
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	return float64(x.nanos) / 1e9
}

// Elapsed returns how long it is since the execution began.
func (x *Execution) Elapsed() time.Duration {
	if x == nil {
		return 0
	}
	return x.inner.scope.client.now().Sub(x.start)
}

// spend adds what a model call used, here and in the executions around this one.
func (x *Execution) spend(u Usage, nanos int64) {
	for ; x != nil; x = x.outer.exec {
		x.mu.Lock()
		x.usage = x.usage.plus(u)
		x.nanos += nanos
		x.mu.Unlock()
	}
}

// startStep begins a span of an execution's, in the context of who calls. Outside of
// executions nothing but the span itself says whose it is.
func startStep(ctx context.Context, op, name string, attrs ...Attr) (context.Context, *Span) {
	ctx, s := StartSpan(ctx, op, name, attrs...)
	if s == nil {
		return ctx, nil
	}
	s.origin = originAgent
	if !s.root.streams {
		who := s.inside.scope.who()
		s.Set(appendTexts(nil, attrAgentName, who.agent.title(), attrConversation, who.conversation)...)
	}
	return ctx, s
}

// stepName is what the conventions call a step: the operation and its object.
func stepName(operation, object string) string {
	if object == "" {
		return operation
	}
	return operation + " " + object
}

// crumb leaves a breadcrumb about a step.
func crumb(ctx context.Context, category, message string, failed bool, data ...Attr) {
	level := sentry.LevelInfo
	if failed {
		level = sentry.LevelError
	}
	AddBreadcrumb(ctx, Breadcrumb{Category: category, Message: message, Level: level, Data: data})
}
