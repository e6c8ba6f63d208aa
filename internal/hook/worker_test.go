package hook_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
)

// TestMeanings has one of everything worked on, where an issue here has the event.
func TestMeanings(t *testing.T) {
	t.Parallel()
	f := func(name string, state store.DeliveryState, says string) {
		t.Helper()
		w := newWorld(t)
		w.declined()
		if d := w.fixture(name); d.State != state || !strings.Contains(d.Outcome, says) || !d.Due.IsZero() || !d.Noted.Equal(w.now) {
			t.Errorf("%s is %s: %s", name, d.State, d.Outcome)
		}
	}
	done, ignored := store.DeliveryDone, store.DeliveryIgnored
	f("installation.created", done, "installed for acme")
	f("installation.deleted", done, "removed from acme")
	f("issue.created", done, "DEFAULT-1")
	f("issue.resolved", done, "DEFAULT-1 is resolved now, as Ann Example did at Sentry")
	f("issue.archived", done, "DEFAULT-1 is archived now")
	f("issue.ignored", done, "DEFAULT-1 is archived now")
	f("issue.unresolved", done, "DEFAULT-1 is unresolved already")
	f("issue.assigned", done, "DEFAULT-1 is assigned to zoë@example.com now")
	f("error.created", done, "DEFAULT-1")
	f("event_alert.triggered", done, `"Card trouble" is triggered`)
	f("metric_alert.critical", done, `"Refunds are slow" is critical`)
	f("metric_alert.warning", done, `"Refunds are slow" is warning`)
	f("metric_alert.resolved", done, `"Refunds are slow" is resolved`)
	f("activity_alert.triggered", done, `"Deploy watch" is triggered`)
	for _, name := range fixtures(t) {
		if strings.HasPrefix(name, "comment.") || strings.HasPrefix(name, "seer.") || strings.HasPrefix(name, "preprod_artifact.") {
			f(name, ignored, "does nothing about it")
		}
	}
}

// TestUnknown keeps what it does not know.
func TestUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := func(resource, body, says string) {
		t.Helper()
		d := w.deliver(resource, []byte(body))
		if d.State != store.DeliveryIgnored || !strings.Contains(d.Outcome, says) || len(d.Body) == 0 {
			t.Errorf("%s %s is %s: %s", resource, body, d.State, d.Outcome)
		}
	}
	f("weather", `{"action":"changed"}`, `the resource "weather"`)
	f("issue", `{"action":"exploded"}`, `the action "exploded" of issue`)
	f("issue", `{}`, `the action "" of issue`)
	f("issue", `{"action":"resolved"}`, "names no issue")
	f("issue", `{"action":"resolved","data":{"issue":7}}`, "names no issue")
	f("issue", `{"action":"resolved","data":{"issue":{"id":"5","title":"nothing that is here"}}}`, "could not be tied")
	f("error", `{"action":"created","data":{"error":{"event_id":"xyz","issue_id":5}}}`, "could not be tied")
	f("preprod_artifact", `{"action":"anything"}`, "does nothing about it")
}

// TestLenientTypes reads every field whatever type it has.
func TestLenientTypes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := w.declined()
	w.deliver("issue", []byte(`{"action":"created","data":{"issue":{"id":1170820242,"shortId":"ACME-APP-1","title":"DeclinedError: card declined","culprit":"charge(bill)",
		"metadata":{"type":"DeclinedError"},"status":"unresolved","count":42,"userCount":"7","lastSeen":1795867080.5,"project":{"id":4509123456789012,"slug":"acme-app"},"assignedTo":"ann"}}}`))
	u, err := w.db.UpstreamIssueByID(t.Context(), w.org, "1170820242")
	w.must(err)
	want := store.UpstreamIssue{Org: w.org, Issue: here.ID, ID: "1170820242", ShortID: "ACME-APP-1", Project: "acme-app", Status: "unresolved", Count: 42, Users: 7,
		LastSeen: time.UnixMicro(1795867080500000).UTC(), Assigned: "ann", How: "title", UpdatedAt: noon}
	if *u != want {
		t.Errorf("tie = %+v\nwant  %+v", *u, want)
	}
}

// TestTies finds the same issue by event, by the API, by its title, and not at all.
func TestTies(t *testing.T) {
	t.Parallel()
	tie := func(w *world) (how string, issue model.IssueID) {
		u, err := w.db.UpstreamIssueByID(w.t.Context(), w.org, "1170820242")
		if errors.Is(err, model.ErrNotFound) {
			return "", 0
		}
		w.must(err)
		return u.How, u.Issue
	}
	f := func(what, want string, prepare func(w *world), deliveries ...string) {
		t.Helper()
		w := newWorld(t)
		here := w.declined()
		prepare(w)
		for _, name := range deliveries {
			w.fixture(name)
		}
		how, issue := tie(w)
		if how != want || want != "" && issue != here.ID {
			t.Errorf("%s: tied to %d by %q, want %d by %q", what, issue, how, here.ID, want)
		}
	}
	none := func(*world) {}
	api := func(id model.EventID, err error) func(w *world) {
		return func(w *world) {
			w.set(settings.Sentry{WebhookSecret: secret, APIURL: "https://sentry.example.com", APIToken: "t", Organization: "acme"})
			w.api = &scripted{event: id, err: err}
		}
	}
	twin := func(w *world) { // another issue with the same title
		p, err := w.db.CreateProject(w.t.Context(), w.in(), "other", "Other", "")
		w.must(err)
		e := model.Event{ID: model.NewEventID(), Kind: model.KindError, Timestamp: noon, Title: "DeclinedError: card declined", Culprit: "charge(bill)", Type: "DeclinedError", Hashes: []model.Hash{{9}}}
		_, err = w.db.Write(w.t.Context(), &model.Batch{Org: w.org, Project: p.ID, Received: noon, Events: []model.Event{e}})
		w.must(err)
	}
	forwarded := func(w *world) { // and only ours is forwarded to where it came from
		twin(w)
		u := settings.DefaultUpstream()
		u.DSN = "https://key@sentry.example.com/4509123456789012"
		w.book.Put(w.org, w.project, settings.Settings{Upstream: &u})
	}
	f("the event of an error", "event", twin, "error.created")
	f("the event of an alert", "event", twin, "event_alert.triggered")
	f("then its issue", "event", twin, "error.created", "issue.resolved")
	f("the latest event", "api", api(event, nil), "issue.resolved")
	f("an event that is not here", "title", api(model.EventID{7}, nil), "issue.resolved")
	f("an issue that the API does not know", "title", api(model.EventID{}, model.ErrNotFound), "issue.resolved")
	f("the title alone", "title", none, "issue.resolved")
	f("the title of two", "", twin, "issue.resolved")
	f("the title of two in two projects", "title", forwarded, "issue.resolved")
	f("the first tie stays", "title", none, "issue.created", "error.created")
}

// scripted is an API that answers the same always.
type scripted struct {
	event model.EventID
	err   error
	asked int
}

// LatestEvent implements hook.API.
func (s *scripted) LatestEvent(context.Context, string) (model.EventID, error) {
	s.asked++
	return s.event, s.err
}

// SetStatus implements hook.API.
func (s *scripted) SetStatus(context.Context, string, string) error { s.asked++; return s.err }

// SetAssignee implements hook.API.
func (s *scripted) SetAssignee(context.Context, string, string) error { s.asked++; return s.err }

// TestPatience asks an API again that does not answer, and goes by the title in the end.
func TestPatience(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.declined()
	w.set(settings.Sentry{WebhookSecret: secret, APIURL: "https://sentry.example.com", APIToken: "t", Organization: "acme"})
	api := &scripted{err: errors.New("no answer")}
	w.api = api
	d := w.fixture("issue.resolved")
	for tries := 1; tries < 4; tries++ {
		if d.State != store.DeliveryFailed || d.Tries != tries || !d.Due.After(w.now) || !strings.Contains(d.Outcome, "no answer") || api.asked != tries {
			t.Fatalf("try %d: %+v, asked %d times", tries, d, api.asked)
		}
		w.work()
		if api.asked != tries {
			t.Fatalf("asked again before it is due")
		}
		w.now = d.Due
		w.work()
		d = w.delivery("1")
	}
	if d.State != store.DeliveryDone || d.Tries != 4 {
		t.Errorf("in the end: %+v", d)
	}
}

// TestOlderChangesNothing has what was received first worked on last.
func TestOlderChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := w.declined()
	w.fixture("error.created") // ties it
	_, first, _ := w.send(w.request("issue", fixture(t, "issue.resolved")))
	w.now = w.now.Add(time.Second)
	w.fixture("issue.archived")
	if got := w.issue(here.ID).Status; got != store.Archived {
		t.Fatalf("status = %s", got)
	}
	w.now = w.now.Add(time.Second)
	w.must(w.db.ReplayDelivery(t.Context(), w.in(), 2, w.now))
	w.work()
	if d := w.delivery(first); d.State != store.DeliveryIgnored || !strings.Contains(d.Outcome, "newer") {
		t.Errorf("the older one is %s: %s", d.State, d.Outcome)
	}
	if got := w.issue(here.ID).Status; got != store.Archived {
		t.Errorf("status = %s after the replay of an older delivery", got)
	}
}

// TestToAndFro resolves and reopens, again and again, by bodies that are the same.
func TestToAndFro(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := w.declined()
	for round := range 3 {
		w.now = w.now.Add(time.Minute)
		w.fixture("issue.resolved")
		if got := w.issue(here.ID).Status; got != store.Resolved {
			t.Errorf("round %d: %s after it was resolved", round, got)
		}
		w.now = w.now.Add(time.Minute)
		w.fixture("issue.unresolved")
		if got := w.issue(here.ID); got.Status != store.Unresolved || got.Substatus != store.Regressed {
			t.Errorf("round %d: %s %s after it was reopened", round, got.Status, got.Substatus)
		}
	}
	changes, err := w.db.Changes(t.Context(), 0, 100)
	w.must(err)
	for _, c := range changes {
		if c.Kind == store.IssueUpdated && c.Origin != store.OriginSentry {
			t.Errorf("change %+v has no origin", c)
		}
	}
	if len(changes) != 7 {
		t.Errorf("%d changes, want the issue's creation and six", len(changes))
	}
}

// TestStatusOfThePayload believes what an issue is, and not what once became of it.
func TestStatusOfThePayload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := w.declined()
	w.fixture("issue.resolved", `"status":"resolved"`, `"status":"ignored"`) // an attempt that came late
	if got := w.issue(here.ID).Status; got != store.Archived {
		t.Errorf("status = %s, want archived", got)
	}
	w.now = w.now.Add(time.Minute)
	w.fixture("issue.resolved", `"status":"resolved"`, `"status":"pondered"`)
	if got := w.issue(here.ID).Status; got != store.Resolved {
		t.Errorf("status = %s, want what the action says", got)
	}
}

// TestAssigned follows who looks after an issue, to nobody again.
func TestAssigned(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := w.declined()
	w.fixture("issue.assigned")
	if got := w.issue(here.ID).AssignedTo; got != "zoë@example.com" {
		t.Errorf("assigned to %q", got)
	}
	w.now = w.now.Add(time.Minute)
	w.deliver("issue", []byte(`{"action":"assigned","data":{"issue":{"id":"1170820242","assignedTo":null}}}`))
	if got := w.issue(here.ID).AssignedTo; got != "" {
		t.Errorf("assigned to %q, want nobody", got)
	}
}

// TestTriggers keeps what fired with what it is about.
func TestTriggers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here := w.declined()
	w.fixture("metric_alert.critical", "acme-app", "default")
	w.fixture("event_alert.triggered")
	w.fixture("activity_alert.triggered")
	page, err := w.db.Triggers(t.Context(), w.in(), store.Page{})
	w.must(err)
	if len(page.Triggers) != 3 {
		t.Fatalf("%d triggers", len(page.Triggers))
	}
	f := func(got store.Trigger, kind, rule, state, title string, issue model.IssueID) {
		t.Helper()
		if got.Kind != kind || got.Rule != rule || got.State != state || got.Title != title || got.Issue != issue || got.Project != w.project || !strings.HasPrefix(got.Link, "https://") || len(got.Data) == 0 {
			t.Errorf("trigger = %+v", got)
		}
	}
	f(page.Triggers[2], "metric_alert", "Refunds are slow", "critical", "Critical: Refunds are slow", 0)
	f(page.Triggers[1], "event_alert", "Card trouble", "triggered", "DeclinedError: card declined", here.ID)
	f(page.Triggers[0], "activity_alert", "Deploy watch", "triggered", "DeclinedError: card declined", here.ID)
}

// TestSecretsAreNotKept looks for what must not reach the disk.
func TestSecretsAreNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := func(name string, secrets []string, kept ...string) {
		t.Helper()
		body := string(w.fixture(name).Body)
		for _, s := range secrets {
			if !strings.Contains(string(fixture(t, name)), s) {
				t.Errorf("%s never held %q", name, s)
			}
			if strings.Contains(body, s) {
				t.Errorf("%s is stored with %q", name, s)
			}
		}
		for _, s := range kept {
			if !strings.Contains(body, s) {
				t.Errorf("%s is stored without %q: %s", name, s, body)
			}
		}
	}
	ids := []string{"e10000000000000000000000000000e1", "1170820242", "4509123456789012", "https://acme.sentry.io/issues/1170820242/"}
	f("error.created", []string{"hunter2", "abc123def456", "s3cr3t"}, ids...)
	f("event_alert.triggered", []string{"hunter2", "abc123def456ghi"}, append(ids, "#ops")...)
	f("installation.created", []string{"a864b1d1a8d74d4b8a0b6a6f7f3cf0a1a864b1d1"}, "4501234567890123", "a864b1d1-a8d7-4d4b-8a0b-6a6f7f3cf0a1", "24b6b5a4-5b0c-4f0c-9d3c-7a6e5c0c8f11")
	f("comment.created", []string{"abc123def456"}, "adding a comment", "1170820242")
	f("issue.assigned", nil, "zoë@example.com", "4509123456789012", "1170820242")
}
