package picket

import (
	"context"
	"fmt"
	"slices"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// CaptureException reports an error with all that ctx knows: user, organization, agent,
// execution, tags, breadcrumbs, request and trace. Its title is the most telling type
// in the error's chain. attrs are shown with the event as extra. It returns the
// event's id, empty when nothing was sent: err is nil, was sampled or filtered out.
func CaptureException(ctx context.Context, err error, attrs ...Attr) EventID {
	n := nodeOr(ctx)
	if n == nil || err == nil {
		return ""
	}
	return n.captureError(ctx, err, LevelError, true, attrs)
}

// CaptureMessage reports a message, like CaptureException.
func CaptureMessage(ctx context.Context, level Level, message string, attrs ...Attr) EventID {
	n := nodeOr(ctx)
	if n == nil || message == "" {
		return ""
	}
	ev := newEvent(level)
	ev.Message = message
	return n.capture(ev, &sentry.EventHint{Context: ctx}, attrs)
}

// CaptureException is the function of that name for this client, whatever ctx carries.
func (c *Client) CaptureException(ctx context.Context, err error, attrs ...Attr) EventID {
	if c == nil {
		return ""
	}
	return CaptureException(c.context(ctx), err, attrs...)
}

// CaptureMessage is the function of that name for this client, whatever ctx carries.
func (c *Client) CaptureMessage(ctx context.Context, level Level, message string, attrs ...Attr) EventID {
	if c == nil {
		return ""
	}
	return CaptureMessage(c.context(ctx), level, message, attrs...)
}

// context returns ctx when c reports for it anyway, or else one in which it does.
func (c *Client) context(ctx context.Context) context.Context {
	if n := nodeOf(ctx); n != nil && n.scope.client == c {
		return ctx
	}
	return isolate(ctx, c)
}

// Recover reports a panic and stops it. It must be deferred itself:
//
//	defer picket.Recover(ctx)
func Recover(ctx context.Context) {
	if r := recover(); r != nil {
		if n := nodeOr(ctx); n != nil {
			n.capturePanic(ctx, r)
		}
	}
}

// Go runs f in a goroutine with a scope of its own, so that what it leaves and sets
// does not mix with its neighbours'. A panic in it is reported and delivered before it
// ends the program, as panics in goroutines do.
func Go(ctx context.Context, f func(context.Context)) {
	n := nodeOr(ctx)
	if n == nil {
		go f(orBackground(ctx))
		return
	}
	own := isolate(ctx, n.scope.client)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				own.capturePanic(own, r)
				own.scope.client.lastWords()
				panic(r)
			}
		}()
		f(own)
	}()
}

func (n *node) captureError(ctx context.Context, err error, level Level, handled bool, attrs []Attr) EventID {
	ev := newEvent(level)
	ev.Exception = exceptionsOf(err, callers(2), n.scope.client.options.InAppPackages)
	markExceptions(ev.Exception, handled)
	ev.Fingerprint = anonymousFingerprint(err)
	return n.capture(ev, &sentry.EventHint{Context: ctx, OriginalException: err}, attrs)
}

// capturePanic reports what recover returned, unless an execution further in did so
// and let it go on.
func (n *node) capturePanic(ctx context.Context, recovered any) EventID {
	if id, known := n.scope.trail.land(recovered); known {
		return id
	}
	ev := newEvent(LevelFatal)
	ev.Exception = panicException(recovered, callers(2), n.scope.client.options.InAppPackages)
	hint := &sentry.EventHint{Context: ctx, RecoveredException: recovered}
	if err, ok := recovered.(error); ok {
		hint.OriginalException = err
	}
	return n.capture(ev, hint, nil)
}

func newEvent(level Level) *sentry.Event {
	return &sentry.Event{EventID: newEventID(), Level: level, Platform: "go", Tags: map[string]string{}, Contexts: map[string]sentry.Context{}}
}

// capture tells the event what the context knows and sends it. What was dropped is
// remembered, too: it was decided upon.
func (n *node) capture(ev *sentry.Event, hint *sentry.EventHint, attrs []Attr) EventID {
	id := n.scope.client.report(ev, hint, func() {
		n.describe(ev)
		addExtra(ev, attrs)
	})
	n.scope.trail.remember(hint.OriginalException, id)
	return id
}

// report hands an event to sentry-go and returns its id, empty when it was dropped. A
// panic of what the host hung into either of us costs the event and not the host.
func (c *Client) report(ev *sentry.Event, hint *sentry.EventHint, describe func()) (id EventID) {
	defer func() {
		if r := recover(); r != nil {
			c.options.Logger.Error("picket: an event is lost: a callback panicked", "event", string(ev.EventID), "panic", panicText(r))
			c.out.discard("internal_sdk_error", wire.CategoryError, 1)
		}
	}()
	hint.Data = ours{}
	describe()
	if c.sentry.CaptureEvent(ev, hint, nil) == nil {
		return ""
	}
	return ev.EventID
}

// describe writes into an event what the node knows and the event does not say.
func (n *node) describe(ev *sentry.Event) {
	who := n.scope.who()
	if ev.Tags == nil {
		ev.Tags = map[string]string{}
	}
	if ev.Contexts == nil {
		ev.Contexts = map[string]sentry.Context{}
	}
	if ev.User.IsEmpty() {
		ev.User = *who.sentryUser()
	}
	who.eachTag(n.scope.client, n.exec, func(key, value string) {
		if ev.Tags[key] == "" {
			ev.Tags[key] = value
		}
	})
	for name, c := range who.contexts(n.exec) {
		if ev.Contexts[name] == nil {
			ev.Contexts[name] = c
		}
	}
	addExtra(ev, who.extra)
	ev.Contexts["trace"] = n.traceContext()
	if ev.Transaction == "" {
		ev.Transaction = n.transactionName()
	}
	if r := n.scope.request; r != nil && ev.Request == nil {
		ev.Request = r.event()
	}
	n.addBreadcrumbs(ev)
}

// eachTag calls set with every tag by which what i did is searched.
func (i *identity) eachTag(c *Client, x *Execution, set func(key, value string)) {
	some := func(key, value string) {
		if value != "" {
			set(key, value)
		}
	}
	for _, t := range i.tags {
		some(t.key, t.value)
	}
	for key, value := range c.options.Tags {
		if !slices.ContainsFunc(i.tags, func(t tag) bool { return t.key == key }) {
			some(key, value)
		}
	}
	some(wire.TagAgentID, i.agent.key())
	some(wire.TagAgentName, i.agent.Name)
	some(wire.TagAgentFramework, i.agent.Framework)
	some(wire.TagAgentVersion, i.agent.Version)
	some(wire.TagOrganizationID, i.organization.ID)
	some(wire.TagConversationID, i.conversation)
	some(wire.TagExecutionID, x.ID())
}

// eachField calls set with every field of the contexts that say whole who did what. Those
// of one context follow each other; an agent's capabilities are not among them.
func (i *identity) eachField(x *Execution, set func(context, key, value string)) {
	some := func(context, key, value string) {
		if value != "" {
			set(context, key, value)
		}
	}
	some(wire.ContextAgent, "id", i.agent.key())
	some(wire.ContextAgent, "name", i.agent.Name)
	some(wire.ContextAgent, "framework", i.agent.Framework)
	some(wire.ContextAgent, "version", i.agent.Version)
	some(wire.ContextOrganization, "id", i.organization.ID)
	some(wire.ContextOrganization, "name", i.organization.Name)
	some(wire.ContextOrganization, "tier", i.organization.Tier)
	some(wire.ContextExecution, wire.ExecutionID, x.ID())
}

// contexts returns the contexts that say whole who did what.
func (i *identity) contexts(x *Execution) map[string]sentry.Context {
	all := map[string]sentry.Context{}
	i.eachField(x, func(context, key, value string) {
		if all[context] == nil {
			all[context] = sentry.Context{}
		}
		all[context][key] = value
	})
	if agent := all[wire.ContextAgent]; agent != nil && len(i.agent.Capabilities) > 0 {
		agent["capabilities"] = i.agent.Capabilities
	}
	return all
}

func (i *identity) sentryUser() *sentry.User {
	return &sentry.User{ID: i.user.ID, Email: i.user.Email, Name: i.user.Name, IPAddress: i.user.IP}
}

// extraContext is where Sentry's pages show what has no place of its own.
const extraContext = "extra"

func addExtra(ev *sentry.Event, attrs []Attr) {
	if len(attrs) == 0 {
		return
	}
	if ev.Contexts[extraContext] == nil {
		ev.Contexts[extraContext] = sentry.Context{}
	}
	for _, a := range attrs {
		ev.Contexts[extraContext][a.Key] = a.Value.Resolve().Any()
	}
}

// traceContext says where in its trace the event stands. What is captured outside of
// every request and execution is a trace by itself.
func (n *node) traceContext() sentry.Context {
	t := &n.scope.trace
	if t.id == (sentry.TraceID{}) {
		fresh := newTrace()
		t = &fresh
	}
	m := sentry.Context{"trace_id": t.id.String(), "span_id": t.span.String()}
	parent := t.parent
	if n.span != nil {
		m["span_id"], m["op"] = n.span.id.String(), n.span.op
		parent = n.span.parent
	}
	if parent != (sentry.SpanID{}) {
		m["parent_span_id"] = parent.String()
	}
	return m
}

// transactionName names what the event happened in: the route, or the root span.
func (n *node) transactionName() string {
	if r := n.scope.request; r != nil {
		name, _ := r.name(n.scope.client)
		return name
	}
	if n.span != nil {
		return n.span.root.transactionName()
	}
	return ""
}

func (n *node) addBreadcrumbs(ev *sentry.Event) {
	crumbs := n.crumbs()
	for i := range crumbs {
		b := &crumbs[i]
		out := &sentry.Breadcrumb{Type: b.Type, Category: b.Category, Message: b.Message, Level: b.Level, Timestamp: b.Timestamp}
		for _, a := range b.Data {
			if out.Data == nil {
				out.Data = make(map[string]any, len(b.Data))
			}
			out.Data[a.Key] = a.Value.Resolve().Any()
		}
		ev.Breadcrumbs = append(ev.Breadcrumbs, out)
	}
	slices.SortStableFunc(ev.Breadcrumbs, func(a, b *sentry.Breadcrumb) int { return a.Timestamp.Compare(b.Timestamp) })
}

// dispatch encodes what sentry-go made of an event and hands it over.
func (c *Client) dispatch(ev *sentry.Event) {
	p, err := c.parcelOf(ev)
	if err != nil {
		c.debugf("encode %s: %v", ev.EventID, err)
		c.out.discard("internal_sdk_error", p.category, 1)
		return
	}
	if !c.out.send(p) {
		c.debugf("event %s was not taken", ev.EventID)
	}
}

// errUnknownType is what a sentry-go of another version might send.
func errUnknownType(t string) error { return fmt.Errorf("event of unknown type %q", t) }
