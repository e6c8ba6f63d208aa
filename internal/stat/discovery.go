package stat

import (
	"cmp"
	"slices"
)

// Adjust returns, for each probability, the smallest rate of false discoveries at
// which it would count as one (Benjamini and Hochberg, Journal of the Royal Statistical
// Society B 57, 1995). Who looks at twenty policies finds one by chance at 5 %; adjusted,
// at most one in twenty of what is reported is chance.
func Adjust(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p[i], p[j]) })
	adjusted := make([]float64, len(p))
	least := 1.0
	for rank, i := range slices.Backward(order) {
		least = min(least, p[i]*float64(len(p))/float64(rank+1))
		adjusted[i] = least
	}
	return adjusted
}

// Verdict says in plain words what a comparison shows.
type Verdict string

// The verdicts.
const (
	MoreFailures  Verdict = "more failures"
	FewerFailures Verdict = "fewer failures"
	CannotTell    Verdict = "cannot tell"
)

// Level is the rate of false discoveries that a verdict may have.
const Level = 0.05

// Least is how many executions each side must have for a verdict: below, an interval
// holds no more than its formula.
const Least = 10

// Judge returns the verdict of a ratio whose probability was adjusted for all that it
// was found among, over that many executions with and without.
func Judge(r Ratio, adjusted float64, exposed, others int64) Verdict {
	switch {
	case !r.Known || adjusted >= Level || exposed < Least || others < Least:
		return CannotTell
	case r.Low > 1:
		return MoreFailures
	case r.High < 1:
		return FewerFailures
	}
	return CannotTell
}
