package store

import (
	"math/rand/v2"
	"testing"
	"time"

	"relay.one/picket/internal/rollup"
)

// TestCoverTiles checks, for many windows, that the pieces are whole buckets that
// follow each other without gap or overlap, and cover the window.
func TestCoverTiles(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 12, 34, 56, 0, time.UTC)
	for range 5000 {
		to := now.Add(-time.Duration(rand.Int64N(int64(100 * 24 * time.Hour)))).Truncate(time.Minute)
		from := to.Add(-time.Duration(rand.Int64N(int64(90 * 24 * time.Hour)))).Truncate(time.Minute)
		step := []time.Duration{0, time.Minute, time.Hour, 24 * time.Hour}[rand.IntN(4)]
		pieces := Cover(rollup.Agent, from, to, step, now)
		if len(pieces) == 0 {
			if from.Before(to) {
				t.Fatalf("nothing covers %s to %s", from, to)
			}
			continue
		}
		if pieces[0].From.After(from) || pieces[len(pieces)-1].To.Before(to) {
			t.Fatalf("%v does not cover %s to %s", pieces, from, to)
		}
		for i, p := range pieces {
			if w := p.Tier.Width(); !p.From.Equal(p.From.Truncate(w)) || !p.To.Equal(p.To.Truncate(w)) || !p.From.Before(p.To) {
				t.Fatalf("piece %v is not whole buckets", p)
			}
			if i > 0 && !p.From.Equal(pieces[i-1].To) {
				t.Fatalf("%v leaves a gap or overlaps", pieces)
			}
		}
		kept := [...]time.Duration{rollup.Minute: MinuteHistory, rollup.Hour: HourHistory, rollup.Day: 1 << 62}
		for _, p := range pieces {
			if now.Sub(p.From) > kept[p.Tier]+p.Tier.Width() {
				t.Fatalf("piece %v asks for rows that are no longer kept", p)
			}
		}
		if last := pieces[len(pieces)-1]; now.Sub(to.Truncate(time.Hour)) <= MinuteHistory && to.Before(now.Truncate(time.Minute)) && from.Before(to.Truncate(time.Hour)) && !last.To.Equal(to) {
			t.Fatalf("%v ends after %s, though minutes are kept", pieces, to)
		}
		if exact := now.Sub(from) <= MinuteHistory; exact && (!pieces[0].From.Equal(from) || !pieces[len(pieces)-1].To.Equal(to)) {
			t.Fatalf("%v is not exactly %s to %s though minutes are kept", pieces, from, to)
		}
	}
	if got := Cover(rollup.IssueTag, now.Add(-time.Hour), now, 0, now); len(got) != 1 || got[0].Tier != rollup.Day {
		t.Errorf("tags are covered by %v, want one day", got)
	}
}
