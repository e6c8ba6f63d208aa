package api

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/stat"
)

// judgingOf makes a judging of one table for each agent.
func judgingOf(tables ...stat.Table) *judging {
	j := &judging{}
	for i, t := range tables {
		j.add(cell{agent: fmt.Sprint("agent ", i)}, &judgingPart{table: t})
	}
	return j
}

func TestComparison(t *testing.T) {
	t.Parallel()
	f := func(verdict stat.Verdict, says string, tables ...stat.Table) {
		t.Helper()
		c := judgingOf(tables...).compare()
		if c.Verdict != verdict || !strings.Contains(c.Why, says) {
			t.Errorf("%v: %s, %q; want %s, %q", tables, c.Verdict, c.Why, verdict, says)
		}
		if _, err := json.Marshal(c); err != nil {
			t.Errorf("%v: %v", tables, err) // infinity is no JSON
		}
	}
	f(stat.MoreFailures, "4.00 times as often", stat.Table{Exposed: 100, ExposedFailed: 40, Others: 100, OthersFailed: 10})
	f(stat.FewerFailures, "0.25 times as often", stat.Table{Exposed: 100, ExposedFailed: 10, Others: 100, OthersFailed: 40})
	f(stat.CannotTell, "contains 1", stat.Table{Exposed: 100, ExposedFailed: 11, Others: 100, OthersFailed: 10})
	f(stat.CannotTell, "Too few executions that can be compared: 9 with", stat.Table{Exposed: 9, ExposedFailed: 9, Others: 100, OthersFailed: 1})
	f(stat.CannotTell, "No execution violated", stat.Table{Others: 100, OthersFailed: 10})
	f(stat.CannotTell, "nothing to compare with", stat.Table{Exposed: 100, ExposedFailed: 10})
	f(stat.CannotTell, "No execution went wrong", stat.Table{Exposed: 100, Others: 100})
	f(stat.CannotTell, "No execution violated")
	f(stat.CannotTell, "No agent has executions both with and without", stat.Table{Exposed: 100, ExposedFailed: 50}, stat.Table{Others: 100, OthersFailed: 5})
	f(stat.CannotTell, "vanishes when agents are compared with themselves",
		stat.Table{Exposed: 90, ExposedFailed: 45, Others: 10, OthersFailed: 5}, stat.Table{Exposed: 10, ExposedFailed: 1, Others: 90, OthersFailed: 9})
	// Within each agent a violation doubles failures; the one that seldom fails violates more.
	f(stat.MoreFailures, "All agents thrown together hide that",
		stat.Table{Exposed: 900, ExposedFailed: 90, Others: 300, OthersFailed: 15}, stat.Table{Exposed: 100, ExposedFailed: 80, Others: 600, OthersFailed: 240})
	// An agent that always violates says nothing of the others: those that count are too few.
	f(stat.CannotTell, "5 with a violation and 100 without",
		stat.Table{Exposed: 1000, ExposedFailed: 900}, stat.Table{Exposed: 5, ExposedFailed: 4, Others: 100, OthersFailed: 10})
}

// One of many is adjusted for the many, and says so.
func TestComparisonAmongMany(t *testing.T) {
	t.Parallel()
	all := map[string]*judging{"found": judgingOf(stat.Table{Exposed: 100, ExposedFailed: 22, Others: 100, OthersFailed: 10})}
	if c := compare(all)["found"]; c.Verdict != stat.MoreFailures {
		t.Fatalf("alone: %+v", c)
	}
	for i := range 9 {
		all[fmt.Sprint("nothing ", i)] = judgingOf(stat.Table{Exposed: 100, ExposedFailed: 10, Others: 100, OthersFailed: 10})
	}
	c := compare(all)["found"]
	if c.Verdict != stat.CannotTell || *c.Q < stat.Level || *c.P >= stat.Level || !strings.Contains(c.Why, "among 10 comparisons") {
		t.Errorf("among ten: %s, p %v, q %v: %s", c.Verdict, *c.P, *c.Q, c.Why)
	}
}

// Rows that were read a moment later may hold fewer than those before.
func TestOthersAreNeverNegative(t *testing.T) {
	t.Parallel()
	j := &judging{}
	at := cell{agent: "a", sub: "p"}
	j.violated(at, &counts{executions: 5, wentWrong: 5})
	j.others(map[cell]*counts{{agent: "a"}: {executions: 4, wentWrong: 4}})
	if got := j.tables()[0]; got != (stat.Table{Exposed: 5, ExposedFailed: 5}) {
		t.Errorf("%+v", got)
	}
}

func TestPerSuccess(t *testing.T) {
	t.Parallel()
	f := func(executions, failed, nanos, unpriced int64, want string) {
		t.Helper()
		c := &rollup.Counters{}
		c.Add(rollup.Executions, executions)
		c.Add(rollup.Failed, failed)
		c.Add(rollup.Unpriced, unpriced)
		money, each := perSuccess(c, dollars(nanos, unpriced))
		got, err := json.Marshal(money)
		if err != nil || string(got) != want || (each == nil) != (want == "null") {
			t.Errorf("%d of %d for %d: %s, want %s", failed, executions, nanos, got, want)
		}
	}
	f(4, 1, 3_000_000_000, 0, "1")
	f(3, 1, 5, 0, "0.000000003") // 2.5 is rounded up
	f(3, 0, 4, 0, "0.000000001")
	f(3, 0, 5, 0, "0.000000002")
	f(2, 2, 5, 0, "null")
	f(0, 0, 0, 0, "null")
	f(2, 0, 0, 1, "null")
	f(2, 0, 0, 0, "0")
}
