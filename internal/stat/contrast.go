package stat

import "math"

// The verdicts of a share beside another one.
const (
	MoreOften Verdict = "more often"
	LessOften Verdict = "less often"
)

// Contrast compares how often something is found on two sides: in ExposedFailed of the
// Exposed rows of one, and in OthersFailed of the Others of the other.
type Contrast struct {
	// Share is the share of the first side less that of the second, between -1 and 1,
	// with the interval of Newcombe.
	Share Rate
	// P is the probability of shares so far apart, or further, where there is no difference.
	P float64
	// Separation says how well the thing tells the sides apart; see Separate.
	Separation float64
	// Known is false where there is too little for any verdict: a side of fewer than
	// Least rows, or fewer than Least of both with the thing, or without it.
	Known bool
}

// Contrasted compares the shares of a table.
func Contrasted(t Table) Contrast {
	with := t.ExposedFailed + t.OthersFailed
	without := t.Exposed + t.Others - with
	c := Contrast{Share: Newcombe(t), P: 1, Separation: Separate(t)}
	if min(t.Exposed, t.Others, with, without) >= Least {
		c.Known, c.P = true, Fisher(t)
	}
	return c
}

// Judge returns the verdict, given P adjusted for all that it was found among.
func (c Contrast) Judge(adjusted float64) Verdict {
	switch {
	case !c.Known || adjusted >= Level:
		return CannotTell
	case c.Share.Low > 0:
		return MoreOften
	case c.Share.High < 0:
		return LessOften
	}
	return CannotTell
}

// Newcombe returns the difference of two shares with the interval that covers it in 95
// of 100 such samples (Statistics in Medicine 17, 1998, method 10): it is made of the two
// intervals of Wilson, and holds for small samples and for shares near 0 and 1.
func Newcombe(t Table) Rate {
	x, y := Wilson(t.ExposedFailed, t.Exposed), Wilson(t.OthersFailed, t.Others)
	d := x.Estimate - y.Estimate
	return Rate{
		Estimate: d,
		Low:      d - math.Hypot(x.Estimate-x.Low, y.High-y.Estimate),
		High:     d + math.Hypot(x.High-x.Estimate, y.Estimate-y.Low),
	}
}

// Fisher returns the probability of shares that are so far apart, in either direction,
// where there is no difference: twice the smaller tail of Fisher's exact test (Journal of
// the Royal Statistical Society 98, 1935). A ratio's normal approximation finds differences
// in nothing when a side is small: 20 of 20 beside 950 of 1,000 would be a certainty.
func Fisher(t Table) float64 {
	n1, n2 := float64(t.Exposed), float64(t.Others)
	with, x := float64(t.ExposedFailed+t.OthersFailed), float64(t.ExposedFailed)
	if n1 <= 0 || n2 <= 0 {
		return 1
	}
	term := math.Exp(choose(with, x) + choose(n1+n2-with, n1-x) - choose(n1+n2, n1))
	up := x*(n1+n2) >= with*n1 // beyond what is expected, so that terms fall
	tail := 0.0
	for term > 0 {
		tail += term
		if term < tail*1e-16 {
			break
		}
		if up {
			term *= (with - x) * (n1 - x) / ((x + 1) * (n2 - with + x + 1))
			x++
		} else {
			term *= x * (n2 - with + x) / ((with - x + 1) * (n1 - x + 1))
			x--
		}
	}
	return min(1, 2*tail)
}

// choose returns the logarithm of how many ways there are to take k of n.
func choose(n, k float64) float64 {
	a, _ := math.Lgamma(n + 1)
	b, _ := math.Lgamma(k + 1)
	c, _ := math.Lgamma(n - k + 1)
	return a - b - c
}

// Separate returns the Jensen-Shannon divergence (Lin, IEEE Transactions on Information
// Theory 37, 1991) of having something on one side and on the other, in bits: how much
// knowing whether a row has it says of the side that the row is from, if it could as well be
// either. It is 0 where the shares are equal and 1 where all have it on one side and none on the
// other, however large the sides are.
func Separate(t Table) float64 {
	if t.Exposed <= 0 || t.Others <= 0 {
		return 0
	}
	p, q := float64(t.ExposedFailed)/float64(t.Exposed), float64(t.OthersFailed)/float64(t.Others)
	return max(0, entropy((p+q)/2)-(entropy(p)+entropy(q))/2)
}

// entropy is of a yes or no with that probability of yes, in bits.
func entropy(p float64) float64 {
	if p <= 0 || p >= 1 {
		return 0
	}
	return -p*math.Log2(p) - (1-p)*math.Log2(1-p)
}
