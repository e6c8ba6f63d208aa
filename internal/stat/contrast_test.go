package stat

import (
	"math/rand/v2"
	"testing"
)

func TestNewcombe(t *testing.T) {
	t.Parallel()
	f := func(in Table, low, high float64) {
		t.Helper()
		if r := Newcombe(in); !near(r.Low, low, 5e-5) || !near(r.High, high, 5e-5) {
			t.Errorf("%+v: %+v, want [%v, %v]", in, r, low, high)
		}
	}
	// Table II of Newcombe's paper, method 10: contrasts a, b, d and h.
	f(Table{70, 56, 80, 48}, 0.0524, 0.3339)
	f(Table{10, 9, 10, 3}, 0.1705, 0.8090)
	f(Table{56, 5, 29, 0}, -0.0381, 0.1926)
	f(Table{10, 10, 10, 0}, 0.6075, 1.0000)
}

func TestFisher(t *testing.T) {
	t.Parallel()
	f := func(in Table, want float64) {
		t.Helper()
		if p := Fisher(in); !near(p, want, want*1e-6) {
			t.Errorf("%+v: %v, want %v", in, p, want)
		}
	}
	f(Table{4, 3, 4, 1}, 2*17.0/70) // the lady who tastes tea
	f(Table{4, 1, 4, 3}, 2*17.0/70)
	f(Table{4, 4, 4, 0}, 2*1.0/70)
	f(Table{10, 0, 10, 0}, 1)
	f(Table{10, 10, 10, 10}, 1)
	f(Table{0, 0, 10, 5}, 1)
	f(Table{20, 20, 1000, 950}, 0.7248296)
	if p := Fisher(Table{100_000, 60_000, 100_000, 50_000}); p > 1e-100 {
		t.Errorf("a difference that jumps to the eye: %v", p)
	}
}

func TestSeparate(t *testing.T) {
	t.Parallel()
	f := func(in Table, want float64) {
		t.Helper()
		if got := Separate(in); !near(got, want, 1e-6) {
			t.Errorf("%+v: %v, want %v", in, got, want)
		}
	}
	f(Table{10, 10, 1000, 0}, 1)
	f(Table{10, 5, 1000, 500}, 0)
	f(Table{10, 5, 1000, 0}, 0.311278) // H(1/4) - H(1/2)/2
	f(Table{10, 0, 0, 0}, 0)
}

// Where there is no difference, hardly anything is reported, however many values there
// are and however small one side is.
func TestContrastOfNothing(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 7))
	reported, looked := 0, 0
	for range 300 {
		n1, n2 := int64(10+r.IntN(300)), int64(1000+r.IntN(20_000))
		var all []Contrast
		var p []float64
		for range 100 {
			share := r.Float64() * r.Float64() * r.Float64()
			c := Contrasted(Table{n1, count(r, n1, share), n2, count(r, n2, share)})
			if c.Known {
				all, p = append(all, c), append(p, c.P)
			}
		}
		looked++
		for i, q := range Adjust(p) {
			if all[i].Judge(q) != CannotTell {
				reported++
				break
			}
		}
	}
	// At a level of 5 % some 15 of 300 looks may find something.
	if reported > 15 {
		t.Errorf("%d of %d looks at nothing found something", reported, looked)
	}
}

func count(r *rand.Rand, n int64, share float64) (k int64) {
	for range n {
		if r.Float64() < share {
			k++
		}
	}
	return k
}

func TestContrastedJudges(t *testing.T) {
	t.Parallel()
	f := func(in Table, want Verdict) {
		t.Helper()
		c := Contrasted(in)
		if got := c.Judge(c.P); got != want {
			t.Errorf("%+v: %s, want %s (%+v)", in, got, want, c)
		}
	}
	f(Table{100, 60, 1000, 100}, MoreOften)
	f(Table{100, 1, 1000, 300}, LessOften)
	f(Table{100, 10, 1000, 110}, CannotTell)
	f(Table{9, 9, 1000, 0}, CannotTell)   // too few rows
	f(Table{100, 9, 1000, 0}, CannotTell) // too few that have it
	f(Table{100, 91, 1000, 1000}, CannotTell)
	f(Table{100, 12, 1000, 0}, MoreOften)
}
