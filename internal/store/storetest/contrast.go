package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// hour is the stretch that the contrasts of the suite are about.
func hour(q store.ContrastQuery) store.ContrastQuery {
	q.From, q.To = Clock.Add(-time.Hour), Clock.Add(time.Hour)
	return q
}

func (f *fixture) contrast(t *testing.T, q store.ContrastQuery) store.Contrast {
	t.Helper()
	q.In = f.scope()
	out, err := f.Contrast(context.Background(), q)
	must(t, err)
	return out
}

// counted writes a facet's values as value:selection/baseline.
func counted(c store.Contrast, facet store.Facet) string {
	i := slices.IndexFunc(c.Facets, func(f store.FacetCounts) bool { return f.Facet == facet })
	if i < 0 {
		return "no such facet"
	}
	var parts []string
	for _, v := range c.Facets[i].Values {
		name := v.Value
		switch {
		case v.Unknown:
			name = "unknown"
		case v.Low != nil && v.High != nil:
			name = fmt.Sprint(*v.Low, "-", *v.High)
		case v.Low != nil:
			name = fmt.Sprint(*v.Low, "-")
		case v.High != nil:
			name = fmt.Sprint("-", *v.High)
		}
		parts = append(parts, fmt.Sprintf("%s:%d/%d", name, v.Selection, v.Baseline))
	}
	return strings.Join(parts, " ")
}

func has(facet store.Facet, values ...string) store.Condition {
	return store.Condition{Facet: facet, Values: values}
}

func not(c store.Condition) store.Condition { c.Not = true; return c }

// executionsContrasted looks at the five runs of runs: the one numbered 3 is unlike the others.
func executionsContrasted(t *testing.T, f *fixture) {
	runs(t, f)
	failed := store.Side{Conditions: []store.Condition{has(store.FacetOutcome, "3")}}
	c := f.contrast(t, hour(store.ContrastQuery{Selection: failed}))
	equal(t, "rows", fmt.Sprint(c.Selection, c.Baseline, c.Share), "1 4 1")
	for facet, want := range map[store.Facet]string{
		store.FacetRelease: ":0/4 r@2:1/0", store.FacetEnvironment: ":0/4 prod:1/0", store.FacetAgent: "agent0:0/3 agent1:1/1",
		store.FacetOrganization: "acme:0/4 globex:1/0", store.FacetFault: ":0/4 context_length:1/0", store.FacetVersion: ":1/4", store.FacetFramework: ":1/4",
		store.FacetModel: "a/b:1/0 openai/gpt-5:1/0", store.FacetTool: "look up:1/0 pay:1/0", store.FacetFailingTool: "pay:1/0", store.FacetPolicy: "budget:1/0",
		store.FacetRule: ":0/4 cut_off:1/0", store.FacetOutcome: "1:0/4 3:1/0", store.FacetLoop: ":0/4 1:1/0", store.FacetParent: ":0/4 1:1/0",
		store.FacetDuration: "-2000000:0/1 2000000-3000000:1/0 3000000-4000000:0/1 4000000-:0/2", store.FacetCost: "-1:1/1 1-:0/3", store.FacetTokens: ":1/4",
	} {
		equal(t, string(facet), counted(c, facet), want)
	}
	equal(t, "facets", len(c.Facets), 18)
}

func executionSidesSelected(t *testing.T, f *fixture) {
	runs(t, f)
	number := func(n int64) *int64 { return &n }
	g := func(q store.ContrastQuery, selection, baseline int64) {
		t.Helper()
		c := f.contrast(t, hour(q))
		equal(t, fmt.Sprintf("rows of %+v", q), fmt.Sprint(c.Selection, c.Baseline), fmt.Sprint(selection, baseline))
	}
	only := func(all ...store.Condition) store.ContrastQuery {
		return store.ContrastQuery{Selection: store.Side{Conditions: all}}
	}
	g(only(), 5, 0)
	for _, c := range []store.Condition{has(store.FacetModel, "openai/gpt-5"), has(store.FacetTool, "pay", "none such"), has(store.FacetFailingTool, "pay"), has(store.FacetPolicy, "budget"),
		has(store.FacetRule, "cut_off"), has(store.FacetParent, "1"), not(has(store.FacetLoop, "")), not(has(store.FacetTool, "")), not(has(store.FacetFault, ""))} {
		g(only(c), 1, 4)
		g(only(c, has(store.FacetOutcome, "1")), 0, 5)
		c.Not = !c.Not
		g(only(c), 4, 1)
	}
	for _, c := range []store.Condition{has(store.FacetModel, "gpt-5"), has(store.FacetTool, "look"), has(store.FacetAgent, "agent"), has(store.FacetOutcome, "0", "2")} {
		g(only(c), 0, 5)
	}
	g(only(has(store.FacetOutcome, "1", "3")), 5, 0)
	g(only(store.Condition{Facet: store.FacetDuration, Min: number(3_000_000)}), 3, 2)
	g(only(store.Condition{Facet: store.FacetDuration, Min: number(2_000_000), Max: number(4_000_000)}), 2, 3)
	g(only(store.Condition{Facet: store.FacetCost, Min: number(2)}), 1, 4)
	// Time bounds a side: from is in it, and to is not.
	at := func(minutes int) time.Time { return Clock.Add(time.Duration(minutes) * time.Minute) }
	g(store.ContrastQuery{Selection: store.Side{From: at(1), To: at(3)}}, 2, 3)
	g(store.ContrastQuery{Selection: store.Side{From: at(1), To: at(3)}, Baseline: &store.Side{From: at(3), To: at(4)}}, 2, 1)
	// Who is on both sides counts for the selection.
	g(store.ContrastQuery{Selection: only(has(store.FacetAgent, "agent1")).Selection, Baseline: &store.Side{}}, 2, 3)
	filtered := only(has(store.FacetOutcome, "3"))
	filtered.Filter = []store.Condition{has(store.FacetAgent, "agent1")}
	g(filtered, 1, 1)
	bad := hour(only(has(store.FacetPlatform, "go")))
	bad.In = f.scope()
	if _, err := f.Contrast(context.Background(), bad); !errors.Is(err, model.ErrInvalid) {
		t.Errorf("the platform of executions: %v, want invalid", err)
	}
	early := store.ContrastQuery{From: at(0), To: at(2)}
	equal(t, "rows of two minutes", f.contrast(t, early).Selection, 2)
}

func eventsContrasted(t *testing.T, f *fixture) {
	b := f.batch(f.event("A", Clock), f.event("A", Clock.Add(time.Minute)), f.event("B", Clock.Add(2*time.Minute)), f.event("B", Clock.Add(-24*time.Hour)))
	b.Events[2].Level, b.Events[2].Release, b.Events[2].Fault, b.Events[2].Agent.ID = model.LevelWarning, "app@2.0.0", "rate_limit", ""
	txn := f.event("", Clock)
	txn.Kind, txn.Hashes = model.KindTransaction, nil
	b.Events = append(b.Events, txn)
	f.write(t, b)
	issue := f.issues(t, store.IssueQuery{Terms: []store.Term{{Key: "error.type", Values: []string{"B"}}}})[0].ID.String()
	other := f.issues(t, store.IssueQuery{Terms: []store.Term{{Key: "error.type", Values: []string{"A"}}}})[0].ID.String()
	q := hour(store.ContrastQuery{Events: true, Selection: store.Side{Conditions: []store.Condition{has(store.FacetType, "B")}}})
	c := f.contrast(t, q)
	equal(t, "rows", fmt.Sprint(c.Selection, c.Baseline), "1 2")
	for facet, want := range map[store.Facet]string{
		store.FacetRelease: "app@1.0.0:0/2 app@2.0.0:1/0", store.FacetEnvironment: "production:1/2", store.FacetAgent: ":1/0 refunds:0/2",
		store.FacetOrganization: "customer-1:1/2", store.FacetFault: ":0/2 rate_limit:1/0", store.FacetType: "A:0/2 B:1/0", store.FacetLevel: "4:1/0 5:0/2",
		store.FacetTransaction: "POST /refund:1/2", store.FacetPlatform: "go:1/2", store.FacetTool: "no such facet",
	} {
		equal(t, string(facet), counted(c, facet), want)
	}
	want := []string{other + ":0/2", issue + ":1/0"}
	slices.Sort(want)
	equal(t, "issues", counted(c, store.FacetIssue), strings.Join(want, " "))
	q.Selection = store.Side{Conditions: []store.Condition{has(store.FacetIssue, issue)}}
	q.From = Clock.Add(-36 * time.Hour)
	equal(t, "rows of two days", f.contrast(t, q).Selection, 2)
}

// contrastsAreSampled reads a part of many rows: what it says of the whole must hold.
func contrastsAreSampled(t *testing.T, f *fixture) {
	const rows, most = 4000, 500
	r := rand.New(rand.NewPCG(1, 2))
	b := f.batch()
	for n := range rows {
		x := model.Execution{ID: fmt.Sprint("x", n), Start: Clock.Add(time.Duration(n) * time.Second / 2), Ended: true, Outcome: model.OutcomeOK, Release: fmt.Sprint("r", n%2)}
		if r.IntN(4) == 0 {
			x.Outcome = model.OutcomeError
		}
		b.Executions = append(b.Executions, x)
	}
	b.Spans = []model.Span{span(3, 1, 0, model.SpanAgent)}
	f.write(t, b)
	q := hour(store.ContrastQuery{Selection: store.Side{Conditions: []store.Condition{has(store.FacetOutcome, "2")}}})
	whole := f.contrast(t, q)
	equal(t, "rows altogether", fmt.Sprint(whole.Selection+whole.Baseline, whole.Share), "4000 1")
	q.Most = most
	part := f.contrast(t, q)
	read := part.Selection + part.Baseline
	if part.Share > float64(most)/rows || read < most-most/10 || read > most+most/10 {
		t.Errorf("%d rows read, a share of %v, want some %d", read, part.Share, most)
	}
	if got := float64(part.Selection) / part.Share; got < 0.75*float64(whole.Selection) || got > 1.25*float64(whole.Selection) {
		t.Errorf("the sample speaks of %v rows in the selection, and there are %d", got, whole.Selection)
	}
	// What alternates comes in equal parts, and so does every quarter of the time.
	var zero, one int64
	if _, err := fmt.Sscanf(counted(f.contrast(t, hour(store.ContrastQuery{Most: most})), store.FacetRelease), "r0:%d/0 r1:%d/0", &zero, &one); err != nil || max(zero, one) > most/2+most/20 {
		t.Errorf("of alternating rows %d and %d, %v", zero, one, err)
	}
	for quarter := range 4 {
		from := Clock.Add(time.Duration(quarter) * rows / 8 * time.Second)
		side := hour(store.ContrastQuery{Most: most, Selection: store.Side{From: from, To: from.Add(rows / 8 * time.Second)}})
		if got := f.contrast(t, side).Selection; got < most/4-most/20 || got > most/4+most/20 {
			t.Errorf("%d rows of quarter %d, want some %d", got, quarter, most/4)
		}
	}
}
