package picket

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"unicode/utf8"
)

// This file is for values of types that are not our own: their methods may panic, and
// may give anything.

// foreign writes a value of a type that the host defined.
func (e *encoder) foreign(v any) {
	at, keys, depth, limit := len(e.buf), len(e.keys), e.depth, e.limit
	rules, nameless := e.rules, e.nameless
	defer func() {
		if recover() == nil {
			return
		}
		e.buf, e.keys, e.depth, e.limit = e.buf[:at], e.keys[:keys], depth, limit
		e.rules, e.nameless = rules, nameless
		e.mute("panicked", v)
	}()
	if encodeIsNil(reflect.ValueOf(v)) {
		e.null()
		return
	}
	e.host(v)
}

// encodeIsNil reports whether v is a nil pointer, map or slice, whose methods might panic.
func encodeIsNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface, reflect.Func, reflect.Chan:
		return v.IsNil()
	}
	return false
}

// mute writes what stands for a value that has no form.
func (e *encoder) mute(why string, v any) { e.raw(fmt.Sprintf("[%s: %T]", why, v)) }

// host writes a value in the form that it gives itself, if it does.
func (e *encoder) host(v any) {
	switch v := v.(type) {
	case slog.LogValuer:
		e.logged(slog.AnyValue(v))
	case slog.Value:
		e.logged(v)
	case slog.Attr:
		e.group([]slog.Attr{v})
	case []slog.Attr:
		e.group(v)
	case error:
		e.text(v.Error())
	case json.Marshaler:
		if !e.marshalled(v) {
			e.mute("unserializable", v)
		}
	case encoding.TextMarshaler:
		e.textMarshalled(v)
	case fmt.Stringer:
		e.text(v.String())
	default:
		e.reflected(reflect.ValueOf(v))
	}
}

// logged writes a value of slog's.
func (e *encoder) logged(v slog.Value) {
	if v = encodeResolve(v); v.Kind() == slog.KindGroup {
		e.group(v.Group())
		return
	}
	e.value("", v.Any())
}

// group writes attributes as an object.
func (e *encoder) group(list []slog.Attr) {
	if !e.enter() {
		return
	}
	e.open()
	e.attrsAs(list, attrsNested)
	e.close()
	e.depth--
}

func (e *encoder) textMarshalled(v encoding.TextMarshaler) {
	b, err := v.MarshalText()
	if err != nil {
		e.mute("unserializable", v)
		return
	}
	e.bytes(b)
}

// reflected writes a value by what it is made of.
func (e *encoder) reflected(v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		e.bool(v.Bool())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		e.int(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		e.uint(v.Uint())
	case reflect.Float32, reflect.Float64:
		e.float(v.Float())
	case reflect.Complex64, reflect.Complex128:
		e.raw(fmt.Sprint(v.Complex()))
	case reflect.String:
		e.text(v.String())
	case reflect.Pointer:
		if e.enter() {
			e.value("", v.Elem().Interface())
			e.depth--
		}
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Array:
		if !e.marshalled(v.Interface()) {
			e.walk(v)
		}
	default:
		e.mute("unserializable", v.Interface())
	}
}

// marshalled writes what encoding/json makes of v, and reports whether it makes
// anything.
func (e *encoder) marshalled(v any) bool {
	b, ok := encodeMarshal(v)
	if !ok {
		return false
	}
	if !utf8.Valid(b) { // a Marshaler's doing
		b = []byte(strings.ToValidUTF8(string(b), "\ufffd"))
	}
	if len(b) <= e.maxText && !e.nameless && e.depth+encodeDepth(b) <= e.maxDepth && e.json(string(b)) {
		return true
	}
	decoded, ok := encodeDecoded(strings.NewReader(string(b)))
	if !ok {
		return false
	}
	if e.enter() {
		e.value("", decoded)
		e.depth--
	}
	return true
}

// json writes s, which is JSON, without the secrets in it. It writes nothing and
// reports false when that cannot be done in place.
func (e *encoder) json(s string) bool {
	out, found := e.scrub(s, e.rules, asJSON)
	if !found {
		e.buf = append(e.buf, s...)
		return true
	}
	if !json.Valid(out) {
		return false
	}
	e.buf = append(e.buf, out...)
	return true
}

// encodeDepth returns how deep lists and objects lie in each other in JSON.
func encodeDepth(b []byte) int {
	depth, deepest, inText := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			inText = !inText
		case '\\':
			i++
		case '[', '{':
			if !inText {
				depth++
				deepest = max(deepest, depth)
			}
		case ']', '}':
			if !inText {
				depth--
			}
		}
	}
	return deepest
}

// encodeMarshal is json.Marshal for types that may panic.
func encodeMarshal(v any) (b []byte, ok bool) {
	defer func() {
		if recover() != nil {
			b, ok = nil, false
		}
	}()
	b, err := json.Marshal(v)
	return b, err == nil
}

// walk writes what encoding/json refuses, because of one value in it perhaps, value by
// value.
func (e *encoder) walk(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		e.value("", encodeFields(v))
	case reflect.Map:
		e.value("", encodeEntries(v))
	default:
		list := make([]any, min(v.Len(), encodeMaxItems))
		for i := range list {
			list[i] = v.Index(i).Interface()
		}
		e.value("", list)
	}
}

// encodeFields returns the fields of a struct by the names that JSON has for them.
func encodeFields(v reflect.Value) map[string]any {
	fields := make(map[string]any, v.NumField())
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		fields[name] = v.Field(i).Interface()
	}
	return fields
}

// encodeEntries returns the entries of a map by the texts of their keys.
func encodeEntries(v reflect.Value) map[string]any {
	entries := make(map[string]any, min(v.Len(), encodeMaxItems))
	for r := v.MapRange(); len(entries) < encodeMaxItems && r.Next(); {
		entries[fmt.Sprint(r.Key().Interface())] = r.Value().Interface()
	}
	return entries
}
