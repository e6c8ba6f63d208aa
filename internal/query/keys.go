package query

import "strings"

// aliases maps other spellings of a key to the one that terms carry.
var aliases = map[string]string{
	"age":           "firstSeen",
	"first_seen":    "firstSeen",
	"last_seen":     "lastSeen",
	"times_seen":    "timesSeen",
	"user_count":    "userCount",
	"date":          "event.timestamp",
	"timestamp":     "event.timestamp",
	"first_release": "firstRelease",
	"first-release": "firstRelease",
	"assigned_to":   "assigned",
	"bookmarked_by": "bookmarks",
	"subscribed_by": "subscribed",
}

// canonical returns the one name of a key.
func canonical(name string) string {
	if c, ok := aliases[name]; ok {
		return c
	}
	return name
}

// class says what the values of a key are.
type class uint8

const (
	tagged  class = iota // not a key of ours: a tag, compared as text, or as a number when it looks like one
	text                 // text: < and > stand for themselves
	number               // a plain number
	date                 // an age or a time
	version              // text that engines can order
	status               // is
	present              // has
	truth                // true or false
)

// classes lists the keys whose values are no tag's.
var classes = map[string]class{
	"is":  status,
	"has": present,

	"firstSeen":       date,
	"lastSeen":        date,
	"event.timestamp": date,

	"timesSeen":    number,
	"userCount":    number,
	"stack.lineno": number,

	"release":         version,
	"firstRelease":    version,
	"release.version": version,
	"release.build":   version,

	"error.handled":     truth,
	"error.unhandled":   truth,
	"error.main_thread": truth,
	"stack.in_app":      truth,

	"assigned": text, "assigned_or_suggested": text, "bookmarks": text, "subscribed": text,
	"level": text, "title": text, "message": text, "location": text, "culprit": text, "transaction": text,
	"environment": text, "project": text, "dist": text, "platform.name": text, "trace": text, "id": text,
	"issue": text, "issue.category": text, "issue.type": text, "issue.priority": text,
	"release.package": text, "release.stage": text, "http.method": text, "http.url": text, "http.referer": text,
	"error.type": text, "error.value": text, "error.mechanism": text,
	"stack.filename": text, "stack.abs_path": text, "stack.function": text, "stack.module": text, "stack.package": text,
	"user.id": text, "user.email": text, "user.username": text, "user.ip": text,
	"sdk.name": text, "sdk.version": text,
}

func (k key) class() class {
	if k.tag || strings.HasPrefix(k.name, "flags[") {
		return tagged
	}
	return classes[k.name]
}

// statuses maps what `is:` may say to one spelling each.
var statuses = map[string]string{
	"unresolved": "unresolved", "resolved": "resolved", "archived": "archived", "ignored": "archived", "muted": "archived",
	"new": "new", "ongoing": "ongoing", "escalating": "escalating", "regressed": "regressed",
	"assigned": "assigned", "unassigned": "unassigned", "for_review": "for_review", "linked": "linked", "unlinked": "unlinked",
}
