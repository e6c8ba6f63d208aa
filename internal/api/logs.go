package api

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

type logsQuery struct {
	TraceID string   `query:"traceId" doc:"Only records of this trace"`
	Project []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
	Stretch
	Paging
}

type logList struct {
	Logs []logRecord `json:"logs" doc:"Latest first"`
	Next *string     `json:"next" doc:"The cursor of the next page; null at the end"`
}

type logRecord struct {
	ID          string          `json:"id"`
	ProjectID   string          `json:"projectId"`
	Timestamp   time.Time       `json:"timestamp"`
	Level       string          `json:"level" enum:",trace,debug,info,warning,error,fatal"`
	Body        string          `json:"body"`
	TraceID     *string         `json:"traceId"`
	SpanID      *string         `json:"spanId"`
	AgentID     *string         `json:"agentId"`
	Release     *string         `json:"release"`
	Environment *string         `json:"environment"`
	Payload     json.RawMessage `json:"payload" doc:"What the SDK sent, less secrets"`
}

func logOf(l store.LogRecord) logRecord {
	return logRecord{
		ID: strconv.FormatInt(l.ID, 10), ProjectID: projectID(l.Project), Timestamp: l.Timestamp.UTC(),
		Level: l.Level.String(), Body: l.Body, TraceID: traceID(l.Trace), SpanID: spanID(l.Span),
		AgentID: text(l.Agent), Release: text(l.Release), Environment: text(l.Environment),
		Payload: l.Payload,
	}
}

func (a *rest) logs(ctx context.Context, c access.Caller, in *logsQuery) (*logList, error) {
	q := store.LogQuery{Page: in.page()}
	var err error
	if q.In, err = a.scope(ctx, c, in.Project); err != nil {
		return nil, err
	}
	if q.From, q.To, err = a.between(in.Stretch); err != nil {
		return nil, err
	}
	if in.TraceID != "" {
		if q.Trace, err = model.ParseTraceID(in.TraceID); err != nil {
			return nil, fmt.Errorf("traceId: %w", err)
		}
	}
	p, err := a.store.Logs(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list logs: %w", err)
	}
	return &logList{each(p.Logs, logOf), text(p.Next)}, nil
}
