// Execution watches an agent at work: model calls, a tool, policies, a hand-off to another
// agent, and the three ways in which a run can end. Its spans leave while it runs.
//
//	go run ./examples/execution
//	SENTRY_DSN=… go run ./examples/execution
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"relay.one/picket"
)

// The agents. ID tells them apart over all their versions.
var (
	desk  = picket.Agent{ID: "refund-desk", Name: "Refund Desk", Framework: "relay", Version: "2.1.0", Capabilities: []string{"refunds"}}
	payer = picket.Agent{ID: "payer", Name: "Payer", Framework: "relay", Version: "1.0.3"}
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "execution:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := picket.Init(picket.Options{Environment: "development"}); err != nil {
		return err
	}
	ctx := picket.WithOrganization(context.Background(), picket.Organization{ID: "acme", Tier: "enterprise"})
	ctx = picket.WithUser(ctx, picket.User{ID: "u-81"})
	refund(ctx, "order-17", 40)  // ends well
	refund(ctx, "order-18", 900) // a policy says no: failed, and yet no error
	refund(ctx, "order-99", 10)  // there is no such order: an error

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return picket.Close(ctx)
}

// refund is one execution. Execute captures the error that its function returns, or its
// panic, and passes it on. Where a function does not fit, StartExecution and a deferred
// Done do the same.
func refund(ctx context.Context, order string, dollars int) {
	err := picket.Execute(ctx, desk, func(ctx context.Context, run *picket.Execution) error {
		run.Input(fmt.Sprintf("Please refund %d dollars of %s", dollars, order))
		if err := plan(ctx, order); err != nil {
			return err
		}
		if verdict := checkLimit(ctx, dollars); verdict == picket.Deny {
			run.Output("I may not refund that much.")
			run.Fail("refund-limit")
			return nil
		}
		if err := lookUp(ctx, order); err != nil {
			return err
		}
		picket.Handoff(ctx, payer)
		if err := pay(ctx, dollars); err != nil {
			return err
		}
		run.Output("Done: the money is on its way.")
		fmt.Printf("%s: run %s used %d tokens\n", order, run.ID(), run.Usage().Total())
		return nil
	}, picket.Conversation("chat-"+order))
	if err != nil {
		fmt.Printf("%s: %v\n", order, err)
	}
}

// plan asks a model. The server knows what the tokens of well-known models cost.
func plan(ctx context.Context, order string) error {
	ctx, call := picket.StartModelCall(ctx, picket.ModelCall{Provider: "openai", Model: "gpt-4o", Messages: "What is to be done about " + order + "?"})
	answer, err := askModel(ctx)
	call.End(picket.ModelResult{
		ResponseID:    "resp-" + order,
		Usage:         picket.Usage{Input: 1200, Output: 80, CacheRead: 1024},
		FinishReasons: []string{"tool_calls"},
		Output:        answer,
	}, err)
	return err
}

// checkLimit evaluates a policy. A denial is a violation, and no error.
func checkLimit(ctx context.Context, dollars int) picket.Verdict {
	p := picket.Policy{Name: "refund-limit", Verdict: picket.Allow, Reason: "at most 100 dollars", Duration: time.Millisecond}
	if dollars > 100 {
		p.Verdict, p.Reason = picket.Deny, fmt.Sprintf("%d dollars are more than 100", dollars)
	}
	picket.RecordPolicy(ctx, p)
	return p.Verdict
}

var errNoOrder = errors.New("no such order")

// lookUp uses a tool. Secrets among its arguments are taken out before they are sent.
func lookUp(ctx context.Context, order string) (err error) {
	_, tool := picket.StartToolCall(ctx, picket.ToolCall{Name: "lookup_order", Arguments: map[string]string{"order": order, "api_key": "sk-1234"}})
	if order == "order-99" {
		err = errNoOrder
	}
	tool.End(map[string]string{"status": "delivered"}, err)
	return err
}

// pay is the execution of another agent within the first one's.
func pay(ctx context.Context, dollars int) error {
	return picket.Execute(ctx, payer, func(ctx context.Context, _ *picket.Execution) error {
		_, tool := picket.StartToolCall(ctx, picket.ToolCall{Name: "send_money", Arguments: map[string]int{"dollars": dollars}})
		tool.End("sent", nil)
		return nil
	})
}

// askModel stands in for the client of a model's provider.
func askModel(context.Context) (string, error) { return "Look the order up, then refund it.", nil }
