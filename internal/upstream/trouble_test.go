package upstream

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
)

// TestPoison has one envelope that the upstream always stumbles over: it holds up nothing.
func TestPoison(t *testing.T) {
	t.Parallel()
	s := newSentry(t)
	cured := false
	poison := fmt.Sprintf("%032x", 3)
	s.next = func(r received) reply {
		if r.Header.EventID == poison && !cured {
			return reply{status: 500}
		}
		return reply{status: 200}
	}
	r := start(t, s.dsn(), func(o *Options) { o.Pace.Aside, o.Pace.Longest = time.Hour, time.Hour })
	for n := range 10 {
		r.put(n+1, nil)
	}
	state := r.until("one is aside", func(s model.UpstreamState) bool { return s.Waiting == 1 && s.Aside == 1 })
	if state.Health != model.UpstreamHealthy || state.Sent != 9 {
		t.Errorf("state = %+v", state)
	}
	list, err := r.Refusals(t.Context(), store.Scope{Org: r.key.Org}, 10)
	if err != nil || len(list) != 1 || list[0].Event.String() != poison || !strings.Contains(list[0].Problem, "500") || list[0].Tries != 1 {
		t.Fatalf("refusals = %+v, %v", list, err)
	}
	s.mu.Lock()
	cured = true
	s.mu.Unlock()
	if err := r.Retry(t.Context(), store.Scope{Org: r.key.Org}); err != nil {
		t.Fatal(err)
	}
	r.empty()
}

// TestTooLarge has the upstream find an envelope too large: it is split, and what cannot be
// split any more is set aside without what was taken.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	s := newSentry(t)
	s.next = func(r received) reply {
		if len(r.Items) > 1 || r.Items[0].Filename == "big" {
			return reply{status: 413, body: `{"detail":"too large"}`}
		}
		return reply{status: 200}
	}
	r := start(t, s.dsn(), func(o *Options) { o.Pace.Aside, o.Pace.Longest = time.Hour, time.Hour })
	id := r.put(1, func(o *model.Outgoing) {
		o.Categories = []string{"error", "attachment"}
		o.Envelope = append(o.Envelope, "{\"type\":\"attachment\",\"filename\":\"big\",\"length\":3}\nbig\n{\"type\":\"attachment\",\"filename\":\"small\",\"length\":1}\ns\n"...)
	})
	r.until("the rest is aside", func(s model.UpstreamState) bool { return s.Aside == 1 })
	got := s.wait(4)
	if len(got) != 4 || len(count(got)) != 1 || got[3].Header.EventID != id || got[3].Items[0].Filename != "small" {
		t.Errorf("%d requests came, of %v", len(got), count(got))
	}
	list, err := r.Refusals(t.Context(), store.Scope{Org: r.key.Org}, 10)
	if err != nil || len(list) != 1 || len(list[0].Categories) != 2 || list[0].Categories[0] != "attachment" {
		t.Fatalf("refusals = %+v, %v", list, err)
	}
	s.mu.Lock()
	s.next = nil
	s.mu.Unlock()
	if err := r.Retry(t.Context(), store.Scope{Org: r.key.Org}); err != nil {
		t.Fatal(err)
	}
	r.empty()
	if last := s.wait(5)[4]; len(last.Items) != 1 || string(last.Items[0].Payload) != "big" {
		t.Errorf("the rest is %q", last.body)
	}
}

// TestParts sends an envelope with several events: each goes under its own id, and what was
// taken does not go again when the upstream is away in between.
func TestParts(t *testing.T) {
	t.Parallel()
	s := newSentry(t)
	fails := 1
	s.next = func(r received) reply {
		if strings.HasSuffix(r.Header.EventID, "2") {
			if fails--; fails >= 0 {
				return reply{status: 503}
			}
		}
		return reply{status: 200}
	}
	r := start(t, s.dsn(), nil)
	r.put(1, func(o *model.Outgoing) {
		item := "{\"type\":\"event\",\"length\":47}\n{\"event_id\":%q}\n"
		o.Envelope = []byte(fmt.Sprintf("{\"event_id\":\"%032x\"}\n"+item+item+item, 1, fmt.Sprintf("%032x", 1), fmt.Sprintf("%032x", 2), fmt.Sprintf("%032x", 3)))
	})
	r.empty()
	got := count(s.wait(4))
	for n, want := range []int{1, 2, 1} {
		if id := fmt.Sprintf("%032x", n+1); got[id] != want {
			t.Errorf("event %d came %d times, want %d", n+1, got[id], want)
		}
	}
}

// TestHold releases and removes what is held.
func TestHold(t *testing.T) {
	t.Parallel()
	s := newSentry(t)
	r := start(t, s.dsn(), func(o *Options) { o.Pace.Again = time.Hour })
	held := func(n byte) func(*model.Outgoing) {
		return func(o *model.Outgoing) { o.Held, o.Trace = true, model.TraceID{n} }
	}
	r.put(1, held(1))
	r.put(2, held(2))
	last := r.put(3, nil)
	r.until("the last has gone", func(s model.UpstreamState) bool { return s.Sent == 1 && s.Waiting == 2 && s.Held == 2 })
	r.write(&model.Batch{Decided: []model.Decision{{Trace: model.TraceID{1}, Keep: true}, {Trace: model.TraceID{2}}}})
	r.empty()
	if got := ids(s.wait(2)); got[0] != last || got[1] != fmt.Sprintf("%032x", 1) {
		t.Errorf("came %v", got)
	}
}

// TestChange gives the project another upstream, and none, without a restart.
func TestChange(t *testing.T) {
	t.Parallel()
	dead, a, b := newSentry(t), newSentry(t), newSentry(t)
	dead.Close()
	r := start(t, dead.dsn(), nil)
	set := func(u settings.Upstream) { r.book.Put(r.key.Org, 0, settings.Settings{Upstream: &u}) }
	r.put(1, nil)
	r.until("it is away", func(s model.UpstreamState) bool { return s.Health == model.UpstreamAway })
	set(settings.Upstream{DSN: a.dsn()})
	a.wait(1)
	r.empty()
	set(settings.Upstream{})
	r.put(2, nil)
	if s := r.state(); s.Health != model.UpstreamNone || s.Waiting != 1 || s.Problem == "" {
		t.Errorf("without an upstream: %+v", s)
	}
	set(settings.Upstream{Customers: []settings.Customer{{Organization: "acme", DSN: b.dsn()}}})
	r.put(3, func(o *model.Outgoing) { o.Organization = "acme" })
	if got := ids(b.wait(1)); got[0] != fmt.Sprintf("%032x", 3) {
		t.Errorf("the customer's upstream got %v", got)
	}
	set(settings.Upstream{DSN: a.dsn()})
	if got := ids(a.wait(2)); got[1] != fmt.Sprintf("%032x", 2) {
		t.Errorf("what waited went to %v", got)
	}
	r.empty()
}

// TestBounds has an upstream away for good: what waits is bounded, the oldest goes first,
// and all of it is counted.
func TestBounds(t *testing.T) {
	t.Parallel()
	s := newSentry(t)
	s.Close()
	r := start(t, s.dsn(), func(o *Options) { o.Bytes = 2000 })
	for n := range 100 {
		r.put(n+1, nil)
	}
	state := r.until("it is bounded, and every one is accounted for", func(s model.UpstreamState) bool {
		return s.Bytes <= 2000 && s.Dropped > 0 && s.Waiting+s.Dropped == 100
	})
	if state.Waiting == 0 {
		t.Errorf("%d were given up, of 100", state.Dropped)
	}
	var out bytes.Buffer
	r.meters.set.WritePrometheus(&out)
	for _, line := range []string{fmt.Sprintf(`picket_outbox_dropped_total{reason="outbox_overflow"} %d`, state.Dropped), "picket_outbox_upstreams_in_trouble 1", fmt.Sprintf("picket_outbox_envelopes %d", state.Waiting)} {
		if !strings.Contains(out.String(), line+"\n") {
			t.Errorf("metrics lack %q:\n%s", line, out.String())
		}
	}
}

// TestStop stops in the middle of a request that hangs.
func TestStop(t *testing.T) {
	t.Parallel()
	s := newSentry(t)
	come, free := make(chan struct{}), make(chan struct{})
	s.next = func(received) reply { close(come); <-free; return reply{status: 200} }
	set := metrics.NewSet()
	r := start(t, s.dsn(), func(o *Options) { o.Pace.Grace = 10 * time.Millisecond; o.Metrics = set })
	r.put(1, nil)
	<-come
	r.end()
	close(free)
	if states, err := r.db.OutboxQueues(t.Context()); err != nil || len(states) != 1 {
		t.Errorf("what was under way is lost: %v, %v", states, err)
	}
}
