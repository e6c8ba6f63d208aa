package picket

import (
	"context"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// Headers that carry a trace from one service to the next.
const (
	headerSentryTrace = "Sentry-Trace"
	headerBaggage     = "Baggage"
	headerTraceparent = "Traceparent"
)

// How much of baggage is read, and passed on of others: as much as W3C asks for.
const (
	maxBaggage = 8192 // bytes
	maxMembers = 180
)

// continueTrace reads the trace that a caller sent: sentry-trace and baggage, else
// W3C traceparent. Without either, or where they do not parse, a trace begins.
func continueTrace(h http.Header) trace {
	t := newTrace()
	switch {
	case t.readSentry(first(h, headerSentryTrace)):
		t.readBaggage(h[headerBaggage], true)
	case t.readW3C(first(h, headerTraceparent)):
		t.readBaggage(h[headerBaggage], false)
	}
	return t
}

// first returns a header by its canonical name, without the cost of Get.
func first(h http.Header, name string) string {
	if v := h[name]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// readSentry reads TRACE-SPAN[-SAMPLED].
func (t *trace) readSentry(s string) bool {
	s = strings.TrimSpace(s)
	if len(s) < 49 || s[32] != '-' {
		return false
	}
	if !t.readIDs(s[:32], s[33:49]) {
		return false
	}
	switch s[49:] {
	case "-1":
		t.sampled = sampled
	case "-0":
		t.sampled = dropped
	}
	return true
}

// readW3C reads VERSION-TRACE-SPAN-FLAGS of W3C Trace Context. The caller's sampling flag
// is not followed: it speaks of a system with other rates than ours.
func (t *trace) readW3C(s string) bool {
	s = strings.TrimSpace(s)
	if len(s) < 55 || s[2] != '-' || s[35] != '-' || s[52] != '-' || s[:2] == "ff" {
		return false
	}
	if s[:2] == "00" && len(s) != 55 || len(s) > 55 && s[55] != '-' {
		return false
	}
	_, err := strconv.ParseUint(s[53:55], 16, 8)
	return err == nil && t.readIDs(s[3:35], s[36:52])
}

// readIDs sets trace and parent; an id of zeros alone is none.
func (t *trace) readIDs(traceID, spanID string) bool {
	var id sentry.TraceID
	var parent sentry.SpanID
	if _, err := hex.Decode(id[:], []byte(traceID)); err != nil || id == (sentry.TraceID{}) {
		return false
	}
	if _, err := hex.Decode(parent[:], []byte(spanID)); err != nil || parent == (sentry.SpanID{}) {
		return false
	}
	t.id, t.parent = id, parent
	return true
}

// readBaggage takes the sentry- members of the baggage headers, when the trace came
// from a Sentry SDK, and keeps the others to pass them on.
func (t *trace) readBaggage(headers []string, ours bool) {
	h := wire.TraceHeader{}
	t.foreign = eachMember(headers, func(member string) {
		if ours {
			readMember(&h, member)
		}
	})
	if !ours {
		return
	}
	if h.TraceID != "" && h.TraceID != t.id.String() {
		h = wire.TraceHeader{} // it speaks of another trace
	}
	t.remote = &h
	if f, err := strconv.ParseFloat(h.SampleRate, 64); err == nil && f >= 0 && f <= 1 {
		t.rate = f
	}
	if f, err := strconv.ParseFloat(h.SampleRand, 64); err == nil && f >= 0 && f < 1 {
		t.rand = f
	} else if h.SampleRate != "" && t.sampled != undecided {
		t.fitRand()
	}
}

// eachMember calls ours with what follows "sentry-" in the members of baggage headers,
// and returns the other members.
func eachMember(headers []string, ours func(member string)) (foreign string) {
	n := 0
	for _, header := range headers {
		for member := range strings.SplitSeq(header, ",") {
			if n++; n > maxMembers {
				return foreign
			}
			member = strings.TrimSpace(member)
			if rest, ok := strings.CutPrefix(member, "sentry-"); ok {
				ours(rest)
			} else {
				foreign = joinMembers(foreign, member)
			}
		}
	}
	return foreign
}

// joinMembers puts a member behind others, unless that is too much.
func joinMembers(list, member string) string {
	switch {
	case member == "", len(list)+1+len(member) > maxBaggage:
		return list
	case list == "":
		return member
	}
	return list + "," + member
}

// members ties the baggage's names to the fields they fill.
var members = []struct {
	name  string
	field func(*wire.TraceHeader) *string
}{
	{"trace_id", func(h *wire.TraceHeader) *string { return &h.TraceID }},
	{"public_key", func(h *wire.TraceHeader) *string { return &h.PublicKey }},
	{"org_id", func(h *wire.TraceHeader) *string { return &h.OrgID }},
	{"release", func(h *wire.TraceHeader) *string { return &h.Release }},
	{"environment", func(h *wire.TraceHeader) *string { return &h.Environment }},
	{"transaction", func(h *wire.TraceHeader) *string { return &h.Transaction }},
	{"sampled", func(h *wire.TraceHeader) *string { return &h.Sampled }},
	{"sample_rate", func(h *wire.TraceHeader) *string { return &h.SampleRate }},
	{"sample_rand", func(h *wire.TraceHeader) *string { return &h.SampleRand }},
	{"replay_id", func(h *wire.TraceHeader) *string { return &h.ReplayID }},
}

func readMember(h *wire.TraceHeader, member string) {
	name, value, _ := strings.Cut(member, "=")
	value, _, _ = strings.Cut(value, ";")
	value, err := url.PathUnescape(strings.TrimSpace(value))
	if err != nil || len(value) > 256 {
		return
	}
	for _, m := range members {
		if m.name == strings.TrimSpace(name) {
			*m.field(h) = value
		}
	}
}

// Inject writes the headers that continue ctx's trace at another service: sentry-trace,
// baggage and W3C traceparent. Of a baggage that is there already, the members of others
// stay. It does nothing outside of every scope.
func Inject(ctx context.Context, h http.Header) {
	n := nodeOf(ctx)
	if n == nil {
		return
	}
	t, span := &n.scope.trace, n.scope.trace.span
	keep := t.sampled
	transaction := ""
	if n.span != nil {
		span, keep = n.span.id, sampled
		transaction = n.span.root.lowCardinalityName()
	}
	text := t.id.String() + "-" + span.String()
	flags := "00"
	switch keep {
	case sampled:
		h.Set(headerSentryTrace, text+"-1")
		flags = "01"
	case dropped:
		h.Set(headerSentryTrace, text+"-0")
	default:
		h.Set(headerSentryTrace, text)
	}
	h.Set(headerTraceparent, "00-"+text+"-"+flags)
	header := t.header(n.scope.client, transaction)
	if b := baggage(&header, t.foreignBeside(h[headerBaggage])); b != "" {
		h.Set(headerBaggage, b)
	} else {
		h.Del(headerBaggage)
	}
}

// foreignBeside returns the members of others that came with the trace, and those that
// the headers have beside them: a proxy has the same in both.
func (t *trace) foreignBeside(headers []string) string {
	if len(headers) == 0 {
		return t.foreign
	}
	all := t.foreign
	came := strings.Split(t.foreign, ",")
	for member := range strings.SplitSeq(eachMember(headers, func(string) {}), ",") {
		if !slices.Contains(came, member) {
			all = joinMembers(all, member)
		}
	}
	return all
}

// baggage writes the trace's origin as a baggage header, others' members behind it.
func baggage(h *wire.TraceHeader, foreign string) string {
	var b strings.Builder
	for _, m := range members {
		if value := *m.field(h); value != "" {
			if b.Len() > 0 {
				b.WriteByte(',')
			}
			b.WriteString("sentry-")
			b.WriteString(m.name)
			b.WriteByte('=')
			b.WriteString(url.PathEscape(value))
		}
	}
	if foreign != "" && b.Len()+len(foreign) < maxBaggage {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(foreign)
	}
	return b.String()
}
