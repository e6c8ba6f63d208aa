package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// idOf returns the id of the issue whose newest event is of a fault.
func (f *fixture) idOf(t *testing.T, fault string) model.IssueID {
	t.Helper()
	found := f.issues(t, store.IssueQuery{Terms: []store.Term{{Key: "error.type", Values: []string{fault}}}})
	if len(found) != 1 {
		t.Fatalf("%d issues of %s, want 1", len(found), fault)
	}
	return found[0].ID
}

func (f *fixture) issue(t *testing.T, id model.IssueID) store.Issue {
	t.Helper()
	i, err := f.Issue(context.Background(), f.scope(), id)
	must(t, err)
	return *i
}

func (f *fixture) merge(t *testing.T, into model.IssueID, ids ...model.IssueID) store.Merge {
	t.Helper()
	m, err := f.MergeIssues(context.Background(), f.scope(), ids, into)
	must(t, err)
	return m
}

// hit is one event of a fault, by its user and how long ago it was.
func (f *fixture) hit(fault, user string, ago time.Duration) model.Event {
	e := f.event(fault, Clock.Add(-ago))
	e.User = model.User{ID: user}
	e.Tags = []model.Tag{{Key: "mark", Value: fault}}
	return e
}

func issuesMerge(t *testing.T, f *fixture) {
	old := f.hit("Old", "u1", 50*time.Hour)
	old.Release = "app@0.9.0"
	f.write(t, f.batch(old, f.hit("Often", "u1", 3*time.Hour), f.hit("Often", "u2", 2*time.Hour), f.hit("Old", "u3", time.Hour)))
	often, child := f.idOf(t, "Often"), f.idOf(t, "Old")
	short := f.issue(t, child).ShortID
	m := f.merge(t, 0, child, often)
	equal(t, "stays, as it is the younger of equals", m.Parent.ID, max(often, child))
	m = f.merge(t, 0, m.Parent.ID, f.third(t))
	equal(t, "stays, as it has most events", m.Parent.ID, max(often, child))
	child = min(often, child)
	i := f.issue(t, child)
	equal(t, "id of the child's", i.ID, m.Parent.ID)
	equal(t, "and what merging told", i, m.Parent)
	equal(t, "count", i.Count, 5)
	equal(t, "users", i.Users, 3)
	equal(t, "first seen", i.FirstSeen, old.Timestamp)
	equal(t, "title, of the newest", i.Title, "Old: it broke")
	equal(t, "first release", i.FirstRelease, "app@0.9.0")
	equal(t, "last release", i.LastRelease, "app@1.0.0")
	by, err := f.IssueByShortID(context.Background(), f.scope(), short)
	must(t, err)
	equal(t, "by the child's short id", by.ID, i.ID)
	merged, err := f.MergedIssues(context.Background(), f.scope(), child)
	must(t, err)
	equal(t, "merged", len(merged), 2)
	f.findsMerged(t, i, short)
	f.readsMerged(t, i.ID, child)
}

// third makes an issue of one event, 4 hours ago.
func (f *fixture) third(t *testing.T) model.IssueID {
	t.Helper()
	f.write(t, f.batch(f.hit("Third", "u1", 4*time.Hour)))
	return f.idOf(t, "Third")
}

// findsMerged searches for an issue by what those say that are merged into it.
func (f *fixture) findsMerged(t *testing.T, want store.Issue, short string) {
	t.Helper()
	equal(t, "issues listed", len(f.issues(t, store.IssueQuery{})), 1)
	find := func(want int, key string, values ...string) {
		t.Helper()
		equal(t, fmt.Sprint("found by ", key, values), len(f.issues(t, store.IssueQuery{Terms: []store.Term{{Key: key, Values: values}}})), want)
	}
	for _, fault := range []string{"Old", "Often", "Third"} {
		find(1, "", fault)
		find(1, "title", fault)
		find(1, "error.type", fault)
		find(1, "mark", fault)
	}
	find(1, "issue", short)
	find(1, "issue", want.ShortID)
	for id := model.IssueID(1); id <= 3; id++ {
		find(1, "issue.id", id.String())
	}
	find(0, "title", "Nothing")
	find(0, "issue.id", "99")
}

// readsMerged reads all that an issue has, by its id and by that of a child.
func (f *fixture) readsMerged(t *testing.T, parent, child model.IssueID) {
	t.Helper()
	ctx := context.Background()
	for _, id := range []model.IssueID{parent, child} {
		var got []model.EventID
		q := store.EventQuery{In: f.scope(), Issue: id, Page: store.Page{Limit: 2}}
		for {
			page, err := f.Events(ctx, q)
			must(t, err)
			for _, e := range page.Events {
				equal(t, "issue of an event", e.Issue, parent)
				got = append(got, e.ID)
			}
			if q.Page.Cursor = page.Next; page.Next == "" {
				break
			}
		}
		equal(t, "events", len(got), 5)
		for n := range got { // the neighbours lead through all of them
			e, err := f.Event(ctx, f.scope(), got[n])
			must(t, err)
			equal(t, "issue of the event", e.Issue, parent)
			var previous, next model.EventID
			if n > 0 {
				next = got[n-1]
			}
			if n+1 < len(got) {
				previous = got[n+1]
			}
			equal(t, "previous", e.Previous, previous)
			equal(t, "next", e.Next, next)
		}
		equal(t, "errors counted", f.totalOf(t, totalQuery{kind: rollup.Issue, counter: rollup.Errors}, store.IssueName(id)), 5)
		tags, err := f.IssueTags(ctx, f.scope(), id)
		must(t, err)
		counts := map[string]int64{}
		for _, tag := range tags {
			counts[tag.Key+":"+tag.Value] = tag.Count
		}
		equal(t, "tags", fmt.Sprint(counts["mark:Old"], counts["mark:Often"], counts["mark:Third"], counts["agent:refunds"]), "2 2 1 5")
		runs, err := f.Executions(ctx, store.ExecutionQuery{In: f.scope(), Issue: id})
		must(t, err)
		equal(t, "executions", len(runs.Executions), 0)
	}
	c, err := f.Contrast(ctx, store.ContrastQuery{In: f.scope(), Events: true, From: Clock.Add(-90 * time.Hour), To: Clock.Add(time.Hour)})
	must(t, err)
	for _, facet := range c.Facets {
		if facet.Facet == store.FacetIssue {
			equal(t, "issues compared", fmt.Sprint(facet.Values), fmt.Sprint([]store.ValueCount{{Value: parent.String(), Selection: 5}}))
		}
	}
	for _, k := range []rollup.Kind{rollup.Issue, rollup.AgentIssue} {
		var sum int64
		must(t, f.Rollup(ctx, store.RollupQuery{In: f.scope(), Kind: k, From: Clock.Add(-90 * time.Hour), To: Clock.Add(time.Hour)}, func(r store.RollupRow) error {
			name := r.Name
			if k == rollup.AgentIssue {
				name = r.Sub
			}
			equal(t, "name of a row", name, parent.String())
			sum += r.Counters.Get(rollup.Events)
			return nil
		}))
		equal(t, fmt.Sprintf("events of kind %d", k), sum, 5)
	}
}

// mergedIssuesGrow writes to a fingerprint whose issue was merged into another.
func mergedIssuesGrow(t *testing.T, f *fixture) {
	ctx := context.Background()
	f.write(t, f.batch(f.hit("A", "u1", 2*time.Hour), f.hit("A", "u2", 2*time.Hour), f.hit("B", "u1", time.Hour)))
	a, b := f.idOf(t, "A"), f.idOf(t, "B")
	f.merge(t, a, b)
	resolved := store.Resolved
	got, err := f.UpdateIssues(ctx, f.scope(), []model.IssueID{b, a, b}, store.IssueUpdate{Status: &resolved})
	must(t, err)
	equal(t, "changed", len(got), 1)
	equal(t, "what was changed", got[0].ID, a)
	late := f.batch(f.hit("B", "u2", 0), f.hit("B", "u3", 0))
	f.write(t, late)
	equal(t, "issue of the event that was written", late.Events[0].Issue, a)
	i := f.issue(t, b)
	equal(t, "count", i.Count, 5)
	equal(t, "users", i.Users, 3)
	equal(t, "last event", i.LastSeen, Clock)
	equal(t, "status", i.Substatus, store.Regressed)
	changes, err := f.Changes(ctx, 0, 20)
	must(t, err)
	var told []string
	for _, c := range changes {
		told = append(told, fmt.Sprint(c.Kind, c.Issue))
	}
	want := []string{"issue.created1", "issue.created2", "issue.updated1", "issue.updated2", "issue.updated1", "issue.regressed1"}
	if !slices.Equal(told, want) {
		t.Errorf("changes = %v, want %v", told, want)
	}
}

// mergedIssuesComeBack merges a chain and gives parts of it back.
func mergedIssuesComeBack(t *testing.T, f *fixture) {
	ctx := context.Background()
	f.write(t, f.batch(f.hit("A", "u1", 9*time.Hour), f.hit("B", "u1", 8*time.Hour), f.hit("C", "u2", 7*time.Hour), f.hit("D", "u1", 6*time.Hour)))
	a, b, c, d := f.idOf(t, "A"), f.idOf(t, "B"), f.idOf(t, "C"), f.idOf(t, "D")
	before := map[model.IssueID]store.Issue{}
	for _, id := range []model.IssueID{a, b, c, d} {
		before[id] = f.issue(t, id)
	}
	f.merge(t, b, c)
	f.merge(t, a, b)
	m := f.merge(t, 0, d, c) // c stands for a, which has most events
	equal(t, "all in one", m.Parent.Count, 4)
	equal(t, "it stays", m.Parent.ID, a)
	_, err := f.UnmergeIssues(ctx, f.scope(), a, []model.IssueID{a})
	equal(t, "giving an issue back from itself", errors.Is(err, model.ErrNotFound), true)
	back := func(ids ...model.IssueID) store.Issue {
		t.Helper()
		i, err := f.UnmergeIssues(ctx, f.scope(), a, ids)
		must(t, err)
		return *i
	}
	equal(t, "left of the first", back(b, c).Count, 2) // c goes with b
	equal(t, "the second has what was merged into it", f.issue(t, c).ID, b)
	equal(t, "with its events", f.issue(t, b).Count, 2)
	i, err := f.UnmergeIssues(ctx, f.scope(), b, []model.IssueID{c})
	must(t, err)
	equal(t, "the second is as it was", *i, before[b])
	equal(t, "the first, too", back(d), before[a])
	for id, was := range before {
		equal(t, "as it was "+was.Type, f.issue(t, id), was)
	}
	_, err = f.UnmergeIssues(ctx, f.scope(), a, []model.IssueID{d})
	equal(t, "giving back what is not merged", errors.Is(err, model.ErrNotFound), true)
	equal(t, "issues listed", len(f.issues(t, store.IssueQuery{})), 4)
}

// comesBackWithItsEvents gives an issue back that was hit meanwhile: all events of its
// fingerprint go with it, and where it was resolved it has regressed.
func comesBackWithItsEvents(t *testing.T, f *fixture) {
	ctx := context.Background()
	f.write(t, f.batch(f.hit("A", "u1", 9*time.Hour), f.hit("B", "u1", 8*time.Hour), f.hit("C", "u1", 8*time.Hour)))
	a, b, c := f.idOf(t, "A"), f.idOf(t, "B"), f.idOf(t, "C")
	resolved := store.Resolved
	_, err := f.UpdateIssues(ctx, f.scope(), []model.IssueID{b, c}, store.IssueUpdate{Status: &resolved})
	must(t, err)
	f.merge(t, a, b, c)
	f.write(t, f.batch(f.hit("B", "u2", time.Hour)))
	_, err = f.UnmergeIssues(ctx, f.scope(), b, []model.IssueID{b, c}) // b stands for a, and for itself among the others
	must(t, err)
	f.write(t, f.batch(f.hit("B", "u3", 0)))
	i := f.issue(t, b)
	equal(t, "count", i.Count, 3)
	equal(t, "users", i.Users, 3)
	equal(t, "status", i.Substatus, store.Regressed)
	equal(t, "of the one not hit", f.issue(t, c).Status, store.Resolved)
	equal(t, "the other's count", f.issue(t, a).Count, 1)
	equal(t, "the other's users", f.issue(t, a).Users, 1)
	events, err := f.Events(ctx, store.EventQuery{In: f.scope(), Issue: b})
	must(t, err)
	equal(t, "events", len(events.Events), 3)
}

func mergesRefused(t *testing.T, f *fixture) {
	ctx := context.Background()
	feedback := f.hit("F", "u1", time.Hour)
	feedback.Kind = model.KindFeedback
	f.write(t, f.batch(f.hit("A", "u1", 0), f.hit("B", "u1", 0), feedback))
	other, err := f.CreateProject(ctx, f.scope(), "second", "second", "go")
	must(t, err)
	there := f.batch(f.hit("There", "u1", 0))
	there.Project = other.ID
	f.write(t, there)
	a, b := f.idOf(t, "A"), f.idOf(t, "B")
	refused := func(what string, kind error, into model.IssueID, ids ...model.IssueID) {
		t.Helper()
		if _, err := f.MergeIssues(ctx, f.scope(), ids, into); !errors.Is(err, kind) {
			t.Errorf("%s: %v, want %v", what, err, kind)
		}
	}
	refused("nothing", model.ErrInvalid, 0)
	refused("one", model.ErrInvalid, 0, a)
	refused("one twice", model.ErrInvalid, a, a, a)
	refused("feedback", model.ErrInvalid, 0, a, f.idOf(t, "F"))
	refused("another project", model.ErrInvalid, a, f.idOf(t, "There"))
	refused("unknown", model.ErrNotFound, 0, a, 999)
	foreign, _ := f.tenant(t, "globex")
	_, err = f.MergeIssues(ctx, store.Scope{Org: foreign.ID}, []model.IssueID{a, b}, 0)
	equal(t, "another tenant's", errors.Is(err, model.ErrNotFound), true)
	f.merge(t, a, b)
	refused("one already", model.ErrInvalid, 0, a, b)
	_, err = f.UnmergeIssues(ctx, store.Scope{Org: foreign.ID}, a, []model.IssueID{b})
	equal(t, "giving back another tenant's", errors.Is(err, model.ErrNotFound), true)
	_, err = f.MergedIssues(ctx, store.Scope{Org: foreign.ID}, a)
	equal(t, "looking at another tenant's", errors.Is(err, model.ErrNotFound), true)
	_, err = f.UnmergeIssues(ctx, f.scope(), a, nil)
	equal(t, "giving back nothing", errors.Is(err, model.ErrInvalid), true)
	equal(t, "issues", len(f.issues(t, store.IssueQuery{})), 3)
}

// executionsCountOnce merges issues that the same execution hit.
func executionsCountOnce(t *testing.T, f *fixture) {
	ctx := context.Background()
	b := f.traced()
	at := Clock.Add(2 * time.Second)
	for _, fault := range []string{"A", "B", "C"} {
		e := f.event(fault, at)
		e.Trace, e.Execution = b.Spans[0].Trace, b.Executions[0].ID
		b.Events = append(b.Events, e)
	}
	x := &b.Executions[0]
	x.Ended, x.Outcome, x.Cost = true, model.OutcomeError, model.Cost{Nanos: 700, Pricing: model.Priced}
	f.write(t, b)
	a, bb, c := f.idOf(t, "A"), f.idOf(t, "B"), f.idOf(t, "C")
	cost := func(k rollup.Kind, name, sub *string) (n int64) {
		t.Helper()
		q := store.RollupQuery{In: f.scope(), Kind: k, Name: name, Sub: sub, From: Clock.Add(-time.Hour), To: Clock.Add(time.Hour)}
		must(t, f.Rollup(ctx, q, func(r store.RollupRow) error {
			n += r.Counters.Get(rollup.FailedCostNanos)
			return nil
		}))
		return n
	}
	once := cost(rollup.Issue, store.IssueName(a), nil)
	if once == 0 {
		t.Fatal("the execution costs its issues nothing: nothing is shown")
	}
	f.merge(t, a, bb)
	equal(t, "cost of two in one", cost(rollup.Issue, store.IssueName(bb), nil), once)
	f.merge(t, a, c)
	agent := x.Agent.ID
	equal(t, "cost of three in one", cost(rollup.Issue, store.IssueName(a), nil), once)
	equal(t, "cost of all issues", cost(rollup.Issue, nil, nil), once)
	equal(t, "cost for the agent", cost(rollup.AgentIssue, &agent, nil), once)
	equal(t, "cost for the agent, of it", cost(rollup.AgentIssue, &agent, store.IssueName(c)), once)
	runs, err := f.Executions(ctx, store.ExecutionQuery{In: f.scope(), Issue: c})
	must(t, err)
	equal(t, "executions", len(runs.Executions), 1)
	equal(t, "its issues", fmt.Sprint(runs.Executions[0].Issues), fmt.Sprint([]model.IssueID{a}))
	whole, err := f.Execution(ctx, f.scope(), x.ID)
	must(t, err)
	equal(t, "its issues, whole", fmt.Sprint(whole.Issues), fmt.Sprint([]model.IssueID{a}))
	for _, e := range whole.Trace.Events {
		if e.Kind == model.KindError {
			equal(t, "issue of its event", e.Issue, a)
		}
	}
}
