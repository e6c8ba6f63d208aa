package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sample"
	"relay.one/picket/internal/store"
)

// sample notes in the batch what becomes of it, and what is decided of its trace. It
// comes after everything that is counted was found out, and costs nothing where nothing
// is sampled.
func (p *Pipeline) sample(b *model.Batch) sample.Verdict {
	s := &p.settings.Of(b.Org, b.Project).Sampling
	if s.KeepsAll() {
		return sample.Keep
	}
	r := p.judge.Judge(b, s)
	b.Kept, b.Decided = string(r.Kept), r.Decided
	if r.Verdict == sample.Drop {
		b.Omitted = r.Omitted
	}
	p.counters.judged(&r)
	return r.Verdict
}

const (
	// undecidedFor is how long a trace is waited for that came in pieces.
	undecidedFor = time.Minute
	// settleEvery is how often those are looked for.
	settleEvery = 5 * time.Second
	// settled is the most of them that are decided at a time.
	settled = 1000
)

// RunSampling decides the traces that are held in the outbox and have been waited for
// long enough, until ctx ends.
func (p *Pipeline) RunSampling(ctx context.Context, o store.Outbox) {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			// What cannot be decided now is there the next time.
			_ = p.Settle(ctx, o, now.Add(-undecidedFor))
		}
	}
}

// Settle decides the traces that have been held since before then: without anything
// remarkable, they go as their rate says.
func (p *Pipeline) Settle(ctx context.Context, o store.Outbox, before time.Time) error {
	held, err := o.HeldTraces(ctx, before, settled)
	if err != nil {
		return fmt.Errorf("list held traces: %w", err)
	}
	var errs []error
	for _, h := range held {
		keep := p.judge.Settle(h.Org, h.Trace, &p.settings.Of(h.Org, h.Project).Sampling)
		if err := o.Decide(ctx, h.Org, h.Project, h.Trace, keep); err != nil {
			errs = append(errs, fmt.Errorf("decide trace %s: %w", h.Trace, err))
		}
	}
	return errors.Join(errs...)
}
