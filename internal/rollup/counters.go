package rollup

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"

	"relay.one/picket/internal/model"
)

// Counter names one number of a row.
type Counter uint8

// The counters. Their numbers are stored: append, never renumber.
const (
	Events       Counter = iota // errors, messages and feedback
	Errors                      // events of level error or above
	Transactions                // transactions and streamed segments
	Executions                  // executions that ended
	Errored                     // of those, the ones that ended with an error
	Failed                      // of those, the ones that failed without one
	Calls                       // model or tool calls, policy evaluations
	CallErrors                  // of those, the failed ones; for policies, the violations
	Denied                      // policies: denials among the violations
	ModelCalls
	Unpriced // model calls with tokens and no known price
	CostNanos
	FailedCostNanos // cost of executions that ended in error or failed
	InputTokens
	OutputTokens
	CacheReadTokens
	CacheWriteTokens
	ReasoningTokens
	Evaluations
	Violations
	Quantity      // discards
	GuessedCalls  // model calls whose provider was guessed for the price
	ReportedCalls // model calls whose cost is the client's word
	Loops         // executions that went round in circles
	LoopCostNanos // what that burned

	// What is not counted above since SDKs sampled it, in thousandths; see Sampled.
	UnseenExecutions
	SpreadExecutions
	UnseenBad // of the executions, those that errored or failed
	SpreadBad
	UnseenTransactions
	SpreadTransactions
	numCounters
)

// Counters is what one rollup row holds. The zero value is empty. It is not safe
// for concurrent use.
//
// All but the users are signed sums: what was counted can be taken back, in another
// transaction and in any order. A user who was seen stays seen.
type Counters struct {
	n [numCounters]int64
	// durations in milliseconds, nil while empty
	durations *Sketch
	// users that were seen, nil while empty
	users *Users
	// spare is an empty sketch for durations to come, or nil
	spare *Sketch
}

// Reset empties c and keeps its memory.
func (c *Counters) Reset() {
	spare := c.durations
	if spare == nil {
		spare = c.spare
	}
	if spare != nil {
		spare.dd.Clear()
	}
	*c = Counters{spare: spare}
}

// sketch returns the sketch of the durations, made when it is not there.
func (c *Counters) sketch() *Sketch {
	if c.durations == nil {
		c.durations, c.spare = c.spare, nil
	}
	if c.durations == nil {
		c.durations = newSketch()
	}
	return c.durations
}

// Get returns a counter.
func (c *Counters) Get(i Counter) int64 { return c.n[i] }

// Add adds to a counter. A sum that does not fit is the largest number there is:
// costs that clients report could otherwise turn negative.
func (c *Counters) Add(i Counter, by int64) {
	sum := c.n[i] + by
	switch {
	case by > 0 && sum < c.n[i]:
		sum = math.MaxInt64
	case by < 0 && sum > c.n[i]:
		sum = math.MinInt64
	}
	c.n[i] = sum
}

// AddUsage adds the tokens of a model call.
func (c *Counters) AddUsage(u model.Usage) { c.addUsage(u, 1) }

func (c *Counters) addUsage(u model.Usage, sign int64) {
	c.Add(InputTokens, sign*u.Input)
	c.Add(OutputTokens, sign*u.Output)
	c.Add(CacheReadTokens, sign*u.CacheRead)
	c.Add(CacheWriteTokens, sign*u.CacheWrite)
	c.Add(ReasoningTokens, sign*u.Reasoning)
}

// Usage returns the tokens.
func (c *Counters) Usage() model.Usage {
	return model.Usage{Input: c.n[InputTokens], Output: c.n[OutputTokens], CacheRead: c.n[CacheReadTokens],
		CacheWrite: c.n[CacheWriteTokens], Reasoning: c.n[ReasoningTokens]}
}

// AddDuration adds one duration in milliseconds to the sketch.
func (c *Counters) AddDuration(ms float64) { c.addDurations(ms, 1) }

// addDurations adds a duration n times; a negative n takes back what was added.
func (c *Counters) addDurations(ms float64, n int64) { c.sketch().add(ms, float64(n)) }

// Zero reports whether everything that was counted has been taken back: all numbers
// are zero, and all durations. Users are no part of it: they cannot be taken back.
func (c *Counters) Zero() bool {
	return c.n == [numCounters]int64{} && (c.durations == nil || c.durations.zero())
}

// AddUser adds a user by the hash of their key.
func (c *Counters) AddUser(hash uint64) {
	if c.users == nil {
		c.users = &Users{}
	}
	c.users.add(hash)
}

// Quantile returns the q-th quantile (0 to 1) of the durations in milliseconds,
// within 1 % of the true one, and false when there are none.
func (c *Counters) Quantile(q float64) (ms float64, ok bool) {
	if c.durations == nil {
		return 0, false
	}
	return c.durations.quantile(q)
}

// Users estimates how many distinct users were seen: exact for small numbers,
// within about 2 % for large ones.
func (c *Counters) Users() int64 {
	if c.users == nil {
		return 0
	}
	return c.users.estimate()
}

// Merge adds o, which stays as it is; others may read it meanwhile.
func (c *Counters) Merge(o *Counters) {
	for i, n := range o.n {
		if n != 0 {
			c.Add(Counter(i), n)
		}
	}
	if o.durations != nil {
		c.sketch().merge(o.durations)
	}
	if o.users != nil {
		if c.users == nil {
			c.users = &Users{}
		}
		c.users.merge(o.users)
	}
}

// AddTimes adds the numbers of o, and neither its durations nor its users, n times; a
// negative n takes them back.
func (c *Counters) AddTimes(o *Counters, n int64) {
	for i, v := range o.n {
		c.Add(Counter(i), n*v)
	}
}

// Bits behind the counters in a row's mask: which sketches follow.
const (
	hasDurations = 1 << 62
	hasUsers     = 1 << 63
)

// Append encodes c: a mask of what is not zero, the counters as varints, then
// the sketches with their lengths.
func (c *Counters) Append(dst []byte) []byte {
	var mask uint64
	for i, n := range c.n {
		if n != 0 {
			mask |= 1 << i
		}
	}
	if c.durations != nil {
		mask |= hasDurations
	}
	if c.users != nil {
		mask |= hasUsers
	}
	dst = binary.AppendUvarint(dst, mask)
	for _, n := range c.n {
		if n != 0 {
			dst = binary.AppendVarint(dst, n)
		}
	}
	if c.durations != nil {
		dst = appendBytes(dst, c.durations.encode())
	}
	if c.users != nil {
		dst = appendBytes(dst, c.users.encode())
	}
	return dst
}

// Decode reads what Append wrote, adds it to c and returns the rest. Counters
// that a newer version wrote and this one does not know are an error.
func (c *Counters) Decode(src []byte) (rest []byte, err error) {
	return c.decode(src, 0, (*Users).mergeEncoded)
}

// Omit says which sketches of a row a reader can do without: merging them takes longer
// than everything else.
type Omit uint8

// What can be left out.
const (
	OmitUsers Omit = 1 << iota
	OmitDurations
)

// DecodeRow is Decode for a whole row and who only reads it: its users stay encoded,
// in memory of their own, until they are asked for.
func (c *Counters) DecodeRow(src []byte, without Omit) error {
	_, err := c.decode(src, without, func(u *Users, b []byte) error {
		if len(b) > 0 && b[0] == fewUsers {
			return u.mergeEncoded(b)
		}
		u.deferEncoded(bytes.Clone(b))
		return nil
	})
	return err
}

func (c *Counters) decode(src []byte, without Omit, users func(u *Users, encoded []byte) error) (rest []byte, err error) {
	r := reader{src: src}
	mask := r.uvarint()
	known := mask &^ (hasDurations | hasUsers)
	if bits.Len64(known) > int(numCounters) {
		return nil, fmt.Errorf("rollup row has counters of a newer version (mask %#x)", mask)
	}
	for m := known; m != 0; m &= m - 1 {
		c.Add(Counter(bits.TrailingZeros64(m)), r.varint())
	}
	if mask&hasDurations != 0 {
		if encoded := r.bytes(); without&OmitDurations == 0 {
			r.check(c.sketch().mergeEncoded(encoded))
		}
	}
	if mask&hasUsers != 0 && without&OmitUsers != 0 {
		r.bytes()
	} else if mask&hasUsers != 0 {
		if c.users == nil {
			c.users = &Users{}
		}
		r.check(users(c.users, r.bytes()))
	}
	return r.src, r.err
}
