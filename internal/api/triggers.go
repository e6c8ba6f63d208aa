package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// trigger is an alert that fired at Sentry.
type trigger struct {
	ID         string          `json:"id"`
	Kind       string          `json:"kind" example:"metric_alert" doc:"event_alert, metric_alert or activity_alert"`
	Rule       string          `json:"rule"`
	State      string          `json:"state" doc:"triggered; of metric alerts critical, warning or resolved"`
	Title      string          `json:"title"`
	Link       *string         `json:"link" doc:"To Sentry"`
	At         time.Time       `json:"at" doc:"When Picket was told"`
	ProjectID  *string         `json:"projectId" doc:"Null when it is not known which one"`
	IssueID    *string         `json:"issueId" doc:"The issue here that it is about; null when it is about none, or that is not known"`
	DeliveryID string          `json:"deliveryId"`
	Data       json.RawMessage `json:"data" doc:"As Sentry sent it, without the secrets in it"`
}

func triggerOf(t store.Trigger) trigger {
	out := trigger{
		ID: strconv.FormatInt(t.ID, 10), Kind: t.Kind, Rule: t.Rule, State: t.State, Title: t.Title, Link: text(t.Link), At: t.Time.UTC(),
		DeliveryID: strconv.FormatInt(t.Delivery, 10), Data: json.RawMessage("null"),
	}
	if t.Project != 0 {
		out.ProjectID = text(projectID(t.Project))
	}
	if t.Issue != 0 {
		out.IssueID = text(t.Issue.String())
	}
	if json.Valid(t.Data) {
		out.Data = json.RawMessage(t.Data)
	}
	return out
}

type triggersQuery struct {
	Project []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
	Paging
}

type triggerList struct {
	Triggers []trigger `json:"triggers" doc:"The newest first"`
	Next     *string   `json:"next" doc:"The cursor of the next page; null at the end"`
}

func (a *rest) triggers(ctx context.Context, c access.Caller, in *triggersQuery) (*triggerList, error) {
	scope, err := a.scope(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	if len(in.Project) == 0 {
		scope = c.In() // those of no project we know of, too
	}
	p, err := a.store.Triggers(ctx, scope, in.page())
	if err != nil {
		return nil, fmt.Errorf("list triggers: %w", err)
	}
	return &triggerList{each(p.Triggers, triggerOf), text(p.Next)}, nil
}

// upstreamIssue is what is known of an issue at Sentry.
type upstreamIssue struct {
	ID        string     `json:"id" doc:"There"`
	ShortID   *string    `json:"shortId"`
	Project   *string    `json:"project" doc:"The project's slug there"`
	Link      *string    `json:"link"`
	Status    *string    `json:"status" example:"resolved" doc:"There, as Sentry was last heard to call it; null when it never said"`
	Assignee  *string    `json:"assignee"`
	Count     int64      `json:"count" doc:"Events there"`
	Users     int64      `json:"users" doc:"Users there"`
	LastSeen  *time.Time `json:"lastSeen"`
	How       string     `json:"how" enum:"event,api,title" doc:"How the two were found to be the same: by an event that both have, by one that Sentry's API named, or by their title alone"`
	UpdatedAt *time.Time `json:"updatedAt" doc:"When Sentry was last heard of it; null for never"`
	Owed      []string   `json:"owed" doc:"What Sentry is still to be told: status, assignee"`
	Problem   *string    `json:"problem" doc:"Why it was not told; null when all is well"`
	Tries     int        `json:"tries" doc:"How often that was in vain"`
	DueAt     *time.Time `json:"dueAt" doc:"When it is tried next; null for never"`
	SentAt    *time.Time `json:"sentAt" doc:"When Sentry was last told something; null for never"`
}

func upstreamIssueOf(p store.Push) *upstreamIssue {
	out := &upstreamIssue{
		ID: p.ID, ShortID: text(p.ShortID), Project: text(p.Project), Link: text(p.Link), Status: text(p.Status), Assignee: text(p.Assigned),
		Count: p.Count, Users: p.Users, LastSeen: when(p.LastSeen), How: p.How, UpdatedAt: when(p.UpdatedAt),
		Owed: []string{}, Problem: text(p.Problem), Tries: p.Tries, DueAt: when(p.Due), SentAt: when(p.Sent),
	}
	if p.What&store.ChangedStatus != 0 {
		out.Owed = append(out.Owed, "status")
	}
	if p.What&store.ChangedAssignee != 0 {
		out.Owed = append(out.Owed, "assignee")
	}
	return out
}

type issueUpstream struct {
	Issue *upstreamIssue `json:"issue,omitempty" doc:"Left out when no issue there is known to be the same"`
	Tells bool           `json:"tells" doc:"Whether Sentry is told what people change here: whether there is a token for its API"`
}

func (a *rest) issueUpstream(ctx context.Context, c access.Caller, in *IssueName) (*issueUpstream, error) {
	found, err := a.find(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	ties, err := a.store.UpstreamIssues(ctx, c.In(), []model.IssueID{found.ID})
	if err != nil {
		return nil, fmt.Errorf("read tie of issue %d: %w", found.ID, err)
	}
	s := a.sentries.Of(c.Org)
	out := &issueUpstream{Tells: s.Speaks()}
	if tie, ok := ties[found.ID]; ok {
		out.Issue = upstreamIssueOf(tie)
	}
	return out, nil
}
