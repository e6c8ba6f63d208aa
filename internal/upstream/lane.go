package upstream

import (
	"context"
	"slices"
	"sync"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// lane sends to one upstream: in order, several at a time while it is healthy, one at a
// time when it is tried again. Its fields below mu are run's own.
type lane struct {
	*Forwarder
	dsn  wire.DSN
	wake chan struct{}
	done chan result
	end  context.CancelFunc

	mu     sync.Mutex
	queues []store.OutboxQueue
	fresh  map[store.OutboxQueue]bool
	again  bool
	haste  bool
	used   time.Time // when something waited for it last
	shown  condition

	cursors map[store.OutboxQueue]*cursor
	turn    int                  // whose turn it is among the queues
	ready   []store.OutboxRecord // claimed, to be sent next
	flying  int
	window  int // how many may fly
	epoch   int // rises with every trouble
	trouble trouble
	limits  limits
	faults  map[int64]fault
	took    int // what the upstream took, and what it refused for itself
}

// cursor is how far a queue has been looked through.
type cursor struct {
	after int64
	more  bool
}

// trouble is why an upstream is sent nothing for now; zero when there is none.
type trouble struct {
	health  model.UpstreamHealth
	problem string
	since   time.Time
	until   time.Time
	tries   int
}

func (t *trouble) there() bool { return t.health != "" }

// fault is how often an envelope seems to have been what an upstream stumbled over.
type fault struct {
	times int
	took  int // lane.took at that time
}

// condition is what others are told of a lane.
type condition struct {
	trouble trouble
	limits  []model.UpstreamLimit
}

func newLane(f *Forwarder, dsn wire.DSN) *lane {
	return &lane{
		Forwarder: f, dsn: dsn, wake: make(chan struct{}, 1), done: make(chan result, f.pace.InFlight),
		fresh: map[store.OutboxQueue]bool{}, used: f.now(), window: 1,
		cursors: map[store.OutboxQueue]*cursor{}, limits: limits{}, faults: map[int64]fault{},
	}
}

// assign tells the lane which queues it has to send, and which of them have something new.
func (l *lane) assign(queues []store.OutboxQueue, fresh map[store.OutboxQueue]bool, again bool) {
	l.mu.Lock()
	l.queues, l.again = queues, l.again || again
	if len(queues) > 0 {
		l.used = l.now()
	}
	news := again
	for _, q := range queues {
		if fresh[q] || fresh[all] {
			l.fresh[q] = true
			news = true
		}
	}
	l.mu.Unlock()
	if news || len(queues) == 0 {
		l.stir()
	}
}

func (l *lane) stir() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// remembered is how long a lane stays that nothing waits for: it knows what the upstream
// asked for.
const remembered = 10 * time.Minute

func (l *lane) forgotten(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return now.Sub(l.used) > remembered && len(l.shown.limits) == 0
}

// hurry has the upstream tried at once.
func (l *lane) hurry() {
	l.mu.Lock()
	l.haste = true
	l.mu.Unlock()
	l.stir()
}

// run sends until ctx ends.
func (l *lane) run(ctx context.Context) {
	sending, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		l.listen()
		if wait := l.fill(ctx, sending); wait > 0 {
			timer.Reset(wait)
		}
		l.show()
		select {
		case <-ctx.Done():
			l.drain(cut)
			return
		case r := <-l.done:
			l.settle(r)
		case <-l.wake:
		case <-timer.C:
		}
	}
}

// drain waits for what is under way, and cuts it off after a moment.
func (l *lane) drain(cut func()) {
	timer := time.AfterFunc(l.pace.Grace, cut)
	defer timer.Stop()
	for l.flying > 0 {
		l.settle(<-l.done)
	}
	l.drop(func(*store.OutboxRecord) bool { return true })
}

// drop gives up what is ready and matches: it stays in the outbox.
func (l *lane) drop(match func(*store.OutboxRecord) bool) {
	l.ready = slices.DeleteFunc(l.ready, func(r store.OutboxRecord) bool {
		goes := match(&r)
		if goes {
			l.notes.release(r.Seq)
		}
		return goes
	})
}

// listen takes what the lane was told.
func (l *lane) listen() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for q := range l.cursors {
		if !slices.Contains(l.queues, q) {
			delete(l.cursors, q)
			l.drop(func(r *store.OutboxRecord) bool { return r.Queue() == q })
		}
	}
	for _, q := range l.queues {
		if l.cursors[q] == nil {
			l.cursors[q] = &cursor{more: true}
		}
		l.cursors[q].more = l.cursors[q].more || l.fresh[q]
	}
	clear(l.fresh)
	if l.again || l.haste {
		l.rewind()
	}
	if l.haste {
		l.trouble.until = time.Time{}
		clear(l.limits)
	}
	l.again, l.haste = false, false
}

// rewind has every queue looked through from the start: something in it has become due.
func (l *lane) rewind() {
	for _, c := range l.cursors {
		*c = cursor{more: true}
	}
}

// fill begins to send what may be sent, and returns when there may be more: zero for when
// somebody says so.
func (l *lane) fill(ctx, sending context.Context) time.Duration {
	for ctx.Err() == nil {
		now := l.now()
		if l.limits.expire(now) {
			l.rewind()
		}
		if wait := l.trouble.until.Sub(now); l.trouble.there() && wait > 0 {
			return wait
		}
		most := l.window
		if l.trouble.there() {
			most = 1
		}
		if l.flying >= most || l.limits.all() {
			break
		}
		r, ok := l.pick(ctx, now)
		if !ok {
			break
		}
		l.flying++
		epoch := l.epoch
		go func() {
			result := l.send(sending, r)
			result.epoch = epoch
			l.done <- result
		}()
	}
	return l.limits.next(l.now())
}

// pick takes what is to be sent next: the oldest, but what the upstream seems to stumble
// over only when there is nothing else.
func (l *lane) pick(ctx context.Context, now time.Time) (store.OutboxRecord, bool) {
	l.drop(func(r *store.OutboxRecord) bool { return l.limits.hold(r.Categories) })
	blameless := func(r store.OutboxRecord) bool { return l.faults[r.Seq].times == 0 }
	if !slices.ContainsFunc(l.ready, blameless) {
		l.fetch(ctx, now)
	}
	if len(l.ready) == 0 {
		return store.OutboxRecord{}, false
	}
	best := 0
	for i := range l.ready {
		if l.faults[l.ready[i].Seq].times < l.faults[l.ready[best].Seq].times {
			best = i
		}
	}
	r := l.ready[best]
	l.ready = slices.Delete(l.ready, best, best+1)
	return r, true
}

// page is how many envelopes are looked at at a time.
const page = 64

// fetch looks for what may be sent, in one queue after the other.
func (l *lane) fetch(ctx context.Context, now time.Time) {
	queues := l.inTurn()
	for i := range queues {
		q := queues[(l.turn+i)%len(queues)]
		c := l.cursors[q]
		if !c.more {
			continue
		}
		list, err := l.outbox.Outgoing(ctx, store.OutboxQuery{Queue: q, After: c.after, Now: now, Limited: l.limits.categories(), Limit: page})
		if err != nil {
			if ctx.Err() == nil {
				l.log.Error("look into the outbox", "error", err)
			}
			c.more = false // until the next look
			continue
		}
		c.more = len(list) == page
		for _, r := range list {
			c.after = r.Seq
			if l.notes.claim(r.Seq) {
				l.ready = append(l.ready, r)
			}
		}
		if len(list) > 0 {
			l.turn = (l.turn + i + 1) % len(queues)
			return
		}
	}
}

// inTurn returns the queues in an order that stays.
func (l *lane) inTurn() []store.OutboxQueue {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.queues
}

// show tells others how the upstream takes what it is sent.
func (l *lane) show() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shown = condition{l.trouble, l.limits.list()}
}
