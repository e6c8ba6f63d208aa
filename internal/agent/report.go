package agent

import (
	"bytes"
	"math"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

const (
	// maxReport is the largest execution context that is read.
	maxReport = 16 << 10
	// maxSought is how many members of its name are looked into.
	maxSought = 8
)

var contextKey = []byte(`"` + wire.ContextExecution + `"`)

// readReport reads from the event's execution context how the execution ended, if
// it says so; see package wire for its members.
func readReport(e *model.Event) *model.Report {
	v := reportOf(e)
	outcome, ended := parseOutcome(textOf(v, wire.ExecutionOutcome))
	if !ended {
		return nil
	}
	r := &model.Report{Outcome: outcome, Duration: reportedDuration(v, e), Usage: reportedUsage(v.Get(wire.ExecutionUsage))}
	r.Timed = v.Get(wire.ExecutionDurationMS) != nil && e.Kind != model.KindTransaction
	if outcome != model.OutcomeOK {
		r.Reason = textOf(v, wire.ExecutionReason)
	}
	if cost := v.Get(wire.ExecutionCostUSD); cost != nil {
		r.Cost = reportedCost(string(cost.MarshalTo(nil)))
	}
	return r
}

// tellReport lets the event's report end the execution. Usage and cost are taken
// only when no model calls of the execution are known.
func tellReport(x *model.Execution, e *model.Event) {
	r := e.Report
	x.Ended, x.Outcome, x.Reason, x.Duration = true, r.Outcome, r.Reason, r.Duration
	if x.Span.IsZero() {
		x.Span = e.Span
	}
	if r.Timed {
		x.Start = e.Timestamp.Add(-x.Duration)
	}
	if x.ModelCalls == 0 {
		x.Usage, x.Cost = r.Usage, r.Cost
	}
}

// reportOf finds the execution context in the event's payload: the object under
// that key whose id is the execution's. It looks instead of parsing the whole payload.
func reportOf(e *model.Event) *fastjson.Value {
	rest := e.Payload
	for range maxSought {
		i := bytes.Index(rest, contextKey)
		if i < 0 {
			return nil
		}
		rest = rest[i+len(contextKey):]
		object := objectAt(rest)
		if object == nil || !bytes.Contains(object, []byte(wire.ExecutionOutcome)) {
			continue
		}
		v, err := fastjson.ParseBytes(object)
		if err == nil && textOf(v, wire.ExecutionID) == e.Execution {
			return v
		}
	}
	return nil
}

// objectAt returns the JSON object that stands after a colon, or nil.
func objectAt(b []byte) []byte {
	b = bytes.TrimLeft(b, " \t\r\n:")
	if len(b) == 0 || b[0] != '{' {
		return nil
	}
	b = b[:min(len(b), maxReport)]
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth == 0 {
				return b[:i+1]
			}
		}
	}
	return nil
}

func textOf(v *fastjson.Value, key string) string { return string(v.GetStringBytes(key)) }

// reportedDuration is what the context says, else how long the transaction lasted.
func reportedDuration(v *fastjson.Value, e *model.Event) time.Duration {
	if ms := v.GetFloat64(wire.ExecutionDurationMS); ms > 0 && ms < math.MaxInt64/1e6 {
		return time.Duration(ms * 1e6)
	}
	if e.Kind == model.KindTransaction && e.Timestamp.After(e.Started) && !e.Started.IsZero() {
		return e.Timestamp.Sub(e.Started)
	}
	return 0
}

func reportedUsage(v *fastjson.Value) model.Usage {
	count := func(key string) int64 {
		n := v.GetInt64(key)
		if n < 0 || n > maxTokens {
			return 0
		}
		return n
	}
	u := model.Usage{
		Input: count(wire.UsageInput), Output: count(wire.UsageOutput),
		CacheRead: count(wire.UsageCacheRead), CacheWrite: count(wire.UsageCacheWrite),
		Reasoning: count(wire.UsageReasoning),
	}
	include(&u, 0)
	return u
}
