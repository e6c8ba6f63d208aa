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

type monitorsQuery struct {
	Project []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
}

type monitorList struct {
	Monitors []monitor `json:"monitors"`
}

// monitor is a scheduled job that reports its runs.
type monitor struct {
	ID            string          `json:"id"`
	ProjectID     string          `json:"projectId"`
	Slug          string          `json:"slug"`
	Status        string          `json:"status" doc:"Of the newest check-in: in_progress, ok or error"`
	LastCheckInAt *time.Time      `json:"lastCheckInAt"`
	Config        json.RawMessage `json:"config" doc:"As the SDK sent it; null when it never did"`
}

func (a *rest) monitors(ctx context.Context, c access.Caller, in *monitorsQuery) (*monitorList, error) {
	scope, err := a.scope(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	found, err := a.store.Monitors(ctx, scope)
	if err != nil {
		return nil, fmt.Errorf("list monitors: %w", err)
	}
	return &monitorList{each(found, func(m store.Monitor) monitor {
		return monitor{strconv.FormatInt(m.ID, 10), projectID(m.Project), m.Slug, m.Status, when(m.Last), m.Config}
	})}, nil
}

type checkInsQuery struct {
	Slug string `path:"slug" doc:"The monitor's slug"`
	Paging
}

type checkInList struct {
	CheckIns []checkIn `json:"checkIns" doc:"Latest first"`
	Next     *string   `json:"next" doc:"The cursor of the next page; null at the end"`
}

// checkIn is one report of a monitored job.
type checkIn struct {
	ID          *string   `json:"id"`
	ProjectID   string    `json:"projectId"`
	Status      string    `json:"status"`
	Environment *string   `json:"environment"`
	Release     *string   `json:"release"`
	Timestamp   time.Time `json:"timestamp"`
	DurationMS  *float64  `json:"durationMs" doc:"Null when it was not given"`
	TraceID     *string   `json:"traceId"`
}

func checkInOf(x store.CheckInRecord) checkIn {
	out := checkIn{
		ID: eventID(x.ID), ProjectID: projectID(x.Project), Status: x.Status,
		Environment: text(x.Environment), Release: text(x.Release),
		Timestamp: x.Timestamp.UTC(), TraceID: traceID(x.Trace),
	}
	if x.Duration != 0 {
		ms := milliseconds(x.Duration)
		out.DurationMS = &ms
	}
	return out
}

func (a *rest) checkIns(ctx context.Context, c access.Caller, in *checkInsQuery) (*checkInList, error) {
	if err := a.checkMonitor(ctx, c, in.Slug); err != nil {
		return nil, err
	}
	p, err := a.store.CheckIns(ctx, c.In(), in.Slug, in.page())
	if err != nil {
		return nil, fmt.Errorf("list check-ins of %q: %w", in.Slug, err)
	}
	return &checkInList{each(p.CheckIns, checkInOf), text(p.Next)}, nil
}

func (a *rest) checkMonitor(ctx context.Context, c access.Caller, slug string) error {
	found, err := a.store.Monitors(ctx, c.In())
	if err != nil {
		return fmt.Errorf("list monitors: %w", err)
	}
	for _, m := range found {
		if m.Slug == slug {
			return nil
		}
	}
	return fmt.Errorf("%w: monitor %.80q", model.ErrNotFound, slug)
}
