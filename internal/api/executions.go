package api

import (
	"context"
	"fmt"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Execution is one run of an agent, as lists show it.
type Execution struct {
	ID             string         `json:"id"`
	ProjectID      string         `json:"projectId"`
	Agent          *Agent         `json:"agent,omitempty" doc:"Left out when unknown"`
	ParentID       *string        `json:"parentExecutionId" doc:"The execution that it was begun in"`
	TraceID        *string        `json:"traceId"`
	SpanID         *string        `json:"spanId"`
	Traces         []string       `json:"traces" doc:"Ids of all traces that it ran through"`
	ConversationID *string        `json:"conversationId"`
	OrganizationID *string        `json:"organizationId" doc:"The customer's organization"`
	User           *string        `json:"user"`
	Release        *string        `json:"release"`
	Environment    *string        `json:"environment"`
	StartedAt      time.Time      `json:"startedAt"`
	DurationMS     float64        `json:"durationMs"`
	Ended          bool           `json:"ended" doc:"Whether the end was seen: duration and outcome are final then"`
	Outcome        string         `json:"outcome" enum:"running,ok,error,failed" doc:"failed: ended without an error and yet did not do the task"`
	Reason         *string        `json:"reason" doc:"Why it is not ok: the type of the error, or what the rule saw"`
	Rule           *string        `json:"rule" doc:"The rule of outcome that fired; null when the client or an error decided"`
	Fault          *string        `json:"fault" doc:"The typed error that ended it"`
	Loop           *executionLoop `json:"loop,omitempty" doc:"How it went round in circles; left out when it did not"`
	Issues         []string       `json:"issues" doc:"Ids of the issues that its errors belong to"`
	Models         []string       `json:"models" doc:"Provider and model of its calls, such as openai/gpt-5"`
	Tools          []string       `json:"tools" doc:"Names of the tools that it called"`
	FailingTools   []string       `json:"failingTools" doc:"Of those, the ones with a call that failed"`
	Violated       []string       `json:"policiesViolated" doc:"Names of the policies that denied or flagged something"`
	Usage          usage          `json:"usage"`
	CostUSD        *usd           `json:"costUsd" doc:"What the priced model calls cost; null when none had a price"`
	CostNanos      int64          `json:"costNanos"`
	Pricing        string         `json:"pricing" enum:"none,priced,guessed,unpriced,reported" doc:"Of its model calls' costs the most doubtful; unpriced: the cost holds what is known of it"`
	FailedCostUSD  *usd           `json:"failedCostUsd" doc:"The cost, where the outcome is error or failed; else null"`
	FailedNanos    *int64         `json:"failedCostNanos"`
	UnpricedCalls  int            `json:"unpricedCalls"`
	ModelCalls     int            `json:"modelCalls"`
	ToolCalls      int            `json:"toolCalls"`
	ToolErrors     int            `json:"toolErrors"`
	Evaluations    int            `json:"evaluations" doc:"Of policies"`
	Violations     int            `json:"violations"`
}

// executionLoop is where an execution went round in circles, and what that burned.
type executionLoop struct {
	Kind      string    `json:"kind" enum:"repeat,alternate,error,no_progress" doc:"The same call again; two calls in turns; the same error again; many calls that changed nothing"`
	SpanID    *string   `json:"spanId" doc:"The call that it began with; null when only a report told of the calls"`
	StartedAt time.Time `json:"startedAt"`
	Calls     int       `json:"calls" doc:"Tool calls in it"`
	CostUSD   *usd      `json:"costUsd" doc:"What the model calls of the repetitions cost; null when none had a price"`
	CostNanos int64     `json:"costNanos"`
	Pricing   string    `json:"pricing" enum:"none,priced,guessed,unpriced,reported"`
	Tokens    tokens    `json:"tokens" doc:"What they used"`
}

var loopKinds = map[model.LoopKind]string{
	model.LoopRepeat: "repeat", model.LoopAlternate: "alternate", model.LoopError: "error", model.LoopNoProgress: "no_progress",
}

func loopOf(l model.Loop) *executionLoop {
	if l.Kind == model.NoLoop {
		return nil
	}
	out := &executionLoop{
		Kind: loopKinds[l.Kind], SpanID: spanID(l.Span), StartedAt: l.Start.UTC(), Calls: l.Count,
		CostNanos: l.Cost.Nanos, Pricing: pricings[l.Cost.Pricing], Tokens: tokensOf(l.Usage),
	}
	if l.Cost.Nanos != 0 || l.Cost.Pricing != model.Unpriced {
		out.CostUSD = (*usd)(&out.CostNanos)
	}
	return out
}

func executionOf(x store.ExecutionRecord) Execution {
	out := Execution{
		ID: x.ID, ProjectID: projectID(x.Project), Agent: agentOf(x.Agent), ParentID: text(x.Parent),
		TraceID: traceID(x.Trace), SpanID: spanID(x.Span), Traces: each(x.Traces, model.TraceID.String),
		ConversationID: text(x.Conversation), OrganizationID: text(x.Organization), User: text(x.UserKey),
		Release: text(x.Release), Environment: text(x.Environment),
		StartedAt: x.Start.UTC(), DurationMS: milliseconds(x.Duration),
		Ended: x.Ended, Outcome: x.Outcome.String(), Reason: text(x.Reason), Rule: text(x.Rule), Fault: text(x.Fault),
		Loop: loopOf(x.Loop), Issues: each(x.Issues, model.IssueID.String),
		Models: each(x.Models, same), Tools: each(x.Tools, same), FailingTools: each(x.Failing, same), Violated: each(x.Policies, same),
		Usage: usageOf(x.Usage), CostUSD: dollars(x.Cost.Nanos, int64(x.UnpricedCalls)), CostNanos: x.Cost.Nanos,
		Pricing: pricings[x.Cost.Pricing], UnpricedCalls: x.UnpricedCalls,
		ModelCalls: x.ModelCalls, ToolCalls: x.ToolCalls, ToolErrors: x.ToolErrors,
		Evaluations: x.Evaluations, Violations: x.Violations,
	}
	if x.Outcome == model.OutcomeError || x.Outcome == model.OutcomeFailed {
		out.FailedCostUSD, out.FailedNanos = out.CostUSD, &out.CostNanos
	}
	return out
}

func same(s string) string { return s }

type executionList struct {
	Executions []Execution `json:"executions" doc:"In the order that was asked for"`
	Next       *string     `json:"next" doc:"The cursor of the next page; null at the end"`
}

func (a *rest) executions(ctx context.Context, c access.Caller, in *executionsQuery) (*executionList, error) {
	q, err := a.executionQuery(ctx, c, in)
	if err != nil {
		return nil, err
	}
	p, err := a.store.Executions(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list executions: %w", err)
	}
	return &executionList{each(p.Executions, executionOf), text(p.Next)}, nil
}
