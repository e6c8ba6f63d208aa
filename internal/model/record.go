package model

import "time"

// Log is one structured log record.
type Log struct {
	Timestamp            time.Time
	Trace                TraceID
	Span                 SpanID
	Level                Level
	Body                 string
	Release, Environment string
	Agent                string
	Payload              []byte // scrubbed JSON of the record
}

// Attachment is a file that belongs to an event.
type Attachment struct {
	Event       EventID
	Name        string
	ContentType string
	Type        string // e.g. event.attachment
	Data        []byte
}

// CheckIn is one report of a monitored job.
type CheckIn struct {
	ID          EventID // zero: the latest in_progress of that slug and environment
	Monitor     string  // slug
	Status      string  // in_progress, ok, error
	Environment string
	Release     string
	Timestamp   time.Time
	Duration    time.Duration // zero when not given
	Trace       TraceID
	Config      []byte // monitor_config as JSON, nil when not given
}

// Session is a count of sessions that started in one minute, or the update of
// a single one (SID set; Count 1 and exactly one status counted).
type Session struct {
	SID         string // empty for pre-aggregated counts
	DID         string // distinct user
	Seq         int64
	Init        bool
	Started     time.Time
	Timestamp   time.Time
	Duration    time.Duration
	Release     string
	Environment string
	Status      string // single sessions: ok, exited, crashed, abnormal, unhandled
	ErrorCount  int64  // single sessions

	Exited, Errored, Crashed, Abnormal, Unhandled int64 // aggregates
}

// Discard counts what was not stored, and why. Nothing is dropped without one.
type Discard struct {
	Category string // Sentry's data category, e.g. error, transaction, span
	Reason   string
	// Source says who dropped it: "server" or "client" (by client report).
	Source   string
	Quantity int64
}
