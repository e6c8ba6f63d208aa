package stat

import "math"

// Sample is what came of things that were sampled before they came: how many, about how
// many more there were, and the variance of that.
type Sample struct {
	Seen           float64
	Unseen, Spread float64
}

// Total returns how many things there were, with an interval that covers it in 95 of
// 100 samples. The variance is taken at either end of the interval and not at the
// estimate, as in Wilson's: few things of many would otherwise have one that is too
// narrow.
func (s Sample) Total() Rate {
	estimate := s.Seen + s.Unseen
	if s.Unseen <= 0 || s.Spread <= 0 {
		return Rate{estimate, estimate, estimate}
	}
	// Those that came for sure have no variance. Of the others the one rate that would
	// have the same variance says how it grows with their number.
	share := min(s.Unseen/s.Spread, 1-1e-9)
	sampled := s.Unseen / (1 - share)
	perThing := s.Spread / sampled
	middle := estimate + z*z*perThing/2
	half := z * math.Sqrt(perThing*(sampled+z*z*perThing/4))
	return Rate{estimate, max(s.Seen, middle-half), middle + half}
}

// ShareOf returns which share of whole is part, as a rate with Wilson's interval: over as
// many things as would say as much if none had been sampled (Kish, Survey Sampling, 1965).
func (s Sample) ShareOf(whole Sample) Rate {
	n := whole.Seen + whole.Unseen
	if n <= 0 {
		return Rate{High: 1}
	}
	return wilson(min((s.Seen+s.Unseen)/n, 1), n*n/(n+whole.Spread))
}
