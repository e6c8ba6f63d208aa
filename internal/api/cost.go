package api

import (
	"context"
	"errors"
	"fmt"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

type costQuery struct {
	GroupBy  string `query:"groupBy" default:"agent" enum:"agent,organization,environment,release,model,tool,policy,errorType,fault,rule,issue" doc:"One row for each of these"`
	Sort     string `query:"sort" default:"failedCost" enum:"failedCost,cost" doc:"What failed most expensively first, or what cost most; only cost where failures are not counted, only failedCost where nothing else is"`
	Interval string `query:"interval" enum:"auto,1m,5m,15m,1h,6h,1d" doc:"Distance of the points over time, auto for 1m below an hour, 5m up to 6 hours, 1h up to 7 days, else 1d. There are none when left out; with them a page has at most 20 rows"`
	AgentFilter
	Paging
}

// costs is what executions cost, and of that the failed ones.
type costs struct {
	Window         window    `json:"window" doc:"What is really covered: old windows are cut to whole hours or days, and to whole intervals"`
	GroupBy        string    `json:"groupBy"`
	Interval       *string   `json:"interval" doc:"Distance of the points; null when none were asked for"`
	ExecutionsAre  *string   `json:"executionsAre" enum:"all,violating,failed" doc:"Which executions the rows count: all of theirs, those with a violation of the policy, or only failed ones in which the key had a part. Null: none"`
	Overlaps       bool      `json:"overlaps" doc:"Whether an execution may count under several rows: then they do not add up to the total"`
	Note           string    `json:"note" doc:"How to read the rows"`
	Total          costTotal `json:"total" doc:"Everything in the window, whatever the grouping"`
	Rows           []costRow `json:"rows" doc:"The most expensive first"`
	Next           *string   `json:"next" doc:"The cursor of the next page; null at the end"`
	RowsAltogether int       `json:"rowsAltogether" doc:"Rows on all pages"`
}

// costTotal is what everything cost.
type costTotal struct {
	Bill
	Points []costPoint `json:"points,omitempty" doc:"One for every interval, when asked for"`
}

// costRow is what one agent, release, tool and so on cost.
type costRow struct {
	Key     string  `json:"key" doc:"The agent, release and so on, of a model provider/model, of an issue its id; empty for what belongs to none"`
	ShortID *string `json:"shortId" doc:"Of an issue that still is"`
	Title   *string `json:"title" doc:"Of an issue that still is"`
	Bill
	FailedShare *float64    `json:"failedShare" doc:"failedCostNanos as a share of total.failedCostNanos; null when that is 0"`
	CostShare   *float64    `json:"costShare" doc:"costNanos as a share of total.costNanos; null when that is 0"`
	Points      []costPoint `json:"points,omitempty" doc:"One for every interval, when asked for"`
}

type costPoint struct {
	T time.Time `json:"t" doc:"Beginning of the interval"`
	Bill
}

// Bill is what some executions cost. What the grouping cannot tell is null.
type Bill struct {
	CostUSD                   *usd   `json:"costUsd" doc:"What the model calls with a price cost; null when none had one"`
	CostNanos                 *int64 `json:"costNanos"`
	FailedCostUSD             *usd   `json:"failedCostUsd" doc:"What executions cost that errored or failed; null when nothing of it is known"`
	FailedCostNanos           *int64 `json:"failedCostNanos"`
	Executions                *int64 `json:"executions" doc:"See executionsAre"`
	Errored                   *int64 `json:"errored" doc:"Of those, the ones that ended with an error"`
	Failed                    *int64 `json:"failed" doc:"Of those, the ones that ended without an error and yet did not do the task"`
	CostPerSuccessUSD         *usd   `json:"costPerSuccessUsd" doc:"costUsd divided by the executions that neither errored nor failed: what one success costs, with the failures it takes. Null when there were none"`
	CostPerSuccessNanos       *int64 `json:"costPerSuccessNanos"`
	FailedCostPerSuccessUSD   *usd   `json:"failedCostPerSuccessUsd" doc:"failedCostUsd divided by the executions that neither errored nor failed: what failures add to each success"`
	FailedCostPerSuccessNanos *int64 `json:"failedCostPerSuccessNanos"`
	Tokens                    *int64 `json:"tokens" doc:"Input plus output"`
	ModelCalls                *int64 `json:"modelCalls"`
	UnpricedCalls             *int64 `json:"unpricedCalls" doc:"Model calls with tokens and no known price: not in costUsd"`
	GuessedCalls              *int64 `json:"guessedCalls" doc:"Model calls whose price was guessed from the model's name"`
	ReportedCalls             *int64 `json:"reportedCalls" doc:"Model calls whose cost is the SDK's word"`
}

func byCost(s *sum) int64       { return s.Get(rollup.CostNanos) }
func byFailedCost(s *sum) int64 { return s.Get(rollup.FailedCostNanos) }

func (a *rest) cost(ctx context.Context, c access.Caller, in *costQuery) (*costs, error) {
	q, err := a.ask(ctx, c, in.Filter)
	if err != nil {
		return nil, err
	}
	q.Omit |= rollup.OmitDurations
	g := groupings[in.GroupBy]
	x, err := a.costAxis(&q, in.Interval)
	if err != nil {
		return nil, err
	}
	narrowed, err := g.narrow(q, in.AgentID)
	if err != nil {
		return nil, err
	}
	out := &costs{
		Window: a.covered(narrowed), GroupBy: in.GroupBy, Interval: text(x.name),
		ExecutionsAre: text(g.bill.ends), Overlaps: g.bill.overlaps, Note: g.bill.note,
	}
	if err := a.costTotal(ctx, q, in.AgentID, x, out); err != nil {
		return nil, err
	}
	return out, a.costRows(ctx, narrowed, in, x, out)
}

// costAxis chooses the points, none when no interval was asked for.
func (a *rest) costAxis(q *store.RollupQuery, interval string) (axis, error) {
	if interval == "" {
		return axis{}, nil
	}
	if interval == "auto" {
		interval = ""
	}
	return a.axis(q, interval)
}

// costTotal fills in what everything cost.
func (a *rest) costTotal(ctx context.Context, q store.RollupQuery, agent string, x axis, out *costs) error {
	g := groupings["none"]
	q, err := g.narrow(q, agent)
	if err != nil {
		return err
	}
	coarse := q
	coarse.Step = 0
	row, err := a.total(ctx, coarse)
	if err != nil {
		return err
	}
	if row.last == 0 && agent != "" {
		if _, err := a.seen(ctx, q.In, agent); err != nil {
			return err
		}
	}
	row.name = g.key(&rollup.Key{})
	out.Total.Bill = g.bill.of(row.Counters)
	lines, err := a.costPoints(ctx, q, g, x, []*sum{row})
	out.Total.Points = lines[row.name]
	return err
}

// costRows fills in a page of rows.
func (a *rest) costRows(ctx context.Context, q store.RollupQuery, in *costQuery, x axis, out *costs) error {
	g := groupings[in.GroupBy]
	coarse := q
	coarse.Step = 0
	found, err := a.sums(ctx, coarse, g.key)
	if err != nil {
		return err
	}
	weight := byFailedCost
	if g.bill.money && (in.Sort == "cost" || g.bill.ends == "") {
		weight = byCost
	}
	for name, s := range found {
		if !g.bill.has(s.Counters) {
			delete(found, name)
		}
	}
	out.RowsAltogether = len(found)
	if x.count > 0 {
		in.Limit = min(in.Limit, maxSeries)
	}
	var page []*sum
	if page, out.Next, err = pageOf(ranked(found, weight), weight, in.Paging); err != nil {
		return err
	}
	lines, err := a.costPoints(ctx, q, g, x, page)
	if err != nil {
		return err
	}
	out.Rows = each(page, func(s *sum) costRow {
		row := costRow{Key: s.name, Bill: g.bill.of(s.Counters), Points: lines[s.name]}
		row.FailedShare = part(row.FailedCostNanos, out.Total.FailedCostNanos)
		row.CostShare = part(row.CostNanos, out.Total.CostNanos)
		return row
	})
	if in.GroupBy == "issue" {
		return a.nameIssues(ctx, q.In, out.Rows)
	}
	return nil
}

// part returns n as a share of the whole, nil where it cannot be told.
func part(n, whole *int64) *float64 {
	if n == nil || whole == nil || *whole <= 0 {
		return nil
	}
	share := float64(*n) / float64(*whole)
	return &share
}

// costPoints reads what the chosen sums cost over time, by their names.
func (a *rest) costPoints(ctx context.Context, q store.RollupQuery, g grouping, x axis, chosen []*sum) (map[string][]costPoint, error) {
	out := map[string][]costPoint{}
	if x.count == 0 {
		return out, nil
	}
	buckets, err := a.buckets(ctx, q, g, x, chosen)
	if err != nil {
		return nil, err
	}
	none := &rollup.Counters{}
	for name, line := range buckets {
		points := make([]costPoint, x.count)
		for i, c := range line {
			if c == nil {
				c = none
			}
			points[i] = costPoint{x.from.Add(time.Duration(i) * x.step), g.bill.of(c)}
		}
		out[name] = points
	}
	return out, nil
}

// nameIssues gives rows that are issues their titles. One that is gone has none.
func (a *rest) nameIssues(ctx context.Context, in store.Scope, rows []costRow) error {
	for i := range rows {
		id, err := rollup.ParseIssue(rows[i].Key)
		if err != nil {
			return fmt.Errorf("rollup row of issue %q: %w", rows[i].Key, err)
		}
		found, err := a.store.Issue(ctx, in, id)
		if errors.Is(err, model.ErrNotFound) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read issue %d: %w", id, err)
		}
		rows[i].ShortID, rows[i].Title = text(found.ShortID), text(found.Title)
	}
	return nil
}
