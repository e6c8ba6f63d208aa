package api

import (
	"context"
	"fmt"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

type issueSeriesQuery struct {
	IDs      []string `query:"id,explode" required:"true" minItems:"1" maxItems:"1000" doc:"Numbers of the issues"`
	Interval string   `query:"interval" enum:"1m,5m,15m,1h,6h,1d" doc:"Width of the intervals; when left out as for trends"`
	Filter
}

// issueSeries is how often issues came over time.
type issueSeries struct {
	Interval string       `json:"interval"`
	Window   window       `json:"window" doc:"The first interval's beginning and the last one's end"`
	Issues   []issueTimes `json:"issues" doc:"As they were asked for; all zeros for what is unknown"`
}

type issueTimes struct {
	ID     string  `json:"id"`
	Events []int64 `json:"events" doc:"Events in each interval of the window"`
}

func (a *rest) issueSeries(ctx context.Context, c access.Caller, in *issueSeriesQuery) (*issueSeries, error) {
	q, err := a.ask(ctx, c, in.Filter)
	if err != nil {
		return nil, err
	}
	q.Kind, q.Names = rollup.Issue, in.IDs
	axis, err := a.axis(&q, in.Interval)
	if err != nil {
		return nil, err
	}
	out := &issueSeries{Interval: axis.name, Window: window{q.From, q.To}, Issues: []issueTimes{}}
	lines := map[string][]int64{}
	for _, id := range in.IDs {
		if _, err := rollup.ParseIssue(id); err != nil {
			return nil, invalid("id", "%.40q is no number of an issue", id)
		}
		if lines[id] == nil {
			lines[id] = make([]int64, axis.count)
			out.Issues = append(out.Issues, issueTimes{id, lines[id]})
		}
	}
	err = a.store.Rollup(ctx, q, func(r store.RollupRow) error {
		if n := int(r.Time.Sub(axis.from) / axis.step); lines[r.Name] != nil && !r.Time.Before(axis.from) && n < axis.count {
			lines[r.Name][n] += r.Counters.Get(rollup.Events)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read rollups: %w", err)
	}
	return out, nil
}
