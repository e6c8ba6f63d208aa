package api

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

type traceQuery struct {
	TraceID string `path:"traceId" doc:"32 hexadecimal digits, with or without hyphens"`
}

// trace is everything stored under one trace id.
type trace struct {
	TraceID string  `json:"traceId"`
	Spans   []span  `json:"spans" doc:"By start"`
	Events  []Event `json:"events" doc:"Errors, messages and transactions of the trace"`
}

type span struct {
	SpanID         string                     `json:"spanId"`
	ParentSpanID   *string                    `json:"parentSpanId" doc:"The parent may never have arrived"`
	ProjectID      string                     `json:"projectId"`
	Op             string                     `json:"op"`
	Name           string                     `json:"name"`
	Status         string                     `json:"status"`
	Kind           string                     `json:"kind" enum:"other,agent,model,tool,handoff,policy" doc:"What the span means to an agent"`
	Segment        bool                       `json:"segment" doc:"Whether it is the root of a service's part of the trace"`
	StartedAt      time.Time                  `json:"startedAt"`
	DurationMS     float64                    `json:"durationMs"`
	Release        *string                    `json:"release"`
	Environment    *string                    `json:"environment"`
	Agent          *agent                     `json:"agent,omitempty" doc:"Whose span it is; left out when unknown"`
	Execution      *string                    `json:"execution" doc:"The id of the execution"`
	Conversation   *string                    `json:"conversation"`
	OrganizationID *string                    `json:"organizationId" doc:"The customer's organization"`
	Provider       *string                    `json:"provider"`
	Model          *string                    `json:"model"`
	Tool           *string                    `json:"tool"`
	ErrorType      *string                    `json:"errorType"`
	Policy         *policy                    `json:"policy,omitempty" doc:"The verdict; left out unless the span is a policy evaluation"`
	Usage          usage                      `json:"usage"`
	CostUSD        *usd                       `json:"costUsd" doc:"Null when no price is known, and for what has no cost"`
	CostNanos      *int64                     `json:"costNanos"`
	Pricing        string                     `json:"pricing" enum:"none,priced,guessed,unpriced,reported" doc:"Where the cost comes from: the price table; the table with a guessed provider; nowhere; the SDK"`
	Attributes     map[string]json.RawMessage `json:"attributes" doc:"Everything that was sent with the span, less secrets"`
}

type agent struct {
	ID        string  `json:"id"`
	Name      string  `json:"name"`
	Framework *string `json:"framework"`
	Version   *string `json:"version"`
}

type policy struct {
	Name    string `json:"name"`
	Verdict string `json:"verdict" enum:",allow,deny,flag"`
	Reason  string `json:"reason"`
}

// usage counts the tokens of one call, or of one run.
type usage struct {
	Input      int64 `json:"input"`
	Output     int64 `json:"output"`
	CacheRead  int64 `json:"cacheRead" doc:"Of the input, read from the provider's cache"`
	CacheWrite int64 `json:"cacheWrite" doc:"Of the input, written to the provider's cache"`
	Reasoning  int64 `json:"reasoning" doc:"Of the output, spent on reasoning"`
}

func usageOf(u model.Usage) usage {
	return usage{u.Input, u.Output, u.CacheRead, u.CacheWrite, u.Reasoning}
}

func (a *rest) trace(ctx context.Context, c access.Caller, in *traceQuery) (*trace, error) {
	id, err := model.ParseTraceID(in.TraceID)
	if err != nil {
		return nil, fmt.Errorf("traceId: %w", err)
	}
	t, err := a.store.Trace(ctx, c.In(), id)
	if err != nil {
		return nil, fmt.Errorf("read trace %s: %w", id, err)
	}
	sent := attributesOf(t.Payloads)
	return &trace{
		TraceID: id.String(),
		Spans:   each(t.Spans, func(s store.SpanRecord) span { return spanOf(&s, sent.of(&s)) }),
		Events:  each(t.Events, func(e store.EventSummary) Event { return eventOf(&e) }),
	}, nil
}

var spanKinds = map[model.SpanKind]string{
	model.SpanOther: "other", model.SpanAgent: "agent", model.SpanModel: "model",
	model.SpanTool: "tool", model.SpanHandoff: "handoff", model.SpanPolicy: "policy",
}

var pricings = map[model.Pricing]string{
	model.NotACost: "none", model.Priced: "priced", model.Guessed: "guessed",
	model.Unpriced: "unpriced", model.Reported: "reported",
}

func spanOf(s *store.SpanRecord, sent map[string]json.RawMessage) span {
	out := span{
		SpanID: s.ID.String(), ParentSpanID: spanID(s.Parent), ProjectID: projectID(s.Project),
		Op: s.Op, Name: s.Name, Status: s.Status.String(), Kind: spanKinds[s.Kind], Segment: s.Segment,
		StartedAt: s.Start.UTC(), DurationMS: milliseconds(s.Duration),
		Release: text(s.Release), Environment: text(s.Environment),
		Agent: agentOf(s.Agent), Execution: text(s.Execution), Conversation: text(s.Conversation),
		OrganizationID: text(s.Organization),
		Provider:       text(s.Provider), Model: text(s.Model), Tool: text(s.Tool), ErrorType: text(s.ErrorType),
		Usage: usageOf(s.Usage), Pricing: pricings[s.Cost.Pricing],
		Attributes: sent,
	}
	if s.Kind == model.SpanPolicy {
		out.Policy = &policy{s.Policy.Name, s.Policy.Verdict.String(), s.Policy.Reason}
	}
	if p := s.Cost.Pricing; p != model.NotACost && p != model.Unpriced {
		out.CostUSD, out.CostNanos = (*usd)(&s.Cost.Nanos), &s.Cost.Nanos
	}
	return out
}

func agentOf(a model.Agent) *agent {
	if a == (model.Agent{}) {
		return nil
	}
	return &agent{a.ID, a.Name, text(a.Framework), text(a.Version)}
}
