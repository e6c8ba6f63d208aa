package sentry

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// EventView is the normal form of a stored event, for readers: every alternative
// form of the wire is made one, times are UTC, and free-form parts stay JSON.
// Fields that are absent are zero.
type EventView struct {
	EventID        string    `json:"event_id,omitzero"`
	Type           string    `json:"type"` // error, default, transaction or feedback
	Timestamp      time.Time `json:"timestamp,omitzero"`
	StartTimestamp time.Time `json:"start_timestamp,omitzero"`
	Platform       string    `json:"platform"`
	Level          string    `json:"level"`
	Logger         string    `json:"logger,omitzero"`
	Transaction    string    `json:"transaction,omitzero"`
	Source         string    `json:"transaction_source,omitzero"` // transaction_info.source
	ServerName     string    `json:"server_name,omitzero"`
	Release        string    `json:"release,omitzero"`
	Dist           string    `json:"dist,omitzero"`
	Environment    string    `json:"environment,omitzero"`

	LogEntry    *LogEntryView    `json:"logentry,omitzero"`
	Exceptions  []ExceptionView  `json:"exceptions,omitzero"` // the root cause first
	Threads     []ThreadView     `json:"threads,omitzero"`
	Breadcrumbs []BreadcrumbView `json:"breadcrumbs,omitzero"` // the oldest first
	Request     *RequestView     `json:"request,omitzero"`
	User        *UserView        `json:"user,omitzero"`
	Tags        []model.Tag      `json:"tags,omitzero"`
	Contexts    Members          `json:"contexts,omitzero"`
	Extra       Members          `json:"extra,omitzero"`
	Modules     Members          `json:"modules,omitzero"`
	SDK         SDKView          `json:"sdk,omitzero"`
	Fingerprint []string         `json:"fingerprint,omitzero"`

	DebugMeta    json.RawMessage `json:"debug_meta,omitzero"`
	Measurements json.RawMessage `json:"measurements,omitzero"`
	Template     json.RawMessage `json:"template,omitzero"`
	Errors       []ErrorView     `json:"errors,omitzero"`
	// Meta is the _meta tree: what was taken out, and where.
	Meta json.RawMessage `json:"_meta,omitzero"`
}

// Member is a name and its JSON.
type Member struct {
	Name  string
	Value json.RawMessage
}

// Members are the members of an object in the order of the client.
type Members []Member

// Get returns the JSON under that name, or nil.
func (m Members) Get(name string) json.RawMessage {
	for i := range m {
		if m[i].Name == name {
			return m[i].Value
		}
	}
	return nil
}

// MarshalJSON writes the members as an object.
func (m Members) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	for i := range m {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, []byte(m[i].Name)), ':')
		b = append(b, m[i].Value...)
	}
	return append(b, '}'), nil
}

// LogEntryView is the message of an event.
type LogEntryView struct {
	Formatted string          `json:"formatted"`
	Message   string          `json:"message,omitzero"` // the template, when there is one
	Params    json.RawMessage `json:"params,omitzero"`
}

// SDKView says which client sent the event.
type SDKView struct {
	Name         string        `json:"name,omitzero"`
	Version      string        `json:"version,omitzero"`
	Integrations []string      `json:"integrations,omitzero"`
	Packages     []PackageView `json:"packages,omitzero"`
}

// PackageView is a part of the client.
type PackageView struct {
	Name    string `json:"name"`
	Version string `json:"version,omitzero"`
}

// ErrorView is one thing that was wrong with an event, as the client itself said.
type ErrorView struct {
	Type  string          `json:"type"`
	Name  string          `json:"name,omitzero"`
	Value json.RawMessage `json:"value,omitzero"`
}

// unlimited is the limit of texts that readers want whole.
var unlimited = limit{1 << 30, 0}

// DecodeEvent reads the payload of a stored event. The view is its own memory.
// The error wraps model.ErrInvalid when the payload is no JSON object.
func DecodeEvent(payload []byte) (*EventView, error) {
	t, reason := parseTree(payload)
	if reason != "" {
		return nil, fmt.Errorf("%w event payload: %s", model.ErrInvalid, reason)
	}
	defer t.release()
	if t.root.Type() != fastjson.TypeObject {
		return nil, fmt.Errorf("%w event payload: not an object", model.ErrInvalid)
	}
	f := readFields(t.root)
	v := &EventView{}
	v.head(t.root, f)
	v.body(f)
	v.rest(t.root, f)
	return v, nil
}

// head reads the scalar fields.
func (v *EventView) head(root *fastjson.Value, f *fields) {
	tags := readTags(f.tags)
	v.EventID = viewID(root.Get("event_id"))
	v.Timestamp = viewTime(f.timestamp)
	v.StartTimestamp = viewTime(f.start)
	v.Platform = platform(f.platform)
	v.Logger = text(f.logger, unlimited)
	v.Transaction = trimmed(f.transaction, unlimited)
	v.Source = text(root.Get("transaction_info", "source"), unlimited)
	v.ServerName = or(text(f.serverName, unlimited), tags.serverName)
	v.Release = or(release(f.release), tags.release)
	v.Dist = dist(f.dist)
	v.Environment = or(environment(f.environment), tags.environment)
	v.Tags = tags.list
	v.Type = viewType(root, f)
	def := model.LevelError
	if v.Type == "transaction" || v.Type == "feedback" {
		def = model.LevelInfo
	}
	v.Level = levelOr(f.level, def).String()
}

func viewType(root *fastjson.Value, f *fields) string {
	switch t := string(root.GetStringBytes("type")); {
	case t == "transaction" || t == "feedback":
		return t
	case len(values(f.exception)) > 0:
		return "error"
	}
	return "default"
}

// body reads the interfaces: what happened, where and to whom.
func (v *EventView) body(f *fields) {
	v.LogEntry = logEntryView(f.logentry)
	if v.LogEntry == nil {
		v.LogEntry = logEntryView(f.message)
	}
	for _, e := range values(f.exception) {
		if typeOf(e) == fastjson.TypeObject {
			v.Exceptions = append(v.Exceptions, exceptionView(e))
		}
	}
	for _, e := range values(f.threads) {
		if typeOf(e) == fastjson.TypeObject {
			v.Threads = append(v.Threads, threadView(e))
		}
	}
	if stack := stackView(f.stacktrace); stack != nil {
		if len(v.Exceptions) == 1 && v.Exceptions[0].Stacktrace == nil {
			v.Exceptions[0].Stacktrace = stack
		} else {
			v.Threads = append(v.Threads, ThreadView{Current: true, Stacktrace: stack})
		}
	}
	for _, e := range values(f.breadcrumbs) {
		if typeOf(e) == fastjson.TypeObject {
			v.Breadcrumbs = append(v.Breadcrumbs, breadcrumbView(e))
		}
	}
	v.Request = requestView(f.request)
	v.User = userView(f.user)
}

// rest reads the free-form parts.
func (v *EventView) rest(root *fastjson.Value, f *fields) {
	v.Contexts = viewMembers(f.contexts)
	v.Extra = viewMembers(aliased(root, "extra", "sentry.interfaces.Extra"))
	v.Modules = viewMembers(root.Get("modules"))
	v.Fingerprint = fingerprint(f.fingerprint)
	v.SDK = sdkView(f.sdk)
	v.DebugMeta = viewJSON(root.Get("debug_meta"))
	v.Measurements = viewJSON(f.measurements)
	v.Template = viewJSON(root.Get("template"))
	v.Meta = viewJSON(root.Get("_meta"))
	for _, e := range root.GetArray("errors") {
		if typeOf(e) == fastjson.TypeObject {
			v.Errors = append(v.Errors, ErrorView{
				Type: text(e.Get("type"), unlimited), Name: text(e.Get("name"), unlimited), Value: viewJSON(e.Get("value")),
			})
		}
	}
}

func logEntryView(v *fastjson.Value) *LogEntryView {
	formatted, template := message(v)
	if len(formatted) == 0 {
		return nil
	}
	l := &LogEntryView{Formatted: copyText(formatted, unlimited), Message: copyText(template, unlimited)}
	if typeOf(v) == fastjson.TypeObject {
		l.Params = viewJSON(v.Get("params"))
	}
	return l
}

func sdkView(v *fastjson.Value) SDKView {
	s := SDKView{Name: text(v.Get("name"), unlimited), Version: text(v.Get("version"), unlimited)}
	for _, e := range v.GetArray("integrations") {
		if name := text(e, unlimited); name != "" {
			s.Integrations = append(s.Integrations, name)
		}
	}
	for _, e := range v.GetArray("packages") {
		if name := text(e.Get("name"), unlimited); name != "" {
			s.Packages = append(s.Packages, PackageView{name, text(e.Get("version"), unlimited)})
		}
	}
	return s
}

// viewID returns an event id in its normal form, or nothing.
func viewID(v *fastjson.Value) string {
	if id, ok := eventID(v); ok {
		return id.String()
	}
	return ""
}

// viewTime returns a time as the client told it, or the zero time.
func viewTime(v *fastjson.Value) time.Time {
	if t, ok := timestamp(v); ok && t >= 0 {
		return t.time()
	}
	return time.Time{}
}

// viewJSON returns the JSON of a value; nil for null.
func viewJSON(v *fastjson.Value) json.RawMessage {
	if typeOf(v) == fastjson.TypeNull {
		return nil
	}
	return AppendJSON(nil, v)
}

func viewMembers(v *fastjson.Value) Members {
	var m Members
	members(v, func(key []byte, v *fastjson.Value) {
		m = append(m, Member{string(key), AppendJSON(nil, v)})
	})
	return m
}
