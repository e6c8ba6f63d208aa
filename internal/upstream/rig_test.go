package upstream

import (
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
