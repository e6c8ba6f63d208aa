package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// The functions of this file go wrong for real, each in its own way, and report
// it as a Go program does: so their stacks and chains are what sentry-go makes of them.

// ledgerError says that the ledger refused an entry.
type ledgerError struct {
	account string
	code    int
}

func (e *ledgerError) Error() string {
	return fmt.Sprintf("ledger refused account %s: code %d", e.account, e.code)
}

// toolTimeoutError says that a tool gave no answer in time.
type toolTimeoutError struct {
	tool  string
	after time.Duration
	err   error
}

func (e *toolTimeoutError) Error() string {
	return fmt.Sprintf("tool %s gave no answer in %s", e.tool, e.after)
}

func (e *toolTimeoutError) Unwrap() error { return e.err }

// postInvoice reports an error that was wrapped on its way up.
func (s *scene) postInvoice() {
	err := &ledgerError{account: s.words("{number}0-{number}"), code: 4022}
	s.hub.CaptureException(fmt.Errorf("post invoice %s: %w", s.words("{order}"), fmt.Errorf("write entry: %w", err)))
}

// closeBooks reports two errors joined into one.
func (s *scene) closeBooks() {
	err := errors.Join(
		&ledgerError{account: "1200", code: 4090},
		fmt.Errorf("lock %s: %w", s.words("{topic}"), context.DeadlineExceeded),
	)
	s.hub.CaptureException(fmt.Errorf("close the books of %s: %w", s.run.at.UTC().Format(time.DateOnly), err))
}

// decodeAnswer reports that the model's answer stopped in the middle.
func (s *scene) decodeAnswer() {
	var answer struct{ Slot, Reason string }
	err := json.Unmarshal([]byte(`{"slot":"`+s.words("{topic}")), &answer)
	s.hub.CaptureException(fmt.Errorf("decode the answer of %s: %w", s.run.agent.model.name, err))
}

// waitForTool reports a deadline that passed.
func (s *scene) waitForTool() {
	s.hub.CaptureException(&toolTimeoutError{tool: s.step.tool.name, after: 30 * time.Second, err: context.DeadlineExceeded})
}

// lastColumn panics: a page had fewer columns than expected.
func (s *scene) lastColumn() {
	defer s.recovered()
	columns := make([]string, s.run.agent.rounds)
	_ = columns[len(columns)+s.asked]
}

// rememberSlot panics: nobody made the map.
func (s *scene) rememberSlot() {
	defer s.recovered()
	var slots map[string]time.Time
	//lint:ignore SA5000 the panic is what is shown
	slots[s.words("{user}")] = s.now
}

// recovered reports a panic. It stands in a defer statement itself, as recover demands.
func (s *scene) recovered() {
	if v := recover(); v != nil {
		s.hub.RecoverWithContext(context.Background(), v)
	}
}
