package upstream

import (
	"context"
	"time"

	"relay.one/picket/internal/store"
)

// Reasons for which envelopes are given up, as they stand among the discards.
const (
	reasonOverflow = "outbox_overflow"
	reasonExpired  = "outbox_expired"
)

// ageEvery is how often what is too old is looked for.
const ageEvery = time.Minute

// trim keeps the outbox within its bounds until ctx ends.
func (f *Forwarder) trim(ctx context.Context) {
	room := time.NewTicker(f.pace.Look)
	defer room.Stop()
	age := time.NewTicker(min(ageEvery, f.age))
	defer age.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-room.C:
			f.trimTo(ctx, store.OutboxLimit{Bytes: f.bytes}, reasonOverflow)
		case <-age.C:
			f.trimTo(ctx, store.OutboxLimit{Before: f.now().Add(-f.age)}, reasonExpired)
		}
	}
}

// trimTo removes what is beyond a limit.
func (f *Forwarder) trimTo(ctx context.Context, l store.OutboxLimit, reason string) {
	for ctx.Err() == nil {
		removed, err := f.outbox.TrimOutbox(ctx, l, reason)
		if err != nil {
			f.log.Error("bound the outbox", "error", err)
			return
		}
		if len(removed) == 0 {
			return
		}
		for q, n := range removed {
			f.meters.dropped(reason, n)
			f.count(q, sum{dropped: n})
			f.log.Warn("gave up envelopes for the upstream, oldest first", "project", q.Project, "envelopes", n, "reason", reason)
		}
	}
}
