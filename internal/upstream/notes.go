package upstream

import (
	"context"
	"sync"
	"time"

	"relay.one/picket/internal/store"
)

// notes writes down what became of envelopes: many at a time, since each time is a commit.
// Until that is done, an envelope is claimed, and nobody sends it again.
type notes struct {
	*Forwarder
	poked chan struct{}

	mu        sync.Mutex
	claimed   map[int64]bool
	accepted  []store.OutboxRecord
	postponed []store.OutboxRecord
}

func newNotes(f *Forwarder) *notes {
	return &notes{Forwarder: f, poked: make(chan struct{}, 1), claimed: map[int64]bool{}}
}

// claim takes an envelope for one lane; false when another has it, or had it just now.
func (n *notes) claim(seq int64) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.claimed[seq] {
		return false
	}
	n.claimed[seq] = true
	return true
}

func (n *notes) release(seq int64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.claimed, seq)
}

// sent notes that the upstream took an envelope.
func (n *notes) sent(r store.OutboxRecord) {
	n.meters.took(r, n.now())
	r.Envelope = nil
	n.mu.Lock()
	n.accepted = append(n.accepted, r)
	n.mu.Unlock()
	n.Forwarder.count(r.Queue(), sum{sent: 1})
	n.poke()
}

// postpone notes when an envelope is due again, and what is left of it.
func (n *notes) postpone(r store.OutboxRecord) {
	n.mu.Lock()
	n.postponed = append(n.postponed, r)
	n.mu.Unlock()
	n.poke()
}

func (n *notes) poke() {
	select {
	case n.poked <- struct{}{}:
	default:
	}
}

// run notes until ctx ends, and then what there is still.
func (n *notes) run(ctx context.Context) {
	retry := time.NewTimer(n.pace.Look)
	defer retry.Stop()
	for ended := false; !ended; {
		select {
		case <-ctx.Done():
			ended = true
		case <-n.poked:
		case <-retry.C:
		}
		if err := n.note(context.WithoutCancel(ctx)); err != nil {
			n.log.Error("note what the upstream took", "error", err)
			retry.Reset(n.pace.Look)
		}
	}
}

// note writes down what there is. What cannot be written stays for the next time.
func (n *notes) note(ctx context.Context) error {
	n.mu.Lock()
	accepted, postponed := n.accepted, n.postponed
	n.accepted, n.postponed = nil, nil
	n.mu.Unlock()
	if len(accepted) > 0 {
		if err := n.outbox.Sent(ctx, accepted); err != nil {
			n.keep(accepted, postponed)
			return err
		}
		n.free(accepted)
	}
	if len(postponed) > 0 {
		if err := n.outbox.Postpone(ctx, postponed); err != nil {
			n.keep(nil, postponed)
			return err
		}
		n.free(postponed)
		n.lookAtAll(true) // some may be due at once
		n.Forwarder.poke()
	}
	return nil
}

func (n *notes) keep(accepted, postponed []store.OutboxRecord) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.accepted = append(accepted, n.accepted...)
	n.postponed = append(postponed, n.postponed...)
}

func (n *notes) free(list []store.OutboxRecord) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i := range list {
		delete(n.claimed, list[i].Seq)
	}
}
