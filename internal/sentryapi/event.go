package sentryapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/store"
)

// event is an event as lists show it.
type event struct {
	ID          string   `json:"id"`
	EventID     string   `json:"eventID"`
	GroupID     *string  `json:"groupID"`
	ProjectID   string   `json:"projectID"`
	DateCreated *string  `json:"dateCreated"`
	Title       string   `json:"title"`
	Message     string   `json:"message"`
	Type        string   `json:"type"`
	EventType   string   `json:"event.type"`
	Platform    string   `json:"platform"`
	Culprit     string   `json:"culprit"`
	Location    *string  `json:"location"`
	CrashFile   *string  `json:"crashFile"`
	User        *person  `json:"user"`
	Tags        []tag    `json:"tags"`
	Metadata    metadata `json:"metadata"`
}

// wholeEvent is an event with all that its payload says.
type wholeEvent struct {
	event
	Size           int             `json:"size"`
	Dist           *string         `json:"dist"`
	DateReceived   *string         `json:"dateReceived"`
	Contexts       sentry.Members  `json:"contexts"`
	Extra          sentry.Members  `json:"context"`
	Packages       sentry.Members  `json:"packages"`
	SDK            json.RawMessage `json:"sdk"`
	Entries        []entry         `json:"entries"`
	Errors         []eventError    `json:"errors"`
	Occurrence     *struct{}       `json:"occurrence"`
	Fingerprints   []string        `json:"fingerprints"`
	GroupingConfig struct{}        `json:"groupingConfig"`
	Release        *eventRelease   `json:"release"`
	Next           *string         `json:"nextEventID"`
	Previous       *string         `json:"previousEventID"`
	Start          *float64        `json:"startTimestamp,omitempty"` // transactions, in Unix seconds
	End            *float64        `json:"endTimestamp,omitempty"`
	Measurements   json.RawMessage `json:"measurements,omitempty"`
	Meta           json.RawMessage `json:"_meta"`
}

type tag struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type person struct {
	ID        *string         `json:"id"`
	Email     *string         `json:"email"`
	Username  *string         `json:"username"`
	Name      *string         `json:"name"`
	IPAddress *string         `json:"ip_address"`
	Geo       json.RawMessage `json:"geo"`
	Data      sentry.Members  `json:"data"`
}

type eventError struct {
	Type    string         `json:"type"`
	Message string         `json:"message"`
	Data    eventErrorData `json:"data"`
}

type eventErrorData struct {
	Name  string          `json:"name"`
	Value json.RawMessage `json:"value"`
}

type eventRelease struct {
	release
	ID           string    `json:"id"`
	DateCreated  *string   `json:"dateCreated"`
	DateReleased *string   `json:"dateReleased"`
	LastCommit   *struct{} `json:"lastCommit"`
}

// view reads the payload of a stored event; of one that was sampled out, what is known
// without it.
func view(e *store.EventRecord) (*sentry.EventView, error) {
	if e.Omitted != model.NotOmitted {
		return sampledOut(e), nil
	}
	v, err := sentry.DecodeEvent(e.Payload)
	if err != nil {
		// The payload was read once before it was stored: this is our fault and no client's.
		return nil, fmt.Errorf("stored payload of event %s: %v", e.ID, err)
	}
	return v, nil
}

// sampledOut tells of an event whose payload was not kept, and why, as Sentry tells of
// what is wrong with one.
func sampledOut(e *store.EventRecord) *sentry.EventView {
	why, err := json.Marshal(e.Omitted.String())
	if err != nil {
		why = nil // a text: it cannot fail
	}
	return &sentry.EventView{Platform: e.Platform, Level: e.Level.String(), Transaction: e.Transaction,
		Errors: []sentry.ErrorView{{Type: "sampled_out", Name: "payload", Value: why}}}
}

func eventOf(e *store.EventRecord, v *sentry.EventView) event {
	out := event{
		ID: e.ID.String(), EventID: e.ID.String(), ProjectID: e.Project.String(), DateCreated: stamp(e.Timestamp),
		Title: titleOf(&e.EventSummary), Type: eventTypes[e.Kind], EventType: eventTypes[e.Kind], Platform: v.Platform, Culprit: e.Culprit,
		User: personOf(v.User), Tags: tagsOf(e, v), Metadata: metadataOf(e.Kind, titleOf(&e.EventSummary), e.Type, valueOf(v)),
	}
	if e.Issue != 0 {
		out.GroupID = text(e.Issue.String())
	}
	if v.LogEntry != nil {
		out.Message = v.LogEntry.Formatted
	}
	return out
}

// titleOf returns what heads an event: for transactions their name.
func titleOf(e *store.EventSummary) string {
	if e.Kind == model.KindTransaction {
		return cmp.Or(e.Title, e.Transaction, "<unlabeled transaction>")
	}
	return e.Title
}

// valueOf returns what the outermost exception says; the message when there is none.
func valueOf(v *sentry.EventView) string {
	if n := len(v.Exceptions); n > 0 {
		return v.Exceptions[n-1].Value
	}
	if v.LogEntry != nil {
		return v.LogEntry.Formatted
	}
	return ""
}

func wholeEventOf(e *store.EventRecord, v *sentry.EventView) (*wholeEvent, error) {
	entries, err := entriesOf(e, v)
	if err != nil {
		return nil, err
	}
	out := &wholeEvent{
		event: eventOf(e, v), Size: len(e.Payload), Dist: text(v.Dist), DateReceived: stamp(e.Received),
		Contexts: v.Contexts, Extra: v.Extra, Packages: v.Modules, SDK: sdkOf(e.Payload, v), Entries: entries,
		Errors: each(v.Errors, errorOf), Fingerprints: []string{}, Release: eventReleaseOf(e),
		Next: idText(e.Next), Previous: idText(e.Previous), Measurements: v.Measurements, Meta: v.Meta,
	}
	if e.Kind == model.KindTransaction {
		start, end := seconds(e.Timestamp.Add(-e.Duration)), seconds(e.Timestamp)
		out.Start, out.End = &start, &end
	}
	return out, nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

func idText(id model.EventID) *string {
	if id.IsZero() {
		return nil
	}
	return text(id.String())
}

func personOf(u *sentry.UserView) *person {
	if u == nil {
		return nil
	}
	return &person{text(u.ID), text(u.Email), text(u.Username), text(u.Name), text(u.IPAddress), u.Geo, u.Data}
}

func errorOf(e sentry.ErrorView) eventError {
	return eventError{e.Type, e.Type, eventErrorData{e.Name, e.Value}}
}

func eventReleaseOf(e *store.EventRecord) *eventRelease {
	r := releaseOf(e.Release)
	if r == nil {
		return nil
	}
	return &eventRelease{release: *r, ID: e.Release}
}

// sdkOf returns the client as it described itself, with all its fields.
func sdkOf(payload []byte, v *sentry.EventView) json.RawMessage {
	if tree, err := fastjson.ParseBytes(payload); err == nil {
		if sdk := tree.Get("sdk"); sdk != nil && sdk.Type() == fastjson.TypeObject {
			return sentry.AppendJSON(nil, sdk)
		}
	}
	if v.SDK.Name == "" {
		return nil
	}
	raw, err := json.Marshal(v.SDK)
	if err != nil {
		return nil // texts only: it cannot fail
	}
	return raw
}

// tagsOf returns the tags of an event by key: the client's own, and those that
// Sentry derives, which are what its clients read levels and environments from.
func tagsOf(e *store.EventRecord, v *sentry.EventView) []tag {
	out := []tag{}
	has := map[string]bool{}
	add := func(key, value string) {
		if value != "" && !has[key] {
			has[key] = true
			out = append(out, tag{key, value})
		}
	}
	for _, t := range v.Tags {
		add(t.Key, t.Value)
	}
	add("level", v.Level)
	add("environment", e.Environment)
	add("release", e.Release)
	add("dist", v.Dist)
	add("server_name", v.ServerName)
	add("transaction", v.Transaction)
	add("logger", v.Logger)
	add("user", e.UserKey)
	if v.Request != nil {
		add("url", v.Request.URL)
	}
	if n := len(v.Exceptions); n > 0 && v.Exceptions[n-1].Mechanism != nil {
		m := v.Exceptions[n-1].Mechanism
		add("mechanism", m.Type)
		if m.Handled != nil {
			add("handled", map[bool]string{true: "yes", false: "no"}[*m.Handled])
		}
	}
	sortTags(out)
	return out
}
