package picket

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"relay.one/picket/wire"
)

// This file holds the golden envelopes against the protocol: what Sentry's servers and
// pages need of each field.

var (
	specID32   = regexp.MustCompile(`^[0-9a-f]{32}$`)
	specID16   = regexp.MustCompile(`^[0-9a-f]{16}$`)
	specTagKey = regexp.MustCompile(`^[a-zA-Z0-9_.:-]{1,200}$`)
	specOrigin = regexp.MustCompile(`^(manual|auto)(\.[a-z_]+){0,3}$`)
)

var (
	specLevels  = []string{"debug", "info", "warning", "error", "fatal"}
	specCrumbs  = []string{"default", "debug", "error", "navigation", "http", "info", "query", "transaction", "ui", "user"}
	specSources = []string{"custom", "url", "route", "view", "component", "task"}
	specStatus  = []string{"ok", "cancelled", "unknown", "unknown_error", "invalid_argument", "deadline_exceeded", "not_found", "already_exists",
		"permission_denied", "resource_exhausted", "failed_precondition", "aborted", "out_of_range", "unimplemented", "internal_error",
		"unavailable", "data_loss", "unauthenticated"}
	specReasons = []string{"queue_overflow", "buffer_overflow", "cache_overflow", "ratelimit_backoff", "network_error", "send_error", "sample_rate",
		"before_send", "event_processor", "internal_sdk_error", "insufficient_data", "backpressure", "ignored", "invalid", "no_parent_span"}
)

// spec reports what is wrong with an envelope.
type spec struct {
	*testing.T
	file string
}

func (s spec) fault(format string, args ...any) {
	s.Helper()
	s.Errorf(s.file+": "+format, args...)
}

// text returns a member that has to be a text, not an empty one.
func (s spec) text(o any, path ...string) string {
	s.Helper()
	text, _ := at(o, path...).(string)
	if text == "" {
		s.fault("%v is %#v, want a text", path, at(o, path...))
	}
	return text
}

func (s spec) match(re *regexp.Regexp, o any, path ...string) {
	s.Helper()
	if text := s.text(o, path...); !re.MatchString(text) {
		s.fault("%v is %q, want %s", path, text, re)
	}
}

func (s spec) oneOf(list []string, o any, path ...string) {
	s.Helper()
	if text := s.text(o, path...); !slices.Contains(list, text) {
		s.fault("%v is %q, want one of %v", path, text, list)
	}
}

// moment returns a member that has to be a time as RFC 3339.
func (s spec) moment(o any, path ...string) time.Time {
	s.Helper()
	m, err := time.Parse(time.RFC3339Nano, s.text(o, path...))
	if err != nil || m.Location() != time.UTC {
		s.fault("%v: %v in %v", path, err, m.Location())
	}
	return m
}

// only reports members that the protocol does not have.
func (s spec) only(o any, names string) {
	s.Helper()
	for name := range o.(object) {
		if !slices.Contains(strings.Fields(names), name) {
			s.fault("there is no such member as %s", name)
		}
	}
}

func TestGoldensKeepToTheProtocol(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(files) != len(goldens) {
		t.Fatalf("%d files of %d goldens: %v", len(files), len(goldens), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []goldenEnvelope
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			t.Errorf("%s is empty", file)
		}
		for _, e := range list {
			spec{t, filepath.Base(file)}.envelope(e)
		}
	}
}

func (s spec) envelope(e goldenEnvelope) {
	for _, item := range e.Items {
		if item.Type != wire.ItemClientReport {
			s.header(e.Header, item)
		}
		switch item.Type {
		case wire.ItemEvent:
			s.event(item.Payload)
		case wire.ItemTransaction:
			s.transaction(item)
		case wire.ItemSpan:
			s.container(e.Header, item)
		case wire.ItemCheckIn:
			s.match(specID32, item.Payload, "check_in_id")
			s.text(item.Payload, "monitor_slug")
			s.oneOf([]string{"in_progress", "ok", "error"}, item.Payload, "status")
		case wire.ItemLog:
			if item.ContentType != wire.ContentLogs || item.ItemCount != len(at(item.Payload, "items").([]any)) {
				s.fault("a log container of %s with %d items", item.ContentType, item.ItemCount)
			}
		case wire.ItemClientReport:
			s.clientReport(item.Payload)
		default:
			s.fault("there is no such item as %s", item.Type)
		}
	}
}

func (s spec) header(h object, item goldenItem) {
	s.only(h, "event_id sdk sent_at trace")
	s.moment(h, "sent_at")
	s.text(h, "sdk", "name")
	s.text(h, "sdk", "version")
	if id := at(item.Payload, "event_id"); id != h["event_id"] && item.Type != wire.ItemCheckIn && item.Type != wire.ItemLog {
		s.fault("the envelope is of %v, its item of %v", h["event_id"], id)
	}
	switch item.Type {
	case wire.ItemEvent, wire.ItemTransaction, wire.ItemSpan:
		s.match(specID32, h, "trace", "trace_id")
		s.text(h, "trace", "public_key")
		for name, value := range h["trace"].(object) {
			if _, ok := value.(string); !ok {
				s.fault("the trace's %s is %#v, want a text", name, value)
			}
		}
	}
	if item.Type == wire.ItemEvent || item.Type == wire.ItemTransaction {
		if at(item.Payload, "contexts", "trace", "trace_id") != at(h, "trace", "trace_id") {
			s.fault("the trace of the header is not that of the item")
		}
	}
}

// common checks what errors and transactions share.
func (s spec) common(p any) {
	s.match(specID32, p, "event_id")
	s.moment(p, "timestamp")
	s.match(regexp.MustCompile("^go$"), p, "platform")
	s.text(p, "release")
	s.text(p, "environment")
	s.text(p, "server_name")
	s.text(p, "sdk", "name")
	s.text(p, "sdk", "version")
	s.match(specID32, p, "contexts", "trace", "trace_id")
	s.match(specID16, p, "contexts", "trace", "span_id")
	if at(p, "contexts", "trace", "parent_span_id") != nil {
		s.match(specID16, p, "contexts", "trace", "parent_span_id")
	}
	tags, _ := at(p, "tags").(object)
	for key, value := range tags {
		if text, ok := value.(string); !ok || !specTagKey.MatchString(key) || len(text) > 200 || strings.Contains(text, "\n") {
			s.fault("tag %q is %#v", key, value)
		}
	}
	if user, ok := at(p, "user").(object); ok {
		s.only(user, "id email username name ip_address")
		s.text(user, "id")
	}
	if request, ok := at(p, "request").(object); ok {
		s.only(request, "url method query_string headers cookies data env")
		s.match(regexp.MustCompile(`^https?://[^?#]+$`), request, "url")
		s.match(regexp.MustCompile(`^[A-Z]+$`), request, "method")
	}
}

func (s spec) event(p any) {
	s.only(p, "event_id fingerprint timestamp platform level release environment server_name transaction message exception fingerprint breadcrumbs contexts tags user request sdk")
	s.common(p)
	s.oneOf(specLevels, p, "level")
	if (at(p, "message") == nil) == (at(p, "exception") == nil) {
		s.fault("an event is an error or a message")
	}
	if at(p, "exception") != nil {
		s.exceptions(at(p, "exception", "values").([]any))
	}
	crumbs, _ := at(p, "breadcrumbs", "values").([]any)
	for _, b := range crumbs {
		s.only(b, "timestamp type category level message data")
		s.moment(b, "timestamp")
		s.oneOf(specLevels, b, "level")
		if at(b, "type") != nil {
			s.oneOf(specCrumbs, b, "type")
		}
	}
	s.execution(at(p, "contexts", "execution"))
}

// exceptions are a tree that their mechanisms tie; the root stands last.
func (s spec) exceptions(list []any) {
	for i, x := range list {
		s.only(x, "type value module stacktrace mechanism thread_id")
		s.text(x, "type")
		s.text(x, "mechanism", "type")
		if _, ok := at(x, "mechanism", "handled").(bool); !ok {
			s.fault("exception %d does not say whether it was handled", i)
		}
		if id := at(x, "mechanism", "exception_id"); id != float64(len(list)-1-i) {
			s.fault("exception %d has the id %v", i, id)
		}
		parent, isChild := at(x, "mechanism", "parent_id").(float64)
		if root := i == len(list)-1; isChild == root || isChild && parent >= float64(len(list)-1-i) {
			s.fault("exception %d is below %v", i, at(x, "mechanism", "parent_id"))
		}
		frames, _ := at(x, "stacktrace", "frames").([]any)
		for _, f := range frames {
			s.only(f, "function module filename abs_path lineno colno in_app")
			s.text(f, "function")
			if at(f, "filename") == nil && at(f, "abs_path") == nil || at(f, "lineno") == nil {
				s.fault("a frame is nowhere: %v", f)
			}
		}
	}
	if frames, _ := at(list[len(list)-1], "stacktrace", "frames").([]any); len(frames) == 0 {
		s.fault("the root has no stack")
	}
}

// execution is a context of Picket's own, see package wire.
func (s spec) execution(x any) {
	if x == nil {
		return
	}
	s.only(x, "id outcome reason duration_ms usage cost_usd tool_calls policy_evaluations")
	s.text(x, wire.ExecutionID)
	if at(x, wire.ExecutionUsage) != nil {
		s.only(at(x, wire.ExecutionUsage), "input_tokens output_tokens cache_read_tokens cache_write_tokens reasoning_tokens")
	}
}

func (s spec) clientReport(p any) {
	s.moment(p, "timestamp")
	for _, d := range at(p, "discarded_events").([]any) {
		s.only(d, "reason category quantity")
		s.oneOf(specReasons, d, "reason")
		if n, _ := at(d, "quantity").(float64); wire.ItemCategory(s.text(d, "category")) == "" || n < 1 {
			s.fault("discarded %v", d)
		}
	}
}
