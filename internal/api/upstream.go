package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Forwarding tells how forwarding stands; upstream.Forwarder does.
type Forwarding interface {
	States(ctx context.Context, org model.OrgID, projects []model.ProjectID) ([]model.UpstreamState, error)
	Refusals(ctx context.Context, in store.Scope, limit int) ([]model.UpstreamRefusal, error)
	Retry(ctx context.Context, in store.Scope) error
}

func (a *rest) upstreamRoutes(api huma.API) {
	add(a, api, operation{
		id: "upstream", path: "/api/v1/upstream",
		scope: access.OrgRead, tag: "settings", summary: "How forwarding stands",
		about: "For each project, and each customer's organization with an upstream of its own: whether the upstream takes what it is sent, " +
			"what waits for it, what it asked to wait, and what it refused for itself.",
	}, a.upstream)
	add(a, api, operation{
		id: "retryUpstream", method: http.MethodPost, path: "/api/v1/upstream/retry", acts: true,
		scope: access.OrgWrite, tag: "settings", summary: "Try upstreams again now",
		about: "What is aside goes at once, and an upstream that was left alone for a while is sent the next envelope. Answers with how forwarding stood just before.",
	}, a.retryUpstream)
}

// upstreamQuery narrows what is asked about.
type upstreamQuery struct {
	Project []string `query:"project,explode" doc:"Only these projects, by slug or numeric id"`
}

type upstreamList struct {
	Queues   []upstreamQueue   `json:"queues" doc:"By project, each with its customers' organizations behind it"`
	Refusals []upstreamRefusal `json:"refusals" doc:"What upstreams refused for itself, the oldest first, at most 50"`
}

// upstreamQueue is what goes to one upstream of a project.
type upstreamQueue struct {
	Project      string          `json:"project"`
	Organization *string         `json:"organization" doc:"The customer's that has an upstream of its own; null: the project's"`
	Mode         string          `json:"mode" enum:"local,forwarding"`
	DSN          *string         `json:"dsn" doc:"Masked"`
	Health       string          `json:"health" enum:"none,healthy,limited,away,refuses" doc:"none: there is no upstream; limited: it asked some or all to wait; away: it does not answer sensibly; refuses: it does not take the key"`
	Since        *time.Time      `json:"since" doc:"Of away and refuses"`
	Problem      *string         `json:"problem" doc:"What is wrong, and what to do"`
	NextTryAt    *time.Time      `json:"nextTryAt"`
	Limits       []upstreamLimit `json:"limits" doc:"What the upstream asked to wait"`
	Waiting      int64           `json:"waiting" doc:"Envelopes"`
	Bytes        int64           `json:"bytes" doc:"Of what waits, as it lies on the disk"`
	Held         int64           `json:"held" doc:"Of waiting: until it is decided whether their trace is kept"`
	Aside        int64           `json:"aside" doc:"Of waiting: refused for themselves, and tried again now and then"`
	OldestAt     *time.Time      `json:"oldestAt" doc:"When the oldest of what waits came in"`
	Sent         int64           `json:"sent" doc:"Envelopes that the upstream took since the server started"`
	Dropped      int64           `json:"dropped" doc:"Envelopes given up since then, for room or age; see also discards outbox_overflow and outbox_expired"`
}

// upstreamLimit is a category that waits.
type upstreamLimit struct {
	Category *string   `json:"category" doc:"Null: all of them"`
	Until    time.Time `json:"until"`
}

// upstreamRefusal is an envelope that was refused for itself.
type upstreamRefusal struct {
	Project      string     `json:"project"`
	Organization *string    `json:"organization"`
	EventID      *string    `json:"eventId"`
	Categories   []string   `json:"categories"`
	ReceivedAt   time.Time  `json:"receivedAt"`
	SizeBytes    int64      `json:"sizeBytes"`
	Tries        int        `json:"tries"`
	NextTryAt    *time.Time `json:"nextTryAt"`
	Problem      string     `json:"problem" doc:"What the upstream answered"`
}

// mostRefusals is how many refused envelopes are told of: they tend to have one reason.
const mostRefusals = 50

func (a *rest) upstream(ctx context.Context, c access.Caller, in *upstreamQuery) (*upstreamList, error) {
	scope, err := a.scope(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	return a.forwardingOf(ctx, scope)
}

func (a *rest) retryUpstream(ctx context.Context, c access.Caller, in *upstreamQuery) (*upstreamList, error) {
	scope, err := a.scope(ctx, c, in.Project)
	if err != nil {
		return nil, err
	}
	out, err := a.forwardingOf(ctx, scope)
	if err != nil || a.forward == nil {
		return out, err
	}
	if err := a.forward.Retry(ctx, scope); err != nil {
		return nil, fmt.Errorf("try upstreams again: %w", err)
	}
	return out, nil
}

func (a *rest) forwardingOf(ctx context.Context, in store.Scope) (*upstreamList, error) {
	out := &upstreamList{Queues: []upstreamQueue{}, Refusals: []upstreamRefusal{}}
	if a.forward == nil {
		return out, nil
	}
	projects, err := a.store.Projects(ctx, in)
	if err != nil {
		return nil, fmt.Errorf("list projects: %w", err)
	}
	states, err := a.forward.States(ctx, in.Org, each(projects, func(p store.Project) model.ProjectID { return p.ID }))
	if err != nil {
		return nil, fmt.Errorf("state of forwarding: %w", err)
	}
	refusals, err := a.forward.Refusals(ctx, in, mostRefusals)
	if err != nil {
		return nil, fmt.Errorf("what upstreams refused: %w", err)
	}
	out.Queues, out.Refusals = each(states, queueOf), each(refusals, refusalOf)
	return out, nil
}

func queueOf(s model.UpstreamState) upstreamQueue {
	q := upstreamQueue{
		Project: projectID(s.Project), Organization: text(s.Organization), Mode: "forwarding", DSN: text(s.DSN), Health: string(s.Health),
		Since: when(s.Since), Problem: text(s.Problem), NextTryAt: when(s.Next),
		Limits: each(s.Limits, func(l model.UpstreamLimit) upstreamLimit {
			return upstreamLimit{text(l.Category), l.Until.UTC()}
		}),
		Waiting: s.Waiting, Bytes: s.Bytes, Held: s.Held, Aside: s.Aside, OldestAt: when(s.Oldest), Sent: s.Sent, Dropped: s.Dropped,
	}
	if s.DSN == "" {
		q.Mode = "local"
	}
	return q
}

func refusalOf(r model.UpstreamRefusal) upstreamRefusal {
	out := upstreamRefusal{
		Project: projectID(r.Project), Organization: text(r.Organization), Categories: each(r.Categories, func(c string) string { return c }),
		ReceivedAt: r.Received.UTC(), SizeBytes: r.Size, Tries: r.Tries, NextTryAt: when(r.Next), Problem: r.Problem,
	}
	if !r.Event.IsZero() {
		id := r.Event.String()
		out.EventID = &id
	}
	return out
}
