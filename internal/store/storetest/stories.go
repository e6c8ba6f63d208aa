package storetest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relay.one/picket/internal/price"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// midnight is that before Clock, as at counts.
const midnight = 60 - 12*3600

// fleet returns the envelopes of agents that ran in all the ways that make order matter.
func fleet() []*wire.Envelope {
	transaction := func(n, trace, span int, more object) *wire.Envelope {
		e := object{"event_id": fmt.Sprintf("%032x", n), "type": "transaction", "transaction": "POST /run", "start_timestamp": at(0), "timestamp": at(40),
			"release": "fleet@2", "environment": "prod", "contexts": object{"trace": object{"trace_id": traceOf(trace), "span_id": id16(span), "op": "http.server", "status": "ok"}}}
		maps.Copy(e, more)
		return envelopeOf(wire.ItemTransaction, e)
	}
	v1 := func(trace, id, parent int, data object) object {
		return object{"trace_id": traceOf(trace), "span_id": id16(id), "parent_span_id": id16(parent), "op": data["sentry.op"], "status": "ok",
			"start_timestamp": at(float64(id % 20)), "timestamp": at(float64(id%20) + 2), "data": data}
	}
	return []*wire.Envelope{
		// One transaction with all its spans, an error of its tool, and one of nobody's span.
		transaction(1, 1, 10, object{"user": object{"id": "u1"}, "tags": object{"organization.id": "acme"}, "spans": []object{
			v1(1, 11, 10, run("refunds", "gen_ai.conversation.id", "c1")), v1(1, 12, 11, call("gpt-5", 1000, 100)),
			v1(1, 13, 11, tool("lookup", "error.type", "timeout")), v1(1, 14, 11, call("no-such-model", 50, 5)), v1(1, 15, 10, object{"sentry.op": "db"})}}),
		fault(101, 1, 13, "LookupError", nil), fault(102, 1, 99, "Elsewhere", nil), fault(103, 1, 15, "DBError", object{"user": object{"id": "u2"}}),
		// Streamed spans: calls, the agent's own span, a sub-agent with an execution of its own.
		container(spanOf(ids{2, 22, 21}, 1, 3, call("gpt-5-mini", 300, 30)), spanOf(ids{2, 23, 21}, 3, 4, tool("search"))),
		container(spanOf(ids{2, 24, 21}, 4, 5, tool("search")), spanOf(ids{2, 25, 21}, 5, 6, tool("search"))),
		container(spanOf(ids{2, 21, 20}, 0, 30, run("finder", "organization.id", "globex"))),
		container(spanOf(ids{2, 26, 21}, 8, 20, run("helper", "picket.execution.id", "sub-1")), spanOf(ids{2, 27, 26}, 9, 11, call("gpt-5", 10, 1))),
		transaction(2, 2, 20, object{"tags": object{"organization.id": "initech"}}),
		fault(104, 2, 27, "HelperError", object{"level": "fatal"}),
		// One execution through three traces, another linked to it by one of them.
		container(spanOf(ids{3, 31, 0}, 0, 5, run("worker", "picket.execution.id", "long-1")), spanOf(ids{3, 32, 31}, 1, 2, call("gpt-5", 7, 7))),
		container(spanOf(ids{4, 41, 0}, 6, 9, run("worker", "picket.execution.id", "long-1")), spanOf(ids{4, 42, 0}, 7, 9, run("worker", "picket.execution.id", "long-2"))),
		container(spanOf(ids{5, 51, 0}, 10, 12, object{"sentry.op": "gen_ai.execute_tool", "gen_ai.tool.name": "pay", "error.type": "denied", "picket.execution.id": "long-1"})),
		// Executions that only events tell of, with a trace, with one that others share, and with none.
		fault(105, 6, 61, "Crash", object{"tags": object{"agent.id": "cron", "execution.id": "job-1"}}),
		fault(106, 6, 62, "Crash", object{"contexts": object{"trace": object{"trace_id": traceOf(6), "span_id": id16(62)}, "agent": object{"id": "cron", "name": "Cron"},
			"execution": object{"id": "job-1", "outcome": "failed", "reason": "gave up", "duration_ms": 1500, "usage": object{"input_tokens": 20}, "cost_usd": 0.25,
				"tool_calls": []object{{"name": "mail", "duration_ms": 20, "error": "no"}}, "policy_evaluations": []object{{"name": "spam", "verdict": "deny"}}}}}),
		fault(107, 0, 0, "Crash", object{"tags": object{"agent.id": "cron", "execution.id": "job-2"}}),
		fault(108, 0, 0, "Late", object{"tags": object{"agent.id": "cron", "execution.id": "job-2"}}),
		fault(109, 6, 63, "Plain", nil),
		// A policy that is violated, and a plain service in the same trace.
		container(spanOf(ids{7, 71, 0}, 0, 9, run("buyer", "picket.outcome", "failed", "picket.outcome.reason", "over budget")),
			spanOf(ids{7, 72, 71}, 1, 2, object{"sentry.op": "picket.policy", "picket.policy.name": "budget", "picket.policy.verdict": "deny"})),
		transaction(3, 7, 73, object{"spans": []object{v1(7, 74, 73, object{"sentry.op": "db"})}, "tags": object{"organization.id": "umbrella"}}),
		fault(110, 7, 74, "ServiceError", nil),
		// A run over midnight, UTC, of which the parts before and after come apart.
		container(spanOf(ids{9, 91, 0}, midnight-3600, midnight+3600, run("night", "organization.id", "acme")), spanOf(ids{9, 92, 91}, midnight-60, midnight-50, call("gpt-5", 5, 5))),
		container(spanOf(ids{9, 93, 91}, midnight+60, midnight+70, call("gpt-5", 6, 6))),
		fault(112, 9, 93, "NightError", object{"timestamp": at(midnight + 65)}),
		container(spanOf(ids{9, 94, 93}, midnight+3000, midnight+3010, tool("sweep"))),
		// Nothing about agents.
		transaction(4, 8, 80, object{"spans": []object{v1(8, 81, 80, object{"sentry.op": "db"})}, "tags": object{"organization.id": "umbrella"}}),
		fault(111, 8, 81, "ServiceError", nil),
	}
}

// storiesAreSets stores the same envelopes in many orders, in parts, several times
// and side by side, and compares what can be read afterwards.
func storiesAreSets(t *testing.T, open func(t *testing.T) store.Store) {
	for name, list := range map[string][]*wire.Envelope{"fleet": fleet(), "recordings": recorded(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stories{open, price.Default()}
			var whole []piece
			for _, e := range list {
				whole = append(whole, piece{e, 0})
			}
			want := s.stored(t, whole, 1)
			if len(want) < 100 {
				t.Fatalf("only %d facts are stored: the test shows nothing", len(want))
			}
			for round := range 10 {
				rng := rand.New(rand.NewPCG(7, uint64(round)))
				got := s.stored(t, s.shuffled(t, rng, list), 1+3*(round%3/2))
				for _, line := range difference(want, got) {
					t.Errorf("round %d: %s", round, line)
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// stories stores envelopes in engines of their own.
type stories struct {
	open   func(t *testing.T) store.Store
	prices *price.Table
}

// shuffled returns the envelopes in another order, some of them in parts, some twice.
func (s stories) shuffled(t *testing.T, rng *rand.Rand, list []*wire.Envelope) (out []piece) {
	t.Helper()
	var f fixture // of no engine: only to decode
	for _, e := range list {
		pieces := []piece{{e, 0}}
		if rng.IntN(2) == 0 {
			pieces = f.parts(e, s.prices)
		}
		for _, p := range pieces {
			for range 1 + rng.IntN(4)/3 {
				out = append(out, p)
			}
		}
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// stored returns what an engine says once the pieces were written, by so many at a time.
func (s stories) stored(t *testing.T, list []piece, writers int) map[string]string {
	t.Helper()
	f := newFixture(t, s.open(t))
	queue := make(chan piece, len(list))
	for _, p := range list {
		queue <- p
	}
	close(queue)
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for p := range queue {
				if _, err := f.Write(context.Background(), f.batchOf(p, s.prices)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	return f.everything(t)
}

// difference returns what two engines say differently.
func difference(want, got map[string]string) (lines []string) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got[key] != want[key] {
			lines = append(lines, fmt.Sprintf("%s = %s, want %s", key, got[key], want[key]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			lines = append(lines, fmt.Sprintf("%s = %s, want none", key, got[key]))
		}
	}
	return lines[:min(len(lines), 12)]
}

// everything returns all that depends on what is stored and not on the order, by what
// it is. Issues are called by their first event, since they are numbered as they come.
func (f *fixture) everything(t *testing.T) map[string]string {
	t.Helper()
	ctx, out := context.Background(), map[string]string{}
	events, err := f.Events(ctx, store.EventQuery{In: f.scope(), Page: store.Page{Limit: 1000}})
	must(t, err)
	names := map[string]string{}
	for _, e := range events.Events {
		id := e.Issue.String()
		if name, known := names[id]; !known || e.ID.String() < name {
			names[id] = e.ID.String()
		}
	}
	for _, e := range events.Events {
		out["event "+e.ID.String()] = fmt.Sprintf("issue %s agent %q execution %q organization %q", names[e.Issue.String()], e.Agent, e.Execution, e.Organization)
	}
	executions, err := f.Executions(ctx, store.ExecutionQuery{In: f.scope(), Page: store.Page{Limit: 1000}})
	must(t, err)
	for _, x := range executions.Executions {
		f.describeExecution(t, x, names, out)
	}
	agents := f.describeKind(t, rollup.Agent, nil, names, out)
	for _, k := range []rollup.Kind{rollup.Project, rollup.Issue, rollup.AgentIssue, rollup.IssueTag, rollup.Organization,
		rollup.ErrorType, rollup.Model, rollup.Tool, rollup.Policy, rollup.Fault, rollup.Rule} {
		f.describeKind(t, k, nil, names, out)
		if k.OfAll() == k {
			continue
		}
		for _, name := range agents {
			f.describeKind(t, k, &name, names, out)
		}
	}
	return out
}

func (f *fixture) describeExecution(t *testing.T, x store.ExecutionRecord, names, out map[string]string) {
	t.Helper()
	var issues []string
	for _, id := range x.Issues {
		issues = append(issues, names[id.String()])
	}
	slices.Sort(issues)
	id := x.ID
	x.Issues = nil
	out["execution "+id] = fmt.Sprintf("%+v %v", x.Execution, issues)
	whole, err := f.Execution(context.Background(), f.scope(), id)
	must(t, err)
	for _, s := range whole.Trace.Spans {
		out["span "+s.Trace.String()+s.ID.String()] = fmt.Sprintf("kind %d of %s execution %q conversation %q organization %q usage %v cost %v fault %q",
			s.Kind, s.Agent, s.Execution, s.Conversation, s.Organization, s.Usage, s.Cost, s.Signs.Fault)
	}
}

// describeKind writes down the rollups of a kind, of one name or of all, and returns
// the names.
func (f *fixture) describeKind(t *testing.T, k rollup.Kind, name *string, issues, out map[string]string) []string {
	t.Helper()
	sums := map[string]*rollup.Counters{}
	found := map[string]bool{}
	for _, w := range [...]struct {
		what     string
		from, to time.Duration
		step     time.Duration
	}{{"days", -35 * 24 * time.Hour, 24 * time.Hour, 24 * time.Hour}, {"minutes", -47 * time.Hour, time.Hour, time.Minute}} {
		q := store.RollupQuery{In: f.scope(), Kind: k, Name: name, From: Clock.Add(w.from), To: Clock.Add(w.to), Step: w.step}
		must(t, f.Rollup(context.Background(), q, func(r store.RollupRow) error {
			found[r.Name] = true
			switch k {
			case rollup.Issue, rollup.IssueTag:
				r.Name = issues[r.Name]
			case rollup.AgentIssue:
				r.Sub = issues[r.Sub]
			}
			at := r.Time
			if w.what == "days" {
				at = at.Truncate(24 * time.Hour)
			}
			key := fmt.Sprintf("rollup %d of %v by %s: %q %q %q %q at %s", k, name != nil, w.what, r.Name, r.Sub, r.Environment, r.Release, at.Format(time.DateTime))
			if sums[key] == nil {
				sums[key] = &rollup.Counters{}
			}
			sums[key].Merge(r.Counters)
			return nil
		}))
	}
	for key, c := range sums {
		if !c.Zero() {
			out[key] = describeCounters(c)
		}
	}
	return slices.Collect(maps.Keys(found))
}

func describeCounters(c *rollup.Counters) string {
	var b strings.Builder
	for i := rollup.Events; i <= rollup.SpreadTransactions; i++ {
		if n := c.Get(i); n != 0 {
			fmt.Fprintf(&b, "%d:%d ", i, n)
		}
	}
	for _, q := range []float64{0, 0.25, 0.5, 0.75, 1} {
		if v, ok := c.Quantile(q); ok {
			fmt.Fprintf(&b, "q%v %.4f ", q, v)
		}
	}
	return b.String()
}
