package pipeline

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"relay.one/picket/internal/sample"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/wire"
)

// BenchmarkProcess measures the whole journey of an error of 9 KB into a real
// database, many at a time, as the door would hand them over.
func BenchmarkProcess(b *testing.B) {
	frame := `{"function":"Plan.Step","module":"relay.one/agent/planner","filename":"planner/step.go","abs_path":"/src/planner/step.go","lineno":214,"in_app":true,"context_line":"\treturn s.call(ctx, tool)"}`
	event := `{"timestamp":"2026-11-23T11:59:00Z","platform":"go","level":"error","release":"shop@1.0","environment":"prod","user":{"id":"%d"},` +
		`"tags":{"agent.id":"shop","execution.id":"run-%d","region":"eu"},"contexts":{"trace":{"trace_id":"%032x","span_id":"%016x"}},` +
		`"breadcrumbs":[` + strings.Repeat(`{"timestamp":1795435081,"category":"http","message":"GET /orders","data":{"status":200}},`, 20) + `{}],` +
		`"exception":[{"type":"ToolError","value":"order %d not found","stacktrace":{"frames":[` + strings.Repeat(frame+",", 30) + frame + `]}}]}`
	p, _ := open(b)
	var n atomic.Int64
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			i := n.Add(1)
			body := fmt.Sprintf("{\"event_id\":\"%032x\"}\n{\"type\":\"event\"}\n"+event+"\n", i, i%1000, i, i, i, i)
			e, err := wire.ReadEnvelope([]byte(body))
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := p.Process(b.Context(), e, meta()); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkForward measures what putting an envelope together for the upstream adds to
// the journey.
func BenchmarkForward(b *testing.B) {
	for _, kind := range [...]string{"error", "transaction"} {
		b.Run(kind, func(b *testing.B) {
			payload := readFile(b, "../sentry/testdata/bench_"+kind+".json")
			item := "event"
			if kind == "transaction" {
				item = kind
			}
			body := fmt.Sprintf("{\"event_id\":\"%032x\",\"sdk\":{\"name\":\"sentry.go\",\"version\":\"0.50.0\"},\"trace\":{\"trace_id\":\"%032x\",\"public_key\":\"%032x\"}}\n"+
				"{\"type\":%q,\"length\":%d}\n%s\n", 1, 2, 3, item, len(payload), payload)
			e, err := wire.ReadEnvelope([]byte(body))
			if err != nil {
				b.Fatal(err)
			}
			p, _ := forwarding(b, nil)
			docs := sentry.Parse(e, meta())
			p.clean(docs)
			batch := sentry.Decode(docs)
			up := p.forwards(docs)
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				p.forward(docs, batch, up, sample.Keep)
			}
			if batch.Outgoing == nil {
				b.Fatal("nothing goes")
			}
		})
	}
}
