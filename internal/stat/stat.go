// Package stat compares failure rates and says how sure the comparison is. It is
// pure, knows numbers alone, and prefers to say that it cannot tell.
package stat

import "math"

// Table counts the executions of one stratum, such as one agent: of those with
// something (Exposed) and those without it (Others), how many failed.
type Table struct {
	Exposed, ExposedFailed int64
	Others, OthersFailed   int64
}

// Ratio is a risk ratio, the failure rate with over the failure rate without, and
// the interval that covers it in 95 of 100 such samples.
type Ratio struct {
	Estimate, Low, High float64
	// P is the probability of a ratio as far from 1 as this where there is none.
	P float64
	// Known is false where the counts allow no ratio: a side is empty, or nothing failed.
	Known bool
}

// z is the normal quantile of a 95 % interval.
const z = 1.959963984540054

// Katz returns the risk ratio of one table with the log interval of Katz, Baptista,
// Azen and Pike (Biometrics 34, 1978). Where one side has no failures, half a failure
// is added to each, and a whole execution (Walter, Biometrika 62, 1975).
func Katz(t Table) Ratio {
	if t.Exposed <= 0 || t.Others <= 0 || t.ExposedFailed+t.OthersFailed <= 0 {
		return Ratio{}
	}
	a, n1 := float64(t.ExposedFailed), float64(t.Exposed)
	c, n0 := float64(t.OthersFailed), float64(t.Others)
	if t.ExposedFailed == 0 || t.OthersFailed == 0 {
		a, c, n1, n0 = a+0.5, c+0.5, n1+1, n0+1
	}
	return ratio(a/n1/(c/n0), 1/a-1/n1+1/c-1/n0)
}

// MantelHaenszel returns the risk ratio that tables of several strata have in
// common, with the variance of Greenland and Robins (Biometrics 41, 1985). What differs
// between strata, such as an agent that fails often and meets a policy often, does not
// move it. One table alone is left to Katz.
func MantelHaenszel(strata []Table) Ratio {
	var r, s, p float64
	informative, last := 0, Table{}
	for _, t := range strata {
		if t.Exposed <= 0 || t.Others <= 0 || t.ExposedFailed+t.OthersFailed <= 0 {
			continue
		}
		informative, last = informative+1, t
		a, n1 := float64(t.ExposedFailed), float64(t.Exposed)
		c, n0 := float64(t.OthersFailed), float64(t.Others)
		n := n1 + n0
		r += a * n0 / n
		s += c * n1 / n
		p += (n1*n0*(a+c) - a*c*n) / (n * n)
	}
	switch {
	case informative == 1:
		return Katz(last)
	case informative == 0:
		return Ratio{}
	case r == 0 || s == 0:
		return Katz(pooled(strata))
	}
	return ratio(r/s, p/(r*s))
}

// pooled sums strata, for when there are too few failures to tell them apart: the
// interval is wide enough then.
func pooled(strata []Table) (sum Table) {
	for _, t := range strata {
		if t.Exposed > 0 && t.Others > 0 {
			sum.Exposed += t.Exposed
			sum.ExposedFailed += t.ExposedFailed
			sum.Others += t.Others
			sum.OthersFailed += t.OthersFailed
		}
	}
	return sum
}

// ratio makes a Ratio of an estimate and the variance of its logarithm.
func ratio(estimate, variance float64) Ratio {
	log, width := math.Log(estimate), math.Sqrt(max(variance, 0))
	r := Ratio{Estimate: estimate, Low: math.Exp(log - z*width), High: math.Exp(log + z*width), Known: true, P: 1}
	switch {
	case width > 0:
		r.P = math.Erfc(math.Abs(log) / width / math.Sqrt2)
	case log != 0:
		// Everything failed on both sides, or the like: no spread to judge by.
		r.P = 0
	}
	return r
}

// Rate is a share of executions with its interval.
type Rate struct{ Estimate, Low, High float64 }

// Wilson returns k of n as a rate with Wilson's score interval (Journal of the
// American Statistical Association 22, 1927), which is right for small n and rates near 0,
// too. Of nothing the rate is 0 and may be anything.
func Wilson(k, n int64) Rate {
	if n <= 0 {
		return Rate{High: 1}
	}
	return wilson(float64(k)/float64(n), float64(n))
}

func wilson(p, m float64) Rate {
	centre := (p + z*z/(2*m)) / (1 + z*z/m)
	half := z / (1 + z*z/m) * math.Sqrt(p*(1-p)/m+z*z/(4*m*m))
	return Rate{Estimate: p, Low: max(0, centre-half), High: min(1, centre+half)}
}
