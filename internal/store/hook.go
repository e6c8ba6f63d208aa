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
	DeliveryFailed  // will be tried again as long as Due is a time
)

// String returns waiting, done, ignored or failed.
func (s DeliveryState) String() string {
	return [...]string{"waiting", "done", "ignored", "failed"}[min(s, 3)]
}

// Delivery is one webhook that was received.
type Delivery struct {
	ID       int64
	Org      model.OrgID
	Received time.Time
	Request  string // the sender's id of the request; unique within an organization
	Resource string
	Action   string
	// Subject is what it is about, such as issue:123 or event:0a1b…; deliveries about the
	// same are worked on in the order in which they came. Empty when unknown.
	Subject string
	// Digest is of the body as it was sent: what is stored of it is scrubbed.
	Digest [32]byte
	Body   []byte
	Size   int64 // of Body
	State  DeliveryState
	Tries  int
	Due    time.Time // when to work on it; zero for never again
	Noted  time.Time // when Outcome was; zero until then
	// Outcome says what became of it, in a sentence.
	Outcome string
	Replays int // how often somebody asked for it again
}

// DeliveryQuery selects deliveries, the newest first. What is empty does not narrow.
type DeliveryQuery struct {
	In       Scope
	Resource string
	Subject  string
	States   []DeliveryState
	Page     Page
}

// DeliveryPage is one page of deliveries, without bodies.
type DeliveryPage struct {
	Deliveries []Delivery
	Next       string // empty at the end
}

// DeliveryLimit bounds which deliveries are kept; what goes first is the oldest.
const (
	DeliveryHistory  = 30 * 24 * time.Hour
	MaxDeliveries    = 200_000
	MaxDeliveryBytes = 512 << 20 // of bodies as they are stored
)

// Resent is for how long a body that comes again is taken for the same delivery:
// Sentry gives every attempt a new id.
const Resent = 24 * time.Hour

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
	How       string    // how the two were found to be the same: event, api, title
	UpdatedAt time.Time // when it was last told: nothing older counts
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
	Data     []byte // as it was sent, scrubbed
}

// TriggerPage is one page of triggers, the newest first.
type TriggerPage struct {
	Triggers []Trigger
	Next     string // empty at the end
}

// Push is what the upstream is still to be told of an issue that it has, too.
type Push struct {
	UpstreamIssue
	What    Changed
	Change  int64 // the cursor of the last change of it
	Tries   int
	Due     time.Time // when to try; zero for never again
	Problem string    // why it was in vain; stays when nothing is to be sent any more
	Sent    time.Time // when the upstream last took something; zero for never
}

// Hooks keeps what webhooks brought.
type Hooks interface {
	// TakeDelivery stores a delivery, durably, and returns its id; again is true when it
	// was there already, whose id it is then: one of the same request, or one that came
	// with the same digest within Resent and was not followed by another of the same
	// resource and subject, if it has one: what went to and fro is not the same again.
	// ID, State, Tries, Outcome and Replays are not looked at.
	TakeDelivery(ctx context.Context, d Delivery) (id int64, again bool, err error)
	// DueDeliveries returns what waits to be worked on, the oldest first.
	DueDeliveries(ctx context.Context, now time.Time, limit int) ([]Delivery, error)
	// SettleDelivery notes how it went: State, Tries, Due, Noted, Outcome; and Action and
	// Subject. One that somebody wants replayed meanwhile stays due.
	SettleDelivery(ctx context.Context, d Delivery) error
	Deliveries(ctx context.Context, q DeliveryQuery) (DeliveryPage, error)
	Delivery(ctx context.Context, in Scope, id int64) (*Delivery, error)
	// ReplayDelivery has a delivery worked on once more, from now on.
	ReplayDelivery(ctx context.Context, in Scope, id int64, now time.Time) error

	// LinkIssue stores u in place of what was known of the same issue there; ErrConflict
	// when what is known is of later than UpdatedAt.
	LinkIssue(ctx context.Context, u UpstreamIssue) error
	// UpstreamIssueByID returns the tie of an issue there; ErrNotFound without one.
	UpstreamIssueByID(ctx context.Context, org model.OrgID, id string) (*UpstreamIssue, error)
	// UpstreamIssues returns the ties of issues here with what is still to be sent, by
	// issue: of several the one that was told last.
	UpstreamIssues(ctx context.Context, in Scope, issues []model.IssueID) (map[model.IssueID]Push, error)

	// PushChanges notes what of the changes the upstream is to be told, for the issues
	// that are tied to one there, and moves the follower's cursor to that of the last
	// change, both or neither. Changes of another origin, or of nothing that is told, are
	// passed over.
	PushChanges(ctx context.Context, follower string, changes []Change, now time.Time) error
	// DuePushes returns what may be sent now, what has waited longest first.
	DuePushes(ctx context.Context, now time.Time, limit int) ([]Push, error)
	// SettlePush notes how it went: What is still to be sent, Tries, Due, Problem, Sent.
	// Where something changed meanwhile, that stays to be sent.
	SettlePush(ctx context.Context, p Push) error

	// AddTrigger stores a trigger, once for each delivery.
	AddTrigger(ctx context.Context, t Trigger) error
	Triggers(ctx context.Context, in Scope, p Page) (TriggerPage, error)

	// Cursor returns how far a follower of the feed has come, and MoveCursor moves it.
	Cursor(ctx context.Context, follower string) (int64, error)
	MoveCursor(ctx context.Context, follower string, to int64) error
}
