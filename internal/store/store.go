// Package store holds the contracts of Picket's storage, cut by who calls:
// Writer for the pipeline, Reader for the APIs, Desk for administration and
// triage, Accounts for those who sign in, Gate for the door, Feed for alerting, Hooks for what
// an upstream says. An engine implements them all and passes storetest.
package store

import (
	"context"
	"io"
	"time"

	"relay.one/picket/internal/model"
)

// Store is what an engine provides.
type Store interface {
	Writer
	Reader
	Desk
	Gate
	Feed
	Accounts
	Settings
	Hooks
	Outbox
	// Stats describes the engine for /metrics and /readyz.
	Stats(ctx context.Context) (Stats, error)
	io.Closer
}

// Writer takes batches from the pipeline.
type Writer interface {
	// Write commits b, durably and as a whole, together with the issues, rollups
	// and changes that it causes, and then returns. Several calls may share one
	// transaction. The error is ErrBusy when the queue is full and ErrFull when the
	// disk is; nothing of b is stored then. The engine sets Event.Issue and does not
	// keep b.
	//
	// Executions, and all rollups but the counts of users, depend on the set of spans
	// and events that were written and on nothing else: not on their order, on which
	// came together, or on how often each came. See docs/analytics.md for the bounds.
	Write(ctx context.Context, b *model.Batch) (Receipt, error)
}

// Receipt says what a Write found.
type Receipt struct {
	// Duplicates are the ids of events that were there already and not counted again.
	Duplicates []model.EventID
}

// Scope is the wall around a tenant: every read and every change takes one, and
// the organization in it comes from the caller's session, never from the request alone.
type Scope struct {
	Org model.OrgID
	// Projects narrows to some projects of the organization; empty means all of them.
	Projects []model.ProjectID
}

// Page is one page of a list.
type Page struct {
	// Cursor is where to go on, as an earlier answer gave it; empty for the first page.
	Cursor string
	// Limit is the most rows wanted; engines cap it at 1,000 and take 0 as 100.
	Limit int
}

// Reader answers the APIs. What a Write has acknowledged is visible to every
// later read. Missing things are ErrNotFound.
type Reader interface {
	Event(ctx context.Context, in Scope, id model.EventID) (*EventRecord, error)
	Events(ctx context.Context, q EventQuery) (EventPage, error)
	// Issue returns an issue. Here and wherever issues are read, the id of one that is
	// merged into another stands for that, and what it has, had and gets counts there.
	Issue(ctx context.Context, in Scope, id model.IssueID) (*Issue, error)
	IssueByShortID(ctx context.Context, in Scope, shortID string) (*Issue, error)
	// Issues lists issues, without those that are merged into others; those are found by
	// what they say, too.
	Issues(ctx context.Context, q IssueQuery) (IssuePage, error)
	// MergedIssues returns what is merged into an issue, the latest merged first.
	MergedIssues(ctx context.Context, in Scope, id model.IssueID) ([]MergedIssue, error)
	// IssueTags returns the distribution of an issue's tags, most frequent values first.
	IssueTags(ctx context.Context, in Scope, id model.IssueID) ([]TagCount, error)
	// Trace returns the spans of a trace, by start, and its errors.
	Trace(ctx context.Context, in Scope, id model.TraceID) (*Trace, error)
	// Executions lists runs of agents.
	Executions(ctx context.Context, q ExecutionQuery) (ExecutionPage, error)
	// Execution returns a run of an agent with all that it left, across its traces.
	Execution(ctx context.Context, in Scope, id string) (*ExecutionTrace, error)
	// Conversations lists conversations, the latest first.
	Conversations(ctx context.Context, q ConversationQuery) (ConversationPage, error)
	Logs(ctx context.Context, q LogQuery) (LogPage, error)
	// Attachments lists an event's attachments without their data.
	Attachments(ctx context.Context, in Scope, event model.EventID) ([]AttachmentRecord, error)
	Attachment(ctx context.Context, in Scope, event model.EventID, id int64) (*AttachmentRecord, error)
	Monitors(ctx context.Context, in Scope) ([]Monitor, error)
	CheckIns(ctx context.Context, in Scope, monitor string, p Page) (CheckInPage, error)
	SessionCounts(ctx context.Context, q SessionQuery) ([]SessionCount, error)
	// Rollup calls each for every stored row of the query, by time; see RollupQuery.
	Rollup(ctx context.Context, q RollupQuery, each func(RollupRow) error) error
	// Contrast counts what the rows of two sides have; see ContrastQuery.
	Contrast(ctx context.Context, q ContrastQuery) (Contrast, error)
}

// Desk is administration and triage.
type Desk interface {
	Organizations(ctx context.Context) ([]Organization, error)
	// CreateOrganization makes an organization; ErrConflict when the slug is taken.
	CreateOrganization(ctx context.Context, slug, name string) (Organization, error)
	Projects(ctx context.Context, in Scope) ([]Project, error)
	// CreateProject makes a project and a key for it; ErrConflict when the slug is taken.
	CreateProject(ctx context.Context, in Scope, slug, name, platform string) (Project, error)
	Keys(ctx context.Context, in Scope, project model.ProjectID) ([]Key, error)
	// LimitKey switches a key on or off and sets how many items a minute it takes; 0 means any number.
	LimitKey(ctx context.Context, in Scope, key int64, enabled bool, perMinute int) error
	// CreateToken makes a token and returns its secret, which is not kept.
	CreateToken(ctx context.Context, in Scope, name string, scopes []string) (secret string, err error)
	// Tokens lists the tokens, the oldest first.
	Tokens(ctx context.Context, in Scope) ([]Token, error)
	// RevokeToken makes a token worthless at once.
	RevokeToken(ctx context.Context, in Scope, token int64) error
	// UpdateIssues changes issues and returns them as they are afterwards, each once: one
	// that is merged into another stands for that.
	UpdateIssues(ctx context.Context, in Scope, ids []model.IssueID, u IssueUpdate) ([]Issue, error)
	// MergeIssues makes issues of one project the same fault. The one called into stays;
	// when that is zero, the one with most events, of equals the younger. What had been
	// merged into the others follows them. ErrInvalid when fewer than two issues are
	// named, when they are of several projects, are feedback, or come to more than
	// MaxMerged together.
	MergeIssues(ctx context.Context, in Scope, ids []model.IssueID, into model.IssueID) (Merge, error)
	// UnmergeIssues gives back issues that were merged into another, each with all events
	// of its own fingerprints, those that came since included, with what had been merged
	// into it before, and with the status it had; a resolved one whose fault came again
	// has regressed. It returns the other one as it is afterwards; ErrNotFound when one
	// of them is not merged into it.
	UnmergeIssues(ctx context.Context, in Scope, from model.IssueID, ids []model.IssueID) (*Issue, error)
}

// Gate answers who may come in.
type Gate interface {
	// Key returns the project key with that public part. Disabled keys are returned too.
	Key(ctx context.Context, public string) (Key, error)
	// Token returns whose secret that is; ErrUnauthorized when unknown or revoked.
	Token(ctx context.Context, secret string) (Token, error)
}

// Feed hands out what writing caused, in order and without gaps.
type Feed interface {
	// Changes returns at most limit changes after the cursor, oldest first.
	Changes(ctx context.Context, after int64, limit int) ([]Change, error)
}

// Stats describes an engine.
type Stats struct {
	SizeBytes  int64
	QueueDepth int
	Commits    uint64
	Events     int64 // stored
	Spans      int64 // written since the start
}

// ChangeKind says what happened.
type ChangeKind string

// The kinds of change.
const (
	IssueCreated   ChangeKind = "issue.created"
	IssueRegressed ChangeKind = "issue.regressed"
	IssueUpdated   ChangeKind = "issue.updated"
)

// Change is one thing that a write caused, stored in the write's own transaction.
type Change struct {
	Cursor  int64
	Time    time.Time
	Kind    ChangeKind
	Org     model.OrgID
	Project model.ProjectID
	Issue   model.IssueID
	Event   model.EventID
	// Origin says what changed it when that was no person here: sentry, for a webhook.
	Origin string
	// What a person or a webhook changed of the issue; zero for what they did not.
	What Changed
}

// OriginSentry is the origin of changes that a webhook of the upstream caused.
const OriginSentry = "sentry"

// Changed says what was changed of an issue, as a set. Its bits are stored.
type Changed uint8

// What of an issue can be changed and is told others.
const (
	ChangedStatus Changed = 1 << iota
	ChangedAssignee
)
