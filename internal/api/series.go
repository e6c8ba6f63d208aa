package api

import (
	"context"
	"fmt"
	"time"

	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// series reads the points of a query in two goes: the first, over the coarsest
// rows, finds the series that matter, so that the second need not hold the points
// of thousands that nobody looks at.
func (a *rest) series(ctx context.Context, q store.RollupQuery, g grouping, x axis) (list []series, more int, err error) {
	coarse := q
	coarse.Step = 0
	found, err := a.sums(ctx, coarse, g.key)
	if err != nil {
		return nil, 0, err
	}
	top := ranked(found, activity)
	if len(top) > maxSeries {
		more = len(top) - maxSeries
		top = top[:maxSeries]
	}
	if len(top) == 0 && g.kind == rollup.Project {
		// One empty line, and not an empty chart.
		if key := g.key(&rollup.Key{}); key != "" {
			top = []*sum{{name: key}}
		}
	}
	buckets, err := a.buckets(ctx, q, g, x, top)
	if err != nil {
		return nil, 0, err
	}
	list = each(top, func(s *sum) series {
		return series{s.name, points(buckets[s.name], g, x), s.Counters != nil}
	})
	return list, more, nil
}

// activity weighs a series: by runs and errors, or by calls.
func activity(s *sum) int64 {
	return s.Get(rollup.Executions) + s.Get(rollup.Errors) + s.Get(rollup.Calls) + s.Get(rollup.ModelCalls)
}

// buckets adds up the rows of the chosen series by interval.
func (a *rest) buckets(ctx context.Context, q store.RollupQuery, g grouping, x axis, chosen []*sum) (map[string][]*rollup.Counters, error) {
	out := map[string][]*rollup.Counters{}
	for _, s := range chosen {
		out[s.name] = make([]*rollup.Counters, x.count)
	}
	err := a.store.Rollup(ctx, q, func(r store.RollupRow) error {
		line, ok := out[g.key(&r.Key)]
		i := int(r.Time.Sub(x.from) / x.step)
		if !ok || r.Time.Before(x.from) || i >= x.count {
			return nil
		}
		if line[i] == nil {
			line[i] = &rollup.Counters{}
		}
		line[i].Merge(r.Counters)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read rollups: %w", err)
	}
	return out, nil
}

// points fills the gaps: nothing happened there, which is something known.
func points(line []*rollup.Counters, g grouping, x axis) []point {
	out := make([]point, x.count)
	for i := range out {
		out[i].T = x.from.Add(time.Duration(i) * x.step)
		c := &rollup.Counters{}
		if line != nil && line[i] != nil {
			c = line[i]
		}
		g.read(c, &out[i])
	}
	return out
}
