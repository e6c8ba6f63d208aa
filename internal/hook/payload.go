package hook

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// payload reads the body of a delivery. Sentry writes the same field now as a number and
// now as a text: everything is read either way, and what is missing is empty.
type payload struct{ *fastjson.Value }

// text reads a text, or a number as it is written.
func text(v *fastjson.Value) string {
	switch {
	case v == nil:
		return ""
	case v.Type() == fastjson.TypeString:
		return string(v.GetStringBytes())
	case v.Type() == fastjson.TypeNumber:
		return v.String()
	}
	return ""
}

// whole reads a number that counts something: none is below zero.
func whole(v *fastjson.Value) int64 {
	n, err := strconv.ParseFloat(text(v), 64)
	if err != nil || !(n > 0) {
		return 0
	}
	return int64(min(n, 1<<53))
}

// moment reads a time: RFC 3339, the same without a zone, or Unix seconds.
func moment(v *fastjson.Value) time.Time {
	s := text(v)
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil && n > 0 && n < 1e11 {
		return time.UnixMicro(int64(n * 1e6)).UTC()
	}
	return time.Time{}
}

// data returns a member of the delivery's data, by its path.
func (p payload) data(path ...string) *fastjson.Value {
	return p.Get(append([]string{"data"}, path...)...)
}

// actor returns who did it, as people are called.
func (p payload) actor() string {
	return cut(cmp.Or(text(p.Get("actor", "name")), text(p.Get("actor", "id"))))
}

// event returns the event of an error or an alert; nil without one.
func (p payload) event() *fastjson.Value {
	for _, name := range [...]string{"event", "error"} {
		if v := p.data(name); v != nil && v.Type() == fastjson.TypeObject {
			return v
		}
	}
	return nil
}

// eventID returns the id of the event; zero without one.
func (p payload) eventID() model.EventID {
	id, err := model.ParseEventID(text(p.event().Get("event_id")))
	if err != nil {
		return model.EventID{}
	}
	return id
}

// issueID returns the id that the issue has there, from wherever the resource has it.
func (p payload) issueID() string {
	for _, v := range [...]*fastjson.Value{p.data("issue", "id"), p.event().Get("issue_id"), p.event().Get("groupID"), p.data("issue_id"), p.data("group_id")} {
		if id := cut(text(v)); id != "" {
			return id
		}
	}
	return behind(text(p.event().Get("issue_url")), "/issues/")
}

// behind returns the part of a path that follows a mark.
func behind(path, mark string) string {
	_, rest, _ := strings.Cut(path, mark)
	rest, _, _ = strings.Cut(rest, "/")
	return cut(rest)
}

// person returns who an issue is assigned to, by e-mail address or name; empty for nobody.
func person(v *fastjson.Value) string {
	if v != nil && v.Type() == fastjson.TypeString {
		return cut(text(v))
	}
	return cut(cmp.Or(text(v.Get("email")), text(v.Get("name"))))
}

// issue is what a payload says of an issue there.
type issue struct {
	id, shortID, project, projectID string
	title, culprit, kind, link      string
	status, substatus, assigned     string
	count, users                    int64
	lastSeen                        time.Time
	whole                           bool // its counts and its state are told, too
}

func (p payload) issue() issue {
	v := p.data("issue")
	i := issue{id: p.issueID()}
	if v == nil || v.Type() != fastjson.TypeObject {
		return p.issueOfEvent(i)
	}
	i.whole = true
	i.shortID, i.project, i.projectID = cut(text(v.Get("shortId"))), cut(text(v.Get("project", "slug"))), cut(text(v.Get("project", "id")))
	i.title, i.culprit, i.kind = text(v.Get("title")), text(v.Get("culprit")), text(v.Get("metadata", "type"))
	i.link = link(v.Get("web_url"), v.Get("permalink"))
	i.status, i.substatus, i.assigned = text(v.Get("status")), text(v.Get("substatus")), person(v.Get("assignedTo"))
	i.count, i.users, i.lastSeen = whole(v.Get("count")), whole(v.Get("userCount")), moment(v.Get("lastSeen"))
	return i
}

// issueOfEvent adds what the event of an error or an alert says of its issue.
func (p payload) issueOfEvent(i issue) issue {
	e := p.event()
	i.title, i.culprit, i.kind = text(e.Get("title")), text(e.Get("culprit")), text(e.Get("metadata", "type"))
	i.projectID = cut(text(e.Get("project")))
	i.project = cut(text(p.data("project_slug")))
	i.link = link(e.Get("web_url"))
	if at := strings.Index(i.link, "/events/"); at > 0 {
		i.link = i.link[:at+1] // the issue's
	}
	return i
}

// link returns the first of some links that browsers may be sent to.
func link(of ...*fastjson.Value) string {
	for _, v := range of {
		s := text(v)
		if len(s) < 2000 && (strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")) {
			return s
		}
	}
	return ""
}
