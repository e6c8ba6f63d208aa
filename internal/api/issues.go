package api

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/query"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// issue is events that are the same fault.
type issue struct {
	ID           string     `json:"id"`
	ShortID      string     `json:"shortId"`
	ProjectID    string     `json:"projectId"`
	Project      string     `json:"project" doc:"The project's slug"`
	Kind         string     `json:"kind" enum:"error,message,feedback"`
	Title        string     `json:"title"`
	Culprit      string     `json:"culprit"`
	Type         string     `json:"type" doc:"The exception's type; empty for what is no exception"`
	Value        string     `json:"value"`
	Level        string     `json:"level" enum:",trace,debug,info,warning,error,fatal"`
	Platform     string     `json:"platform"`
	Status       string     `json:"status" enum:"unresolved,resolved,archived"`
	Substatus    *string    `json:"substatus" doc:"new, ongoing, escalating or regressed; null unless unresolved"`
	Handled      *bool      `json:"handled" doc:"Whether the program caught it; null when it did not say"`
	Assignee     *string    `json:"assignee"`
	Count        int64      `json:"count" doc:"Events"`
	Users        int64      `json:"users" doc:"Distinct users; an estimate, within some 2 %"`
	FirstSeen    time.Time  `json:"firstSeen"`
	LastSeen     time.Time  `json:"lastSeen"`
	ResolvedAt   *time.Time `json:"resolvedAt"`
	FirstRelease *string    `json:"firstRelease"`
	LastRelease  *string    `json:"lastRelease"`
	LastEventID  *string    `json:"lastEventId"`
	Broke        int64      `json:"failedExecutions" doc:"Executions that errored or failed and that it was part of"`
	CostUSD      *usd       `json:"costUsd" doc:"What those executions cost; null when there were some and nothing of their cost is known"`
	CostNanos    int64      `json:"costNanos"`
}

// blame sets what the issue broke and what that cost.
func (i *issue) blame(c *rollup.Counters) {
	b := blameOf(c)
	i.Broke, i.CostUSD, i.CostNanos = b.FailedExecutions, b.FailedCostUSD, b.FailedCostNanos
}

// broke makes an issue of what is stored, with what it broke in the meantime, as far back
// as rollups go; zero times are open.
func (a *rest) broke(ctx context.Context, in store.Scope, i *store.Issue, w window) (issue, error) {
	now := a.now()
	q := store.RollupQuery{In: in, Kind: rollup.Issue, Name: store.IssueName(i.ID), From: now.Add(-store.DayHistory), To: now.Add(rollup.Day.Width())}
	if w.From.After(q.From) {
		q.From = w.From
	}
	if !w.To.IsZero() && w.To.Before(q.To) {
		q.To = w.To
	}
	row, err := a.total(ctx, q)
	if err != nil {
		return issue{}, err
	}
	out := issueOf(i)
	out.blame(row.Counters)
	return out, nil
}

func issueOf(i *store.Issue) issue {
	return issue{
		ID: i.ID.String(), ShortID: i.ShortID,
		ProjectID: projectID(i.Project), Project: i.ProjectSlug,
		Kind: kindName(i.Kind), Title: i.Title, Culprit: i.Culprit, Type: i.Type, Value: i.Value,
		Level: i.Level.String(), Platform: i.Platform,
		Status: i.Status.String(), Substatus: text(i.Substatus.String()),
		Handled: handled(i.Handled), Assignee: text(i.AssignedTo),
		Count: i.Count, Users: i.Users,
		FirstSeen: i.FirstSeen.UTC(), LastSeen: i.LastSeen.UTC(), ResolvedAt: when(i.Resolved),
		FirstRelease: text(i.FirstRelease), LastRelease: text(i.LastRelease), LastEventID: eventID(i.LastEvent),
	}
}

var kindNames = map[model.Kind]string{
	model.KindError: "error", model.KindMessage: "message", model.KindTransaction: "transaction", model.KindFeedback: "feedback",
}

func kindName(k model.Kind) string { return kindNames[k] }

func handled(t model.Tristate) *bool {
	if t == model.Unknown {
		return nil
	}
	yes := t == model.Yes
	return &yes
}

func eventID(id model.EventID) *string {
	if id.IsZero() {
		return nil
	}
	return text(id.String())
}

type issuesQuery struct {
	Query       string   `query:"query" example:"is:unresolved level:error" doc:"Sentry's issue search; free words match title, message and culprit"`
	Sort        string   `query:"sort" default:"date" enum:"date,new,freq,user" doc:"Latest, newest, most events or most users first"`
	Environment []string `query:"environment,explode" doc:"Only issues seen there"`
	Project     []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
	Stretch
	Paging
}

type issueList struct {
	Issues []issue `json:"issues" doc:"Cost is of the window, or of all that is counted when there is none; the rest is the whole issue's"`
	Next   *string `json:"next" doc:"The cursor of the next page; null at the end"`
}

func (a *rest) issues(ctx context.Context, c access.Caller, in *issuesQuery) (*issueList, error) {
	q := store.IssueQuery{Sort: store.IssueSort(in.Sort), Environments: in.Environment, Page: in.page()}
	var err error
	if q.In, err = a.scope(ctx, c, in.Project); err != nil {
		return nil, err
	}
	if q.Terms, err = query.Parse(in.Query); err != nil {
		return nil, err
	}
	if q.From, q.To, err = a.between(in.Stretch); err != nil {
		return nil, err
	}
	p, err := a.store.Issues(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list issues: %w", err)
	}
	out := &issueList{Issues: []issue{}, Next: text(p.Next)}
	for i := range p.Issues {
		row, err := a.broke(ctx, q.In, &p.Issues[i], window{q.From, q.To})
		if err != nil {
			return nil, err
		}
		out.Issues = append(out.Issues, row)
	}
	return out, nil
}

// IssueName names an issue in a path.
type IssueName struct {
	ID string `path:"id" doc:"The issue's number, or its short id such as DEFAULT-1A"`
}

func (a *rest) issue(ctx context.Context, c access.Caller, in *IssueName) (*issue, error) {
	i, err := a.find(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	out, err := a.broke(ctx, c.In(), i, window{})
	return &out, err
}

// find reads an issue by its number or short id.
func (a *rest) find(ctx context.Context, c access.Caller, id string) (*store.Issue, error) {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		return a.store.Issue(ctx, c.In(), model.IssueID(n))
	}
	return a.store.IssueByShortID(ctx, c.In(), id)
}

type issueChange struct {
	IssueName
	Body struct {
		_        struct{} `additionalProperties:"false"`
		Status   *string  `json:"status,omitempty" enum:"unresolved,resolved,archived"`
		Assignee *string  `json:"assignee,omitempty" maxLength:"200" doc:"Who looks after it: an e-mail address or a name; empty for nobody"`
	} `doc:"What to change; what is left out stays"`
}

var statuses = map[string]store.Status{"unresolved": store.Unresolved, "resolved": store.Resolved, "archived": store.Archived}

func (a *rest) changeIssue(ctx context.Context, c access.Caller, in *issueChange) (*issue, error) {
	u := store.IssueUpdate{AssignedTo: in.Body.Assignee}
	if in.Body.Status != nil {
		status := statuses[*in.Body.Status]
		u.Status = &status
	}
	if u == (store.IssueUpdate{}) {
		return nil, invalid("body", "nothing to change: give status or assignee")
	}
	found, err := a.find(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	changed, err := a.store.UpdateIssues(ctx, c.In(), []model.IssueID{found.ID}, u)
	if err != nil {
		return nil, fmt.Errorf("change issue %d: %w", found.ID, err)
	}
	if len(changed) == 0 {
		return nil, fmt.Errorf("%w: issue %s", model.ErrNotFound, in.ID)
	}
	out, err := a.broke(ctx, c.In(), &changed[0], window{})
	return &out, err
}

type issueTags struct {
	Tags []tagValues `json:"tags"`
}

type tagValues struct {
	Key    string     `json:"key"`
	Total  int64      `json:"total" doc:"Events that carried the tag"`
	Values []tagValue `json:"values" doc:"Most frequent first"`
}

type tagValue struct {
	Value    string    `json:"value"`
	Count    int64     `json:"count"`
	FirstDay time.Time `json:"firstDay" doc:"Start of the day of the first one"`
	LastDay  time.Time `json:"lastDay" doc:"Start of the day of the last one"`
}

func (a *rest) issueTags(ctx context.Context, c access.Caller, in *IssueName) (*issueTags, error) {
	found, err := a.find(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	counts, err := a.store.IssueTags(ctx, c.In(), found.ID)
	if err != nil {
		return nil, fmt.Errorf("read tags of issue %d: %w", found.ID, err)
	}
	return &issueTags{tagsByKey(counts)}, nil
}

// tagsByKey gathers the values of each key; keys stay in the order of their most
// frequent value.
func tagsByKey(counts []store.TagCount) []tagValues {
	out := []tagValues{}
	at := map[string]int{}
	for _, t := range counts {
		i, ok := at[t.Key]
		if !ok {
			i = len(out)
			at[t.Key] = i
			out = append(out, tagValues{Key: t.Key})
		}
		out[i].Total += t.Count
		out[i].Values = append(out[i].Values, tagValue{t.Value, t.Count, t.First.UTC(), t.Last.UTC()})
	}
	return out
}
