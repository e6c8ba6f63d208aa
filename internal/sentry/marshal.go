package sentry

import (
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
	switch v.Type() {
	case fastjson.TypeObject:
		return appendObject(dst, v)
	case fastjson.TypeArray:
		return appendArray(dst, v)
	case fastjson.TypeString:
		return appendString(dst, v.GetStringBytes())
	case fastjson.TypeNumber:
		return appendNumber(dst, v)
	}
	return v.MarshalTo(dst)
}

func appendObject(dst []byte, v *fastjson.Value) []byte {
	dst = append(dst, '{')
	first := true
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(appendString(dst, key), ':')
		dst = AppendJSON(dst, v)
	})
	return append(dst, '}')
}

func appendArray(dst []byte, v *fastjson.Value) []byte {
	dst = append(dst, '[')
	for i, e := range v.GetArray() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendJSON(dst, e)
	}
	return append(dst, ']')
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

// plain holds the bytes that stand for themselves in a JSON string.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= ' ' && c != '"' && c != '\\'
	}
	return t
}()

func appendString(dst, s []byte) []byte {
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		if plain[s[i]] {
			continue
		}
		dst = append(dst, s[from:i]...)
		dst = appendEscape(dst, s[i])
		from = i + 1
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
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
