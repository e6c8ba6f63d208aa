package ingest

import (
	"context"
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
