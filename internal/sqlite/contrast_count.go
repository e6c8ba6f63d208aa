package sqlite

import (
	"bytes"
	"math"
	"slices"
	"strings"

	"github.com/ncruces/go-sqlite3"

	"relay.one/picket/internal/store"
)

// bySide counts the rows of the selection and of the baseline.
type bySide [2]int64

// facetTally counts rows by side and by what they have.
type facetTally struct {
	columns []facetColumn
	rows    bySide
	parts   []facetPart
}

// facetPart is the count of one facet.
type facetPart struct {
	texts   map[string]*bySide
	last    []byte  // the text of the row before: mostly it is this one's, too
	lastOf  *bySide // its count
	numbers [2][]int64
	unknown bySide
}

func newFacetTally(columns []facetColumn) *facetTally {
	t := &facetTally{columns: columns, parts: make([]facetPart, len(columns))}
	for i := range t.parts {
		t.parts[i].texts = map[string]*bySide{}
	}
	return t
}

// row counts a row: its side, and then the facets.
func (t *facetTally) row(s *sqlite3.Stmt) error {
	side := s.ColumnInt(0) - 1
	if side < 0 {
		return nil
	}
	t.rows[side]++
	for i := range t.columns {
		p := &t.parts[i]
		switch t.columns[i].kind {
		case oneText:
			p.text(s.ColumnRawText(i+1), side)
		case severalTexts:
			p.list(s.ColumnRawText(i+1), side)
		case aNumber:
			if s.ColumnType(i+1) == sqlite3.NULL {
				p.unknown[side]++
			} else {
				p.numbers[side] = append(p.numbers[side], s.ColumnInt64(i+1))
			}
		}
	}
	return nil
}

func (p *facetPart) text(text []byte, side int) {
	if p.lastOf == nil || !bytes.Equal(p.last, text) {
		p.last = append(p.last[:0], text...)
		p.lastOf = p.texts[string(text)]
		if p.lastOf == nil {
			p.lastOf = &bySide{}
			p.texts[string(text)] = p.lastOf
		}
	}
	p.lastOf[side]++
}

// list counts the items that joinList put together.
func (p *facetPart) list(text []byte, side int) {
	for len(text) > 1 {
		text = text[1:]
		end := bytes.IndexByte(text, separator[0])
		if end < 0 {
			return
		}
		p.text(text[:end], side)
		text = text[end:]
	}
}

func (t *facetTally) contrast(share float64) store.Contrast {
	out := store.Contrast{Selection: t.rows[0], Baseline: t.rows[1], Share: share}
	for i, col := range t.columns {
		f := store.FacetCounts{Facet: col.facet, Several: col.kind == severalTexts}
		if col.kind == aNumber {
			f.Values = t.parts[i].ranges()
		} else {
			f.Values = t.parts[i].values()
		}
		out.Facets = append(out.Facets, f)
	}
	return out
}

func (p *facetPart) values() []store.ValueCount {
	out := make([]store.ValueCount, 0, len(p.texts))
	for text, n := range p.texts {
		out = append(out, store.ValueCount{Value: text, Selection: n[0], Baseline: n[1]})
	}
	slices.SortFunc(out, func(a, b store.ValueCount) int { return strings.Compare(a.Value, b.Value) })
	return out
}

// quantiles are where the ranges of numbers are cut: fifths, and the largest twentieth.
var quantiles = [...]float64{0.2, 0.4, 0.6, 0.8, 0.95}

// ranges counts the numbers by where they lie among all of them.
func (p *facetPart) ranges() []store.ValueCount {
	cuts := cutsOf(slices.Concat(p.numbers[0], p.numbers[1]))
	out := make([]store.ValueCount, len(cuts)+1)
	for i := range cuts {
		out[i].High, out[i+1].Low = &cuts[i], &cuts[i]
	}
	for _, n := range p.numbers[0] {
		out[rangeOf(cuts, n)].Selection++
	}
	for _, n := range p.numbers[1] {
		out[rangeOf(cuts, n)].Baseline++
	}
	if p.unknown != (bySide{}) {
		out = append(out, store.ValueCount{Unknown: true, Selection: p.unknown[0], Baseline: p.unknown[1]})
	}
	return out
}

// rangeOf returns how many cuts lie at or below n.
func rangeOf(cuts []int64, n int64) (i int) {
	for i < len(cuts) && n >= cuts[i] {
		i++
	}
	return i
}

// cutsOf returns the quantiles of numbers, which it sorts, rounded and each once.
func cutsOf(all []int64) (cuts []int64) {
	if len(all) == 0 {
		return nil
	}
	slices.Sort(all)
	for _, q := range quantiles {
		cut := twoDigits(all[int(q*float64(len(all)-1))])
		if cut > all[0] && (len(cuts) == 0 || cut > cuts[len(cuts)-1]) {
			cuts = append(cuts, cut)
		}
	}
	return cuts
}

// twoDigits rounds a number to two digits.
func twoDigits(n int64) int64 {
	unit := int64(1)
	for n/unit >= 100 || n/unit <= -100 {
		unit *= 10
	}
	return int64(math.Round(float64(n)/float64(unit))) * unit
}
