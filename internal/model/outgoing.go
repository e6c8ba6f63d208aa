package model

import "time"

// Outgoing is an envelope that is to be sent on to an upstream, in its scrubbed form.
type Outgoing struct {
	Event EventID // zero when the envelope has none
	Trace TraceID // zero when it is of none, or of several
	// Organization is the customer's that it names, if that has an upstream of its own;
	// empty for all that goes to the project's.
	Organization string
	// Categories are Sentry's data categories of the items, each once.
	Categories []string
	// SentAt is the client's clock when it sent; zero when it did not tell.
	SentAt time.Time
	// ClientIP is the sender's address; empty where it must not leave.
	ClientIP string
	// Hops is how many Pickets have forwarded it already.
	Hops int
	// Held keeps it from being sent until the trace is decided.
	Held bool
	// Envelope is the whole envelope, but for what depends on where and when it is sent:
	// its header names no DSN, no sent_at and no public key of a trace.
	Envelope []byte
}

// UpstreamHealth says how an upstream takes what it is sent.
type UpstreamHealth string

// The states of health.
const (
	UpstreamNone    UpstreamHealth = "none"    // there is no upstream: what waits stays until there is one
	UpstreamHealthy UpstreamHealth = "healthy" // it takes what it is sent, or was sent nothing yet
	UpstreamLimited UpstreamHealth = "limited" // it asked for some categories, or all, to wait
	UpstreamAway    UpstreamHealth = "away"    // it does not answer, or not sensibly: it is tried again and again
	UpstreamRefuses UpstreamHealth = "refuses" // it does not take the key: an operator must mend the DSN
)

// UpstreamState is how forwarding stands for a project, or for one customer's organization
// in it that has an upstream of its own.
type UpstreamState struct {
	Org          OrgID
	Project      ProjectID
	Organization string // empty: the project's own
	DSN          string // masked; empty when it forwards nowhere
	Health       UpstreamHealth
	Since        time.Time // of a health other than good; else zero
	Problem      string    // why, and what to do; empty when all is well
	Next         time.Time // when it is tried again; zero when it need not be
	Limits       []UpstreamLimit
	Waiting      int64 // envelopes
	Bytes        int64 // of them, as they lie on the disk
	Held         int64 // of Waiting, until their trace is decided
	Aside        int64 // of Waiting, refused for themselves
	Oldest       time.Time
	Sent         int64 // envelopes taken since the server started
	Dropped      int64 // envelopes given up since then, for room or age
}

// UpstreamLimit is a category that an upstream asked to wait.
type UpstreamLimit struct {
	Category string // empty: all
	Until    time.Time
}

// UpstreamRefusal is an envelope that an upstream refused for itself.
type UpstreamRefusal struct {
	Project      ProjectID
	Organization string
	Event        EventID
	Categories   []string
	Received     time.Time
	Size         int64
	Tries        int
	Next         time.Time
	Problem      string
}
