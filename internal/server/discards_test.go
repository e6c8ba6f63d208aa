package server

import (
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
)

// discards returns what was discarded, by category and reason.
func discards(t *testing.T, r store.Reader) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	now := time.Now()
	q := store.RollupQuery{In: store.Scope{Org: 1}, Kind: rollup.Discarded, From: now.Add(-time.Hour), To: now.Add(time.Hour)}
	err := r.Rollup(t.Context(), q, func(row store.RollupRow) error {
		out[strings.ReplaceAll(row.Sub, "\x00", " ")] += row.Counters.Get(rollup.Quantity)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
