package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/store"
)

// TraceName names a trace in a path.
type TraceName struct {
	TraceID string `path:"traceId" doc:"32 hexadecimal digits, with or without hyphens"`
}

// trace is everything stored under one trace id.
type trace struct {
	TraceID string  `json:"traceId"`
	Spans   []Span  `json:"spans" doc:"By start. Of transactions that were sampled out, those that say nothing of agents are not kept"`
	Events  []Event `json:"events" doc:"Errors, messages and transactions of the trace"`
}

// Span is one timed operation of a trace.
type Span struct {
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
	Agent          *Agent                     `json:"agent,omitempty" doc:"Whose span it is; left out when unknown"`
	Execution      *string                    `json:"execution" doc:"The id of the execution"`
	Conversation   *string                    `json:"conversation"`
	OrganizationID *string                    `json:"organizationId" doc:"The customer's organization"`
	Provider       *string                    `json:"provider"`
	Model          *string                    `json:"model"`
	Tool           *string                    `json:"tool"`
	ErrorType      *string                    `json:"errorType"`
	Fault          *string                    `json:"fault" doc:"The typed error"`
	Policy         *policy                    `json:"policy,omitempty" doc:"The verdict; left out unless the span is a policy evaluation"`
	Usage          usage                      `json:"usage"`
	CostUSD        *usd                       `json:"costUsd" doc:"Null when no price is known, and for what has no cost"`
	CostNanos      *int64                     `json:"costNanos"`
	Pricing        string                     `json:"pricing" enum:"none,priced,guessed,unpriced,reported" doc:"Where the cost comes from: the price table; the table with a guessed provider; nowhere; the SDK"`
	Attributes     map[string]json.RawMessage `json:"attributes" doc:"Everything that was sent with the span, less secrets; nothing when it was sampled out"`
	Sampled        bool                       `json:"sampled" doc:"Whether sampling left out what was sent with it: what it says of agents is kept"`
}

// Agent is an AI agent as it named itself.
type Agent struct {
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

func (a *rest) trace(ctx context.Context, c access.Caller, in *TraceName) (*trace, error) {
	t, err := a.readTrace(ctx, c, in.TraceID)
	if err != nil {
		return nil, err
	}
	sent := attributesOf(t.Payloads)
	return &trace{
		TraceID: t.ID.String(),
		Spans:   each(t.Spans, func(s store.SpanRecord) Span { return spanOf(&s, sent.of(&s)) }),
		Events:  each(t.Events, func(e store.EventSummary) Event { return eventOf(&e) }),
	}, nil
}

func (a *rest) readTrace(ctx context.Context, c access.Caller, name string) (*store.Trace, error) {
	id, err := model.ParseTraceID(name)
	if err != nil {
		return nil, fmt.Errorf("traceId: %w", err)
	}
	t, err := a.store.Trace(ctx, c.In(), id)
	if err != nil {
		return nil, fmt.Errorf("read trace %s: %w", id, err)
	}
	return t, nil
}

type spanQuery struct {
	TraceName
	SpanID string `path:"spanId" doc:"16 hexadecimal digits"`
}

// wholeSpan is one span with nothing cut.
type wholeSpan struct {
	Span
	Messages []wholeMessage `json:"messages" doc:"What went into the call and came out of it, in one form for all clients: instructions, conversation, answer; of a tool its arguments and its result"`
}

// wholeMessage is one message of a span's conversation.
type wholeMessage struct {
	Role   string      `json:"role" doc:"system, user, assistant, tool, or another word of the client's"`
	Output bool        `json:"output" doc:"Whether it came out of the call; false for what went in"`
	Finish *string     `json:"finish" doc:"Why it ended, in the client's word"`
	Parts  []wholePart `json:"parts"`
}

// wholePart is a piece of a message.
type wholePart struct {
	Type      string          `json:"type" doc:"text, reasoning, tool_call, tool_call_response, blob, uri, file, or another word of the client's"`
	Text      *string         `json:"text"`
	CallID    *string         `json:"toolCallId"`
	Name      *string         `json:"name" doc:"Of the tool"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
	Response  json.RawMessage `json:"response,omitempty"`
	Modality  *string         `json:"modality"`
	MIME      *string         `json:"mimeType"`
	URI       *string         `json:"uri"`
	Raw       json.RawMessage `json:"raw,omitempty" doc:"The whole part where type is another word"`
}

func wholeMessageOf(m agent.Message) wholeMessage {
	return wholeMessage{m.Role, m.Output, text(m.Finish), each(m.Parts, func(p agent.Part) wholePart {
		return wholePart{p.Type, text(p.Text), text(p.ToolCallID), text(p.Name), p.Arguments, p.Response,
			text(p.Modality), text(p.MIME), text(p.URI), p.Raw}
	})}
}

func (a *rest) span(ctx context.Context, c access.Caller, in *spanQuery) (*wholeSpan, error) {
	id, err := model.ParseSpanID(in.SpanID)
	if err != nil {
		return nil, fmt.Errorf("spanId: %w", err)
	}
	t, err := a.readTrace(ctx, c, in.TraceID)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(t.Spans, func(s store.SpanRecord) bool { return s.ID == id })
	if at < 0 {
		return nil, fmt.Errorf("%w: span %s of trace %s", model.ErrNotFound, id, t.ID)
	}
	s := &t.Spans[at]
	attributes := map[string]json.RawMessage{}
	if s.Payload >= 0 && s.Payload < len(t.Payloads) {
		if raw, err := sentry.DecodeSpan(t.Payloads[s.Payload], id); err == nil { // else there are none
			attributes = sentry.RawSpan{ID: id, Raw: raw}.Attributes()
		}
	}
	said := agent.Messages(func(name string) json.RawMessage { return attributes[name] })
	return &wholeSpan{spanOf(s, attributes), each(said, wholeMessageOf)}, nil
}

var spanKinds = map[model.SpanKind]string{
	model.SpanOther: "other", model.SpanAgent: "agent", model.SpanModel: "model",
	model.SpanTool: "tool", model.SpanHandoff: "handoff", model.SpanPolicy: "policy",
}

var pricings = map[model.Pricing]string{
	model.NotACost: "none", model.Priced: "priced", model.Guessed: "guessed",
	model.Unpriced: "unpriced", model.Reported: "reported",
}

func spanOf(s *store.SpanRecord, sent map[string]json.RawMessage) Span {
	out := Span{
		SpanID: s.ID.String(), ParentSpanID: spanID(s.Parent), ProjectID: projectID(s.Project),
		Op: s.Op, Name: s.Name, Status: s.Status.String(), Kind: spanKinds[s.Kind], Segment: s.Segment,
		StartedAt: s.Start.UTC(), DurationMS: milliseconds(s.Duration),
		Release: text(s.Release), Environment: text(s.Environment),
		Agent: agentOf(s.Agent), Execution: text(s.Execution), Conversation: text(s.Conversation),
		OrganizationID: text(s.Organization),
		Provider:       text(s.Provider), Model: text(s.Model), Tool: text(s.Tool), ErrorType: text(s.ErrorType), Fault: text(s.Signs.Fault),
		Usage: usageOf(s.Usage), Pricing: pricings[s.Cost.Pricing],
		Attributes: sent, Sampled: s.Omitted != model.NotOmitted,
	}
	if s.Kind == model.SpanPolicy {
		out.Policy = &policy{s.Policy.Name, s.Policy.Verdict.String(), s.Policy.Reason}
	}
	out.CostUSD, out.CostNanos = costOf(s.Cost)
	return out
}

func agentOf(a model.Agent) *Agent {
	if a == (model.Agent{}) {
		return nil
	}
	return &Agent{a.ID, a.Name, text(a.Framework), text(a.Version)}
}
