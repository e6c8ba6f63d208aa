package store

import (
	"context"
	"time"

	"relay.one/picket/internal/model"
)

// DeliveryState is how far a webhook that was received has come.
type DeliveryState uint8

// The states. Their numbers are stored: never renumber.
const (
	DeliveryWaiting DeliveryState = iota
	DeliveryDone
	DeliveryIgnored // understood, and nothing to do; or not understood, and kept
	DeliveryFailed  // will be tried again until Tries says no more
)

// Delivery is one webhook that was received.
type Delivery struct {
	ID       int64
	Org      model.OrgID
	Received time.Time
	Request  string // the sender's id of the request; unique within an organization
	Resource string
	Action   string
	Body     []byte
	State    DeliveryState
	Tries    int
	Due      time.Time // when to try next
	Outcome  string    // a sentence
	Replays  int       // how often somebody asked for it again
}

// DeliveryQuery selects deliveries, the newest first. What is empty does not narrow.
type DeliveryQuery struct {
	In       Scope
	Resource string
	States   []DeliveryState
	Page     Page
}

// DeliveryPage is one page of deliveries, without bodies.
type DeliveryPage struct {
	Deliveries []Delivery
	Next       string // empty at the end
}

// UpstreamIssue ties an issue here to the one at the upstream.
type UpstreamIssue struct {
	Org       model.OrgID
	Issue     model.IssueID
	ID        string // there
	ShortID   string
	Project   string // slug there
	Link      string
	Status    string // there, as it was last told
	Count     int64
	Users     int64
	LastSeen  time.Time
	Assigned  string
	How       string // how the two were found to be the same: event, api, title
	UpdatedAt time.Time
}

// Trigger is an alert that fired somewhere else, kept for our own alerting.
type Trigger struct {
	ID       int64
	Org      model.OrgID
	Project  model.ProjectID // zero when unknown
	Issue    model.IssueID   // likewise
	Delivery int64
	Time     time.Time
	Kind     string // event_alert, metric_alert, activity_alert
	Rule     string
	State    string // triggered, critical, warning, resolved
	Title    string
	Link     string
	Data     []byte // as it was sent
}

// TriggerPage is one page of triggers, the newest first.
type TriggerPage struct {
	Triggers []Trigger
	Next     string // empty at the end
}

// Hooks keeps what webhooks brought.
type Hooks interface {
	// TakeDelivery stores a delivery, durably, and returns its id; again is true when one
	// of that request, or with the same body within a day, was there already, whose id it is then.
	TakeDelivery(ctx context.Context, d Delivery) (id int64, again bool, err error)
	// DueDeliveries returns what waits to be worked on, the oldest first.
	DueDeliveries(ctx context.Context, now time.Time, limit int) ([]Delivery, error)
	// SettleDelivery notes how it went: State, Tries, Due, Outcome.
	SettleDelivery(ctx context.Context, d Delivery) error
	Deliveries(ctx context.Context, q DeliveryQuery) (DeliveryPage, error)
	Delivery(ctx context.Context, in Scope, id int64) (*Delivery, error)
	// ReplayDelivery has a delivery worked on once more.
	ReplayDelivery(ctx context.Context, in Scope, id int64) error

	// LinkIssue stores u in place of what was known of the same issue there.
	LinkIssue(ctx context.Context, u UpstreamIssue) error
	// UpstreamIssueByID returns the tie of an issue there; ErrNotFound without one.
	UpstreamIssueByID(ctx context.Context, org model.OrgID, id string) (*UpstreamIssue, error)
	// UpstreamIssues returns the ties of issues here, by issue.
	UpstreamIssues(ctx context.Context, in Scope, issues []model.IssueID) (map[model.IssueID]UpstreamIssue, error)

	// AddTrigger stores a trigger, once for each delivery.
	AddTrigger(ctx context.Context, t Trigger) error
	Triggers(ctx context.Context, in Scope, p Page) (TriggerPage, error)

	// Cursor returns how far a follower of the feed has come, and MoveCursor moves it.
	Cursor(ctx context.Context, follower string) (int64, error)
	MoveCursor(ctx context.Context, follower string, to int64) error
}
