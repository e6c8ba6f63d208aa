package picket

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/redact"
)

// This file writes what surrounds an error: whose it was, and what was going on.

func (e *encoder) contexts(m map[string]sentry.Context) {
	if len(m) == 0 {
		return
	}
	e.member("contexts").open()
	encodeMembers(e, m, (*encoder).context)
	e.close()
}

func (e *encoder) context(name string, c sentry.Context) {
	e.hostMember(name)
	switch {
	case c == nil:
		e.null()
	case name == "trace":
		e.bag(c, (*encoder).traceField)
	case name == "response":
		e.bag(c, (*encoder).responseField)
	default:
		e.value(name, c)
	}
}

// traceField writes a member of the trace context.
func (e *encoder) traceField(key string, v any) {
	e.hostMember(key)
	s, isText := v.(string)
	m, isMap := v.(map[string]any)
	switch key {
	case "data":
		if isMap && m != nil {
			e.bag(m, (*encoder).attribute)
			return
		}
	case "description", "name":
		if isText {
			e.scrubbed(s, &e.by.plain, asJSON)
			return
		}
	case "trace_id", "span_id", "parent_span_id", "segment_id", "profile_id", "op", "status", "origin", "type", "hash":
		if isText {
			e.raw(s)
			return
		}
	}
	e.value(key, v)
}

// userMember writes whom the event happened to, if that is known.
func (e *encoder) userMember(u *sentry.User) {
	at := len(e.buf)
	e.member("user").open()
	empty := len(e.buf)
	e.userMembers(u)
	if len(e.buf) == empty {
		e.buf = e.buf[:at]
		return
	}
	e.close()
}

// userMembers writes what may be known of a user; of one who is not to be known, that
// is one id.
func (e *encoder) userMembers(u *sentry.User) {
	if e.anonymize {
		e.fixed("id", e.pseudonym(encodeFirst(u.ID, u.Email, u.Username, u.Name)))
		return
	}
	e.free("id", u.ID, &e.by.plain)
	e.free("email", u.Email, &e.by.plain)
	e.free("username", u.Username, &e.by.plain)
	e.free("name", u.Name, &e.by.plain)
	if e.addresses() {
		e.fixed("ip_address", u.IPAddress)
	}
	e.pairs("data", u.Data, &e.by.plain)
}

// encodeFirst returns the first text that is not empty.
func encodeFirst(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// pairs writes a member that is a map of texts.
func (e *encoder) pairs(name string, m map[string]string, r *redact.Rules) {
	if len(m) > 0 {
		e.member(name)
		encodeMap(e, m, func(e *encoder, key, s string) { e.named(key, s, r) })
	}
}

func (e *encoder) tags(m map[string]string) {
	if len(m) == 0 {
		return
	}
	e.member("tags").open()
	encodeMembers(e, m, (*encoder).tag)
	e.close()
}

// tag writes one tag as a member. Some tags have the names of attributes and are
// cleared as these.
func (e *encoder) tag(key, s string) {
	const longest = 200
	place := attrPlaceOf(key)
	if e.drops(place) {
		return
	}
	if place == placeAny {
		place = placePlain
	}
	e.hostMember(key)
	at := len(e.buf)
	e.placed(key, s, place)
	if len(s) > longest || strings.IndexByte(s, '\n') >= 0 {
		e.shortenTag(at, longest)
	}
}

// shortenTag makes a tag of the text that is written from there on: Sentry drops values
// that are longer or of several lines.
func (e *encoder) shortenTag(at, longest int) {
	var s string
	if err := json.Unmarshal(e.buf[at:], &s); err != nil {
		return // unreachable: what is quoted is a text
	}
	s = strings.ReplaceAll(s, "\n", " ")
	if utf8.RuneCountInString(s) > longest {
		s = string([]rune(s)[:longest-1]) + encodeCut
	}
	e.buf = encodeQuoted(e.buf[:at], s)
}

// modules writes the packages that the program is made of.
func (e *encoder) modules(m map[string]string) {
	if len(m) == 0 {
		return
	}
	e.member("modules").open()
	encodeMembers(e, m, func(e *encoder, path, version string) {
		e.next()
		e.raw(path)
		e.buf = append(e.buf, ':')
		e.raw(version)
	})
	e.close()
}

func (e *encoder) sdk(s *sentry.SdkInfo) {
	if s.Name == "" && s.Version == "" && len(s.Integrations)+len(s.Packages) == 0 {
		return
	}
	e.member("sdk").open()
	e.fixed("name", s.Name)
	e.fixed("version", s.Version)
	if len(s.Integrations) > 0 {
		e.member("integrations")
		encodeList(e, s.Integrations, (*encoder).raw)
	}
	if len(s.Packages) > 0 {
		e.member("packages")
		encodeList(e, s.Packages, func(e *encoder, p sentry.SdkPackage) {
			e.open()
			e.fixed("name", p.Name)
			e.fixed("version", p.Version)
			e.close()
		})
	}
	e.close()
}

// transactionMembers writes the members that only transactions have.
func (e *encoder) transactionMembers(ev *sentry.Event) {
	e.fixed("type", ev.Type)
	e.moment("start_timestamp", ev.StartTime)
	if ev.TransactionInfo != nil {
		e.member("transaction_info").open()
		e.fixed("source", string(ev.TransactionInfo.Source))
		e.close()
	}
	if len(ev.Spans) == 0 {
		return
	}
	e.member("spans").openList()
	for _, s := range ev.Spans {
		if s != nil {
			e.sentrySpan(s)
		}
	}
	e.closeList()
}

// sentrySpan writes a span of sentry-go's.
func (e *encoder) sentrySpan(s *sentry.Span) {
	e.next()
	e.open()
	e.fixed("trace_id", s.TraceID.String())
	e.fixed("span_id", s.SpanID.String())
	if s.ParentSpanID != (sentry.SpanID{}) {
		e.fixed("parent_span_id", s.ParentSpanID.String())
	}
	e.free("name", s.Name, &e.by.plain)
	e.fixed("op", s.Op)
	e.free("description", s.Description, &e.by.plain)
	e.fixed("status", s.Status.String())
	e.fixed("origin", string(s.Origin))
	e.moment("start_timestamp", s.StartTime)
	e.moment("timestamp", s.EndTime)
	tags, data := eventSpanBags(s)
	e.tags(tags)
	e.attributes("data", data)
	e.close()
}

// eventSpanBags returns what the host set on a span, as it was when the span was captured:
// what is in its fields may still change.
func eventSpanBags(s *sentry.Span) (map[string]string, map[string]any) {
	var captured struct {
		Tags map[string]string `json:"tags"`
		Data map[string]any    `json:"data"`
	}
	b, ok := encodeMarshal(s)
	if !ok || json.Unmarshal(b, &captured) != nil {
		return s.Tags, s.Data
	}
	return captured.Tags, captured.Data
}

// checkIn writes a monitor's check-in.
func (e *encoder) checkIn(ev *sentry.Event) {
	e.open()
	if c := ev.CheckIn; c != nil {
		e.fixed("check_in_id", string(c.ID))
		e.fixed("monitor_slug", c.MonitorSlug)
		e.fixed("status", string(c.Status))
		if c.Duration != 0 {
			e.member("duration").float(c.Duration.Seconds())
		}
	}
	e.fixed("release", ev.Release)
	e.fixed("environment", ev.Environment)
	if ev.MonitorConfig != nil {
		e.plainMember("monitor_config", ev.MonitorConfig)
	}
	e.close()
}
