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
