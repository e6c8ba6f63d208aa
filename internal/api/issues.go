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
	Users        int64      `json:"users" doc:"Distinct users"`
	FirstSeen    time.Time  `json:"firstSeen"`
	LastSeen     time.Time  `json:"lastSeen"`
	ResolvedAt   *time.Time `json:"resolvedAt"`
	FirstRelease *string    `json:"firstRelease"`
	LastRelease  *string    `json:"lastRelease"`
	LastEventID  *string    `json:"lastEventId"`
	Broke        int64      `json:"failedExecutions" doc:"Executions that errored or failed and that it was part of"`
	CostUSD      *usd       `json:"costUsd" doc:"What those executions cost; null when there were some and nothing of their cost is known"`
	CostNanos    int64      `json:"costNanos"`
	IssueAgents
}

// blame sets what the issue broke and what that cost.
func (i *issue) blame(c *rollup.Counters) {
	b := blameOf(c)
	i.Broke, i.CostUSD, i.CostNanos = b.FailedExecutions, b.FailedCostUSD, b.FailedCostNanos
}

// broke makes an issue of what is stored, with what it broke and whom it hit, as far
// back as rollups go.
func (a *rest) broke(ctx context.Context, in store.Scope, i *store.Issue) (*issue, error) {
	list, err := a.figures(ctx, in, []store.Issue{*i}, window{})
	if err != nil {
		return nil, err
	}
	return &list[0], nil
}

// figures makes issues of what is stored, with what they broke and whom they hit in the
// meantime, as far back as rollups go; zero times are open.
func (a *rest) figures(ctx context.Context, in store.Scope, list []store.Issue, w window) ([]issue, error) {
	out := each(list, func(i store.Issue) issue { return issueOf(&i) })
	if len(list) == 0 {
		return out, nil
	}
	q := a.ofIssues(in, list, w)
	broke, err := a.sums(ctx, q, byName)
	if err != nil {
		return nil, err
	}
	agents, err := a.agentsOf(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range out {
		if s := broke[out[i].ID]; s != nil {
			out[i].blame(s.Counters)
		} else {
			out[i].blame(&rollup.Counters{})
		}
		out[i].hit(agents)
	}
	return out, nil
}

// ofIssues asks for the rollups of issues, but not for those of times before the first
// of them was seen, of which there are none.
func (a *rest) ofIssues(in store.Scope, list []store.Issue, w window) store.RollupQuery {
	now := a.now()
	q := store.RollupQuery{In: in, Kind: rollup.Issue, From: now, To: now.Add(rollup.Day.Width()), Omit: rollup.OmitUsers | rollup.OmitDurations}
	for i := range list {
		q.Names = append(q.Names, list[i].ID.String())
		if list[i].FirstSeen.Before(q.From) {
			q.From = list[i].FirstSeen
		}
	}
	for _, bound := range [...]time.Time{w.From, now.Add(-store.DayHistory)} {
		if bound.After(q.From) {
			q.From = bound
		}
	}
	if !w.To.IsZero() && w.To.Before(q.To) {
		q.To = w.To
	}
	return q
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
		IssueAgents: IssueAgents{Agents: []issueAgent{}},
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
	Issues []issue `json:"issues" doc:"Cost is of the window, agents are of its days, or both of all that is counted when there is none; the rest is the whole issue's"`
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
	rows, err := a.figures(ctx, q.In, p.Issues, window{q.From, q.To})
	return &issueList{rows, text(p.Next)}, err
}

// IssueName names an issue in a path.
type IssueName struct {
	ID string `path:"id" doc:"The issue's number, or its short id such as DEFAULT-1A; one that is merged into another stands for that"`
}

func (a *rest) issue(ctx context.Context, c access.Caller, in *IssueName) (*issue, error) {
	i, err := a.find(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return a.broke(ctx, c.In(), i)
}

// find reads an issue by its number or short id; that of one that is merged into another
// is the other's.
func (a *rest) find(ctx context.Context, c access.Caller, id string) (*store.Issue, error) {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil {
		return a.store.Issue(ctx, c.In(), model.IssueID(n))
	}
	return a.store.IssueByShortID(ctx, c.In(), id)
}

type issueChange struct {
	IssueName
	Body struct {
		_         struct{} `additionalProperties:"false"`
		Status    *string  `json:"status,omitempty" enum:"unresolved,resolved,archived"`
		Substatus *string  `json:"substatus,omitempty" enum:"new,ongoing,escalating,regressed" doc:"With the status unresolved: what it was before a change that is taken back; ongoing when left out"`
		Assignee  *string  `json:"assignee,omitempty" maxLength:"200" doc:"Who looks after it: an e-mail address or a name; empty for nobody"`
	} `doc:"What to change; what is left out stays"`
}

var statuses = map[string]store.Status{"unresolved": store.Unresolved, "resolved": store.Resolved, "archived": store.Archived}

var substatuses = map[string]store.Substatus{"new": store.New, "ongoing": store.Ongoing, "escalating": store.Escalating, "regressed": store.Regressed}

func (a *rest) changeIssue(ctx context.Context, c access.Caller, in *issueChange) (*issue, error) {
	u := store.IssueUpdate{AssignedTo: in.Body.Assignee}
	if in.Body.Status != nil {
		status := statuses[*in.Body.Status]
		u.Status = &status
	}
	if in.Body.Substatus != nil {
		substatus := substatuses[*in.Body.Substatus]
		u.Substatus = &substatus
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
	return a.broke(ctx, c.In(), &changed[0])
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
