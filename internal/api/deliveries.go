package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Delivery is a webhook that Sentry sent.
type Delivery struct {
	ID         string     `json:"id"`
	RequestID  string     `json:"requestId" doc:"Sentry's, of the first attempt"`
	Resource   string     `json:"resource" example:"issue"`
	Action     string     `json:"action" example:"resolved"`
	Subject    *string    `json:"subject" example:"issue:1170820242" doc:"What it is about at Sentry; null where what comes takes nothing back"`
	State      string     `json:"state" enum:"waiting,done,ignored,failed" doc:"ignored: there was nothing to do, or it is not known what"`
	Outcome    string     `json:"outcome" doc:"What became of it, in a sentence; empty while it waits"`
	ReceivedAt time.Time  `json:"receivedAt"`
	NotedAt    *time.Time `json:"notedAt" doc:"When the outcome was; null until then"`
	DueAt      *time.Time `json:"dueAt" doc:"When it is worked on next; null for never again"`
	Tries      int        `json:"tries"`
	Replays    int        `json:"replays" doc:"How often somebody asked for it again"`
	Bytes      int64      `json:"sizeBytes"`
}

func deliveryOf(d store.Delivery) Delivery {
	return Delivery{
		ID: strconv.FormatInt(d.ID, 10), RequestID: d.Request, Resource: d.Resource, Action: d.Action, Subject: text(d.Subject),
		State: d.State.String(), Outcome: d.Outcome, ReceivedAt: d.Received.UTC(), NotedAt: when(d.Noted), DueAt: when(d.Due),
		Tries: d.Tries, Replays: d.Replays, Bytes: d.Size,
	}
}

type deliveriesQuery struct {
	Resource string   `query:"resource" doc:"Only those of one resource"`
	Subject  string   `query:"subject" doc:"Only those about one thing, as deliveries name it"`
	State    []string `query:"state,explode" enum:"waiting,done,ignored,failed" doc:"Only those in one of these states"`
	Paging
}

type deliveryList struct {
	Deliveries []Delivery `json:"deliveries" doc:"The newest first"`
	Next       *string    `json:"next" doc:"The cursor of the next page; null at the end"`
}

var deliveryStates = map[string]store.DeliveryState{
	"waiting": store.DeliveryWaiting, "done": store.DeliveryDone, "ignored": store.DeliveryIgnored, "failed": store.DeliveryFailed,
}

func (a *rest) deliveries(ctx context.Context, c access.Caller, in *deliveriesQuery) (*deliveryList, error) {
	q := store.DeliveryQuery{In: c.In(), Resource: in.Resource, Subject: in.Subject, Page: in.page()}
	for _, s := range in.State {
		q.States = append(q.States, deliveryStates[s])
	}
	p, err := a.store.Deliveries(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list deliveries: %w", err)
	}
	return &deliveryList{each(p.Deliveries, deliveryOf), text(p.Next)}, nil
}

type deliveryQuery struct {
	ID int64 `path:"id" minimum:"1"`
}

// wholeDelivery is a delivery with what was sent.
type wholeDelivery struct {
	Delivery
	Issue   *string         `json:"issueId" doc:"The issue here that it is about; null when it is about none, or that is not known"`
	Payload json.RawMessage `json:"payload" doc:"As it is stored: without the secrets in it"`
}

func (a *rest) delivery(ctx context.Context, c access.Caller, in *deliveryQuery) (*wholeDelivery, error) {
	d, err := a.store.Delivery(ctx, c.In(), in.ID)
	if err != nil {
		return nil, err
	}
	out := &wholeDelivery{Delivery: deliveryOf(*d), Payload: json.RawMessage(d.Body)}
	if !json.Valid(d.Body) {
		out.Payload = json.RawMessage("null")
	}
	if id, ok := strings.CutPrefix(d.Subject, "issue:"); ok {
		tie, err := a.store.UpstreamIssueByID(ctx, c.Org, id)
		switch {
		case err == nil:
			out.Issue = text(tie.Issue.String())
		case !errors.Is(err, model.ErrNotFound):
			return nil, fmt.Errorf("read tie: %w", err)
		}
	}
	return out, nil
}

func (a *rest) replayDelivery(ctx context.Context, c access.Caller, in *deliveryQuery) (*Delivery, error) {
	if err := a.store.ReplayDelivery(ctx, c.In(), in.ID, a.now()); err != nil {
		return nil, err
	}
	a.replayed()
	d, err := a.store.Delivery(ctx, c.In(), in.ID)
	if err != nil {
		return nil, err
	}
	out := deliveryOf(*d)
	return &out, nil
}

// hookRoutes are what Sentry said, and how one listens to it.
func (a *rest) hookRoutes(api huma.API) {
	add(a, api, operation{
		id: "deliveries", path: "/api/v1/deliveries",
		scope: access.OrgRead, tag: "webhooks", summary: "Webhooks that Sentry sent",
		about: "Of the last 30 days, without what was sent. Sentry sends them to /sentry/webhook, signed with the client secret of an integration.",
	}, a.deliveries)
	add(a, api, operation{
		id: "delivery", path: "/api/v1/deliveries/{id}",
		scope: access.OrgRead, tag: "webhooks", summary: "One webhook, whole",
		about: "With what was sent, as it is stored.",
	}, a.delivery)
	add(a, api, operation{
		id: "replayDelivery", method: http.MethodPost, path: "/api/v1/deliveries/{id}/replay", status: http.StatusOK,
		scope: access.OrgWrite, tag: "webhooks", summary: "Have a webhook worked on once more",
		about: "At once, as if it had just come. It does not take back what Sentry has said since of the same issue.",
	}, a.replayDelivery)
	add(a, api, operation{
		id: "triggers", path: "/api/v1/triggers",
		scope: access.EventRead, tag: "webhooks", summary: "Alerts that fired at Sentry",
		about: "As its webhooks told of them.",
	}, a.triggers)
	add(a, api, operation{
		id: "issueUpstream", path: "/api/v1/issues/{id}/upstream",
		scope: access.EventRead, tag: "webhooks", summary: "An issue at Sentry",
		about: "Which issue there is the same, what Sentry said of it last, and what it is still to be told.",
	}, a.issueUpstream)
	add(a, api, operation{
		id: "sentrySettings", path: "/api/v1/sentry-settings",
		scope: access.OrgRead, tag: "settings", summary: "How Picket talks with Sentry",
		about: "Beside forwarding: its webhooks and its API. Secrets are never answered.",
	}, a.sentrySettings)
	add(a, api, operation{
		id: "changeSentrySettings", method: http.MethodPut, path: "/api/v1/sentry-settings",
		scope: access.OrgWrite, tag: "settings", summary: "Set how Picket talks with Sentry",
		about: "What is left out stays; an empty text takes back what was set. It holds at once. An answer of GET can be changed and sent back, and its version " +
			"makes it a 409 when somebody else was quicker.",
	}, a.changeSentrySettings)
}
