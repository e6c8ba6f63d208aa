package rollup

import (
	"math/rand/v2"
	"testing"

	"relay.one/picket/internal/model"
)

// TestUnseen counts what came at a tenth and at a half, beside what came whole.
func TestUnseen(t *testing.T) {
	t.Parallel()
	half, tenth := model.ParseSampleRate("0.5"), model.ParseSampleRate("0.1")
	run := func(id string, trace byte, r model.SampleRate, o model.Outcome) model.Execution {
		return model.Execution{ID: id, Trace: model.TraceID{trace}, Agent: model.Agent{ID: "a"}, Start: noon, Ended: true, Outcome: o, SampleRate: r}
	}
	b := &model.Batch{
		Executions: []model.Execution{run("w", 1, 0, model.OutcomeOK), run("x", 2, half, model.OutcomeOK), run("y", 3, tenth, model.OutcomeFailed), run("z", 3, tenth, model.OutcomeOK)},
		Events:     []model.Event{{Kind: model.KindTransaction, Timestamp: noon, Trace: model.TraceID{3}, Agent: model.Agent{ID: "a"}, SampleRate: tenth}},
		Spans:      []model.Span{{Segment: true, Start: noon, Agent: model.Agent{ID: "a"}, SampleRate: half}},
	}
	var tally Tally
	tally.AddStory(1, b, 1)
	c := tally.At(Key{Kind: Agent, Project: 1, Name: "a"}, noon)
	f := func(what string, got, want Sampled) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	f("executions", c.SampledExecutions(), Sampled{4, 1 + 9 + 9, 2 + 2*90 + 2*90})
	f("that went wrong", c.SampledBad(), Sampled{1, 9, 2 * 90})
	f("transactions", c.SampledTransactions(), Sampled{2, 9 + 1, 90 + 2})
	f("of the project", tally.At(Key{Kind: Project, Project: 1}, noon).SampledExecutions(), c.SampledExecutions())
	tally.AddStory(1, b, -1)
	if data := tally.Append(nil); len(data) > 0 {
		t.Errorf("%d bytes are left of what was taken back", len(data))
	}
}

// TestUnsampledCostsNothing holds the bytes of a row against those of one to which a
// sampled execution was added.
func TestUnsampledCostsNothing(t *testing.T) {
	t.Parallel()
	size := func(r model.SampleRate) int {
		b := &model.Batch{Executions: []model.Execution{{ID: "x", Start: noon, Ended: true, SampleRate: r}}}
		var tally Tally
		tally.AddStory(1, b, 1)
		return len(tally.At(Key{Kind: Project, Project: 1}, noon).Append(nil))
	}
	whole, sampled := size(0), size(model.ParseSampleRate("0.1"))
	if plain := len((&Counters{n: [numCounters]int64{Executions: 1}}).Append(nil)); whole > plain+20 || sampled <= whole {
		t.Errorf("a row takes %d bytes unsampled and %d sampled; one with a single number %d", whole, sampled, plain)
	}
}

// TestSampledStoriesAreTakenBack counts random stories at random rates and takes them back.
func TestSampledStoriesAreTakenBack(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(5, seed))
		b := randomStory(rng)
		rate := func() model.SampleRate { return model.SampleRate(rng.IntN(3) * rng.IntN(400_000_000)) }
		for i := range b.Executions {
			b.Executions[i].SampleRate, b.Executions[i].Trace = rate(), model.TraceID{byte(rng.IntN(3))}
		}
		for i := range b.Events {
			b.Events[i].SampleRate = rate()
		}
		for i := range b.Spans {
			b.Spans[i].SampleRate = rate()
		}
		var tally Tally
		tally.AddStory(1, b, 1)
		tally.AddStory(1, b, -1)
		if data := tally.Append(nil); len(data) > 0 {
			t.Fatalf("seed %d: %d bytes are left of what was taken back", seed, len(data))
		}
	}
}

func TestParseSampleRate(t *testing.T) {
	t.Parallel()
	f := func(text string, want float64) {
		t.Helper()
		if got := model.ParseSampleRate(text).Share(); got != want {
			t.Errorf("ParseSampleRate(%q) = %v, want %v", text, got, want)
		}
	}
	f("0.25", 0.25)
	f(" 1e-2 ", 0.01)
	f("0.000000001", 0.00001)
	f("0.9999999999999", 0.999999999)
	for _, whole := range []string{"", "1", "1.0", "0", "-0.5", "7", "NaN", "true"} {
		f(whole, 1)
	}
}
