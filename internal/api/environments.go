package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

type environmentsQuery struct {
	Project []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
}

// environment is where events came from.
type environment struct {
	Name    string    `json:"name"`
	LastDay time.Time `json:"lastDay" doc:"Start of the last day, in UTC, on which anything came from there"`
}

type environmentList struct {
	Environments []environment `json:"environments" doc:"Those of the last 90 days, by name"`
}

func (a *rest) environments(ctx context.Context, c access.Caller, in *environmentsQuery) (*environmentList, error) {
	// Whole days: the rows by day are few.
	today := a.now().UTC().Truncate(rollup.Day.Width())
	q := store.RollupQuery{Kind: rollup.Project, From: today.Add(-longestWindow), To: today.Add(rollup.Day.Width()), Omit: rollup.OmitUsers | rollup.OmitDurations}
	var err error
	if q.In, err = a.scope(ctx, c, in.Project); err != nil {
		return nil, err
	}
	found, err := a.sums(ctx, q, func(k *rollup.Key) string { return k.Environment })
	if err != nil {
		return nil, err
	}
	out := &environmentList{Environments: []environment{}}
	for name, s := range found {
		if name != "" {
			day := time.Unix(s.last, 0).UTC().Truncate(rollup.Day.Width())
			out.Environments = append(out.Environments, environment{name, day})
		}
	}
	slices.SortFunc(out.Environments, func(x, y environment) int { return strings.Compare(x.Name, y.Name) })
	return out, nil
}
