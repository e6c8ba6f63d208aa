package picket

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"relay.one/picket/wire"
)

func TestDeliveryCategoryLimits(t *testing.T) {
	t.Parallel()
	s := &farServer{}
	s.answer = func(e *wire.Envelope) (int, http.Header, error) {
		if payloadOf(e) == "1" {
			return 429, http.Header{"X-Sentry-Rate-Limits": {"60:error;log_item:key:quota"}}, nil
		}
		return 200, nil, nil
	}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		d.send(testParcel(wire.ItemEvent, "1")) // dropped by the server, which knows
		synctest.Wait()
		mixed := testParcel(wire.ItemTransaction, "2")
		mixed.items = append(mixed.items, wire.Item{Type: wire.ItemLog, ItemCount: 7, Payload: []byte("log")})
		if !d.send(mixed) || d.send(testParcel(wire.ItemEvent, "3")) || d.send(testParcel(wire.ItemLog, "4")) {
			t.Error("the limits are not kept to")
		}
		mustFlush(t, d)
		wantEqual(t, "arrived", s.names(), []string{"2"})
		wantEqual(t, "told", s.told, map[string]int64{
			"ratelimit_backoff error": 1, "ratelimit_backoff log_item": 8, "ratelimit_backoff log_byte": 4})
		time.Sleep(time.Minute)
		d.send(testParcel(wire.ItemEvent, "5"))
		mustFlush(t, d)
		wantEqual(t, "arrived", s.names(), []string{"2", "5"})
		if n := len(s.attempts); n > 4 {
			t.Errorf("%d attempts: what was limited is tried again", n)
		}
	})
}

// A limit of something else says that the envelope has been taken.
func TestDeliveryOtherLimit(t *testing.T) {
	t.Parallel()
	s := &farServer{answer: func(*wire.Envelope) (int, http.Header, error) {
		return 429, http.Header{"X-Sentry-Rate-Limits": {"60:span:key"}}, nil
	}}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		d.send(testParcel(wire.ItemTransaction, "1"))
		mustFlush(t, d)
		if st := d.stats(); st.Sent != 1 || st.Retried != 0 || len(st.Dropped) != 0 || s.tries() != 1 {
			t.Errorf("stats = %+v after %d attempts", st, s.tries())
		}
	})
}

func TestDeliveryLimitsWhatWaits(t *testing.T) {
	t.Parallel()
	s := &farServer{}
	s.answer = func(e *wire.Envelope) (int, http.Header, error) {
		time.Sleep(time.Second)
		return 200, http.Header{"X-Sentry-Rate-Limits": {"60:transaction:key"}}, nil
	}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		d.send(testParcel(wire.ItemEvent, "1"))
		synctest.Wait()
		d.send(testParcel(wire.ItemTransaction, "2"))
		d.send(testParcel(wire.ItemEvent, "3"))
		mustFlush(t, d)
		wantEqual(t, "arrived", s.names(), []string{"1", "3"})
		wantEqual(t, "told", s.told, map[string]int64{"ratelimit_backoff transaction": 1, "ratelimit_backoff span": 1})
	})
}

func TestDeliveryBusy(t *testing.T) {
	t.Parallel()
	f := func(status int, header http.Header, least, most time.Duration) {
		t.Helper()
		var free time.Time
		s := &farServer{}
		s.answer = func(*wire.Envelope) (int, http.Header, error) {
			if time.Now().Before(free) {
				return status, header, nil
			}
			return 200, nil, nil
		}
		deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
			start := time.Now()
			free = start.Add(10 * time.Second)
			d.send(testParcel(wire.ItemEvent, "1"))
			d.send(testParcel(wire.ItemSpan, "2"))
			synctest.Wait()
			for d.stats().Queued > 0 {
				time.Sleep(100 * time.Millisecond)
			}
			got := s.names()
			slices.Sort(got) // what the server fails at long enough lets others pass
			wantEqual(t, "arrived", got, []string{"1", "2"})
			if took := time.Since(start); took < least || took > most {
				t.Errorf("%d %v: took %v, want %v to %v", status, header, took, least, most)
			}
			if st := d.stats(); len(st.Dropped) != 0 || st.Retried == 0 {
				t.Errorf("%d %v: stats = %+v", status, header, st)
			}
		})
	}
	f(429, nil, 10*time.Second, 41*time.Second)
	f(429, http.Header{"Retry-After": {"20"}}, 20*time.Second, 21*time.Second)
	f(429, http.Header{"Retry-After": {"1"}, "X-Sentry-Rate-Limits": {"12::organization:queue_full"}}, 12*time.Second, 30*time.Second)
	f(503, http.Header{"Retry-After": {"15"}}, 15*time.Second, 16*time.Second)
	f(500, nil, 10*time.Second, 41*time.Second)
	f(408, nil, 10*time.Second, 41*time.Second)
}

func TestDeliveryRefused(t *testing.T) {
	t.Parallel()
	f := func(status int, hint string) {
		t.Helper()
		s := &farServer{}
		s.answer = func(e *wire.Envelope) (int, http.Header, error) {
			if payloadOf(e) == "bad" {
				return status, nil, nil
			}
			return 200, nil, nil
		}
		var log []string
		o := deliveryOptions{debugf: func(format string, args ...any) { log = append(log, fmt.Sprintf(format, args...)) }}
		deliver(t, s, o, func(t *testing.T, d *delivery) {
			for _, name := range []string{"bad", "bad", "good"} {
				d.send(testParcel(wire.ItemEvent, name))
				synctest.Wait()
			}
			mustFlush(t, d)
			wantEqual(t, "arrived", s.names(), []string{"good"})
			wantEqual(t, "told", s.told, map[string]int64{"send_error error": 2})
			wantEqual(t, "attempts", len(s.attempts), 3)
			if len(log) != 1 || !strings.Contains(log[0], hint) {
				t.Errorf("%d: log = %q, want once %q", status, log, hint)
			}
		})
	}
	f(400, "400")
	f(401, "check the DSN's key")
	f(403, "check the DSN's key")
	f(404, "check the DSN's project")
	f(413, "less")
	f(301, "scheme")
	f(501, "501")
	f(505, "505")
}

func TestDeliveryPoison(t *testing.T) {
	t.Parallel()
	s := &farServer{}
	poisoned := 0
	s.answer = func(e *wire.Envelope) (int, http.Header, error) {
		if payloadOf(e) == "poison" {
			poisoned++
			return 500, nil, nil
		}
		return 200, nil, nil
	}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		for _, p := range []parcel{testParcel(wire.ItemEvent, "poison"), testParcel(wire.ItemEvent, "1"), testParcel(wire.ItemSpan, "2")} {
			d.send(p)
		}
		mustFlush(t, d)
		wantEqual(t, "arrived", s.names(), []string{"1", "2"})
		wantEqual(t, "attempts at the poison", poisoned, poisonAttempts)
		wantEqual(t, "told", s.told, map[string]int64{"send_error error": 1})
	})
}

// A server that fails at everything for an hour is no reason to lose anything.
func TestDeliveryFailingServer(t *testing.T) {
	t.Parallel()
	var up time.Time
	s := &farServer{answer: func(*wire.Envelope) (int, http.Header, error) {
		if time.Now().Before(up) {
			return 502, nil, nil
		}
		return 200, nil, nil
	}}
	deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
		up = time.Now().Add(time.Hour)
		var want []string
		for i := range 20 {
			want = append(want, fmt.Sprint(i))
			d.send(testParcel(wire.ItemEvent, want[i]))
		}
		mustFlush(t, d)
		got := s.names()
		slices.Sort(got)
		slices.Sort(want)
		wantEqual(t, "arrived", got, want)
		wantEqual(t, "dropped", d.stats().Dropped, map[string]int64{})
	})
}

// TestDeliveryWidth answers nobody until as many have come as may be on the wire at
// once, and checks that it was one before the server had taken anything.
func TestDeliveryWidth(t *testing.T) {
	t.Parallel()
	var together chan struct{}
	var mu sync.Mutex
	waiting, most := 0, 0
	s := &farServer{answer: func(*wire.Envelope) (int, http.Header, error) {
		mu.Lock()
		waiting++
		most = max(most, waiting)
		gate := together
		mu.Unlock()
		if gate != nil {
			<-gate
		}
		mu.Lock()
		waiting--
		mu.Unlock()
		return 200, nil, nil
	}}
	deliver(t, s, deliveryOptions{width: 3}, func(t *testing.T, d *delivery) {
		d.send(testParcel(wire.ItemEvent, "first"))
		d.send(testParcel(wire.ItemEvent, "second"))
		synctest.Wait()
		if most != 1 {
			t.Errorf("%d at once before the server took one", most)
		}
		together = make(chan struct{})
		for i := range 10 {
			d.send(testParcel(wire.ItemEvent, fmt.Sprint(i)))
		}
		synctest.Wait()
		if most != 3 {
			t.Errorf("%d at once, want 3", most)
		}
		close(together)
		synctest.Wait()
		if n := len(s.names()); n != 12 {
			t.Errorf("%d arrived, want 12", n)
		}
	})
}
