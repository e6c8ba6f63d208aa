package pipeline

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// TestRulesOff sends a run whose last tool call failed, the call and the agent in two
// envelopes, to a server that has the rule for it on, and to one that has it off.
func TestRulesOff(t *testing.T) {
	t.Parallel()
	f := func(off []string, want model.Outcome, rule string) {
		t.Helper()
		rules, err := agent.RulesWithout(off...)
		if err != nil {
			t.Fatal(err)
		}
		db, err := sqlite.Open(t.TempDir()+"/picket.db", sqlite.Options{Rules: rules, Now: func() time.Time { return noon }})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
		if _, err := db.Bootstrap(context.Background()); err != nil {
			t.Fatal(err)
		}
		p := New(Options{Writer: db, Prices: price.Default(), Outcomes: rules, Metrics: metrics.NewSet()})
		for _, span := range []string{
			`{"span_id":"1000000000000002","parent_span_id":"1000000000000001","name":"execute_tool pay","status":"error","start_timestamp":1795435081,"end_timestamp":1795435082,"attributes":{"sentry.op":{"value":"gen_ai.execute_tool","type":"string"}}}`,
			`{"span_id":"1000000000000001","name":"invoke_agent shop","status":"ok","start_timestamp":1795435080,"end_timestamp":1795435083,"is_segment":true,"attributes":{"sentry.op":{"value":"gen_ai.invoke_agent","type":"string"},"picket.execution.id":{"value":"run-1","type":"string"}}}`,
		} {
			span = `{"trace_id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",` + span[1:]
			body := fmt.Sprintf("{}\n{\"type\":\"span\",\"item_count\":1,\"content_type\":%q}\n{\"version\":2,\"items\":[%s]}\n", wire.ContentSpansV2, span)
			e, err := wire.ReadEnvelope([]byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.Process(context.Background(), e, meta()); err != nil {
				t.Fatal(err)
			}
		}
		page, err := db.Executions(context.Background(), store.ExecutionQuery{In: store.Scope{Org: 1}, ID: "run-1"})
		if err != nil || len(page.Executions) != 1 {
			t.Fatalf("%d executions, %v", len(page.Executions), err)
		}
		if x := page.Executions[0]; x.Outcome != want || x.Rule != rule {
			t.Errorf("without %v it is %s by %q, want %s by %q", off, x.Outcome, x.Rule, want, rule)
		}
	}
	f(nil, model.OutcomeFailed, "tool_failed")
	f([]string{"tool_failed"}, model.OutcomeOK, "")
	f([]string{"cut_off"}, model.OutcomeFailed, "tool_failed")
}
