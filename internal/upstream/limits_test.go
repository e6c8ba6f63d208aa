package upstream

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"relay.one/picket/wire"
)

func TestReadLimits(t *testing.T) {
	t.Parallel()
	f := func(header string, want ...limit) {
		t.Helper()
		if got := readLimits(header); !slices.Equal(got, want) {
			t.Errorf("limits of %q = %v, want %v", header, got, want)
		}
	}
	f("60:error;transaction:project:quota_exceeded, 2700::organization",
		limit{"error", time.Minute}, limit{"transaction", time.Minute}, limit{"", 45 * time.Minute})
	f("1.5:log_item", limit{"log_item", 1500 * time.Millisecond})
	f("60:unheard:key", []limit(nil)...)
	f("60:unheard;span:key", limit{"span", time.Minute})
	f("99999999999:error", limit{"error", longestLimit})
	f("60: :organization", limit{"", time.Minute})
	for _, none := range []string{"", "60", "0::organization", "-1::key", "NaN::key", "x::key", ":", ",,,"} {
		f(none)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	f := func(header string, want time.Duration) {
		t.Helper()
		if got := readRetryAfter(header, now); got != want {
			t.Errorf("Retry-After %q = %v, want %v", header, got, want)
		}
	}
	f("60", time.Minute)
	f(" 0.5 ", 500*time.Millisecond)
	f(now.Add(time.Hour).Format(http.TimeFormat), time.Hour)
	f(now.Add(-time.Hour).Format(http.TimeFormat), 0)
	f("1e300", longestLimit)
	f("", 0)
	f("-1", 0)
	f("soon", 0)
}

func TestLimitsExpire(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	l := limits{}
	l.extend(limit{"error", time.Minute}, now)
	l.extend(limit{"error", time.Second}, now) // deadlines only move on
	l.extend(limit{"span", time.Hour}, now)
	if !l.hold([]string{"attachment", "error"}) || l.hold([]string{"attachment"}) || l.hold(nil) || l.all() {
		t.Errorf("limits = %v", l)
	}
	if wait := l.next(now); wait != time.Minute {
		t.Errorf("the next is over in %v", wait)
	}
	if l.expire(now.Add(59*time.Second)) || !l.expire(now.Add(time.Minute)) || l.hold([]string{"error"}) {
		t.Errorf("a minute later: %v", l)
	}
	l.extend(limit{"", time.Minute}, now)
	if !l.all() || !l.hold(nil) {
		t.Errorf("limits of all = %v", l)
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	f := func(tries int, want time.Duration) {
		t.Helper()
		if got := backoff(500*time.Millisecond, time.Minute, tries); got != want {
			t.Errorf("after %d tries: %v, want %v", tries, got, want)
		}
	}
	f(0, 500*time.Millisecond)
	f(1, time.Second)
	f(3, 4*time.Second)
	f(7, time.Minute)
	f(1_000_000, time.Minute)
}

// FuzzLimits reads what upstreams may say.
func FuzzLimits(f *testing.F) {
	f.Add("60:error;transaction:project:quota_exceeded, 2700::organization")
	f.Add("1e9:error;;:::,NaN:span")
	f.Fuzz(func(t *testing.T, header string) {
		for _, l := range readLimits(header) {
			if l.long <= 0 || l.long > longestLimit || l.category != "" && !wire.KnownCategory(l.category) {
				t.Errorf("limits of %q: %+v", header, l)
			}
		}
		if d := readRetryAfter(header, time.Unix(0, 0)); d < 0 || d > longestLimit {
			t.Errorf("Retry-After %q: %v", header, d)
		}
	})
}

// FuzzAddress writes what depends on the upstream into any header, and splits any envelope.
func FuzzAddress(f *testing.F) {
	f.Add([]byte(`{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc","trace":{"trace_id":"a"},"sdk":{}}`), []byte("{\"type\":\"event\",\"length\":2}\n{}\n"))
	f.Add([]byte(`{"trace":{},"trace":[],"dsn":"x"}`), []byte("{}\n\n"))
	d, err := wire.ParseDSN("https://" + testKey + ":secret@sentry.example.com/7")
	if err != nil {
		f.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, head, items []byte) {
		e, err := wire.ReadEnvelope(fmt.Appendf(nil, "%s\n%s", head, items))
		if err != nil {
			return
		}
		envelope := assemble(e.Header.Raw, e.Items)
		p, err := split(envelope)
		if err != nil || len(p.items) != len(e.Items) {
			return // a header without a length, in front of what has line feeds: ours have one
		}
		line, err := address(p.header, d, at)
		if err != nil {
			return
		}
		for _, item := range p.items {
			if _, err := wire.ReadEnvelope(p.one(item)); err != nil {
				t.Errorf("a part cannot be read: %v", err)
			}
		}
		got, err := wire.ReadEnvelope(line)
		if err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if e.Header.DSN == "" && got.Header.DSN != "https://"+testKey+"@sentry.example.com/7" || e.Header.SentAt.IsZero() && !got.Header.SentAt.Equal(at) {
			t.Errorf("header = %s", line)
		}
	})
}
