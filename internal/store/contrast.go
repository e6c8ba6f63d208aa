package store

import "time"

// Facet is something that executions or events are told apart by.
type Facet string

// What both executions and events have: one text each, empty for none.
const (
	FacetRelease      Facet = "release"
	FacetEnvironment  Facet = "environment"
	FacetAgent        Facet = "agent"
	FacetOrganization Facet = "organization" // the customer's
	FacetFault        Facet = "fault"        // the typed agent error
)

// What executions have besides.
const (
	FacetVersion     Facet = "version" // the agent's
	FacetFramework   Facet = "framework"
	FacetModel       Facet = "model"       // several: provider/model
	FacetTool        Facet = "tool"        // several
	FacetFailingTool Facet = "failingTool" // several
	FacetPolicy      Facet = "policy"      // several, of those that were violated
	FacetRule        Facet = "rule"        // of outcome
	FacetOutcome     Facet = "outcome"     // the number of a model.Outcome
	FacetLoop        Facet = "loop"        // the number of a model.LoopKind
	FacetParent      Facet = "parent"      // 1 for an execution that another one began
	FacetDuration    Facet = "duration"    // a number: microseconds, of those that ended
	FacetCost        Facet = "cost"        // a number: nano-dollars, where any of it is known
	FacetTokens      Facet = "tokens"      // a number: input and output
)

// What events have besides.
const (
	FacetType        Facet = "type"
	FacetLevel       Facet = "level" // the number of a model.Level
	FacetIssue       Facet = "issue" // its number
	FacetTransaction Facet = "transaction"
	FacetPlatform    Facet = "platform"
)

// Condition holds for rows by one of their facets. All parts that are set hold.
type Condition struct {
	Facet Facet
	// Values are alternatives; the empty one is that of rows that have none. For a facet
	// of several texts it is enough that a row has one of them.
	Values []string
	// Not turns Values around.
	Not bool
	// Min (included) and Max (not) bound a facet that is a number; nil is open.
	Min, Max *int64
}

// Side is some of the rows: those of a stretch of time (zero: open) for which all
// conditions hold.
type Side struct {
	From, To   time.Time
	Conditions []Condition
}

// ContrastQuery asks how two sides of executions or events differ.
type ContrastQuery struct {
	In Scope
	// Events asks for events that belong to an issue, and else it is about executions,
	// by their start.
	Events bool
	// From and To bound everything. Both are needed.
	From, To time.Time
	// Filter holds for both sides.
	Filter []Condition
	// Selection is the one side. A row that is in both sides counts for this one only.
	Selection Side
	// Baseline is the other one; nil is everything that the selection is not.
	Baseline *Side
	// Most is how many rows are read; of more, as many are read, evenly spread over the
	// time and drawn without a look at what they hold. 0 means 100,000.
	Most int
}

// Contrast is how the rows of two sides are spread over the values of each facet.
type Contrast struct {
	// Selection and Baseline are the rows that were read of each side.
	Selection, Baseline int64
	// Share is which part of all rows was read, 1 for all.
	Share float64
	// Facets has those of executions, or of events, in the order of their constants.
	Facets []FacetCounts
}

// FacetCounts is how the rows are spread over one facet. Of a facet that is one text or
// a number the values add up to the rows of each side.
type FacetCounts struct {
	Facet Facet
	// Several says that a row may have several values, or none.
	Several bool
	// Values has all values, sorted: texts by themselves, and numbers as ranges.
	Values []ValueCount
}

// ValueCount counts the rows that have a value.
type ValueCount struct {
	// Value is empty for rows that have none, and for ranges.
	Value string
	// Low (included) and High (not) are the ends of a range, nil where it is open. Ranges
	// are cut where the quantiles of both sides together lie, rounded to two digits.
	Low, High *int64
	// Unknown marks, of a facet that is a number, the rows that have none.
	Unknown             bool
	Selection, Baseline int64
}
