package agent

import (
	"bytes"
	"math"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

const (
	// maxReport is the largest execution context that is read.
	maxReport = 64 << 10
	// maxSought is how many members of its name are looked into.
	maxSought = 8
)

var contextKey = []byte(`"` + wire.ContextExecution + `"`)

// readReport reads what the event's execution context tells of the execution; nil when
// it tells nothing. See package wire for its members.
func readReport(e *model.Event) *model.Report {
	v := reportOf(e)
	if v == nil {
		return nil
	}
	r := &model.Report{Duration: reportedDuration(v, e), Usage: reportedUsage(v.Get(wire.ExecutionUsage))}
	r.Outcome, _ = parseOutcome(textOf(v, wire.ExecutionOutcome))
	r.Timed = v.Get(wire.ExecutionDurationMS) != nil && e.Kind != model.KindTransaction
	if r.Outcome != model.OutcomeOK {
		r.Reason = textOf(v, wire.ExecutionReason)
	}
	if cost := v.Get(wire.ExecutionCostUSD); cost != nil {
		r.Cost = reportedCost(string(cost.MarshalTo(nil)))
	}
	for _, t := range v.GetArray(wire.ExecutionTools) {
		r.Tools = append(r.Tools, reportedCall(t))
	}
	for _, p := range v.GetArray(wire.ExecutionPolicies) {
		r.Policies = append(r.Policies, model.Policy{Name: textOf(p, "name"), Reason: textOf(p, "reason"),
			Verdict: verdicts[strings.ToLower(textOf(p, "verdict"))]})
	}
	return r
}

// parseOutcome reads the name of an outcome that ends an execution.
func parseOutcome(name string) (o model.Outcome, ok bool) {
	for o = model.OutcomeOK; o <= model.OutcomeFailed; o++ {
		if name == o.String() {
			return o, true
		}
	}
	return model.OutcomeRunning, false
}

// reportedCall reads a tool call. Its error is a text or an object, or true.
func reportedCall(v *fastjson.Value) model.ReportedCall {
	c := model.ReportedCall{Name: textOf(v, "name"), Duration: milliseconds(v.GetFloat64("duration_ms"))}
	if e := v.Get("error"); e != nil {
		t := e.Type()
		c.Failed = t == fastjson.TypeTrue || t == fastjson.TypeObject || len(e.GetStringBytes()) > 0
	}
	if a := v.Get("arguments"); a != nil {
		c.Call = max(1, mix(hashValue(c.Name), hashValue(plainText(a))))
	}
	return c
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
		if object == nil || !reports(object) {
			continue
		}
		v, err := fastjson.ParseBytes(object)
		if err == nil && textOf(v, wire.ExecutionID) == e.Execution {
			return v
		}
	}
	return nil
}

// reports reports whether the context may hold more than an id.
func reports(object []byte) bool {
	for _, key := range [...]string{wire.ExecutionOutcome, wire.ExecutionTools, wire.ExecutionPolicies, wire.ExecutionUsage, wire.ExecutionCostUSD} {
		if bytes.Contains(object, []byte(key)) {
			return true
		}
	}
	return false
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
	if d := milliseconds(v.GetFloat64(wire.ExecutionDurationMS)); d > 0 {
		return d
	}
	if e.Kind == model.KindTransaction && e.Timestamp.After(e.Started) && !e.Started.IsZero() {
		return e.Timestamp.Sub(e.Started)
	}
	return 0
}

// milliseconds returns the duration; zero for one that cannot be.
func milliseconds(ms float64) time.Duration {
	if ms > 0 && ms < math.MaxInt64/1e6 {
		return time.Duration(ms * 1e6)
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
	include(&u, 0, countsAll)
	return u
}
