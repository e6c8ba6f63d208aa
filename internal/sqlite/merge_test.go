package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
	"relay.one/picket/internal/store/storetest"
)

// issueOf returns an issue, or what it is merged into.
func issueOf(t *testing.T, db *DB, in store.Scope, id model.IssueID) *store.Issue {
	t.Helper()
	i, err := db.Issue(context.Background(), in, id)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// TestMergeSurvivesCrash merges, goes on from a copy of the files as they are then, and
// gives back what was merged.
func TestMergeSurvivesCrash(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "picket.db")
	db, in := start(t, path, Options{})
	if err := faults(t, db, 3, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	if _, err := db.MergeIssues(context.Background(), in, []model.IssueID{1, 2, 3}, 1); err != nil {
		t.Fatal(err)
	}
	crashed := filepath.Join(t.TempDir(), "picket.db")
	copyFiles(t, path, crashed)
	again, in := start(t, crashed, Options{})
	if err := faults(t, again, 3, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	if i := issueOf(t, again, in, 3); i.ID != 1 || i.Count != 6 || i.Users != 3 {
		t.Errorf("issue %d with %d events of %d users, want issue 1 with 6 of 3", i.ID, i.Count, i.Users)
	}
	if _, err := again.UnmergeIssues(context.Background(), in, 1, []model.IssueID{3}); err != nil {
		t.Fatal(err)
	}
	last := filepath.Join(t.TempDir(), "picket.db")
	copyFiles(t, crashed, last)
	back, in := start(t, last, Options{})
	for id, want := range map[model.IssueID][2]int64{1: {4, 2}, 3: {2, 1}} {
		if i := issueOf(t, back, in, id); i.ID != id || i.Count != want[0] || i.Users != want[1] {
			t.Errorf("issue %d with %d events of %d users, want issue %d with %v", i.ID, i.Count, i.Users, id, want)
		}
	}
}

// TestFailedMergeTeachesNothing has a merge share a transaction with a job that fails:
// it is done again alone, and what the writer remembers is true either way.
func TestFailedMergeTeachesNothing(t *testing.T) {
	t.Parallel()
	db, in := start(t, filepath.Join(t.TempDir(), "picket.db"), Options{})
	write := func(want int64) {
		t.Helper()
		if err := faults(t, db, 2, storetest.Clock); err != nil {
			t.Fatal(err)
		}
		if i := issueOf(t, db, in, 2); i.Count != want {
			t.Errorf("issue %d has %d events, want %d", i.ID, i.Count, want)
		}
	}
	write(1)
	bad := errors.New("bad")
	err := db.alone(func(w *writer) error {
		err := w.transact(func(tx *txn) error {
			if _, err := tx.merge(in, []model.IssueID{1, 2}, 1); err != nil {
				return err
			}
			return bad
		})
		if !errors.Is(err, bad) {
			return fmt.Errorf("merge and fail: %w", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	write(2)
	if _, err := db.MergeIssues(context.Background(), in, []model.IssueID{1, 2}, 1); err != nil {
		t.Fatal(err)
	}
	write(6)
}

// TestMergeUnderWay merges and gives back while others write.
func TestMergeUnderWay(t *testing.T) {
	t.Parallel()
	db, in := start(t, filepath.Join(t.TempDir(), "picket.db"), Options{})
	const n, rounds, writers = 6, 25, 3
	if err := faults(t, db, n, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for range rounds {
				if err := faults(t, db, n, storetest.Clock); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for round := range rounds {
		into, child := model.IssueID(1+round%n), model.IssueID(1+(round+1)%n)
		m, err := db.MergeIssues(context.Background(), in, []model.IssueID{child}, into)
		if err == nil && round%2 == 0 {
			_, err = db.UnmergeIssues(context.Background(), in, m.Parent.ID, m.Children)
		}
		if err != nil && !errors.Is(err, model.ErrInvalid) { // they may be one already
			t.Error(err)
		}
	}
	wg.Wait()
	page, err := db.Issues(context.Background(), store.IssueQuery{In: in})
	if err != nil {
		t.Fatal(err)
	}
	var events, users int64
	for _, i := range page.Issues {
		events += i.Count
		users += i.Users
	}
	if want := int64(n * (1 + writers*rounds)); events != want || users != n {
		t.Errorf("%d issues have %d events of %d users, want %d of %d", len(page.Issues), events, users, want, n)
	}
}

// TestMergedExecutionsCountOnce merges issues that one execution hit, and reads what it
// cost before and after a fold.
func TestMergedExecutionsCountOnce(t *testing.T) {
	t.Parallel()
	db, in := start(t, filepath.Join(t.TempDir(), "picket.db"), Options{})
	b := &model.Batch{Org: 1, Project: 1, Received: storetest.Clock, Executions: []model.Execution{{ID: "x", Agent: model.Agent{ID: "a"}, Start: storetest.Clock,
		Ended: true, Outcome: model.OutcomeError, Cost: model.Cost{Nanos: 700, Pricing: model.Priced}}}}
	for i := range 3 {
		b.Events = append(b.Events, model.Event{ID: model.NewEventID(), Kind: model.KindError, Timestamp: storetest.Clock, Level: model.LevelError,
			Type: fmt.Sprint("T", i), Agent: model.Agent{ID: "a"}, Execution: "x", Payload: []byte(`{}`), Hashes: []model.Hash{{byte(i + 1)}}})
	}
	if _, err := db.Write(context.Background(), b); err != nil {
		t.Fatal(err)
	}
	if _, err := db.MergeIssues(context.Background(), in, []model.IssueID{1, 2, 3}, 0); err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"pending", "folded"} {
		q := store.RollupQuery{In: in, Kind: rollup.Issue, Names: []string{"2"}, From: storetest.Clock.Add(-time.Hour), To: storetest.Clock.Add(time.Hour)}
		var cost int64
		err := db.Rollup(context.Background(), q, func(r store.RollupRow) error {
			cost += r.Counters.Get(rollup.FailedCostNanos)
			return nil
		})
		if err != nil || cost != 700 {
			t.Errorf("%s: it cost %d, %v, want 700", when, cost, err)
		}
		err = db.alone(func(w *writer) error {
			w.startFold()
			return w.foldSome(maxFoldChunk)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestMergeOfVeryMany makes as many issues one as may be, and reads all there is of it.
func TestMergeOfVeryMany(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db, in := start(t, filepath.Join(t.TempDir(), "picket.db"), Options{})
	const n = store.MaxMerged
	if err := faults(t, db, n+1, storetest.Clock); err != nil {
		t.Fatal(err)
	}
	ids := make([]model.IssueID, n)
	for i := range ids {
		ids[i] = model.IssueID(i + 1)
	}
	if _, err := db.MergeIssues(ctx, in, ids, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := db.MergeIssues(ctx, in, []model.IssueID{1, n + 1}, 0); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("one more: %v, want invalid", err)
	}
	if i := issueOf(t, db, in, n); i.ID != 1 || i.Count != n || i.Users != n {
		t.Errorf("issue %d has %d events of %d users, want issue 1 with %d", i.ID, i.Count, i.Users, n)
	}
	page, err := db.Events(ctx, store.EventQuery{In: in, Issue: 7, Page: store.Page{Limit: n}})
	if err != nil || len(page.Events) != n {
		t.Errorf("%d events, %v, want %d", len(page.Events), err, n)
	}
	if _, err := db.Executions(ctx, store.ExecutionQuery{In: in, Issue: 7}); err != nil {
		t.Error(err)
	}
	if _, err := db.IssueTags(ctx, in, 7); err != nil {
		t.Error(err)
	}
}
