package picket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

func TestSpans(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	root, tx := StartTransaction(ctx, "queue.process", "orders", slog.String("queue", "q1"))
	outer, a := StartSpan(root, "function", "outer")
	derived, cancel := context.WithTimeout(WithTag(outer, "k", "v"), time.Hour)
	defer cancel()
	_, b := StartSpan(derived, "function", "inner", slog.Int("n", 1))
	_, sibling := StartSpan(root, "function", "sibling")
	b.Set(slog.Int("n", 2), slog.Bool("set", true))
	b.SetName("renamed")
	b.SetStatus(sentry.SpanStatusAborted)
	b.End()
	a.Fail(os.ErrNotExist)
	a.Fail(nil)
	a.End()
	a.End()
	a.SetName("too late")
	sibling.End()
	tx.SetName("orders of q1")
	tx.End()
	ev := (&site{t, c, m, nil}).one(wire.ItemTransaction)
	same(t, ev, "orders of q1", "transaction")
	same(t, ev, sourceCustom, "transaction_info", "source")
	same(t, ev, "queue.process", "contexts", "trace", "op")
	same(t, ev, "q1", "contexts", "trace", "data", "queue")
	same(t, ev, originManual, "contexts", "trace", "origin")
	same(t, ev, tx.SpanID(), "contexts", "trace", "span_id")
	f := func(i int, name, status, parent, data string) {
		t.Helper()
		s := ev["spans"].([]any)[i]
		same(t, s, name, "description")
		same(t, s, status, "status")
		same(t, s, parent, "parent_span_id")
		same(t, s, tx.TraceID(), "trace_id")
		if got := compact(t, at(s, "data")); got != data {
			t.Errorf("data of %s = %s, want %s", name, got, data)
		}
	}
	f(0, "renamed", "aborted", a.SpanID(), `{"n":2,"set":true}`)
	f(1, "outer", "not_found", tx.SpanID(), `{"error.type":"fs.ErrNotExist"}`)
	f(2, "sibling", "ok", tx.SpanID(), `{}`)
	if n := len(ev["spans"].([]any)); n != 3 {
		t.Errorf("%d spans", n)
	}
	if h := m.envelopes[0]; h.Items[0].SpanCount != 4 || h.Header.EventID != ev["event_id"] {
		t.Errorf("envelope of %d spans with id %s, event %v", h.Items[0].SpanCount, h.Header.EventID, ev["event_id"])
	}
}

// TestSpanAlone begins a transaction where there is none.
func TestSpanAlone(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	_, s := StartSpan(ctx, "function", "alone")
	s.End()
	same(t, (&site{t, c, m, nil}).one(wire.ItemTransaction), "alone", "transaction")
}

// TestTransactionWithin begins a transaction inside of another: same trace, below it.
func TestTransactionWithin(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	root, outer := StartTransaction(ctx, "job", "outer")
	within, inner := StartTransaction(root, "job", "inner")
	_, step := StartSpan(within, "function", "step")
	SetTag(within, "k", "inner")
	step.End()
	inner.End()
	outer.End()
	flush(t, c)
	list := m.items(t, wire.ItemTransaction)
	if len(list) != 2 {
		t.Fatalf("%d transactions", len(list))
	}
	same(t, list[0], "inner", "transaction")
	same(t, list[0], outer.SpanID(), "contexts", "trace", "parent_span_id")
	same(t, list[0], outer.TraceID(), "contexts", "trace", "trace_id")
	same(t, list[0]["spans"].([]any)[0], inner.SpanID(), "parent_span_id")
	same(t, list[0], "inner", "tags", "k")
	same(t, list[1], nil, "tags", "k")
	if n := len(list[1]["spans"].([]any)); n != 0 {
		t.Errorf("the outer transaction has %d spans", n)
	}
}

// TestNilSpan calls everything on spans that are not sampled.
func TestNilSpan(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{TracesSampleRate: -1})
	job, tx := StartTransaction(ctx, "job", "unsampled")
	inner, s := StartSpan(job, "function", "step")
	if tx != nil || s != nil {
		t.Fatalf("spans %v and %v are sampled", tx, s)
	}
	if inner != job {
		t.Error("a span that is not sampled costs a context")
	}
	s.Set(slog.Int("n", 1))
	s.SetName("x")
	s.SetStatus(sentry.SpanStatusOK)
	s.Fail(errors.New("x"))
	s.End()
	if s.TraceID() != "" || s.SpanID() != "" {
		t.Errorf("ids of no span: %q %q", s.TraceID(), s.SpanID())
	}
	st := &site{t, c, m, nil}
	ev := told(t, inner, c, m)
	same(t, ev, nodeOf(job).scope.trace.id, "contexts", "trace", "trace_id")
	same(t, ev, nodeOf(job).scope.trace.span, "contexts", "trace", "span_id")
	st.none(wire.ItemTransaction)
	if got := c.Stats().Dropped["sample_rate"]; got != 2 { // the transaction and its span
		t.Errorf("counted %d", got)
	}
}

// TestLateSpans ends spans after their transaction: they are sent by themselves.
func TestLateSpans(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	root, tx := StartTransaction(WithUser(ctx, User{ID: "ann"}), "job", "early")
	_, inTime := StartSpan(root, "function", "in time")
	_, late := StartSpan(root, "function", "late", slog.Int("n", 1))
	inTime.End()
	tx.End()
	_, later := StartSpan(late.context(), "function", "later")
	later.End()
	late.End()
	ev := (&site{t, c, m, nil}).one(wire.ItemTransaction)
	same(t, ev["spans"].([]any)[0], "in time", "description")
	spans := m.spans(t)
	if len(spans) != 2 {
		t.Fatalf("%d spans by themselves", len(spans))
	}
	f := func(s object, name, parent string) {
		t.Helper()
		same(t, s, name, "name")
		same(t, s, tx.TraceID(), "trace_id")
		same(t, s, parent, "parent_span_id")
		same(t, s, false, "is_segment")
		same(t, s, tx.SpanID(), "attributes", "sentry.segment.id", "value")
		same(t, s, "early", "attributes", "sentry.segment.name", "value")
		same(t, s, "ann", "attributes", "user.id", "value")
	}
	f(spans[0], "late", tx.SpanID())
	f(spans[1], "later", late.SpanID())
	same(t, spans[0], 1, "attributes", "n", "value")
}

// TestManySpans has more spans than a transaction holds, from many goroutines.
func TestManySpans(t *testing.T) {
	t.Parallel()
	const workers, each = 8, 200
	ctx, c, m := testClient(t, Options{})
	root, tx := StartTransaction(ctx, "job", "many")
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			ctx, outer := StartSpan(root, "function", fmt.Sprintf("worker %d", w))
			for i := range each - 1 {
				_, s := StartSpan(ctx, "function", fmt.Sprintf("%d of %d", i, w))
				s.End()
			}
			outer.End()
		})
	}
	all.Wait()
	tx.End()
	ev := (&site{t, c, m, nil}).one(wire.ItemTransaction)
	inside, alone := ev["spans"].([]any), m.spans(t)
	if len(inside) != maxSpans || len(inside)+len(alone) != workers*each {
		t.Errorf("%d spans inside and %d alone, want %d of %d", len(inside), len(alone), maxSpans, workers*each)
	}
	names := map[string]bool{}
	for _, s := range inside {
		names[at(s, "description").(string)] = true
	}
	for _, s := range alone {
		names[s["name"].(string)] = true
	}
	if len(names) != workers*each {
		t.Errorf("%d different spans, want %d", len(names), workers*each)
	}
	if s := c.Stats(); len(s.Dropped) > 0 {
		t.Errorf("dropped: %v", s.Dropped)
	}
}

// TestAttributesAreRead changes what attributes were made of, after they were given.
func TestAttributesAreRead(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	attrs := []Attr{slog.String("a", "1"), slog.String("b", "2")}
	root, tx := StartTransaction(ctx, "job", "x", attrs...)
	_, s := StartSpan(root, "function", "y", attrs...)
	attrs[0] = slog.String("a", "changed")
	s.Set(slog.String("token", "hunter22"))
	s.End()
	tx.End()
	ev := (&site{t, c, m, nil}).one(wire.ItemTransaction)
	same(t, ev, object{"a": "1", "b": "2"}, "contexts", "trace", "data")
	same(t, ev["spans"].([]any)[0], object{"a": "1", "b": "2", "token": "[Filtered]"}, "data")
}

func TestManyAttributes(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	_, tx := StartTransaction(ctx, "job", "x")
	want := object{}
	for i := range 40 {
		key := fmt.Sprintf("key.%d", i)
		tx.Set(slog.Int(key, i))
		want[key] = i
	}
	tx.End()
	same(t, (&site{t, c, m, nil}).one(wire.ItemTransaction), want, "contexts", "trace", "data")
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	f := func(work func(context.Context) (int, error), want int, wantErr error, panics any, status string) {
		t.Helper()
		ctx, c, m := testClient(t, Options{})
		func() {
			defer func() {
				if r := recover(); r != panics {
					t.Errorf("recovered %v, want %v", r, panics)
				}
			}()
			got, err := Measure(ctx, "function", "work", work)
			if got != want || !errors.Is(err, wantErr) {
				t.Errorf("Measure = %d, %v; want %d, %v", got, err, want, wantErr)
			}
		}()
		ev := (&site{t, c, m, nil}).one(wire.ItemTransaction)
		same(t, ev, "work", "transaction")
		same(t, ev, status, "contexts", "trace", "status")
	}
	f(func(context.Context) (int, error) { return 3, nil }, 3, nil, nil, "ok")
	f(func(context.Context) (int, error) { return 4, boom }, 4, boom, nil, "internal_error")
	f(func(context.Context) (int, error) { return 0, context.Canceled }, 0, context.Canceled, nil, "cancelled")
	f(func(ctx context.Context) (int, error) {
		ctx, cancel := context.WithDeadline(ctx, time.Unix(0, 0))
		defer cancel()
		return 0, fmt.Errorf("wait: %w", ctx.Err())
	}, 0, context.DeadlineExceeded, nil, "deadline_exceeded")
	f(func(context.Context) (int, error) { panic("x") }, 0, nil, "x", "internal_error")
}

// TestSpanClock takes times from the client's clock.
func TestSpanClock(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	now := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)
	c.clock = func() time.Time { now = now.Add(time.Second); return now }
	root, tx := StartTransaction(ctx, "job", "x")
	_, s := StartSpan(root, "function", "y")
	s.End()
	tx.End()
	ev := (&site{t, c, m, nil}).one(wire.ItemTransaction)
	var got []string
	for _, v := range []any{ev["start_timestamp"], at(ev["spans"].([]any)[0], "start_timestamp"), at(ev["spans"].([]any)[0], "timestamp"), ev["timestamp"]} {
		got = append(got, v.(string)[11:])
	}
	if want := "12:00:01.123456789Z 12:00:02.123456789Z 12:00:03.123456789Z 12:00:04.123456789Z"; strings.Join(got, " ") != want {
		t.Errorf("times %v, want %s", got, want)
	}
}

// TestOddAttributes has values that JSON has nothing for: the trace stays whole.
func TestOddAttributes(t *testing.T) {
	t.Parallel()
	odd := []Attr{slog.Float64("nan", math.NaN()), slog.Float64("inf", math.Inf(1)), slog.Any("chan", make(chan int)),
		slog.Any("func", func() {}), slog.Any("cycle", cycle()), slog.Any("panics", panicker{}), slog.String("kept", "yes")}
	ctx, c, m := testClient(t, Options{})
	root, s := StartTransaction(ctx, "job", "odd", odd...)
	_, child := StartSpan(root, "function", "odd", odd...)
	child.Set(odd...)
	CaptureException(root, errors.New("odd"), odd...)
	AddBreadcrumb(root, Breadcrumb{Data: odd})
	child.End()
	s.End()
	st := &site{t, c, m, nil}
	tx, ev := st.one(wire.ItemTransaction), st.one(wire.ItemEvent)
	same(t, tx, s.TraceID(), "contexts", "trace", "trace_id")
	same(t, tx, "yes", "contexts", "trace", "data", "kept")
	same(t, tx, nil, "contexts", "trace", "data", "nan")
	span := tx["spans"].([]any)[0]
	same(t, span, "yes", "data", "kept")
	same(t, span, nil, "data", "inf")
	same(t, ev, s.TraceID(), "contexts", "trace", "trace_id")
	same(t, ev, "yes", "contexts", "extra", "kept")
}

type panicker struct{}

func (panicker) MarshalJSON() ([]byte, error) { panic("no") }

func cycle() map[string]any {
	m := map[string]any{}
	m["self"] = m
	return m
}
