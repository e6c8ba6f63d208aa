// Package sample decides what is kept of what came in, after everything was counted,
// and does the arithmetic of what was not.
package sample

// Verdict is what becomes of a batch.
type Verdict uint8

// The verdicts.
const (
	// Keep stores and forwards the batch whole.
	Keep Verdict = iota
	// Drop counts the batch, and keeps no payload of it.
	Drop
	// Wait keeps the batch until the trace that it is a piece of has shown what it is:
	// it is stored whole, and its envelope is held back.
	Wait
)
