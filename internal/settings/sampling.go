package settings

import (
	"fmt"
	"math"
)

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
	for i := range s.Rules {
		errs = append(errs, s.Rules[i].check(fmt.Sprintf("rules[%d].", i))...)
	}
	if len(s.Rules) > mostRules {
		errs = append(errs, wrong("rules", "there are %d, at most %d are taken: * stands for any run of characters", len(s.Rules), mostRules))
	}
	if s.PerMinute < 0 {
		errs = append(errs, wrong("perMinute", "%d: want a number above zero, or 0 for no budget", s.PerMinute))
	}
	if !(s.CostUSD >= 0 && s.CostUSD < math.MaxInt64) {
		errs = append(errs, wrong("costUsd", "%g: want an amount of dollars from zero up", s.CostUSD))
	}
	if s.Milliseconds < 0 {
		errs = append(errs, wrong("durationMs", "%d: want milliseconds from zero up", s.Milliseconds))
	}
	return errs
}

const (
	// mostRules is how many rules each trace may be held against.
	mostRules = 200
	// longestPattern is as long as the longest name that Sentry takes.
	longestPattern = 250
)

func (r *SamplingRule) check(at string) []error {
	errs := checkRate(at+"rate", r.Rate)
	for _, t := range [...]struct{ name, pattern string }{{"agent", r.Agent}, {"environment", r.Environment}, {"release", r.Release}, {"transaction", r.Transaction}} {
		if len(t.pattern) > longestPattern {
			errs = append(errs, wrong(at+t.name, "has %d characters, at most %d are taken", len(t.pattern), longestPattern))
		}
	}
	return errs
}
