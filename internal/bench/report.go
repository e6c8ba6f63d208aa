package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// row is one line of the table.
type row struct {
	what, budget, measured string
	met                    verdict
	note                   string
}

// verdict says whether a budget is kept.
type verdict int

const (
	noBudget verdict = iota
	met
	missed
)

func (v verdict) String() string { return [...]string{"", "met", "NOT MET"}[v] }

func judge(ok bool) verdict {
	if ok {
		return met
	}
	return missed
}

// atLeast, atMost and took make rows with a budget, info one without.
func atLeast(what string, budget, measured float64, unit, note string) row {
	return row{what, fmt.Sprintf("≥ %s %s", thousands(budget), unit), thousands(measured) + " " + unit, judge(measured >= budget), note}
}

func atMost(what string, budget, measured float64, unit, note string) row {
	return row{what, fmt.Sprintf("≤ %s %s", figure(budget), unit), figure(measured) + " " + unit, judge(measured <= budget), note}
}

func took(what string, budget, measured time.Duration, note string) row {
	return atMost(what, millis(budget), millis(measured), "ms", note)
}

func info(what, measured string) row { return row{what: what, measured: measured} }

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func megabytes(n int64) float64 { return float64(n) / (1 << 20) }

// figure prints a number with as many decimals as it deserves.
func figure(f float64) string {
	switch {
	case f >= 100 || f == float64(int64(f)):
		return thousands(f)
	case f >= 10:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.2f", f)
}

// thousands prints a whole number with a comma every three digits.
func thousands(f float64) string {
	s := fmt.Sprintf("%.0f", f)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// printTable writes the rows under a heading, and how many budgets were missed.
func printTable(w io.Writer, rows []row) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "what\tbudget\tmeasured\t\tnote")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.what, r.budget, r.measured, r.met, r.note)
	}
	t.Flush()
	judged := slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.met == noBudget })
	bad := slices.DeleteFunc(slices.Clone(judged), func(r row) bool { return r.met != missed })
	fmt.Fprintf(w, "\n%d of %d budgets missed\n", len(bad), len(judged))
}
