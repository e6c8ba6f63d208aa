package api

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"relay.one/picket/internal/stat"
	"relay.one/picket/internal/store"
)

// contrastJudge turns counts into verdicts.
type contrastJudge struct {
	found   *store.Contrast
	defines map[store.Facet]bool
	events  bool
	p       []float64 // of every value that can be judged
	q       []float64
}

// judged is one value of a facet, compared.
type judged struct {
	store.ValueCount
	stat.Contrast
	at int // in p; -1 for none
}

const topValues = 10

func newContrastJudge(found *store.Contrast, q *store.ContrastQuery) *contrastJudge {
	j := &contrastJudge{found: found, defines: map[store.Facet]bool{}, events: q.Events}
	for _, c := range q.Selection.Conditions {
		j.defines[c.Facet] = true
	}
	if q.Baseline != nil {
		for _, c := range q.Baseline.Conditions {
			j.defines[c.Facet] = true
		}
	}
	return j
}

// attributes judges everything and returns it in order.
func (j *contrastJudge) attributes() []contrastAttribute {
	all := make([][]judged, len(j.found.Facets))
	for i := range j.found.Facets {
		all[i] = j.compare(&j.found.Facets[i])
	}
	j.q = stat.Adjust(j.p)
	out := []contrastAttribute{}
	for i := range j.found.Facets {
		if f := &j.found.Facets[i]; says(f) {
			out = append(out, j.attribute(f, all[i]))
		}
	}
	slices.SortStableFunc(out, func(x, y contrastAttribute) int {
		return cmp.Or(cmp.Compare(rankOf(x), rankOf(y)), cmp.Compare(y.Score, x.Score))
	})
	return out
}

// rankOf puts what differs first, and what says what the sides are last.
func rankOf(a contrastAttribute) int {
	switch {
	case a.Defines:
		return 2
	case a.Differs:
		return 0
	}
	return 1
}

// says reports whether any row has a value.
func says(f *store.FacetCounts) bool {
	return slices.ContainsFunc(f.Values, func(v store.ValueCount) bool { return !isNone(&v) })
}

// isNone reports whether it counts the rows without a value. Ranges have a limit, or
// stand alone.
func isNone(v *store.ValueCount) bool {
	return v.Unknown || v.Value == "" && v.Low == nil && v.High == nil
}

func (j *contrastJudge) compare(f *store.FacetCounts) []judged {
	list := make([]judged, len(f.Values))
	for i, v := range f.Values {
		list[i] = judged{v, stat.Contrasted(stat.Table{
			Exposed: j.found.Selection, ExposedFailed: v.Selection, Others: j.found.Baseline, OthersFailed: v.Baseline,
		}), -1}
		if list[i].Known && !j.defines[f.Facet] {
			list[i].at = len(j.p)
			j.p = append(j.p, list[i].P)
		}
	}
	return list
}

func (j *contrastJudge) verdict(v *judged) stat.Verdict {
	if v.at < 0 {
		return stat.CannotTell
	}
	return v.Judge(j.q[v.at])
}

func (j *contrastJudge) attribute(f *store.FacetCounts, list []judged) contrastAttribute {
	a := contrastAttribute{Key: string(f.Facet), Defines: j.defines[f.Facet], Several: f.Several}
	for i := range list {
		if j.verdict(&list[i]) == stat.CannotTell {
			continue
		}
		a.Differs = true
		if !isNone(&list[i].ValueCount) {
			a.Score = max(a.Score, list[i].Separation)
		}
	}
	if !ranged(list) {
		slices.SortStableFunc(list, func(x, y judged) int {
			told := func(v judged) bool { return j.verdict(&v) == stat.CannotTell }
			return cmp.Or(compareBool(told(x), told(y)), cmp.Compare(y.Separation, x.Separation),
				cmp.Compare(y.Selection+y.Baseline, x.Selection+x.Baseline))
		})
	}
	top := list[:min(len(list), topValues)]
	a.Values = each(top, func(v judged) contrastValue { return j.value(f, &v) })
	if rest := list[len(top):]; len(rest) > 0 {
		a.Others = &contrastOthers{Values: len(rest)}
		for _, v := range rest {
			a.Others.Selection += v.Selection
			a.Others.Baseline += v.Baseline
		}
	}
	return a
}

func ranged(list []judged) bool {
	return slices.ContainsFunc(list, func(v judged) bool { return v.Low != nil || v.High != nil })
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case x:
		return 1
	}
	return -1
}

func (j *contrastJudge) value(f *store.FacetCounts, v *judged) contrastValue {
	out := contrastValue{
		Value:      contrastName(f.Facet, v.Value),
		Selection:  contrastShareOf(v.Selection, j.found.Selection),
		Baseline:   contrastShareOf(v.Baseline, j.found.Baseline),
		Difference: interval{&v.Share.Estimate, &v.Share.Low, &v.Share.High},
		Verdict:    j.verdict(v),
	}
	if j.found.Selection == 0 || j.found.Baseline == 0 {
		out.Difference = interval{}
	}
	j.narrow(f, v, &out)
	if v.at >= 0 {
		out.P, out.Q = &v.P, &j.q[v.at]
	}
	out.Why = j.why(f, v, out)
	return out
}

func contrastShareOf(part, whole int64) contrastShare {
	share, _ := rate(part, whole)
	return contrastShare{part, share}
}

// contrastUnits say in which unit a number is told, and by which keys it is bounded.
var contrastUnits = map[store.Facet]struct {
	unit       float64
	least, max string
}{
	store.FacetDuration: {microsPerMilli, "minMs", "maxMs"},
	store.FacetCost:     {nanosPerDollar, "minCostUsd", "maxCostUsd"},
	store.FacetTokens:   {1, "minTokens", "maxTokens"},
}

// narrow says what a range is, and how to see only what has the value.
func (j *contrastJudge) narrow(f *store.FacetCounts, v *judged, out *contrastValue) {
	out.Filters = []string{}
	u, number := contrastUnits[f.Facet]
	if !number {
		out.Filters = append(out.Filters, string(f.Facet)+":"+out.Value)
		return
	}
	out.Range = !v.Unknown
	if v.Low != nil {
		from := float64(*v.Low) / u.unit
		out.From, out.Filters = &from, append(out.Filters, u.least+":"+plainNumber(from))
	}
	if v.High != nil {
		below := float64(*v.High) / u.unit
		out.Below, out.Filters = &below, append(out.Filters, u.max+":"+plainNumber(below))
	}
}

func plainNumber(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// contrastWords are the words of facets that the store keeps as numbers.
var contrastWords = map[store.Facet]map[string]string{
	store.FacetOutcome: outcomeWords, store.FacetLoop: loopWords, store.FacetParent: parentWords, store.FacetLevel: levelWords,
}

func contrastName(f store.Facet, kept string) string {
	for word, number := range contrastWords[f] {
		if number == kept {
			return word
		}
	}
	return kept
}

// why says in a sentence what the verdict stands on.
func (j *contrastJudge) why(f *store.FacetCounts, v *judged, out contrastValue) string {
	c := j.found
	with := v.Selection + v.Baseline
	switch {
	case j.defines[f.Facet]:
		return "It says what the sides are, so that it differs by itself."
	case out.Verdict != stat.CannotTell:
		return fmt.Sprintf("%s of the selection and %s of the others: a difference of %s points (95 %% interval %s to %s).",
			percent(*out.Selection.Share), percent(*out.Baseline.Share), pointsOf(v.Share.Estimate), pointsOf(v.Share.Low), pointsOf(v.Share.High))
	case min(c.Selection, c.Baseline) < stat.Least:
		return fmt.Sprintf("Too few to tell: %d in the selection and %d others, where each side needs %d.", c.Selection, c.Baseline, stat.Least)
	case with < stat.Least:
		return fmt.Sprintf("Too few to tell: %d have it, where it takes %d.", with, stat.Least)
	case c.Selection+c.Baseline-with < stat.Least:
		return "Nearly all have it, on both sides."
	}
	return fmt.Sprintf("The difference may be chance: among %d comparisons, one like this (p = %s) has q = %s, which is not below %g.",
		len(j.p), plainly(v.P), plainly(*out.Q), stat.Level)
}

func percent(share float64) string { return plainly(100*share) + " %" }

// pointsOf writes a difference of shares in percentage points.
func pointsOf(d float64) string {
	if d < 0 {
		return "−" + plainly(-100*d)
	}
	return plainly(100 * d)
}
