package picket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relay.one/picket/wire"
)

// inBubble runs f with a client in virtual time.
func inBubble(t *testing.T, o Options, f func(t *testing.T, ctx context.Context, c *Client, m *mailbox)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, c, m := testClient(t, o)
		f(t, ctx, c, m)
	})
}

// A span has left two seconds after it ended, while its execution goes on for an hour.
func TestSpansLeaveWhileTheExecutionRuns(t *testing.T) {
	t.Parallel()
	inBubble(t, Options{}, func(t *testing.T, ctx context.Context, c *Client, m *mailbox) {
		ctx, run := StartExecution(ctx, Agent{Name: "Billing"})
		for i := range 60 {
			// At another time of the tick for every span.
			time.Sleep(time.Minute + time.Duration(i)*37*time.Millisecond)
			_, tool := StartToolCall(ctx, ToolCall{Name: fmt.Sprint(i)})
			tool.End(nil, nil)
			time.Sleep(2 * time.Second)
			synctest.Wait()
			if n := len(m.spans(t)); n != i+1 {
				t.Fatalf("two seconds after span %d, %d have arrived", i+1, n)
			}
		}
		run.End(nil)
		synctest.Wait()
		spanNamed(t, m.spans(t), "invoke_agent Billing")
		if n := len(m.envelopes); n != 61 {
			t.Errorf("%d envelopes", n)
		}
	})
}

// Spans that come close together leave together.
func TestContainersGather(t *testing.T) {
	t.Parallel()
	inBubble(t, Options{}, func(t *testing.T, ctx context.Context, c *Client, m *mailbox) {
		ctx, run := StartExecution(ctx, Agent{Name: "Billing"})
		step := func(n int, about string) {
			for range n {
				_, tool := StartToolCall(ctx, ToolCall{Name: "t", Description: about})
				tool.End(nil, nil)
			}
			synctest.Wait()
		}
		counts := func() (got []int) {
			for _, e := range m.envelopes {
				got = append(got, e.Items[0].ItemCount)
			}
			return got
		}
		f := func(what string, want ...int) {
			t.Helper()
			got := counts()
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("%s: containers of %v spans, want %v", what, got, want)
			}
		}
		step(containerSpans-1, "")
		f("one is missing")
		step(1, "")
		f("full by number", containerSpans)
		step(3, "")
		time.Sleep(containerAge)
		synctest.Wait()
		f("full by age", containerSpans, 3)
		const large = 14 << 10
		step(containerBytes/large, strings.Repeat("x ", large/2))
		got := counts()
		if len(got) != 3 || got[2] < containerBytes/large-5 {
			t.Errorf("full by size: containers of %v spans", got)
			return
		}
		run.End(nil)
		synctest.Wait()
		f("at the end", containerSpans, 3, got[2], containerBytes/large-got[2]+1)
	})
}

// A container holds spans of one trace, counts them, and says where the trace began.
func TestContainerEnvelopes(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	for range 2 {
		ctx, run := StartExecution(ctx, Agent{Name: "Billing"})
		_, tool := StartToolCall(ctx, ToolCall{Name: "lookup"})
		tool.End(nil, nil)
		run.End(nil)
	}
	flush(t, c)
	traces := map[string]bool{}
	for _, e := range m.envelopes {
		item := e.Items[0]
		if len(e.Items) != 1 || item.Type != wire.ItemSpan || item.ContentType != wire.ContentSpansV2 || item.ItemCount != 2 {
			t.Errorf("items %+v", e.Items)
		}
		h := e.Header.Trace
		if h.PublicKey != "0123456789abcdef0123456789abcdef" || h.Release != "shop@1.2.3" || h.Environment != "test" ||
			h.Transaction != "invoke_agent Billing" || h.Sampled != "true" || h.SampleRate != "1" || len(h.SampleRand) != len("0.123456") {
			t.Errorf("trace header %+v", h)
		}
		traces[h.TraceID] = true
	}
	for _, s := range m.spans(t) {
		if !traces[s["trace_id"].(string)] {
			t.Errorf("a span of trace %v", s["trace_id"])
		}
	}
	if len(traces) != 2 || len(m.envelopes) != 2 {
		t.Errorf("%d traces in %d envelopes", len(traces), len(m.envelopes))
	}
}

// Flush sends what has ended; what runs stays.
func TestFlushOfARunningExecution(t *testing.T) {
	t.Parallel()
	inBubble(t, Options{}, func(t *testing.T, ctx context.Context, c *Client, m *mailbox) {
		ctx, run := StartExecution(ctx, Agent{Name: "Billing"})
		_, tool := StartToolCall(ctx, ToolCall{Name: "one"})
		tool.End(nil, nil)
		begin := time.Now()
		flush(t, c)
		if n, took := len(m.spans(t)), time.Since(begin); n != 1 || took != 0 {
			t.Errorf("%d spans after %v", n, took)
		}
		run.End(nil)
	})
}

// Spans that end after their transaction, and those beyond what it holds, are not lost.
func TestLateSpansLeaveByThemselves(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	tctx, job := StartTransaction(ctx, "queue.process", "orders")
	_, late := StartSpan(tctx, "db", "late")
	for range maxSpans + 5 {
		_, s := StartSpan(tctx, "db", "query")
		s.End()
	}
	job.End()
	late.End()
	flush(t, c)
	tx := m.items(t, "transaction")[0]
	spans := m.spans(t)
	if n := len(tx["spans"].([]any)); n != maxSpans || len(spans) != 6 {
		t.Errorf("%d spans in the transaction, %d beside it", n, len(spans))
	}
	root := at(tx, "contexts", "trace")
	s := spanNamed(t, spans, "late")
	wantAttrs(t, s, object{"sentry.segment.id": at(root, "span_id"), "sentry.segment.name": "orders", "gen_ai.agent.name": nil})
	if s["trace_id"] != at(root, "trace_id") || s["parent_span_id"] != at(root, "span_id") || s["is_segment"] != false {
		t.Errorf("late: %v below %v", s, root)
	}
}

// An attribute stands once in a span, and what the span says itself goes first.
func TestSpanAttributesStandOnce(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{Tags: map[string]string{"shard": "global", "agent.framework": "tags", "region": "eu"}})
	ctx = WithUser(WithTag(WithTag(ctx, "shard", "s9"), "sentry.op", "tag"), User{ID: "u1"})
	_, run := StartExecution(ctx, Agent{Name: "Billing", Framework: "own"}, slog.String("user.id", "u2"), slog.String("sentry.release", "mine"),
		slog.String("gen_ai.agent.name", "Other"))
	run.End(errors.New("boom"))
	flush(t, c)
	for _, e := range m.envelopes {
		if e.Items[0].Type != wire.ItemSpan {
			continue
		}
		for _, key := range []string{"user.id", "sentry.release", "gen_ai.agent.name", "shard", "agent.framework", "sentry.op", "sentry.status.message"} {
			if n := strings.Count(string(e.Items[0].Payload), `"`+key+`":`); n != 1 {
				t.Errorf("%s stands %d times", key, n)
			}
		}
	}
	wantAttrs(t, m.spans(t)[0], object{"user.id": "u2", "sentry.release": "mine", "gen_ai.agent.name": "Other", "shard": "s9", "region": "eu",
		"agent.framework": "own", "sentry.op": "gen_ai.invoke_agent"})
}
