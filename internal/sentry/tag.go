package sentry

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// maxTags is the most tags of an event that are indexed; the payload keeps them all.
const maxTags = 200

// tagSet gathers the tags of an event.
type tagSet struct {
	list []model.Tag
	// Tags that are fields of the event in truth.
	release, environment, serverName string
}

// readTags reads tags in any form. The first of a key wins.
func readTags(v *fastjson.Value) tagSet {
	var t tagSet
	if n := tagCount(v); n > 0 {
		t.list = make([]model.Tag, 0, min(n, maxTags))
	}
	pairs(v, t.add)
	return t
}

func tagCount(v *fastjson.Value) int {
	if typeOf(v) == fastjson.TypeObject {
		return v.GetObject().Len()
	}
	return len(v.GetArray())
}

func (t *tagSet) add(key []byte, v *fastjson.Value) {
	if len(t.list) == maxTags {
		return
	}
	switch string(key) {
	case "dist", "user", "filename", "function":
		return
	case "release":
		t.release = release(v)
		return
	case "environment":
		t.environment = environment(v)
		return
	case "server_name":
		t.serverName = tagValue(v)
		return
	}
	name, value := tagKey(key), tagValue(v)
	if name == "" || value == "" || t.has(name) {
		return
	}
	t.list = append(t.list, model.Tag{Key: name, Value: value})
}

func (t *tagSet) has(name string) bool { return t.get(name) != "" }

func (t *tagSet) get(name string) string {
	for i := range t.list {
		if t.list[i].Key == name {
			return t.list[i].Value
		}
	}
	return ""
}

// tagKey returns a valid key, or nothing.
func tagKey(b []byte) string {
	b = bytes.TrimSpace(b)
	if len(b) > 200 {
		return ""
	}
	spaces := false
	for _, c := range b {
		if !isWord(c) && c != '.' && c != ':' && c != '-' && c != ' ' {
			return ""
		}
		spaces = spaces || c == ' '
	}
	if spaces {
		b = bytes.ReplaceAll(b, []byte(" "), []byte("-"))
	}
	return string(b)
}

// tagValue returns a valid value, or nothing. One that is too long is dropped
// whole: half a value would be another one.
func tagValue(v *fastjson.Value) string {
	switch typeOf(v) {
	case fastjson.TypeString:
		b := bytes.TrimSpace(v.GetStringBytes())
		if len(b) > 800 || utf8.RuneCount(b) > 200 || bytes.IndexByte(b, '\n') >= 0 {
			return ""
		}
		return copyText(b, nameLimit)
	case fastjson.TypeNumber:
		return wholeText(v)
	case fastjson.TypeTrue:
		return "True"
	case fastjson.TypeFalse:
		return "False"
	}
	return ""
}

// wholeText returns a number without its fraction.
func wholeText(v *fastjson.Value) string {
	f, ok := number(v)
	if !ok || f >= 1<<53 || f <= -1<<53 {
		return numberText(v)
	}
	return strconv.FormatInt(int64(f), 10)
}
