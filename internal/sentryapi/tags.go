package sentryapi

import (
	"fmt"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// tagKey is one tag of an issue, without or with its values.
type tagKey struct {
	Key          string     `json:"key"`
	Name         string     `json:"name"`
	TotalValues  int64      `json:"totalValues"`  // events that carried the tag
	UniqueValues int        `json:"uniqueValues"` // different values
	TopValues    []tagValue `json:"topValues"`
}

type tagValue struct {
	Key       string  `json:"key"`
	Name      string  `json:"name"`
	Value     string  `json:"value"`
	Count     int64   `json:"count"`
	FirstSeen *string `json:"firstSeen"`
	LastSeen  *string `json:"lastSeen"`
}

// tagKeys gathers the values of each tag, in the order of their most frequent ones.
func tagKeys(counts []store.TagCount) []tagKey {
	out := []tagKey{}
	at := map[string]int{}
	for _, t := range counts {
		i, ok := at[t.Key]
		if !ok {
			i = len(out)
			at[t.Key] = i
			out = append(out, tagKey{Key: t.Key, Name: t.Key, TopValues: []tagValue{}})
		}
		k := &out[i]
		k.TotalValues += t.Count
		k.UniqueValues++
		k.TopValues = append(k.TopValues, tagValue{t.Key, t.Value, t.Value, t.Count, stamp(t.First), stamp(t.Last)})
	}
	return out
}

func (a *rest) issueTags(c *call) ([]tagKey, error) {
	i, err := a.find(c)
	if err != nil {
		return nil, err
	}
	counts, err := a.store.IssueTags(c.ctx(), c.in(), i.ID)
	if err != nil {
		return nil, fmt.Errorf("read tags of issue %d: %w", i.ID, err)
	}
	return tagKeys(counts), nil
}

func (a *rest) tags(c *call) (any, error) { return a.issueTags(c) }

func (a *rest) tag(c *call) (any, error) {
	all, err := a.issueTags(c)
	if err != nil {
		return nil, err
	}
	want := c.PathValue("key")
	for _, k := range all {
		if k.Key == want {
			return k, nil
		}
	}
	return nil, fmt.Errorf("%w: tag %.80q", model.ErrNotFound, want)
}
