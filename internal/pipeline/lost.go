package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"relay.one/picket/internal/model"
)

// flushEvery is how long counts of what the door held back wait in memory: a
// flood of refusals must not become a flood of commits.
const flushEvery = 5 * time.Second

// tenant is whose discards are counted.
type tenant struct {
	org     model.OrgID
	project model.ProjectID
}

// what is a discard without its quantity.
type what struct{ category, reason, source string }

// lost sums up discards until they are stored.
type lost struct {
	mu   sync.Mutex
	sums map[tenant]map[what]int64
}

func (l *lost) add(t tenant, d model.Discard) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sums == nil {
		l.sums = map[tenant]map[what]int64{}
	}
	if l.sums[t] == nil {
		l.sums[t] = map[what]int64{}
	}
	l.sums[t][what{d.Category, d.Reason, d.Source}] += d.Quantity
}

// take returns what there is and forgets it.
func (l *lost) take() map[tenant]map[what]int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	sums := l.sums
	l.sums = nil
	return sums
}

// Discard counts what never came this far. It returns at once; the count is stored
// within seconds.
func (p *Pipeline) Discard(org model.OrgID, project model.ProjectID, d model.Discard) {
	p.counters.discard(d)
	p.lost.add(tenant{org, project}, d)
}

// Run stores the counts of Discard every few seconds until ctx ends. What cannot
// be stored is kept for the next time.
func (p *Pipeline) Run(ctx context.Context) {
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			// A full queue or disk is already told to every client.
			_ = p.Flush(ctx)
		}
	}
}

// Flush stores the counts of Discard now.
func (p *Pipeline) Flush(ctx context.Context) error {
	var errs []error
	for t, sums := range p.lost.take() {
		b := &model.Batch{Org: t.org, Project: t.project, Received: time.Now().UTC()}
		for w, n := range sums {
			b.Discards = append(b.Discards, model.Discard{Category: w.category, Reason: w.reason, Source: w.source, Quantity: n})
		}
		if _, err := p.writer.Write(ctx, b); err != nil {
			errs = append(errs, fmt.Errorf("store %d counts of discards: %w", len(b.Discards), err))
			for _, d := range b.Discards {
				p.lost.add(t, d)
			}
		}
	}
	return errors.Join(errs...)
}
