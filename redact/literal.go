package redact

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// str reads a string, quotes included, and tells whether it has escapes.
func (e *editor) str(i int) (end int, escaped, ok bool) {
	s := e.src
	for i++; i < len(s); i++ {
		if !special[s[i]] {
			continue
		}
		switch s[i] {
		case '"':
			return i + 1, escaped, true
		case '\\':
			if i++; i >= len(s) || !isEscape(s, i) {
				return i, escaped, false
			}
			escaped = true
		default:
			return i, escaped, false
		}
	}
	return i, escaped, false
}

// special finds the bytes that do not stand for themselves in a JSON string.
var special = func() (t [256]bool) {
	for c := range t {
		t[c] = c < ' ' || c == '"' || c == '\\'
	}
	return t
}()

func isEscape(s string, i int) bool {
	if s[i] == 'u' {
		return hex4(s[i+1:]) >= 0
	}
	return strings.IndexByte(`"\/bfnrt`, s[i]) >= 0
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
