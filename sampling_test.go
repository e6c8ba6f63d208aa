package picket

import (
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"relay.one/picket/wire"
)

func TestRates(t *testing.T) {
	t.Parallel()
	f := func(o Options, transactions, executions float64) {
		t.Helper()
		_, c, _ := testClient(t, o)
		if got := c.rateFor(&trace{}, SamplingContext{}); got != transactions {
			t.Errorf("%q, %v: %v of transactions, want %v", o.Environment, o.TracesSampleRate, got, transactions)
		}
		if got := c.rateFor(&trace{}, SamplingContext{Execution: true}); got != executions {
			t.Errorf("%q, %v: %v of executions, want %v", o.Environment, o.ExecutionSampleRate, got, executions)
		}
	}
	f(Options{Environment: "production"}, 0.1, 1)
	f(Options{Environment: "staging"}, 1, 1)
	f(Options{Environment: "production", TracesSampleRate: 0.5, ExecutionSampleRate: 0.25}, 0.5, 0.25)
	f(Options{Environment: "staging", TracesSampleRate: -1, ExecutionSampleRate: -1}, 0, 0)
}

// TestDecide counts how many of a thousand traces are kept, whose numbers are spread evenly.
func TestDecide(t *testing.T) {
	t.Parallel()
	f := func(o Options, parent decision, s SamplingContext, want int) {
		t.Helper()
		_, c, _ := testClient(t, o)
		kept := 0
		for i := range 1000 {
			tr := trace{rand: float64(i) / 1000, sampled: parent}
			keep := c.decide(&tr, s)
			if keep {
				kept++
			}
			if keep != (tr.sampled == sampled) || tr.sampled == undecided {
				t.Fatalf("kept is %t, the trace says %d", keep, tr.sampled)
			}
		}
		if kept != want {
			t.Errorf("%v behind %d: kept %d, want %d", o.TracesSampleRate, parent, kept, want)
		}
	}
	sampler := func(rate float64) func(SamplingContext) float64 { return func(SamplingContext) float64 { return rate } }
	execution := SamplingContext{Execution: true}
	f(Options{}, undecided, SamplingContext{}, 1000)
	f(Options{Environment: "production"}, undecided, SamplingContext{}, 100)
	f(Options{TracesSampleRate: 0.001}, undecided, SamplingContext{}, 1)
	f(Options{TracesSampleRate: 0.25}, undecided, SamplingContext{}, 250)
	f(Options{TracesSampleRate: -1}, undecided, SamplingContext{}, 0)
	f(Options{TracesSampleRate: 0.25}, sampled, SamplingContext{}, 1000)
	f(Options{TracesSampleRate: 0.25}, dropped, SamplingContext{}, 0)
	f(Options{TracesSampleRate: -1}, dropped, execution, 1000)
	f(Options{ExecutionSampleRate: 0.5}, sampled, execution, 500)
	f(Options{ExecutionSampleRate: -1}, sampled, execution, 0)
	f(Options{TracesSampleRate: -1, TracesSampler: sampler(0.75)}, undecided, SamplingContext{}, 750)
	f(Options{TracesSampler: sampler(0.75)}, dropped, SamplingContext{}, 750)
	f(Options{TracesSampler: sampler(0.75)}, sampled, execution, 750)
	f(Options{TracesSampler: sampler(-3)}, undecided, SamplingContext{}, 0)
	f(Options{TracesSampler: sampler(3)}, undecided, SamplingContext{}, 1000)
	f(Options{TracesSampleRate: 0.25, TracesSampler: sampler(math.NaN())}, undecided, SamplingContext{}, 250)
	f(Options{TracesSampleRate: 0.25, TracesSampler: sampler(math.NaN())}, sampled, SamplingContext{}, 1000)
	panics := func(SamplingContext) float64 { panic("no") }
	f(Options{TracesSampleRate: 0.25, TracesSampler: panics}, undecided, SamplingContext{}, 250)
	f(Options{TracesSampleRate: 0.25, TracesSampler: panics}, dropped, SamplingContext{}, 0)
	f(Options{TracesSampleRate: 0.25, TracesSampler: panics}, dropped, execution, 1000)
}

// TestRand counts in which tenth the numbers of new traces fall. By chance alone this fails
// less often than once in a billion runs.
func TestRand(t *testing.T) {
	t.Parallel()
	const n = 100_000
	var tenths [10]int
	for range n {
		r := newTrace().rand
		tenths[int(r*10)]++
		if scaled := r * randSteps; math.Abs(scaled-math.Round(scaled)) > 1e-6 {
			t.Fatalf("%v has more than six digits", r)
		}
	}
	for i, count := range tenths {
		if math.Abs(float64(count)-n/10) > 700 { // more than seven times what is usual
			t.Errorf("%d of %d in tenth %d", count, n, i)
		}
	}
}

func TestSamplingContext(t *testing.T) {
	t.Parallel()
	var seen []SamplingContext
	s := newSite(t, Options{TracesSampler: func(s SamplingContext) float64 { seen = append(seen, s); return 1 }}, MiddlewareOptions{},
		"/", func(_ http.ResponseWriter, r *http.Request) {
			_, x := StartExecution(r.Context(), Agent{ID: "a", Name: "Agent"})
			x.End(nil)
		})
	s.ask("GET", "/orders/17", "sentry-trace", someTrace+"-"+someSpan+"-0")
	ctx := NewContext(t.Context(), s.c)
	_, tx := StartTransaction(ctx, "job", "nightly")
	tx.End()
	if len(seen) != 3 {
		t.Fatalf("the sampler was asked %d times", len(seen))
	}
	if c := seen[0]; c.Op != "http.server" || c.Name != "GET /orders/17" || c.Request == nil || c.Execution || c.TraceID != someTrace || c.ParentSampled == nil || *c.ParentSampled {
		t.Errorf("of a request it knows %+v", c)
	}
	if c := seen[1]; c.Op != wire.OpInvokeAgent || c.Name != "invoke_agent Agent" || c.Agent.ID != "a" || !c.Execution || c.TraceID != someTrace || c.ParentSampled == nil || !*c.ParentSampled {
		t.Errorf("of an execution it knows %+v", c)
	}
	if c := seen[2]; c.Op != "job" || c.Name != "nightly" || c.Request != nil || c.ParentSampled != nil || c.TraceID != tx.TraceID() {
		t.Errorf("of a job it knows %+v", c)
	}
}

// TestParentDecides has a caller that decided, and no sampler.
func TestParentDecides(t *testing.T) {
	t.Parallel()
	f := func(rate float64, flag string, want int) {
		t.Helper()
		s := newSite(t, Options{TracesSampleRate: rate}, MiddlewareOptions{}, "/", func(_ http.ResponseWriter, r *http.Request) {
			ctx, inner := StartSpan(r.Context(), "function", "step")
			_, job := StartTransaction(ctx, "job", "within")
			job.End()
			inner.End()
			if (inner != nil) != (want > 0) || (job != nil) != (want > 0) {
				t.Errorf("rate %v behind %s: span %v, transaction %v", rate, flag, inner, job)
			}
		})
		s.ask("GET", "/", "sentry-trace", someTrace+"-"+someSpan+flag)
		flush(t, s.c)
		if got := s.m.items(t, wire.ItemTransaction); len(got) != want {
			t.Errorf("rate %v behind %s: %d transactions, want %d", rate, flag, len(got), want)
		}
	}
	f(-1, "-1", 2)
	f(1, "-0", 0)
	f(1, "", 2)
	f(-1, "", 0)
}

// TestSamplerPanics tells of it in the log.
func TestSamplerPanics(t *testing.T) {
	t.Parallel()
	var log logText
	s := newSite(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil)), TracesSampler: func(SamplingContext) float64 { panic("no rate") }},
		MiddlewareOptions{}, "/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	w := httptest.NewRecorder()
	s.h.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	s.one(wire.ItemTransaction)
	if w.Code != http.StatusNoContent || !strings.Contains(log.String(), "option=TracesSampler") || !strings.Contains(log.String(), "no rate") {
		t.Errorf("answered %d; log:\n%s", w.Code, log.String())
	}
}
