package picket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"relay.one/picket/wire"
)

// Who sends, in envelopes, credentials and User-Agent.
const (
	sdkName    = "picket.go"
	sdkVersion = "0.1.0"
)

const (
	deliveryMaxBytes = 8 << 20
	// deliveryWidth is how many envelopes are on the wire at once while the server takes
	// them: one alone would be bounded by how long the server takes to store it. As long as
	// it has taken none, or fails, one is enough to find out.
	deliveryWidth = 6
	// deliveryReportEvery is how long a count of losses waits for an envelope to go with.
	deliveryReportEvery = 30 * time.Second
)

// Why something was lost, in the words of client reports.
const (
	lossOverflow  = "queue_overflow"
	lossRateLimit = "ratelimit_backoff"
	lossSendError = "send_error"
	// lossClosed is ours: nothing can be reported to a server after the end.
	lossClosed = "closed"
)

var errDeliveryClosed = errors.New("closed")

type deliveryOptions struct {
	url       string                           // where envelopes are posted
	auth      string                           // the whole X-Sentry-Auth header
	userAgent string                           // the User-Agent header
	transport http.RoundTripper                // nil: a clone of the default with timeouts
	maxBytes  int                              // of all that waits; zero: 8 MiB
	width     int                              // how many envelopes are on the wire at once; zero: 6
	debugf    func(format string, args ...any) // never nil
	now       func() time.Time                 // nil: time.Now
}

// parcel is one envelope: fields of its header and its items, already JSON.
type parcel struct {
	eventID  string           // empty for containers
	trace    wire.TraceHeader // zero: none
	items    []wire.Item
	category string // data category of the main item
	quantity int    // how many of that category; zero counts as one
	spans    int    // child spans inside a transaction
}

// DeliveryStats says how delivery goes since its start.
type DeliveryStats struct {
	// Queued counts the envelopes that wait or are on the wire.
	Queued int
	// QueuedBytes is what they hold in memory.
	QueuedBytes int64
	// Sent counts the envelopes that the server has taken.
	Sent int64
	// Retried counts the attempts that failed and are made again.
	Retried int64
	// Dropped counts by reason what was lost: events, spans, logs, not envelopes.
	Dropped map[string]int64
}

// delivery is the one way out: a bounded queue, and a goroutine that packs what
// waits and sends it. Whoever calls send never waits for either.
type delivery struct {
	o       deliveryOptions
	ctx     context.Context // ends with the delivery
	cancel  context.CancelFunc
	wake    chan struct{}
	results chan deliveryResult
	done    chan struct{}

	// The goroutine's own.
	packer   parcelPacker
	hold     *time.Timer // ends held
	report   *time.Timer // sends what nobody took along
	ticking  bool        // report runs
	failures int         // in a row
	taken    int64       // envelopes that the server took
	hinted   map[int]bool

	mu       sync.Mutex
	queue    parcelQueue
	flights  []*queuedParcel // on the wire; their bytes still count
	fresh    []*queuedParcel
	waiters  []*deliveryWaiter
	limits   rateLimits
	held     bool // nothing is sent until hold fires
	asked    bool // because the server asked for it
	closed   bool
	reportIn bool // a parcel that only reports losses is in the queue
	serial   uint64
	untold   map[lossKey]int64 // losses that no client report has told yet
	stat     DeliveryStats
}

// newDelivery starts a delivery. Whoever does must close it.
func newDelivery(o deliveryOptions) *delivery {
	o.maxBytes, o.width = cmp.Or(o.maxBytes, deliveryMaxBytes), cmp.Or(o.width, deliveryWidth)
	if o.now == nil {
		o.now = time.Now
	}
	if o.transport == nil {
		o.transport = deliveryTransport()
	}
	ctx, cancel := context.WithCancel(context.Background())
	d := &delivery{
		o: o, ctx: ctx, cancel: cancel,
		wake:    make(chan struct{}, 1),
		results: make(chan deliveryResult, o.width),
		done:    make(chan struct{}),
		hold:    stoppedTimer(), report: stoppedTimer(),
		hinted: map[int]bool{},
		limits: rateLimits{},
		untold: map[lossKey]int64{},
		stat:   DeliveryStats{Dropped: map[string]int64{}},
	}
	go d.run()
	return d
}

func stoppedTimer() *time.Timer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return t
}

// send queues an envelope and owns its payloads from then on. It returns false when
// the envelope was dropped, which is then counted; it never waits for the network.
func (d *delivery) send(p parcel) bool {
	q := newQueuedParcel(p)
	d.mu.Lock()
	defer d.mu.Unlock()
	reason := ""
	switch {
	case d.closed:
		reason = lossClosed
	case !d.admit(q):
		reason = lossRateLimit
	case !d.makeRoom(q):
		reason = lossOverflow
	}
	if reason != "" {
		d.count(q, reason)
		return false
	}
	d.serial++
	q.serial = d.serial
	d.queue.add(q)
	d.fresh = append(d.fresh, q)
	d.poke()
	return true
}

// admit takes out the items of limited categories, and reports whether the main
// one may go.
func (d *delivery) admit(q *queuedParcel) bool {
	if len(d.limits) == 0 {
		return true
	}
	now := d.o.now()
	if d.limits.limited(q.category, now) {
		return false
	}
	for _, l := range q.strip(func(category string) bool { return d.limits.limited(category, now) }) {
		d.owe(lossKey{lossRateLimit, l.category}, l.n)
		d.stat.Dropped[lossRateLimit] += l.n
	}
	return true
}

// makeRoom drops the oldest of the lowest class until q fits, and nothing when
// that would not be enough.
func (d *delivery) makeRoom(q *queuedParcel) bool {
	limit := int64(d.o.maxBytes)
	if d.queue.bytes()+q.size-d.queue.evictable(q.class, d.flights) > limit {
		return false
	}
	for d.queue.bytes()+q.size > limit {
		d.lose(d.queue.takeLowest(), lossOverflow)
	}
	return true
}

// discard counts what was lost before it came here, for the next client report.
func (d *delivery) discard(reason, category string, n int) {
	if n <= 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stat.Dropped[reason] += int64(n)
	d.owe(lossKey{reason, category}, int64(n))
}

// flush waits until all that was queued before has been delivered or given up, and
// what was lost has been told. It returns ctx's error when that comes first.
func (d *delivery) flush(ctx context.Context) error {
	w := d.await()
	if w == nil {
		return nil
	}
	defer d.forget(w)
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-d.done:
		return errDeliveryClosed
	}
}

// close flushes, stops the goroutine and refuses what is sent later. What is left
// when ctx ends is counted as lost, and the error says how many envelopes.
func (d *delivery) close(ctx context.Context) error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	err := d.flush(ctx)
	d.cancel()
	<-d.done
	n := d.abandon()
	if n == 0 {
		return nil
	}
	if err == nil {
		err = errDeliveryClosed // somebody else's close ended before ours
	}
	return fmt.Errorf("close delivery: %d envelopes are lost: %w", n, err)
}

// abandon loses all that is left, and returns how many envelopes that were.
func (d *delivery) abandon() (n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for q := range d.left() {
		if !q.reportOnly() {
			n++
		}
		d.lose(q, lossClosed)
	}
	d.fresh = nil
	return n
}

// left takes one after the other all that is on the wire and in the queue.
func (d *delivery) left() func(yield func(*queuedParcel) bool) {
	return func(yield func(*queuedParcel) bool) {
		flights := d.flights
		d.flights = nil
		for _, q := range flights {
			if !yield(q) {
				return
			}
		}
		for q := d.queue.take(); q != nil && yield(q); q = d.queue.take() {
		}
	}
}

// stats returns how delivery goes.
func (d *delivery) stats() DeliveryStats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.stat
	s.Dropped = maps.Clone(s.Dropped)
	s.QueuedBytes = d.queue.bytes()
	s.Queued = d.outstanding()
	if d.reportIn {
		s.Queued--
	}
	return s
}

// count adds what q holds to the losses.
func (d *delivery) count(q *queuedParcel, reason string) {
	for _, l := range q.tally {
		d.owe(lossKey{reason, l.category}, l.n)
	}
	d.countHere(q, reason)
}

// countHere adds q to the figures, and leaves telling to the server, which knows.
func (d *delivery) countHere(q *queuedParcel, reason string) {
	if len(q.tally) > 0 {
		d.stat.Dropped[reason] += q.tally[0].n
	}
}

// owe adds to what the next client report tells.
func (d *delivery) owe(l lossKey, n int64) {
	if len(d.untold) == 0 {
		d.poke() // the goroutine starts to count the time
	}
	d.untold[l] += n
}

// lose gives q up.
func (d *delivery) lose(q *queuedParcel, reason string) {
	d.count(q, reason)
	d.finish(q)
}

// poke makes the goroutine look again.
func (d *delivery) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}
