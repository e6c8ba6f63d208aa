package stat

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(got, want, within float64) bool { return math.Abs(got-want) <= within }

func check(t *testing.T, what string, got Ratio, estimate, low, high, within float64) {
	t.Helper()
	if !got.Known || !near(got.Estimate, estimate, within) || !near(got.Low, low, within) || !near(got.High, high, within) {
		t.Errorf("%s: %+v, want %v [%v, %v]", what, got, estimate, low, high)
	}
}

func TestKatz(t *testing.T) {
	t.Parallel()
	// Physicians' Health Study (New England Journal of Medicine 321, 1989): heart attacks
	// of 104 in 11,037 with aspirin, 189 in 11,034 without. By hand: ln 0.550115 = -0.597628,
	// variance 1/104 - 1/11037 + 1/189 - 1/11034 = 0.0147252, its root 0.121347; published
	// as 0.55, 0.43 to 0.70.
	check(t, "aspirin", Katz(Table{11037, 104, 11034, 189}), 0.550115, 0.43367, 0.69782, 2e-5)
	// No failure with: (0.5/11) / (5.5/11) = 1/11, variance 2 - 1/11 + 1/5.5 - 1/11 = 2, root 1.414214;
	// exp(-2.397895 ± 2.771808).
	check(t, "none", Katz(Table{10, 0, 10, 5}), 1.0/11, 0.0056866, 1.453410, 2e-5)
	for _, empty := range []Table{{}, {10, 1, 0, 0}, {0, 0, 10, 1}, {10, 0, 10, 0}} {
		if r := Katz(empty); r.Known {
			t.Errorf("%+v has the ratio %+v", empty, r)
		}
	}
	if r := Katz(Table{50, 50, 50, 50}); r.Estimate != 1 || r.P != 1 {
		t.Errorf("all failed: %+v", r)
	}
}

func TestMantelHaenszel(t *testing.T) {
	t.Parallel()
	// Deaths in the University Group Diabetes Program by age (Rothman, Epidemiology: An
	// Introduction): under 55, 8 of 106 with tolbutamide and 5 of 120 with placebo; from 55 on,
	// 22 of 98 and 16 of 85. Published: 1.33, 90 % interval 0.87 to 2.0. By hand: R = 14.46637,
	// S = 10.91344, P = 10.58910, variance 0.067072, root 0.258982.
	r := MantelHaenszel([]Table{{106, 8, 120, 5}, {98, 22, 85, 16}})
	check(t, "tolbutamide", r, 1.32555, 0.79789, 2.20214, 5e-4)
	log, width := math.Log(r.Estimate), math.Log(r.High/r.Low)/(2*z)
	if low, high := math.Exp(log-1.644854*width), math.Exp(log+1.644854*width); !near(low, 0.87, 0.005) || !near(high, 2.03, 0.005) {
		t.Errorf("the 90 %% interval is %v to %v, published as 0.87 to 2.0", low, high)
	}
	// One stratum is Katz's.
	if got, want := MantelHaenszel([]Table{{106, 8, 120, 5}, {10, 0, 10, 0}}), Katz(Table{106, 8, 120, 5}); got != want {
		t.Errorf("one stratum: %+v, want %+v", got, want)
	}
	if r := MantelHaenszel(nil); r.Known {
		t.Errorf("of nothing: %+v", r)
	}
}

// TestThroughTheAgent is the case that must not be reported: one agent fails often
// and meets a policy often, the other does neither; within each the policy changes
// nothing.
func TestThroughTheAgent(t *testing.T) {
	t.Parallel()
	clumsy, careful := Table{900, 450, 100, 50}, Table{100, 5, 900, 45}
	if r := Katz(pooled([]Table{clumsy, careful})); r.Low <= 1 {
		t.Errorf("pooled, the ratio should look like one: %+v", r)
	}
	r := MantelHaenszel([]Table{clumsy, careful})
	if v := Judge(r, r.P, 1000, 1000); v != CannotTell || !near(r.Estimate, 1, 1e-9) {
		t.Errorf("by agent: %+v, %s", r, v)
	}
}

func TestAdjust(t *testing.T) {
	t.Parallel()
	// The example of Benjamini and Hochberg's paper: at 0.05 the first four are discoveries.
	p := []float64{0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1}
	for i, q := range Adjust(p) {
		if (q < Level) != (i < 4) {
			t.Errorf("p %v is adjusted to %v", p[i], q)
		}
	}
	if q := Adjust(p)[3]; !near(q, 0.0095*15/4, 1e-12) {
		t.Errorf("the fourth is adjusted to %v", q)
	}
	if got := Adjust([]float64{0.04, 0.01}); got[0] != 0.04 || got[1] != 0.02 {
		t.Errorf("the order of the answer is %v", got)
	}
	if got := Adjust(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	f := func(want Verdict, table Table, adjusted float64) {
		t.Helper()
		if got := Judge(Katz(table), adjusted, table.Exposed, table.Others); got != want {
			t.Errorf("%+v: %s, want %s", table, got, want)
		}
	}
	f(MoreFailures, Table{100, 40, 100, 10}, 0.001)
	f(FewerFailures, Table{100, 10, 100, 40}, 0.001)
	f(CannotTell, Table{100, 40, 100, 10}, 0.06)
	f(CannotTell, Table{100, 11, 100, 10}, 0.001)
	f(CannotTell, Table{9, 9, 100, 1}, 0.001)
	f(CannotTell, Table{}, 0)
}

func TestWilson(t *testing.T) {
	t.Parallel()
	// By hand for 1 of 10: centre (0.1 + 3.841459/20) / 1.3841459 = 0.211013, half
	// 1.959964/1.3841459 · sqrt(0.009 + 3.841459/400) = 0.193137.
	r := Wilson(1, 10)
	if !near(r.Low, 0.017876, 1e-5) || !near(r.High, 0.404150, 1e-5) || r.Estimate != 0.1 {
		t.Errorf("1 of 10: %+v", r)
	}
	if r := Wilson(0, 0); r != (Rate{0, 0, 1}) {
		t.Errorf("0 of 0: %+v", r)
	}
	if r := Wilson(0, 50); r.Low != 0 || r.High > 0.08 {
		t.Errorf("0 of 50: %+v", r)
	}
}

// sample draws a table with those rates.
func sample(r *rand.Rand, exposed, others int64, with, without float64) Table {
	t := Table{Exposed: exposed, Others: others}
	for range exposed {
		if r.Float64() < with {
			t.ExposedFailed++
		}
	}
	for range others {
		if r.Float64() < without {
			t.OthersFailed++
		}
	}
	return t
}

// TestCoverage draws samples with a known ratio: their intervals must cover it in 95
// of 100. The bound is four standard errors of so many draws, so that the seed does
// not decide.
func TestCoverage(t *testing.T) {
	t.Parallel()
	const draws = 4000
	f := func(name string, truth float64, draw func(*rand.Rand) Ratio) {
		t.Helper()
		r := rand.New(rand.NewPCG(7, 11))
		covered := 0
		for range draws {
			if got := draw(r); got.Low <= truth && truth <= got.High {
				covered++
			}
		}
		share, four := float64(covered)/draws, 4*math.Sqrt(0.95*0.05/draws)
		t.Logf("%s: covered in %.2f %%", name, 100*share)
		if !near(share, 0.95, four+0.005) { // the formulas are approximate by half a percent
			t.Errorf("%s: covered in %.2f %%", name, 100*share)
		}
	}
	f("katz, 2", 2, func(r *rand.Rand) Ratio { return Katz(sample(r, 200, 300, 0.3, 0.15)) })
	f("katz, 1", 1, func(r *rand.Rand) Ratio { return Katz(sample(r, 400, 400, 0.2, 0.2)) })
	f("strata, 1.5", 1.5, func(r *rand.Rand) Ratio {
		return MantelHaenszel([]Table{sample(r, 200, 50, 0.45, 0.3), sample(r, 50, 300, 0.15, 0.1), sample(r, 100, 100, 0.3, 0.2)})
	})
}

// TestFalseDiscoveries looks at twenty policies many times, of which four matter: of
// those reported, at most one in twenty may be chance.
func TestFalseDiscoveries(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 5))
	var share float64
	found := 0
	const looks = 600
	for range looks {
		ratios, p := make([]Ratio, 20), make([]float64, 20)
		for i := range ratios {
			with := 0.2
			if i < 4 {
				with = 0.35
			}
			ratios[i] = MantelHaenszel([]Table{sample(r, 150, 150, with, 0.2), sample(r, 80, 160, with, 0.2)})
			p[i] = ratios[i].P
		}
		reported, chance := 0, 0
		for i, q := range Adjust(p) {
			if Judge(ratios[i], q, 230, 310) != CannotTell {
				reported++
				if i >= 4 {
					chance++
				} else {
					found++
				}
			}
		}
		share += float64(chance) / float64(max(reported, 1))
	}
	t.Logf("%.2f %% of what was reported was chance; %.0f %% of what matters was found", 100*share/looks, 100*float64(found)/(4*looks))
	if share/looks > Level {
		t.Errorf("%.2f %% of what was reported was chance", 100*share/looks)
	}
	if found < looks*2 {
		t.Errorf("found %d of %d that matter", found, 4*looks)
	}
}
