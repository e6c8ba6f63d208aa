// Package redact says what is secret: names under which secrets are kept, and
// secrets inside texts. It is the one set of rules that Picket's server and its
// SDK share, follows Sentry's defaults, and needs the standard library alone.
//
// Where Sentry leaves a choice, or where agents need more, this is ours:
//
//   - Counters are no secrets: max_tokens, token_count, gen_ai.usage.*, and neither
//     is an author or an authority, although "token" and "auth" stand in them.
//   - A secret written into a text with its name (password=…, "token":"…") goes, the
//     rest of the text stays. Sentry blanks such a text as a whole.
//   - The keys of well-known services (sk-…, ghp_…, AKIA…) go wherever they stand.
//   - Card numbers are told by prefix and length alone, as in Sentry; only bare JSON
//     numbers, which are mostly ids, must satisfy the Luhn check too.
//   - JSON inside a text is read and cleared by its keys; its form stays.
//   - An e-mail address ends in a top-level domain: lodash@4.17.21 and root@localhost
//     are none.
//
// All of it is idempotent: what has been cleared once does not change again.
package redact

import "strings"

// Filtered stands where a secret stood.
const Filtered = "[Filtered]"

// Rules are what to look for in texts, beyond secrets and numbers that are looked
// for always. The zero value is ready to use. Rules do not change while in use and
// may be shared by goroutines.
type Rules struct {
	// Paths takes the user's name out of /home/NAME, /Users/NAME and C:\Users\NAME.
	Paths bool
	// Emails takes out e-mail addresses.
	Emails bool
	// IPs takes out IPv4 and IPv6 addresses.
	IPs bool
	// Source is for lines of source code: there a secret behind its name is one only if
	// it stands in quotes.
	Source bool
	// Named puts what it was ([creditcard], [iban]) where personal data stood, instead
	// of Filtered, so that the text stays readable.
	Named bool
	// Sensitive are parts of further names that are secret; case does not matter.
	Sensitive []string
	// Safe are whole names that are not secret, whatever else is said; case does not matter.
	Safe []string
}

// The rules of texts that may be cut up, and of texts to be read by people.
var (
	plain   = &Rules{Paths: true}
	message = &Rules{Emails: true, Named: true}
)

// Mark is one replacement: bytes Start to End of the new text are by Rule, which
// is a rule's name as Sentry writes it into _meta.
type Mark struct {
	Rule       string
	Start, End int
}

// Text returns s without the secrets in it, and whether there were any.
func Text(s string) (string, bool) { return apply(plain.AppendText, s) }

// Message is Text for what people or models wrote: e-mail addresses go too, file
// paths stay, and what went leaves its kind behind: [email], [creditcard].
func Message(s string) (string, bool) { return apply(message.AppendText, s) }

// JSONText is Text for what may be JSON: if it is, values under secret names become
// Filtered, or null when they are no strings. Everything else keeps its form.
func JSONText(s string) (string, bool) { return apply(plain.AppendJSON, s) }

// JSONMessage is JSONText by the rules of Message.
func JSONMessage(s string) (string, bool) { return apply(message.AppendJSON, s) }

// Query is Text for a query string or a form body: values of secret names become
// Filtered, names and order stay.
func Query(s string) (string, bool) { return apply(plain.AppendQuery, s) }

// CookieHeader is Text for a Cookie or Set-Cookie header: values of secret cookies
// become Filtered, names and order stay.
func CookieHeader(s string) (string, bool) { return apply(plain.AppendCookies, s) }

type appender func(dst []byte, marks []Mark, s string) ([]byte, []Mark)

func apply(f appender, s string) (string, bool) {
	out, _ := f(nil, nil, s)
	if len(out) == 0 {
		return s, false
	}
	return string(out), true
}

// Key reports whether the value under this name is secret, by the rules' names and
// by Key.
func (r *Rules) Key(name string) bool {
	if len(r.Safe) == 0 && len(r.Sensitive) == 0 {
		return Key(name)
	}
	if r.IsSafe(name) {
		return false
	}
	return Key(name) || r.IsSensitive(name)
}

// IsSafe reports whether name is among the rules' safe names.
func (r *Rules) IsSafe(name string) bool {
	for _, s := range r.Safe {
		if strings.EqualFold(s, name) {
			return true
		}
	}
	return false
}

// IsSensitive reports whether the rules' own sensitive parts make name secret.
func (r *Rules) IsSensitive(name string) bool {
	for _, s := range r.Sensitive {
		if containsFold(name, s) {
			return true
		}
	}
	return false
}

// containsFold reports whether s contains part, in any case.
func containsFold(s, part string) bool {
	if part == "" {
		return false
	}
	for i := 0; i+len(part) <= len(s); i++ {
		if strings.EqualFold(s[i:i+len(part)], part) {
			return true
		}
	}
	return false
}
