package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// world is one of everything in the fixture's project, and another tenant.
type world struct {
	batch   *model.Batch
	event   model.EventID
	issue   store.Issue
	file    int64
	other   store.Organization
	project store.Project // the other's
}

func (f *fixture) world(t *testing.T) *world {
	t.Helper()
	w := &world{batch: f.traced()}
	w.other, w.project = f.tenant(t, "globex")
	e := f.event("A", Clock)
	w.event = e.ID
	b := w.batch
	b.Events = append(b.Events, e)
	b.Executions[0].Conversation = "c1"
	b.Attachments = []model.Attachment{{Event: e.ID, Name: "a", Data: []byte("x")}}
	b.CheckIns = []model.CheckIn{{ID: model.NewEventID(), Monitor: "m", Status: "ok", Timestamp: Clock}}
	b.Logs = []model.Log{{Timestamp: Clock, Body: "x"}}
	b.Sessions = []model.Session{{Started: Clock, Exited: 1}}
	f.write(t, b)
	w.issue = f.issues(t, store.IssueQuery{})[0]
	if _, err := f.Execution(context.Background(), f.scope(), "x1"); err != nil {
		t.Errorf("their own execution: %v", err)
	}
	files, err := f.Attachments(context.Background(), f.scope(), e.ID)
	must(t, err)
	w.file = files[0].ID
	return w
}

func tenantsAreWalls(t *testing.T, f *fixture) {
	w := f.world(t)
	for _, in := range []store.Scope{{Org: w.other.ID}, {Org: w.other.ID, Projects: []model.ProjectID{f.project.ID}},
		{Org: f.org.ID, Projects: []model.ProjectID{w.project.ID}}, {}} {
		f.refusesThings(t, w, in)
		f.listsNothing(t, w, in)
	}
	equal(t, "the issue afterwards", f.issues(t, store.IssueQuery{})[0].Status, store.Unresolved)
	keys, err := f.Keys(context.Background(), store.Scope{Org: w.other.ID}, f.project.ID)
	must(t, err)
	equal(t, "keys", len(keys), 0)
	f.keepsEqualIDsApart(t, w)
}

// refusesThings asks from a foreign scope for each thing by its name.
func (f *fixture) refusesThings(t *testing.T, w *world, in store.Scope) {
	ctx := context.Background()
	refused := func(what string, err error) {
		t.Helper()
		if !errors.Is(err, model.ErrNotFound) {
			t.Errorf("%s from scope %+v: %v, want not found", what, in, err)
		}
	}
	_, err := f.Event(ctx, in, w.event)
	refused("event", err)
	_, err = f.Issue(ctx, in, w.issue.ID)
	refused("issue", err)
	_, err = f.IssueByShortID(ctx, in, w.issue.ShortID)
	refused("short id", err)
	_, err = f.IssueTags(ctx, in, w.issue.ID)
	refused("tags", err)
	_, err = f.Trace(ctx, in, model.TraceID{7})
	refused("trace", err)
	_, err = f.Execution(ctx, in, "x1")
	refused("execution", err)
	_, err = f.Attachment(ctx, in, w.event, w.file)
	refused("attachment", err)
	status := store.Resolved
	_, err = f.UpdateIssues(ctx, in, []model.IssueID{w.issue.ID}, store.IssueUpdate{Status: &status})
	refused("update", err)
}

// listsNothing asks from a foreign scope for each list.
func (f *fixture) listsNothing(t *testing.T, w *world, in store.Scope) {
	ctx := context.Background()
	none := func(what string, n int, err error) {
		t.Helper()
		must(t, err)
		if n != 0 {
			t.Errorf("%s from scope %+v: %d rows, want none", what, in, n)
		}
	}
	issues, err := f.Issues(ctx, store.IssueQuery{In: in})
	none("issues", len(issues.Issues), err)
	events, err := f.Events(ctx, store.EventQuery{In: in, Issue: w.issue.ID})
	none("events", len(events.Events), err)
	executions, err := f.Executions(ctx, store.ExecutionQuery{In: in})
	none("executions", len(executions.Executions), err)
	conversations, err := f.Conversations(ctx, store.ConversationQuery{In: in})
	none("conversations", len(conversations.Conversations), err)
	logs, err := f.Logs(ctx, store.LogQuery{In: in})
	none("logs", len(logs.Logs), err)
	list, err := f.Attachments(ctx, in, w.event)
	none("attachments", len(list), err)
	monitors, err := f.Monitors(ctx, in)
	none("monitors", len(monitors), err)
	checkIns, err := f.CheckIns(ctx, in, "m", store.Page{})
	none("check-ins", len(checkIns.CheckIns), err)
	counts, err := f.SessionCounts(ctx, store.SessionQuery{In: in})
	none("sessions", len(counts), err)
	for _, events := range []bool{false, true} {
		c, err := f.Contrast(ctx, hour(store.ContrastQuery{In: in, Events: events}))
		none("contrast", int(c.Selection+c.Baseline), err)
	}
	rows := 0
	err = f.Rollup(ctx, store.RollupQuery{In: in, Kind: rollup.Project, From: Clock.Add(-time.Hour), To: Clock.Add(time.Hour)}, func(store.RollupRow) error {
		rows++
		return nil
	})
	none("rollups", rows, err)
}

// keepsEqualIDsApart writes the same ids for the other tenant: they are other things.
func (f *fixture) keepsEqualIDsApart(t *testing.T, w *world) {
	theirs := *w.batch
	theirs.Org, theirs.Project = w.other.ID, w.project.ID
	r := f.write(t, &theirs)
	equal(t, "duplicates across tenants", len(r.Duplicates), 0)
	trace, err := f.Trace(context.Background(), store.Scope{Org: w.other.ID}, model.TraceID{7})
	must(t, err)
	equal(t, "their spans", len(trace.Spans), 3)
}
