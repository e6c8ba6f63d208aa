package picket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

func TestOutcomes(t *testing.T) {
	t.Parallel()
	f := func(end func(x *Execution), outcome, reason, status any, events int) {
		t.Helper()
		ctx, c, m := testClient(t, Options{})
		_, run := StartExecution(ctx, Agent{Name: "Billing"})
		if o := run.Outcome(); o != "" || !run.Sampled() {
			t.Errorf("a running execution is %q", o)
		}
		end(run)
		if o := run.Outcome(); string(o) != outcome {
			t.Errorf("outcome %q, want %v", o, outcome)
		}
		flush(t, c)
		s := spanNamed(t, m.spans(t), "invoke_agent Billing")
		wantAttrs(t, s, object{wire.AttrOutcome: outcome, wire.AttrOutcomeReason: reason})
		if s["status"] != status || len(m.items(t, "event")) != events {
			t.Errorf("%v: status %v, %d events", outcome, s["status"], len(m.items(t, "event")))
		}
	}
	f(func(x *Execution) { x.End(nil) }, "ok", nil, "ok", 0)
	f(func(x *Execution) { x.End(&captureCard{3}) }, "error", "*picket.captureCard", "error", 1)
	f(func(x *Execution) { x.End(context.Canceled) }, "error", "context.Canceled", "ok", 1)
	f(func(x *Execution) { x.Fail("gave up"); x.End(nil) }, "failed", "gave up", "ok", 0)
	f(func(x *Execution) { x.Fail("gave up"); x.End(io.EOF) }, "error", "io.EOF", "error", 1)
	f(func(x *Execution) { err := error(nil); defer x.Done(&err) }, "ok", nil, "ok", 0)
	f(func(x *Execution) { err := io.EOF; defer x.Done(&err) }, "error", "io.EOF", "error", 1)
	f(func(x *Execution) { defer x.Done(nil) }, "ok", nil, "ok", 0)
	f(func(x *Execution) {
		defer func() {
			if r := recover(); r != "boom" {
				t.Errorf("the panic goes on as %v", r)
			}
		}()
		defer x.Done(nil)
		panic("boom")
	}, "error", "panic", "error", 1)
}

func TestToolsThatFail(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	ctx, run := StartExecution(ctx, Agent{Name: "Billing"})
	_, tool := StartToolCall(ctx, ToolCall{Name: "refuses"})
	tool.Fail("no such order")
	tool.End(nil, nil)
	_, tool = StartToolCall(ctx, ToolCall{Name: "breaks"})
	tool.End(nil, fmt.Errorf("look up: %w", context.DeadlineExceeded))
	CaptureMessage(ctx, LevelInfo, "see the trail")
	run.End(nil)
	flush(t, c)
	refuses, breaks := spanNamed(t, m.spans(t), "execute_tool refuses"), spanNamed(t, m.spans(t), "execute_tool breaks")
	wantAttrs(t, refuses, object{"error.type": "tool_error", "sentry.status.message": "no such order"})
	wantAttrs(t, breaks, object{"error.type": "context.DeadlineExceeded", "sentry.status.message": "deadline_exceeded"})
	if refuses["status"] != "error" || breaks["status"] != "error" {
		t.Errorf("status %v, %v", refuses["status"], breaks["status"])
	}
	f := func(i int, message, text string) {
		t.Helper()
		b := at(m.items(t, "event")[0], "breadcrumbs", "values").([]any)[i]
		if at(b, "category") != "tool" || at(b, "level") != "error" || at(b, "message") != message || at(b, "data", "error") != text {
			t.Errorf("breadcrumb %v", b)
		}
	}
	f(0, "refuses", "no such order")
	f(1, "breaks", "look up: context deadline exceeded")
}

// An error is reported where it is captured first, and never again on its way out.
func TestEndCapturesOnce(t *testing.T) {
	t.Parallel()
	f := func(what string, want int, body func(ctx context.Context) error) {
		t.Helper()
		ctx, c, m := testClient(t, Options{})
		ctx, run := StartExecution(ctx, Agent{Name: "Billing"})
		err := body(ctx)
		id := run.End(err)
		flush(t, c)
		events := m.items(t, "event")
		if len(events) != want {
			t.Errorf("%s: %d events, want %d", what, len(events), want)
		}
		if want == 1 && (id == "" || events[0]["event_id"] != string(id)) {
			t.Errorf("%s: id %q, sent %v", what, id, events[0]["event_id"])
		}
		wantAttrs(t, spanNamed(t, m.spans(t), "invoke_agent Billing"), object{wire.AttrOutcome: "error"})
	}
	f("nobody captured it", 1, func(context.Context) error { return io.EOF })
	f("captured inside", 1, func(ctx context.Context) error {
		err := errors.New("boom")
		CaptureException(ctx, err)
		return fmt.Errorf("step 2: %w", err)
	})
	f("captured as an agent's error", 1, func(ctx context.Context) error {
		CaptureAgentError(ctx, "sub", io.EOF, &ExecutionSummary{})
		return io.EOF
	})
	f("joined with another", 1, func(ctx context.Context) error {
		CaptureException(ctx, io.EOF)
		return errors.Join(errors.New("close"), io.EOF)
	})
	f("captured by sentry-go", 1, func(ctx context.Context) error {
		err := errors.New("boom")
		sentry.GetHubFromContext(ctx).CaptureException(err)
		return err
	})
	f("ended a sub-agent", 1, func(ctx context.Context) error {
		return Execute(ctx, Agent{Name: "Search"}, func(context.Context, *Execution) error { return io.EOF })
	})
	f("ended a sub-agent of a sub-agent", 1, func(ctx context.Context) error {
		return Execute(ctx, Agent{Name: "Search"}, func(ctx context.Context, _ *Execution) error {
			return fmt.Errorf("ask: %w", Execute(ctx, Agent{Name: "Index"}, func(context.Context, *Execution) error { return io.EOF }))
		})
	})
	f("another error", 2, func(ctx context.Context) error {
		CaptureException(ctx, errors.New("boom"))
		return errors.New("boom")
	})
}

// What was dropped when it was captured is not captured once more at the end.
func TestEndRespectsWhatWasDropped(t *testing.T) {
	t.Parallel()
	asked := 0
	ctx, c, m := testClient(t, Options{BeforeSend: func(*sentry.Event, *sentry.EventHint) *sentry.Event { asked++; return nil }})
	ctx, run := StartExecution(ctx, Agent{Name: "Billing"})
	CaptureException(ctx, io.EOF)
	if id := run.End(io.EOF); id != "" {
		t.Errorf("id = %s", id)
	}
	flush(t, c)
	if asked != 1 || len(m.items(t, "event")) != 0 {
		t.Errorf("asked %d times, sent %v", asked, m.items(t, "event"))
	}
}

// A panic that passes several executions is one event.
func TestPanicThroughExecutions(t *testing.T) {
	t.Parallel()
	f := func(value any) {
		t.Helper()
		ctx, c, m := testClient(t, Options{})
		func() {
			defer Recover(ctx)
			err := Execute(ctx, Agent{Name: "outer"}, func(ctx context.Context, _ *Execution) error {
				return Execute(ctx, Agent{Name: "inner"}, func(context.Context, *Execution) error { panic(value) })
			})
			t.Errorf("the panic became %v", err)
		}()
		ev := onlyEvent(t, c, m)
		spans := m.spans(t)
		inner := spanNamed(t, spans, "invoke_agent inner")
		wantAttrs(t, inner, object{wire.AttrOutcome: "error", wire.AttrOutcomeReason: "panic", "error.type": "panic"})
		wantAttrs(t, spanNamed(t, spans, "invoke_agent outer"), object{wire.AttrOutcome: "error", wire.AttrOutcomeReason: "panic"})
		if ev["level"] != "fatal" || at(ev, "contexts", "trace", "span_id") != inner["span_id"] || at(ev, "tags", "agent.name") != "inner" {
			t.Errorf("%T: %v event of %v in %v", value, ev["level"], at(ev, "tags"), at(ev, "contexts", "trace"))
		}
	}
	f("boom")
	f(&captureCard{9})
	f([]string{"not", "comparable"})

	ctx, c, m := testClient(t, Options{})
	job := func() {
		defer func() { _ = recover() }()
		_ = Execute(ctx, Agent{Name: "job"}, func(context.Context, *Execution) error { panic("boom") })
	}
	job()
	job()
	flush(t, c)
	if n := len(m.items(t, "event")); n != 2 {
		t.Errorf("two jobs panicked, %d events were sent", n)
	}
}
