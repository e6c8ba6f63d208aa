package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

func (f *fixture) issues(t *testing.T, q store.IssueQuery) []store.Issue {
	t.Helper()
	q.In = f.scope()
	page, err := f.Issues(context.Background(), q)
	must(t, err)
	return page.Issues
}

func eventComesBack(t *testing.T, f *fixture) {
	e := f.event("Timeout", Clock.Add(-time.Minute))
	e.Trace, e.Span = model.TraceID{1}, model.SpanID{2}
	e.Payload = bytes.Repeat([]byte(`{"long":"payload"},`), 9000) // longer than a block
	f.write(t, f.batch(e, f.event("Other", Clock)))
	got, err := f.Event(context.Background(), f.scope(), e.ID)
	must(t, err)
	if !bytes.Equal(got.Payload, e.Payload) {
		t.Errorf("payload has %d bytes, want the %d that went in", len(got.Payload), len(e.Payload))
	}
	if got.Issue == 0 {
		t.Error("event has no issue")
	}
	want := store.EventSummary{ID: e.ID, Project: f.project.ID, Kind: e.Kind, Issue: got.Issue, Timestamp: e.Timestamp, Received: Clock,
		Level: e.Level, Title: e.Title, Culprit: e.Culprit, Type: e.Type, Platform: e.Platform, Release: e.Release,
		Environment: e.Environment, Transaction: e.Transaction, UserKey: "id:u1", Trace: e.Trace, Span: e.Span,
		Agent: "refunds", Execution: "x1", Organization: "customer-1"}
	equal(t, "summary", got.EventSummary, want)
	if _, err := f.Event(context.Background(), f.scope(), model.NewEventID()); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("unknown event: %v, want not found", err)
	}
}

func duplicatesCountOnce(t *testing.T, f *fixture) {
	e := f.event("Timeout", Clock)
	f.write(t, f.batch(e))
	r := f.write(t, f.batch(e, f.event("Timeout", Clock)))
	if !slices.Equal(r.Duplicates, []model.EventID{e.ID}) {
		t.Errorf("duplicates = %v, want %v", r.Duplicates, e.ID)
	}
	equal(t, "count", f.issues(t, store.IssueQuery{})[0].Count, 2)
	equal(t, "errors", f.total(t, projectErrors), 2)
}

func shiftedDuplicates(t *testing.T, f *fixture) {
	e := f.event("Timeout", Clock)
	f.write(t, f.batch(e))
	e.Timestamp, e.Shifted = Clock.Add(-40*time.Hour), true
	r := f.write(t, f.batch(e))
	equal(t, "duplicates", len(r.Duplicates), 1)
	equal(t, "count", f.issues(t, store.IssueQuery{})[0].Count, 1)
}

func duplicatesDecideNothing(t *testing.T, f *fixture) {
	e := f.event("Timeout", Clock)
	f.write(t, f.batch(e))
	e.Hashes = []model.Hash{hash("other")}
	r := f.write(t, f.batch(e))
	equal(t, "duplicates", len(r.Duplicates), 1)
	equal(t, "issues", len(f.issues(t, store.IssueQuery{})), 1)
	changes, err := f.Changes(context.Background(), 0, 10)
	must(t, err)
	equal(t, "changes", len(changes), 1)
}

func issuesGather(t *testing.T, f *fixture) {
	first, second, third := f.event("A", Clock.Add(-3*time.Hour)), f.event("B", Clock.Add(-time.Hour)), f.event("B", Clock.Add(-2*time.Hour))
	first.Hashes = []model.Hash{hash("app"), hash("system")}
	second.Hashes = []model.Hash{hash("new"), hash("system")} // known by its second: and now by its first, too
	third.Hashes = []model.Hash{hash("new")}
	second.Release = "app@2.0.0"
	second.Level = model.LevelFatal
	for _, e := range []model.Event{first, second, third} {
		f.write(t, f.batch(e))
	}
	all := f.issues(t, store.IssueQuery{})
	if len(all) != 1 {
		t.Fatalf("%d issues, want 1", len(all))
	}
	i := all[0]
	equal(t, "short id", i.ShortID, "ACME-APP-1")
	equal(t, "count", i.Count, 3)
	equal(t, "title, of the newest", i.Title, "B: it broke")
	equal(t, "level, of the newest", i.Level, model.LevelFatal)
	equal(t, "last event", i.LastEvent, second.ID)
	equal(t, "first seen", i.FirstSeen, first.Timestamp)
	equal(t, "last seen", i.LastSeen, second.Timestamp)
	equal(t, "first release", i.FirstRelease, "app@1.0.0")
	equal(t, "last release", i.LastRelease, "app@2.0.0")
	equal(t, "substatus", i.Substatus, store.New)
	again, err := f.IssueByShortID(context.Background(), f.scope(), "acme-app-i") // I is read as 1
	must(t, err)
	equal(t, "by short id", again.ID, i.ID)
}

func resolvedIssuesRegress(t *testing.T, f *fixture) {
	ctx := context.Background()
	f.write(t, f.batch(f.event("A", Clock), f.event("B", Clock)))
	ids := []model.IssueID{f.issues(t, store.IssueQuery{})[0].ID, f.issues(t, store.IssueQuery{})[1].ID}
	resolved := store.Resolved
	got, err := f.UpdateIssues(ctx, f.scope(), ids, store.IssueUpdate{Status: &resolved})
	must(t, err)
	equal(t, "updated", len(got), 2)
	equal(t, "status", got[0].Status, store.Resolved)
	f.write(t, f.batch(f.event("A", Clock.Add(time.Minute))))
	regressed := f.issues(t, store.IssueQuery{Terms: []store.Term{{Key: "is", Values: []string{"regressed"}}}})
	if len(regressed) != 1 || regressed[0].Type != "A" {
		t.Fatalf("regressed = %+v, want A", regressed)
	}
	equal(t, "still resolved", len(f.issues(t, store.IssueQuery{Terms: []store.Term{{Key: "is", Values: []string{"resolved"}}}})), 1)
	unknown := []model.IssueID{ids[0], 999}
	if _, err := f.UpdateIssues(ctx, f.scope(), unknown, store.IssueUpdate{Status: &resolved}); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("updating an unknown issue: %v, want not found", err)
	}
	equal(t, "nothing changed with it", len(f.issues(t, store.IssueQuery{Terms: []store.Term{{Key: "is", Values: []string{"resolved"}}}})), 1)
}

func issueSearch(t *testing.T, f *fixture) {
	old := f.event("Disk 100%", Clock.Add(-50*time.Hour))
	old.Level, old.Environment, old.Handled = model.LevelWarning, "staging", model.No
	old.Tags = []model.Tag{{Key: "region", Value: "us_east"}, {Key: "team", Value: "a*b"}}
	f.write(t, f.batch(f.event("Timeout", Clock), f.event("Timeout", Clock), old))
	find := func(want string, terms ...store.Term) {
		t.Helper()
		var got string
		for _, i := range f.issues(t, store.IssueQuery{Terms: terms}) {
			got += i.Type + ";"
		}
		if got != want {
			t.Errorf("%+v finds %q, want %q", terms, got, want)
		}
	}
	is := func(key string, values ...string) store.Term { return store.Term{Key: key, Values: values} }
	find("Timeout;Disk 100%;")
	find("Timeout;", is("", "timeout: it"))
	find("Disk 100%;", is("", "100%"))
	find("", is("", "1_0%"))
	find("Disk 100%;", is("level", "warning"))
	find("Timeout;Disk 100%;", is("level", "warning", "error"))
	find("Timeout;", store.Term{Key: "level", Values: []string{"warning"}, Negated: true})
	find("Timeout;", store.Term{Key: "timesSeen", Op: store.Greater, Values: []string{"1"}})
	find("Disk 100%;", is("age", "+24h"))
	find("Timeout;", is("lastSeen", "-24h"))
	find("Disk 100%;", store.Term{Key: "firstSeen", Op: store.Less, Values: []string{"2026-11-19"}})
	find("Disk 100%;", is("region", "us_e*"))
	find("", is("region", "usXe*"))
	find("Disk 100%;", is("team", `a\*b`))
	find("Timeout;", store.Term{Key: "team", Op: store.Has, Negated: true})
	find("Disk 100%;", is("environment", "staging"))
	find("Disk 100%;", is("error.unhandled", "true"))
	find("Timeout;", is("agent", "refunds"), is("issue", "ACME-APP-1"))
	find("Disk 100%;", store.Term{Key: "level", Values: []string{"warning"}, Tag: true})
	find("Disk 100%;", is("firstSeen", "2026-11-18")) // a date is the whole day
	find("Timeout;", store.Term{Key: "lastSeen", Op: store.GreaterEqual, Values: []string{"2026-11-20T12:00:00"}})
	for _, key := range []string{"is", "level", "issue", "timesSeen", "firstSeen", "error.handled", "title", "region"} {
		find("Timeout;Disk 100%;", store.Term{Key: key, Op: store.Has})
		find("", store.Term{Key: key, Op: store.Has, Negated: true})
	}
	for _, bad := range []store.Term{is("is", "purple"), is("level", "purple"), is("timesSeen", "many"), is("age", "-1y2"),
		{Key: "region", Op: store.Less, Values: []string{"eu"}}, is("issue", "nodash"), is("error.handled", "maybe"), is("user.email", "a@b.c"), is("trace", "1"),
		is("region", slices.Repeat([]string{"eu"}, 5000)...), is("region", strings.Repeat("*e", 50_000))} {
		if _, err := f.Issues(context.Background(), store.IssueQuery{In: f.scope(), Terms: []store.Term{bad}}); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%+v: %v, want invalid", bad, err)
		}
	}
}

func issuesPage(t *testing.T, f *fixture) {
	for n := range 25 { // pairs share their times: ties must not be lost between pages
		f.write(t, f.batch(f.event(fmt.Sprintf("Fault%02d", n), Clock.Add(-time.Duration(n/2)*time.Minute))))
	}
	for _, sort := range []store.IssueSort{store.ByLastSeen, store.ByFirstSeen, store.ByCount, store.ByUsers} {
		seen := map[model.IssueID]bool{}
		q := store.IssueQuery{In: f.scope(), Sort: sort, Page: store.Page{Limit: 4}}
		for pages := 1; ; pages++ {
			page, err := f.Issues(context.Background(), q)
			must(t, err)
			for _, i := range page.Issues {
				if seen[i.ID] {
					t.Errorf("sort %s: issue %d comes twice", sort, i.ID)
				}
				seen[i.ID] = true
			}
			if page.Next == "" {
				equal(t, "pages by "+string(sort), pages, 7)
				break
			}
			q.Page.Cursor = page.Next
		}
		equal(t, "issues by "+string(sort), len(seen), 25)
	}
	if _, err := f.Issues(context.Background(), store.IssueQuery{In: f.scope(), Page: store.Page{Cursor: "x.y.z"}}); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("bad cursor: %v, want invalid", err)
	}
}

func eventsPage(t *testing.T, f *fixture) {
	var ids []model.EventID // oldest first
	for n := range 10 {
		e := f.event("A", Clock.Add(time.Duration(n-10)*7*time.Hour))
		ids = append(ids, e.ID)
		f.write(t, f.batch(e, f.event("B", e.Timestamp)))
	}
	issue := f.issues(t, store.IssueQuery{Terms: []store.Term{{Key: "error.type", Values: []string{"A"}}}})[0].ID
	for _, q := range []store.EventQuery{{Issue: issue}, {Issue: issue, Kinds: []model.Kind{model.KindError}, Agent: "refunds"}} {
		q.In, q.Page.Limit = f.scope(), 3
		var got []model.EventID
		for {
			page, err := f.Events(context.Background(), q)
			must(t, err)
			for _, e := range page.Events {
				got = append(got, e.ID)
			}
			if q.Page.Cursor = page.Next; page.Next == "" {
				break
			}
		}
		slices.Reverse(got)
		if !slices.Equal(got, ids) {
			t.Errorf("events = %v, want %v", got, ids)
		}
	}
	middle, err := f.Event(context.Background(), f.scope(), ids[4])
	must(t, err)
	equal(t, "previous", middle.Previous, ids[3])
	equal(t, "next", middle.Next, ids[5])
	last, err := f.Event(context.Background(), f.scope(), ids[9])
	must(t, err)
	equal(t, "next of the last", last.Next, model.EventID{})
	f.write(t, f.traced()) // a transaction, and the errors of another project
	_, other := f.tenant(t, "globex")
	theirs := f.batch(f.event("C", Clock))
	theirs.Org, theirs.Project = 2, other.ID
	f.write(t, theirs)
	for _, in := range []store.Scope{f.scope(), {Org: f.org.ID, Projects: []model.ProjectID{f.project.ID}}} {
		errors, err := f.Events(context.Background(), store.EventQuery{In: in, Kinds: []model.Kind{model.KindError, model.KindMessage}})
		must(t, err)
		equal(t, "errors", len(errors.Events), 20)
		transactions, err := f.Events(context.Background(), store.EventQuery{In: in, Kinds: []model.Kind{model.KindTransaction}})
		must(t, err)
		equal(t, "transactions", len(transactions.Events), 1)
	}
	some, err := f.Events(context.Background(), store.EventQuery{In: f.scope(), From: Clock.Add(-24 * time.Hour)})
	must(t, err)
	equal(t, "events of the last day", len(some.Events), 7)
}

func usersCounted(t *testing.T, f *fixture) {
	for n := range 60 {
		e := f.event("A", Clock)
		e.User = model.User{Email: fmt.Sprintf("u%d@example.com", n%20)}
		f.write(t, f.batch(e))
	}
	anonymous := f.event("A", Clock)
	anonymous.User = model.User{}
	f.write(t, f.batch(anonymous))
	equal(t, "users", f.issues(t, store.IssueQuery{})[0].Users, 20)
}

func tagsCounted(t *testing.T, f *fixture) {
	a, b := f.event("A", Clock), f.event("A", Clock.Add(-48*time.Hour))
	b.Tags = []model.Tag{{Key: "region", Value: "us"}}
	f.write(t, f.batch(a, f.event("A", Clock), b))
	tags, err := f.IssueTags(context.Background(), f.scope(), f.issues(t, store.IssueQuery{})[0].ID)
	must(t, err)
	var regions []store.TagCount
	for _, tag := range tags {
		if tag.Key == "region" {
			regions = append(regions, tag)
		}
	}
	today, before := Clock.Truncate(24*time.Hour), Clock.Truncate(24*time.Hour).Add(-48*time.Hour)
	want := []store.TagCount{{Key: "region", Value: "eu", Count: 2, First: today, Last: today}, {Key: "region", Value: "us", Count: 1, First: before, Last: before}}
	if !slices.Equal(regions, want) {
		t.Errorf("regions = %+v, want %+v", regions, want)
	}
}

func changesInOrder(t *testing.T, f *fixture) {
	ctx := context.Background()
	e := f.event("A", Clock)
	f.write(t, f.batch(e, f.event("A", Clock)))
	issue := f.issues(t, store.IssueQuery{})[0].ID
	resolved := store.Resolved
	_, err := f.UpdateIssues(ctx, f.scope(), []model.IssueID{issue}, store.IssueUpdate{Status: &resolved})
	must(t, err)
	f.write(t, f.batch(f.event("A", Clock)))
	var kinds []store.ChangeKind
	var after int64
	for {
		some, err := f.Changes(ctx, after, 1)
		must(t, err)
		if len(some) == 0 {
			break
		}
		equal(t, "issue of the change", some[0].Issue, issue)
		kinds, after = append(kinds, some[0].Kind), some[0].Cursor
	}
	if want := []store.ChangeKind{store.IssueCreated, store.IssueUpdated, store.IssueRegressed}; !slices.Equal(kinds, want) {
		t.Errorf("changes = %v, want %v", kinds, want)
	}
}

func concurrentWriters(t *testing.T, f *fixture) {
	const writers, each = 8, 50
	batches := make([][]*model.Batch, writers)
	for w := range batches {
		for n := range each {
			batches[w] = append(batches[w], f.batch(f.event(fmt.Sprintf("Fault%d", n%10), Clock)))
		}
	}
	var wg sync.WaitGroup
	for _, mine := range batches {
		wg.Go(func() {
			for _, b := range mine {
				if _, err := f.Write(context.Background(), b); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	all := f.issues(t, store.IssueQuery{})
	equal(t, "issues", len(all), 10)
	for _, i := range all {
		equal(t, "count of "+i.Type, i.Count, writers*each/10)
	}
	equal(t, "errors", f.total(t, projectErrors), writers*each)
}
