package sentry

import (
	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

func parseEventID(s string) (id model.EventID, ok bool) {
	ok = parseHex(id[:], s)
	return id, ok
}

func eventID(v *fastjson.Value) (id model.EventID, ok bool) {
	ok = readHex(id[:], v)
	return id, ok
}

func traceID(v *fastjson.Value) (id model.TraceID) {
	readHex(id[:], v)
	return id
}

func spanID(v *fastjson.Value) (id model.SpanID) {
	readHex(id[:], v)
	return id
}

func readHex(dst []byte, v *fastjson.Value) bool {
	return parseHex(dst, v.GetStringBytes())
}

// parseHex reads hexadecimal digits in either case, with or without hyphens. It
// leaves dst zero and returns false when s is no such id; all zeros is none either.
func parseHex[T string | []byte](dst []byte, s T) bool {
	n, sum := 0, byte(0)
	for i := 0; i < len(s); i++ {
		if s[i] == '-' {
			continue
		}
		d := hexDigit(s[i])
		if d > 15 || n >= 2*len(dst) {
			clear(dst)
			return false
		}
		dst[n/2] = dst[n/2]<<4 | d
		sum |= d
		n++
	}
	if n != 2*len(dst) {
		clear(dst)
		return false
	}
	return sum != 0
}

// hexDigit returns the digit's value; more than 15 when it is none.
func hexDigit(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 255
}
