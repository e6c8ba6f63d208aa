package storetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// delivery returns a webhook about an issue there, which says something.
func (f *fixture) delivery(request, subject, says string, at time.Time) store.Delivery {
	return store.Delivery{Org: f.org.ID, Received: at, Due: at, Request: request, Resource: "issue", Action: "resolved", Subject: subject,
		Digest: sha256.Sum256([]byte(says)), Body: []byte(says), Size: int64(len(says))}
}

// take stores a delivery and returns its id, and whether it was there already.
func (f *fixture) take(t *testing.T, d store.Delivery) (int64, bool) {
	t.Helper()
	id, again, err := f.TakeDelivery(context.Background(), d)
	must(t, err)
	return id, again
}

func deliveriesAreTakenOnce(t *testing.T, f *fixture) {
	first, again := f.take(t, f.delivery("r1", "issue:1", "resolved", Clock))
	equal(t, "the first is there already", again, false)
	same := func(what string, d store.Delivery, want bool) int64 {
		t.Helper()
		id, again := f.take(t, d)
		if again != want || want && id != first {
			t.Errorf("%s: delivery %d, there already: %v; want %v (the first is %d)", what, id, again, want, first)
		}
		return id
	}
	same("the same request", f.delivery("r1", "issue:1", "resolved", Clock), true)
	same("the same request with another body", f.delivery("r1", "issue:1", "else", Clock), true)
	same("another attempt", f.delivery("r2", "issue:1", "resolved", Clock.Add(15*time.Minute)), true)
	same("the same a day later", f.delivery("r3", "issue:1", "resolved", Clock.Add(store.Resent)), false)
	first, _ = f.take(t, f.delivery("r4", "issue:2", "resolved", Clock))
	same("another issue", f.delivery("r5", "issue:3", "of another issue", Clock), false)
	same("another attempt in spite of it", f.delivery("r6", "issue:2", "resolved", Clock), true)
	same("what is contrary", f.delivery("r7", "issue:2", "unresolved", Clock), false)
	same("once more", f.delivery("r8", "issue:2", "resolved", Clock), false)
	first, _ = f.take(t, f.delivery("r9", "", "of no subject", Clock))
	f.take(t, f.delivery("r10", "", "something else", Clock))
	same("another attempt at what has no subject", f.delivery("r11", "", "of no subject", Clock), true)
	other, _ := f.tenant(t, "globex")
	theirs := f.delivery("r1", "issue:1", "resolved", Clock)
	theirs.Org = other.ID
	same("another tenant's", theirs, false)
	page, err := f.Deliveries(context.Background(), store.DeliveryQuery{In: store.Scope{Org: other.ID}})
	must(t, err)
	equal(t, "deliveries of another tenant", len(page.Deliveries), 1)
}

// concurrentDeliveries sends each of some requests from several sides at once.
func concurrentDeliveries(t *testing.T, f *fixture) {
	const sides, requests = 8, 40
	var mu sync.Mutex
	ids := map[string]int64{}
	fresh := 0
	var wg sync.WaitGroup
	for range sides {
		wg.Go(func() {
			for n := range requests {
				says := fmt.Sprint("delivery ", n)
				id, again, err := f.TakeDelivery(context.Background(), f.delivery(says, "", says, Clock))
				mu.Lock()
				if err != nil {
					t.Error(err)
				}
				if known := ids[says]; known != 0 && known != id {
					t.Errorf("%s is delivery %d and %d", says, known, id)
				}
				ids[says] = id
				if !again {
					fresh++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	equal(t, "deliveries that were new", fresh, requests)
}

func deliveriesAreWorkedOn(t *testing.T, f *fixture) {
	ctx := context.Background()
	for n := range 3 {
		f.take(t, f.delivery(fmt.Sprint("r", n), "", fmt.Sprint(`{"n":`, n, `}`), Clock.Add(time.Duration(n)*time.Second)))
	}
	due := func(at time.Time, most int) []store.Delivery {
		t.Helper()
		list, err := f.DueDeliveries(ctx, at, most)
		must(t, err)
		return list
	}
	equal(t, "due before any came", len(due(Clock.Add(-time.Second), 10)), 0)
	equal(t, "due of three", len(due(Clock.Add(time.Minute), 2)), 2)
	list := due(Clock.Add(time.Second), 10)
	if len(list) != 2 || string(list[0].Body) != `{"n":0}` || list[1].Request != "r1" || list[0].State != store.DeliveryWaiting {
		t.Fatalf("due = %+v", list)
	}
	d := list[0]
	d.State, d.Tries, d.Due, d.Noted, d.Outcome = store.DeliveryFailed, 1, Clock.Add(time.Hour), Clock, "no answer"
	must(t, f.SettleDelivery(ctx, d))
	got, err := f.Delivery(ctx, f.scope(), d.ID)
	must(t, err)
	if got.State != store.DeliveryFailed || got.Tries != 1 || !got.Due.Equal(d.Due) || !got.Noted.Equal(Clock) || got.Outcome != "no answer" || string(got.Body) != `{"n":0}` || got.Digest != d.Digest {
		t.Errorf("settled = %+v", got)
	}
	equal(t, "due while one waits for another try", len(due(Clock.Add(time.Minute), 10)), 2)
	d.State, d.Tries, d.Due, d.Outcome = store.DeliveryDone, 2, time.Time{}, "resolved"
	must(t, f.SettleDelivery(ctx, d))
	equal(t, "due when one is done", len(due(Clock.Add(2*time.Hour), 10)), 2)
	must(t, f.ReplayDelivery(ctx, f.scope(), d.ID, Clock.Add(time.Minute)))
	must(t, f.SettleDelivery(ctx, d)) // by who worked on it when it was asked for again
	list = due(Clock.Add(2*time.Hour), 10)
	if len(list) != 3 || list[2].ID != d.ID || list[2].Replays != 1 || list[2].Tries != 0 || list[2].State != store.DeliveryWaiting {
		t.Errorf("due after a replay = %+v", list)
	}
	other, _ := f.tenant(t, "globex")
	_, err = f.Delivery(ctx, store.Scope{Org: other.ID}, d.ID)
	fails(t, "another tenant's delivery", err, model.ErrNotFound)
	fails(t, "replaying it", f.ReplayDelivery(ctx, store.Scope{Org: other.ID}, d.ID, Clock), model.ErrNotFound)
	fails(t, "replaying nothing", f.ReplayDelivery(ctx, f.scope(), 999, Clock), model.ErrNotFound)
}

func deliveriesAreListed(t *testing.T, f *fixture) {
	ctx := context.Background()
	for n := range 5 {
		d := f.delivery(fmt.Sprint("r", n), fmt.Sprint("issue:", n%2), strings.Repeat("x", n+1), Clock)
		d.Resource = []string{"issue", "error"}[n%2]
		d.ID, _ = f.take(t, d)
		if n == 4 {
			d.State, d.Due = store.DeliveryIgnored, time.Time{}
			must(t, f.SettleDelivery(ctx, d))
		}
	}
	list := func(q store.DeliveryQuery) (sizes []int64) {
		t.Helper()
		q.In, q.Page.Limit = f.scope(), 2
		for {
			page, err := f.Deliveries(ctx, q)
			must(t, err)
			for _, d := range page.Deliveries {
				sizes = append(sizes, d.Size)
			}
			if q.Page.Cursor = page.Next; page.Next == "" {
				return sizes
			}
		}
	}
	f2 := func(q store.DeliveryQuery, want ...int64) {
		t.Helper()
		if got := list(q); !slices.Equal(got, want) {
			t.Errorf("%+v finds %v, want %v", q, got, want)
		}
	}
	f2(store.DeliveryQuery{}, 5, 4, 3, 2, 1)
	f2(store.DeliveryQuery{Resource: "error"}, 4, 2)
	f2(store.DeliveryQuery{Subject: "issue:0"}, 5, 3, 1)
	f2(store.DeliveryQuery{States: []store.DeliveryState{store.DeliveryIgnored}}, 5)
	f2(store.DeliveryQuery{States: []store.DeliveryState{store.DeliveryWaiting, store.DeliveryDone}}, 4, 3, 2, 1)
	_, err := f.Deliveries(ctx, store.DeliveryQuery{In: f.scope(), Page: store.Page{Cursor: "!"}})
	fails(t, "a bad cursor", err, model.ErrInvalid)
}

func upstreamIssuesAreTied(t *testing.T, f *fixture) {
	ctx := context.Background()
	f.write(t, f.batch(f.event("A", Clock), f.event("B", Clock)))
	issues := f.issues(t, store.IssueQuery{Sort: store.ByFirstSeen})
	a, b := issues[1].ID, issues[0].ID
	_, err := f.UpstreamIssueByID(ctx, f.org.ID, "77")
	fails(t, "a tie that is not there", err, model.ErrNotFound)
	u := store.UpstreamIssue{Org: f.org.ID, Issue: a, ID: "77", ShortID: "APP-1", Project: "app", Link: "https://sentry.example.com/77", Status: "unresolved",
		Count: 9, Users: 2, LastSeen: Clock, Assigned: "ann@example.com", How: "event", UpdatedAt: Clock}
	must(t, f.LinkIssue(ctx, u))
	got, err := f.UpstreamIssueByID(ctx, f.org.ID, "77")
	must(t, err)
	equal(t, "tie", *got, u)
	older := u
	older.Status, older.UpdatedAt = "resolved", Clock.Add(-time.Minute)
	fails(t, "an older word", f.LinkIssue(ctx, older), model.ErrConflict)
	second := u
	second.ID, second.UpdatedAt, second.How = "78", Clock.Add(time.Minute), "api"
	must(t, f.LinkIssue(ctx, second))
	ties, err := f.UpstreamIssues(ctx, f.scope(), []model.IssueID{a, b})
	must(t, err)
	equal(t, "ties", len(ties), 1)
	equal(t, "the one told last", ties[a].ID, "78")
	_, err = f.MergeIssues(ctx, f.scope(), []model.IssueID{a, b}, b)
	must(t, err)
	ties, err = f.UpstreamIssues(ctx, f.scope(), []model.IssueID{b})
	must(t, err)
	equal(t, "the tie of what it was merged into", ties[b].ID, "78")
	other, _ := f.tenant(t, "globex")
	ties, err = f.UpstreamIssues(ctx, store.Scope{Org: other.ID}, []model.IssueID{a, b})
	must(t, err)
	equal(t, "ties for another tenant", len(ties), 0)
	_, err = f.UpstreamIssueByID(ctx, other.ID, "77")
	fails(t, "another tenant's tie", err, model.ErrNotFound)
}

// pusher follows the feed as the mirror does.
type pusher struct {
	*fixture
	t     *testing.T
	issue model.IssueID // that is tied to one upstream
}

func (f *fixture) pusher(t *testing.T) *pusher {
	t.Helper()
	f.write(t, f.batch(f.event("A", Clock)))
	p := &pusher{f, t, f.issues(t, store.IssueQuery{})[0].ID}
	must(t, f.LinkIssue(context.Background(), store.UpstreamIssue{Org: f.org.ID, Issue: p.issue, ID: "77", How: "event"}))
	p.follow()
	return p
}

func (p *pusher) follow() {
	p.t.Helper()
	at, err := p.Cursor(context.Background(), "mirror")
	must(p.t, err)
	list, err := p.Changes(context.Background(), at, 100)
	must(p.t, err)
	must(p.t, p.PushChanges(context.Background(), "mirror", list, Clock))
}

// due returns what is to be sent, which must be as many.
func (p *pusher) due(what string, want int) []store.Push {
	p.t.Helper()
	list, err := p.DuePushes(context.Background(), Clock, 10)
	must(p.t, err)
	if len(list) != want {
		p.t.Fatalf("to be sent %s: %+v, want %d", what, list, want)
	}
	return list
}

func (p *pusher) change(u store.IssueUpdate) {
	p.t.Helper()
	_, err := p.UpdateIssues(context.Background(), p.scope(), []model.IssueID{p.issue}, u)
	must(p.t, err)
	p.follow()
}

func changesArePushed(t *testing.T, f *fixture) {
	ctx := context.Background()
	p := f.pusher(t)
	resolved, open, ann := store.Resolved, store.Unresolved, "ann"
	p.due("of a new issue", 0)
	p.change(store.IssueUpdate{Status: &resolved, Origin: store.OriginSentry})
	p.due("of what a webhook changed", 0)
	p.change(store.IssueUpdate{AssignedTo: &ann})
	first := p.due("of a new assignee", 1)[0]
	if first.What != store.ChangedAssignee || first.ID != "77" || first.Issue != p.issue {
		t.Fatalf("to be sent = %+v", first)
	}
	first.Tries, first.Due, first.Problem = 1, Clock.Add(time.Minute), "no answer"
	must(t, f.SettlePush(ctx, first))
	p.due("while it waits", 0)
	ties, err := f.UpstreamIssues(ctx, f.scope(), []model.IssueID{p.issue})
	must(t, err)
	if tie := ties[p.issue]; tie.Problem != "no answer" || tie.Tries != 1 {
		t.Errorf("what went wrong = %+v", tie)
	}
	p.change(store.IssueUpdate{Status: &open})
	both := store.ChangedAssignee | store.ChangedStatus
	second := p.due("after another change", 1)[0]
	if second.What != both || second.Tries != 0 {
		t.Fatalf("to be sent after another change = %+v", second)
	}
	p.change(store.IssueUpdate{Status: &resolved})
	second.What, second.Due, second.Sent = 0, time.Time{}, Clock
	must(t, f.SettlePush(ctx, second)) // by who sent what was so before
	third := p.due("of what changed meanwhile", 1)[0]
	if third.What != both || !third.Sent.Equal(Clock) {
		t.Fatalf("to be sent of what changed meanwhile = %+v", third)
	}
	third.What, third.Due = 0, time.Time{}
	must(t, f.SettlePush(ctx, third))
	p.follow()
	p.due("in the end", 0)
}

func triggersAreKept(t *testing.T, f *fixture) {
	ctx := context.Background()
	tr := store.Trigger{Org: f.org.ID, Project: f.project.ID, Delivery: 5, Time: Clock, Kind: "metric_alert", Rule: "p95", State: "critical",
		Title: "slow", Link: "https://sentry.example.com/1", Data: []byte(`{"id":"1"}`)}
	must(t, f.AddTrigger(ctx, tr))
	must(t, f.AddTrigger(ctx, tr)) // worked on twice
	tr.Delivery, tr.State, tr.Project = 6, "resolved", 0
	must(t, f.AddTrigger(ctx, tr))
	page, err := f.Triggers(ctx, f.scope(), store.Page{Limit: 1})
	must(t, err)
	if len(page.Triggers) != 1 || page.Triggers[0].State != "resolved" || page.Next == "" {
		t.Fatalf("first page = %+v", page)
	}
	page, err = f.Triggers(ctx, f.scope(), store.Page{Limit: 1, Cursor: page.Next})
	must(t, err)
	if len(page.Triggers) != 1 || page.Next != "" {
		t.Fatalf("second page = %+v", page)
	}
	got := page.Triggers[0]
	if got.Rule != "p95" || string(got.Data) != `{"id":"1"}` || !got.Time.Equal(Clock) || got.Delivery != 5 || got.Project != f.project.ID {
		t.Errorf("trigger = %+v", got)
	}
	in := f.scope()
	in.Projects = []model.ProjectID{f.project.ID}
	page, err = f.Triggers(ctx, in, store.Page{})
	must(t, err)
	equal(t, "triggers of the project", len(page.Triggers), 1)
	other, _ := f.tenant(t, "globex")
	page, err = f.Triggers(ctx, store.Scope{Org: other.ID}, store.Page{})
	must(t, err)
	equal(t, "triggers of another tenant", len(page.Triggers), 0)
}
