package api

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/stat"
	"relay.one/picket/internal/store"
)

type contrastQuery struct {
	Of          string   `query:"of" default:"executions" enum:"executions,events" doc:"Runs of agents by when they began, or captured errors and messages"`
	Filter      []string `query:"filter,explode" example:"agent:refund-desk" doc:"key:value that holds for both sides. Several of one key are alternatives, and an empty value is what has none. Keys of both: release, environment, agent, organization, fault. Of executions besides: outcome (ok, error, failed, running, or wrong for error and failed), version, framework, model, tool, failingTool, policy (violated), rule, loop, parent (yes or no), looped and violated (true or false), minMs, maxMs, minCostUsd, maxCostUsd, minTokens, maxTokens. Of events besides: level, type, transaction, issue, platform"`
	Selection   []string `query:"selection,explode" example:"outcome:wrong" doc:"key:value that says which of them are the selection, and from:time and to:time (RFC 3339), which bound it"`
	Baseline    []string `query:"baseline,explode" example:"release:fleet@3.1.0" doc:"Likewise for what the selection is compared with; when left out, everything else. What is on both sides counts for the selection"`
	Environment string   `query:"environment" doc:"Only this environment"`
	Project     []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
	Stretch
}

// contrast says how a selection of executions or events differs from others.
type contrast struct {
	Of         string              `json:"of" enum:"executions,events"`
	Window     window              `json:"window"`
	Selection  contrastSide        `json:"selection"`
	Baseline   contrastSide        `json:"baseline"`
	ReadShare  float64             `json:"readShare" doc:"Which part of all rows was read, evenly spread over the time; 1: all of them. Rows are of that part, and shares and differences are estimates of the whole"`
	Compared   int                 `json:"compared" doc:"Values with enough rows for a verdict, among which each is adjusted"`
	Attributes []contrastAttribute `json:"attributes" doc:"Those that differ most first, then those of which that cannot be told, then those that say what the sides are"`
}

// contrastSide is how many rows a side has.
type contrastSide struct {
	Rows  int64 `json:"rows" doc:"Executions or events that were read"`
	Total int64 `json:"total" doc:"How many there are: rows, divided by readShare where that is less than 1"`
	Rest  bool  `json:"rest" doc:"Whether the side is everything that the other one is not"`
}

// contrastAttribute is how one attribute differs.
type contrastAttribute struct {
	Key     string          `json:"key"`
	Score   float64         `json:"score" doc:"How well its best value tells the sides apart, of those with a verdict: the Jensen-Shannon divergence (Lin 1991) of having the value, in bits from 0 to 1. That a row has no value does not count"`
	Differs bool            `json:"differs" doc:"Whether any value has a verdict"`
	Defines bool            `json:"defines" doc:"Whether it says what the sides are: then its values are not judged"`
	Several bool            `json:"several" doc:"Whether a row may have several values, or none: then they do not add up to the rows"`
	Values  []contrastValue `json:"values" doc:"At most ten, those that tell the sides apart best first; ranges in their order"`
	Others  *contrastOthers `json:"others,omitempty" doc:"What is left out of values"`
}

// contrastOthers is the values that are not listed.
type contrastOthers struct {
	Values    int   `json:"values"`
	Selection int64 `json:"selection" doc:"Rows; where a row may have several values, one for each"`
	Baseline  int64 `json:"baseline"`
}

// contrastValue is how often a value is found on both sides.
type contrastValue struct {
	Value      string        `json:"value" doc:"Empty for what has none, and for ranges"`
	Label      *string       `json:"label" doc:"What people call it, where that is not the value: an issue's short id and title"`
	Range      bool          `json:"range" doc:"Whether it is a range of numbers: milliseconds, US dollars or tokens"`
	From       *float64      `json:"from" doc:"Lower end of a range, included; null where it is open"`
	Below      *float64      `json:"below" doc:"Upper end of a range, not included; null where it is open"`
	Filters    []string      `json:"filters" doc:"What to add to filter to see only this; empty where that cannot be said"`
	Selection  contrastShare `json:"selection"`
	Baseline   contrastShare `json:"baseline"`
	Difference interval      `json:"difference" doc:"Share of the selection less that of the baseline, with its interval (Newcombe 1998)"`
	P          *float64      `json:"p" doc:"How probable shares so far apart would be if there were no difference (Fisher's exact test); null when there is too little"`
	Q          *float64      `json:"q" doc:"p adjusted for all values of the answer (Benjamini-Hochberg): of the verdicts below 0.05, at most one in twenty is chance"`
	Verdict    stat.Verdict  `json:"verdict" enum:"more often,less often,cannot tell"`
	Why        string        `json:"why" doc:"A sentence"`
}

type contrastShare struct {
	Rows  int64    `json:"rows"`
	Share *float64 `json:"share" doc:"Of the side's rows; null when it has none"`
}

// contrast answers how a selection differs from what it is compared with.
func (a *rest) contrast(ctx context.Context, c access.Caller, in *contrastQuery) (*contrast, error) {
	q, err := a.contrastQuery(ctx, c, in)
	if err != nil {
		return nil, err
	}
	found, err := a.store.Contrast(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &contrast{Of: in.Of, Window: window{q.From, q.To}, ReadShare: found.Share}
	out.Selection = contrastSideOf(found.Selection, found.Share, false)
	out.Baseline = contrastSideOf(found.Baseline, found.Share, q.Baseline == nil)
	j := newContrastJudge(&found, &q)
	out.Attributes = j.attributes()
	out.Compared = len(j.p)
	return out, a.labelIssues(ctx, q.In, out.Attributes)
}

func contrastSideOf(rows int64, share float64, rest bool) contrastSide {
	return contrastSide{rows, int64(math.Round(float64(rows) / share)), rest}
}

// contrastQuery is the store's question for what was asked.
func (a *rest) contrastQuery(ctx context.Context, c access.Caller, in *contrastQuery) (q store.ContrastQuery, err error) {
	q.Events = in.Of == "events"
	if q.From, q.To, err = a.stretch(in.Stretch); err != nil {
		return q, err
	}
	if q.In, err = a.scope(ctx, c, in.Project); err != nil {
		return q, err
	}
	filter, err := a.contrastTerms(ctx, c, q.Events, "filter", in.Filter)
	if err != nil {
		return q, err
	}
	if !filter.From.IsZero() || !filter.To.IsZero() {
		return q, invalid("filter", "from and to bound a side; what bounds both are the parameters of that name")
	}
	q.Filter = filter.Conditions
	if in.Environment != "" {
		q.Filter = append(q.Filter, store.Condition{Facet: store.FacetEnvironment, Values: []string{in.Environment}})
	}
	if q.Selection, err = a.contrastTerms(ctx, c, q.Events, "selection", in.Selection); err != nil || len(in.Baseline) == 0 {
		return q, err
	}
	baseline, err := a.contrastTerms(ctx, c, q.Events, "baseline", in.Baseline)
	q.Baseline = &baseline
	return q, err
}

// labelIssues gives values that are issues their names. One that is gone has none.
func (a *rest) labelIssues(ctx context.Context, in store.Scope, all []contrastAttribute) error {
	for i := range all {
		if all[i].Key != string(store.FacetIssue) {
			continue
		}
		for n := range all[i].Values {
			v := &all[i].Values[n]
			id, err := strconv.ParseInt(v.Value, 10, 64)
			if err != nil {
				return fmt.Errorf("contrast: issue %q: %w", v.Value, err)
			}
			found, err := a.store.Issue(ctx, in, model.IssueID(id))
			if errors.Is(err, model.ErrNotFound) {
				continue
			}
			if err != nil {
				return fmt.Errorf("read issue %d: %w", id, err)
			}
			v.Label = text(found.ShortID + " " + found.Title)
		}
	}
	return nil
}
