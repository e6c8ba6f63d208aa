package picket

import (
	"bytes"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"slices"
)

// attrShape is how attributes stand in JSON.
type attrShape uint8

const (
	attrsPlain  attrShape = iota // "k":v, in the data of spans and breadcrumbs
	attrsTyped                   // "k":{"value":v,"type":"string"}, in spans and logs of the second format
	attrsNested                  // plain, but with objects and lists as they are, in extra
)

// Types of typed attributes.
const (
	encodeTypeString  = "string"
	encodeTypeInteger = "integer"
	encodeTypeDouble  = "double"
	encodeTypeBoolean = "boolean"
	encodeTypeArray   = "array"
)

// attr writes an attribute as a member "k":v.
//
// Durations are milliseconds. Groups become members with dotted names. Numbers that
// JSON does not know, nils and empty groups are left out. What is neither a scalar nor
// a list of scalars becomes a text that is JSON. The values are cleared by their names,
// as the server does: conversations of models and agents, headers, cookies and
// addresses each in their way.
func (e *encoder) attr(a slog.Attr) { e.attrIn("", a, attrsPlain) }

// plainAttrs writes attributes as members of the object that is open. Of several under
// one name the last holds.
func (e *encoder) plainAttrs(list []slog.Attr) { e.attrsAs(list, attrsPlain) }

// typedAttrs is plainAttrs with members "k":{"value":v,"type":"string"}. A whole number
// above the range of int64 becomes a text.
func (e *encoder) typedAttrs(list []slog.Attr) { e.attrsAs(list, attrsTyped) }

func (e *encoder) attrsAs(list []slog.Attr, shape attrShape) {
	for i, a := range list {
		again := func(b slog.Attr) bool { return b.Key == a.Key }
		if a.Key == "" || !slices.ContainsFunc(list[i+1:], again) {
			e.attrIn("", a, shape)
		}
	}
}

// attrIn writes an attribute whose name goes behind a prefix.
func (e *encoder) attrIn(prefix string, a slog.Attr, shape attrShape) {
	v := encodeResolve(a.Value)
	key := prefix
	switch {
	case prefix == "":
		key = a.Key
	case a.Key != "":
		key = prefix + "." + a.Key
	}
	switch {
	case v.Kind() == slog.KindGroup:
		e.attrGroup(key, v.Group(), shape)
	case key != "":
		e.attrMember(key, v, shape)
	}
}

func (e *encoder) attrGroup(key string, group []slog.Attr, shape attrShape) {
	if e.depth >= e.maxDepth { // a group that is in itself
		return
	}
	e.depth++
	for _, a := range group {
		e.attrIn(key, a, shape)
	}
	e.depth--
}

// attrMember writes one attribute, or takes back what it wrote if there is none.
func (e *encoder) attrMember(key string, v slog.Value, shape attrShape) {
	place := attrPlaceOf(key)
	if e.drops(place) {
		return
	}
	at := len(e.buf)
	e.hostMember(key)
	if shape == attrsTyped {
		e.buf = append(e.buf, `{"value":`...)
	}
	typ := e.attrValue(key, v, place, shape)
	switch {
	case typ == "":
		e.buf = e.buf[:at]
	case shape == attrsTyped:
		e.buf = append(e.buf, `,"type":"`...)
		e.buf = append(e.buf, typ...)
		e.buf = append(e.buf, '"', '}')
	}
}

// attrValue writes the value of an attribute and returns its type, none if there is no
// value.
func (e *encoder) attrValue(key string, v slog.Value, place attrPlace, shape attrShape) string {
	kind := v.Kind()
	switch {
	case kind == slog.KindString:
		e.placed(key, v.String(), place)
		return encodeTypeString
	case kind == slog.KindAny:
		return e.attrAny(key, v.Any(), place, shape)
	case kind == slog.KindBool:
		e.bool(v.Bool())
		return encodeTypeBoolean
	case place == placeUserID && e.anonymize:
		e.raw(e.pseudonym(v.String()))
		return encodeTypeString
	case place != placeMessage && e.secret(key):
		e.filteredText()
		return encodeTypeString
	}
	return e.attrScalar(v)
}

func (e *encoder) attrScalar(v slog.Value) string {
	switch v.Kind() {
	case slog.KindInt64:
		e.int(v.Int64())
		return encodeTypeInteger
	case slog.KindUint64:
		if n := v.Uint64(); n <= math.MaxInt64 {
			e.uint(n)
			return encodeTypeInteger
		}
		e.raw(v.String())
		return encodeTypeString
	case slog.KindFloat64:
		return e.attrFloat(v.Float64())
	case slog.KindDuration:
		return e.attrFloat(float64(v.Duration()) / 1e6)
	}
	e.time(v.Time())
	return encodeTypeString
}

func (e *encoder) attrFloat(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return ""
	}
	e.float(f)
	return encodeTypeDouble
}

// attrAny writes a value of any type.
func (e *encoder) attrAny(key string, v any, place attrPlace, shape attrShape) string {
	at, depth, limit := len(e.buf), e.depth, e.limit
	if shape != attrsNested { // it has to be short
		e.depth, e.limit = max(1, depth), at+e.maxText
	}
	e.placedValue(key, v, place)
	e.depth, e.limit = depth, limit
	return e.attrWritten(at, v, shape)
}

// attrWritten returns the type of the value that is written from there on. What has no
// type becomes a text.
func (e *encoder) attrWritten(at int, v any, shape attrShape) string {
	switch value := e.buf[at:]; value[0] {
	case '"':
		return encodeTypeString
	case 't', 'f':
		return encodeTypeBoolean
	case 'n':
		return ""
	case '[', '{':
		if shape == attrsNested || attrIsList(v) {
			return encodeTypeArray
		}
		e.quoteFrom(at)
		return encodeTypeString
	default:
		if bytes.ContainsAny(value, ".e") {
			return encodeTypeDouble
		}
		return encodeTypeInteger
	}
}

// attrIsList reports whether v is a list of scalars of one type.
func attrIsList(v any) bool {
	switch v.(type) {
	case []string, []int, []int64, []float64, []float32, []bool:
		return true
	}
	return false
}

// attribute writes a member of a map of attributes.
func (e *encoder) attribute(key string, v any) {
	place := attrPlaceOf(key)
	if e.drops(place) {
		return
	}
	e.hostMember(key)
	e.placedValue(key, v, place)
}

// encodeResolve returns the value that a LogValuer stands for.
func encodeResolve(v slog.Value) (resolved slog.Value) {
	const most = 8
	defer func() {
		if recover() != nil {
			resolved = slog.StringValue(fmt.Sprintf("[panicked: %T]", v.Any()))
		}
	}()
	for range most {
		if v.Kind() != slog.KindLogValuer {
			return v
		}
		if encodeIsNil(reflect.ValueOf(v.Any())) {
			return slog.AnyValue(nil)
		}
		v = v.LogValuer().LogValue()
	}
	return slog.StringValue(encodeCut)
}
