package sentry

import (
	"os"
	"testing"

	"relay.one/picket/wire"
)

func benchmark(b *testing.B, itemType, file string) {
	body, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	env := &wire.Envelope{Items: []wire.Item{{Type: itemType, Payload: body}}}
	m := testMeta()
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		docs := Parse(env, m)
		if got := Decode(docs); len(got.Events) != 1 {
			b.Fatalf("discards %+v", got.Discards)
		}
		docs.Release()
	}
}

func BenchmarkError(b *testing.B) { benchmark(b, "event", "testdata/bench_error.json") }
func BenchmarkTransaction(b *testing.B) {
	benchmark(b, "transaction", "testdata/bench_transaction.json")
}

func BenchmarkParse(b *testing.B) {
	body, err := os.ReadFile("testdata/bench_error.json")
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		t, reason := parseTree(body)
		if reason != "" {
			b.Fatal(reason)
		}
		t.release()
	}
}
