// Package rollup holds the narrow counters that dashboards read instead of
// events: what a batch adds to them, how they merge, and how they are stored.
package rollup

import (
	"encoding/binary"
	"time"

	"relay.one/picket/internal/model"
)

// Kind says what a row is about, and thereby what its Name and Sub mean.
type Kind uint8

// The kinds of rollup: narrow each, never one wide cube. Their numbers are
// stored: never renumber.
const (
	Project    Kind = 1  // a whole project
	Agent      Kind = 2  // Name: agent id, empty for what belongs to none
	ErrorType  Kind = 3  // Name: agent id; Sub: error type
	Issue      Kind = 4  // Name: issue id
	AgentIssue Kind = 5  // Name: agent id; Sub: issue id
	Model      Kind = 6  // Name: agent id; Sub: provider/model
	Tool       Kind = 7  // Name: agent id; Sub: tool
	Policy     Kind = 8  // Name: agent id; Sub: policy
	IssueTag   Kind = 9  // Name: issue id; Sub: key, a zero byte, value
	Discarded  Kind = 10 // Name: client or server; Sub: category, a zero byte, reason

	// The same of all agents together, without a name: fifty agents with eight tools
	// each would make fifty times as many rows to read.
	AllErrorTypes Kind = 11
	AllModels     Kind = 12
	AllTools      Kind = 13
	AllPolicies   Kind = 14

	Organization Kind = 15 // Name: the customer's organization
	Fault        Kind = 16 // Name: agent id; Sub: typed agent error
	AllFaults    Kind = 17
	Rule         Kind = 18 // Name: agent id; Sub: rule of outcome
	AllRules     Kind = 19

	// What executions came to that went wrong and hit several issues: each of those counts
	// all of it, and once they are one issue it is there too often.
	IssueSet Kind = 20 // Name: agent id; Sub: ids of the issues, see JoinIssues

	Sampling Kind = 21 // Name: kept or dropped; Sub: category, a zero byte, reason

	numKinds = 22
)

// OfAll returns the kind that holds the same of all names together, or k itself.
func (k Kind) OfAll() Kind {
	switch k {
	case ErrorType:
		return AllErrorTypes
	case Model:
		return AllModels
	case Tool:
		return AllTools
	case Policy:
		return AllPolicies
	case Fault:
		return AllFaults
	case Rule:
		return AllRules
	}
	return k
}

// Tier is the width of a row's time bucket.
type Tier uint8

// The tiers. Their numbers are stored: never renumber.
const (
	Minute Tier = 0
	Hour   Tier = 1
	Day    Tier = 2
)

// Width returns the bucket's length.
func (t Tier) Width() time.Duration {
	return [...]time.Duration{time.Minute, time.Hour, 24 * time.Hour}[t]
}

// Tiers returns the tiers that rows of the kind are kept in.
func (k Kind) Tiers() []Tier {
	if k == IssueTag {
		return []Tier{Day}
	}
	return []Tier{Minute, Hour, Day}
}

// Key tells rows apart, but for their time.
type Key struct {
	Kind                 Kind
	Project              model.ProjectID
	Name, Sub            string
	Environment, Release string
}

// Slot is a key in one minute.
type Slot struct {
	Key
	Minute int64 // Unix minutes
}

// Append encodes s; equal slots have equal encodings.
func (s Slot) Append(dst []byte) []byte {
	dst = append(dst, byte(s.Kind))
	dst = binary.AppendVarint(dst, int64(s.Project))
	dst = binary.AppendVarint(dst, s.Minute)
	for _, text := range [...]string{s.Name, s.Sub, s.Environment, s.Release} {
		dst = appendBytes(dst, text)
	}
	return dst
}
