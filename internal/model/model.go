// Package model holds Picket's nouns and error kinds: what every room talks
// about. It imports the standard library only and does nothing but name things.
package model

import "time"

// Batch is what one request brought for one project, decoded, scrubbed and
// ready to be written as a whole. The pipeline owns it until the store's Write
// returns; nobody changes it afterwards.
type Batch struct {
	Org      OrgID
	Project  ProjectID
	Received time.Time

	// Events holds errors, messages, transactions and feedback.
	Events []Event
	// Spans holds every span of whatever carrier, root spans of transactions included.
	Spans []Span
	// SpanBlobs holds the payloads that spans without a transaction of their own point into.
	SpanBlobs []SpanBlob
	// Executions holds what is known of agent runs from this batch alone.
	Executions []Execution

	Logs        []Log
	Attachments []Attachment
	CheckIns    []CheckIn
	Sessions    []Session
	Discards    []Discard
}

// Empty reports whether there is nothing to write.
func (b *Batch) Empty() bool {
	return len(b.Events)+len(b.Spans)+len(b.Executions)+len(b.Logs)+len(b.Attachments)+
		len(b.CheckIns)+len(b.Sessions)+len(b.Discards) == 0
}

// Kind says what an event is.
type Kind uint8

// The kinds of event. Their numbers are stored: never renumber.
const (
	KindError       Kind = 1 // an exception, a crash
	KindMessage     Kind = 2 // a message without exception (Sentry's type "default")
	KindTransaction Kind = 3
	KindFeedback    Kind = 4
)

// Level is the severity of an event, a breadcrumb or a log.
type Level uint8

// The levels in rising severity. Their numbers are stored: never renumber.
const (
	LevelUnset Level = iota
	LevelTrace
	LevelDebug
	LevelInfo
	LevelWarning
	LevelError
	LevelFatal
)

var levelNames = [...]string{"", "trace", "debug", "info", "warning", "error", "fatal"}

// String returns Sentry's name of the level; empty when unset.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return ""
}

// Event is one captured error, message, transaction or feedback.
type Event struct {
	ID        EventID
	Kind      Kind
	Timestamp time.Time // after clock correction, UTC
	Started   time.Time // transactions only
	Level     Level

	Platform    string
	Release     string
	Environment string
	Dist        string
	Transaction string
	ServerName  string
	Logger      string
	SDKName     string
	SDKVersion  string

	Message    string // formatted
	Template   string // logentry.message, when it differs from Message
	Exceptions []Exception
	Threads    []Thread
	Request    Request
	User       User
	Tags       []Tag

	Fingerprint []string // as the client sent it; nil when default
	Checksum    string   // legacy grouping override

	Trace  TraceID
	Span   SpanID
	Parent SpanID // transactions: parent of the root span
	Op     string // transactions
	Status SpanStatus

	// Agent, Execution, Conversation and Organization say whose event this is;
	// empty when unknown. Organization is the customer's, not the tenant.
	Agent        Agent
	Execution    string
	Conversation string
	Organization string

	// Title, Culprit and Type head the issue; Hashes are its fingerprints, the
	// most specific first. Set by group. Hashes is empty for transactions.
	Title   string
	Culprit string
	Type    string
	Value   string
	Hashes  []Hash
	Handled Tristate

	// Shifted says that the timestamp was corrected or made up, so that a second
	// copy of the event may carry another.
	Shifted bool

	// Payload is the scrubbed JSON as stored: what the client sent, less secrets,
	// plus "_meta" for what was taken out.
	Payload []byte
}

// Hash is a grouping fingerprint.
type Hash [16]byte

// Tristate is a boolean that may be unknown.
type Tristate int8

// The values of a Tristate.
const (
	Unknown Tristate = 0
	Yes     Tristate = 1
	No      Tristate = -1
)

// Exception is one link of an exception chain; the root cause comes first.
type Exception struct {
	Type, Value, Module string
	Synthetic           bool // type and value are placeholders
	Handled             Tristate
	Mechanism           string // mechanism type
	ID, ParentID        int    // -1 when absent
	Group               bool   // an exception group: its children are its parts
	Frames              []Frame
}

// Frame is one call of a stack; the crash comes last.
type Frame struct {
	Function, RawFunction string
	Module, Package       string
	Filename, AbsPath     string
	ContextLine           string
	Line, Column          int
	InApp                 Tristate
	Platform              string
	SourceMapped          bool // data.sourcemap is set
}

// Thread is one thread of the crashed or reporting process.
type Thread struct {
	ID, Name         string
	Crashed, Current bool
	Frames           []Frame
}

// Request is the HTTP request that an event belongs to: only what is indexed.
type Request struct {
	URL, Method string
}

// User is whoever was affected.
type User struct {
	ID, Email, Username, IP string
}

// Key returns what tells users apart: the first of id, email, username and
// address, with its kind, or "" when nobody is known.
func (u User) Key() string {
	switch {
	case u.ID != "":
		return "id:" + u.ID
	case u.Email != "":
		return "email:" + u.Email
	case u.Username != "":
		return "username:" + u.Username
	case u.IP != "":
		return "ip:" + u.IP
	}
	return ""
}

// Tag is an indexed key and value.
type Tag struct{ Key, Value string }

// Agent is an AI agent as it named itself.
type Agent struct {
	ID        string // what the API addresses; the name when no id was given
	Name      string
	Framework string
	Version   string
}

// SpanStatus is how a span ended.
type SpanStatus uint8

// The span statuses: Sentry's names, which are gRPC's. Their numbers are stored: never renumber.
const (
	StatusUnknown SpanStatus = iota
	StatusOK
	StatusCancelled
	StatusInvalidArgument
	StatusDeadlineExceeded
	StatusNotFound
	StatusAlreadyExists
	StatusPermissionDenied
	StatusResourceExhausted
	StatusFailedPrecondition
	StatusAborted
	StatusOutOfRange
	StatusUnimplemented
	StatusInternalError
	StatusUnavailable
	StatusDataLoss
	StatusUnauthenticated
)

var statusNames = [...]string{"unknown", "ok", "cancelled", "invalid_argument", "deadline_exceeded",
	"not_found", "already_exists", "permission_denied", "resource_exhausted", "failed_precondition",
	"aborted", "out_of_range", "unimplemented", "internal_error", "unavailable", "data_loss", "unauthenticated"}

// String returns Sentry's name of the status.
func (s SpanStatus) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "unknown"
}

// ParseStatus returns the status of that name and whether there is one.
func ParseStatus(name string) (SpanStatus, bool) {
	for i, n := range statusNames {
		if n == name {
			return SpanStatus(i), true
		}
	}
	return StatusUnknown, false
}

// Failed reports whether the status is an error; a cancelled span is none.
func (s SpanStatus) Failed() bool { return s > StatusCancelled }

// SpanKind is what a span means to an agent.
type SpanKind uint8

// The kinds of span. Their numbers are stored: never renumber.
const (
	SpanOther   SpanKind = 0
	SpanAgent   SpanKind = 1 // one run of an agent
	SpanModel   SpanKind = 2 // a call of a model
	SpanTool    SpanKind = 3 // a call of a tool
	SpanHandoff SpanKind = 4
	SpanPolicy  SpanKind = 5 // a policy evaluation
)

// Span is one timed operation of a trace.
type Span struct {
	Trace       TraceID
	ID, Parent  SpanID
	Start       time.Time
	Duration    time.Duration
	Op, Name    string
	Status      SpanStatus
	Kind        SpanKind
	Segment     bool // the root of a service's part of the trace
	Release     string
	Environment string

	Agent        Agent
	Execution    string
	Conversation string
	Organization string
	User         User

	Provider, Model string // model calls
	Tool            string // tool calls
	ErrorType       string
	Policy          Policy // policy evaluations
	Usage           Usage
	Cost            Cost

	// Event is the transaction in whose payload the whole span stands; zero for
	// a span that came in a container, whose payload is SpanBlobs[Blob].
	Event EventID
	Blob  int // index into Batch.SpanBlobs; -1 when Event is set

	// Attributes are those of the span's attributes that rooms of the pipeline
	// read (gen_ai.*, ai.*, mcp.*, picket.* and the like), by wire name, as text;
	// long values are left out. All of them are stored in the payload.
	Attributes Attributes
}

// Attributes is a short list of names and values; a list, since most spans have
// few and a map costs more than it finds.
type Attributes []Tag

// Get returns the value under the first of the names that is there and not empty.
func (a Attributes) Get(names ...string) string {
	for _, n := range names {
		for i := range a {
			if a[i].Key == n && a[i].Value != "" {
				return a[i].Value
			}
		}
	}
	return ""
}

// SpanBlob is the scrubbed JSON of a container's spans. Spans with the same
// blob arrived together.
type SpanBlob struct {
	Payload []byte
}

// Verdict is what a policy said of an agent's act.
type Verdict uint8

// The verdicts. Their numbers are stored: never renumber.
const (
	VerdictNone Verdict = iota
	VerdictAllow
	VerdictDeny
	VerdictFlag
)

// Violation reports whether the verdict is a deny or a flag.
func (v Verdict) Violation() bool { return v == VerdictDeny || v == VerdictFlag }

var verdictNames = [...]string{"", "allow", "deny", "flag"}

// String returns allow, deny, flag or nothing.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return ""
}

// Policy is one evaluation of a policy.
type Policy struct {
	Name    string
	Verdict Verdict
	Reason  string
}

// Usage counts tokens. Input includes CacheRead and CacheWrite, Output includes Reasoning.
type Usage struct {
	Input, Output, CacheRead, CacheWrite, Reasoning int64
}

// Total returns input plus output.
func (u Usage) Total() int64 { return u.Input + u.Output }

// Add adds the other usage.
func (u *Usage) Add(o Usage) {
	u.Input += o.Input
	u.Output += o.Output
	u.CacheRead += o.CacheRead
	u.CacheWrite += o.CacheWrite
	u.Reasoning += o.Reasoning
}

// Pricing says where a cost comes from.
type Pricing uint8

// The states of a cost. Their numbers are stored: never renumber.
const (
	NotACost Pricing = iota // the span is no model call, or used no tokens
	Priced                  // by the price table
	Guessed                 // by the price table, the provider guessed from the model's name
	Unpriced                // no price known: never counted as zero
	Reported                // the SDK said so, and the table knows no better
)

// Cost is money in nano-dollars: integers, so that sums are exact.
type Cost struct {
	Nanos   int64
	Pricing Pricing
}

// doubts orders the states of a cost from the most certain to the least.
var doubts = [...]uint8{NotACost: 0, Priced: 1, Reported: 2, Guessed: 3, Unpriced: 4}

// Add adds the other cost. The sum is as doubtful as its most doubtful part, so an
// Unpriced sum holds what is known of it.
func (c *Cost) Add(o Cost) {
	c.Nanos += o.Nanos
	if doubts[o.Pricing] > doubts[c.Pricing] {
		c.Pricing = o.Pricing
	}
}

// Outcome is how an execution ended.
type Outcome uint8

// The outcomes. Their numbers are stored: never renumber.
const (
	OutcomeRunning Outcome = iota // no end seen yet
	OutcomeOK
	OutcomeError  // ended with an error
	OutcomeFailed // ended without an error and yet did not do the task
)

var outcomeNames = [...]string{"running", "ok", "error", "failed"}

// String returns running, ok, error or failed.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return ""
}

// Execution is one run of an agent, as far as one batch knows it. The store
// merges what later batches add under the same key.
type Execution struct {
	ID           string // the client's id, or trace and span of the agent's span
	Trace        TraceID
	Span         SpanID
	Agent        Agent
	Conversation string
	Organization string
	UserKey      string
	Release      string
	Environment  string

	Start    time.Time
	Duration time.Duration
	Ended    bool // the agent's span arrived: Duration and Outcome are final
	Outcome  Outcome
	Reason   string // error type or rule, when not ok

	Usage         Usage
	Cost          Cost
	UnpricedCalls int
	ModelCalls    int
	ToolCalls     int
	ToolErrors    int
	Evaluations   int
	Violations    int
}

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
