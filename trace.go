package picket

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strconv"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// decision says whether a trace is sampled.
type decision int8

const (
	undecided decision = iota
	dropped
	sampled
)

// trace is where in a distributed trace a scope stands.
type trace struct {
	id sentry.TraceID
	// span is the root of our part, known to others even when it is not sampled.
	span sentry.SpanID
	// parent is the caller's span, zero when the trace begins here.
	parent  sentry.SpanID
	sampled decision
	// rate is the part of such traces that is kept, rand where this one stands between 0
	// and 1; both travel with the trace, so that all its services decide alike.
	rate, rand float64
	// remote is what the caller sent of the trace's origin; it is passed on unchanged.
	remote *wire.TraceHeader
	// foreign are members of the baggage header that are not ours, to be passed on.
	foreign string
}

// newTrace returns a trace that begins here.
func newTrace() trace {
	return trace{id: newTraceID(), span: newSpanID(), rand: newRand(0, randSteps)}
}

// randSteps is how many values trace.rand has: those of the six digits that are sent of
// it, so that everybody compares the same number.
const randSteps = 1_000_000

// newRand returns a number from low to below high, both in steps.
func newRand(low, high int) float64 { return float64(low+rand.IntN(high-low)) / randSteps }

// fitRand gives a trace whose caller decided by a rate, but did not say by which number,
// one that leads to the same decision.
func (t *trace) fitRand() {
	edge := int(math.Ceil(t.rate * randSteps))
	switch {
	case t.sampled == sampled && edge > 0:
		t.rand = newRand(0, edge)
	case t.sampled == dropped && edge < randSteps:
		t.rand = newRand(edge, randSteps)
	}
}

func newTraceID() (id sentry.TraceID) {
	binary.LittleEndian.PutUint64(id[:8], rand.Uint64())
	binary.LittleEndian.PutUint64(id[8:], rand.Uint64()|1)
	return id
}

func newSpanID() (id sentry.SpanID) {
	binary.LittleEndian.PutUint64(id[:], rand.Uint64()|1)
	return id
}

// newEventID returns a random id of 32 hexadecimal digits, a UUID of version 4.
func newEventID() EventID {
	id := newTraceID()
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return EventID(id.String())
}

// header returns the trace's dynamic sampling context: what the server and the
// services behind us learn of its origin.
func (t *trace) header(c *Client, transaction string) wire.TraceHeader {
	if t.remote != nil && t.remote.TraceID == t.id.String() {
		return *t.remote
	}
	h := wire.TraceHeader{
		TraceID:     t.id.String(),
		PublicKey:   c.dsn.PublicKey,
		Release:     c.options.Release,
		Environment: c.options.Environment,
		Transaction: c.cleared(transaction),
	}
	if t.sampled != undecided {
		h.Sampled = strconv.FormatBool(t.sampled == sampled)
		h.SampleRate = strconv.FormatFloat(t.rate, 'f', -1, 64)
		h.SampleRand = strconv.FormatFloat(t.rand, 'f', 6, 64)
	}
	return h
}

// cleared returns a name without the secrets in it, as events show it.
func (c *Client) cleared(name string) string {
	e := c.encoder()
	defer e.release()
	if out, found := e.scrub(name, &e.by.plain, asJSON); found {
		return string(out)
	}
	return name
}
