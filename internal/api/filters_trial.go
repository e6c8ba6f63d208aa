package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/filter"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

const (
	// mostTried bounds a trial, and mostExamples what it shows.
	mostTried    = 1000
	mostExamples = 20
)

type filterTrialQuery struct {
	ConfigScope
	Body *filterTrialBody
}

type filterTrialBody struct {
	_          struct{}    `additionalProperties:"false"`
	Filters    *FilterBody `json:"filters,omitempty" doc:"Those that are set, when left out"`
	Expression string      `json:"expression,omitempty" doc:"One condition alone, instead of filters"`
	Window     string      `json:"window,omitempty" example:"24h" doc:"How far back to look, from 1h to 90d; 24h when left out"`
	Limit      int         `json:"limit,omitempty" minimum:"1" maximum:"1000" doc:"The most events that are asked about, the latest; 1000 when left out"`
}

// filterTrial is what filters would have taken.
type filterTrial struct {
	Total     int             `json:"total" doc:"Events that were asked about"`
	Matched   int             `json:"matched" doc:"Those that would have gone"`
	Unread    int             `json:"unread" doc:"Events that could not be asked about, since sampling left their payload out"`
	More      bool            `json:"more" doc:"Whether there are older events in the window, which were not asked about"`
	Reasons   []filterReason  `json:"reasons" doc:"Why they would have gone, the most frequent first"`
	Examples  []filterExample `json:"examples" doc:"The latest that would have gone, 20 at most"`
	Errors    []filterError   `json:"errors" doc:"Why expressions could not be worked out, by kind; those events stay"`
	MicrosPer float64         `json:"microsPerEvent" doc:"How long it took to ask about an event, on average, in microseconds"`
	Cost      uint64          `json:"cost" doc:"The most steps that an expression took for an event"`
	CostLimit uint64          `json:"costLimit" doc:"How many it may take"`
}

type filterReason struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

type filterExample struct {
	Event
	Reason string `json:"reason"`
}

type filterError struct {
	Error string `json:"error"`
	Count int    `json:"count"`
}

func (a *rest) testFilters(ctx context.Context, c access.Caller, in *filterTrialQuery) (*filterTrial, error) {
	project, err := a.scoped(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	b := in.Body
	if b == nil {
		b = &filterTrialBody{}
	}
	f, err := b.filters(&a.settings.Book().Of(c.Org, project).Filters)
	if err != nil {
		return nil, err
	}
	length, err := parseWindow(cmp.Or(b.Window, usualWindow))
	if err != nil {
		return nil, err
	}
	set, err := filter.Compile(f)
	if err != nil {
		return nil, err
	}
	q := store.EventQuery{In: c.In(), From: a.now().Add(-length), Page: store.Page{Limit: min(cmp.Or(b.Limit, mostTried), mostTried)}}
	if project != 0 {
		q.In.Projects = []model.ProjectID{project}
	}
	return a.try(ctx, set, q)
}

// filters returns those to try.
func (b *filterTrialBody) filters(inForce *settings.Filters) (*settings.Filters, error) {
	switch {
	case b.Expression != "" && b.Filters != nil:
		return nil, &settings.FieldError{Field: "expression", Fix: "is sent beside filters: send one of them"}
	case b.Expression != "":
		f := &settings.Filters{Expressions: []settings.Expression{{Name: "expression", When: b.Expression}}}
		_, err := filter.Compile(f)
		for _, e := range fieldErrors(err) {
			e.Field = "expression"
		}
		return f, err
	case b.Filters != nil:
		f, err := b.Filters.filters()
		for _, e := range fieldErrors(err) {
			e.Field = "filters." + e.Field
		}
		return f, err
	}
	return inForce, nil
}

// try asks filters about events that are stored.
func (a *rest) try(ctx context.Context, set *filter.Set, q store.EventQuery) (*filterTrial, error) {
	page, err := a.store.Events(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	t := &trialRun{set: set, reasons: map[string]int{}, errors: map[string]int{}}
	t.Examples, t.More, t.CostLimit = []filterExample{}, page.Next != "", filter.CostLimit
	for i := range page.Events {
		e, err := a.store.Event(ctx, q.In, page.Events[i].ID)
		switch {
		case errors.Is(err, model.ErrNotFound):
			t.Unread++ // it went meanwhile
		case err != nil:
			return nil, fmt.Errorf("read event %s: %w", page.Events[i].ID, err)
		default:
			t.ask(e)
		}
	}
	return t.done(), nil
}

// trialRun is a trial under way.
type trialRun struct {
	filterTrial
	set             *filter.Set
	took            time.Duration
	reasons, errors map[string]int
}

// ask asks about one event, which is decoded from its payload as it was when it came.
func (t *trialRun) ask(e *store.EventRecord) {
	item := wire.Item{Type: itemOf(e.Kind), Payload: e.Payload}
	docs := sentry.Parse(&wire.Envelope{Items: []wire.Item{item}}, sentry.Meta{Received: e.Received})
	defer docs.Release()
	b := sentry.Decode(docs)
	if len(b.Events) != 1 {
		t.Unread++
		return
	}
	t.Total++
	start := time.Now()
	reason := t.set.Why(&filter.Subject{Batch: b, Event: &b.Events[0], Root: docs.Root(b.Events[0].ID)})
	t.took += time.Since(start)
	failed, cost := t.set.Last()
	t.Cost = cost
	for _, f := range failed {
		t.errors[f]++
	}
	if reason == "" {
		return
	}
	t.Matched++
	t.reasons[reason]++
	if len(t.Examples) < mostExamples {
		t.Examples = append(t.Examples, filterExample{eventOf(&e.EventSummary), reason})
	}
}

// itemOf returns what an event of that kind comes as.
func itemOf(k model.Kind) string {
	switch k {
	case model.KindTransaction:
		return wire.ItemTransaction
	case model.KindFeedback:
		return wire.ItemFeedback
	}
	return wire.ItemEvent
}

func (t *trialRun) done() *filterTrial {
	if t.Total > 0 {
		t.MicrosPer = float64(t.took.Nanoseconds()) / 1000 / float64(t.Total)
	}
	t.Reasons = each(byCount(t.reasons), func(s string) filterReason { return filterReason{s, t.reasons[s]} })
	t.Errors = each(byCount(t.errors), func(s string) filterError { return filterError{s, t.errors[s]} })
	return &t.filterTrial
}

// byCount returns the keys, the most frequent first.
func byCount(counts map[string]int) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
}
