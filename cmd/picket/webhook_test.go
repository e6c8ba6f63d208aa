package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
)

// hookSecret is that of the integration at Sentry.
const hookSecret = "5d2f1a8c9b7e6d5c4b3a29180f7e6d5c4b3a29180f7e6d5c4b3a29180f7e6d5c"

// alert is the nth delivery: an alert, of which each is kept once.
func alert(n int) []byte {
	return fmt.Appendf(nil, `{"action":"critical","installation":{"uuid":"1"},"data":{"metric_alert":{"id":"%d","title":"slow","alert_rule":{"name":"p95"},"projects":[]},`+
		`"description_title":"Critical: slow %d","description_text":%q},"actor":{"type":"application","id":"sentry","name":"Sentry"}}`, n, n, strings.Repeat("x", 2000))
}

// hear sends a webhook as Sentry does and returns the id of its delivery; empty when no
// answer came.
func (c *child) hear(client *http.Client, body []byte) (status int, id string) {
	r, err := http.NewRequest(http.MethodPost, c.url("/sentry/webhook"), strings.NewReader(string(body)))
	if err != nil {
		return 0, ""
	}
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write(body)
	r.Header.Set("Request-ID", rand.Text())
	r.Header.Set("Sentry-Hook-Resource", "metric_alert")
	r.Header.Set("Sentry-Hook-Timestamp", strconv.FormatInt(time.Now().Unix(), 10))
	r.Header.Set("Sentry-Hook-Signature", hex.EncodeToString(mac.Sum(nil)))
	a, err := client.Do(r)
	if err != nil {
		return 0, ""
	}
	defer a.Body.Close()
	var said struct{ DeliveryID string }
	if text, err := io.ReadAll(a.Body); err != nil || json.Unmarshal(text, &said) != nil {
		return 0, ""
	}
	return a.StatusCode, said.DeliveryID
}

// heard is what was answered with 200: deliveries by id.
type heard struct {
	mu  sync.Mutex
	ids map[string]int
}

// add notes a delivery, and fails when its id is another's.
func (h *heard) add(t *testing.T, id string, n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if was, ok := h.ids[id]; ok && was != n {
		t.Errorf("delivery %s is of %d and of %d", id, was, n)
	}
	h.ids[id] = n
}

// waitDone asks the server until it has worked on everything.
func (c *child) waitDone() {
	c.t.Helper()
	for until := time.Now().Add(2 * time.Minute); time.Now().Before(until); {
		a, err := http.Get(c.url("/api/v1/deliveries?state=waiting&state=failed&limit=1"))
		if err != nil {
			c.t.Fatal(err)
		}
		var page struct{ Deliveries []struct{ Outcome string } }
		err = json.NewDecoder(a.Body).Decode(&page)
		a.Body.Close()
		if err != nil || a.StatusCode != http.StatusOK {
			c.t.Fatalf("deliveries: %d %v", a.StatusCode, err)
		}
		if len(page.Deliveries) == 0 {
			return
		}
	}
	c.t.Fatal("deliveries still wait")
}

// check holds what is stored against what was answered: every delivery is there and done,
// and each alert is kept once. It returns how many deliveries were worked on more than once.
func (h *heard) check(t *testing.T, dir string) (twice int) {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(dir, "picket.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	in, stored := store.Scope{Org: 1}, map[string]bool{}
	q := store.DeliveryQuery{In: in, Page: store.Page{Limit: 1000}}
	for {
		page, err := db.Deliveries(context.Background(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range page.Deliveries {
			stored[strconv.FormatInt(d.ID, 10)] = true
			if d.State != store.DeliveryDone || d.Tries == 0 {
				t.Errorf("delivery %d is %s after %d tries: %s", d.ID, d.State, d.Tries, d.Outcome)
			}
			if d.Tries > 1 {
				twice++
			}
		}
		if q.Page.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	for id, n := range h.ids {
		if !stored[id] {
			t.Errorf("delivery %s of %d was answered and is not stored", id, n)
		}
	}
	kept := map[string]int{}
	p := store.Page{Limit: 1000}
	for {
		page, err := db.Triggers(context.Background(), in, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, tr := range page.Triggers {
			kept[tr.Title]++
		}
		if p.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	for id, n := range h.ids {
		if times := kept[fmt.Sprintf("Critical: slow %d", n)]; times != 1 {
			t.Errorf("the alert of delivery %s is kept %d times", id, times)
		}
	}
	return twice
}

// TestKillLosesNoWebhook kills the server again and again while webhooks come in, between
// their answers and the work on them. What was answered is worked on afterwards; senders
// send again what was not.
func TestKillLosesNoWebhook(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	flags := []string{"--log-level", "error", "--sentry-webhook-secret", hookSecret}
	h := &heard{ids: map[string]int{}}
	var next atomic.Int64
	for range 4 {
		c := startChild(t, dir, flags...)
		var answered atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				client := &http.Client{Transport: &http.Transport{}}
				defer client.CloseIdleConnections()
				for {
					n := int(next.Add(1))
					status, id := c.hear(client, alert(n))
					if status == 0 {
						return
					}
					if status != http.StatusOK {
						t.Errorf("webhook %d: %d", n, status)
						return
					}
					h.add(t, id, n)
					if answered.Add(1) == 150 {
						c.cmd.Process.Kill()
					}
				}
			})
		}
		wg.Wait()
		c.kill()
	}
	c := startChild(t, dir, flags...)
	c.waitDone()
	c.stop()
	if len(h.ids) < 4*150 {
		t.Errorf("only %d webhooks were answered", len(h.ids))
	}
	h.check(t, dir)
}

// TestWebhookStorm sends a thousand webhooks a second for some seconds and prints how long
// their answers took. Whatever is answered with 200 is stored, and worked on once.
func TestWebhookStorm(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes seconds of both cores")
	}
	const perSecond, seconds = 1000, 3
	dir := t.TempDir()
	c := startChild(t, dir, "--log-level", "error", "--sentry-webhook-secret", hookSecret)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, MaxConnsPerHost: 256}}
	defer client.CloseIdleConnections()
	h := &heard{ids: map[string]int{}}
	took := make([]time.Duration, perSecond*seconds)
	statuses := map[int]int{}
	due := make(chan int, len(took))
	begun := time.Now()
	go func() {
		defer close(due)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for n := 0; n < len(took); <-tick.C { // by the clock, however slow the answers are
			for until := int(time.Since(begun).Seconds() * perSecond); n < min(until, len(took)); n++ {
				due <- n
			}
		}
	}()
	var wg sync.WaitGroup
	for range 128 {
		wg.Go(func() {
			for n := range due {
				planned := begun.Add(time.Duration(n) * time.Second / perSecond)
				status, id := c.hear(client, alert(n))
				took[n] = time.Since(planned)
				if status == http.StatusOK {
					h.add(t, id, n)
				}
				h.mu.Lock()
				statuses[status]++
				h.mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.Sort(took)
	t.Logf("%d webhooks in %s: answers %v; p50 %s, p99 %s, at most %s, from when each was due", len(took), time.Since(begun).Round(time.Millisecond),
		statuses, took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	for status := range statuses {
		if status != http.StatusOK && status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
			t.Errorf("%d answers of %d", statuses[status], status)
		}
	}
	c.waitDone()
	t.Logf("all were worked on after %s", time.Since(begun).Round(time.Millisecond))
	c.stop()
	if len(h.ids) != statuses[http.StatusOK] {
		t.Errorf("%d answers of 200 name %d deliveries", statuses[http.StatusOK], len(h.ids))
	}
	if twice := h.check(t, dir); twice != 0 {
		t.Errorf("%d deliveries were worked on twice", twice)
	}
}
