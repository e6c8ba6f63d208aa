package redact

import "strings"

// Key reports whether the value under this name is secret. Case does not matter,
// and a part of the name suffices. It does not allocate.
func Key(name string) bool {
	for i := 0; i+2 <= len(name); i++ {
		g := pairs[pair(name[i], name[i+1])]
		if g == 0 {
			continue
		}
		for t := groups[g]; t != nil; t = t.next {
			if at := i - t.anchor; at >= 0 && hasFold(name[at:], t.text) && (t.unless == nil || !t.unless(name, at)) {
				return true
			}
		}
	}
	return exactKey(name)
}

// term is a part of names that makes them secret.
type term struct {
	text   string // lower-case letters
	anchor int    // where its rarest pair of letters stands
	unless func(name string, at int) bool
	next   *term
}

// terms lists the parts of names that are secret: Sentry's defaults, and of the
// SDKs' denied terms those that do not hit ordinary names ("key" and "session" do).
// To add one, write a line here.
var terms = [...]term{
	{text: "passw", anchor: 3}, // password, passwd, Passwort
	{text: "passphrase", anchor: 4},
	{text: "passcode", anchor: 3},
	{text: "pwd"},
	{text: "secret", anchor: 2, unless: secretary},
	{text: "credential"},
	{text: "auth", unless: author},
	{text: "token", anchor: 1, unless: counter},
	{text: "key", anchor: 1, unless: ordinaryKey},
	{text: "jwt"},
	{text: "bearer"},
	{text: "saml", anchor: 2},
	{text: "csrf", anchor: 1},
	{text: "xsrf", anchor: 1},
}

// groups holds the terms by their anchored pair of letters; pairs finds the group.
// A name holds few of these pairs, so most bytes of a name cost one look-up.
var groups, pairs = func() (g []*term, p [1024]uint8) {
	g = append(g, nil)
	for i := range terms {
		t := &terms[i]
		at := &p[pair(t.text[t.anchor], t.text[t.anchor+1])]
		if *at == 0 {
			g = append(g, nil)
			*at = uint8(len(g) - 1)
		}
		t.next, g[*at] = g[*at], t
	}
	return g, p
}()

// pair numbers two letters without regard to case; other bytes fall among them.
func pair(a, b byte) int { return int(a&31)<<5 | int(b&31) }

// hasFold reports whether s begins with the lower-case letters of prefix, in any case.
func hasFold(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := 0; i < len(prefix); i++ {
		if s[i]|0x20 != prefix[i] {
			return false
		}
	}
	return true
}

// endsFold is hasFold for the end of s.
func endsFold(s, suffix string) bool {
	return len(s) >= len(suffix) && hasFold(s[len(s)-len(suffix):], suffix)
}

// exactKey finds the names that are secret only as a whole.
func exactKey(name string) bool {
	switch len(name) {
	case 3:
		return hasFold(name, "otp") || hasFold(name, "cvv") || hasFold(name, "cvc") || hasFold(name, "sso")
	case 4:
		return hasFold(name, "pass")
	case 10:
		return hasFold(name, "two") && (name[3] == '_' || name[3] == '-') && hasFold(name[4:], "factor")
	}
	// DB_PASS, smtp-pass
	n := len(name) - 4
	return n > 0 && (name[n-1] == '_' || name[n-1] == '-') && hasFold(name[n:], "pass")
}

// secretary knows the one ordinary word that begins with secret.
func secretary(name string, at int) bool { return hasFold(name[at:], "secretar") }

// author tells authors, the authority and who is authorized from authorization.
func author(name string, at int) bool {
	after := name[at+len("auth"):]
	return hasFold(after, "or") && !hasFold(after, "orization") && !hasFold(after, "orisation")
}

// ordinaryKey tells keys of dictionaries and tables from keys that open something.
func ordinaryKey(name string, at int) bool {
	before := trimSeparator(name[:at])
	for _, w := range openingKeys {
		if endsFold(before, w) {
			return false
		}
	}
	return true
}

var openingKeys = [...]string{
	"api", "private", "access", "signing", "encryption", "master", "ssh", "subscription", "account",
}

// counter tells the tokens that models count from the tokens that open doors.
func counter(name string, at int) bool {
	if hasFold(name, "gen") && strings.HasPrefix(name, "gen_ai.") {
		return true
	}
	before, after := trimSeparator(name[:at]), name[at+len("token"):]
	if plural(after) {
		return !endsWithAny(before, credentialTokens[:])
	}
	if endsWithAny(before, countedBefore[:]) {
		return true
	}
	after = strings.TrimLeft(after, "_-. ")
	for _, w := range countedAfter {
		if hasFold(after, w) {
			return true
		}
	}
	return false
}

var (
	credentialTokens = [...]string{"access", "refresh", "api", "bearer", "device", "push"}
	countedBefore    = [...]string{"max", "per", "first", "num"}
	countedAfter     = [...]string{
		"count", "detail", "usage", "used", "limit", "budget", "cost", "price", "length", "izer", "ization", "ized",
	}
)

// plural reports whether a word goes on with nothing but an s.
func plural(after string) bool {
	if after == "" || after[0]|0x20 != 's' {
		return false
	}
	if len(after) == 1 || !isLetter(after[1]) {
		return true
	}
	return after[0] >= 'a' && after[1] <= 'Z' // tokensUsed, but not tokenstring
}

func endsWithAny(s string, words []string) bool {
	for _, w := range words {
		if endsFold(s, w) {
			return true
		}
	}
	return false
}

func trimSeparator(s string) string {
	if n := len(s); n > 0 && (s[n-1] == '_' || s[n-1] == '-' || s[n-1] == '.' || s[n-1] == ' ') {
		return s[:n-1]
	}
	return s
}

// Cookie reports whether the value of the cookie with this name is secret: by Key,
// by Sentry's list of session and CSRF cookies, or because it names a session.
func Cookie(name string) bool {
	return Key(name) || sessionCookie(name)
}

func sessionCookie(name string) bool {
	if endsFold(name, "sid") || containsFold(name, "session") || containsFold(name, "identity") {
		return true
	}
	for _, c := range secretCookies {
		if strings.EqualFold(name, c) {
			return true
		}
	}
	return false
}

// secretCookies are those of Sentry's list that no rule finds.
var secretCookies = [...]string{"sudo", "su", "symfony"}
