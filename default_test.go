package picket

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"
)

// initDefault is Init with a mailbox. Only this file sets the default client, which all
// of the process share; its tests do not run beside others.
func initDefault(t *testing.T, o Options) *mailbox {
	t.Helper()
	m := &mailbox{}
	o.DSN, o.Transport, o.Environment, o.Logger = testDSN, m, "test", slog.New(slog.DiscardHandler)
	if err := Init(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c := defaultClient.Swap(nil); c != nil {
			closeClient(t, c)
		}
		sentry.CurrentHub().BindClient(nil)
	})
	return m
}

func TestInit(t *testing.T) {
	ctx := context.Background()
	first := initDefault(t, Options{Tags: map[string]string{"client": "first"}})
	old := Default()
	if err := Init(Options{DSN: "nonsense"}); err == nil || Default() != old {
		t.Errorf("a wrong Init: %v, default %p of %p", err, Default(), old)
	}
	AddBreadcrumb(ctx, Breadcrumb{Message: "started"})
	SetTag(ctx, "host", "h1")
	id := CaptureException(ctx, io.EOF)
	if err := Flush(ctx); err != nil {
		t.Error(err)
	}
	ev := first.items(t, "event")[0]
	if ev["event_id"] != string(id) || at(ev, "tags", "client") != "first" || at(ev, "tags", "host") != "h1" || len(at(ev, "breadcrumbs", "values").([]any)) != 1 {
		t.Errorf("sent %v", ev)
	}

	CaptureMessage(ctx, LevelInfo, "before the second Init")
	second := initDefault(t, Options{})
	if n := len(first.items(t, "event")); n != 2 || Default() == old {
		t.Errorf("%d events came to the first, default %p of %p", n, Default(), old)
	}
	CaptureMessage(ctx, LevelInfo, "after")
	sentry.CaptureMessage("from sentry-go")
	if err := Close(ctx); err != nil {
		t.Error(err)
	}
	if one, two := len(first.items(t, "event")), len(second.items(t, "event")); one != 2 || two != 2 {
		t.Errorf("%d events came to the first, %d to the second", one, two)
	}
	old.CaptureMessage(ctx, LevelInfo, "to whom it was")
	if n := old.Stats().Dropped["closed"]; n != 1 {
		t.Errorf("%d are counted by the one that is closed", n)
	}
}

// A process without a request or an execution around has a trace for each event.
func TestDefaultScope(t *testing.T) {
	m := initDefault(t, Options{})
	ctx := context.Background()
	CaptureMessage(ctx, LevelInfo, "one")
	CaptureMessage(ctx, LevelInfo, "two")
	_, run := StartExecution(ctx, Agent{Name: "Billing"})
	run.End(io.EOF)
	_, job := StartTransaction(ctx, "job", "orders")
	job.End()
	deadline, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err := Flush(deadline); err != nil {
		t.Fatal(err)
	}
	traces := map[any]bool{}
	for _, ev := range append(m.items(t, "event"), m.items(t, "transaction")...) {
		traces[at(ev, "contexts", "trace", "trace_id")] = true
	}
	if len(traces) != 4 || !traces[m.spans(t)[0]["trace_id"]] {
		t.Errorf("traces %v", traces)
	}
}
