package api

import (
	"context"
	"fmt"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

type mergeRequest struct {
	Body struct {
		_    struct{} `additionalProperties:"false"`
		IDs  []string `json:"ids" minItems:"1" maxItems:"1000" doc:"Numbers or short ids of the issues, all of one project"`
		Into string   `json:"into,omitempty" doc:"The one that stays; when left out the one with most events"`
	}
}

// merged is what became of issues that were merged.
type merged struct {
	Issue    *issue   `json:"issue" doc:"The one that stayed, as it is afterwards"`
	Children []string `json:"children" doc:"The numbers of those that are merged into it now"`
}

func (a *rest) mergeIssues(ctx context.Context, c access.Caller, in *mergeRequest) (*merged, error) {
	ids := make([]model.IssueID, len(in.Body.IDs))
	for n, name := range in.Body.IDs {
		i, err := a.find(ctx, c, name)
		if err != nil {
			return nil, err
		}
		ids[n] = i.ID
	}
	var into model.IssueID
	if in.Body.Into != "" {
		i, err := a.find(ctx, c, in.Body.Into)
		if err != nil {
			return nil, err
		}
		into = i.ID
	}
	m, err := a.store.MergeIssues(ctx, c.In(), ids, into)
	if err != nil {
		return nil, fmt.Errorf("merge %d issues: %w", len(ids), err)
	}
	out := &merged{Children: each(m.Children, model.IssueID.String)}
	out.Issue, err = a.broke(ctx, c.In(), &m.Parent)
	return out, err
}

type unmergeRequest struct {
	IssueName
	Body struct {
		_   struct{} `additionalProperties:"false"`
		IDs []string `json:"ids" minItems:"1" maxItems:"1000" doc:"Numbers or short ids of issues that are merged into it"`
	}
}

// givenBack is what became of issues that were given back.
type givenBack struct {
	Issue     *issue   `json:"issue" doc:"The one that they were merged into, as it is afterwards"`
	GivenBack []string `json:"givenBack" doc:"Their numbers"`
}

func (a *rest) unmergeIssues(ctx context.Context, c access.Caller, in *unmergeRequest) (*givenBack, error) {
	parent, list, err := a.withMerged(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	var ids []model.IssueID
	for _, name := range in.Body.IDs {
		id, err := mergedIn(list, name)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	left, err := a.store.UnmergeIssues(ctx, c.In(), parent.ID, ids)
	if err != nil {
		return nil, fmt.Errorf("give back %d issues: %w", len(ids), err)
	}
	out := &givenBack{GivenBack: each(ids, model.IssueID.String)}
	out.Issue, err = a.broke(ctx, c.In(), left)
	return out, err
}

// withMerged reads an issue and what is merged into it.
func (a *rest) withMerged(ctx context.Context, c access.Caller, name string) (*store.Issue, []store.MergedIssue, error) {
	parent, err := a.find(ctx, c, name)
	if err != nil {
		return nil, nil, err
	}
	list, err := a.store.MergedIssues(ctx, c.In(), parent.ID)
	if err != nil {
		return nil, nil, fmt.Errorf("read what is merged into issue %d: %w", parent.ID, err)
	}
	return parent, list, nil
}

// mergedIn returns the number of the issue of that number or short id.
func mergedIn(list []store.MergedIssue, name string) (model.IssueID, error) {
	for i := range list {
		if list[i].ID.String() == name || list[i].ShortID == name {
			return list[i].ID, nil
		}
	}
	return 0, fmt.Errorf("%w: issue %.40q is not merged into it", model.ErrNotFound, name)
}

// mergedIssue is an issue that is merged into another, with what is its own.
type mergedIssue struct {
	ID        string    `json:"id"`
	ShortID   string    `json:"shortId"`
	Title     string    `json:"title"`
	Culprit   string    `json:"culprit"`
	Count     int64     `json:"count" doc:"Events of its own fingerprints, those since it was merged included"`
	Users     int64     `json:"users"`
	FirstSeen time.Time `json:"firstSeen"`
	LastSeen  time.Time `json:"lastSeen"`
	MergedAt  time.Time `json:"mergedAt"`
}

type mergedList struct {
	Issues []mergedIssue `json:"issues" doc:"The latest merged first"`
}

func (a *rest) mergedInto(ctx context.Context, c access.Caller, in *IssueName) (*mergedList, error) {
	_, list, err := a.withMerged(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	return &mergedList{each(list, func(m store.MergedIssue) mergedIssue {
		return mergedIssue{m.ID.String(), m.ShortID, m.Title, m.Culprit, m.Count, m.Users, m.FirstSeen.UTC(), m.LastSeen.UTC(), m.Merged.UTC()}
	})}, nil
}
