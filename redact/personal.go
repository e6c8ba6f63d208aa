package redact

import "strings"

// email looks for an address around the @ at s[i].
func (e *editor) email(s string, low, i int) find {
	if !e.rules.Emails {
		return find{}
	}
	const longest = 128
	from := i
	for from > low && i-from < longest && isLocal(s[from-1]) {
		from--
	}
	for from < i && !isWord(s[from]) && s[from] < 0x80 {
		from++
	}
	to, dot := i+1, 0
	for to < len(s) && (isLetter(s[to]) || isDigit(s[to]) || s[to] == '-' || s[to] == '.' && s[to-1] != '.') {
		if s[to] == '.' {
			dot = to
		}
		to++
	}
	for to > i+1 && (s[to-1] == '.' || s[to-1] == '-') {
		to--
		if dot == to {
			dot = strings.LastIndexByte(s[i:to], '.') + i
		}
	}
	if from == i || dot <= i+1 || !topLevel(s[dot+1:to]) || to < len(s) && s[to] == '_' {
		return find{}
	}
	return find{from: from, to: to, rule: ruleEmail}
}

func isLocal(c byte) bool {
	return isWord(c) || c == '.' || c == '+' || c == '-' || c == '%' || c == '\'' || c >= 0x80
}

// topLevel reports whether s can be a top-level domain: letters only, or punycode.
func topLevel(s string) bool {
	if len(s) < 2 {
		return false
	}
	for i := 0; i < len(s); i++ {
		if !isLetter(s[i]) {
			return strings.HasPrefix(s, "xn--")
		}
	}
	return true
}

// homePath looks for a user's name in a path whose first separator is s[i].
func (e *editor) homePath(s string, low, i int) find {
	if !e.rules.Paths {
		return find{}
	}
	if s[i] == '\\' {
		return windowsPath(s, i)
	}
	from := i
	switch {
	case strings.HasPrefix(s[i:], "/home/"):
		from += len("/home/")
	case strings.HasPrefix(s[i:], "/Users/"):
		from += len("/Users/")
	default:
		return find{}
	}
	to := from
	for to < len(s) && isUserName(s[to]) {
		to++
	}
	if to == from || inURL(s, low, i) {
		return find{}
	}
	return find{from: from, to: to, rule: rulePath}
}

// inURL reports whether the path at s[i] belongs to a URL that is not a file's.
func inURL(s string, low, i int) bool {
	const longest = 200
	start := i
	for start > low && i-start < longest && s[start-1] > ' ' && s[start-1] != '"' && s[start-1] != '\'' {
		start--
	}
	at := strings.Index(s[start:i], "://")
	return at >= 0 && !strings.HasSuffix(s[start:start+at], "file")
}

// windowsPath is homePath for \Users\NAME; the separators may be doubled, as in
// sources and in JSON.
func windowsPath(s string, i int) find {
	from := i + 1
	if from < len(s) && s[from] == '\\' {
		from++
	}
	switch rest := s[from:]; {
	case hasFold(rest, "users"):
		from += len("users")
	case hasFold(rest, "documents") && len(rest) > 22 && hasFold(rest[10:], "and") && hasFold(rest[14:], "settings"):
		from += len("documents and settings")
	default:
		return find{next: from}
	}
	if from >= len(s) || s[from] != '\\' {
		return find{next: from}
	}
	for from < len(s) && s[from] == '\\' {
		from++
	}
	to, word := from, 0
	for to < len(s) && to-from < 64 && (isUserName(s[to]) || s[to] == ' ') {
		if s[to] == ' ' && word == 0 {
			word = to
		}
		to++
	}
	if word > 0 && (to >= len(s) || s[to] != '\\') {
		to = word // no name with spaces, but a sentence
	}
	if to == from {
		return find{next: from}
	}
	return find{from: from, to: to, rule: rulePath}
}

func isUserName(c byte) bool {
	return isWord(c) || c == '.' || c == '-' || c == '~' || c == '!' || c == '#' || c == '^' || c == '@' || c >= 0x80
}

// hyphen looks for the key in a PEM block, or for a service's key.
func (e *editor) hyphen(s string, low, i int) find {
	const begin = "-----BEGIN "
	if i+1 < len(s) && s[i+1] == '-' {
		if !strings.HasPrefix(s[i:], begin) {
			return find{}
		}
		return pem(s, i+len(begin))
	}
	return prefixedKey(s, low, i)
}

// pem looks for the body of a key, given that the name of a block begins at s[i]. A
// block that lost its end goes as far as it looks like base64.
func pem(s string, i int) find {
	const longest = 64
	line := strings.Index(s[i:min(len(s), i+longest)], "-----")
	if line < 0 || !strings.Contains(s[i:i+line], "KEY") {
		return find{next: i}
	}
	from := i + line + len("-----")
	to := from
	for to < len(s) && isArmour(s, to) {
		to++
	}
	for from < to && isBreak(s, from) {
		from++
	}
	for from < to && isBreak(s, to-1) {
		to--
	}
	if from == to {
		return find{next: to}
	}
	return find{from: from, to: to, rule: rulePEM}
}

// isArmour knows what may stand in the body of a PEM block: base64, headers as in
// "Proc-Type: 4,ENCRYPTED", and line breaks, which may be escaped.
func isArmour(s string, i int) bool {
	c := s[i]
	return isWord(c) || isSpace(c) || c == '+' || c == '/' || c == '=' || c == '\\' || c == ':' || c == ',' ||
		c == '-' && !strings.HasPrefix(s[i:], "-----") || c == '*' || c == '.' || c == '(' || c == ')'
}

// isBreak reports whether s[i] is a line break or a part of an escaped one.
func isBreak(s string, i int) bool {
	c := s[i]
	return isSpace(c) || c == '\\' || (c == 'n' || c == 'r') && i > 0 && s[i-1] == '\\'
}
