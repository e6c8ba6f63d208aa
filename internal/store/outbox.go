package store

import (
	"context"
	"time"

	"relay.one/picket/internal/model"
)

// OutboxRecord is an envelope that waits for an upstream.
type OutboxRecord struct {
	Seq     int64
	Org     model.OrgID
	Project model.ProjectID
	Time    time.Time // when it came in
	model.Outgoing
	// Tries is how often it was sent in vain, Due from when it may be sent again, and
	// Problem what the upstream said last.
	Tries   int
	Due     time.Time
	Problem string
}

// OutboxQuery selects what may be sent now, the oldest first.
type OutboxQuery struct {
	Org     model.OrgID
	Project model.ProjectID
	After   int64     // Seq to go on from; zero from the start
	Now     time.Time // nothing with a later Due
	Limit   int
}

// OutboxState sums up what waits for one project's upstream.
type OutboxState struct {
	Org       model.OrgID
	Project   model.ProjectID
	Envelopes int64
	Bytes     int64
	Held      int64     // of Envelopes, until their trace is decided
	Aside     int64     // of Envelopes, refused for themselves and waiting for another try
	Oldest    time.Time // zero when there are none
}

// OutboxLimit bounds what waits; zero fields do not.
type OutboxLimit struct {
	Bytes  int64     // of all packed envelopes together
	Before time.Time // what came in earlier goes
}

// Outbox is the durable queue to the upstreams. Envelopes come into it by Write, in
// the transaction that stores their batch.
type Outbox interface {
	Outgoing(ctx context.Context, q OutboxQuery) ([]OutboxRecord, error)
	// OutboxStates returns the state of every project with something waiting.
	OutboxStates(ctx context.Context) ([]OutboxState, error)
	// Sent removes what the upstream took.
	Sent(ctx context.Context, seqs []int64) error
	// Postpone notes Tries, Due and Problem of what it did not.
	Postpone(ctx context.Context, failed []OutboxRecord) error
	// Decide releases what is held of a trace, or removes it.
	Decide(ctx context.Context, org model.OrgID, project model.ProjectID, trace model.TraceID, keep bool) error
	// TrimOutbox removes the oldest beyond the limit, counts them as discards of the given
	// reason, and returns how many they were.
	TrimOutbox(ctx context.Context, l OutboxLimit, reason string) (int64, error)
}
