package agent

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"relay.one/picket/internal/model"
)

// TestSplitAndTogether is the property that it does not matter how telemetry is cut into
// batches: assembled, restored and put together again in any order, some of it
// twice, it tells what it tells when it comes at once.
func TestSplitAndTogether(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		checkSplit(t, seed, 2+int(seed%60))
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(uint64(1), byte(9))
	f.Fuzz(func(t *testing.T, seed uint64, n byte) { checkSplit(t, seed, 1+int(n)%120) })
}

func checkSplit(t *testing.T, seed uint64, n int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 5))
	whole := randomRun(r, n)
	parts := split(r, whole)
	Enrich(whole)
	union := &model.Batch{}
	for _, p := range parts {
		Enrich(p)
		Restore(p)
		union.Spans = append(union.Spans, p.Spans...)
		union.Events = append(union.Events, p.Events...)
	}
	r.Shuffle(len(union.Spans), func(i, j int) { union.Spans[i], union.Spans[j] = union.Spans[j], union.Spans[i] })
	r.Shuffle(len(union.Events), func(i, j int) { union.Events[i], union.Events[j] = union.Events[j], union.Events[i] })
	Assemble(union)
	if !reflect.DeepEqual(union.Executions, whole.Executions) {
		t.Fatalf("seed %d:\n%+v\n%+v", seed, union.Executions, whole.Executions)
	}
	again := slices.Clone(union.Executions)
	Restore(union)
	if Assemble(union); !reflect.DeepEqual(union.Executions, again) {
		t.Fatalf("seed %d, again:\n%+v\n%+v", seed, union.Executions, again)
	}
}

// randomRun is a batch of spans that rules and loops may find something in.
func randomRun(r *rand.Rand, n int) *model.Batch {
	b := randomBatch(r, n)
	extras := [...][2]string{{"gen_ai.response.finish_reasons", "length"}, {"gen_ai.response.finish_reasons", "stop"},
		{"gen_ai.output.messages", "[]"}, {"gen_ai.tool.call.result", `{"isError":true}`}, {"gen_ai.tool.call.arguments", "1"},
		{"gen_ai.tool.call.arguments", "2"}, {"gen_ai.tool.name", "f"}, {"gen_ai.request.model", "m"}}
	for i := range b.Spans {
		s := &b.Spans[i]
		if r.IntN(2) == 0 {
			s.Parent, s.Trace[1], s.Duration = model.SpanID{1}, 0, 1
		}
		for range r.IntN(4) {
			e := extras[r.IntN(len(extras))]
			s.Attributes = append(s.Attributes, model.Tag{Key: e[0], Value: e[1]})
		}
	}
	b.Events = append(b.Events,
		model.Event{ID: model.EventID{3}, Kind: model.KindError, Level: model.LevelError, Type: "A", Handled: model.No, Trace: trace, Span: model.SpanID{byte(r.IntN(n + 2))}, Timestamp: noon},
		model.Event{ID: model.EventID{4}, Kind: model.KindTransaction, Trace: trace, Span: model.SpanID{2}, Execution: "e4", Started: noon, Timestamp: noon},
		model.Event{ID: model.EventID{5}, Kind: model.KindError, Execution: "e1", Timestamp: noon, Payload: []byte(
			`{"contexts":{"execution":{"id":"e1","outcome":"failed","tool_calls":[{"name":"g","error":"x"}],"policy_evaluations":[{"name":"p","verdict":"deny"}]}}}`)})
	return b
}

// split deals a batch out to some others; one in five goes to two of them.
func split(r *rand.Rand, b *model.Batch) []*model.Batch {
	parts := make([]*model.Batch, 1+r.IntN(4))
	for i := range parts {
		parts[i] = &model.Batch{}
	}
	deal := func(add func(p *model.Batch)) {
		add(parts[r.IntN(len(parts))])
		if r.IntN(5) == 0 {
			add(parts[r.IntN(len(parts))])
		}
	}
	for _, s := range b.Spans {
		deal(func(p *model.Batch) {
			s.Attributes = slices.Clone(s.Attributes)
			p.Spans = append(p.Spans, s)
		})
	}
	for _, e := range b.Events {
		deal(func(p *model.Batch) { p.Events = append(p.Events, e) })
	}
	return parts
}
