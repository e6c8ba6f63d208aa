package settings

import "fmt"

// Sampling says which payloads are kept and forwarded. Everything is counted before.
type Sampling struct {
	// Errors is the share of errors and messages that is kept, from 0 to 1.
	Errors float64 `json:"sampleRate"`
	// Transactions is the share of traces that is kept of those that nothing below decides.
	Transactions float64 `json:"tracesSampleRate"`
	// Rules come first; of those that match, the first decides.
	Rules []SamplingRule `json:"rules,omitempty"`
	// PerMinute is about how many traces without anything remarkable are kept in a
	// minute, whatever their rate says; 0 means any number.
	PerMinute int `json:"perMinute,omitempty"`
	// CostUSD and Milliseconds are from where an execution is remarkable and so kept;
	// 0 leaves it to what its agent's executions usually cost and last.
	CostUSD      float64 `json:"costUsd,omitempty"`
	Milliseconds int64   `json:"durationMs,omitempty"`
}

// SamplingRule gives the traces that match it a share of their own. Empty fields
// match everything; texts may hold * for any run of characters.
type SamplingRule struct {
	Agent       string  `json:"agent,omitempty"`
	Environment string  `json:"environment,omitempty"`
	Release     string  `json:"release,omitempty"`
	Transaction string  `json:"transaction,omitempty"`
	Rate        float64 `json:"rate"`
}

// DefaultSampling keeps everything.
func DefaultSampling() Sampling { return Sampling{Errors: 1, Transactions: 1} }

// KeepsAll reports whether nothing is ever sampled out.
func (s *Sampling) KeepsAll() bool {
	return s.Errors >= 1 && s.Transactions >= 1 && len(s.Rules) == 0 && s.PerMinute == 0
}

func (s *Sampling) check() (errs []error) {
	errs = append(errs, checkRate("sampleRate", s.Errors)...)
	errs = append(errs, checkRate("tracesSampleRate", s.Transactions)...)
	for i, r := range s.Rules {
		errs = append(errs, checkRate(fmt.Sprintf("rules[%d].rate", i), r.Rate)...)
	}
	if s.PerMinute < 0 {
		errs = append(errs, wrong("perMinute", "%d: want a number above zero, or 0 for no budget", s.PerMinute))
	}
	if !(s.CostUSD >= 0) {
		errs = append(errs, wrong("costUsd", "%g: want an amount of dollars from zero up", s.CostUSD))
	}
	if s.Milliseconds < 0 {
		errs = append(errs, wrong("durationMs", "%d: want milliseconds from zero up", s.Milliseconds))
	}
	return errs
}
