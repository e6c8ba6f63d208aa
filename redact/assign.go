package redact

import "strings"

// colon looks at s[i] for a URL with a password, an IPv6 address, or a secret
// behind its name.
func (e *editor) colon(s string, low, i int) find {
	if i+2 < len(s) && s[i+1] == '/' && s[i+2] == '/' {
		return e.userInfo(s, i+3)
	}
	if e.rules.IPs {
		if from, to := ipv6(s, low, i); to > 0 {
			return find{from: from, to: to, rule: ruleIP}
		}
	}
	return e.assignment(s, low, i)
}

// userInfo looks for user:password in the authority that begins at s[from].
func (e *editor) userInfo(s string, from int) find {
	end, colon, last := from, -1, -1
	for ; end < len(s) && !endsHost[s[end]]; end++ {
		switch s[end] {
		case '@':
			last = end
		case ':':
			colon = end
		}
	}
	if last < 0 && colon >= 0 && badPort(s[from:end]) {
		last = atBehind(s, end) // a slash in the password
	}
	switch {
	case last < 0 && !e.rules.IPs:
		return find{next: end}
	case last < 0 || strings.IndexByte(s[from:last], ':') < 0:
		return find{next: from}
	}
	return find{from: from, to: last, rule: ruleURL}
}

// atBehind returns where the last @ of the URL stands, at s[i] or behind; -1 if none.
func atBehind(s string, i int) int {
	const longest = 128
	last := -1
	for end := min(len(s), i+longest); i < end && (!endsHost[s[i]] || s[i] == '/' || s[i] == '?' || s[i] == '#'); i++ {
		if s[i] == '@' {
			last = i
		}
	}
	return last
}

// endsHost finds the bytes that end the authority of a URL.
var endsHost = func() (t [256]bool) {
	for c := range t {
		t[c] = c <= ' ' || strings.IndexByte("/?#\"'<>`\\", byte(c)) >= 0
	}
	return t
}()

// badPort reports whether what stands before the first slash of a URL cannot be a
// host with a port, because there is no number behind the colon.
func badPort(authority string) bool {
	colon := strings.LastIndexByte(authority, ':')
	return colon >= 0 && strings.IndexByte(authority, '@') < 0 && strings.IndexByte(authority, ']') < 0 &&
		(colon+1 == len(authority) || digitsEnd(authority, colon+1) < len(authority))
}

// assignment looks for a secret behind its name, with the = or : between them at
// s[i]: password=…, "token": "…", Authorization: Bearer ….
func (e *editor) assignment(s string, low, i int) find {
	after := i + 1
	if s[i] == '=' && after < len(s) && (s[after] == '=' || s[after] == '~') { // a comparison
		return find{next: after + 1}
	}
	if after < len(s) && (s[after] == '>' || s[i] == ':' && s[after] == '=') { // Ruby's arrow, Go's :=
		after++
	}
	n := nameBefore(s, low, i)
	if len(n.text) < 3 || !e.rules.Key(n.text) && !(n.inQuery && queryKey(n.text)) {
		return find{next: after}
	}
	v := valueAfter(s, after)
	if v.from == v.to || e.rules.Source && !v.quoted || !v.secret(s, n, s[i]) {
		return find{next: after}
	}
	return find{from: v.from, to: v.to, rule: ruleName}
}

// name is what stands before an assignment.
type name struct {
	text    string
	quoted  bool
	spaced  bool // apart from the sign
	inQuery bool // behind ? or &
}

// nameBefore reads the name that ends before s[i].
func nameBefore(s string, low, i int) (n name) {
	const longest = 64
	to := i
	for to > low && s[to-1] == ' ' {
		to--
	}
	n.spaced = to < i
	for to > low && (s[to-1] == '"' || s[to-1] == '\'' || s[to-1] == '\\' || s[to-1] == '`') {
		to--
		n.quoted = true
	}
	bracket := to > low && s[to-1] == ']' // user[password]
	if bracket {
		to--
	}
	from := to
	for from > low && to-from < longest && isName(s[from-1]) {
		from--
	}
	if bracket && (from < low+2 || s[from-1] != '[' || !isWord(s[from-2])) {
		return n
	}
	n.text = s[from:to]
	n.inQuery = from > 0 && (s[from-1] == '?' || s[from-1] == '&')
	return n
}

func isName(c byte) bool { return isWord(c) || c == '-' || c == '.' || c == '$' || c == '%' }

// value is what stands behind an assignment, less its quotes.
type value struct {
	from, to int
	quoted   bool
	spaced   bool
}

// valueAfter reads the value that begins at or behind s[i].
func valueAfter(s string, i int) (v value) {
	from := i
	for from < len(s) && from-i < 4 && (s[from] == ' ' || s[from] == '\t') {
		from++
	}
	v.spaced = from > i
	quote := from
	for quote < len(s) && s[quote] == '\\' {
		quote++
	}
	if quote < len(s) && (s[quote] == '"' || s[quote] == '\'' || s[quote] == '`') {
		v.from, v.quoted = quote+1, true
		v.to = quoteEnd(s, quote, quote-from)
		return v
	}
	v.from, v.to = from, from
	for v.to < len(s) && !endsValue(s[v.to]) {
		v.to++
	}
	if isScheme(s[v.from:v.to]) && v.to < len(s) && s[v.to] == ' ' {
		for v.to++; v.to < len(s) && !endsValue(s[v.to]); {
			v.to++
		}
	}
	return v
}

// quoteEnd returns where the text ends that begins with the quote at s[at], which
// has so many backslashes before it. A text that lost its end goes to the end of s.
func quoteEnd(s string, at, backslashes int) int {
	for i := at + 1; i < len(s); i++ {
		if s[i] != s[at] {
			continue
		}
		n := 0
		for i-n > at+1 && s[i-n-1] == '\\' {
			n++
		}
		if n <= backslashes || backslashes == 0 && n%2 == 0 {
			return i - min(n, backslashes)
		}
	}
	return len(s)
}

func endsValue(c byte) bool {
	switch c {
	case ' ', '\t', '\n', '\r', '&', ';', ',', '"', '\'', '`', '<', '>', '{', '}', '[', ']', '(', ')', '|', '\\':
		return true
	}
	return false
}

// isScheme knows the words that stand before the secret in an Authorization header.
func isScheme(s string) bool {
	switch len(s) {
	case 5, 6:
		return hasFold(s, "basic") || hasFold(s, "token") || hasFold(s, "bearer") || hasFold(s, "digest") || hasFold(s, "apikey")
	case 9:
		return hasFold(s, "negotiate")
	}
	return false
}

// secret reports whether the value of a secret name is one, and not a piece of
// code, a word of a sentence, a literal or a placeholder.
func (v value) secret(s string, n name, sign byte) bool {
	text := s[v.from:v.to]
	if isLiteral(text) || isFormat(text) || strings.HasPrefix(text, Filtered) || strings.HasPrefix(text, "[token]") {
		return false
	}
	if v.quoted {
		return n.quoted || sign == '=' || len(text) >= 3
	}
	if space := strings.IndexByte(text, ' '); space > 0 { // a scheme
		text = text[space+1:]
	}
	if sign == '=' && !n.spaced && !v.spaced {
		return len(text) > 0
	}
	if v.to < len(s) && (s[v.to] == '(' || s[v.to] == '[') { // a call in a line of code
		return false
	}
	return sign == '=' || len(text) >= 4 && opaque(text)
}

// isFormat knows the places that templates keep for values: %s, %(name)s, ${NAME}, ?.
func isFormat(s string) bool {
	return len(s) == 1 && (s[0] == '?' || s[0] == '$' || s[0] == '%') || len(s) == 2 && s[0] == '%'
}

// isLiteral knows the values that Sentry never takes for secrets, and those of other
// languages.
func isLiteral(s string) bool {
	switch s {
	case "", "true", "false", "null", "undefined", "nil", "none", "None", "True", "False", "NULL":
		return true
	}
	return false
}
