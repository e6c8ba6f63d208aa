package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"relay.one/picket/internal/server"
	pace "relay.one/picket/internal/upstream"
	"relay.one/picket/wire"
)

// hurried makes a child a server to which a minute of trouble at the upstream is some
// milliseconds.
const hurried = "hurried"

// serveHurriedly is serve at such a pace.
func serveHurriedly() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	config, err := serveConfig(call{os.Args[2:], os.LookupEnv, os.Stdout, os.Stderr})
	if err == nil {
		config.Forwarding.Pace = pace.Pace{Timeout: 150 * time.Millisecond, First: 2 * time.Millisecond, Most: 50 * time.Millisecond, Refused: 50 * time.Millisecond,
			Aside: 10 * time.Millisecond, Longest: 100 * time.Millisecond, Limited: 50 * time.Millisecond, Look: 20 * time.Millisecond, Again: 50 * time.Millisecond}
		var s *server.Server
		if s, err = server.Open(ctx, config.Config); err == nil {
			greet(ctx, os.Stdout, s, config.Config)
			err = s.Run(ctx)
		}
	}
	stop()
	os.Exit(exitCode(err, os.Stderr))
}

// mood is what an upstream does with requests.
type mood int

const (
	well mood = iota
	refusing
	hanging
	limiting
	tooLarge
	failing
	breaking  // off before it answers
	shortened // answers
	barring
	moods
)

// moody is an upstream whose mood changes with the requests and the events that come. It
// knows what it took, which it did only where it answered so.
type moody struct {
	t    *testing.T
	addr string

	mu     sync.Mutex
	random *rand.Rand
	mood   mood
	left   int // until the mood changes
	cured  bool
	server *http.Server
	saw    map[string]bool
	took   map[string]int
	times  [moods]int
}

func newMoody(t *testing.T) *moody {
	m := &moody{t: t, addr: "127.0.0.1:0", random: rand.New(rand.NewPCG(6, 3)), saw: map[string]bool{}, took: map[string]int{}}
	m.open()
	t.Cleanup(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.close()
	})
	return m
}

func (m *moody) dsn() string { return "http://" + strings.Repeat("ab", 16) + "@" + m.addr + "/7" }

// open listens, always at the same address.
func (m *moody) open() {
	l, err := net.Listen("tcp", m.addr)
	if err != nil {
		m.t.Errorf("the upstream: %v", err)
		return
	}
	m.addr = l.Addr().String()
	m.server = &http.Server{Handler: m, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go m.server.Serve(l)
}

func (m *moody) close() {
	if m.server != nil {
		m.server.Close()
		m.server = nil
	}
}

// step lets time pass: moods last for some requests and events.
func (m *moody) step() {
	if m.left--; m.left > 0 || m.cured {
		return
	}
	m.left, m.mood = 10+m.random.IntN(60), mood(m.random.IntN(int(moods)))
	if m.times[m.mood]++; m.mood == refusing {
		m.close()
	} else if m.server == nil {
		m.open()
	}
}

// acknowledged tells that an event was accepted here.
func (m *moody) acknowledged() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.step()
}

// cure makes it well for good.
func (m *moody) cure() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cured, m.mood = true, well
	if m.server == nil {
		m.open()
	}
}

// ServeHTTP implements http.Handler.
func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e, err := readForwarded(r)
	if err != nil {
		return // cut off by a crash, or by ourselves
	}
	m.mu.Lock()
	m.step()
	now := m.mood
	m.saw[e.Header.EventID] = true
	m.mu.Unlock()
	switch now {
	case hanging:
		<-r.Context().Done()
		return
	case breaking, refusing:
		panic(http.ErrAbortHandler)
	case failing:
		w.WriteHeader(500)
		return
	case barring:
		w.WriteHeader(403)
		return
	case tooLarge:
		if len(e.Items) > 1 {
			w.WriteHeader(413)
			return
		}
	case limiting:
		if e.Items[0].Type == wire.ItemTransaction {
			w.Header().Set("X-Sentry-Rate-Limits", "0.05:transaction:project:quota, 0.01:session::")
			w.WriteHeader(429)
			return
		}
	case shortened:
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, "{")
		return
	}
	m.mu.Lock()
	for _, item := range e.Items {
		m.took[e.Header.EventID+" "+item.Type]++
	}
	m.mu.Unlock()
	fmt.Fprint(w, "{}")
}

func readForwarded(r *http.Request) (*wire.Envelope, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = z
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	return wire.ReadEnvelope(b)
}

// TestForwardingSurvives has an upstream in bad moods, and kills the server in between. In
// the end every item of every event that was acknowledged has arrived, none under an id that
// nobody sent, nothing was given up, and nothing waits any more.
func TestForwardingSurvives(t *testing.T) {
	t.Parallel()
	const kills = 6
	dir, up := t.TempDir(), newMoody(t)
	flags := []string{"--log-level", "error", "--upstream-dsn", up.dsn(), "--allow-outbound", "127.0.0.0/8"}
	made, acknowledged := &sync.Map{}, &sync.Map{}
	random := rand.New(rand.NewPCG(4, 2))
	n := 0
	for round := range kills {
		c := startChildAs(t, hurried, dir, flags...)
		for range 150 + random.IntN(250) {
			n++
			id, body := chaosEvent(n)
			made.Store(id, n)
			switch status, answer := c.post(http.DefaultClient, body, ""); status {
			case 200:
				acknowledged.Store(id, n)
				up.acknowledged()
			default:
				t.Fatalf("round %d: answer %d %s", round, status, answer)
			}
		}
		c.kill()
	}
	up.cure()
	c := startChildAs(t, hurried, dir, flags...)
	metrics := untilEmpty(t, c)
	c.stop()

	up.mu.Lock()
	defer up.mu.Unlock()
	count := 0
	acknowledged.Range(func(id, n any) bool {
		count++
		for _, item := range chaosItems(n.(int)) {
			if up.took[id.(string)+" "+item] == 0 {
				t.Errorf("the %s of event %v (%s) never arrived", item, n, id)
			}
		}
		return true
	})
	for id := range up.saw {
		if _, ok := made.Load(id); !ok {
			t.Errorf("an event arrived as %q, which nobody sent", id)
		}
	}
	if dropped := metrics[`picket_outbox_dropped_total{reason="outbox_overflow"}`] + metrics[`picket_outbox_dropped_total{reason="outbox_expired"}`]; dropped > 0 {
		t.Errorf("%v envelopes were given up", dropped)
	}
	twice := 0
	for _, times := range up.took {
		if times > 1 {
			twice++
		}
	}
	t.Logf("%d kills, %d events acknowledged, %d items arrived, %d of them more than once; moods %v", kills, count, len(up.took), twice, up.times)
	if count < 500 || slices.Min(up.times[1:]) == 0 {
		t.Errorf("%d events, moods %v: the test shows too little", count, up.times)
	}
}

// chaosEvent makes the nth event: every third is a transaction, every fourth brings a file.
func chaosEvent(n int) (id string, body []byte) {
	id = fmt.Sprintf("%08x%024x", n, n)
	var b bytes.Buffer
	fmt.Fprintf(&b, "{\"event_id\":%q}\n", id)
	for _, item := range chaosItems(n) {
		payload := fmt.Sprintf(`{"level":"error","message":"it broke %d","extra":{"text":%q}}`, n%7, strings.Repeat("x", n%2000))
		switch item {
		case wire.ItemTransaction:
			now := float64(time.Now().UnixMilli()) / 1000
			payload = fmt.Sprintf(`{"type":"transaction","transaction":"run","start_timestamp":%f,"timestamp":%f,"contexts":{"trace":{"trace_id":%q,"span_id":"%016x"}}}`, now-1, now, id, n)
		case wire.ItemAttachment:
			payload = strings.Repeat("a", n%100)
		}
		fmt.Fprintf(&b, "{\"type\":%q,\"length\":%d}\n%s\n", item, len(payload), payload)
	}
	return id, b.Bytes()
}

func chaosItems(n int) []string {
	items := []string{wire.ItemEvent}
	if n%3 == 0 {
		items[0] = wire.ItemTransaction
	}
	if n%4 == 0 {
		items = append(items, wire.ItemAttachment)
	}
	return items
}

// untilEmpty waits until nothing waits for the upstream, and returns the metrics.
func untilEmpty(t *testing.T, c *child) map[string]float64 {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for {
		m := readMetrics(t, c)
		if m["picket_outbox_envelopes"] == 0 {
			return m
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("%v envelopes wait still", m["picket_outbox_envelopes"])
		}
	}
}

func readMetrics(t *testing.T, c *child) map[string]float64 {
	t.Helper()
	a, err := http.Get(c.url("/metrics"))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		out[name], _ = strconv.ParseFloat(value, 64)
	}
	return out
}
