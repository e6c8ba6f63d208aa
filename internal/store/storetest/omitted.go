package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// omittedIsCounted stores the same run with and without its payloads, twice each, and
// compares all that is counted.
func omittedIsCounted(t *testing.T, f *fixture) {
	ctx := context.Background()
	list := fleet()
	b := f.batchOf(piece{list[0], 0}, price.Default())
	b.Omitted = model.OmittedByBudget
	b.Attachments = []model.Attachment{{Event: b.Events[0].ID, Name: "a", Data: []byte("b")}}
	b.Logs = []model.Log{{Timestamp: Clock, Body: "kept", Payload: []byte(`{}`)}}
	trace := b.Spans[0].Trace
	first, err := f.Write(ctx, b)
	must(t, err)
	equal(t, "duplicates", len(first.Duplicates), 0)
	counted := f.everything(t)
	b.Omitted, b.Kept = model.NotOmitted, "rate" // it comes again, and is judged otherwise
	b.Logs = nil
	second, err := f.Write(ctx, b)
	must(t, err)
	equal(t, "duplicates of the second copy", len(second.Duplicates), 1)
	for _, line := range difference(counted, f.everything(t)) {
		if !strings.HasPrefix(line, "span ") {
			t.Errorf("the second copy changes %s", line)
		}
	}
	e, err := f.Event(ctx, f.scope(), b.Events[0].ID)
	must(t, err)
	equal(t, "payload", len(e.Payload), 0)
	equal(t, "why", e.Omitted, model.OmittedByBudget)
	got, err := f.Trace(ctx, f.scope(), trace)
	must(t, err)
	equal(t, "payloads of the trace", len(got.Payloads), 0)
	equal(t, "why its root has none", got.Spans[0].Omitted, model.OmittedByBudget)
	equal(t, "the root's transaction", got.Spans[0].Event, b.Events[0].ID)
	files, err := f.Attachments(ctx, f.scope(), b.Events[0].ID)
	must(t, err)
	equal(t, "attachments", len(files), 1) // those of the second copy
	logs, err := f.Logs(ctx, store.LogQuery{In: f.scope()})
	must(t, err)
	equal(t, "logs", len(logs.Logs), 1)
}

// samplingIsCounted counts what was kept and dropped, each event once.
func samplingIsCounted(t *testing.T, f *fixture) {
	list := fleet()
	dropped := f.batchOf(piece{list[0], 0}, price.Default())
	dropped.Omitted = model.OmittedByRate
	kept := f.batchOf(piece{list[1], 0}, price.Default())
	kept.Kept = "newIssue"
	for range 2 {
		for _, b := range []*model.Batch{dropped, kept} {
			_, err := f.Write(context.Background(), b)
			must(t, err)
		}
	}
	got := map[string]int64{}
	q := store.RollupQuery{In: f.scope(), Kind: rollup.Sampling, From: Clock.Add(-rollup.Day.Width()), To: Clock.Add(rollup.Day.Width())}
	must(t, f.Rollup(context.Background(), q, func(r store.RollupRow) error {
		got[r.Name+" "+r.Sub] += r.Counters.Get(rollup.Quantity)
		return nil
	}))
	equal(t, "what sampling said", fmt.Sprint(got), fmt.Sprint(map[string]int64{"dropped transaction\x00rate": 1, "kept error\x00newIssue": 1}))
}

// omittedStories stores the same envelopes in many orders, some with and some without
// their payloads, and compares all that is counted: nothing of it depends on sampling.
func omittedStories(t *testing.T, open func(t *testing.T) store.Store) {
	for name, list := range map[string][]*wire.Envelope{"fleet": sampled(append(fleet(), deep()...)), "recordings": recorded(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stories{open, price.Default()}
			var whole []piece
			for _, e := range list {
				whole = append(whole, piece{e, 0})
			}
			want := s.stored(t, whole, 1)
			for round := range 10 {
				rng := rand.New(rand.NewPCG(11, uint64(round)))
				got := s.storedWithout(t, rng, s.shuffled(t, rng, list))
				for _, line := range difference(want, got) {
					if !strings.HasPrefix(line, "span ") || !strings.Contains(line, `= , want kind 0`) {
						t.Errorf("round %d: %s", round, line)
					}
				}
				if t.Failed() {
					return
				}
			}
		})
	}
}

// deep returns the envelopes of a run far below plain spans, and of the errors of some of them.
func deep() []*wire.Envelope {
	plain := object{"sentry.op": "http.client"}
	crash := object{"exception": object{"values": []object{{"type": "Deep", "value": "it broke", "mechanism": object{"type": "generic", "handled": false}}}}}
	return []*wire.Envelope{
		container(spanOf(ids{10, 101, 0}, 0, 30, plain), spanOf(ids{10, 102, 101}, 1, 29, plain), spanOf(ids{10, 103, 102}, 2, 28, run("diver", "organization.id", "acme")),
			spanOf(ids{10, 104, 103}, 3, 9, plain), spanOf(ids{10, 105, 104}, 4, 8, call("gpt-5", 70, 7)), spanOf(ids{10, 106, 101}, 5, 6, plain),
			spanOf(ids{10, 107, 106}, 5, 6, tool("pay")), spanOf(ids{10, 108, 107}, 5, 6, plain)),
		fault(113, 10, 104, "Deep", crash), fault(114, 10, 106, "Shallow", nil),
		container(spanOf(ids{11, 111, 0}, 0, 9, run("swimmer")), spanOf(ids{11, 112, 111}, 1, 5, plain)),
		fault(115, 11, 112, "Deep", crash),
	}
}

// sampled gives the envelopes of some traces the rates that their clients sampled at.
func sampled(list []*wire.Envelope) []*wire.Envelope {
	rates := map[string]string{traceOf(1): "0.25", traceOf(2): "0.1", traceOf(3): "0.5", traceOf(9): "0.05"}
	for _, e := range list {
		for trace, rate := range rates {
			if strings.Contains(string(e.Items[0].Payload), trace) {
				e.Header.Trace = wire.TraceHeader{TraceID: trace, SampleRate: rate}
			}
		}
	}
	return list
}

// storedWithout stores the pieces, some without payloads of those that may be.
func (s stories) storedWithout(t *testing.T, rng *rand.Rand, list []piece) map[string]string {
	t.Helper()
	f := newFixture(t, s.open(t))
	n := 0
	for _, p := range list {
		b := f.batchOf(p, s.prices)
		if rng.IntN(2) == 0 && isWhole(b) {
			n++
			b.Omitted = model.OmittedByRate
		}
		_, err := f.Write(context.Background(), b)
		must(t, err)
	}
	if n < len(list)/10 {
		t.Errorf("%d of %d pieces are stored without payload: the test shows nothing", n, len(list))
	}
	return f.everything(t)
}

// isWhole reports whether the batch holds its traces from their roots on, and everything
// in them has ended: no others may be stored without their payloads.
func isWhole(b *model.Batch) bool {
	ids := map[model.SpanID]bool{{}: true}
	for _, s := range b.Spans {
		ids[s.ID] = true
	}
	for _, s := range b.Spans {
		if !ids[s.Parent] {
			return false
		}
	}
	for _, x := range b.Executions {
		if !x.Ended && len(b.Spans) > 0 {
			return false
		}
	}
	return true
}
