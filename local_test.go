package picket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/getsentry/sentry-go"
)

// logBook is a log that many may write to.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// lines returns what was logged, without times.
func (b *logBook) lines() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Split(strings.TrimSpace(b.text.String()), "\n")
}

// localClient returns a client without a DSN, and what it prints.
func localClient(t *testing.T, o Options) (context.Context, *Client, *logBook) {
	t.Helper()
	t.Setenv("SENTRY_DSN", "")
	book := &logBook{}
	o.Logger = slog.New(slog.NewTextHandler(book, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	o.Environment = "test"
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeClient(t, c) })
	return NewContext(context.Background(), c), c, book
}

func TestLocalModePrints(t *testing.T) {
	ctx, c, book := localClient(t, Options{})
	if !c.Local() {
		t.Error("a client without a DSN is not local")
	}
	f := func(want string, report func(ctx context.Context)) {
		t.Helper()
		before := len(book.lines())
		if book.text.Len() == 0 {
			before = 0
		}
		report(ctx)
		flush(t, c)
		lines := book.lines()[before:]
		if len(lines) == 0 || !regexp.MustCompile("^"+want+"$").MatchString(lines[len(lines)-1]) {
			t.Errorf("printed %q, want %s", lines, want)
		}
	}
	f(`level=ERROR msg="\*picket.captureCard: charge: card refused: 7" event=\w{32} at=TestLocalModePrints\.func\d+ file=\S+local_test.go line=\d+ `+
		`agent=a1 organization=o1 user=u1 shard=s9 order=81`, func(ctx context.Context) {
		ctx = WithTag(WithUser(WithOrganization(WithAgent(ctx, Agent{ID: "a1"}), Organization{ID: "o1"}), User{ID: "u1"}), "shard", "s9")
		CaptureException(ctx, fmt.Errorf("charge: %w", &captureCard{7}), slog.Int("order", 81))
	})
	f(`level=WARN msg=slow event=\w{32}`, func(ctx context.Context) { CaptureMessage(ctx, LevelWarning, "slow") })
	f(`level=INFO msg=orders op=queue.process status=ok spans=1`, func(ctx context.Context) {
		ctx, job := StartTransaction(ctx, "queue.process", "orders")
		_, s := StartSpan(ctx, "db", "query")
		s.End()
		job.End()
	})
	f(`level=INFO msg="invoke_agent Billing" ms=\d+ outcome=failed reason="gave up" execution=ex-81`, func(ctx context.Context) {
		_, run := StartExecution(ctx, Agent{Name: "Billing"}, ExecutionID("ex-81"))
		run.Fail("gave up")
		run.End(nil)
	})
	f(`level=DEBUG msg="policy limits" ms=0 verdict=deny`, func(ctx context.Context) {
		ctx, _ = StartExecution(ctx, Agent{Name: "Billing"})
		RecordPolicy(ctx, Policy{Name: "limits", Verdict: Deny})
	})
	f(`level=DEBUG msg="chat m" ms=\d+ input_tokens=3 output_tokens=2`, func(ctx context.Context) {
		ctx, _ = StartExecution(ctx, Agent{Name: "Billing"})
		_, call := StartModelCall(ctx, ModelCall{Model: "m"})
		call.End(ModelResult{Usage: Usage{Input: 3, Output: 2}}, nil)
	})
	f(`level=ERROR msg="panic: boom" event=\w{32} at=.*`, func(ctx context.Context) { defer Recover(ctx); panic("boom") })
	f(`level=ERROR msg="io.EOF: password=\[Filtered\] EOF" .* execution=ex-82 in="invoke_agent Billing"`, func(ctx context.Context) {
		ctx, _ = StartExecution(ctx, Agent{Name: "Billing"}, ExecutionID("ex-82"))
		CaptureException(ctx, fmt.Errorf("password=hunter2: %w", io.EOF))
	})
	f(`level=DEBUG msg="picket: would send" item=check_in bytes=\d+`, func(ctx context.Context) {
		sentry.GetHubFromContext(ctx).CaptureCheckIn(&sentry.CheckIn{MonitorSlug: "job", Status: sentry.CheckInStatusOK}, nil)
	})
	if st := c.Stats(); st.Sent < 8 || len(st.Dropped) != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestLocalModeDrops(t *testing.T) {
	ctx, c, book := localClient(t, Options{BeforeSend: func(*sentry.Event, *sentry.EventHint) *sentry.Event { return nil }})
	if id := CaptureException(ctx, errors.New("boom")); id != "" || c.Stats().Dropped["before_send"] != 1 || book.text.Len() != 0 {
		t.Errorf("id %q, stats %+v, printed %s", id, c.Stats(), book.text.String())
	}
}

// A client that debugs says why something is not there.
func TestDebugTellsWhy(t *testing.T) {
	t.Parallel()
	book := &logBook{}
	ctx, c, _ := testClient(t, Options{Debug: true, Logger: slog.New(slog.NewTextHandler(book, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	closeClient(t, c)
	CaptureMessage(ctx, LevelInfo, "late")
	if text := book.text.String(); !strings.Contains(text, "was not taken") {
		t.Errorf("logged %q", text)
	}
}
