package pipeline

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/stat"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// TestTotalsAreExact sends the same at several rates and compares everything that is
// counted: nothing of it depends on the rate, to the nano-dollar.
func TestTotalsAreExact(t *testing.T) {
	t.Parallel()
	list := (&traffic{t: t, rng: rand.New(rand.NewPCG(1, 2))}).mixture(160)
	var want map[string]string
	for _, rate := range []float64{1, 0.5, 0.1, 0.01, 0} {
		p, db := sampling(t, settings.Sampling{Errors: rate, Transactions: rate, PerMinute: 50})
		for _, e := range list {
			send(t, p, e)
		}
		got, omitted := counted(t, db)
		t.Logf("at %v, %d of %d events are stored without payload", rate, omitted, len(list))
		if want == nil {
			want = got
			if len(want) < 150 || omitted == 0 {
				t.Fatalf("%d counters and %d without payload: the test shows nothing", len(want), omitted)
			}
			p, db := open(t) // without sampling at all
			for _, e := range list {
				send(t, p, e)
			}
			if want, omitted = counted(t, db); omitted != 0 {
				t.Errorf("%d events have no payload and nothing is sampled", omitted)
			}
		}
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if got[key] != want[key] {
				t.Fatalf("at %v, %s is %s, want %s", rate, key, got[key], want[key])
			}
		}
		if len(got) != len(want) {
			t.Errorf("at %v, there are %d counters, want %d", rate, len(got), len(want))
		}
	}
}

// counted returns everything that is counted, and how many events have no payload.
func counted(t *testing.T, db *sqlite.DB) (map[string]string, int) {
	t.Helper()
	out := map[string]string{}
	for k := rollup.Project; k <= rollup.IssueSet; k++ {
		if k == rollup.Discarded {
			continue
		}
		sums := map[string]*rollup.Counters{}
		q := store.RollupQuery{In: everything, Kind: k, From: noon.Add(-24 * time.Hour), To: noon.Add(24 * time.Hour)}
		must(t, db.Rollup(t.Context(), q, func(r store.RollupRow) error {
			key := fmt.Sprintf("rollup %d %q %q %q %q", k, r.Name, r.Sub, r.Environment, r.Release)
			if sums[key] == nil {
				sums[key] = &rollup.Counters{}
			}
			sums[key].Merge(r.Counters)
			return nil
		}))
		for key, c := range sums {
			p95, _ := c.Quantile(0.95)
			if out[key] = fmt.Sprint(p95, c.Users()); !c.Zero() {
				for i := rollup.Events; i <= rollup.SpreadTransactions; i++ {
					out[key] += fmt.Sprint(" ", c.Get(i))
				}
			}
		}
	}
	executions, err := db.Executions(t.Context(), store.ExecutionQuery{In: everything, Page: store.Page{Limit: 1000}})
	must(t, err)
	for _, x := range executions.Executions {
		out["execution "+x.ID] = fmt.Sprintf("%+v", x)
	}
	issues, err := db.Issues(t.Context(), store.IssueQuery{In: everything})
	must(t, err)
	for _, i := range issues.Issues {
		out["issue "+i.Title] = fmt.Sprintf("%+v", i)
	}
	events, err := db.Events(t.Context(), store.EventQuery{In: everything, Page: store.Page{Limit: 1000}})
	must(t, err)
	omitted := 0
	for _, e := range events.Events {
		if e.Omitted != model.NotOmitted {
			omitted++
		}
	}
	return out, omitted
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestOutcomesAreKept sends runs of every sort at rate zero: what went wrong in some way is
// stored whole, what went well without its payload.
func TestOutcomesAreKept(t *testing.T) {
	t.Parallel()
	f := func(name string, whole bool, list func(f *traffic) []*wire.Envelope) {
		t.Helper()
		p, db := sampling(t, settings.Sampling{CostUSD: 5, Milliseconds: 100_000})
		for _, e := range list(&traffic{t: t, rng: rand.New(rand.NewPCG(3, 4))}) {
			send(t, p, e)
		}
		events, err := db.Events(t.Context(), store.EventQuery{In: everything, Kinds: []model.Kind{model.KindTransaction}})
		must(t, err)
		e, err := db.Event(t.Context(), everything, events.Events[0].ID)
		must(t, err)
		if kept := len(e.Payload) > 0; kept != whole || kept == (e.Omitted != model.NotOmitted) {
			t.Errorf("%s: a payload of %d bytes, left out by %q", name, len(e.Payload), e.Omitted)
		}
	}
	one := func(agent object, more ...func(f *traffic) object) func(f *traffic) []*wire.Envelope {
		return func(f *traffic) []*wire.Envelope {
			var spans []object
			for _, m := range more {
				spans = append(spans, m(f))
			}
			return []*wire.Envelope{f.run(agent, spans...)}
		}
	}
	tool := func(id int, more object) func(f *traffic) object {
		return func(f *traffic) object { return f.tool(id, more) }
	}
	policy := func(verdict string) func(f *traffic) object {
		return func(f *traffic) object {
			return f.span("", 7, 2, "picket.policy", object{"picket.policy.name": "limit", "picket.policy.verdict": verdict})
		}
	}
	same := object{"gen_ai.tool.input": `{"n":1}`}
	f("well", false, one(object{}))
	f("a plain transaction", false, func(f *traffic) []*wire.Envelope { return []*wire.Envelope{f.plain()} })
	f("an error", true, one(object{"error.type": "Timeout"}))
	f("failed, said the client", true, one(object{"picket.outcome": "failed"}))
	f("failed, by a rule", true, one(object{"gen_ai.response.finish_reasons": `["max_turns"]`}))
	f("denied", true, one(object{}, policy("deny")))
	f("flagged", true, one(object{}, policy("flag")))
	f("allowed", false, one(object{}, policy("allow")))
	f("a loop", true, one(object{}, tool(10, same), tool(12, same), tool(14, same), tool(16, same), tool(18, object{"gen_ai.tool.input": "{}"})))
	f("a call that failed and went well after that", true, one(object{}, tool(10, object{"error.type": "RateLimitError", "error.message": "429 Too Many Requests"}), tool(12, object{})))
	f("expensive", true, one(object{}, func(f *traffic) object {
		return f.span("", 8, 2, "gen_ai.chat", object{"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.request.model": "gpt-5", "gen_ai.usage.output_tokens": 9_000_000})
	}))
	f("an error before it", true, func(f *traffic) []*wire.Envelope {
		e := f.run(object{})
		return []*wire.Envelope{f.mistake("A", f.traceOf(e), 1), e}
	})
	f("an error of another trace", false, func(f *traffic) []*wire.Envelope {
		_, trace := f.next()
		return []*wire.Envelope{f.mistake("A", trace, 1), f.run(object{})}
	})
}

// TestSampledByClients sends what clients sampled and looks whether what there was lies in
// the intervals of what is reported, in 93 to 97 of 100 runs.
func TestSampledByClients(t *testing.T) {
	t.Parallel()
	const runs, executions, share, rate = 2000, 300, 0.2, 0.3
	var sent [2][executions]*model.Batch // well and badly
	for n := range executions {
		sent[0][n], sent[1][n] = clientRun(t, n, false), clientRun(t, n, true)
	}
	var total, wrong, errorRate int
	for seed := range uint64(runs) {
		rng := rand.New(rand.NewPCG(9, seed))
		var tally rollup.Tally
		bads := 0
		for n := range executions {
			bad := 0
			if rng.Float64() < share {
				bad = 1
			}
			bads += bad
			if rng.Float64() < rate {
				tally.AddStory(1, sent[bad][n], 1)
			}
		}
		c := ofAgents(&tally)
		all, bad := stat.Sample(sampleOf(c.SampledExecutions())), stat.Sample(sampleOf(c.SampledBad()))
		total += within(all.Total(), executions)
		wrong += within(bad.Total(), float64(bads))
		errorRate += within(bad.ShareOf(all), share)
	}
	for what, n := range map[string]int{"executions": total, "failed executions": wrong, "error rate": errorRate} {
		covered := 100 * float64(n) / runs
		t.Logf("%s in their interval in %.1f %% of %d runs", what, covered, runs)
		if covered < 93 || covered > 97 {
			t.Errorf("%s in their interval in %.1f %% of %d runs", what, covered, runs)
		}
	}
}

// ofAgents returns what a tally has of all agents together.
func ofAgents(t *rollup.Tally) *rollup.Counters {
	var d rollup.Delta
	d.Add(t)
	sum := &rollup.Counters{}
	for _, c := range d[rollup.Agent] {
		sum.Merge(c)
	}
	return sum
}

func sampleOf(s rollup.Sampled) stat.Sample {
	return stat.Sample{Seen: float64(s.Seen), Unseen: s.Unseen, Spread: s.Spread}
}

func within(r stat.Rate, v float64) int {
	if r.Low <= v && v <= r.High {
		return 1
	}
	return 0
}

// clientRun is an execution as a client sends it that samples.
func clientRun(t *testing.T, n int, bad bool) *model.Batch {
	t.Helper()
	f := &traffic{t: t, rng: rand.New(rand.NewPCG(1, uint64(n))), n: n}
	outcome := object{}
	if bad {
		outcome["picket.outcome"] = "failed"
	}
	e := f.run(outcome)
	e.Header.Trace = wire.TraceHeader{TraceID: f.traceOf(e), SampleRate: "0.3", Sampled: "true"}
	docs := sentry.Parse(e, meta())
	defer docs.Release()
	return assembled(docs)
}

// assembled does with a request what the pipeline does, but for the store.
func assembled(docs *sentry.Documents) *model.Batch {
	b := sentry.Decode(docs)
	agent.Read(b)
	price.Apply(b, price.Default())
	agent.AssembleWith(b, agent.Rules{})
	return b
}

// TestSettle decides traces that are held and of which no more has come: one is of a rate
// that says no, in one an error came, and of one nothing is known.
func TestSettle(t *testing.T) {
	t.Parallel()
	p, db := sampling(t, settings.Sampling{Errors: 1})
	f := &traffic{t: t, rng: rand.New(rand.NewPCG(5, 5))}
	hold := func(trace string) {
		t.Helper()
		id, err := model.ParseTraceID(trace)
		must(t, err)
		_, err = db.Write(t.Context(), &model.Batch{Org: 1, Project: 1, Received: noon, Outgoing: &model.Outgoing{Trace: id, Held: true, Envelope: []byte(trace)}})
		must(t, err)
	}
	piece := func() (trace string) {
		_, trace = f.next()
		s := f.span(trace, 2, 1, "db", object{})
		send(t, p, enveloped(t, wire.ItemSpan, object{"items": []object{{"trace_id": trace, "span_id": s["span_id"], "parent_span_id": s["parent_span_id"],
			"name": "db", "status": "ok", "start_timestamp": f.at(0), "end_timestamp": f.at(1)}}}))
		hold(trace)
		return trace
	}
	piece()
	failed := piece()
	send(t, p, f.mistake("A", failed, 2))
	_, unheard := f.next()
	hold(unheard)
	list, err := db.Outgoing(t.Context(), store.OutboxQuery{Queue: store.OutboxQueue{Org: 1, Project: 1}, Now: noon, Limit: 9})
	must(t, err)
	if len(list) != 1 || list[0].Trace.String() != failed {
		t.Fatalf("%d traces may go before any is settled, want the one with an error", len(list))
	}
	must(t, p.Settle(t.Context(), db, noon))
	if held, err := db.HeldTraces(t.Context(), noon.Add(time.Hour), 9); err != nil || len(held) != 2 {
		t.Errorf("%d traces are held before their time is over, want 2 (%v)", len(held), err)
	}
	must(t, p.Settle(t.Context(), db, noon.Add(time.Second)))
	states, err := db.OutboxStates(t.Context())
	must(t, err)
	if len(states) != 1 || states[0].Held != 0 || states[0].Envelopes != 1 {
		t.Errorf("once they are settled: %+v", states)
	}
}

// TestForwardedAsJudged forwards at rate zero: what is dropped goes nowhere, a piece of a
// trace is held, and goes once an error shows that the trace is worth it.
func TestForwardedAsJudged(t *testing.T) {
	t.Parallel()
	p, db := sampling(t, settings.Sampling{})
	own := p.settings.Own(1, 1)
	own.Upstream = &settings.Upstream{DSN: "https://0123456789abcdef@sentry.example.com/7", MaxBreadcrumbs: 100}
	p.settings.Put(1, 1, own)
	f := &traffic{t: t, rng: rand.New(rand.NewPCG(6, 6))}
	waits := func(envelopes, held int64) {
		t.Helper()
		states, err := db.OutboxStates(t.Context())
		must(t, err)
		var got store.OutboxState
		if len(states) > 0 {
			got = states[0]
		}
		if got.Envelopes != envelopes || got.Held != held {
			t.Errorf("%d envelopes wait and %d are held, want %d and %d", got.Envelopes, got.Held, envelopes, held)
		}
	}
	send(t, p, f.run(object{}))
	waits(0, 0)
	send(t, p, f.run(object{"picket.outcome": "failed"}))
	waits(1, 0)
	_, trace := f.next()
	id, _ := f.next()
	below := enveloped(t, wire.ItemTransaction, object{"event_id": id, "type": "transaction", "transaction": "GET /below", "start_timestamp": f.at(0), "timestamp": f.at(1),
		"contexts": object{"trace": object{"trace_id": trace, "span_id": fmt.Sprintf("%016x", 5), "parent_span_id": fmt.Sprintf("%016x", 4), "status": "ok"}}})
	send(t, p, below)
	waits(2, 1)
	send(t, p, f.mistake("A", trace, 5))
	waits(3, 0)
}
