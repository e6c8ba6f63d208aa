package api

import (
	"context"
	"fmt"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// execution is one run of an agent.
type execution struct {
	ID             string    `json:"id"`
	ProjectID      string    `json:"projectId"`
	Agent          *agent    `json:"agent,omitempty" doc:"Left out when unknown"`
	TraceID        *string   `json:"traceId"`
	SpanID         *string   `json:"spanId"`
	ConversationID *string   `json:"conversationId"`
	OrganizationID *string   `json:"organizationId" doc:"The customer's organization"`
	User           *string   `json:"user"`
	Release        *string   `json:"release"`
	Environment    *string   `json:"environment"`
	StartedAt      time.Time `json:"startedAt"`
	DurationMS     float64   `json:"durationMs"`
	Ended          bool      `json:"ended" doc:"Whether the end was seen: duration and outcome are final then"`
	Outcome        string    `json:"outcome" enum:"running,ok,error,failed" doc:"failed: ended without an error and yet did not do the task"`
	Reason         *string   `json:"reason" doc:"Why it is not ok: the type of the error, or the rule"`
	Usage          usage     `json:"usage"`
	CostUSD        *usd      `json:"costUsd" doc:"What the priced model calls cost; null when none had a price"`
	CostNanos      int64     `json:"costNanos"`
	UnpricedCalls  int       `json:"unpricedCalls"`
	ModelCalls     int       `json:"modelCalls"`
	ToolCalls      int       `json:"toolCalls"`
	ToolErrors     int       `json:"toolErrors"`
	Evaluations    int       `json:"evaluations" doc:"Of policies"`
	Violations     int       `json:"violations"`
}

func executionOf(x store.ExecutionRecord) execution {
	return execution{
		ID: x.ID, ProjectID: projectID(x.Project), Agent: agentOf(x.Agent),
		TraceID: traceID(x.Trace), SpanID: spanID(x.Span),
		ConversationID: text(x.Conversation), OrganizationID: text(x.Organization), User: text(x.UserKey),
		Release: text(x.Release), Environment: text(x.Environment),
		StartedAt: x.Start.UTC(), DurationMS: milliseconds(x.Duration),
		Ended: x.Ended, Outcome: x.Outcome.String(), Reason: text(x.Reason),
		Usage: usageOf(x.Usage), CostUSD: dollars(x.Cost.Nanos, int64(x.UnpricedCalls)), CostNanos: x.Cost.Nanos,
		UnpricedCalls: x.UnpricedCalls, ModelCalls: x.ModelCalls, ToolCalls: x.ToolCalls, ToolErrors: x.ToolErrors,
		Evaluations: x.Evaluations, Violations: x.Violations,
	}
}

type executionsQuery struct {
	AgentID string   `query:"agentId" doc:"Only runs of this agent"`
	Window  string   `query:"window" doc:"Only runs that recent: from 1h to 90d; all when left out"`
	Project []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
	Paging
}

type executionList struct {
	Executions []execution `json:"executions" doc:"Latest first"`
	Next       *string     `json:"next" doc:"The cursor of the next page; null at the end"`
}

func (a *rest) executions(ctx context.Context, c access.Caller, in *executionsQuery) (*executionList, error) {
	q := store.ExecutionQuery{Agent: in.AgentID, Page: in.page()}
	var err error
	if q.In, err = a.scope(ctx, c, in.Project); err != nil {
		return nil, err
	}
	if q.From, err = a.since(in.Window); err != nil {
		return nil, err
	}
	p, err := a.store.Executions(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list executions: %w", err)
	}
	return &executionList{each(p.Executions, executionOf), text(p.Next)}, nil
}

type executionQuery struct {
	ID string `path:"id" doc:"The execution's id, percent-encoded"`
}

func (a *rest) execution(ctx context.Context, c access.Caller, in *executionQuery) (*execution, error) {
	p, err := a.store.Executions(ctx, store.ExecutionQuery{In: c.In(), ID: in.ID, Page: store.Page{Limit: 1}})
	if err != nil {
		return nil, fmt.Errorf("read execution: %w", err)
	}
	if len(p.Executions) == 0 {
		return nil, fmt.Errorf("%w: execution %.200q", model.ErrNotFound, in.ID)
	}
	out := executionOf(p.Executions[0])
	return &out, nil
}
