package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/group"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/store"
)

const (
	// lookedThrough is how many issues, the latest of the project, are compared by their columns.
	lookedThrough = 1000
	// lookedAt is how many of them are compared by their latest events, too.
	lookedAt = 20
	// worthALook and alike are the scores from which that is done, and from which an
	// issue is told of.
	worthALook, alike = 0.2, 0.5
	// mostSimilar is the most that are told of.
	mostSimilar = 10
	// lookFor is how long latest events are read for.
	lookFor = 250 * time.Millisecond
)

// similarIssue is an issue that is probably the same fault.
type similarIssue struct {
	Issue   issue    `json:"issue"`
	Score   float64  `json:"score" doc:"How alike the two are: 1 when they are in everything that is known"`
	Reasons []string `json:"reasons" doc:"What they share, in words, the weightiest first"`
}

type similarList struct {
	Compared int            `json:"compared" doc:"Issues that were looked through: the latest of the project"`
	Issues   []similarIssue `json:"issues" doc:"The most alike first"`
}

func (a *rest) similar(ctx context.Context, c access.Caller, in *IssueName) (*similarList, error) {
	i, err := a.find(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	near := c.In(i.Project)
	p, err := a.store.Issues(ctx, store.IssueQuery{In: near, Page: store.Page{Limit: lookedThrough}})
	if err != nil {
		return nil, fmt.Errorf("list issues: %w", err)
	}
	own := traitsOf(i)
	found := candidates(i, &own, p.Issues)
	if err := a.lookCloser(ctx, near, i, &own, found); err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(x candidate) bool { return x.Score < alike })
	slices.SortStableFunc(found, func(x, y candidate) int { return cmp.Compare(y.Score, x.Score) })
	found = found[:min(len(found), mostSimilar)]
	rows, err := a.figures(ctx, near, each(found, func(x candidate) store.Issue { return *x.issue }), window{})
	if err != nil {
		return nil, err
	}
	out := &similarList{Compared: len(p.Issues), Issues: []similarIssue{}}
	for n, x := range found {
		out.Issues = append(out.Issues, similarIssue{rows[n], math.Round(x.Score*100) / 100, x.Reasons})
	}
	return out, nil
}

// candidate is an issue that may be the same fault.
type candidate struct {
	issue  *store.Issue
	traits group.Traits
	group.Likeness
}

func traitsOf(i *store.Issue) group.Traits {
	return group.TraitsOf(i.Type, i.Fault, i.Culprit, i.Title, i.Value)
}

// candidates returns the issues that are most like one by their columns.
func candidates(to *store.Issue, own *group.Traits, list []store.Issue) []candidate {
	var out []candidate
	for n := range list {
		x := candidate{issue: &list[n], traits: traitsOf(&list[n])}
		if x.issue.ID == to.ID || x.issue.Kind == model.KindFeedback {
			continue
		}
		if x.Likeness = own.Like(&x.traits); x.Score >= worthALook {
			out = append(out, x)
		}
	}
	slices.SortStableFunc(out, func(x, y candidate) int { return cmp.Compare(y.Score, x.Score) })
	return out[:min(len(out), lookedAt)]
}

// lookCloser compares the stacks of latest events, too, as many as there is time for.
func (a *rest) lookCloser(ctx context.Context, in store.Scope, to *store.Issue, own *group.Traits, found []candidate) error {
	until := time.Now().Add(lookFor)
	var err error
	if own.Frames, err = a.frames(ctx, in, to); err != nil || len(own.Frames) == 0 {
		return err
	}
	for n := range found {
		if time.Now().After(until) {
			return nil
		}
		x := &found[n]
		if x.traits.Frames, err = a.frames(ctx, in, x.issue); err != nil {
			return err
		}
		x.Likeness = own.Like(&x.traits)
	}
	return nil
}

// frames returns the functions of the application that an issue's latest event ran
// through; none when that is not kept any more.
func (a *rest) frames(ctx context.Context, in store.Scope, i *store.Issue) ([]string, error) {
	e, err := a.store.Event(ctx, in, i.LastEvent)
	if errors.Is(err, model.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read event %s: %w", i.LastEvent, err)
	}
	docs, err := sentry.ParseStore(e.Payload, sentry.Meta{Project: e.Project, Received: e.Received})
	if err != nil {
		return nil, nil // what is stored was decoded once; a store that holds something else has no stack to show
	}
	b := sentry.Decode(docs)
	group.Assign(b)
	if len(b.Events) == 0 {
		return nil, nil
	}
	return group.Frames(&b.Events[0]), nil
}
