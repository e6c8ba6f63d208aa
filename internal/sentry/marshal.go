package sentry

import (
	"encoding/binary"
	"slices"

	"github.com/valyala/fastjson"
)

// AppendJSON appends v as strict JSON. The tree's own MarshalTo does not serve:
// it repeats whatever stood in the source, bad escapes and NaN included, and
// quotes changed strings in Go's way, which is not JSON's. Numbers that JSON does
// not know become null.
func AppendJSON(dst []byte, v *fastjson.Value) []byte {
	if v == nil {
		return append(dst, "null"...)
	}
	w := writer{dst}
	w.value(v)
	return w.b
}

type writer struct{ b []byte }

func (w *writer) value(v *fastjson.Value) {
	switch v.Type() {
	case fastjson.TypeString:
		s, _ := v.StringBytes() // it is a string
		w.b = appendString(w.b, s)
	case fastjson.TypeObject:
		w.object(v)
	case fastjson.TypeArray:
		w.array(v)
	case fastjson.TypeNumber:
		w.b = appendNumber(w.b, v)
	default:
		w.b = v.MarshalTo(w.b)
	}
}

func (w *writer) object(v *fastjson.Value) {
	o, _ := v.Object() // it is an object
	start := len(w.b) + 1
	o.Visit(func(key []byte, v *fastjson.Value) {
		w.b = append(appendString(append(w.b, ','), key), ':')
		w.value(v)
	})
	if len(w.b) < start {
		w.b = append(w.b, '{')
	}
	w.b[start-1] = '{'
	w.b = append(w.b, '}')
}

func (w *writer) array(v *fastjson.Value) {
	w.b = append(w.b, '[')
	list, _ := v.Array() // it is an array
	for i, e := range list {
		if i > 0 {
			w.b = append(w.b, ',')
		}
		w.value(e)
	}
	w.b = append(w.b, ']')
}

func appendNumber(dst []byte, v *fastjson.Value) []byte {
	n := len(dst)
	dst = v.MarshalTo(dst)
	if !isNumber(dst[n:]) {
		return append(dst[:n], "null"...)
	}
	return dst
}

// isNumber reports whether b is a number by JSON's grammar.
func isNumber(b []byte) bool {
	if len(b) > 0 && b[0] == '-' {
		b = b[1:]
	}
	whole := digits(b)
	if whole == 0 || whole > 1 && b[0] == '0' {
		return false
	}
	b = b[whole:]
	if len(b) > 0 && b[0] == '.' {
		n := digits(b[1:])
		if n == 0 {
			return false
		}
		b = b[1+n:]
	}
	if len(b) == 0 {
		return true
	}
	if b[0]|0x20 != 'e' {
		return false
	}
	b = b[1:]
	if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
		b = b[1:]
	}
	return len(b) > 0 && digits(b) == len(b)
}

func digits(b []byte) int {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}

// NewString returns s as a value for a tree, which lives as long as the arena. The
// arena's own NewString does not serve for texts with quotes or control
// characters: it escapes them in Go's way and reads them back in JSON's.
func NewString(a *fastjson.Arena, s string) *fastjson.Value {
	if plainPrefix([]byte(s)) == len(s) {
		return a.NewString(s)
	}
	v, err := fastjson.ParseBytes(appendString(nil, []byte(s)))
	if err != nil {
		panic("sentry: quoted string does not parse: " + err.Error()) // our own bug
	}
	return v
}

// appendString appends s in quotes. Most strings need no escape, which is found
// out eight bytes at a time.
func appendString(dst, s []byte) []byte {
	n := plainPrefix(s)
	if n < len(s) {
		return appendEscaped(dst, s, n)
	}
	// Room is made once for the quotes, too, and for what follows the string.
	dst = slices.Grow(dst, n+4)
	end := len(dst)
	dst = dst[:end+n+2]
	dst[end] = '"'
	copy(dst[end+1:], s)
	dst[end+n+1] = '"'
	return dst
}

// appendEscaped appends s in quotes, whose first n bytes stand for themselves.
func appendEscaped(dst, s []byte, n int) []byte {
	dst = append(append(dst, '"'), s[:n]...)
	for n < len(s) {
		dst = appendEscape(dst, s[n])
		s = s[n+1:]
		n = plainPrefix(s)
		dst = append(dst, s[:n]...)
	}
	return append(dst, '"')
}

// plainPrefix returns how many bytes at the start of s stand for themselves.
func plainPrefix(s []byte) int {
	n := 0
	for ; len(s)-n >= 8; n += 8 {
		if special(binary.LittleEndian.Uint64(s[n:])) {
			return n + plainBytes(s[n:])
		}
	}
	if len(s) >= 8 && !special(binary.LittleEndian.Uint64(s[len(s)-8:])) {
		return len(s)
	}
	return n + plainBytes(s[n:])
}

// special reports whether one of eight bytes is below a space, a quote or a
// backslash. Its high bit is set then, by the borrow; bytes above 0x7f mask
// themselves out.
func special(w uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^ones*'"', w^ones*'\\'
	return ((w-ones*' ')|(quote-ones)|(slash-ones))&^w&highs != 0
}

func plainBytes(s []byte) int {
	for i, c := range s {
		if c < ' ' || c == '"' || c == '\\' {
			return i
		}
	}
	return len(s)
}

func appendEscape(dst []byte, c byte) []byte {
	const hex = "0123456789abcdef"
	switch c {
	case '"', '\\':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
}
