package upstream

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

func TestForward(t *testing.T) {
	t.Parallel()
	s := newSentry(t)
	now := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	r := start(t, s.dsn(), func(o *Options) { o.Now = func() time.Time { return now } })
	long := strings.Repeat("x", 5000)
	r.write(&model.Batch{Outgoing: &model.Outgoing{
		Hops: 1, ClientIP: "203.0.113.9", Categories: []string{"error", "attachment"},
		Envelope: []byte("{\"event_id\":\"00000000000000000000000000000001\",\"trace\":{\"trace_id\":\"t\"},\"custom\":1}\n{\"type\":\"attachment\",\"length\":5000,\"filename\":\"a\"}\n" + long + "\n"),
		SentAt:   now.Add(-time.Hour),
	}})
	got := s.wait(1)[0]
	if got.path != "/api/7/envelope/" || got.header.Get("Content-Type") != "application/x-sentry-envelope" || got.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("request to %s with %v", got.path, got.header)
	}
	if a, err := wire.ParseAuth(got.header.Get("X-Sentry-Auth")); err != nil || a.Key != testKey || a.Client != "picket/1.0" || a.Version != 7 {
		t.Errorf("auth = %+v, %v", a, err)
	}
	if got.header.Get("X-Picket-Forwarded") != "2" || got.header.Get("X-Forwarded-For") != "203.0.113.9" {
		t.Errorf("hops = %q, client = %q", got.header.Get("X-Picket-Forwarded"), got.header.Get("X-Forwarded-For"))
	}
	h := got.Header
	if h.DSN != s.dsn() || h.Trace.PublicKey != testKey || h.Trace.TraceID != "t" || !bytes.Contains(h.Raw, []byte(`"custom":1`)) {
		t.Errorf("header = %s", h.Raw)
	}
	// The batch was received at the wall clock; what it waited by that of the forwarder is
	// never negative.
	if drift := now.Sub(h.SentAt); drift > time.Hour {
		t.Errorf("sent_at = %v", h.SentAt)
	}
	if len(got.Items) != 1 || string(got.Items[0].Payload) != long || got.Items[0].Filename != "a" {
		t.Errorf("items = %+v", got.Items)
	}
	r.empty()
	if s := r.state(); s.Sent != 1 || s.Health != model.UpstreamHealthy || strings.Contains(s.DSN, testKey) {
		t.Errorf("state = %+v", s)
	}
}

func TestSentAt(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	r := store.OutboxRecord{Time: at, Outgoing: model.Outgoing{SentAt: at.Add(-2 * time.Hour)}}
	if got := sentAt(r, at.Add(5*time.Hour)); !got.Equal(at.Add(3 * time.Hour)) {
		t.Errorf("five hours later: %v", got)
	}
	if got := sentAt(r, at.Add(-time.Hour)); !got.Equal(r.SentAt) {
		t.Errorf("with a clock that was turned back: %v", got)
	}
	if got := sentAt(store.OutboxRecord{Time: at}, at); !got.IsZero() {
		t.Errorf("of a client that tells none: %v", got)
	}
}

// TestOrder sends many through a healthy upstream, one at a time at first: they begin in
// the order in which they came.
func TestOrder(t *testing.T) {
	t.Parallel()
	s := newSentry(t)
	r := start(t, s.dsn(), func(o *Options) { o.Pace.InFlight = 1 })
	for n := range 50 {
		r.put(n+1, nil)
	}
	for n, id := range ids(s.wait(50)) {
		if want := fmt.Sprintf("%032x", n+1); id != want {
			t.Fatalf("number %d is %s", n, id)
		}
	}
	r.empty()
}

// TestLimits has the upstream limit one category: that waits, the others pass it.
func TestLimits(t *testing.T) {
	t.Parallel()
	s := newSentry(t)
	limited := true
	s.next = func(r received) reply {
		if r.Items[0].Type == "transaction" && limited {
			limited = false
			return reply{status: 429, header: map[string]string{"X-Sentry-Rate-Limits": "0.3:transaction;unheard:project:quota, 60:unheard:key"}}
		}
		return reply{status: 200}
	}
	r := start(t, s.dsn(), func(o *Options) { o.Pace.InFlight = 1; o.Pace.Again = time.Hour })
	transaction := func(o *model.Outgoing) {
		o.Categories = []string{"transaction"}
		o.Envelope = bytes.Replace(o.Envelope, []byte(`"event"`), []byte(`"transaction"`), 1)
	}
	first := r.put(1, transaction)
	s.wait(1)
	r.until("it is limited", func(s model.UpstreamState) bool { return s.Health == model.UpstreamLimited })
	second := r.put(2, transaction)
	third := r.put(3, nil)
	got := ids(s.wait(4))
	want := []string{first, third, first, second}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("came %v, want %v", got, want)
			break
		}
	}
	r.empty()
	if s := r.state(); s.Aside != 0 || s.Health != model.UpstreamHealthy {
		t.Errorf("state = %+v", s)
	}
}

// TestLimitOn200 has the upstream take an envelope and limit what comes after it.
func TestLimitOn200(t *testing.T) {
	t.Parallel()
	s := newSentry(t)
	s.next = func(r received) reply {
		return reply{status: 200, header: map[string]string{"X-Sentry-Rate-Limits": "3600::organization"}}
	}
	r := start(t, s.dsn(), nil)
	r.put(1, nil)
	r.until("it is limited", func(s model.UpstreamState) bool { return s.Health == model.UpstreamLimited && s.Sent == 1 })
	r.put(2, nil)
	if state := r.state(); len(state.Limits) != 1 || state.Limits[0].Category != "" || state.Waiting == 0 {
		t.Errorf("state = %+v", state)
	}
	s.mu.Lock()
	s.next = nil
	s.mu.Unlock()
	if err := r.Retry(t.Context(), store.Scope{Org: r.key.Org}); err != nil {
		t.Fatal(err)
	}
	r.empty()
	if n := len(s.wait(2)); n != 2 {
		t.Errorf("%d requests came", n)
	}
}

// TestAway has the upstream stumble in every way: each envelope arrives in the end, and
// none with another id.
func TestAway(t *testing.T) {
	t.Parallel()
	f := func(name string, bad reply) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSentry(t)
			left := 5
			took := map[string]bool{}
			s.next = func(r received) reply {
				if left--; left >= 0 {
					return bad
				}
				took[r.Header.EventID] = true
				return reply{status: 200, body: "{}"}
			}
			r := start(t, s.dsn(), nil)
			for n := range 20 {
				r.put(n+1, nil)
			}
			r.empty()
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(took) != 20 || len(count(s.got)) != 20 {
				t.Errorf("%d envelopes were taken, of %d ids", len(took), len(count(s.got)))
			}
		})
	}
	f("500", reply{status: 500})
	f("503", reply{status: 503, header: map[string]string{"Retry-After": "0.01"}})
	f("broken off", reply{status: 0})
	f("broken off in the answer", reply{status: 200, short: true, body: "{"})
	f("key refused", reply{status: 403, body: `{"detail":"bad key"}`})
	f("no Sentry", reply{status: 200, header: map[string]string{"Content-Type": "text/html"}, body: "<h1>Welcome</h1>"})
	f("limited", reply{status: 429})
}

// TestHeld has the upstream refuse the key: it says so, and is asked again with one
// envelope at a time.
func TestHeld(t *testing.T) {
	t.Parallel()
	s := newSentry(t)
	good := false
	s.next = func(received) reply {
		if good {
			return reply{status: 200}
		}
		return reply{status: 401, body: `{"detail":"unknown key"}`}
	}
	r := start(t, s.dsn(), func(o *Options) { o.Pace.Refused = time.Hour })
	r.put(1, nil)
	state := r.until("it refuses", func(s model.UpstreamState) bool { return s.Health == model.UpstreamRefuses })
	if !strings.Contains(state.Problem, "unknown key") || !strings.Contains(state.Problem, "DSN") || state.Since.IsZero() || time.Until(state.Next) < 50*time.Minute {
		t.Errorf("state = %+v", state)
	}
	for n := range 5 {
		r.put(n+2, nil)
	}
	s.mu.Lock()
	if len(s.got) != 1 {
		t.Errorf("%d requests came", len(s.got))
	}
	good = true
	s.mu.Unlock()
	if err := r.Retry(t.Context(), store.Scope{Org: r.key.Org + 1}); err != nil {
		t.Fatal(err)
	}
	if err := r.Retry(t.Context(), store.Scope{Org: r.key.Org}); err != nil {
		t.Fatal(err)
	}
	r.empty()
}
