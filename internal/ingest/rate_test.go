package ingest

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

func TestRate(t *testing.T) {
	t.Parallel()
	d := newDoor(t, Options{})
	f := func(items string, status int, limits, retry string, want ...string) {
		t.Helper()
		d.items = nil
		var b strings.Builder
		b.WriteString("{}\n")
		for _, item := range strings.Fields(items) {
			b.WriteString(`{"type":"` + item + `"}` + "\n{}\n")
		}
		r := d.post("/api/1/envelope/", b.String(), header("X-Sentry-Auth", "Sentry sentry_key="+slowKey))
		if r.StatusCode != status || r.Header.Get("X-Sentry-Rate-Limits") != limits || r.Header.Get("Retry-After") != retry {
			t.Errorf("%s: %d limits %q retry %q, want %d %q %q", items, r.StatusCode,
				r.Header.Get("X-Sentry-Rate-Limits"), r.Header.Get("Retry-After"), status, limits, retry)
		}
		for i := range want {
			want[i] += ":{}"
		}
		d.wantItems(want...)
	}
	f("event attachment", 200, "", "", "event", "attachment")
	f("event", 200, "", "", "event")
	f("event", 429, "30:error:key:rate_limited", "30")
	f("event attachment client_report log", 429, "30:error:key:rate_limited", "30", "client_report", "log")
	f("transaction span", 200, "", "", "transaction", "span")
	f("attachment attachment attachment", 429, "30:attachment:key:rate_limited", "30", "attachment", "attachment")
	d.now = d.now.Add(20 * time.Second)
	f("event", 429, "10:error:key:rate_limited", "10")
	d.now = d.now.Add(10 * time.Second)
	f("event event transaction", 429, "30:error:key:rate_limited", "30", "event", "transaction")
	d.now = d.now.Add(time.Hour)
	f("event event event span span span span", 429, "30:error:key:rate_limited, 30:span:key:rate_limited", "30",
		"event", "event", "span", "span")

	lost := map[string]int64{}
	for _, x := range d.discards {
		if x.Reason != "rate_limited" || x.Source != "server" {
			t.Errorf("discard %+v", x)
		}
		lost[x.Category] += x.Quantity
	}
	if lost["error"] != 5 || lost["attachment"] != 2 || lost["span"] != 2 {
		t.Errorf("lost = %v", lost)
	}
}

func TestRateOfStore(t *testing.T) {
	t.Parallel()
	d := newDoor(t, Options{})
	for i, want := range []int{200, 200, 429} {
		r := d.post("/api/store/", `{"message":"x"}`, header("X-Sentry-Auth", "Sentry sentry_key="+slowKey))
		if r.StatusCode != want {
			t.Errorf("request %d: %d, want %d", i, r.StatusCode, want)
		}
	}
	if len(d.items) != 2 {
		t.Errorf("%d events passed, want 2", len(d.items))
	}
}

func TestDiscardQuantity(t *testing.T) {
	t.Parallel()
	d := newDoor(t, Options{})
	d.fail = model.ErrFull
	d.post("/api/1/envelope/", "{}\n"+`{"type":"span","item_count":3}`+"\n{\"items\":[]}\n"+
		`{"type":"log","item_count":2000000000}`+"\n{}\n"+`{"type":"client_report"}`+"\n{}\n")
	want := []model.Discard{
		{Category: "span", Reason: "disk_full", Source: "server", Quantity: 3},
		{Category: "log_item", Reason: "disk_full", Source: "server", Quantity: 2},
		{Category: "default", Reason: "disk_full", Source: "server", Quantity: 1},
	}
	for i := range want {
		if i >= len(d.discards) || d.discards[i] != want[i] {
			t.Fatalf("discards = %+v, want %+v", d.discards, want)
		}
	}
}

func TestClientIP(t *testing.T) {
	t.Parallel()
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	f := func(peer string, forwarded []string, want string) {
		t.Helper()
		r := &http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": forwarded}}
		if got := clientIP(r, trusted); got != want {
			t.Errorf("%s for %q = %q, want %q", peer, forwarded, got, want)
		}
	}
	f("198.51.100.7:99", nil, "198.51.100.7")
	f("198.51.100.7:99", []string{"203.0.113.1"}, "198.51.100.7")
	f("10.1.1.1:99", nil, "10.1.1.1")
	f("10.1.1.1:99", []string{"203.0.113.1"}, "203.0.113.1")
	f("10.1.1.1:99", []string{"6.6.6.6, 203.0.113.1, 10.2.2.2"}, "203.0.113.1")
	f("10.1.1.1:99", []string{"6.6.6.6", "203.0.113.1"}, "203.0.113.1")
	f("10.1.1.1:99", []string{"nonsense, 10.2.2.2"}, "10.2.2.2")
	f("10.1.1.1:99", []string{"2001:db8::1"}, "2001:db8::1")
	f("[::1]:99", []string{"::ffff:203.0.113.1"}, "203.0.113.1")
	f("@", nil, "")
}

func TestKeysAreRemembered(t *testing.T) {
	t.Parallel()
	asked := 0
	now := time.Unix(0, 0)
	c := &keyCache{gate: countingGate{asked: &asked}, now: func() time.Time { return now }, seen: map[string]cachedKey{}}
	look := func(public string, want int) {
		t.Helper()
		if _, err := c.lookup(t.Context(), public); (err != nil) != (public == unknownKey) {
			t.Errorf("lookup %s: %v", public, err)
		}
		if asked != want {
			t.Errorf("asked %d times, want %d", asked, want)
		}
	}
	look(goodKey, 1)
	look(goodKey, 1)
	look(unknownKey, 2)
	look(unknownKey, 2)
	now = now.Add(keyLife)
	look(goodKey, 3)
	look(unknownKey, 4)
}

// countingGate counts how often it is asked.
type countingGate struct {
	gate
	asked *int
}

func (g countingGate) Key(ctx context.Context, public string) (store.Key, error) {
	*g.asked++
	return g.gate.Key(ctx, public)
}
