package picket

import (
	"cmp"
	"context"
	"math/rand/v2"
	"regexp"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// startSentry makes the sentry-go client underneath: its events come out of courier.
func (c *Client) startSentry() (err error) {
	o := sentry.ClientOptions{
		Release:              cmp.Or(c.options.Release, noRelease),
		Environment:          c.options.Environment,
		ServerName:           c.options.ServerName,
		DataCollection:       c.collected(),
		MaxBreadcrumbs:       orNone(c.options.MaxBreadcrumbs),
		Tags:                 c.options.Tags,
		Integrations:         c.integrations,
		DisableClientReports: true,
		BeforeSend:           c.beforeSend,
	}
	if c.options.Sentry != nil {
		c.options.Sentry(&o)
	}
	o.Dsn, o.Transport = c.options.DSN, courier{c}
	c.sentry, err = sentry.NewClient(o)
	return err
}

// noRelease keeps sentry-go from guessing: without a release it would run git in
// whatever directory the program was started.
const noRelease = "picket: no release"

// collected tells sentry-go's own middlewares what they may collect: as much as ours.
func (c *Client) collected() *sentry.DataCollection {
	d := &sentry.DataCollection{UserInfo: sentry.Set(c.options.SendDefaultPII), HTTPBodies: []sentry.BodyType{}}
	if !c.options.SendDefaultPII {
		d.Cookies = &sentry.KeyValueCollectionBehavior{Mode: sentry.CollectionOff}
	}
	return d
}

// orNone turns our "none" into sentry-go's.
func orNone(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// integrations takes out the one that sends the whole list of dependencies with every
// event, and adds ours.
func (c *Client) integrations(list []sentry.Integration) []sentry.Integration {
	kept := list[:0]
	for _, i := range list {
		if i.Name() != "Modules" {
			kept = append(kept, i)
		}
	}
	return append(kept, finisher{c})
}

// beforeSend asks the host about an event. Of what it lets pass, those that were captured
// by a hub of a context are remembered there, as capture remembers others.
func (c *Client) beforeSend(ev *sentry.Event, hint *sentry.EventHint) *sentry.Event {
	n, _ := hint.Data.(*node)
	if n != nil {
		hint.Data = nil
	}
	if before := c.options.BeforeSend; before != nil {
		out := ev
		c.guard("BeforeSend", func() bool { out = before(ev, hint); return true })
		if out == nil {
			c.out.discard("before_send", wire.CategoryError, 1)
			return nil
		}
		ev = out
	}
	if n != nil {
		n.scope.trail.remember(hint.OriginalException, ev.EventID)
		if hint.RecoveredException != nil { // most likely it goes on to who called
			n.scope.trail.fly(hint.RecoveredException, ev.EventID)
		}
	}
	return ev
}

// finisher is the integration that samples, filters and mends every error, whoever
// captured it.
type finisher struct{ c *Client }

func (finisher) Name() string { return "Picket" }

func (f finisher) SetupOnce(client *sentry.Client) {
	client.AddEventProcessor(f.c.finish)
}

// ours marks events that capture made, which need no mending.
type ours struct{}

func (c *Client) finish(ev *sentry.Event, hint *sentry.EventHint) *sentry.Event {
	ev.Sdk = ourSDK
	if ev.Release == noRelease {
		ev.Release = ""
	}
	if ev.Type != "" {
		return ev
	}
	if rate := c.options.SampleRate; rate < 1 && rand.Float64() >= rate {
		c.out.discard("sample_rate", wire.CategoryError, 1)
		return nil
	}
	if c.filter.matches(ev) {
		c.out.discard("event_processor", wire.CategoryError, 1)
		return nil
	}
	if hint == nil || hint.Data != (ours{}) {
		fixFrames(ev, c.options.InAppPackages)
	}
	return ev
}

// filter holds the expressions of IgnoreErrors.
type filter []*regexp.Regexp

func newFilter(expressions []string) (f filter, err error) {
	for _, s := range expressions {
		re, err := regexp.Compile(s)
		if err != nil {
			return nil, err
		}
		f = append(f, re)
	}
	return f, nil
}

func (f filter) matches(ev *sentry.Event) bool {
	for _, re := range f {
		if re.MatchString(ev.Message) {
			return true
		}
		for i := range ev.Exception {
			if re.MatchString(ev.Exception[i].Type) || re.MatchString(ev.Exception[i].Value) {
				return true
			}
		}
	}
	return false
}

// courier is the transport that sentry-go sends by: it encodes at once, on the
// goroutine of who captured, and hands over to the outlet.
type courier struct{ c *Client }

// SendEvent sends what sentry-go made.
func (t courier) SendEvent(ev *sentry.Event) { t.c.dispatch(ev) }

// Configure does nothing: the outlet is configured already.
func (courier) Configure(sentry.ClientOptions) {}

// Flush delivers what is waiting; see FlushWithContext.
func (t courier) Flush(d time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return t.FlushWithContext(ctx)
}

// FlushWithContext serves those who call sentry.Flush.
func (t courier) FlushWithContext(ctx context.Context) bool { return t.c.out.flush(ctx) == nil }

// Close does nothing: the outlet is closed by its owner.
func (courier) Close() {}

// sentryHub returns the hub for code that knows sentry-go alone: what it captures
// carries what the context knows.
func (n *node) sentryHub() *sentry.Hub {
	if hub := n.hub.Load(); hub != nil {
		return hub
	}
	s := sentry.NewScope()
	s.AddEventProcessor(func(ev *sentry.Event, hint *sentry.EventHint) *sentry.Event {
		if ev.Type != "" {
			return ev
		}
		n.describe(ev)
		if hint != nil && hint.Data == nil {
			hint.Data = n // for beforeSend
		}
		return ev
	})
	s.SetPropagationContext(sentry.PropagationContext{TraceID: n.scope.trace.id, SpanID: n.spanID(), ParentSpanID: n.scope.trace.parent})
	hub := sentry.NewHub(n.scope.client.sentry, s)
	if !n.hub.CompareAndSwap(nil, hub) {
		return n.hub.Load()
	}
	return hub
}

// spanID returns the current span's id, or that of the root that is not sampled.
func (n *node) spanID() sentry.SpanID {
	if n.span != nil {
		return n.span.id
	}
	return n.scope.trace.span
}
