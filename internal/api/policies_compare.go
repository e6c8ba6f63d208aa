package api

import (
	"fmt"
	"maps"
	"slices"

	"relay.one/picket/internal/stat"
)

// comparison says whether executions with a violation fail more often than others
// of the same agents.
type comparison struct {
	Method    string       `json:"method" enum:"katz,mantelHaenszel,none" doc:"katz: one agent, by the log interval of Katz; mantelHaenszel: agents compared with themselves; none: there is nothing to compare"`
	Agents    int          `json:"agents" doc:"Agents that have executions both with and without a violation, and failures: the others say nothing"`
	RiskRatio interval     `json:"riskRatio" doc:"Failure rate with a violation divided by the failure rate without, of the same agents"`
	Crude     interval     `json:"crudeRiskRatio" doc:"The same of all agents thrown together: an agent that both fails and violates often moves it, whatever the policy does"`
	Lift      interval     `json:"lift" doc:"Failure rate with a violation divided by the failure rate of all executions, as riskRatio has it: ratio ÷ (s · ratio + 1 − s), where s is the share of executions with a violation"`
	P         *float64     `json:"p" doc:"How probable a ratio as far from 1 would be if there were no difference"`
	Q         *float64     `json:"q" doc:"p adjusted for all comparisons of the answer (Benjamini-Hochberg): of the verdicts below 0.05, at most one in twenty is chance"`
	Verdict   stat.Verdict `json:"verdict" enum:"more failures,fewer failures,cannot tell"`
	Why       string       `json:"why" doc:"A sentence"`
}

// interval is a ratio with the interval that covers the true one in 95 of 100 samples.
type interval struct {
	Estimate *float64 `json:"estimate" doc:"Null, as are both ends, where the counts allow none"`
	Low      *float64 `json:"low" doc:"Lower end of the 95 % interval"`
	High     *float64 `json:"high" doc:"Upper end of the 95 % interval"`
}

func intervalOf(r stat.Ratio) interval {
	if !r.Known {
		return interval{}
	}
	return interval{&r.Estimate, &r.Low, &r.High}
}

// judging is what one policy said, and how the executions of the agents that it
// judged went, by agent and release.
type judging struct {
	evaluations, violations, denied, failedNanos int64
	parts                                        map[cell]*judgingPart
}

// judgingPart is a judging within one agent and release.
type judgingPart struct {
	evaluations, violations, denied, failedNanos int64
	table                                        stat.Table
}

// violated adds the rows of the policy itself.
func (j *judging) violated(at cell, row *counts) {
	at.sub = ""
	j.add(at, &judgingPart{row.evaluations, row.violations, row.denied, row.failedNanos,
		stat.Table{Exposed: row.executions, ExposedFailed: row.wentWrong}})
}

func (j *judging) add(at cell, p *judgingPart) {
	if j.parts == nil {
		j.parts = map[cell]*judgingPart{}
	}
	j.evaluations += p.evaluations
	j.violations += p.violations
	j.denied += p.denied
	j.failedNanos += p.failedNanos
	j.parts[at] = p
}

// others adds the executions without a violation, given all of the agents. The rows
// were read at another moment: there may be fewer than with.
func (j *judging) others(whole map[cell]*counts) {
	for at, p := range j.parts {
		row := whole[at]
		if row == nil {
			continue
		}
		p.table.Others = max(0, row.executions-p.table.Exposed)
		p.table.OthersFailed = min(p.table.Others, max(0, row.wentWrong-p.table.ExposedFailed))
	}
}

// by takes j apart by what name reads of its cells.
func (j *judging) by(name func(cell) string) map[string]*judging {
	out := map[string]*judging{}
	for at, p := range j.parts {
		key := name(at)
		if out[key] == nil {
			out[key] = &judging{}
		}
		out[key].add(at, p)
	}
	return out
}

// tables returns one table for each agent, in the order of their names.
func (j *judging) tables() []stat.Table {
	agents := map[string]stat.Table{}
	for at, p := range j.parts {
		agents[at.agent] = plus(agents[at.agent], p.table)
	}
	var out []stat.Table
	for _, name := range slices.Sorted(maps.Keys(agents)) {
		out = append(out, agents[name])
	}
	return out
}

func plus(x, y stat.Table) stat.Table {
	return stat.Table{
		Exposed: x.Exposed + y.Exposed, ExposedFailed: x.ExposedFailed + y.ExposedFailed,
		Others: x.Others + y.Others, OthersFailed: x.OthersFailed + y.OthersFailed,
	}
}

// pooled throws tables together.
func pooled(tables []stat.Table) (sum stat.Table) {
	for _, t := range tables {
		sum = plus(sum, t)
	}
	return sum
}

func (j *judging) executions() int64 {
	t := pooled(j.tables())
	return t.Exposed + t.Others
}

func (j *judging) sides() PolicySides {
	t := pooled(j.tables())
	s := PolicySides{
		Evaluations: j.evaluations, Violations: j.violations, Denied: j.denied,
		With: sideOf(t.ExposedFailed, t.Exposed), Without: sideOf(t.OthersFailed, t.Others),
		FailedCostUSD: dollars(j.failedNanos, t.ExposedFailed), FailedCostNanos: j.failedNanos,
	}
	s.ViolationRate, s.ViolationRateOf = rate(j.violations, j.evaluations)
	return s
}

// finding is a comparison before it is adjusted for the others.
type finding struct {
	tables   []stat.Table // that say something
	all      stat.Table   // of all agents
	adjusted stat.Ratio   // agents compared with themselves
	crude    stat.Ratio
}

func (j *judging) find() finding {
	tables := j.tables()
	f := finding{all: pooled(tables)}
	for _, t := range tables {
		if t.Exposed > 0 && t.Others > 0 && t.ExposedFailed+t.OthersFailed > 0 {
			f.tables = append(f.tables, t)
		}
	}
	f.adjusted, f.crude = stat.MantelHaenszel(f.tables), stat.Katz(f.all)
	return f
}

// compare returns the comparison of one judging that is not among others.
func (j *judging) compare() comparison { return compare(map[string]*judging{"": j})[""] }

// compare returns the comparisons of several, adjusted for how many they are.
func compare(all map[string]*judging) map[string]comparison {
	findings := map[string]finding{}
	var names []string
	var p []float64
	for _, name := range slices.Sorted(maps.Keys(all)) {
		f := all[name].find()
		findings[name] = f
		if f.adjusted.Known {
			names, p = append(names, name), append(p, f.adjusted.P)
		}
	}
	q := map[string]float64{}
	for i, adjusted := range stat.Adjust(p) {
		q[names[i]] = adjusted
	}
	out := map[string]comparison{}
	for name, f := range findings {
		out[name] = f.comparison(q[name], len(p))
	}
	return out
}

// comparison judges a finding, given its probability adjusted for all that it is among.
func (f *finding) comparison(q float64, among int) comparison {
	c := comparison{Method: "none", Agents: len(f.tables), Verdict: stat.CannotTell, Crude: intervalOf(f.crude), RiskRatio: intervalOf(f.adjusted)}
	if !f.adjusted.Known {
		c.Why = f.missing()
		return c
	}
	c.Method = "mantelHaenszel"
	if len(f.tables) == 1 {
		c.Method = "katz"
	}
	told := pooled(f.tables)
	c.Lift, c.P, c.Q = f.lift(told), &f.adjusted.P, &q
	c.Verdict = stat.Judge(f.adjusted, q, told.Exposed, told.Others)
	c.Why = f.why(c.Verdict, q, among)
	return c
}

// lift turns the risk ratio into one to all executions, of which those with a
// violation are a part.
func (f *finding) lift(told stat.Table) interval {
	s := float64(told.Exposed) / float64(told.Exposed+told.Others)
	of := func(ratio float64) *float64 {
		lift := ratio / (s*ratio + 1 - s)
		return &lift
	}
	return interval{of(f.adjusted.Estimate), of(f.adjusted.Low), of(f.adjusted.High)}
}

// missing says why there is no ratio.
func (f *finding) missing() string {
	switch {
	case f.all.Exposed == 0:
		return "No execution violated the policy in this window: there is nothing to compare."
	case f.all.Others == 0:
		return "Every execution of the agents that the policy judged violated it: there is nothing to compare with."
	case f.all.ExposedFailed+f.all.OthersFailed == 0:
		return "No execution went wrong, with a violation or without."
	}
	return "No agent has executions both with and without a violation, and failures among them: agents cannot be compared with themselves."
}

func (f *finding) why(v stat.Verdict, q float64, among int) string {
	r, told := f.adjusted, pooled(f.tables)
	switch {
	case v != stat.CannotTell:
		return fmt.Sprintf("Executions with a violation fail %s times as often as others of the same agent (95 %% interval %s to %s).%s",
			plainly(r.Estimate), plainly(r.Low), plainly(r.High), f.contrast())
	case told.Exposed < stat.Least || told.Others < stat.Least:
		return fmt.Sprintf("Too few executions that can be compared: %d with a violation and %d without, where each side needs %d.",
			told.Exposed, told.Others, stat.Least)
	case decided(r):
		return fmt.Sprintf("The difference may be chance: among %d comparisons, one like this (p = %s) has q = %s, which is not below %g.",
			among, plainly(r.P), plainly(q), stat.Level)
	case decided(f.crude):
		return fmt.Sprintf("All agents thrown together, executions with a violation fail %s times as often, but the difference vanishes "+
			"when agents are compared with themselves (%s times; 95 %% interval %s to %s): it is a difference between agents.",
			plainly(f.crude.Estimate), plainly(r.Estimate), plainly(r.Low), plainly(r.High))
	}
	return fmt.Sprintf("The difference may be chance: the 95 %% interval of the ratio, %s to %s, contains 1.", plainly(r.Low), plainly(r.High))
}

// contrast says when all agents thrown together would look otherwise.
func (f *finding) contrast() string {
	if f.crude.Known && (f.crude.Estimate > 1) == (f.adjusted.Estimate > 1) && decided(f.crude) {
		return ""
	}
	return fmt.Sprintf(" All agents thrown together hide that (%s times), since they differ from each other.", plainly(f.crude.Estimate))
}

// decided reports whether the interval leaves no doubt on which side of 1 the ratio is.
func decided(r stat.Ratio) bool { return r.Known && (r.Low > 1 || r.High < 1) }

// plainly writes a number as people read it: never with an exponent when it is large.
func plainly(x float64) string {
	switch {
	case x >= 10:
		return fmt.Sprintf("%.0f", x)
	case x >= 0.1:
		return fmt.Sprintf("%.2f", x)
	}
	return fmt.Sprintf("%.2g", x)
}
