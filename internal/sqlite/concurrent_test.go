package sqlite

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/store/storetest"
)

// TestReadsAreExactDuringFolds has readers sum rollups while others write and
// folds go on without end: what was acknowledged before a read is in it, and
// nothing that was not sent before its end.
func TestReadsAreExactDuringFolds(t *testing.T) {
	t.Parallel()
	c := &clock{}
	db, in := fresh(t, Options{Now: c.now})
	var sent, acknowledged atomic.Int64
	var writers, others sync.WaitGroup
	for w := range 3 {
		writers.Go(func() {
			for n := range 60 {
				b := &model.Batch{Org: 1, Project: 1, Received: storetest.Clock}
				for i := range 10 {
					s := span(byte(w))
					s.ID, s.Duration, s.Agent.ID = model.SpanID{byte(n), byte(i)}, time.Duration(n*i)*time.Millisecond, "a"
					s.Start = storetest.Clock.Add(-time.Duration(n) * time.Minute)
					b.Spans = append(b.Spans, s)
					b.Events = append(b.Events, model.Event{ID: model.NewEventID(), Kind: model.KindError, Level: model.LevelError, Agent: model.Agent{ID: fmt.Sprint(w, i)}, User: model.User{ID: fmt.Sprint(n)},
						Timestamp: storetest.Clock.Add(-time.Duration(n*i*3) * time.Minute), Hashes: []model.Hash{{byte(i)}}, Payload: []byte(`{}`)})
				}
				sent.Add(10)
				if _, err := db.Write(context.Background(), b); err != nil {
					t.Error(err)
				}
				acknowledged.Add(10)
			}
		})
	}
	stop := make(chan struct{})
	others.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				inWriter(t, db, func(w *writer) error {
					w.startFold()
					return w.foldSome(foldChunk)
				})
			}
		}
	})
	for kind, counter := range map[rollup.Kind]rollup.Counter{rollup.Project: rollup.Errors, rollup.Agent: rollup.Errors, rollup.Tool: rollup.Calls} {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				least := acknowledged.Load()
				var all rollup.Counters
				err := db.Rollup(context.Background(), store.RollupQuery{In: in, Kind: kind, From: storetest.Clock.Add(-40 * time.Hour), To: storetest.Clock.Add(time.Minute), Step: time.Hour}, func(r store.RollupRow) error {
					all.Merge(r.Counters)
					return nil
				})
				if sum, most := all.Get(counter), sent.Load(); err != nil || sum < least || sum > most {
					t.Errorf("kind %d sums up to %d, %v; want %d to %d", kind, sum, err, least, most)
					return
				}
				if all.Users() > 60 {
					t.Errorf("kind %d has met %d users, want at most 60", kind, all.Users())
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	others.Wait()
	for _, window := range []time.Duration{47 * time.Hour, 20 * 24 * time.Hour, 90 * 24 * time.Hour} {
		if got := errorsIn(t, db, in, rollup.Agent, storetest.Clock.Add(-window), storetest.Clock.Add(time.Minute)); got != sent.Load() {
			t.Errorf("%d errors in %s, want %d", got, window, sent.Load())
		}
	}
}

// TestAbandonedReads ends a read's context in the middle of it.
func TestAbandonedReads(t *testing.T) {
	t.Parallel()
	db, in := fresh(t, Options{})
	if err := faults(t, db, 10, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	inWriter(t, db, func(w *writer) error {
		w.startFold()
		return w.foldSome(foldChunk)
	})
	ctx, cancel := context.WithCancel(context.Background())
	rows := 0
	err := db.Rollup(ctx, store.RollupQuery{In: in, Kind: rollup.Issue, From: storetest.Clock.Add(-time.Hour), To: storetest.Clock.Add(time.Hour)}, func(store.RollupRow) error {
		rows++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || rows != 1 {
		t.Errorf("%d rows, %v; want one and that it was cancelled", rows, err)
	}
	if _, err := db.Events(ctx, store.EventQuery{In: in}); !errors.Is(err, context.Canceled) {
		t.Errorf("read of a cancelled request: %v", err)
	}
	for range 2 * readerCount { // the connections are as good as before
		if page, err := db.Issues(context.Background(), store.IssueQuery{In: in}); err != nil || len(page.Issues) != 10 {
			t.Errorf("%d issues, %v; want 10", len(page.Issues), err)
		}
	}
}
