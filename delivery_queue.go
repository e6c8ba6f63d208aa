package picket

import (
	"container/list"

	"relay.one/picket/wire"
)

// Classes of what waits: the first goes first, the last is dropped first.
const (
	classUrgent = iota
	classBulk
	parcelClasses
)

// queuedOverhead is about what a queued envelope takes beside its payloads.
const queuedOverhead = 512

// lossKey is what a client report counts by.
type lossKey struct{ reason, category string }

// lossTally is how many of a category an envelope holds.
type lossTally struct {
	category string
	n        int64
}

// queuedParcel is an envelope on its way. The delivery's lock guards it.
type queuedParcel struct {
	parcel      // items is nil once packed, or lost
	packed      packedParcel
	class       int
	serial      uint64
	size        int64 // counted against the bound
	faults      int   // answers of 5xx
	takenBefore int64 // how many envelopes had been taken at the last of them
	tally       []lossTally
	few         [3]lossTally // what tally mostly is a slice of
}

func newQueuedParcel(p parcel) *queuedParcel {
	q := &queuedParcel{parcel: p, class: parcelClass(p.category)}
	q.measure()
	return q
}

// parcelClass puts what says that something is wrong before what says how it goes.
func parcelClass(category string) int {
	switch category {
	case wire.CategoryError, wire.CategoryDefault, wire.CategoryMonitor, wire.CategoryFeedback, wire.CategorySecurity:
		return classUrgent
	}
	return classBulk
}

// measure sets the size and what would be lost with q, the main category first.
func (q *queuedParcel) measure() {
	q.size = queuedOverhead
	q.tally = append(q.few[:0], lossTally{q.category, max(1, int64(q.quantity))})
	if q.category == wire.CategoryTransaction {
		q.tally = append(q.tally, lossTally{wire.CategorySpan, int64(q.spans) + 1})
	}
	for i := range q.items {
		item := &q.items[i]
		q.size += int64(cap(item.Payload) + cap(item.Header))
		q.tally = itemTally(q.tally, item, q.category)
	}
}

// itemTally adds what an item counts as, beside the main category.
func itemTally(to []lossTally, item *wire.Item, main string) []lossTally {
	bytes, n := int64(len(item.Payload)), max(1, int64(item.ItemCount))
	category := wire.ItemCategory(item.Type)
	switch {
	case category == wire.CategoryAttachment: // counted in bytes
		return append(to, lossTally{category, bytes}, lossTally{wire.CategoryAttachmentItem, 1})
	case category != "" && category != main:
		to = append(to, lossTally{category, n})
	}
	if category == wire.CategoryLogItem {
		to = append(to, lossTally{wire.CategoryLogByte, bytes})
	}
	return to
}

// strip takes out the items beside the main ones that are limited, and returns
// what they count as.
func (q *queuedParcel) strip(limited func(category string) bool) []lossTally {
	var gone []lossTally
	kept := make([]wire.Item, 0, len(q.items))
	for i := range q.items {
		category := wire.ItemCategory(q.items[i].Type)
		if category == "" || category == q.category || !limited(category) {
			kept = append(kept, q.items[i])
			continue
		}
		gone = itemTally(gone, &q.items[i], q.category)
	}
	if len(gone) > 0 {
		q.items = kept
		q.measure()
	}
	return gone
}

// reportOnly says that q carries nothing but a report of losses.
func (q *queuedParcel) reportOnly() bool { return q.tally == nil }

// parcelQueue holds what waits, by class and in order of arrival. What has been
// taken from it counts in its bytes until it is resized to nothing.
type parcelQueue struct {
	waiting [parcelClasses]list.List
	held    [parcelClasses]int64 // bytes
}

func (f *parcelQueue) len() int { return f.waiting[classUrgent].Len() + f.waiting[classBulk].Len() }

func (f *parcelQueue) bytes() int64 { return f.held[classUrgent] + f.held[classBulk] }

// add queues what is new.
func (f *parcelQueue) add(q *queuedParcel) {
	f.held[q.class] += q.size
	f.waiting[q.class].PushBack(q)
}

// putBack queues what was taken, in its old place.
func (f *parcelQueue) putBack(q *queuedParcel) { f.waiting[q.class].PushFront(q) }

// putLast queues what was taken behind all others, whatever its class was, but
// before a last report, which is to tell what became of it.
func (f *parcelQueue) putLast(q *queuedParcel) {
	f.held[q.class] -= q.size
	q.class = classBulk
	f.held[q.class] += q.size
	bulk := &f.waiting[classBulk]
	if last := bulk.Back(); last != nil && last.Value.(*queuedParcel).reportOnly() {
		bulk.InsertBefore(q, last)
		return
	}
	bulk.PushBack(q)
}

// resize changes what q counts for.
func (f *parcelQueue) resize(q *queuedParcel, size int64) {
	f.held[q.class] += size - q.size
	q.size = size
}

// take returns what goes next, or nil.
func (f *parcelQueue) take() *queuedParcel { return f.pop(classUrgent, classBulk) }

// takeLowest returns what is given up first, or nil.
func (f *parcelQueue) takeLowest() *queuedParcel { return f.pop(classBulk, classUrgent) }

func (f *parcelQueue) pop(order ...int) *queuedParcel {
	for _, class := range order {
		if first := f.waiting[class].Front(); first != nil {
			return f.waiting[class].Remove(first).(*queuedParcel)
		}
	}
	return nil
}

// evictable returns how many bytes can be dropped for something of that class: none
// of a higher class, and nothing that is on the wire.
func (f *parcelQueue) evictable(class int, flights []*queuedParcel) int64 {
	var n int64
	for c := class; c < parcelClasses; c++ {
		n += f.held[c]
	}
	for _, q := range flights {
		if q.class >= class {
			n -= q.size
		}
	}
	return n
}
