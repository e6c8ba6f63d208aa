package model

import "time"

// Stage is a part of the way of an event to an upstream.
type Stage string

// The stages, in their order. An upstream that took the event has passed all of them.
const (
	StageParse    Stage = "parse"    // the DSN can be read
	StageResolve  Stage = "resolve"  // its host has an address
	StageConnect  Stage = "connect"  // which may be called, and answers there
	StageTLS      Stage = "tls"      // with a certificate for the host
	StageAuth     Stage = "auth"     // the key is good
	StageLimited  Stage = "limited"  // and not over its limits
	StageRejected Stage = "rejected" // the event was taken
)

// TestEvent says where a test event goes, and what it looks like.
type TestEvent struct {
	DSN         string
	Environment string // none when empty
	Release     string // likewise
}

// Trial is what became of a test event that was sent to an upstream.
type Trial struct {
	OK bool
	// Stage is where it failed, and Problem says why and what to do; empty when OK.
	Stage   Stage
	Problem string
	Event   EventID // zero when it was not sent
	Status  int     // of HTTP; zero without an answer
	Latency time.Duration
	// Passed are the stages that it got through, in their order.
	Passed []TrialStage
}

// TrialStage is a stage that was passed, and how long it took.
type TrialStage struct {
	Stage Stage
	Took  time.Duration
}
