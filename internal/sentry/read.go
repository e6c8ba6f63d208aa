package sentry

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"relay.one/picket/internal/model"
)

// limit is the cap of an indexed text, in characters; slack is how far a text may
// go beyond it before it is cut at all. Payloads keep everything.
type limit struct{ chars, slack int }

// The caps are those of Sentry's columns.
var (
	enumLimit    = limit{128, 0}
	nameLimit    = limit{200, 0}
	loggerLimit  = limit{64, 0}
	emailLimit   = limit{75, 0}
	symbolLimit  = limit{256, 20}
	pathLimit    = limit{256, 40}
	summaryLimit = limit{1024, 100}
	messageLimit = limit{8192, 200}
)

// copyText returns b as a text of its own, cut to the limit, without NUL, which
// some databases refuse.
func copyText(b []byte, l limit) string { return string(storable(b, l)) }

func storable(b []byte, l limit) []byte {
	b = cut(b, l)
	if bytes.IndexByte(b, 0) >= 0 {
		b = bytes.ReplaceAll(b, []byte{0}, nil)
	}
	return b
}

// texts copies the many short texts of one batch that nobody keeps for long,
// those of frames and attributes, into blocks that they share.
type texts struct{ block strings.Builder }

const blockSize = 4096

func (t *texts) copy(b []byte, l limit) string {
	b = storable(b, l)
	if len(b) > blockSize/8 {
		return string(b)
	}
	if t.block.Cap()-t.block.Len() < len(b) {
		t.block = strings.Builder{}
		t.block.Grow(blockSize)
	}
	start := t.block.Len()
	t.block.Write(b)
	return t.block.String()[start:]
}

// text does what the function text does.
func (t *texts) text(v *fastjson.Value, l limit) string {
	if v.Type() == fastjson.TypeString {
		b, _ := v.StringBytes() // it is a string
		return t.copy(b, l)
	}
	return text(v, l)
}

// cut ends a text that is too long with three dots.
func cut(b []byte, l limit) []byte {
	if len(b) <= l.chars+l.slack || utf8.RuneCount(b) <= l.chars+l.slack {
		return b
	}
	end := 0
	for range l.chars - 3 {
		_, n := utf8.DecodeRune(b[end:])
		end += n
	}
	return append(bytes.Clone(b[:end]), "..."...)
}

// str returns a string's text; anything else is "".
func str(v *fastjson.Value, l limit) string { return copyText(v.GetStringBytes(), l) }

// text returns the text of a string, a number or a boolean; anything else is "".
func text(v *fastjson.Value, l limit) string {
	switch typeOf(v) {
	case fastjson.TypeString:
		b, _ := v.StringBytes() // it is a string
		return copyText(b, l)
	case fastjson.TypeNumber:
		return numberText(v)
	case fastjson.TypeTrue:
		return "true"
	case fastjson.TypeFalse:
		return "false"
	}
	return ""
}

// anyText returns the text of any value: strings as they are, the rest as JSON,
// null and nothing as "".
func anyText(v *fastjson.Value, l limit) string {
	switch typeOf(v) {
	case fastjson.TypeNull:
		return ""
	case fastjson.TypeObject, fastjson.TypeArray:
		return copyText(AppendJSON(nil, v), l)
	}
	return text(v, l)
}

// typeOf returns the type of v; nothing is null.
func typeOf(v *fastjson.Value) fastjson.Type {
	if v == nil {
		return fastjson.TypeNull
	}
	return v.Type()
}

// numberText writes a number as JSON has it, whole ones without a fraction; "" for NaN and for
// more digits than anyone means.
func numberText(v *fastjson.Value) string {
	var buf [32]byte
	b := v.MarshalTo(buf[:0])
	if !isNumber(b) || len(b) > len(buf) {
		return ""
	}
	if digits(b) == len(b) {
		return string(b)
	}
	if f := v.GetFloat64(); f < 1<<53 && f > -1<<53 && f == float64(int64(f)) {
		return strconv.FormatInt(int64(f), 10)
	}
	return string(b)
}

// number returns the value of a number, or of a string that spells one.
func number(v *fastjson.Value) (float64, bool) {
	switch typeOf(v) {
	case fastjson.TypeNumber:
		f, err := v.Float64()
		return f, err == nil && f == f
	case fastjson.TypeString:
		b := bytes.TrimSpace(v.GetStringBytes())
		if !isNumber(b) {
			return 0, false
		}
		f, err := strconv.ParseFloat(string(b), 64)
		return f, err == nil
	}
	return 0, false
}

// integer returns a number as a whole one; zero when it is none, or out of range.
func integer(v *fastjson.Value) int {
	f, ok := number(v)
	if !ok || f >= 1<<53 || f <= -1<<53 {
		return 0
	}
	return int(f)
}

// tristate returns what a boolean says; a string or number may stand for one.
func tristate(v *fastjson.Value) model.Tristate {
	switch typeOf(v) {
	case fastjson.TypeTrue:
		return model.Yes
	case fastjson.TypeFalse:
		return model.No
	case fastjson.TypeString:
		if b, err := strconv.ParseBool(string(v.GetStringBytes())); err == nil {
			return tri(b)
		}
	}
	return model.Unknown
}

func tri(b bool) model.Tristate {
	if b {
		return model.Yes
	}
	return model.No
}

func truth(v *fastjson.Value) bool { return tristate(v) == model.Yes }

// values returns the elements of a list in any of its forms: an array, an object
// with "values", or a single object.
func values(v *fastjson.Value) []*fastjson.Value {
	switch typeOf(v) {
	case fastjson.TypeArray:
		return v.GetArray()
	case fastjson.TypeObject:
		if list := v.Get("values"); list != nil {
			return list.GetArray()
		}
		if v.GetObject().Len() > 0 {
			return []*fastjson.Value{v}
		}
	}
	return nil
}

// members calls f for every member of an object, and for every element of an
// array under its index.
func members(v *fastjson.Value, f func(key []byte, v *fastjson.Value)) {
	switch typeOf(v) {
	case fastjson.TypeObject:
		v.GetObject().Visit(f)
	case fastjson.TypeArray:
		for i, e := range v.GetArray() {
			f(strconv.AppendInt(nil, int64(i), 10), e)
		}
	}
}

// pairs calls f for every pair of a map, a list of [key, value] or a list of
// {"key":…,"value":…}. Keys that are no text are left out.
func pairs(v *fastjson.Value, f func(key []byte, v *fastjson.Value)) {
	if typeOf(v) == fastjson.TypeObject {
		v.GetObject().Visit(f)
		return
	}
	for _, e := range v.GetArray() {
		key, value := pair(e)
		if b := keyText(key); len(b) > 0 {
			f(b, value)
		}
	}
}

func pair(e *fastjson.Value) (key, value *fastjson.Value) {
	if typeOf(e) == fastjson.TypeObject {
		if key = e.Get("key"); key == nil {
			key = e.Get("name")
		}
		return key, e.Get("value")
	}
	if a := e.GetArray(); len(a) == 2 {
		return a[0], a[1]
	}
	return nil, nil
}

func keyText(v *fastjson.Value) []byte {
	if typeOf(v) == fastjson.TypeString {
		return v.GetStringBytes()
	}
	return []byte(text(v, nameLimit))
}
