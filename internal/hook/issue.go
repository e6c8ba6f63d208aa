package hook

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// untied says that an issue there is none here.
func untied(i *issue) verdict {
	if i.id == "" {
		return ignored("It names no issue")
	}
	return ignored("Issue %s at Sentry could not be tied to one here: no event of it is stored, and no single issue has its title", cmp.Or(i.shortID, i.id))
}

// told stores what was said of an issue, and changes nothing of it.
func (j *job) told(ctx context.Context) (verdict, error) {
	return j.about(ctx, func(context.Context, *issue, *store.Issue) (string, error) { return "", nil })
}

// about ties an issue, has something done about it, and stores what was said of it. What
// is older than what was said before counts no more.
func (j *job) about(ctx context.Context, do func(context.Context, *issue, *store.Issue) (string, error)) (verdict, error) {
	i := j.issue()
	u, fresh, err := j.tie(ctx, &i)
	if err != nil || u == nil {
		return untied(&i), err
	}
	here, err := j.Store.Issue(ctx, j.in, u.Issue)
	if errors.Is(err, model.ErrNotFound) {
		return ignored("The issue here that it was tied to is gone"), nil
	}
	if err != nil {
		return verdict{}, fmt.Errorf("read issue %d: %w", u.Issue, err)
	}
	if !i.whole && !fresh {
		return done("It is of %s", here.ShortID), nil
	}
	if i.whole && j.d.Received.Before(u.UpdatedAt) {
		return ignored("Sentry has said something newer of %s since: it changes nothing", here.ShortID), nil
	}
	did, err := do(ctx, &i, here)
	if err != nil {
		return verdict{}, err
	}
	i.into(u, j.d)
	if err := j.Store.LinkIssue(ctx, *u); err != nil && !errors.Is(err, model.ErrConflict) {
		return verdict{}, fmt.Errorf("tie issue %d: %w", u.Issue, err)
	}
	return done("%s", cmp.Or(did, "It is of "+here.ShortID)), nil
}

// into writes what was said into a tie.
func (i *issue) into(u *store.UpstreamIssue, d *store.Delivery) {
	u.ShortID, u.Project, u.Link = cmp.Or(i.shortID, u.ShortID), cmp.Or(i.project, u.Project), cmp.Or(i.link, u.Link)
	if !i.whole {
		return
	}
	u.Status, u.Assigned, u.Count, u.Users, u.LastSeen = i.status, i.assigned, i.count, i.users, i.lastSeen
	u.UpdatedAt = d.Received
}

// statuses gives ours for each of Sentry's.
var statuses = map[string]store.Status{
	"resolved": store.Resolved, "resolvedInNextRelease": store.Resolved, "unresolved": store.Unresolved, "reprocessing": store.Unresolved,
	"ignored": store.Archived, "archived": store.Archived, "muted": store.Archived,
}

// substatuses gives ours for each of Sentry's, of unresolved issues.
var substatuses = map[string]store.Substatus{"new": store.New, "ongoing": store.Ongoing, "escalating": store.Escalating, "regressed": store.Regressed}

// statusChanged follows a change of status. What an issue is says its status; the action
// says what it became, and may be sent again when that is past.
func (j *job) statusChanged(ctx context.Context) (verdict, error) {
	return j.about(ctx, func(ctx context.Context, i *issue, here *store.Issue) (string, error) {
		want, ok := statuses[i.status]
		if !ok {
			if want, ok = statuses[j.d.Action]; !ok {
				return fmt.Sprintf("It gives %s a status that Picket does not know", here.ShortID), nil
			}
		}
		if here.Status == want {
			return fmt.Sprintf("%s is %s already", here.ShortID, want), nil
		}
		u := store.IssueUpdate{Status: &want, Origin: store.OriginSentry}
		if sub, ok := substatuses[i.substatus]; ok && want == store.Unresolved {
			u.Substatus = &sub
		}
		if _, err := j.Store.UpdateIssues(ctx, j.in, []model.IssueID{here.ID}, u); err != nil {
			return "", fmt.Errorf("change issue %d: %w", here.ID, err)
		}
		return fmt.Sprintf("%s is %s now, %s", here.ShortID, want, j.as()), nil
	})
}

// as says who did it.
func (j *job) as() string { return "as " + cmp.Or(j.actor(), "somebody") + " did at Sentry" }

// assigned follows a change of who looks after an issue.
func (j *job) assigned(ctx context.Context) (verdict, error) {
	return j.about(ctx, func(ctx context.Context, i *issue, here *store.Issue) (string, error) {
		who := i.assigned
		if assignee := person(j.data("assignee")); who == "" && assignee != "" {
			who = assignee
		}
		if here.AssignedTo == who {
			return fmt.Sprintf("%s is assigned to %s already", here.ShortID, cmp.Or(who, "nobody")), nil
		}
		u := store.IssueUpdate{AssignedTo: &who, Origin: store.OriginSentry}
		if _, err := j.Store.UpdateIssues(ctx, j.in, []model.IssueID{here.ID}, u); err != nil {
			return "", fmt.Errorf("assign issue %d: %w", here.ID, err)
		}
		return fmt.Sprintf("%s is assigned to %s now, %s", here.ShortID, cmp.Or(who, "nobody"), j.as()), nil
	})
}
