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
	// OwnSpans and OwnEvents hold, at the same index, what spans and events said of
	// themselves, once Assemble has told Spans and Events what their surroundings know.
	// Nil where nothing was assembled: then the spans and events say it themselves.
	OwnSpans  []Own
	OwnEvents []Own
	// Executions holds what is known of agent runs from this batch alone.
	Executions []Execution

	Logs        []Log
	Attachments []Attachment
	CheckIns    []CheckIn
	Sessions    []Session
	Discards    []Discard

	// Draw is what the client's own sampling said of the trace; zero when it said nothing.
	Draw Draw
	// Omitted says why sampling leaves the payloads of events and spans out: they are
	// counted all the same, and what they say of agents is kept. Zero: it does not.
	Omitted Omission
	// Kept is sampling's reason to keep the batch; empty where nothing is sampled.
	Kept string

	// Outgoing is what the upstream gets of it; nil for nothing.
	Outgoing *Outgoing
	// Decided are traces of which it is known now whether the upstream gets them: what
	// is held of them is released or removed.
	Decided []Decision
}

// Decision says what becomes of what is held of a trace.
type Decision struct {
	Trace TraceID
	Keep  bool
}

// Empty reports whether there is nothing to write.
func (b *Batch) Empty() bool {
	return len(b.Events)+len(b.Spans)+len(b.Executions)+len(b.Logs)+len(b.Attachments)+
		len(b.CheckIns)+len(b.Sessions)+len(b.Discards)+len(b.Decided) == 0 && b.Outgoing == nil
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
	// SampleRate is the share of such transactions that the client sent; zero for all.
	SampleRate SampleRate
	// Report is how the execution ended, where an event says so; nil mostly.
	Report *Report
	// Fault is the typed agent error that the event is (see package fault), or empty,
	// and FaultProvider whose model or service it was, if that is known.
	Fault, FaultProvider string
	// Issue is the issue that the event belongs to; the store sets it.
	Issue IssueID

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
	// Fault is what the exception is grouped by instead of type and value: a typed
	// agent error and its provider. Empty for all others.
	Fault        string
	Synthetic    bool // type and value are placeholders
	Handled      Tristate
	Mechanism    string // mechanism type
	ID, ParentID int    // -1 when absent
	Group        bool   // an exception group: its children are its parts
	Frames       []Frame
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
