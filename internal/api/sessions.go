package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/store"
)

type sessionList struct {
	Window   window        `json:"window"`
	Sessions []sessionRows `json:"sessions" doc:"By release and environment, the largest first"`
}

// sessionRows is the health of one release in one environment.
type sessionRows struct {
	Release       string   `json:"release"`
	Environment   string   `json:"environment"`
	Total         int64    `json:"total" doc:"Sessions that started in the window"`
	Exited        int64    `json:"exited" doc:"Ended well"`
	Errored       int64    `json:"errored" doc:"Had errors and yet ended neither crashed nor abnormal nor unhandled"`
	Crashed       int64    `json:"crashed"`
	Abnormal      int64    `json:"abnormal"`
	Unhandled     int64    `json:"unhandled"`
	CrashFreeRate *float64 `json:"crashFreeRate" doc:"One less crashed by total; null when there were none"`
	CrashRateOf   share    `json:"crashRateOf" doc:"What the rate stands on: crashed sessions of all"`
}

func (a *rest) sessions(ctx context.Context, c access.Caller, in *Filter) (*sessionList, error) {
	q, err := a.ask(ctx, c, *in)
	if err != nil {
		return nil, err
	}
	counts, err := a.store.SessionCounts(ctx, store.SessionQuery{
		In: q.In, Release: in.Release, Environment: in.Environment, From: q.From, To: q.To,
	})
	if err != nil {
		return nil, fmt.Errorf("read sessions: %w", err)
	}
	return &sessionList{window{q.From, q.To}, sessionsByRelease(counts)}, nil
}

func sessionsByRelease(counts []store.SessionCount) []sessionRows {
	type key struct{ release, environment string }
	found := map[key]*sessionRows{}
	for _, n := range counts {
		k := key{n.Release, n.Environment}
		r := found[k]
		if r == nil {
			r = &sessionRows{Release: n.Release, Environment: n.Environment}
			found[k] = r
		}
		r.Total += n.Total
		r.Exited += n.Exited
		r.Errored += n.Errored
		r.Crashed += n.Crashed
		r.Abnormal += n.Abnormal
		r.Unhandled += n.Unhandled
	}
	out := []sessionRows{}
	for _, r := range found {
		crashRate, of := rate(r.Crashed, r.Total)
		r.CrashRateOf = of
		if crashRate != nil {
			free := 1 - *crashRate
			r.CrashFreeRate = &free
		}
		out = append(out, *r)
	}
	slices.SortFunc(out, func(x, y sessionRows) int {
		return cmp.Or(cmp.Compare(y.Total, x.Total), cmp.Compare(x.Release, y.Release), cmp.Compare(x.Environment, y.Environment))
	})
	return out
}
