// Billing tells what agents use, and for whom: tokens and cost by customer and agent, and
// what the runs cost that came to nothing.
//
//	go run ./examples/billing
//	SENTRY_DSN=… go run ./examples/billing
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"relay.one/picket"
)

var (
	acme   = picket.Organization{ID: "acme", Name: "Acme Corp.", Tier: "enterprise"}
	globex = picket.Organization{ID: "globex", Name: "Globex", Tier: "free"}

	writer   = picket.Agent{ID: "writer", Name: "Writer"}
	reviewer = picket.Agent{ID: "reviewer", Name: "Reviewer"}
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "billing:", err)
		os.Exit(1)
	}
}

func run() error {
	// In production, too, all executions are sent unless ExecutionSampleRate says otherwise:
	// a bill is added up, and not estimated.
	if err := picket.Init(picket.Options{Environment: "production"}); err != nil {
		return err
	}
	bill := ledger{}
	bill.work(acme, writer, nil)
	bill.work(acme, reviewer, nil)
	bill.work(globex, writer, nil)
	bill.work(globex, reviewer, errors.New("the review was cut off"))
	bill.print()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return picket.Close(ctx)
}

// line is whose usage it is, and ledger what this program itself counts. The server counts
// the same, prices what has a list price, and answers GET /sentry/stats/{agent}.
type line struct{ customer, agent string }

type ledger map[line]entry

type entry struct {
	tokens int64
	usd    float64
	failed bool
}

// work is one execution with two model calls, for a customer.
func (l ledger) work(customer picket.Organization, agent picket.Agent, fault error) {
	ctx := picket.WithOrganization(context.Background(), customer)
	err := picket.Execute(ctx, agent, func(ctx context.Context, run *picket.Execution) error {
		// A model with a list price: tell provider, model and tokens, and the server prices
		// them. Input includes what was read from the provider's cache.
		_, call := picket.StartModelCall(ctx, picket.ModelCall{Provider: "openai", Model: "gpt-4o"})
		call.End(picket.ModelResult{Usage: picket.Usage{Input: 12_000, CacheRead: 8_000, Output: 900}}, nil)

		// A model of one's own, or a contract: tell what it cost.
		_, call = picket.StartModelCall(ctx, picket.ModelCall{Provider: "relay", Model: "relay-large"})
		call.End(picket.ModelResult{Usage: picket.Usage{Input: 3_000, Output: 2_000, Reasoning: 1_500}, CostUSD: 0.0125}, fault)

		l[line{customer.ID, agent.ID}] = entry{run.Usage().Total(), run.CostUSD(), fault != nil}
		return fault
	})
	if err != nil {
		fmt.Printf("%s failed for %s: %v\n", agent.Name, customer.Name, err)
	}
}

func (l ledger) print() {
	fmt.Println("customer  agent     tokens  reported cost")
	for _, o := range []picket.Organization{acme, globex} {
		for _, a := range []picket.Agent{writer, reviewer} {
			e := l[line{o.ID, a.ID}]
			note := ""
			if e.failed {
				note = "  for nothing"
			}
			fmt.Printf("%-8s  %-8s  %6d  $%.4f%s\n", o.ID, a.ID, e.tokens, e.usd, note)
		}
	}
}
