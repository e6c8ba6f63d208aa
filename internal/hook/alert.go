package hook

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// alerted keeps an alert that fired, with the issue and the project it is about where
// they can be told.
func (j *job) alerted(ctx context.Context) (verdict, error) {
	t := j.trigger()
	i := j.issue()
	if err := j.place(ctx, &t, &i); err != nil {
		return verdict{}, err
	}
	if err := j.Store.AddTrigger(ctx, t); err != nil {
		return verdict{}, fmt.Errorf("keep alert: %w", err)
	}
	return done("The alert %q is %s: kept for alerting", cmp.Or(t.Rule, t.Title), t.State), nil
}

// trigger reads what every kind of alert says.
func (j *job) trigger() store.Trigger {
	t := store.Trigger{Org: j.d.Org, Delivery: j.d.ID, Time: j.d.Received, Kind: j.d.Resource, State: j.d.Action}
	if data := j.data(); data != nil {
		t.Data = data.MarshalTo(nil)
	}
	switch e := j.event(); j.d.Resource {
	case "metric_alert":
		t.Rule, t.Title = text(j.data("metric_alert", "alert_rule", "name")), text(j.data("description_title"))
		t.Title, t.Link = cmp.Or(t.Title, text(j.data("metric_alert", "title"))), link(j.data("web_url"))
	case "event_alert":
		t.Rule = cmp.Or(text(j.data("triggered_rule")), text(j.data("issue_alert", "title")))
		t.Title, t.Link = text(e.Get("title")), link(e.Get("web_url"))
	default:
		t.Rule = cmp.Or(text(j.data("alert", "title")), text(j.data("alert", "name")), text(j.data("triggered_rule")))
		t.Title, t.Link = text(j.data("issue", "title")), link(j.data("alert", "web_url"), j.data("issue", "web_url"), j.data("issue", "permalink"))
	}
	t.Rule, t.Title = cut(t.Rule), cut(t.Title)
	return t
}

// place finds the issue that an alert is about and its project, or the project alone.
func (j *job) place(ctx context.Context, t *store.Trigger, i *issue) error {
	if j.d.Resource == "metric_alert" {
		for _, p := range j.data("metric_alert", "projects").GetArray() {
			i.project = cmp.Or(i.project, text(p))
		}
	}
	u, fresh, err := j.tie(ctx, i)
	if err != nil {
		return err
	}
	if u == nil {
		return j.placeInProject(ctx, t, i)
	}
	if fresh {
		i.into(u, j.d)
		if err := j.Store.LinkIssue(ctx, *u); err != nil && !errors.Is(err, model.ErrConflict) {
			return fmt.Errorf("tie issue %d: %w", u.Issue, err)
		}
	}
	here, err := j.Store.Issue(ctx, j.in, u.Issue)
	if errors.Is(err, model.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read issue %d: %w", u.Issue, err)
	}
	t.Issue, t.Project = here.ID, here.Project
	return nil
}

func (j *job) placeInProject(ctx context.Context, t *store.Trigger, i *issue) error {
	in, err := j.projects(ctx, i)
	if len(in.Projects) == 1 {
		t.Project = in.Projects[0]
	}
	return err
}
