package hook

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/scrub"
	"relay.one/picket/redact"
)

// longest bounds what is kept of an action's name, or of an id there.
const longest = 200

// Clean returns the body of a delivery without the secrets in it, and what it says of
// itself: its action and, where what comes may take back what came before, what it is
// about. ErrInvalid when it is no JSON object.
func Clean(resource string, body []byte) (clean []byte, action, subject string, err error) {
	var parser fastjson.Parser
	root, err := parser.ParseBytes(body)
	if err == nil && root.Type() != fastjson.TypeObject {
		err = fmt.Errorf("it is %s", root.Type())
	}
	if err != nil {
		return nil, "", "", fmt.Errorf("%w: body: want a JSON object: %.100s", model.ErrInvalid, err.Error())
	}
	c := &cleaner{}
	c.members(root, "")
	p := payload{root}
	action = cut(text(root.Get("action")))
	if id := p.issueID(); resource == "issue" && id != "" {
		subject = "issue:" + id
	}
	return root.MarshalTo(nil), action, subject, nil
}

// cut shortens a name that is longer than any of Sentry's.
func cut(s string) string {
	if len(s) > longest {
		return strings.ToValidUTF8(s[:longest], "")
	}
	return s
}

// cleaner takes secrets out of a document. Events are scrubbed as those that come in;
// everything else by names and patterns, but for ids and links: some of Sentry's ids look
// like card numbers, and without them nothing can be tied to anything.
type cleaner struct{ arena fastjson.Arena }

// members clears the members of an object that stands under a name.
func (c *cleaner) members(v *fastjson.Value, under string) {
	secret := ""
	if o := v.GetObject(); o.Get("value") != nil && redact.Key(text(o.Get("name"))) {
		secret = "value" // a form's field: {"name": "api_key", "value": "…"}
	}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		name := string(key)
		switch {
		case under == "data" && (name == "event" || name == "error") && v.Type() == fastjson.TypeObject:
			c.event(v)
		case name == secret, under == "installation" && name == "code": // that buys a token
			c.blank(v)
		default:
			c.value(name, v)
		}
	})
}

func (c *cleaner) value(name string, v *fastjson.Value) {
	switch v.Type() {
	case fastjson.TypeString:
		c.str(name, v)
	case fastjson.TypeNumber:
		if redact.Key(name) {
			c.blank(v)
		}
	case fastjson.TypeObject:
		if redact.Key(name) {
			c.blank(v)
			return
		}
		c.members(v, name)
	case fastjson.TypeArray:
		for _, e := range v.GetArray() {
			c.value(name, e)
		}
	}
}

func (c *cleaner) str(name string, v *fastjson.Value) {
	s := string(v.GetStringBytes())
	switch {
	case isID(name, s), isLink(name, s):
	case redact.Key(name):
		c.blank(v)
	default:
		if clean, changed := redact.JSONText(s); changed {
			*v = *c.arena.NewString(clean)
		}
	}
}

// blank clears a value as a whole. What stands for nothing stays.
func (c *cleaner) blank(v *fastjson.Value) {
	switch v.Type() {
	case fastjson.TypeString:
		if s := string(v.GetStringBytes()); !redact.Blank(s) {
			*v = *c.arena.NewString(redact.Filtered)
		}
	case fastjson.TypeNumber, fastjson.TypeObject, fastjson.TypeArray:
		*v = fastjson.Value{}
	}
}

// event scrubs an event, but for the ids and links that Sentry wrote beside what the
// client had sent: those are out of the way meanwhile.
func (c *cleaner) event(v *fastjson.Value) {
	kept := map[string]fastjson.Value{}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		name := string(key)
		if s := text(v); isID(name, s) || isLink(name, s) {
			kept[name], *v = *v, fastjson.Value{}
		}
	})
	scrub.Event(v, &c.arena, scrub.Rules{})
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if was, ok := kept[string(key)]; ok {
			*v = was
		}
	})
}

// isID reports whether a text is an id under the name of one: digits, hexadecimal or a UUID.
func isID(name, s string) bool {
	if len(s) > 40 || s == "" {
		return false
	}
	switch {
	case name == "id", name == "uuid", strings.HasSuffix(name, "_id"), strings.HasSuffix(name, "Id"):
	default:
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'f') && (r < 'A' || r > 'F') && r != '-'
	})
}

// links are the names under which Sentry writes where to look.
var links = map[string]bool{"url": true, "web_url": true, "issue_url": true, "project_url": true, "permalink": true, "html_url": true}

// isLink reports whether a text is a link under the name of one, with nothing in it that
// could be a secret but numbers in its path.
func isLink(name, s string) bool {
	if !links[name] || len(s) > 2000 {
		return false
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return false
	}
	bare := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return -1
		}
		return r
	}, s)
	_, secret := redact.Text(bare)
	return !secret
}
