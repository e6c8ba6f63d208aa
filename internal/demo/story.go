package demo

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// story is what happened to the fleet between two moments: four releases, of
// which the third brings a regression, one outage of a provider, and days with
// more work than nights.
type story struct{ from, to time.Time }

// moment returns the time after that part of the story, from 0 to 1.
func (s story) moment(part float64) time.Time {
	return s.from.Add(time.Duration(part * float64(s.to.Sub(s.from))))
}

var releases = []struct {
	name  string
	since float64 // in production, as a part of the story
}{{"fleet@3.0.2", 0}, {"fleet@3.1.0", 0.30}, {regression, 0.62}, {"fleet@3.2.1", 0.88}}

// regression is the release that broke refunds.
const regression = "fleet@3.2.0"

// release returns what runs at that moment; other environments than production get a release sooner.
func (s story) release(at time.Time, env string) string {
	name := releases[0].name
	ahead := 0.0
	if env != "production" {
		ahead = 0.04
	}
	for _, r := range releases[1:] {
		if !at.Before(s.moment(r.since - ahead)) {
			name = r.name
		}
	}
	return name
}

// outage reports whether Anthropic's models are down.
func (s story) outage(at time.Time) bool {
	return !at.Before(s.moment(0.45)) && at.Before(s.moment(0.47))
}

// verbose reports whether the run carries the longer prompt of the bad release.
func (s story) verbose(x *run) bool { return x.release == regression && x.agent.id == "refund-desk" }

// chance returns the odds of a fault in a run, in thousandths.
func (s story) chance(o odds, x *run) int {
	switch {
	case o.fault == missingWindow && x.release == regression:
		return 340
	case o.fault.inModel && x.agent.model.provider == "anthropic" && s.outage(x.at):
		return max(o.chance, 400/len(x.agent.faults))
	}
	return o.chance
}

// times returns n moments of the story in order, more of them by day than by night.
func (s story) times(r *rand.Rand, n int) []time.Time {
	list := make([]time.Time, 0, n)
	for len(list) < n {
		at := s.moment(r.Float64())
		if r.Float64() < busyness(at) {
			list = append(list, at)
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}

// busyness returns how much is going on at a moment, from 0 to 1.
func busyness(at time.Time) float64 {
	at = at.UTC()
	hour := float64(at.Hour()) + float64(at.Minute())/60
	b := 0.25 + 0.75*math.Max(0, math.Sin(math.Pi*(hour-5)/16))
	if d := at.Weekday(); d == time.Saturday || d == time.Sunday {
		b *= 0.55
	}
	return b
}
