package hook

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// How two issues were found to be the same.
const (
	byEvent = "event"
	byAPI   = "api"
	byTitle = "title"
)

// tie finds the issue here that an issue there is: the one it was tied to before, or by an
// event that both have, or by what it says. Nil when there is none; fresh when it is new.
func (j *job) tie(ctx context.Context, i *issue) (u *store.UpstreamIssue, fresh bool, err error) {
	if i.id == "" {
		return nil, false, nil
	}
	u, err = j.Store.UpstreamIssueByID(ctx, j.d.Org, i.id)
	if !errors.Is(err, model.ErrNotFound) {
		return u, false, err
	}
	for _, find := range [...]func(context.Context, *issue) (model.IssueID, string, error){j.byEvent, j.byAPI, j.byTitle} {
		id, how, err := find(ctx, i)
		if id != 0 || err != nil {
			return &store.UpstreamIssue{Org: j.d.Org, Issue: id, ID: i.id, How: how}, true, err
		}
	}
	return nil, false, nil
}

// byEvent goes by the event that the delivery holds.
func (j *job) byEvent(ctx context.Context, _ *issue) (model.IssueID, string, error) {
	id, err := j.issueOf(ctx, j.eventID())
	return id, byEvent, err
}

// issueOf returns the issue here of an event; 0 when there is none.
func (j *job) issueOf(ctx context.Context, event model.EventID) (model.IssueID, error) {
	if event.IsZero() {
		return 0, nil
	}
	e, err := j.Store.Event(ctx, j.in, event)
	if errors.Is(err, model.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read event %s: %w", event, err)
	}
	return e.Issue, nil
}

// patience is how often an API that does not answer is asked, before the title decides.
const patience = 4

// byAPI asks Sentry for an event of the issue.
func (j *job) byAPI(ctx context.Context, i *issue) (model.IssueID, string, error) {
	s := j.Sentries.Of(j.d.Org)
	if !s.Speaks() {
		return 0, "", nil
	}
	event, err := j.API(s).LatestEvent(ctx, i.id)
	switch {
	case errors.Is(err, model.ErrNotFound):
		return 0, "", nil
	case err != nil && j.d.Tries < patience:
		return 0, "", &apiError{"for the latest event of issue " + i.id, err}
	case err != nil:
		return 0, "", nil
	}
	id, err := j.issueOf(ctx, event)
	return id, byAPI, err
}

// byTitle goes by title, culprit and type, where they are those of one issue alone.
func (j *job) byTitle(ctx context.Context, i *issue) (model.IssueID, string, error) {
	if i.title == "" {
		return 0, "", nil
	}
	in, err := j.projects(ctx, i)
	if err != nil {
		return 0, "", err
	}
	const most = 100
	page, err := j.Store.Issues(ctx, store.IssueQuery{In: in, Terms: []store.Term{{Key: "title", Values: []string{literal(i.title)}}}, Page: store.Page{Limit: most}})
	if errors.Is(err, model.ErrInvalid) {
		return 0, "", nil // nothing that one could search for
	}
	if err != nil {
		return 0, "", fmt.Errorf("find issues by title: %w", err)
	}
	var found []model.IssueID
	for n := range page.Issues {
		if x := &page.Issues[n]; x.Title == i.title && x.Culprit == i.culprit && (i.kind == "" || x.Type == i.kind) {
			found = append(found, x.ID)
		}
	}
	if len(found) != 1 {
		return 0, "", nil
	}
	return found[0], byTitle, nil
}

// literal writes a text so that a search finds it as it stands.
func literal(s string) string { return strings.ReplaceAll(s, "*", `\*`) }

// projects narrows to the projects here whose events go to the project there, or that are
// called as it is; when there are none, to nothing: any of the organization's may be meant.
func (j *job) projects(ctx context.Context, i *issue) (store.Scope, error) {
	in := j.in
	if i.project == "" && i.projectID == "" {
		return in, nil
	}
	all, err := j.Store.Projects(ctx, j.in)
	if err != nil {
		return in, fmt.Errorf("list projects: %w", err)
	}
	var named []model.ProjectID
	for _, p := range all {
		if i.projectID != "" && j.forwards(p.ID, i.projectID) {
			in.Projects = append(in.Projects, p.ID)
		}
		if p.Slug == i.project {
			named = append(named, p.ID)
		}
	}
	if len(in.Projects) == 0 {
		in.Projects = named
	}
	return in, nil
}

// forwards reports whether a project's events go to the one of that id there.
func (j *job) forwards(p model.ProjectID, there string) bool {
	u := &j.Book.Of(j.d.Org, p).Upstream
	dsns := []string{u.DSN}
	for _, c := range u.Customers {
		dsns = append(dsns, c.DSN)
	}
	for _, dsn := range dsns {
		if d, err := wire.ParseDSN(dsn); err == nil && d.ProjectID == there {
			return true
		}
	}
	return false
}
