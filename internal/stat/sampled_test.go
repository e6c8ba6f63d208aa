package stat_test

import (
	"math/rand/v2"
	"testing"

	"relay.one/picket/internal/stat"
)

// stratum is things that come at one rate, of which a share is bad.
type stratum struct {
	things    int
	rate, bad float64
	together  int // so many come together or not at all
}

// draw samples the strata and returns what came, and what there was.
func draw(rng *rand.Rand, strata []stratum) (all, bad stat.Sample, things, bads float64) {
	for _, s := range strata {
		for range s.things / s.together {
			came := rng.Float64() < s.rate
			for range s.together {
				wrong := rng.Float64() < s.bad
				things++
				count(&all, came, s)
				if wrong {
					bads++
					count(&bad, came, s)
				}
			}
		}
	}
	return all, bad, things, bads
}

func count(s *stat.Sample, came bool, of stratum) {
	if !came {
		return
	}
	s.Seen++
	s.Unseen += 1/of.rate - 1
	s.Spread += float64(of.together) * (1 - of.rate) / (of.rate * of.rate)
}

// TestSampledIntervals simulates clients that sample and counts how often what there
// was lies in the interval: in 95 of 100 runs.
func TestSampledIntervals(t *testing.T) {
	t.Parallel()
	const runs = 1500
	f := func(name string, share float64, strata ...stratum) {
		t.Helper()
		rng := rand.New(rand.NewPCG(7, uint64(len(name))))
		var total, wrong, rate int
		for range runs {
			all, bad, things, bads := draw(rng, strata)
			total += in(all.Total(), things)
			wrong += in(bad.Total(), bads)
			rate += in(bad.ShareOf(all), share)
		}
		for what, n := range map[string]int{"total": total, "number that went wrong": wrong, "share that went wrong": rate} {
			covered := 100 * float64(n) / runs
			t.Logf("%s: the %s is in its interval in %.1f %% of %d runs", name, what, covered, runs)
			if covered < 93 || covered > 97 {
				t.Errorf("%s: the %s is in its interval in %.1f %% of runs", name, what, covered)
			}
		}
	}
	f("one in ten", 0.1, stratum{4000, 0.1, 0.1, 1})
	f("one in a hundred", 0.2, stratum{20000, 0.01, 0.2, 1})
	f("a half", 0.05, stratum{1000, 0.5, 0.05, 1})
	f("nine in ten", 0.3, stratum{700, 0.9, 0.3, 1})
	f("two services", 0.15, stratum{2000, 0.2, 0.15, 1}, stratum{3000, 0.05, 0.15, 1})
	f("some that is not sampled", 0.15, stratum{500, 1, 0.15, 1}, stratum{3000, 0.25, 0.15, 1})
}

// TestSampledTogether has executions that are sampled by fives: the interval of their
// number holds for that, too.
func TestSampledTogether(t *testing.T) {
	t.Parallel()
	const runs = 1500
	rng := rand.New(rand.NewPCG(7, 7))
	total := 0
	for range runs {
		all, _, things, _ := draw(rng, []stratum{{5000, 0.1, 0.1, 5}})
		total += in(all.Total(), things)
	}
	if covered := 100 * float64(total) / runs; covered < 93 || covered > 97 {
		t.Errorf("the number is in its interval in %.1f %% of runs", covered)
	}
}

func in(r stat.Rate, v float64) int {
	if r.Low <= v && v <= r.High {
		return 1
	}
	return 0
}

// TestNothingSampled says of what came whole exactly that.
func TestNothingSampled(t *testing.T) {
	t.Parallel()
	all, bad := stat.Sample{Seen: 40}, stat.Sample{Seen: 10}
	if got := all.Total(); got != (stat.Rate{Estimate: 40, Low: 40, High: 40}) {
		t.Errorf("total %+v", got)
	}
	if got, want := bad.ShareOf(all), stat.Wilson(10, 40); got != want {
		t.Errorf("share %+v, want Wilson's %+v", got, want)
	}
	if got := bad.ShareOf(stat.Sample{}); got != (stat.Rate{High: 1}) {
		t.Errorf("share of nothing %+v", got)
	}
	if got := (stat.Sample{Seen: 3, Unseen: 27, Spread: 270}).Total(); got.Low < 3 || got.High <= 30 {
		t.Errorf("three of about thirty: %+v", got)
	}
}
