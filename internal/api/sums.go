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
		key := name(&r.Key)
		s := found[key]
		if s == nil {
			s = &sum{name: strings.Clone(key), Counters: &rollup.Counters{}}
			found[s.name] = s
		}
		s.Merge(r.Counters)
		s.last = max(s.last, r.Time.Unix())
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read rollups: %w", err)
	}
	return found, nil
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
