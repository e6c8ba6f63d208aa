package sample_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sample"
	"relay.one/picket/internal/settings"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// clock is a time that tests move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func traceOf(n int) (id model.TraceID) {
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	binary.LittleEndian.PutUint64(id[:], rng.Uint64())
	binary.LittleEndian.PutUint64(id[8:], rng.Uint64())
	return id
}

// run is a trace that is complete: a transaction in which an agent ran.
func run(n int, changes ...func(*model.Batch)) *model.Batch {
	id := traceOf(n)
	b := &model.Batch{Org: 1, Project: 1,
		Events: []model.Event{{ID: model.EventID(id), Kind: model.KindTransaction, Trace: id, Transaction: "POST /ask", Status: model.StatusOK}},
		Spans: []model.Span{{Trace: id, ID: model.SpanID{1}, Segment: true, Name: "POST /ask", Environment: "prod", Release: "app@1.0", Status: model.StatusOK},
			{Trace: id, ID: model.SpanID{2}, Parent: model.SpanID{1}, Kind: model.SpanAgent, Agent: model.Agent{ID: "billing", Name: "Billing"}}},
		Executions: []model.Execution{{ID: fmt.Sprint("x", n), Trace: id, Agent: model.Agent{ID: "billing", Name: "Billing"}, Ended: true, Outcome: model.OutcomeOK,
			Duration: time.Second, Cost: model.Cost{Nanos: 1_000_000, Pricing: model.Priced}}}}
	for _, change := range changes {
		change(b)
	}
	return b
}

func piece(b *model.Batch)   { b.Spans[0].Parent = model.SpanID{9} }
func running(b *model.Batch) { b.Executions[0].Ended = false }

// mistake is an error event.
func mistake(n int, changes ...func(*model.Batch)) *model.Batch {
	b := &model.Batch{Org: 1, Project: 1, Events: []model.Event{{ID: model.EventID(traceOf(n)), Kind: model.KindError, Level: model.LevelError, Trace: traceOf(n), Hashes: []model.Hash{{7}}}}}
	for _, change := range changes {
		change(b)
	}
	return b
}

var nothing = &settings.Sampling{Errors: 0, Transactions: 0}

// TestRemarkable judges at rate zero: what says something is kept, and all else is not.
func TestRemarkable(t *testing.T) {
	t.Parallel()
	f := func(want sample.Reason, changes ...func(*model.Batch)) {
		t.Helper()
		set := *nothing
		set.CostUSD, set.Milliseconds = 1, 60_000
		got := sample.NewJudge(nil).Judge(run(1, changes...), &set)
		if want == "" && (got.Verdict != sample.Drop || got.Omitted != model.OmittedByRate || got.Kept != "") {
			t.Errorf("nothing remarkable: %+v", got)
		}
		if want != "" && (got.Verdict != sample.Keep || got.Kept != want) {
			t.Errorf("%s: %+v", want, got)
		}
	}
	execution := func(change func(*model.Execution)) func(*model.Batch) {
		return func(b *model.Batch) { change(&b.Executions[0]) }
	}
	f("")
	f(sample.Errored, execution(func(x *model.Execution) { x.Outcome = model.OutcomeError }))
	f(sample.Failed, execution(func(x *model.Execution) { x.Outcome = model.OutcomeFailed }))
	f(sample.Violated, execution(func(x *model.Execution) { x.Violations = 1 }))
	f(sample.Violated, func(b *model.Batch) { b.Spans[1].Policy = model.Policy{Name: "p", Verdict: model.VerdictFlag} })
	f("", func(b *model.Batch) { b.Spans[1].Policy = model.Policy{Name: "p", Verdict: model.VerdictAllow} })
	f(sample.Looped, execution(func(x *model.Execution) { x.Loop.Kind = model.LoopRepeat }))
	f(sample.Faulted, execution(func(x *model.Execution) { x.Fault = "rate_limit" }))
	f(sample.Faulted, func(b *model.Batch) { b.Spans[1].Signs.Fault = "rate_limit" })
	f(sample.Errored, func(b *model.Batch) { b.Events[0].Status = model.StatusInternalError })
	f(sample.ErrorEvent, func(b *model.Batch) { b.Events = append(b.Events, mistake(1).Events...) })
	f(sample.Costly, execution(func(x *model.Execution) { x.Cost.Nanos = 1_000_000_000 }))
	f(sample.Slow, execution(func(x *model.Execution) { x.Duration = time.Minute }))
}

// TestUnusual has an agent run as usual, and then once otherwise.
func TestUnusual(t *testing.T) {
	t.Parallel()
	f := func(before int, change func(*model.Execution), want sample.Verdict) {
		t.Helper()
		c := &clock{noon}
		j := sample.NewJudge(c.now)
		rng := rand.New(rand.NewPCG(1, 1))
		for n := range before {
			c.at = c.at.Add(time.Second)
			j.Judge(run(n, func(b *model.Batch) {
				x := &b.Executions[0]
				x.Duration = time.Duration(1000+rng.IntN(1000)) * time.Millisecond
				x.Cost.Nanos = 1_000_000 + rng.Int64N(1_000_000)
			}), nothing)
		}
		if got := j.Judge(run(before, func(b *model.Batch) { change(&b.Executions[0]) }), nothing); got.Verdict != want {
			t.Errorf("after %d executions: %+v, want verdict %d", before, got, want)
		}
	}
	slow := func(x *model.Execution) { x.Duration = 5 * time.Second }
	f(100, slow, sample.Keep)
	f(100, func(x *model.Execution) { x.Cost.Nanos = 5_000_000 }, sample.Keep)
	f(100, func(x *model.Execution) { x.Duration = 3 * time.Second }, sample.Drop)
	f(30, slow, sample.Drop)                                                      // too few to know what is usual
	f(4000, slow, sample.Keep)                                                    // the windows have turned
	f(100, func(x *model.Execution) { slow(x); x.Agent.ID = "new" }, sample.Drop) // others are not its usual
}

// TestRatesNest judges the same traces at several rates, twice, by judges that know
// nothing of each other and in other projects: what is kept at a rate is kept at all above.
func TestRatesNest(t *testing.T) {
	t.Parallel()
	const n = 6000
	rates := []float64{0, 0.01, 0.1, 0.5, 0.9, 1}
	keeps := func(rate float64, project model.ProjectID, drawn bool) (out []bool) {
		j := sample.NewJudge(nil)
		for i := range n {
			got := j.Judge(run(i, func(b *model.Batch) {
				b.Project = project
				if drawn {
					b.Draw = model.Draw{Trace: traceOf(i), Rate: model.ParseSampleRate("0.25"), Rand: 0.25 * float64(i%997) / 997}
				}
			}), &settings.Sampling{Errors: 1, Transactions: rate})
			out = append(out, got.Verdict == sample.Keep)
		}
		return out
	}
	for _, drawn := range []bool{false, true} {
		var below []bool
		for _, rate := range rates {
			here, there := keeps(rate, 1, drawn), keeps(rate, 2, drawn)
			count := 0
			for i := range here {
				if here[i] {
					count++
				}
				if here[i] != there[i] {
					t.Fatalf("at %v, trace %d is kept in one project only", rate, i)
				}
				if below != nil && below[i] && !here[i] {
					t.Fatalf("trace %d is kept below %v and not at it", i, rate)
				}
			}
			if got := float64(count) / n; got < rate-0.02 || got > rate+0.02 {
				t.Errorf("at %v, a share of %v is kept", rate, got)
			}
			below = here
		}
	}
}

// TestTraceStandsTogether sends pieces of traces, some remarkable, in any order to
// several projects, with a budget: after the decision no piece of a trace goes another way.
func TestTraceStandsTogether(t *testing.T) {
	t.Parallel()
	set := &settings.Sampling{Errors: 1, Transactions: 0.5, PerMinute: 20}
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(2, seed))
		j := sample.NewJudge((&clock{noon}).now)
		sent := map[int][]sample.Result{}
		for range 400 {
			n := rng.IntN(60)
			b := run(n, func(b *model.Batch) { b.Project = model.ProjectID(1 + rng.IntN(3)) })
			if rng.IntN(2) == 0 {
				piece(b)
			}
			r := j.Judge(b, set)
			sent[n] = append(sent[n], r)
		}
		for n, list := range sent {
			decided := slices.IndexFunc(list, func(r sample.Result) bool { return r.Verdict != sample.Wait })
			if decided < 0 {
				continue
			}
			for _, r := range list[decided:] {
				if r.Verdict.Forwards() != list[decided].Verdict.Forwards() || r.Verdict == sample.Wait {
					t.Fatalf("seed %d: trace %d goes several ways: %+v", seed, n, list)
				}
			}
		}
	}
}

// TestUndecided follows traces that come in pieces, at rate zero.
func TestUndecided(t *testing.T) {
	t.Parallel()
	type step struct {
		batch   *model.Batch
		verdict sample.Verdict
		decided []model.Decision
	}
	f := func(name string, steps ...step) {
		t.Helper()
		j := sample.NewJudge(nil)
		for i, s := range steps {
			got := j.Judge(s.batch, nothing)
			if got.Verdict != s.verdict || !slices.Equal(got.Decided, s.decided) {
				t.Errorf("%s, step %d: %+v, want %d %v", name, i+1, got, s.verdict, s.decided)
			}
		}
	}
	keep, leave := []model.Decision{{Trace: traceOf(1), Keep: true}}, []model.Decision{{Trace: traceOf(1)}}
	bad := func(b *model.Batch) { b.Executions[0].Outcome = model.OutcomeFailed }
	f("ends well", step{run(1, piece), sample.Wait, nil}, step{run(1, piece), sample.Wait, nil}, step{run(1), sample.Stay, leave}, step{run(1, piece), sample.Stay, nil})
	f("ends badly", step{run(1, piece), sample.Wait, nil}, step{run(1, bad), sample.Keep, keep}, step{run(1, piece), sample.Keep, nil})
	f("error comes", step{run(1, piece), sample.Wait, nil}, step{mistake(1), sample.Keep, keep}, step{run(1), sample.Keep, nil})
	f("still runs", step{run(1, running), sample.Wait, nil}, step{run(1, bad, piece), sample.Keep, keep})
	f("error first", step{mistake(1), sample.Keep, nil}, step{run(1), sample.Keep, nil})
	f("dropped error first", step{mistake(2), sample.Keep, nil}, step{mistake(1), sample.Drop, nil}, step{run(1), sample.Keep, nil})
	f("late and bad", step{run(1), sample.Drop, nil}, step{run(1, piece), sample.Stay, nil}, step{run(1, bad), sample.Keep, nil}, step{run(1), sample.Keep, nil})
}

func TestSettle(t *testing.T) {
	t.Parallel()
	j := sample.NewJudge(nil)
	j.Judge(run(1, piece), nothing)
	j.Judge(run(2, piece), nothing)
	j.Judge(mistake(2), nothing)
	f := func(n int, s *settings.Sampling, want bool) {
		t.Helper()
		if got := j.Settle(1, traceOf(n), s); got != want {
			t.Errorf("Settle(%d) = %v", n, got)
		}
	}
	f(1, nothing, false)
	f(2, nothing, true)
	f(3, nothing, false)
	f(3, &settings.Sampling{Errors: 0, Transactions: 1}, true)
	f(1, &settings.Sampling{Errors: 1, Transactions: 1}, true) // sampling was turned off meanwhile
	if got := j.Judge(run(1), nothing); got.Verdict != sample.Drop || len(got.Decided) > 0 {
		t.Errorf("after it was settled: %+v", got)
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	j := sample.NewJudge(nil)
	f := func(want sample.Verdict, reason sample.Reason, b *model.Batch) {
		t.Helper()
		if got := j.Judge(b, nothing); got.Verdict != want || got.Kept != reason {
			t.Errorf("got %+v, want %d %q", got, want, reason)
		}
	}
	f(sample.Keep, sample.NewIssue, mistake(1))
	f(sample.Drop, "", mistake(2))
	f(sample.Keep, sample.NewIssue, mistake(3, func(b *model.Batch) { b.Project = 2 }))
	f(sample.Keep, sample.ErrorEvent, mistake(4, func(b *model.Batch) { b.Events[0].Execution = "x" }))
	f(sample.Keep, sample.ErrorEvent, mistake(5, func(b *model.Batch) { b.Events[0].Agent.ID = "a" }))
	f(sample.Keep, sample.Failed, mistake(6, func(b *model.Batch) {
		b.Events[0].Kind, b.Events[0].Level = model.KindMessage, model.LevelInfo
		b.Executions = []model.Execution{{Outcome: model.OutcomeFailed}}
	}))
	f(sample.Keep, "", mistake(7, func(b *model.Batch) { b.Events[0].Kind = model.KindFeedback }))
	f(sample.Keep, "", &model.Batch{Logs: []model.Log{{Trace: traceOf(1)}}, Sessions: []model.Session{{}}, CheckIns: []model.CheckIn{{}}})
	j.Judge(run(8, func(b *model.Batch) { b.Executions[0].Violations = 1 }), nothing)
	f(sample.Keep, sample.Violated, mistake(8))
}

// TestBudget keeps so many traces in a minute, and none of what is remarkable counts.
func TestBudget(t *testing.T) {
	t.Parallel()
	c := &clock{noon}
	j := sample.NewJudge(c.now)
	set := &settings.Sampling{Errors: 1, Transactions: 1, PerMinute: 30}
	next := 0
	kept := func(change func(*model.Batch)) (n int) {
		for range 100 {
			next++
			r := j.Judge(run(next, change), set)
			if r.Verdict == sample.Keep {
				n++
			} else if r.Omitted != model.OmittedByBudget {
				t.Fatalf("%+v", r)
			}
		}
		return n
	}
	usually := func(*model.Batch) {}
	f := func(later time.Duration, want int, change func(*model.Batch)) {
		t.Helper()
		c.at = c.at.Add(later)
		if got := kept(change); got != want {
			t.Errorf("%d of 100 are kept, want %d", got, want)
		}
	}
	f(0, 30, usually)
	f(0, 0, usually)
	f(0, 100, func(b *model.Batch) { b.Executions[0].Violations = 1 })
	f(20*time.Second, 10, usually)
	f(time.Hour, 30, usually)
}

func TestRules(t *testing.T) {
	t.Parallel()
	f := func(rule settings.SamplingRule, want bool) {
		t.Helper()
		set := &settings.Sampling{Rules: []settings.SamplingRule{{Agent: "other", Rate: 0}, rule, {Rate: 0}}}
		set.Rules[1].Rate = 1
		got := sample.NewJudge(nil).Judge(run(1), set)
		if (got.Verdict == sample.Keep) != want || want && got.Kept != sample.ByRule || !want && got.Omitted != model.OmittedByRule {
			t.Errorf("%+v: %+v", rule, got)
		}
	}
	f(settings.SamplingRule{}, true)
	f(settings.SamplingRule{Agent: "billing"}, true)
	f(settings.SamplingRule{Agent: "Bill*"}, true)
	f(settings.SamplingRule{Agent: "shop"}, false)
	f(settings.SamplingRule{Environment: "prod", Release: "app@*", Transaction: "post */a*k"}, true)
	f(settings.SamplingRule{Environment: "prod", Release: "app@2*"}, false)
	f(settings.SamplingRule{Transaction: "*ask*ask"}, false)
	f(settings.SamplingRule{Transaction: "*"}, true)
}

func BenchmarkJudge(b *testing.B) {
	j := sample.NewJudge(nil)
	set := &settings.Sampling{Errors: 1, Transactions: 0.1, PerMinute: 1000, Rules: []settings.SamplingRule{{Agent: "shop*", Rate: 1}, {Environment: "stage", Rate: 0}}}
	batches := make([]*model.Batch, 512)
	for i := range batches {
		batches[i] = run(i)
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		j.Judge(batches[n%len(batches)], set)
	}
}
