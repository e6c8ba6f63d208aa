package rollup

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/model"
)

// randomStory returns a batch of everything that AddStory counts.
func randomStory(rng *rand.Rand) *model.Batch {
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	b := &model.Batch{}
	for i := range rng.IntN(6) {
		agent := model.Agent{ID: pick("", "a", "b")}
		organization := pick("", "acme")
		b.Events = append(b.Events, model.Event{ID: model.EventID{byte(i + 1)}, Kind: model.Kind(1 + rng.IntN(4)), Level: model.Level(rng.IntN(7)), Timestamp: noon.Add(time.Duration(rng.IntN(90)) * time.Second),
			Agent: agent, Organization: organization, Type: pick("T", "U"), Fault: pick("", "rate_limit"), Issue: model.IssueID(1 + rng.IntN(3)), Execution: "x"})
		b.Spans = append(b.Spans, model.Span{Kind: model.SpanKind(rng.IntN(6)), Segment: rng.IntN(2) == 0, Start: noon, Duration: time.Duration(rng.Int64N(int64(time.Hour))) * time.Duration(rng.IntN(2)),
			Agent: agent, Organization: organization, Provider: "p", Model: pick("m", "n"), Tool: pick("t", "u"), ErrorType: pick("", "timeout"),
			Usage: model.Usage{Input: rng.Int64N(100)}, Cost: model.Cost{Nanos: rng.Int64N(100), Pricing: model.Pricing(rng.IntN(5))},
			Policy: model.Policy{Name: pick("", "q"), Verdict: model.Verdict(rng.IntN(4))}, Signs: model.Signs{Fault: pick("", "overload")}})
		x := model.Execution{ID: fmt.Sprint("x", i), Agent: agent, Organization: organization, Start: noon, Duration: time.Duration(rng.IntN(100)) * time.Second, Ended: rng.IntN(4) > 0,
			Outcome: model.Outcome(rng.IntN(4)), Reason: pick("", "timeout", "a sentence of its own"), Rule: pick("", "cut off"), Fault: pick("", "overload"), Tools: []string{"t"},
			Failing: []string{"t"}, Policies: []string{"q"}, Issues: []model.IssueID{1, 2}[:1+rng.IntN(2)], Cost: model.Cost{Nanos: rng.Int64N(1000)}, Loop: model.Loop{Kind: model.LoopKind(rng.IntN(2)), Cost: model.Cost{Nanos: 5}}}
		b.Executions = append(b.Executions, x)
	}
	b.Executions = append(b.Executions, model.Execution{ID: "x", Start: noon, Usage: model.Usage{Output: 3}, Cost: model.Cost{Nanos: 9}})
	if len(b.Events) > 0 {
		b.Events[0].Report = &model.Report{Tools: []model.ReportedCall{{Name: "mail", Duration: time.Second, Failed: true}}, Policies: []model.Policy{{Name: "q", Verdict: model.VerdictDeny}}}
	}
	return b
}

// TestStoriesAreTakenBack counts stories and takes some of them back, each in a
// transaction of its own, and merges all that in any order.
func TestStoriesAreTakenBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(3, seed))
		var journal [][]byte
		want := Delta{}
		for range 1 + rng.IntN(8) {
			b := randomStory(rng)
			signs := []int{1, -1, 1}[:1+rng.IntN(3)]
			for _, sign := range signs {
				var tally Tally
				tally.AddStory(1, b, sign)
				journal = append(journal, tally.Append(nil))
			}
			if len(signs) != 2 {
				var once Tally
				once.AddStory(1, b, 1)
				want.Add(&once)
			}
		}
		rng.Shuffle(len(journal), func(i, j int) { journal[i], journal[j] = journal[j], journal[i] })
		got := Delta{}
		for _, j := range journal {
			if err := got.Decode(j); err != nil {
				t.Fatal(err)
			}
		}
		sameDelta(t, &got, &want)
	}
}

func sameDelta(t *testing.T, got, want *Delta) {
	t.Helper()
	for _, slots := range got {
		for s, c := range slots {
			w := want.Get(s)
			if w == nil {
				w = &Counters{}
			}
			if c.n != w.n {
				t.Errorf("%+v counts %v, want %v", s, c.n, w.n)
			}
			for _, q := range []float64{0, 0.3, 0.5, 0.95, 1} {
				a, has := c.Quantile(q)
				b, hasToo := w.Quantile(q)
				if a != b || has != hasToo {
					t.Errorf("%+v has quantile %v of %v (%v), want %v (%v)", s, q, a, has, b, hasToo)
				}
			}
		}
	}
	for _, slots := range want {
		for s, c := range slots {
			if !c.Zero() && got.Get(s) == nil {
				t.Errorf("%+v is missing", s)
			}
		}
	}
}

// TestTakenBackInOneTransaction takes back and counts again what stays the same.
func TestTakenBackInOneTransaction(t *testing.T) {
	t.Parallel()
	b := randomStory(rand.New(rand.NewPCG(1, 1)))
	var tally Tally
	tally.AddStory(1, b, -1)
	tally.AddStory(1, b, 1)
	if data := tally.Append(nil); len(data) > 0 {
		t.Errorf("%d bytes are journaled of nothing", len(data))
	}
	d := Delta{}
	if d.Add(&tally); d.Len() > 0 {
		t.Errorf("%d slots are pending of nothing", d.Len())
	}
}

// TestSignedSketches splits additions and removals between sketches that are encoded
// and merged in any order, some of them negative on the way.
func TestSignedSketches(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(5, seed))
		parts := make([]Counters, 1+rng.IntN(6))
		var want Counters
		for range rng.IntN(400) {
			ms := math.Exp(rng.Float64()*30-10) * float64(rng.IntN(5)) // zeros and tiny ones among them
			parts[rng.IntN(len(parts))].addDurations(ms, 1)
			if rng.IntN(3) == 0 {
				parts[rng.IntN(len(parts))].addDurations(ms, -1)
			} else {
				want.AddDuration(ms)
			}
		}
		var merged, decoded Counters
		for i := range parts {
			merged.Merge(&parts[i])
		}
		slices.Reverse(parts)
		for i := range parts {
			if _, err := decoded.Decode(parts[i].Append(nil)); err != nil {
				t.Fatal(err)
			}
		}
		for q := 0.0; q <= 1; q += 0.05 {
			w, has := want.Quantile(q)
			for _, c := range []*Counters{&merged, &decoded} {
				if v, ok := c.Quantile(q); v != w || ok != has {
					t.Fatalf("seed %d: quantile %v = %v (%v), want %v (%v)", seed, q, v, ok, w, has)
				}
			}
		}
	}
	var c Counters
	c.AddDuration(0)
	if v, ok := c.Quantile(0.5); v != 0 || !ok {
		t.Errorf("the median of a zero = %v, %v", v, ok)
	}
	c.addDurations(0, -2)
	if _, ok := c.Quantile(0.5); ok {
		t.Error("less than nothing has a median")
	}
}

func TestCostOfFailure(t *testing.T) {
	t.Parallel()
	x := model.Execution{ID: "x", Agent: model.Agent{ID: "a"}, Organization: "acme", Start: noon, Ended: true, Outcome: model.OutcomeError, Reason: "timeout", Fault: "tool_timeout",
		Tools: []string{"lookup", "pay"}, Failing: []string{"pay"}, Policies: []string{"budget"}, Issues: []model.IssueID{7}, Cost: model.Cost{Nanos: 100}}
	fine := x
	fine.ID, fine.Outcome, fine.Reason, fine.Fault, fine.Failing, fine.Issues = "y", model.OutcomeOK, "", "", nil, nil
	failed := fine
	failed.ID, failed.Outcome, failed.Rule, failed.Policies = "z", model.OutcomeFailed, "cut_off", nil
	var tally Tally
	tally.AddStory(1, &model.Batch{Executions: []model.Execution{x, fine, failed}}, 1)
	f := func(k Kind, name, sub string, executions, errored, failed, cost int64) {
		t.Helper()
		c := tally.At(Key{Kind: k, Project: 1, Name: name, Sub: sub}, noon)
		got := [...]int64{c.Get(Executions), c.Get(Errored), c.Get(Failed), c.Get(FailedCostNanos)}
		if got != [...]int64{executions, errored, failed, cost} {
			t.Errorf("kind %d of %q %q: %v, want %d, %d, %d, %d", k, name, sub, got, executions, errored, failed, cost)
		}
	}
	f(Project, "", "", 3, 1, 1, 200)
	f(Agent, "a", "", 3, 1, 1, 200)
	f(Organization, "acme", "", 3, 1, 1, 200)
	f(Tool, "a", "pay", 1, 1, 0, 100)
	f(AllTools, "", "pay", 1, 1, 0, 100)
	f(Tool, "a", "lookup", 0, 0, 0, 0)
	f(ErrorType, "a", "timeout", 1, 1, 0, 100)
	f(Fault, "a", "tool_timeout", 1, 1, 0, 100)
	f(AllFaults, "", "tool_timeout", 1, 1, 0, 100)
	f(Rule, "a", "cut_off", 1, 0, 1, 100)
	f(AllRules, "", "cut_off", 1, 0, 1, 100)
	f(Issue, "7", "", 1, 1, 0, 100)
	f(AgentIssue, "a", "7", 1, 1, 0, 100)
	f(Policy, "a", "budget", 2, 1, 0, 100)
	f(AllPolicies, "", "budget", 2, 1, 0, 100)
}

func BenchmarkAddStory(b *testing.B) {
	agent := model.Agent{ID: "a"}
	batch := &model.Batch{Executions: []model.Execution{{ID: "x", Agent: agent, Start: noon, Ended: true, Outcome: model.OutcomeOK}}}
	for i := range 12 {
		s := model.Span{Start: noon, Duration: time.Second, Agent: agent, Execution: "x"}
		if i%3 == 0 {
			s.Kind, s.Provider, s.Model = model.SpanModel, "openai", "gpt-5"
		}
		batch.Spans = append(batch.Spans, s)
	}
	var tally Tally
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%64 == 0 { // a commit
			tally.Reset()
		}
		tally.AddStory(1, batch, 1)
	}
}
