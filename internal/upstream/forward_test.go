package upstream

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

const testKey = "0123456789abcdef0123456789abcdef"

// quick is a pace at which an hour of trouble takes a second.
var quick = Pace{First: time.Millisecond, Most: 20 * time.Millisecond, Refused: 20 * time.Millisecond, Aside: 10 * time.Millisecond,
	Longest: 50 * time.Millisecond, Limited: 20 * time.Millisecond, Look: 5 * time.Millisecond, Again: 20 * time.Millisecond, Timeout: 5 * time.Second}

// sentry is an upstream that does what it is told.
type sentryServer struct {
	*httptest.Server
	t *testing.T

	mu   sync.Mutex
	got  []received
	next func(r received) reply // what it answers; nil takes everything
	came chan struct{}
}

// received is a request as it came.
type received struct {
	header http.Header
	path   string
	body   []byte // unpacked
	*wire.Envelope
}

// reply is an answer; status 0 breaks the connection off.
type reply struct {
	status int
	header map[string]string
	body   string
	// short promises more of a body than there is.
	short bool
}

func newSentry(t *testing.T) *sentryServer {
	s := &sentryServer{t: t, came: make(chan struct{}, 10000)}
	s.Server = httptest.NewUnstartedServer(s)
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *sentryServer) dsn() string {
	return strings.Replace(s.URL, "://", "://"+testKey+"@", 1) + "/7"
}

// ServeHTTP implements http.Handler.
func (s *sentryServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	got, err := readRequest(r)
	if err != nil {
		s.t.Errorf("what was sent cannot be read: %v", err)
	}
	s.mu.Lock()
	answer := reply{status: 200, body: "{}"}
	if s.next != nil {
		answer = s.next(got)
	}
	s.got = append(s.got, got)
	s.mu.Unlock()
	defer func() { s.came <- struct{}{} }()
	for k, v := range answer.header {
		w.Header().Set(k, v)
	}
	switch {
	case answer.status == 0:
		panic(http.ErrAbortHandler)
	case answer.short:
		w.Header().Set("Content-Length", "1000")
	}
	w.WriteHeader(answer.status)
	io.WriteString(w, answer.body)
}

func readRequest(r *http.Request) (got received, err error) {
	got = received{header: r.Header, path: r.URL.Path}
	body := r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(r.Body); err != nil {
			return got, err
		}
	}
	if got.body, err = io.ReadAll(body); err != nil {
		return got, err
	}
	got.Envelope, err = wire.ReadEnvelope(got.body)
	return got, err
}

// wait waits until so many requests have come in.
func (s *sentryServer) wait(n int) []received {
	s.t.Helper()
	for {
		s.mu.Lock()
		got := s.got
		s.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-s.came:
		case <-s.t.Context().Done():
			return got
		case <-time.After(10 * time.Second):
			s.t.Fatalf("%d requests came, want %d", len(got), n)
		}
	}
}

// rig is a store with a forwarder.
type rig struct {
	*Forwarder
	t   *testing.T
	db  *sqlite.DB
	key store.Key
	end func()
}

// start starts a forwarder to that DSN.
func start(t *testing.T, dsn string, change func(*Options)) *rig {
	t.Helper()
	db, err := sqlite.Open(filepath.Join(t.TempDir(), "picket.db"), sqlite.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	key, err := db.Bootstrap(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	base := settings.Defaults()
	base.Upstream.DSN = dsn
	o := Options{Outbox: db, Settings: settings.NewBook(base), Client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}, Version: "1.0", Pace: quick, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	r := &rig{t: t, Forwarder: New(o), db: db, key: key}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx) }()
	var once sync.Once
	r.end = func() { once.Do(func() { cancel(); <-ended }) }
	t.Cleanup(func() {
		r.end()
		o.Client.CloseIdleConnections()
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// put queues an envelope with one event of the nth id and returns the id.
func (r *rig) put(n int, change func(*model.Outgoing)) string {
	r.t.Helper()
	id := fmt.Sprintf("%032x", n)
	o := &model.Outgoing{Categories: []string{"error"}, Envelope: []byte(fmt.Sprintf("{\"event_id\":%q}\n{\"type\":\"event\",\"length\":2}\n{}\n", id))}
	o.Event, _ = model.ParseEventID(id)
	if change != nil {
		change(o)
	}
	r.write(&model.Batch{Outgoing: o})
	return id
}

func (r *rig) write(b *model.Batch) {
	r.t.Helper()
	b.Org, b.Project, b.Received = r.key.Org, r.key.Project, time.Now()
	if _, err := r.Behind(r.db).Write(r.t.Context(), b); err != nil {
		r.t.Fatal(err)
	}
}

// empty waits until nothing waits any more.
func (r *rig) empty() {
	r.until("the outbox is empty", func(s model.UpstreamState) bool { return s.Waiting == 0 })
}

// until waits for a state.
func (r *rig) until(what string, is func(model.UpstreamState) bool) model.UpstreamState {
	r.t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		s := r.state()
		if is(s) {
			return s
		}
		select {
		case <-tick.C:
		case <-deadline:
			r.t.Fatalf("waited in vain until %s: %+v", what, s)
		}
	}
}

func (r *rig) state() model.UpstreamState {
	r.t.Helper()
	states, err := r.States(r.t.Context(), r.key.Org, []model.ProjectID{r.key.Project})
	if err != nil || len(states) == 0 {
		r.t.Fatalf("states = %v, %v", states, err)
	}
	return states[0]
}

// ids returns the ids of requests in their order.
func ids(got []received) (out []string) {
	for _, g := range got {
		out = append(out, g.Header.EventID)
	}
	return out
}

// count returns how often each id came.
func count(got []received) map[string]int {
	out := map[string]int{}
	for _, id := range ids(got) {
		out[id]++
	}
	return out
}

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
