package picket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"relay.one/picket/wire"
)

func TestDeliveryOutage(t *testing.T) {
	t.Parallel()
	var up time.Time
	s := &farServer{answer: func(*wire.Envelope) (int, http.Header, error) {
		if time.Now().Before(up) {
			return 0, nil, errDown
		}
		return 200, nil, nil
	}}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		up = time.Now().Add(time.Minute)
		var want []string
		for i := range 60 {
			before := time.Now()
			if name := fmt.Sprint(i); d.send(testParcel(wire.ItemEvent, name)) {
				want = append(want, name)
			}
			if waited := time.Since(before); waited != 0 {
				t.Errorf("the host waited %v", waited)
			}
			time.Sleep(time.Second)
		}
		time.Sleep(retryMost)
		synctest.Wait()
		if len(want) != 60 {
			t.Errorf("%d were queued, want 60", len(want))
		}
		wantEqual(t, "arrived", s.names(), want)
		if st := d.stats(); st.Sent != 60 || st.Retried < 3 || st.Retried > 60 || st.Queued != 0 || st.QueuedBytes != 0 || len(st.Dropped) != 0 {
			t.Errorf("stats = %+v", st)
		}
		if n := len(s.attempts) - 60; n > 20 {
			t.Errorf("%d failed attempts within a minute: no backoff", n)
		}
	})
}

func TestDeliveryHangingServer(t *testing.T) {
	t.Parallel()
	s := &farServer{hang: true}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		for range 10 {
			d.send(padded(wire.ItemEvent, "x", 100_000))
		}
		synctest.Wait()
		if st := d.stats(); st.Queued != 10 || st.QueuedBytes > 50_000 {
			t.Errorf("stats = %+v: what waits is not packed", st)
		}
	})
}

func TestDeliveryOverflow(t *testing.T) {
	t.Parallel()
	f := func(sent []parcel, want []string, told map[string]int64) {
		t.Helper()
		down := true
		s := &farServer{}
		s.answer = func(*wire.Envelope) (int, http.Header, error) {
			if down {
				return 0, nil, errDown
			}
			return 200, nil, nil
		}
		deliver(t, s, deliveryOptions{maxBytes: 5000}, func(t *testing.T, d *delivery) {
			for _, p := range sent {
				d.send(p)
				synctest.Wait()
				if st := d.stats(); st.QueuedBytes > 5000 {
					t.Errorf("%d bytes wait, at most 5000 may", st.QueuedBytes)
				}
			}
			down = false
			mustFlush(t, d)
			wantEqual(t, "arrived", s.names(), want)
			wantEqual(t, "told", s.told, told)
			if n := d.stats().Dropped[lossOverflow]; (n > 0) != (len(told) > 0) {
				t.Errorf("dropped = %v", d.stats().Dropped)
			}
		})
	}
	e := func(name string) parcel { return padded(wire.ItemEvent, name, 900) }
	tx := func(name string) parcel {
		p := padded(wire.ItemTransaction, name, 900)
		p.spans = 4
		return p
	}
	none := map[string]int64{}
	f([]parcel{e("1"), tx("2"), e("3")}, []string{"1", "3", "2"}, none)
	// Each takes about 1500 bytes: three fit.
	f([]parcel{e("1"), e("2"), e("3"), e("4")}, []string{"2", "3", "4"}, map[string]int64{"queue_overflow error": 1})
	f([]parcel{tx("1"), tx("2"), e("3"), e("4")}, []string{"3", "4", "2"},
		map[string]int64{"queue_overflow span": 5, "queue_overflow transaction": 1})
	// What is of no higher class pushes nothing out.
	f([]parcel{e("1"), e("2"), e("3"), tx("4")}, []string{"1", "2", "3"},
		map[string]int64{"queue_overflow span": 5, "queue_overflow transaction": 1})
	f([]parcel{e("1"), padded(wire.ItemEvent, "2", 6000)}, []string{"1"}, map[string]int64{"queue_overflow error": 1})
	// Of a container, its spans are counted.
	c := padded(wire.ItemSpan, "1", 900)
	c.quantity = 30
	f([]parcel{c, e("2"), e("3"), e("4")}, []string{"2", "3", "4"}, map[string]int64{"queue_overflow span": 30})
}

func TestDeliveryOrder(t *testing.T) {
	t.Parallel()
	s := &farServer{}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		d.mu.Lock() // so that all are there before the first goes
		for _, p := range []parcel{testParcel(wire.ItemSpan, "span"), testParcel(wire.ItemEvent, "event"),
			testParcel(wire.ItemLog, "log"), testParcel(wire.ItemCheckIn, "check"), testParcel(wire.ItemFeedback, "feedback")} {
			q := newQueuedParcel(p)
			d.serial++
			q.serial = d.serial
			d.queue.add(q)
		}
		d.poke()
		d.mu.Unlock()
		mustFlush(t, d)
		wantEqual(t, "arrived", s.names(), []string{"event", "check", "feedback", "span", "log"})
	})
}

func TestDeliveryFlushDuringOutage(t *testing.T) {
	t.Parallel()
	s := &farServer{answer: func(*wire.Envelope) (int, http.Header, error) { return 0, nil, errDown }}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		mustFlush(t, d) // nothing to wait for
		d.send(testParcel(wire.ItemEvent, "1"))
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := d.flush(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("flush = %v after %v", err, time.Since(start))
		}
		wantEqual(t, "waiters", len(d.waiters), 0)
		wantEqual(t, "queued", d.stats().Queued, 1)
	})
}

func TestDeliveryCloseDuringOutage(t *testing.T) {
	t.Parallel()
	s := &farServer{answer: func(*wire.Envelope) (int, http.Header, error) { return 0, nil, errDown }}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		for range 3 {
			d.send(testParcel(wire.ItemEvent, "x"))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		err := d.close(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "3 envelopes") || time.Since(start) != 2*time.Second {
			t.Errorf("close = %v after %v", err, time.Since(start))
		}
		if d.send(testParcel(wire.ItemEvent, "late")) {
			t.Error("sent after close")
		}
		d.discard("sample_rate", wire.CategoryError, 1)
		if err := errors.Join(d.close(t.Context()), d.flush(t.Context())); err != nil {
			t.Errorf("second close: %v", err)
		}
		st := d.stats()
		wantEqual(t, "dropped", st.Dropped, map[string]int64{lossClosed: 4, "sample_rate": 1})
		if st.Queued != 0 || st.QueuedBytes != 0 {
			t.Errorf("stats = %+v", st)
		}
	})
}

// A server that is back is not made to wait for the end of a backoff.
func TestDeliveryCloseAfterOutage(t *testing.T) {
	t.Parallel()
	down := true
	s := &farServer{}
	s.answer = func(*wire.Envelope) (int, http.Header, error) {
		if down {
			return 0, nil, errDown
		}
		return 200, nil, nil
	}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		d.send(testParcel(wire.ItemEvent, "1"))
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		down = false
		start := time.Now()
		if err := d.close(t.Context()); err != nil || time.Since(start) != 0 {
			t.Errorf("close = %v after %v", err, time.Since(start))
		}
		wantEqual(t, "arrived", s.names(), []string{"1"})
	})
}

func TestDeliveryReportsLosses(t *testing.T) {
	t.Parallel()
	s := &farServer{}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		d.discard("sample_rate", wire.CategoryTransaction, 2)
		d.discard("sample_rate", wire.CategoryTransaction, 3)
		d.discard("before_send", wire.CategoryError, 0)
		time.Sleep(deliveryReportEvery - 1)
		synctest.Wait()
		wantEqual(t, "attempts", s.tries(), 0)
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		wantEqual(t, "told after a while", s.losses(), map[string]int64{"sample_rate transaction": 5})
		d.discard("before_send", wire.CategoryError, 1)
		d.send(padded(wire.ItemEvent, "1", 2000))
		mustFlush(t, d)
		wantEqual(t, "told beside an event", s.losses(), map[string]int64{"before_send error": 1, "sample_rate transaction": 5})
		wantEqual(t, "envelopes", s.tries(), 2)
		time.Sleep(time.Hour)
		wantEqual(t, "envelopes an hour later", s.tries(), 2)
		if err := d.close(t.Context()); err != nil {
			t.Error(err)
		}
		if st := d.stats(); st.Sent != 1 || st.Dropped["sample_rate"] != 5 {
			t.Errorf("stats = %+v", st)
		}
	})
}

// A report that did not arrive is told again, and never twice.
func TestDeliveryReportIsRetried(t *testing.T) {
	t.Parallel()
	tries := 0
	s := &farServer{}
	s.answer = func(*wire.Envelope) (int, http.Header, error) {
		if tries++; tries == 1 {
			return 0, nil, errDown
		}
		if tries == 2 {
			return 400, nil, nil
		}
		return 200, nil, nil
	}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		d.discard("before_send", wire.CategoryError, 3)
		d.send(testParcel(wire.ItemEvent, "1"))
		mustFlush(t, d)
		wantEqual(t, "told", s.told, map[string]int64{"before_send error": 3, "send_error error": 1})
	})
}
