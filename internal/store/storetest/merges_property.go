package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// mergesAreSets merges the same issues in many orders, with events between, and gives
// some back: what they come to depends on what is merged and on nothing else.
func mergesAreSets(t *testing.T, open func(t *testing.T) store.Store) {
	var want map[string]string
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(11, seed))
		f := newFixture(t, open(t))
		var events []model.Event
		for n := range 40 {
			events = append(events, f.hit(fmt.Sprintf("F%d", n%7), fmt.Sprint("u", n*n%11), time.Duration(n)*time.Hour))
		}
		write := func(n int) {
			for ; n > 0 && len(events) > 0; n-- {
				f.write(t, f.batch(events[0]))
				events = events[1:]
			}
		}
		write(7) // an issue of each, numbered alike
		ids := make([]model.IssueID, 7)
		for n := range ids {
			ids[n] = f.idOf(t, fmt.Sprintf("F%d", n))
		}
		loose := slices.Clone(ids[:5])
		for rng.Shuffle(len(loose), func(i, j int) { loose[i], loose[j] = loose[j], loose[i] }); len(loose) > 1; loose = loose[1:] {
			_, err := f.MergeIssues(context.Background(), f.scope(), []model.IssueID{loose[0], loose[1], loose[rng.IntN(len(loose))]}, 0)
			if err != nil && !errors.Is(err, model.ErrInvalid) { // they may be one already
				t.Fatal(err)
			}
			write(rng.IntN(6))
		}
		write(len(events))
		f.merge(t, ids[5], ids[0]) // the same one stays, whatever did before
		got := f.sums(t)
		if want == nil {
			want = got
		}
		if !maps.Equal(got, want) {
			t.Errorf("seed %d: %v, want %v", seed, got, want)
		}
		for _, m := range f.merged(t, ids[5]) {
			if _, err := f.UnmergeIssues(context.Background(), f.scope(), ids[5], []model.IssueID{m}); err != nil && !errors.Is(err, model.ErrNotFound) {
				t.Fatal(err)
			}
			for _, more := range f.merged(t, m) {
				_, err := f.UnmergeIssues(context.Background(), f.scope(), m, []model.IssueID{more})
				must(t, err)
			}
		}
		f.allApart(t)
	}
}

func (f *fixture) merged(t *testing.T, id model.IssueID) (ids []model.IssueID) {
	t.Helper()
	list, err := f.MergedIssues(context.Background(), f.scope(), id)
	must(t, err)
	for _, m := range list {
		ids = append(ids, m.ID)
	}
	return ids
}

// sums says what issues come to.
func (f *fixture) sums(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, i := range f.issues(t, store.IssueQuery{}) {
		events, err := f.Events(context.Background(), store.EventQuery{In: f.scope(), Issue: i.ID, Page: store.Page{Limit: 1000}})
		must(t, err)
		out[i.ID.String()] = fmt.Sprint(i.Title, " ", i.Count, i.Users, i.FirstSeen, i.LastSeen, i.FirstRelease, i.LastRelease, len(events.Events),
			f.totalOf(t, totalQuery{kind: rollup.Issue, counter: rollup.Events}, store.IssueName(i.ID)))
	}
	return out
}

// allApart checks that every fault has its own events again.
func (f *fixture) allApart(t *testing.T) {
	t.Helper()
	all := f.issues(t, store.IssueQuery{})
	equal(t, "issues", len(all), 7)
	for _, i := range all {
		users := map[string]bool{}
		events, err := f.Events(context.Background(), store.EventQuery{In: f.scope(), Issue: i.ID})
		must(t, err)
		for _, e := range events.Events {
			equal(t, "fault of an event", e.Type, i.Type)
			users[e.UserKey] = true
		}
		equal(t, "events of "+i.Type, int64(len(events.Events)), i.Count)
		equal(t, "users of "+i.Type, int64(len(users)), i.Users)
	}
}
