package sentry

import (
	"bytes"

	"github.com/valyala/fastjson"
)

// message returns the text of a logentry in any of its forms, and its template.
// The texts are not cut.
func message(v *fastjson.Value) (formatted, template []byte) {
	switch typeOf(v) {
	case fastjson.TypeFalse, fastjson.TypeNull:
		return nil, nil
	case fastjson.TypeString:
		return v.GetStringBytes(), nil
	case fastjson.TypeObject:
	default:
		return AppendJSON(nil, v), nil
	}
	template = lenientBytes(v.Get("message"))
	formatted = lenientBytes(v.Get("formatted"))
	if len(formatted) == 0 && len(template) > 0 {
		formatted = interpolate(template, v.Get("params"))
	}
	return formatted, template
}

// lenientBytes returns a string's bytes, and any other value as JSON.
func lenientBytes(v *fastjson.Value) []byte {
	switch typeOf(v) {
	case fastjson.TypeNull:
		return nil
	case fastjson.TypeString:
		return v.GetStringBytes()
	}
	return AppendJSON(nil, v)
}

// maxMessage bounds an interpolated message: parameters could be named again and again.
const maxMessage = 64 << 10

// interpolate puts parameters into a template in the manner of C and Python (%s,
// %(name)s) and of braces ({}, {0}, {name}). What has no parameter stays.
func interpolate(template []byte, params *fastjson.Value) []byte {
	if t := typeOf(params); t != fastjson.TypeArray && t != fastjson.TypeObject {
		return template
	}
	if bytes.IndexByte(template, '%') < 0 && bytes.IndexByte(template, '{') < 0 {
		return template
	}
	p := parameters{from: params}
	out := make([]byte, 0, len(template)+64)
	for i := 0; i < len(template) && len(out) < maxMessage; {
		n, value, ok := p.placeholder(template[i:])
		if ok {
			out = append(out, value...)
		} else {
			out = append(out, template[i:i+n]...)
		}
		i += n
	}
	return out
}

// parameters hands out the parameters of a message.
type parameters struct {
	from *fastjson.Value
	next int
}

// placeholder reads what stands at the start of b: a placeholder of n bytes with
// its value, or n bytes of plain text.
func (p *parameters) placeholder(b []byte) (n int, value []byte, ok bool) {
	switch b[0] {
	case '%':
		return p.percent(b)
	case '{':
		return p.brace(b)
	}
	if n = bytes.IndexAny(b, "%{"); n < 0 {
		n = len(b)
	}
	return n, nil, false
}

func (p *parameters) percent(b []byte) (int, []byte, bool) {
	if len(b) > 1 && b[1] == '%' {
		return 2, b[:1], true
	}
	i := 1
	var name []byte
	if len(b) > 1 && b[1] == '(' {
		end := bytes.IndexByte(b, ')')
		if end < 0 {
			return 1, nil, false
		}
		name, i = b[2:end], end+1
	}
	for i < len(b) && bytes.IndexByte([]byte("+-# 0123456789."), b[i]) >= 0 {
		i++
	}
	if i == len(b) || bytes.IndexByte([]byte("sdifeEgGcruxXovqTtp"), b[i]) < 0 {
		return 1, nil, false
	}
	value, ok := p.take(name)
	if !ok {
		return 1, nil, false
	}
	return i + 1, value, true
}

func (p *parameters) brace(b []byte) (int, []byte, bool) {
	end := bytes.IndexByte(b, '}')
	if end < 0 {
		return 1, nil, false
	}
	name, _, _ := bytes.Cut(b[1:end], []byte(":"))
	value, ok := p.take(name)
	if !ok {
		return 1, nil, false
	}
	return end + 1, value, true
}

// take returns the parameter of that name or number, or the next one.
func (p *parameters) take(name []byte) ([]byte, bool) {
	var v *fastjson.Value
	switch {
	case len(name) > 0:
		v = p.from.Get(string(name))
	case typeOf(p.from) == fastjson.TypeArray && p.next < len(p.from.GetArray()):
		v = p.from.GetArray()[p.next]
		p.next++
	}
	if v == nil {
		return nil, false
	}
	return lenientOrNull(v), true
}

func lenientOrNull(v *fastjson.Value) []byte {
	if v.Type() == fastjson.TypeNull {
		return []byte("null")
	}
	return lenientBytes(v)
}
