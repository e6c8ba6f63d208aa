package store

import (
	"encoding/json"
	"time"

	"relay.one/picket/internal/model"
)

// Organization is a tenant.
type Organization struct {
	ID      model.OrgID
	Slug    string
	Name    string
	Created time.Time
}

// Project is a stream of events inside an organization.
type Project struct {
	ID       model.ProjectID
	Org      model.OrgID
	Slug     string
	Name     string
	Platform string
	Created  time.Time
	// FirstEvent is when the first event came; zero when none has.
	FirstEvent time.Time
}

// Key is the public half of a DSN.
type Key struct {
	ID      int64
	Org     model.OrgID
	Project model.ProjectID
	Public  string // 32 hexadecimal digits
	Name    string
	Enabled bool
	// PerMinute is the most items a minute this key takes; 0 means no limit.
	PerMinute int
	Created   time.Time
}

// Token is an API token; its secret is kept only as a hash.
type Token struct {
	ID      int64
	Org     model.OrgID
	Name    string
	Scopes  []string
	Created time.Time
}

// EventRecord is a stored event: its columns and its payload.
type EventRecord struct {
	EventSummary
	Payload []byte // scrubbed JSON
	// Next and Previous are the neighbours within the issue; zero at the ends.
	Next, Previous model.EventID
}

// EventSummary is what the columns of a stored event hold.
type EventSummary struct {
	ID           model.EventID
	Project      model.ProjectID
	Kind         model.Kind
	Issue        model.IssueID // zero for transactions
	Timestamp    time.Time
	Received     time.Time
	Duration     time.Duration // transactions
	Level        model.Level
	Title        string
	Culprit      string
	Type         string
	Platform     string
	Release      string
	Environment  string
	Transaction  string
	UserKey      string
	Trace        model.TraceID
	Span         model.SpanID
	Agent        string
	Execution    string
	Organization string
	Fault        string // the typed agent error that it is, or empty
	// Omitted says why sampling left out the payload, which is then nil.
	Omitted model.Omission
}

// EventQuery selects events, newest first.
type EventQuery struct {
	In    Scope
	Issue model.IssueID // zero: any
	Kinds []model.Kind  // empty: all
	Agent string
	// Release, Environment and UserKey narrow to one each; empty: any.
	Release, Environment, UserKey string
	From, To                      time.Time // zero: open
	Page                          Page
}

// EventPage is one page of events.
type EventPage struct {
	Events []EventSummary
	Next   string // empty at the end
}

// Status is what an issue's owner decided.
type Status uint8

// The statuses. Their numbers are stored: never renumber.
const (
	Unresolved Status = 0
	Resolved   Status = 1
	Archived   Status = 2
)

// String returns unresolved, resolved or archived.
func (s Status) String() string { return [...]string{"unresolved", "resolved", "archived"}[min(s, 2)] }

// Substatus refines an unresolved issue.
type Substatus uint8

// The substatuses. Their numbers are stored: never renumber.
const (
	NoSubstatus Substatus = iota
	New
	Ongoing
	Escalating
	Regressed
)

// String returns new, ongoing, escalating, regressed or nothing.
func (s Substatus) String() string {
	return [...]string{"", "new", "ongoing", "escalating", "regressed"}[min(s, 4)]
}

// Issue is events that are the same fault.
type Issue struct {
	ID           model.IssueID
	Project      model.ProjectID
	ProjectSlug  string
	ShortID      string
	Kind         model.Kind
	Title        string
	Culprit      string
	Type         string
	Value        string
	Fault        string // the typed agent error of its newest event, or empty
	Level        model.Level
	Platform     string
	Status       Status
	Substatus    Substatus
	Handled      model.Tristate
	Count        int64
	Users        int64
	FirstSeen    time.Time
	LastSeen     time.Time
	FirstRelease string
	LastRelease  string
	LastEvent    model.EventID
	Resolved     time.Time // zero unless resolved
	AssignedTo   string
}

// IssueSort orders a list of issues.
type IssueSort string

// The orders, each descending; ties go by id.
const (
	ByLastSeen  IssueSort = "date"
	ByFirstSeen IssueSort = "new"
	ByCount     IssueSort = "freq"
	ByUsers     IssueSort = "user"
)

// IssueQuery selects issues.
type IssueQuery struct {
	In Scope
	// Terms all hold; see package query for what they say.
	Terms []Term
	Sort  IssueSort // empty: ByLastSeen
	// Environments narrows to issues seen there.
	Environments []string
	// From and To bound LastSeen and FirstSeen: an issue is in when it was alive then. Zero: open.
	From, To time.Time
	Page     Page
}

// IssuePage is one page of issues.
type IssuePage struct {
	Issues []Issue
	Next   string // empty at the end
}

// Op compares a term's key with its values.
type Op uint8

// The comparisons.
const (
	Equal Op = iota
	Less
	LessEqual
	Greater
	GreaterEqual
	Has // the key is present; no value
)

// Term is one condition of a search: key, comparison and values (any of which
// may match), perhaps negated. A term with an empty key is free text, matched as a
// case-insensitive substring of title, message and culprit. A value may hold `*`,
// any run of characters; a literal star is written `\*`, any other backslash stands
// for itself (query.Parts cuts at the stars). Values of date keys are ages or times
// as they were written (query.Bounds reads them).
type Term struct {
	Key     string
	Op      Op
	Values  []string
	Negated bool
	// Tag forces the key to be read as a tag's (tags[key]:value).
	Tag bool
}

// IssueUpdate changes issues; nil fields stay as they are.
type IssueUpdate struct {
	Status *Status
	// Substatus goes with the status Unresolved, which without it means Ongoing: to take
	// back a change gives an issue the substatus that it had.
	Substatus  *Substatus
	AssignedTo *string
	// Origin is that of the Change: empty for a person here.
	Origin string
}

// What returns what an update changes.
func (u IssueUpdate) What() (w Changed) {
	if u.Status != nil {
		w |= ChangedStatus
	}
	if u.AssignedTo != nil {
		w |= ChangedAssignee
	}
	return w
}

// MaxMerged is the most issues that may be one: everything read of it covers them all.
const MaxMerged = 1000

// Merge is what became of issues that were merged.
type Merge struct {
	Parent   Issue           // the one that stayed, as it is afterwards
	Children []model.IssueID // the others, ascending
}

// MergedIssue is an issue that is merged into another.
type MergedIssue struct {
	// Issue holds what the issue has of its own, what came since it was merged included.
	Issue
	Merged time.Time
}

// TagCount counts the events of an issue that carried a tag's value.
type TagCount struct {
	Key, Value string
	Count      int64
	First      time.Time // start of the day of the first one
	Last       time.Time // start of the day of the last one
}

// Trace is what is stored under one trace id: all of it, unless it is more than
// any page could show.
type Trace struct {
	ID    model.TraceID
	Spans []SpanRecord
	// Events holds the errors, messages and transactions of the trace, without payloads.
	Events []EventSummary
	// Payloads are the scrubbed JSON documents that the spans came in: transactions
	// and containers, each once. sentry.RawSpan finds a span in one.
	Payloads [][]byte
}

// SpanRecord is a stored span, with its kind, its owner and its usage as package
// agent finds them in everything that is stored of its trace.
type SpanRecord struct {
	Project model.ProjectID
	// Span has no Attributes and no Blob: they stand in the payload.
	model.Span
	// Payload is the index into Trace.Payloads of the document that holds the span, or
	// what ExecutionTrace.Load goes by; -1 for none, and when the payloads of the trace
	// are too many to be read.
	Payload int
	// Omitted says why sampling left out the payload.
	Omitted model.Omission
}

// LogQuery selects log records, newest first.
type LogQuery struct {
	In       Scope
	Trace    model.TraceID // zero: any
	From, To time.Time
	Page     Page
}

// LogRecord is a stored log record.
type LogRecord struct {
	ID      int64
	Project model.ProjectID
	model.Log
}

// LogPage is one page of log records.
type LogPage struct {
	Logs []LogRecord
	Next string
}

// AttachmentRecord is a stored attachment.
type AttachmentRecord struct {
	ID      int64
	Project model.ProjectID
	Size    int64
	Created time.Time
	model.Attachment
}

// Monitor is a scheduled job that reports its runs.
type Monitor struct {
	ID      int64
	Project model.ProjectID
	Slug    string
	Config  json.RawMessage // as the SDK sent it; nil when it never did
	Status  string          // of the newest check-in
	Last    time.Time
}

// CheckInRecord is a stored check-in.
type CheckInRecord struct {
	Project model.ProjectID
	model.CheckIn
}

// CheckInPage is one page of check-ins, newest first.
type CheckInPage struct {
	CheckIns []CheckInRecord
	Next     string
}

// SessionQuery selects session counts.
type SessionQuery struct {
	In                   Scope
	Release, Environment string // empty: any
	From, To             time.Time
}

// SessionCount is the health of one release in one environment and minute.
type SessionCount struct {
	Project              model.ProjectID
	Minute               time.Time
	Release, Environment string
	// Total is the sessions that started; the others are how they ended, each session in one.
	Total, Exited, Errored, Crashed, Abnormal, Unhandled int64
}
