package picket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/getsentry/sentry-go"
)

// captureCard is an error with a name.
type captureCard struct{ code int }

func (e *captureCard) Error() string { return fmt.Sprintf("card refused: %d", e.code) }

// captureMute is an error that cannot say anything.
type captureMute struct{ text *string }

func (e captureMute) Error() string { return *e.text }

// onlyEvent returns the one event that has been sent.
func onlyEvent(t *testing.T, c *Client, m *mailbox) object {
	t.Helper()
	flush(t, c)
	list := m.items(t, "event")
	if len(list) != 1 {
		t.Fatalf("%d events were sent, want 1", len(list))
	}
	return list[0]
}

// exceptions returns the exceptions of an event, the outermost first.
func exceptions(ev object) (list []object) {
	values, _ := at(ev, "exception", "values").([]any)
	for _, v := range values {
		list = append([]object{v.(object)}, list...)
	}
	return list
}

func TestCaptureException(t *testing.T) {
	t.Parallel()
	f := func(err error, want ...string) {
		t.Helper()
		ctx, c, m := testClient(t, Options{})
		id := CaptureException(ctx, err, slog.Int("order", 81))
		ev := onlyEvent(t, c, m)
		if len(id) != 32 || ev["event_id"] != string(id) {
			t.Errorf("%v: id %q, event %v", err, id, ev["event_id"])
		}
		var got []string
		for _, x := range exceptions(ev) {
			got = append(got, fmt.Sprintf("%v: %v", x["type"], x["value"]))
			if at(x, "mechanism", "handled") != true {
				t.Errorf("%v: mechanism %v", err, x["mechanism"])
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v: sent as %q, want %q", err, got, want)
		}
		frames, _ := at(exceptions(ev)[0], "stacktrace", "frames").([]any)
		if len(frames) == 0 || at(frames[len(frames)-1], "function") == "" {
			t.Errorf("%v: no stack", err)
		}
		if at(ev, "contexts", "extra", "order") != 81. || ev["level"] != "error" {
			t.Errorf("%v: level %v, extra %v", err, ev["level"], at(ev, "contexts", "extra"))
		}
	}
	f(&captureCard{4}, "*picket.captureCard: card refused: 4")
	f(fmt.Errorf("charge order: %w", &captureCard{5}), "*picket.captureCard: charge order: card refused: 5")
	f(fmt.Errorf("read reply: %w", io.ErrUnexpectedEOF), "io.ErrUnexpectedEOF: read reply: unexpected EOF")
	f(errors.Join(&captureCard{6}, io.EOF), "picket.TestCaptureException: card refused: 6\nEOF", "*picket.captureCard: card refused: 6", "io.EOF: EOF")
	f(captureMute{}, "picket.captureMute: (error text unavailable: Error panicked: runtime error: invalid memory address or nil pointer dereference)")
}

func TestCaptureMessage(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	if id := CaptureMessage(ctx, LevelWarning, ""); id != "" {
		t.Errorf("an empty message has the id %s", id)
	}
	id := CaptureMessage(ctx, LevelWarning, "100% done", slog.Group("job", slog.Int("rows", 3)))
	ev := onlyEvent(t, c, m)
	if ev["event_id"] != string(id) || ev["message"] != "100% done" || ev["level"] != "warning" || ev["exception"] != nil {
		t.Errorf("sent as %v", ev)
	}
	if rows := at(ev, "contexts", "extra", "job", "rows"); rows != 3. {
		t.Errorf("rows = %v", rows)
	}
}

// What the context knows stands in the event, and nothing of it in one outside.
func TestCaptureCarriesTheContext(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{Tags: map[string]string{"region": "eu"}})
	outside := ctx
	ctx = WithUser(ctx, User{ID: "u1", Email: "ada@example.com"})
	ctx = WithOrganization(ctx, Organization{ID: "o1", Name: "Acme", Tier: "gold"})
	ctx = WithAgent(ctx, Agent{ID: "a1", Name: "Billing", Framework: "own", Version: "3", Capabilities: []string{"refund"}})
	ctx = WithConversation(WithTag(WithExtra(ctx, slog.Int("n", 7)), "shard", "s9"), "c1")
	CaptureMessage(ctx, LevelInfo, "inside")
	flush(t, c)
	CaptureMessage(outside, LevelInfo, "outside")
	flush(t, c)
	in, out := m.items(t, "event")[0], m.items(t, "event")[1]
	f := func(want any, path ...string) {
		t.Helper()
		if got := at(in, path...); !reflect.DeepEqual(got, want) {
			t.Errorf("%v = %v, want %v", path, got, want)
		}
	}
	f(object{"id": "u1", "email": "ada@example.com"}, "user")
	f(object{"id": "o1", "name": "Acme", "tier": "gold"}, "contexts", "organization")
	f(object{"id": "a1", "name": "Billing", "framework": "own", "version": "3", "capabilities": []any{"refund"}}, "contexts", "agent")
	f(7., "contexts", "extra", "n")
	f(object{"region": "eu", "shard": "s9", "agent.id": "a1", "agent.name": "Billing", "agent.framework": "own", "agent.version": "3",
		"organization.id": "o1", "conversation.id": "c1"}, "tags")
	f("shop@1.2.3", "release")
	f("test", "environment")
	f("go", "platform")
	f("picket.go", "sdk", "name")
	if out["user"] != nil || at(out, "contexts", "agent") != nil || at(out, "contexts", "extra") != nil || !reflect.DeepEqual(out["tags"], object{"region": "eu"}) {
		t.Errorf("outside: %v", out)
	}
}

func TestNothingIsCaptured(t *testing.T) {
	t.Parallel()
	f := func(o Options, reason string, want int64) {
		t.Helper()
		ctx, c, m := testClient(t, o)
		for range 2 {
			if id := CaptureException(ctx, fmt.Errorf("charge: %w", &captureCard{4})); id != "" {
				t.Errorf("%s: id = %s", reason, id)
			}
		}
		if id := LastEventID(ctx); id != "" {
			t.Errorf("%s: last id = %s", reason, id)
		}
		flush(t, c)
		if list := m.items(t, "event"); len(list) != 0 {
			t.Errorf("%s: sent %v", reason, list)
		}
		if got := c.Stats().Dropped[reason]; got != want {
			t.Errorf("%s: %d were counted, want %d of %v", reason, got, want, c.Stats().Dropped)
		}
		reports := m.items(t, "client_report")
		if want > 0 && (len(reports) == 0 || at(reports[0]["discarded_events"].([]any)[0], "reason") != reason) {
			t.Errorf("%s: reported %v", reason, reports)
		}
	}
	f(Options{SampleRate: 1e-300}, "sample_rate", 2)
	f(Options{IgnoreErrors: []string{`refused: \d$`}}, "event_processor", 2)
	f(Options{IgnoreErrors: []string{`^\*picket\.captureCard$`}}, "event_processor", 2)
	f(Options{BeforeSend: func(*sentry.Event, *sentry.EventHint) *sentry.Event { return nil }}, "before_send", 2)
	f(Options{Sentry: func(o *sentry.ClientOptions) {
		old := o.Integrations
		o.Integrations = func(l []sentry.Integration) []sentry.Integration { return append(old(l), captureBomb{}) }
	}}, "internal_sdk_error", 2)

	ctx, c, m := testClient(t, Options{})
	if id := CaptureException(ctx, nil); id != "" {
		t.Errorf("no error has the id %s", id)
	}
	flush(t, c)
	if len(m.envelopes) != 0 {
		t.Error("no error is sent")
	}
}

// captureBomb is an integration of the host's that panics.
type captureBomb struct{}

func (captureBomb) Name() string { return "captureBomb" }

func (captureBomb) SetupOnce(c *sentry.Client) {
	c.AddEventProcessor(func(*sentry.Event, *sentry.EventHint) *sentry.Event { panic("tick") })
}

func TestBeforeSend(t *testing.T) {
	t.Parallel()
	cause := &captureCard{4}
	var seen error
	ctx, c, m := testClient(t, Options{BeforeSend: func(ev *sentry.Event, hint *sentry.EventHint) *sentry.Event {
		seen = hint.OriginalException
		ev.Fingerprint = []string{"cards"}
		return ev
	}})
	CaptureException(ctx, cause)
	if ev := onlyEvent(t, c, m); seen != cause || !reflect.DeepEqual(ev["fingerprint"], []any{"cards"}) {
		t.Errorf("seen %v, sent %v", seen, ev["fingerprint"])
	}

	ctx, c, m = testClient(t, Options{BeforeSend: func(*sentry.Event, *sentry.EventHint) *sentry.Event { panic("tick") }})
	id := CaptureException(ctx, cause)
	if ev := onlyEvent(t, c, m); id == "" || ev["event_id"] != string(id) {
		t.Errorf("a panic of BeforeSend: id %q, sent %v", id, ev["event_id"])
	}
}

func TestRecover(t *testing.T) {
	t.Parallel()
	f := func(value any, wantType, wantValue string) {
		t.Helper()
		ctx, c, m := testClient(t, Options{})
		func() {
			defer Recover(ctx)
			panic(value)
		}()
		ev := onlyEvent(t, c, m)
		x := exceptions(ev)[0]
		if ev["level"] != "fatal" || x["type"] != wantType || x["value"] != wantValue {
			t.Errorf("%v: sent as %v %v: %v", value, ev["level"], x["type"], x["value"])
		}
		if at(x, "mechanism", "handled") != false || at(x, "mechanism", "type") != "panic" {
			t.Errorf("%v: mechanism %v", value, x["mechanism"])
		}
		frames := at(x, "stacktrace", "frames").([]any)
		if last := frames[len(frames)-1]; !strings.HasSuffix(at(last, "abs_path").(string), "capture_test.go") {
			t.Errorf("%v: the panic came from %v", value, last)
		}
		if LastEventID(ctx) != EventID(ev["event_id"].(string)) {
			t.Errorf("%v: last id %s, want %s", value, LastEventID(ctx), ev["event_id"])
		}
	}
	f("boom", "panic", "boom")
	f(42, "panic", "42")
	f(&captureCard{7}, "*picket.captureCard", "card refused: 7")

	ctx, c, m := testClient(t, Options{})
	func() { defer Recover(ctx) }()
	flush(t, c)
	if list := m.items(t, "event"); len(list) != 0 {
		t.Errorf("no panic is sent as %v", list)
	}
}

// Each job of a loop fails by itself, even if with the same words.
func TestRecoverReportsEveryPanic(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	job := func() {
		defer Recover(ctx)
		panic("boom")
	}
	job()
	job()
	flush(t, c)
	if n := len(m.items(t, "event")); n != 2 {
		t.Errorf("%d events were sent, want 2", n)
	}
}

func TestGoHasAScopeOfItsOwn(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	AddBreadcrumb(ctx, Breadcrumb{Message: "before"})
	done := make(chan struct{})
	Go(ctx, func(ctx context.Context) {
		defer close(done)
		AddBreadcrumb(ctx, Breadcrumb{Message: "inside"})
		SetTag(ctx, "worker", "1")
		CaptureMessage(ctx, LevelInfo, "inside")
	})
	<-done
	CaptureMessage(ctx, LevelInfo, "outside")
	flush(t, c)
	f := func(message string, wantCrumbs int, wantTag any) {
		t.Helper()
		for _, ev := range m.items(t, "event") {
			if ev["message"] != message {
				continue
			}
			if crumbs := at(ev, "breadcrumbs", "values").([]any); len(crumbs) != wantCrumbs || at(ev, "tags", "worker") != wantTag {
				t.Errorf("%s: %v, worker %v", message, crumbs, at(ev, "tags", "worker"))
			}
			return
		}
		t.Errorf("%s was not sent", message)
	}
	f("inside", 2, "1")
	f("outside", 1, nil)
}

// What is captured by a run's context is of the run's trace, and what comes later is not.
func TestErrorsAfterARunAreNotOfIt(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	inside, run := StartExecution(ctx, Agent{ID: "a"})
	CaptureMessage(inside, LevelInfo, "inside")
	run.End(nil)
	CaptureMessage(ctx, LevelInfo, "after")
	flush(t, c)
	in, after := m.items(t, "event")[0], m.items(t, "event")[1]
	if in["message"] != "inside" {
		in, after = after, in
	}
	trace := m.spans(t)[0]
	if at(in, "contexts", "trace", "trace_id") != trace["trace_id"] || at(in, "contexts", "trace", "span_id") != trace["span_id"] {
		t.Errorf("inside: %v, the run is %v", at(in, "contexts", "trace"), trace["trace_id"])
	}
	if got := at(after, "contexts", "trace", "trace_id"); got == nil || got == trace["trace_id"] || at(after, "contexts", "execution") != nil {
		t.Errorf("after: trace %v of run %v, execution %v", got, trace["trace_id"], at(after, "contexts", "execution"))
	}
}
