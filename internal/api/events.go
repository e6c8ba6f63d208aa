package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Event is what is known of one captured error, message, transaction or feedback
// without reading its payload.
type Event struct {
	ID             string    `json:"eventId"`
	ProjectID      string    `json:"projectId"`
	Kind           string    `json:"kind" enum:"error,message,transaction,feedback"`
	IssueID        *string   `json:"issueId" doc:"Null for transactions"`
	Timestamp      time.Time `json:"timestamp" doc:"When it happened, by a clock that was corrected when it was far off"`
	ReceivedAt     time.Time `json:"receivedAt"`
	DurationMS     *float64  `json:"durationMs" doc:"Transactions only"`
	Level          string    `json:"level" enum:",trace,debug,info,warning,error,fatal"`
	Title          string    `json:"title" doc:"Of a transaction its name"`
	Culprit        string    `json:"culprit"`
	Type           string    `json:"type"`
	Platform       string    `json:"platform"`
	Release        *string   `json:"release"`
	Environment    *string   `json:"environment"`
	Transaction    *string   `json:"transaction"`
	User           *string   `json:"user" doc:"What tells the user apart: the first of id, email, username and ip, with its kind"`
	TraceID        *string   `json:"traceId"`
	SpanID         *string   `json:"spanId"`
	AgentID        *string   `json:"agentId"`
	ExecutionID    *string   `json:"executionId"`
	OrganizationID *string   `json:"organizationId" doc:"The customer's organization, as the agent's platform named it"`
	Sampled        bool      `json:"sampled" doc:"Whether sampling left the payload out: the event is counted, and was not forwarded"`
	SampledBy      *string   `json:"sampledBy" enum:"rate,rule,budget" doc:"Which setting did: the share that is kept, a rule, or the budget of the minute; null when it was not sampled out"`
}

func eventOf(e *store.EventSummary) Event {
	out := Event{
		ID: e.ID.String(), ProjectID: projectID(e.Project), Kind: kindName(e.Kind),
		Timestamp: e.Timestamp.UTC(), ReceivedAt: e.Received.UTC(),
		Level: e.Level.String(), Title: cmp.Or(e.Title, e.Transaction), Culprit: e.Culprit, Type: e.Type, Platform: e.Platform,
		Release: text(e.Release), Environment: text(e.Environment), Transaction: text(e.Transaction),
		User: text(e.UserKey), TraceID: traceID(e.Trace), SpanID: spanID(e.Span),
		AgentID: text(e.Agent), ExecutionID: text(e.Execution), OrganizationID: text(e.Organization),
		Sampled: e.Omitted != model.NotOmitted, SampledBy: text(e.Omitted.String()),
	}
	if e.Issue != 0 {
		out.IssueID = text(e.Issue.String())
	}
	if e.Kind == model.KindTransaction {
		ms := milliseconds(e.Duration)
		out.DurationMS = &ms
	}
	return out
}

func traceID(id model.TraceID) *string {
	if id.IsZero() {
		return nil
	}
	return text(id.String())
}

func spanID(id model.SpanID) *string {
	if id.IsZero() {
		return nil
	}
	return text(id.String())
}

type eventQuery struct {
	EventID string `path:"eventId" doc:"32 hexadecimal digits, with or without hyphens"`
}

type wholeEvent struct {
	Event
	NextEventID     *string         `json:"nextEventId" doc:"The next younger event of the issue"`
	PreviousEventID *string         `json:"previousEventId" doc:"The next older event of the issue"`
	Payload         json.RawMessage `json:"payload" doc:"What the SDK sent, less secrets; _meta says what was taken out. Null when it was sampled out"`
}

func (a *rest) event(ctx context.Context, c access.Caller, in *eventQuery) (*wholeEvent, error) {
	id, err := model.ParseEventID(in.EventID)
	if err != nil {
		return nil, fmt.Errorf("eventId: %w", err)
	}
	e, err := a.store.Event(ctx, c.In(), id)
	if err != nil {
		return nil, fmt.Errorf("read event %s: %w", id, err)
	}
	return &wholeEvent{eventOf(&e.EventSummary), eventID(e.Next), eventID(e.Previous), e.Payload}, nil
}

type issueEventsQuery struct {
	IssueName
	Release     string `query:"release" doc:"Only events of this release"`
	Environment string `query:"environment" doc:"Only events of this environment"`
	User        string `query:"user" example:"id:42" doc:"Only events of this user, as events name them"`
	Agent       string `query:"agentId" doc:"Only events of this agent"`
	Paging
}

type eventList struct {
	Events []Event `json:"events" doc:"Latest first"`
	Next   *string `json:"next" doc:"The cursor of the next page; null at the end"`
}

func (a *rest) issueEvents(ctx context.Context, c access.Caller, in *issueEventsQuery) (*eventList, error) {
	i, err := a.find(ctx, c, in.ID)
	if err != nil {
		return nil, err
	}
	q := store.EventQuery{In: c.In(), Issue: i.ID, Agent: in.Agent, Release: in.Release, Environment: in.Environment, UserKey: in.User, Page: in.page()}
	p, err := a.store.Events(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list events of issue %d: %w", i.ID, err)
	}
	return &eventList{each(p.Events, func(e store.EventSummary) Event { return eventOf(&e) }), text(p.Next)}, nil
}
