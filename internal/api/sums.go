package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// sum is the counters of everything that goes by one name.
type sum struct {
	name string
	*rollup.Counters
	// last is the start of the newest bucket, in Unix seconds.
	last int64
}

// sums adds up the rows of a query by what name reads from their keys.
func (a *rest) sums(ctx context.Context, q store.RollupQuery, name func(*rollup.Key) string) (map[string]*sum, error) {
	found := map[string]*sum{}
	err := a.store.Rollup(ctx, q, func(r store.RollupRow) error {
		s := named(found, name(&r.Key))
		s.Merge(r.Counters)
		s.last = max(s.last, r.Time.Unix())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read rollups: %w", err)
	}
	return found, nil
}

// cell is an agent, the other name of its rows, and a release.
type cell struct{ agent, sub, release string }

// counts is the part of a row that can be compared: without sketches, whose merging
// would cost more than everything else.
type counts struct {
	executions, wentWrong, failedNanos int64
	evaluations, violations, denied    int64
	unpriced                           int64
}

func (n *counts) add(c *rollup.Counters) {
	n.executions += c.Get(rollup.Executions)
	n.wentWrong += wentWrong(c)
	n.failedNanos += c.Get(rollup.FailedCostNanos)
	n.evaluations += c.Get(rollup.Evaluations)
	n.violations += c.Get(rollup.Violations)
	n.denied += c.Get(rollup.Denied)
	n.unpriced += c.Get(rollup.Unpriced)
}

// cells adds up the rows of a query by agent, Sub and release.
func (a *rest) cells(ctx context.Context, q store.RollupQuery) (map[cell]*counts, error) {
	q.Apart, q.Omit = true, rollup.OmitUsers|rollup.OmitDurations
	found := map[cell]*counts{}
	err := a.store.Rollup(ctx, q, func(r store.RollupRow) error {
		at := cell{r.Name, r.Sub, r.Release}
		n := found[at]
		if n == nil {
			n = &counts{}
			found[at] = n
		}
		n.add(r.Counters)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read rollups: %w", err)
	}
	return found, nil
}

// named returns the sum of that name, made when it is not there.
func named(found map[string]*sum, name string) *sum {
	s := found[name]
	if s == nil {
		s = &sum{name: strings.Clone(name), Counters: &rollup.Counters{}}
		found[s.name] = s
	}
	return s
}

// total adds up all rows of a query.
func (a *rest) total(ctx context.Context, q store.RollupQuery) (*sum, error) {
	found, err := a.sums(ctx, q, func(*rollup.Key) string { return "" })
	if err != nil {
		return nil, err
	}
	if s := found[""]; s != nil {
		return s, nil
	}
	return &sum{Counters: &rollup.Counters{}}, nil
}

// ofAgent narrows a query to the rows of a kind that belong to one agent.
func ofAgent(q store.RollupQuery, k rollup.Kind, agent string) store.RollupQuery {
	q.Kind, q.Name = k, store.Only(agent)
	return q
}

// narrow makes a query one of a kind, of one agent unless agent is empty.
func narrow(q store.RollupQuery, k rollup.Kind, agent string) store.RollupQuery {
	if agent != "" {
		return ofAgent(q, k, agent)
	}
	q.Kind = k
	return q
}

func byName(k *rollup.Key) string { return k.Name }
func bySub(k *rollup.Key) string  { return k.Sub }

// ranked returns the sums by falling weight, equal ones by name.
func ranked(found map[string]*sum, weight func(*sum) int64) []*sum {
	list := make([]*sum, 0, len(found))
	for _, s := range found {
		list = append(list, s)
	}
	slices.SortFunc(list, func(x, y *sum) int {
		return cmp.Or(cmp.Compare(weight(y), weight(x)), cmp.Compare(x.name, y.name))
	})
	return list
}

// pageOf cuts a page out of what ranked returned. The cursor is the weight and
// name of the last row before it.
func pageOf(list []*sum, weight func(*sum) int64, p Paging) (rows []*sum, next *string, err error) {
	if p.Cursor != "" {
		heavy, name, err := openCursor(p.Cursor)
		if err != nil {
			return nil, nil, err
		}
		past := func(s *sum) bool {
			return weight(s) < heavy || weight(s) == heavy && s.name > name
		}
		if i := slices.IndexFunc(list, past); i >= 0 {
			list = list[i:]
		} else {
			list = nil
		}
	}
	if len(list) <= p.Limit {
		return list, nil, nil
	}
	list = list[:p.Limit]
	last := list[p.Limit-1]
	return list, text(closeCursor(weight(last), last.name)), nil
}

func closeCursor(weight int64, name string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(weight, 36) + "~" + name))
}

func openCursor(cursor string) (weight int64, name string, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	heavy, name, ok := strings.Cut(string(raw), "~")
	if err == nil && ok {
		weight, err = strconv.ParseInt(heavy, 36, 64)
	}
	if err != nil || !ok {
		return 0, "", invalid("cursor", "%.60q is none of ours; leave it out to begin again", cursor)
	}
	return weight, name, nil
}

// Paging is how far down a list to begin and how much of it to give.
type Paging struct {
	Cursor string `query:"cursor" doc:"Where to go on: next of the page before"`
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"1000" doc:"The most rows wanted"`
}

func (p Paging) page() store.Page { return store.Page{Cursor: p.Cursor, Limit: p.Limit} }
