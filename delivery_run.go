package picket

import (
	"slices"
	"time"
)

// poisonAttempts is after how many answers of 5xx an envelope is given up, when
// others get through.
const poisonAttempts = 8

// deliveryWaiter is a flush that waits for all up to a serial number.
type deliveryWaiter struct {
	serial uint64
	left   int
	done   chan struct{}
}

// run packs and sends until the delivery ends. An attempt has a goroutine of its
// own, so that what comes while a server hangs is packed all the same.
func (d *delivery) run() {
	defer close(d.done)
	defer d.hold.Stop()
	defer d.report.Stop()
	again := make(chan struct{})
	close(again)
	for d.ctx.Err() == nil {
		d.launch()
		d.startReport()
		var more chan struct{}
		if d.packNext() {
			more = again
		}
		select {
		case r := <-d.results:
			d.settle(r)
		case <-d.hold.C:
			d.release()
		case <-d.report.C:
			d.ticking = false
			d.reportSoon()
		case <-more:
		case <-d.wake:
		case <-d.ctx.Done():
		}
	}
}

// launch starts the attempts that may be under way now.
func (d *delivery) launch() {
	for q, told := d.next(); q != nil; q, told = d.next() {
		d.pack(q)
		go d.attempt(q, told)
	}
}

// width is how many attempts may be under way.
func (d *delivery) width() int {
	if d.failures > 0 || d.taken == 0 {
		return 1
	}
	return d.o.width
}

// next takes what is sent next, and the losses that are told with it.
func (d *delivery) next() (*queuedParcel, map[lossKey]int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.flights) >= d.width() || d.held {
		return nil, nil
	}
	for q := d.queue.take(); q != nil; q = d.queue.take() {
		switch {
		case d.limits.limited(q.category, d.o.now()):
			d.lose(q, lossRateLimit)
		case q.reportOnly() && len(d.untold) == 0:
			d.finish(q)
		default:
			d.flights = append(d.flights, q)
			return q, d.due()
		}
	}
	return nil, nil
}

// due takes the losses that have not been told; nil when there are none.
func (d *delivery) due() map[lossKey]int64 {
	if len(d.untold) == 0 {
		return nil
	}
	told := d.untold
	d.untold = map[lossKey]int64{}
	return told
}

// packNext packs the oldest that has not been, and reports whether there was one.
func (d *delivery) packNext() bool {
	d.mu.Lock()
	var q *queuedParcel
	for len(d.fresh) > 0 && q == nil {
		q, d.fresh[0] = d.fresh[0], nil
		d.fresh = d.fresh[1:]
		if q.items == nil {
			q = nil // sent or lost before its turn came
		}
	}
	d.mu.Unlock()
	if q == nil {
		return false
	}
	d.pack(q)
	return true
}

// pack replaces the items of q by what is sent of them, which is smaller.
func (d *delivery) pack(q *queuedParcel) {
	d.mu.Lock()
	items := q.items
	d.mu.Unlock()
	if items == nil {
		return
	}
	packed := d.packer.pack(items)
	d.mu.Lock()
	defer d.mu.Unlock()
	if q.items == nil {
		return // lost meanwhile
	}
	q.items, q.packed = nil, packed
	d.queue.resize(q, queuedOverhead+int64(cap(packed.body)))
}

// settle draws the consequences of an attempt.
func (d *delivery) settle(r deliveryResult) {
	a := r.answer
	if d.ctx.Err() == nil {
		d.hint(a)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	q := r.parcel
	d.flights = slices.DeleteFunc(d.flights, func(o *queuedParcel) bool { return o == q })
	d.limits.extend(a.limits, d.o.now())
	if a.kind != answerTaken && a.kind != answerLimited {
		for l, n := range r.told {
			d.owe(l, n)
		}
	}
	switch a.kind {
	case answerTaken:
		d.arrived(q)
	case answerLimited:
		d.curb(q)
	case answerRefused:
		d.lose(q, lossSendError)
	default:
		d.again(q, a)
		return
	}
	d.failures = 0
	if a.wait > 0 {
		d.pause(a.wait, true)
	}
}

// arrived counts what the server has.
func (d *delivery) arrived(q *queuedParcel) {
	d.taken++
	if !q.reportOnly() {
		d.stat.Sent++
	}
	d.finish(q)
}

// curb finishes what was answered with limits: of a limited category, the server
// dropped it and knows so; of another, it has been taken.
func (d *delivery) curb(q *queuedParcel) {
	if !d.limits.limited(q.category, d.o.now()) {
		d.arrived(q)
		return
	}
	d.countHere(q, lossRateLimit)
	d.finish(q)
}

// again keeps q for another attempt. What the server fails at while it takes others
// is not kept for ever; before that is known, others get their turn.
func (d *delivery) again(q *queuedParcel, a deliveryAnswer) {
	if a.kind == answerFault {
		q.faults++
		others := d.taken > q.takenBefore
		q.takenBefore = d.taken
		if q.faults >= poisonAttempts && others {
			d.lose(q, lossSendError)
			return
		}
	}
	d.stat.Retried++
	if q.faults < poisonAttempts-1 {
		d.queue.putBack(q)
	} else {
		d.queue.putLast(q)
	}
	d.failures++
	d.pause(max(a.wait, retryDelay(d.failures)), a.wait > 0)
}

// pause holds everything back; asked says that the server wants it.
func (d *delivery) pause(wait time.Duration, asked bool) {
	d.held, d.asked = true, asked
	d.hold.Reset(wait)
}

func (d *delivery) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.held = false
}

// startReport sees to it that losses are told within a while.
func (d *delivery) startReport() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.ticking && len(d.untold) > 0 {
		d.ticking = true
		d.report.Reset(deliveryReportEvery)
	}
}

func (d *delivery) reportSoon() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.untold) > 0 {
		d.queueReport()
	}
}

// queueReport queues an envelope with nothing in it but the report, behind all
// others, so that most likely one of them takes the report along.
func (d *delivery) queueReport() {
	if d.reportIn {
		return
	}
	d.reportIn = true
	d.serial++
	d.queue.add(&queuedParcel{serial: d.serial, class: classBulk})
}

// finish forgets q, delivered or lost, and tells whoever waits for it.
func (d *delivery) finish(q *queuedParcel) {
	q.items = nil
	d.queue.resize(q, 0)
	if q.reportOnly() {
		d.reportIn = false
	}
	for _, w := range d.waiters {
		if q.serial > w.serial {
			continue
		}
		if w.left--; w.left == 0 {
			close(w.done)
		}
	}
}

// await returns a waiter for all there is now, or nil when there is nothing. It
// makes the next attempt come at once, unless the server has asked for a pause.
func (d *delivery) await() *deliveryWaiter {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.outstanding()
	if n == 0 && len(d.untold) == 0 || d.ctx.Err() != nil {
		return nil
	}
	d.queueReport()
	d.held = d.held && d.asked
	w := &deliveryWaiter{d.serial, d.outstanding(), make(chan struct{})}
	d.waiters = append(d.waiters, w)
	d.poke()
	return w
}

func (d *delivery) forget(w *deliveryWaiter) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.waiters = slices.DeleteFunc(d.waiters, func(o *deliveryWaiter) bool { return o == w })
}

// outstanding counts what is neither delivered nor lost.
func (d *delivery) outstanding() int {
	return d.queue.len() + len(d.flights)
}
