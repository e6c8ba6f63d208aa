package store

import (
	"context"
	"time"

	"relay.one/picket/internal/model"
)

// OutboxQueue names what waits in one row: the envelopes of a project, or those of one
// customer's organization in it that has an upstream of its own.
type OutboxQueue struct {
	Org          model.OrgID
	Project      model.ProjectID
	Organization string // empty: all others of the project
}

// OutboxRecord is an envelope that waits for an upstream.
type OutboxRecord struct {
	Seq     int64 // rises in the order of arrival, across all queues
	Org     model.OrgID
	Project model.ProjectID
	Time    time.Time // when it came in
	Size    int64     // of the envelope, in bytes
	// Outgoing has no Envelope when it is read: see OutgoingEnvelope.
	model.Outgoing
	// Tries is how often it was refused for itself, Due from when it may be sent again,
	// and Problem what the upstream said last.
	Tries   int
	Due     time.Time
	Problem string
}

// Queue returns where the record waits.
func (r *OutboxRecord) Queue() OutboxQueue {
	return OutboxQueue{r.Org, r.Project, r.Organization}
}

// OutboxQuery selects what may be sent now of one queue, the oldest first.
type OutboxQuery struct {
	Queue OutboxQueue
	After int64     // Seq to go on from; zero from the start
	Now   time.Time // nothing with a later Due
	// Limited are categories that must wait: nothing that has one of them.
	Limited []string
	Limit   int
}

// OutboxState sums up what waits in one queue.
type OutboxState struct {
	OutboxQueue
	Envelopes int64
	Bytes     int64     // packed, as they lie on the disk
	Held      int64     // of Envelopes, until their trace is decided
	Aside     int64     // of Envelopes, refused for themselves and waiting for another try
	Oldest    time.Time // zero when there are none
}

// OutboxLimit bounds what waits; zero fields do not.
type OutboxLimit struct {
	Bytes  int64     // of all packed envelopes together
	Before time.Time // what came in earlier goes
}

// HeldTrace is a trace of which something is held.
type HeldTrace struct {
	Org     model.OrgID
	Project model.ProjectID
	Trace   model.TraceID
	Since   time.Time // when the first of it came in
}

// Outbox is the durable queue to the upstreams. Envelopes come into it by Write, in
// the transaction that stores their batch, unless all events of the batch were there
// before: then they have been in it already.
type Outbox interface {
	// Outgoing returns what may be sent, without the envelopes.
	Outgoing(ctx context.Context, q OutboxQuery) ([]OutboxRecord, error)
	// OutgoingEnvelope returns the envelope of a record; ErrNotFound when it has gone.
	OutgoingEnvelope(ctx context.Context, seq int64) ([]byte, error)
	// OutboxQueues returns every queue with something waiting, of all tenants. It is cheap.
	OutboxQueues(ctx context.Context) ([]OutboxState, error)
	// OutboxStates is OutboxQueues with Held, Aside and Oldest, which it has to look up.
	OutboxStates(ctx context.Context) ([]OutboxState, error)
	// OutboxAside returns what was refused for itself, the oldest first.
	OutboxAside(ctx context.Context, in Scope, limit int) ([]OutboxRecord, error)
	// Sent removes what the upstream took.
	Sent(ctx context.Context, taken []OutboxRecord) error
	// Postpone sets records aside: it notes their Tries, Due and Problem and, where they
	// have an Envelope, that and its Categories in place of what was there, since the
	// upstream took the rest.
	Postpone(ctx context.Context, refused []OutboxRecord) error
	// Hurry makes everything due that is aside.
	Hurry(ctx context.Context, in Scope) error
	// HeldTraces returns the traces of which something is held since before that time, of
	// all tenants.
	HeldTraces(ctx context.Context, before time.Time, limit int) ([]HeldTrace, error)
	// Decide releases what is held of a trace, or removes it. A batch's Decided does the same.
	Decide(ctx context.Context, org model.OrgID, project model.ProjectID, trace model.TraceID, keep bool) error
	// TrimOutbox removes the oldest beyond the limit, counts them as discards of the given
	// reason, one for each of their categories, and returns how many they were by queue. A
	// call may leave some to the next: it returns none when there are no more.
	TrimOutbox(ctx context.Context, l OutboxLimit, reason string) (map[OutboxQueue]int64, error)
}
