package model

import "time"

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

	// SampleRate is the share of such spans that the client sent; zero for all.
	SampleRate SampleRate

	Provider, Model string // model calls
	Tool            string // tool calls
	ErrorType       string
	Policy          Policy // policy evaluations
	Usage           Usage
	Terms           Terms
	Cost            Cost
	Signs           Signs

	// Event is the transaction in whose payload the whole span stands; zero for
	// a span that came in a container, whose payload is SpanBlobs[Blob].
	Event EventID
	Blob  int // index into Batch.SpanBlobs; -1 when Event is set

	// Attributes are those of the span's attributes that rooms of the pipeline
	// read (gen_ai.*, ai.*, mcp.*, picket.* and the like), by wire name, as text;
	// long values are left out. All of them are stored in the payload.
	Attributes Attributes
	// Long holds what can be known of those long values that say what was called and
	// what came back.
	Long []LongText
}

// LongText stands for an attribute whose value is too long to be handed over.
type LongText struct {
	Name       string // on the wire
	Head, Tail string // its first and last bytes
	Hash       uint64 // of the whole value, never zero
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
