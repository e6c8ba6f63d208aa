package redact

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLevel is how deep JSON inside strings of JSON is read.
const maxLevel = 4

// maxDepth is how deep arrays and objects may nest in what is read as JSON.
const maxDepth = 200

// AppendJSON is AppendText for what may be JSON. A text that is an object, an array
// or a string is cleared by the names in it, keeping its form; what does not parse
// is cleared as a text.
func (r *Rules) AppendJSON(dst []byte, marks []Mark, s string) ([]byte, []Mark) {
	return r.appendJSON(dst, marks, s, 0)
}

func (r *Rules) appendJSON(dst []byte, marks []Mark, s string, level int) ([]byte, []Mark) {
	if level >= maxLevel || !LooksJSON(s) {
		return r.AppendText(dst, marks, s)
	}
	e := editor{rules: r, out: dst, marks: marks, zero: len(dst), src: s, level: level}
	if i, ok := e.value(e.space(0), 0); !ok || e.space(i) != len(s) {
		return r.AppendText(dst, marks, s)
	}
	return e.finish()
}

// LooksJSON reports whether s begins like a JSON object, array or string.
func LooksJSON(s string) bool {
	for i := 0; i < len(s); i++ {
		if isSpace(s[i]) {
			continue
		}
		return s[i] == '{' || s[i] == '[' || s[i] == '"'
	}
	return false
}

// The methods below read one thing at src[i] and return where it ends, and false if
// it is not JSON.

func (e *editor) space(i int) int {
	for i < len(e.src) && isSpace(e.src[i]) {
		i++
	}
	return i
}

// value clears the value at src[i].
func (e *editor) value(i, depth int) (int, bool) {
	if i >= len(e.src) || depth > maxDepth {
		return i, false
	}
	switch e.src[i] {
	case '{':
		return e.object(i, depth)
	case '[':
		return e.array(i, depth)
	case '"':
		end, escaped, ok := e.str(i)
		if ok && !e.skipping {
			e.content(i+1, end-1, escaped)
		}
		return end, ok
	}
	end, ok := e.scalar(i)
	if ok && !e.skipping && CardNumber(e.src[i:end]) {
		e.replace(i, end, "null", ruleNames[ruleCard].filter)
	}
	return end, ok
}

func (e *editor) object(i, depth int) (int, bool) {
	i = e.space(i + 1)
	if i < len(e.src) && e.src[i] == '}' {
		return i + 1, true
	}
	for {
		if i >= len(e.src) || e.src[i] != '"' {
			return i, false
		}
		end, escaped, ok := e.str(i)
		if !ok {
			return i, false
		}
		name := e.src[i+1 : end-1]
		i = e.space(end)
		if i >= len(e.src) || e.src[i] != ':' {
			return i, false
		}
		if i, ok = e.member(name, escaped, e.space(i+1), depth); !ok {
			return i, false
		}
		if i = e.space(i); i >= len(e.src) {
			return i, false
		}
		switch e.src[i] {
		case '}':
			return i + 1, true
		case ',':
			i = e.space(i + 1)
		default:
			return i, false
		}
	}
}

// member clears the value at src[i] by its name.
func (e *editor) member(name string, escaped bool, i, depth int) (int, bool) {
	if i >= len(e.src) {
		return i, false
	}
	if escaped && !e.skipping {
		var buf [64]byte
		name = string(unescape(buf[:0], name))
	}
	container := e.src[i] == '{' || e.src[i] == '['
	safe := !container && e.rules.IsSafe(name)
	if e.skipping || !safe && !e.rules.Key(name) {
		return e.value(i, depth+1)
	}
	end, ok := e.skip(i, depth+1)
	if safe || !ok {
		return end, ok
	}
	switch c := e.src[i]; {
	case c == '"':
		e.blank(i+1, end-1)
	case c != 't' && c != 'f' && c != 'n':
		e.replace(i, end, "null", ruleNames[ruleName].filter)
	}
	return end, true
}

func (e *editor) array(i, depth int) (int, bool) {
	i = e.space(i + 1)
	if i < len(e.src) && e.src[i] == ']' {
		return i + 1, true
	}
	for {
		var ok bool
		if i, ok = e.value(i, depth+1); !ok {
			return i, false
		}
		if i = e.space(i); i >= len(e.src) {
			return i, false
		}
		switch e.src[i] {
		case ']':
			return i + 1, true
		case ',':
			i = e.space(i + 1)
		default:
			return i, false
		}
	}
}

// str reads a string, quotes included, and tells whether it has escapes.
func (e *editor) str(i int) (end int, escaped, ok bool) {
	s := e.src
	for i++; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return i + 1, escaped, true
		case c == '\\':
			if i++; i >= len(s) || !isEscape(s, i) {
				return i, escaped, false
			}
			escaped = true
		case c < ' ':
			return i, escaped, false
		}
	}
	return i, escaped, false
}

func isEscape(s string, i int) bool {
	if s[i] == 'u' {
		return hex4(s[i+1:]) >= 0
	}
	return strings.IndexByte(`"\/bfnrt`, s[i]) >= 0
}

// content clears the inside of a string, src[from:to].
func (e *editor) content(from, to int, escaped bool) {
	s := e.src[from:to]
	if !escaped && !LooksJSON(s) {
		e.text(from, to)
		return
	}
	if len(s) < shortest {
		return
	}
	plain := s
	if escaped {
		plain = string(unescape(make([]byte, 0, len(s)), s))
	}
	out, marks := e.rules.appendJSON(nil, nil, plain, e.level+1)
	if len(marks) > 0 {
		e.replace(from, to, string(escape(nil, out)), marks[0].Rule)
	}
}

// scalar reads a number or a literal.
func (e *editor) scalar(i int) (int, bool) {
	end := i
	for end < len(e.src) && (isWord(e.src[end]) || e.src[end] == '-' || e.src[end] == '+' || e.src[end] == '.') {
		end++
	}
	switch e.src[i:end] {
	case "true", "false", "null":
		return end, true
	}
	return end, isNumber(e.src[i:end])
}

// isNumber reports whether s is a number by JSON's grammar.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	n := digitsEnd(s, 0)
	if n == 0 || n > 1 && s[0] == '0' {
		return false
	}
	s = s[n:]
	if strings.HasPrefix(s, ".") {
		if n = digitsEnd(s, 1); n == 1 {
			return false
		}
		s = s[n:]
	}
	if s == "" {
		return true
	}
	if s[0]|0x20 != 'e' {
		return false
	}
	if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
		s = s[1:]
	}
	return s != "" && digitsEnd(s, 0) == len(s)
}

// skip reads a value without changing it.
func (e *editor) skip(i, depth int) (int, bool) {
	e.skipping = true
	end, ok := e.value(i, depth)
	e.skipping = false
	return end, ok
}

// unescape appends what a JSON string's content means. Half a surrogate pair becomes
// U+FFFD.
func unescape(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 >= len(s) {
			dst = append(dst, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(s[i+1:])
			i += 4
			if utf16.IsSurrogate(r) && len(s) > i+6 && s[i+1] == '\\' && s[i+2] == 'u' {
				if pair := utf16.DecodeRune(r, hex4(s[i+3:])); pair != utf8.RuneError {
					r = pair
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, s[i])
		}
	}
	return dst
}

// hex4 reads four hexadecimal digits; -1 if there are none.
func hex4(s string) rune {
	if len(s) < 4 {
		return -1
	}
	var r rune
	for i := range 4 {
		c := s[i]
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case c|0x20-'a' <= 5:
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return -1
		}
	}
	return r
}

// escape appends s as the content of a JSON string.
func escape(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}
