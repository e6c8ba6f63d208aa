package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"relay.one/picket/wire"
)

var testDSN = wire.DSN{Scheme: "http", PublicKey: "0123456789abcdef0123456789abcdef", Host: "127.0.0.1:1", ProjectID: "1"}

// envelopeOf reads a rendered request as a server would.
func envelopeOf(t *testing.T, request []byte) (*wire.Envelope, int) {
	t.Helper()
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		t.Fatalf("read request: %v", err)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		t.Fatalf("read gzip: %v", err)
	}
	body, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("decompress: %v", err)
	}
	e, err := wire.ReadEnvelope(body)
	if err != nil {
		t.Fatalf("read envelope: %v", err)
	}
	return e, len(body)
}

// Every request is a valid envelope of the promised size, and none comes twice.
func TestRequests(t *testing.T) {
	t.Parallel()
	const n = 300
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	f := func(m mix, wantBytes int) {
		t.Helper()
		k := newMaker(1, newFaults(), m, testDSN, func() time.Time { return at })
		seen, total := map[string]bool{}, 0
		for range n {
			e, size := envelopeOf(t, k.appendRequest(nil))
			total += size
			if seen[e.Header.EventID] || e.Header.EventID == "" {
				t.Fatalf("event id %q came twice or is missing", e.Header.EventID)
			}
			seen[e.Header.EventID] = true
			for _, item := range e.Items {
				if !json.Valid(item.Payload) {
					t.Fatalf("payload of %s is no JSON: %s", item.Type, item.Payload)
				}
			}
		}
		if mean := total / n; mean < wantBytes*95/100 || mean > wantBytes*105/100 {
			t.Errorf("mix %d: mean envelope is %d bytes, want %d within 5 %%", m, mean, wantBytes)
		}
	}
	f(onlyErrors, 9_000)
	f(onlyRuns, 16_000)
}

// A run has twelve spans besides its root, however the SDK divides them.
func TestRunSpans(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	k := newMaker(1, newFaults(), onlyRuns, testDSN, func() time.Time { return at })
	containers := 0
	for range 60 {
		e, _ := envelopeOf(t, k.appendRequest(nil))
		spans := 0
		for _, item := range e.Items {
			var body struct{ Spans, Items []struct{ Span_ID string } }
			if err := json.Unmarshal(item.Payload, &body); err != nil {
				t.Fatal(err)
			}
			if item.Type == "span" {
				containers++
				if item.ItemCount != len(body.Items) {
					t.Errorf("item_count %d, want %d", item.ItemCount, len(body.Items))
				}
			}
			spans += len(body.Spans) + len(body.Items)
		}
		if spans != spansPerRun {
			t.Errorf("%d spans, want %d", spans, spansPerRun)
		}
	}
	if containers == 0 || containers == 60 {
		t.Errorf("%d of 60 runs came with a container, want some of both", containers)
	}
}

// A fault keeps its stack whatever the message says: that makes it one issue.
func TestFaultsDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, f := range newFaults() {
		if seen[f.function] {
			t.Errorf("two faults crash in %s", f.function)
		}
		seen[f.function] = true
	}
	if len(seen) != faults {
		t.Errorf("%d faults, want %d", len(seen), faults)
	}
}

func BenchmarkRequest(b *testing.B) {
	f := func(name string, m mix) {
		b.Run(name, func(b *testing.B) {
			k := newMaker(1, newFaults(), m, testDSN, time.Now)
			var buf []byte
			b.ReportAllocs()
			for b.Loop() {
				buf = k.appendRequest(buf[:0])
			}
			b.SetBytes(k.plainBytes / int64(max(k.turn, 1)))
			b.ReportMetric(float64(len(buf)), "wire-bytes")
		})
	}
	f("error", onlyErrors)
	f("run", onlyRuns)
}
