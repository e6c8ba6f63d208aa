// Agenterror reports that an agent failed, for platforms that keep a record of what their
// agents do and tell of it afterwards. The execution example shows the other way: to be
// there while the agent runs.
//
//	go run ./examples/agenterror
//	SENTRY_DSN=… go run ./examples/agenterror
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"relay.one/picket"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "agenterror:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := picket.Init(picket.Options{Environment: "development"}); err != nil {
		return err
	}
	for _, r := range failedRuns {
		id := report(context.Background(), r)
		fmt.Printf("%s of agent %s failed with %q, reported as %s\n", r.id, r.agent.ID, r.err, id)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return picket.Close(ctx)
}

// report tells everything that the record holds. All of it but the agent and the error
// may be left out.
func report(ctx context.Context, r record) picket.EventID {
	ctx = picket.WithOrganization(ctx, r.customer)
	ctx = picket.WithUser(ctx, picket.User{ID: r.user})
	ctx = picket.WithAgent(ctx, r.agent)
	return picket.CaptureAgentError(ctx, r.agent.ID, r.err, &picket.ExecutionSummary{
		ID:       r.id,
		Outcome:  picket.OutcomeError,
		Duration: r.took,
		Usage:    picket.Usage{Input: r.inputTokens, Output: r.outputTokens},
		CostUSD:  r.costUSD,
		Tools:    r.tools,
		Policies: r.policies,
	})
}

// record is what the platform of this example keeps of a run.
type record struct {
	id                        string
	agent                     picket.Agent
	customer                  picket.Organization
	user                      string
	err                       error
	took                      time.Duration
	inputTokens, outputTokens int64
	costUSD                   float64
	tools                     []picket.ToolCall
	policies                  []picket.Policy
}

var (
	clerk = picket.Agent{ID: "invoice-clerk", Name: "Invoice Clerk", Framework: "relay", Version: "1.8.0"}
	acme  = picket.Organization{ID: "acme", Name: "Acme Corp.", Tier: "enterprise"}

	errLedgerClosed = errors.New("the ledger is closed for the night")
)

var failedRuns = []record{
	{
		id: "run-501", agent: clerk, customer: acme, user: "u-81",
		err:  fmt.Errorf("post invoice 2077: %w", errLedgerClosed),
		took: 4200 * time.Millisecond, inputTokens: 5200, outputTokens: 340, costUSD: 0.0164,
		tools: []picket.ToolCall{
			{Name: "read_invoice", Arguments: `{"invoice":2077}`, Result: `{"total":81.5}`, Duration: 35 * time.Millisecond},
			{Name: "post_to_ledger", Arguments: `{"invoice":2077}`, Error: "the ledger is closed", Duration: 2 * time.Second},
		},
		policies: []picket.Policy{{Name: "amount-limit", Verdict: picket.Allow, Reason: "below 100 EUR"}},
	},
	{
		id: "run-502", agent: clerk, customer: acme, user: "u-17",
		err:  fmt.Errorf("post invoice 2078: %w", errLedgerClosed), // the same fault: one issue, two events
		took: 900 * time.Millisecond, inputTokens: 1100, outputTokens: 60, costUSD: 0.0031,
	},
}
