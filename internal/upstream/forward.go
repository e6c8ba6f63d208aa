package upstream

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// Options says what forwarding needs. Outbox, Settings and Client must be set.
type Options struct {
	Outbox   store.Outbox
	Settings *settings.Book
	// Client calls upstreams. It follows no redirects, and its own timeout is longer than
	// those of Pace.
	Client *http.Client
	// Version is what upstreams are told of this build.
	Version string
	// Bytes and Age bound what waits; zero means 1 GiB and 3 days.
	Bytes int64
	Age   time.Duration
	Pace  Pace
	// Metrics takes the counters; nil keeps them to ourselves.
	Metrics *metrics.Set
	// Log is told what goes wrong; nil means slog.Default().
	Log *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Pace says how many and how often. Zero fields are right.
type Pace struct {
	InFlight int           // envelopes under way to one upstream; 16
	Timeout  time.Duration // of one, but for the time that its bytes take; 30 s
	First    time.Duration // bounds the first wait for an upstream that is away; 500 ms
	Most     time.Duration // bounds the longest; 1 min
	Refused  time.Duration // between two tries of an upstream that refuses the key; 1 min
	Aside    time.Duration // until the second try of an envelope that was refused for itself; 1 min
	Longest  time.Duration // between the last ones; 1 h
	Limited  time.Duration // for an upstream that limits without saying for how long; 1 min
	Look     time.Duration // between two looks at what waits, whatever is told meanwhile; 1 s
	Again    time.Duration // between two looks from the start, at what has become due; 10 s
	Grace    time.Duration // for what is under way when forwarding ends; 5 s
}

func (p Pace) withDefaults() Pace {
	return Pace{
		InFlight: cmp.Or(p.InFlight, 16), Timeout: cmp.Or(p.Timeout, 30*time.Second),
		First: cmp.Or(p.First, 500*time.Millisecond), Most: cmp.Or(p.Most, time.Minute), Refused: cmp.Or(p.Refused, time.Minute),
		Aside: cmp.Or(p.Aside, time.Minute), Longest: cmp.Or(p.Longest, time.Hour), Limited: cmp.Or(p.Limited, time.Minute),
		Look: cmp.Or(p.Look, time.Second), Again: cmp.Or(p.Again, 10*time.Second), Grace: cmp.Or(p.Grace, 5*time.Second),
	}
}

// The bounds of the outbox where the operator names no others.
const (
	DefaultBytes = 1 << 30
	DefaultAge   = 3 * 24 * time.Hour
)

// Forwarder sends the outbox to the upstreams. Each upstream has a lane of its own, so that
// one that is away keeps nobody else waiting. It is safe for concurrent use.
type Forwarder struct {
	outbox  store.Outbox
	book    *settings.Book
	client  *http.Client
	version string
	bytes   int64
	age     time.Duration
	pace    Pace
	log     *slog.Logger
	now     func() time.Time
	meters  *meters

	news  chan struct{} // something was queued, decided or asked for
	slots chan struct{} // of envelopes under way, to all upstreams
	large chan struct{} // of large ones among them
	notes *notes

	mu    sync.Mutex
	lanes map[string]*lane // by DSN
	fresh map[store.OutboxQueue]bool
	again bool // look from the start
	sums  map[store.OutboxQueue]*sum
}

// sum is what became of a queue since the start.
type sum struct{ sent, dropped int64 }

// allInFlight is the most envelopes under way to all upstreams together, and large is from
// what size on only one is: that bounds the memory of forwarding.
const (
	allInFlight = 64
	large       = 1 << 20
)

// New returns a forwarder, which works while Run runs.
func New(o Options) *Forwarder {
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Metrics == nil {
		o.Metrics = metrics.NewSet()
	}
	f := &Forwarder{
		outbox: o.Outbox, book: o.Settings, client: o.Client, version: cmp.Or(o.Version, "unknown"),
		bytes: cmp.Or(o.Bytes, DefaultBytes), age: cmp.Or(o.Age, DefaultAge), pace: o.Pace.withDefaults(), log: o.Log, now: o.Now,
		news: make(chan struct{}, 1), slots: make(chan struct{}, allInFlight), large: make(chan struct{}, 1),
		lanes: map[string]*lane{}, fresh: map[store.OutboxQueue]bool{}, sums: map[store.OutboxQueue]*sum{},
	}
	f.notes = newNotes(f)
	f.meters = newMeters(o.Metrics, f)
	return f
}

// Run forwards until ctx ends. Then it begins nothing more, gives what is under way a
// moment, and returns once all that was taken is noted.
func (f *Forwarder) Run(ctx context.Context) {
	var workers sync.WaitGroup
	defer workers.Wait()
	noting, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	workers.Go(func() { f.notes.run(noting) })
	workers.Go(func() { f.trim(ctx) })
	var lanes sync.WaitGroup
	defer lanes.Wait()
	look := time.NewTicker(f.pace.Look)
	defer look.Stop()
	again := time.NewTicker(f.pace.Again)
	defer again.Stop()
	for {
		f.route(ctx, &lanes)
		select {
		case <-ctx.Done():
			return
		case <-f.news:
		case <-look.C:
			f.lookAtAll(false)
		case <-again.C:
			f.lookAtAll(true)
		}
	}
}

// lookAtAll has every queue looked at, behind what was seen of it or from the start.
func (f *Forwarder) lookAtAll(again bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.again = f.again || again
	f.fresh[all] = true
}

// all stands for every queue.
var all = store.OutboxQueue{}

// Wake says that something may be sent now that was just committed.
func (f *Forwarder) Wake(q store.OutboxQueue) {
	f.mu.Lock()
	f.fresh[q] = true
	f.mu.Unlock()
	f.poke()
}

func (f *Forwarder) poke() {
	select {
	case f.news <- struct{}{}:
	default: // it is going to look anyway
	}
}

// Behind returns a writer that writes with w and then has what was queued sent.
func (f *Forwarder) Behind(w store.Writer) store.Writer { return behind{w, f} }

type behind struct {
	store.Writer
	forwarder *Forwarder
}

// Write implements store.Writer.
func (b behind) Write(ctx context.Context, batch *model.Batch) (store.Receipt, error) {
	r, err := b.Writer.Write(ctx, batch)
	switch o := batch.Outgoing; {
	case err != nil:
	case len(batch.Decided) > 0:
		b.forwarder.lookAtAll(true)
		b.forwarder.poke()
	case o != nil && !o.Held:
		b.forwarder.Wake(store.OutboxQueue{Org: batch.Org, Project: batch.Project, Organization: o.Organization})
	}
	return r, err
}

// Retry has everything tried again now that waits for a while in the projects of a scope.
func (f *Forwarder) Retry(ctx context.Context, in store.Scope) error {
	if err := f.outbox.Hurry(ctx, in); err != nil {
		return err
	}
	states, err := f.outbox.OutboxQueues(ctx)
	if err != nil {
		return err
	}
	f.mu.Lock()
	for _, s := range states {
		if s.Org != in.Org || len(in.Projects) > 0 && !slices.Contains(in.Projects, s.Project) {
			continue
		}
		if l := f.lanes[f.dsnOf(s.OutboxQueue)]; l != nil {
			l.hurry()
		}
	}
	f.mu.Unlock()
	f.lookAtAll(true)
	f.poke()
	return nil
}

// dsnOf returns where a queue goes now; empty when nowhere.
func (f *Forwarder) dsnOf(q store.OutboxQueue) string {
	dsn, _ := f.book.Of(q.Org, q.Project).Upstream.DSNOf(q.Organization)
	return dsn
}

// route gives every queue with something waiting to the lane of its upstream.
func (f *Forwarder) route(ctx context.Context, running *sync.WaitGroup) {
	states, err := f.outbox.OutboxQueues(ctx)
	if err != nil {
		f.log.Error("look into the outbox", "error", err)
		return
	}
	byDSN := map[string][]store.OutboxQueue{}
	for i := range states {
		if dsn := f.dsnOf(states[i].OutboxQueue); dsn != "" {
			byDSN[dsn] = append(byDSN[dsn], states[i].OutboxQueue)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	fresh, again := f.fresh, f.again
	f.fresh, f.again = map[store.OutboxQueue]bool{}, false
	for dsn := range byDSN {
		if f.lanes[dsn] == nil {
			f.open(ctx, dsn, running)
		}
	}
	for dsn, l := range f.lanes {
		l.assign(byDSN[dsn], fresh, again)
		if byDSN[dsn] == nil && l.forgotten(f.now()) {
			l.end()
			delete(f.lanes, dsn)
		}
	}
}

// open starts the lane of an upstream.
func (f *Forwarder) open(ctx context.Context, dsn string, running *sync.WaitGroup) {
	d, err := wire.ParseDSN(dsn)
	if err != nil {
		return // it was checked when it was set; what waits, waits
	}
	ctx, end := context.WithCancel(ctx)
	l := newLane(f, d)
	l.end = end
	f.lanes[dsn] = l
	running.Go(func() { l.run(ctx) })
}
