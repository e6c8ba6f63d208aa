package sqlite

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	agents "relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/rollup"
)

// BenchmarkWrite has many requests of one error each share commits, as under load.
func BenchmarkWrite(b *testing.B) {
	payload, err := os.ReadFile("../sentry/testdata/bench_error.json")
	if err != nil {
		b.Fatal(err)
	}
	benchmarkWrite(b, func(n int) *model.Batch {
		fault, user := n%200, rand.IntN(5000)
		e := model.Event{ID: model.NewEventID(), Kind: model.KindError, Timestamp: time.Now(), Level: model.LevelError, Platform: "python",
			Release: fmt.Sprintf("app@1.%d.0", fault%3), Environment: "production", Transaction: "POST /refund", Title: fmt.Sprintf("Fault%d: it broke", fault),
			Culprit: "app.refunds in run", Type: fmt.Sprint("Fault", fault), Value: "it broke", User: model.User{ID: fmt.Sprint(user)},
			Hashes: []model.Hash{{1, byte(fault)}, {2, byte(fault)}}, Trace: model.TraceID(model.NewEventID()), Span: model.SpanID{1},
			Agent: model.Agent{ID: fmt.Sprint("agent-", fault%50)}, Execution: fmt.Sprint("x", n), Organization: "customer-1", Payload: payload}
		for i := range 10 {
			e.Tags = append(e.Tags, model.Tag{Key: fmt.Sprint("tag", i), Value: fmt.Sprint("value", fault%7)})
		}
		return &model.Batch{Org: 1, Project: 1, Received: time.Now(), Events: []model.Event{e}}
	})
}

// BenchmarkWriteTransaction writes transactions of 13 spans each.
func BenchmarkWriteTransaction(b *testing.B) {
	payload, err := os.ReadFile("../sentry/testdata/bench_transaction.json")
	if err != nil {
		b.Fatal(err)
	}
	benchmarkWrite(b, func(n int) *model.Batch {
		trace := model.TraceID(model.NewEventID())
		agent := model.Agent{ID: fmt.Sprint("agent-", n%50), Name: "Refunds"}
		e := model.Event{ID: model.NewEventID(), Kind: model.KindTransaction, Timestamp: time.Now(), Started: time.Now().Add(-time.Second), Platform: "python",
			Release: "app@1.0.0", Environment: "production", Transaction: "invoke_agent refunds", Trace: trace, Agent: agent, Payload: payload}
		batch := &model.Batch{Org: 1, Project: 1, Received: time.Now(), Events: []model.Event{e}}
		for i := range 13 {
			s := model.Span{Trace: trace, ID: model.SpanID{byte(i + 1)}, Parent: model.SpanID{1}, Start: e.Started, Duration: time.Duration(i) * time.Millisecond,
				Op: "http.client", Name: "GET https://api.example.com/v1/things", Status: model.StatusOK, Release: e.Release, Environment: e.Environment,
				Agent: agent, Execution: fmt.Sprint("x", n), Event: e.ID, Blob: -1}
			if i%3 == 0 {
				s.Kind, s.Provider, s.Model, s.Op = model.SpanModel, "openai", "gpt-5", "gen_ai.chat"
				s.Usage, s.Cost = model.Usage{Input: 1000, Output: 100}, model.Cost{Nanos: 2_250_000, Pricing: model.Priced}
			}
			batch.Spans = append(batch.Spans, s)
		}
		batch.Spans[0].Kind = model.SpanAgent
		agents.Assemble(batch)
		return batch
	})
}

func benchmarkWrite(b *testing.B, make func(n int) *model.Batch) {
	db, err := Open(filepath.Join(b.TempDir(), "picket.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Bootstrap(context.Background()); err != nil {
		b.Fatal(err)
	}
	var n atomic.Int64
	b.SetParallelism(64)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := db.Write(context.Background(), make(int(n.Add(1)))); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/float64(db.commits.Load()), "writes/commit")
	st, err := db.Stats(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(st.SizeBytes)/float64(b.N), "bytes/op")
}

// BenchmarkFold brings slots to the rows: of many issues, agents, tags and minutes,
// as events make them. One operation is one slot.
func BenchmarkFold(b *testing.B) {
	db, err := Open(filepath.Join(b.TempDir(), "picket.db"), Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	var tally rollup.Tally
	limit := rollup.NewTagLimit()
	for n := 0; tally.Len() < b.N; n++ {
		e := model.Event{Kind: model.KindError, Timestamp: time.Unix(int64(n%50)*60, 0), Level: model.LevelError, Release: "app@1.0.0", Environment: "production",
			Type: fmt.Sprint("Fault", n%500), Agent: model.Agent{ID: fmt.Sprint("agent-", n%70)}, User: model.User{ID: fmt.Sprint(n)}}
		for i := range 10 {
			e.Tags = append(e.Tags, model.Tag{Key: fmt.Sprint("tag", i), Value: fmt.Sprint("value", n%7)})
		}
		tally.AddEvent(model.ProjectID(1+n/40_000), &e, model.IssueID(n%500), limit)
	}
	slots := tally.Len()
	b.ReportAllocs()
	b.ResetTimer()
	err = db.alone(func(w *writer) error {
		w.db.pending.add(1, &tally)
		w.startFold()
		for len(w.db.pending.order) > 0 {
			if err := w.foldSome(foldChunk); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(slots), "us/slot")
}

// BenchmarkWriteStreamed writes the spans of long runs ten at a time: of each run a
// thousand, so that 500 are put together anew on the average.
func BenchmarkWriteStreamed(b *testing.B) {
	trace := model.TraceID(model.NewEventID())
	benchmarkWrite(b, func(n int) *model.Batch {
		trace := trace
		trace[0], trace[1], trace[2] = byte(n/100), byte(n/100>>8), byte(n/100>>16)
		batch := &model.Batch{Org: 1, Project: 1, Received: time.Now(), SpanBlobs: []model.SpanBlob{{Payload: []byte(`{"items":[]}`)}}}
		for i := range 10 {
			k := n%100*10 + i
			s := model.Span{Trace: trace, ID: model.SpanID{1, byte(k >> 8), byte(k)}, Parent: model.SpanID{1}, Start: time.Now(), Duration: time.Millisecond,
				Op: "gen_ai.chat", Kind: model.SpanModel, Provider: "openai", Model: "gpt-5", Usage: model.Usage{Input: 1000}, Cost: model.Cost{Nanos: 2, Pricing: model.Priced}}
			if k == 0 {
				s.Kind, s.Parent = model.SpanAgent, model.SpanID{}
			}
			batch.Spans = append(batch.Spans, s)
		}
		agents.Assemble(batch)
		return batch
	})
}
