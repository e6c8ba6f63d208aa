package store

import (
	"context"
	"time"

	"relay.one/picket/internal/model"
)

// ExecutionSort orders a list of executions.
type ExecutionSort string

// The orders, each descending; ties go by project and id.
const (
	ByStart    ExecutionSort = "start"
	ByCost     ExecutionSort = "cost"
	ByDuration ExecutionSort = "duration"
)

// ExecutionQuery selects runs of agents. What is empty or zero does not narrow.
type ExecutionQuery struct {
	In           Scope
	ID           string
	Agent        string
	Outcomes     []model.Outcome
	Rule         string // of outcome, that fired
	Fault        string // the typed error that ended it
	UserKey      string
	Organization string // the customer's
	Conversation string
	Release      string
	Environment  string
	Model        string // provider/model that it called
	Tool         string // that it called
	Policy       string // that it violated
	Issue        model.IssueID
	Looped       bool // it went round in circles
	MinCostNanos int64
	From, To     time.Time     // of its start
	Sort         ExecutionSort // empty: ByStart
	Page         Page
}

// ExecutionRecord is a stored execution.
type ExecutionRecord struct {
	Project model.ProjectID
	model.Execution
}

// ExecutionPage is one page of executions.
type ExecutionPage struct {
	Executions []ExecutionRecord
	Next       string
}

// ExecutionTrace is an execution and everything of the traces that it ran through,
// of its project; spans and events of others than itself are among it.
type ExecutionTrace struct {
	ExecutionRecord
	// Trace has no Payloads: a long one has megabytes of them, of which a page shows little.
	Trace Trace
	// Load reads the payloads with those indexes, which SpanRecord.Payload has, into
	// memory that is the caller's. What retention took meanwhile is nil, and so is what
	// would be too much to be read at once.
	Load func(ctx context.Context, payloads []int) ([][]byte, error)
}

// ConversationQuery selects conversations, those whose last execution began last first.
type ConversationQuery struct {
	In           Scope
	ID           string
	Agent        string
	UserKey      string
	Organization string
	From, To     time.Time // of the executions' starts; zero: open
	Page         Page
}

// Conversation sums up the executions of one conversation, those that the query selects.
type Conversation struct {
	Project       model.ProjectID
	ID            string
	Agents        []string // ids, sorted
	UserKey       string   // of one of them
	Organization  string   // likewise
	Executions    int64
	Errored       int64
	Failed        int64
	Start, End    time.Time
	Usage         model.Usage
	CostNanos     int64
	UnpricedCalls int64
}

// ConversationPage is one page of conversations.
type ConversationPage struct {
	Conversations []Conversation
	Next          string
}
