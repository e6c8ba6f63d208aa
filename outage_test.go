package picket

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// outage is a network that comes back at a time.
type outage struct {
	*mailbox
	back time.Time
}

func (o outage) RoundTrip(r *http.Request) (*http.Response, error) {
	if time.Now().Before(o.back) {
		return nil, errors.New("connection refused")
	}
	return o.mailbox.RoundTrip(r)
}

// outageClient returns a client whose server can be reached from back on.
func outageClient(t *testing.T, m *mailbox, back time.Time, buffer int) *Client {
	t.Helper()
	c, err := New(Options{DSN: testDSN, Transport: outage{m, back}, BufferBytes: buffer, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeClient(t, c) })
	return c
}

// A server that is down for a minute gets what happened meanwhile, and whoever reported
// it never waited.
func TestOutageOfAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mailbox{}
		back := time.Now().Add(time.Minute)
		c := outageClient(t, m, back, 0)
		ctx := NewContext(t.Context(), c)
		ctx, run := StartExecution(ctx, Agent{Name: "Billing"})
		for i := range 60 {
			begin := time.Now()
			CaptureException(ctx, fmt.Errorf("failure %d", i))
			_, tool := StartToolCall(ctx, ToolCall{Name: fmt.Sprint("t", i)})
			tool.End(nil, nil)
			if waited := time.Since(begin); waited != 0 {
				t.Errorf("the host waited %v", waited)
			}
			time.Sleep(time.Second)
		}
		if n := len(m.envelopes); n != 0 {
			t.Errorf("%d envelopes came through while the server was down", n)
		}
		run.End(nil)
		time.Sleep(time.Minute) // the longest pause between attempts
		synctest.Wait()
		if e, s := len(m.items(t, "event")), len(m.spans(t)); e != 60 || s != 61 {
			t.Errorf("%d events and %d spans arrived, want 60 and 61", e, s)
		}
		if st := c.Stats(); st.Queued != 0 || len(st.Dropped) != 0 || st.Retried == 0 {
			t.Errorf("stats %+v", st)
		}
	})
}

// What does not fit is counted, by the client and in its report.
func TestOutageThatOverflows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := &mailbox{}
		c := outageClient(t, m, time.Now().Add(time.Minute), 64<<10)
		ctx := NewContext(t.Context(), c)
		const reported = 500
		for i := range reported {
			CaptureException(ctx, fmt.Errorf("failure %d", i))
		}
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		arrived := len(m.items(t, "event"))
		lost := c.Stats().Dropped["queue_overflow"]
		if arrived == 0 || lost == 0 || arrived+int(lost) != reported {
			t.Errorf("%d arrived and %d were lost of %d", arrived, lost, reported)
		}
		told := 0.
		for _, r := range m.items(t, "client_report") {
			for _, d := range r["discarded_events"].([]any) {
				if at(d, "reason") == "queue_overflow" && at(d, "category") == "error" {
					told += at(d, "quantity").(float64)
				}
			}
		}
		if told != float64(lost) {
			t.Errorf("%v were told of, %d were lost", told, lost)
		}
	})
}
