package picket

import (
	"fmt"
	"strings"

	"relay.one/picket/redact"
)

// attrPlace is how an attribute is cleared, which its name decides; the server has the
// same places.
type attrPlace uint8

const (
	placeAny     attrPlace = iota // by name and by pattern
	placePlain                    // as any, but paths are not those of files
	placeMessage                  // what names conversations: by pattern
	placeContent                  // what people, models and tools said: by pattern, and left out if content is
	placeTools                    // what describes tools, whose parameters may be called password: by pattern only
	placeFixed                    // not at all
	placeName                     // names of transactions, but versions too
	placeAddress                  // of a user or client
	placeUserID
	placePerson  // who the user is
	placeHeader  // of HTTP
	placeCookie  // one cookie
	placeCookies // a header of cookies
	placeQuery   // of a URL
)

// attrPlaceOf returns the place of the attribute with that name.
func attrPlaceOf(key string) attrPlace {
	dot := strings.IndexByte(key, '.')
	if dot < 0 {
		return placeAny
	}
	switch key[:dot] {
	case "gen_ai", "ai", "mcp":
		return attrTalkPlace(key)
	case "http", "url":
		return attrWebPlace(key)
	case "sentry":
		if strings.HasPrefix(key, "sentry.message.") {
			return placeAny
		}
		return placeName
	case "user_agent":
		return placeFixed
	case "client", "user", "net", "enduser":
		return attrPersonPlace(key)
	}
	return placeAny
}

func attrPersonPlace(key string) attrPlace {
	switch key {
	case "client.address", "user.ip", "user.ip_address", "net.peer.ip":
		return placeAddress
	case "user.id", "enduser.id":
		return placeUserID
	case "user.email", "user.name", "user.username", "user.full_name":
		return placePerson
	}
	return placePlain
}

func attrWebPlace(key string) attrPlace {
	switch key {
	case "http.user_agent":
		return placeFixed
	case "url.query", "http.query":
		return placeQuery
	case "http.client_ip":
		return placeAddress
	}
	name := attrHeader(key)
	switch {
	case name == "":
		return placePlain
	case strings.HasPrefix(name, "cookie.") || strings.HasPrefix(name, "set_cookie."):
		return placeCookie
	case name == "cookie" || name == "set_cookie" || name == "set-cookie":
		return placeCookies
	case attrIsUserAgent(name):
		return placeFixed
	case attrIsPerson(name):
		return placeAddress
	}
	return placeHeader
}

// attrHeader returns the name of the header that an attribute holds, or none.
func attrHeader(key string) string {
	if name, ok := strings.CutPrefix(key, "http.request.header."); ok {
		return name
	}
	name, ok := strings.CutPrefix(key, "http.response.header.")
	if !ok {
		return ""
	}
	return name
}

// attrTalkPlace is for what agents, models and tools do.
func attrTalkPlace(key string) attrPlace {
	switch key {
	case "gen_ai.tool.definitions", "gen_ai.request.available_tools", "ai.tools":
		return placeTools
	case "gen_ai.tool.name", "gen_ai.tool.description":
		return placeMessage
	case "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.request.messages", "gen_ai.prompt", "gen_ai.completion",
		"gen_ai.response.text", "gen_ai.response.tool_calls", "gen_ai.response.object", "gen_ai.system_instructions",
		"gen_ai.system.message", "gen_ai.embeddings.input",
		"gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "gen_ai.tool.input", "gen_ai.tool.output", "gen_ai.tool.message",
		"ai.input_messages", "ai.prompt", "ai.prompt.messages", "ai.texts", "ai.preamble", "ai.response.text",
		"ai.response.toolCalls", "ai.response.object", "ai.responses", "ai.tool_calls", "ai.function_call",
		"ai.toolCall.args", "ai.toolCall.result",
		"mcp.tool.result.content", "mcp.prompt.result":
		return placeContent
	}
	if strings.HasPrefix(key, "mcp.prompt.result.") || strings.HasPrefix(key, "gen_ai.prompt.") ||
		strings.HasPrefix(key, "gen_ai.completion.") {
		return placeContent
	}
	return placeAny
}

func attrIsUserAgent(name string) bool {
	return strings.EqualFold(name, "user-agent") || strings.EqualFold(name, "user_agent")
}

// attrIsPerson reports whether a header tells who or where the client is.
func attrIsPerson(name string) bool {
	for _, end := range [...]string{"forwarded-for", "-ip", "-user", "-email", "-username"} {
		if at := len(name) - len(end); at >= 0 && attrSameHeader(name[at:], end) {
			return true
		}
	}
	const remote = "remote-"
	return attrSameHeader(name, "forwarded") || len(name) >= len(remote) && attrSameHeader(name[:len(remote)], remote)
}

// attrSameHeader reports whether name is the header want, which is in lower case. A hyphen
// may be written as an underscore.
func attrSameHeader(name, want string) bool {
	if len(name) != len(want) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case c == '_':
			c = '-'
		}
		if c != want[i] {
			return false
		}
	}
	return true
}

// drops reports whether what stands at a place is not sent at all.
func (e *encoder) drops(p attrPlace) bool {
	switch p {
	case placeAddress:
		return !e.addresses()
	case placeCookie, placeCookies:
		return !e.cookies()
	case placePerson:
		return e.anonymize
	case placeContent:
		return e.noContent
	}
	return false
}

// addresses reports whether addresses of users are sent.
func (e *encoder) addresses() bool { return e.pii && !e.anonymize && !e.by.plain.IPs }

// cookies reports whether cookies are sent.
func (e *encoder) cookies() bool { return e.pii && !e.anonymize }

// placed writes a text by the rules of its place.
func (e *encoder) placed(key, s string, p attrPlace) {
	switch p {
	case placeMessage, placeContent:
		e.scrubbed(s, &e.by.message, asJSON)
	case placeTools:
		e.scrubbed(s, &e.by.message, asText)
	case placeFixed:
		e.raw(s)
	case placeName:
		e.scrubbed(s, &e.by.bare, asJSON)
	case placeCookies:
		e.scrubbed(s, &e.by.plain, asCookies)
	case placeQuery:
		e.scrubbed(s, &e.by.plain, asQuery)
	case placeCookie:
		e.placedCookie(key, s)
	case placeUserID:
		e.placedUser(key, s)
	case placePlain, placeAddress, placePerson, placeHeader:
		e.named(key, s, &e.by.plain)
	default:
		e.named(key, s, e.rules)
	}
}

// placedCookie writes a cookie, the name of which ends the attribute's.
func (e *encoder) placedCookie(key, s string) {
	_, name, _ := strings.Cut(attrHeader(key), ".")
	if e.by.plain.Cookie(name) {
		e.filtered(s)
		return
	}
	e.named(name, s, &e.by.plain)
}

func (e *encoder) placedUser(key, s string) {
	if e.anonymize {
		e.raw(e.pseudonym(s))
		return
	}
	e.named(key, s, &e.by.plain)
}

// placedValue writes any value by the rules of its place.
func (e *encoder) placedValue(key string, v any, p attrPlace) {
	switch v := v.(type) {
	case nil:
		e.null()
		return
	case string:
		e.placed(key, v, p)
		return
	case []string:
		if p >= placeFixed {
			encodeList(e, v, func(e *encoder, s string) { e.placed(key, s, p) })
			return
		}
	}
	if p == placeUserID && e.anonymize {
		e.placedUser(key, fmt.Sprint(v))
		return
	}
	rules, nameless := e.rules, e.nameless
	e.rules, key, e.nameless = e.rulesAt(key, p)
	e.value(key, v)
	e.rules, e.nameless = rules, nameless
}

// rulesAt returns the rules of a place, the name to clear by, if any, and whether names
// count for nothing in what is there.
func (e *encoder) rulesAt(key string, p attrPlace) (r *redact.Rules, name string, nameless bool) {
	switch p {
	case placeAny:
		return e.rules, key, false
	case placeMessage, placeContent:
		return &e.by.message, "", false
	case placeTools:
		return &e.by.message, "", true
	case placeName:
		return &e.by.bare, "", false
	}
	return &e.by.plain, key, false
}
