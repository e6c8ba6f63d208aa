package model

import (
	"math"
	"strconv"
	"strings"
)

// SampleRate is the share of traces that an SDK sent, in billionths; zero means all of
// them. It stands for more than what came: see package rollup.
type SampleRate uint32

const (
	wholeRate = 1_000_000_000
	// leastRate is the smallest share that is believed: with a smaller one, a single trace
	// would stand for more than everything else that is counted.
	leastRate = wholeRate / 100_000
)

// ParseSampleRate reads a share as SDKs write it, such as 0.25. What is no share above
// 0 and below 1 is taken for all of it, and less than 0.00001 for that.
func ParseSampleRate(text string) SampleRate {
	share, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(share > 0 && share < 1) {
		return 0
	}
	return SampleRate(min(max(math.Round(share*wholeRate), leastRate), wholeRate-1))
}

// Share returns the rate as a number above 0 and up to 1.
func (r SampleRate) Share() float64 {
	if r == 0 {
		return 1
	}
	return float64(r) / wholeRate
}

// Draw is what an SDK told of its own sampling, in the trace header of an envelope.
type Draw struct {
	Trace TraceID
	Rate  SampleRate
	// Rand is the number that it drew for the trace, from 0 to below 1: it sent the trace
	// because that is below the rate. Zero when not told.
	Rand float64
}

// Omission says why sampling left a payload out.
type Omission uint8

// The omissions. Their numbers are stored: never renumber.
const (
	NotOmitted      Omission = iota
	OmittedByRate            // the share of errors or traces that is kept
	OmittedByRule            // a rule's share
	OmittedByBudget          // the budget of the minute was used up
)

var omissionNames = [...]string{"", "rate", "rule", "budget"}

// String returns rate, rule, budget or nothing.
func (o Omission) String() string {
	if int(o) < len(omissionNames) {
		return omissionNames[o]
	}
	return ""
}
