package picket

import (
	"fmt"
	"reflect"
	"runtime"
	"strconv"
)

// errorText returns what err says, or why it could not.
func errorText(err error) (text string) {
	defer func() {
		if r := recover(); r != nil {
			text = "(error text unavailable: Error panicked: " + plainText(r) + ")"
		}
	}()
	return err.Error()
}

// panicText returns the text of a value that somebody panicked with.
func panicText(v any) string {
	if s, ok := v.(fmt.Stringer); ok {
		if text, ok := stringerText(s); ok {
			return text
		}
	}
	return plainText(v)
}

func stringerText(s fmt.Stringer) (text string, ok bool) {
	defer func() {
		if recover() != nil {
			text, ok = "", false
		}
	}()
	return s.String(), true
}

// plainText describes a value without calling methods of the host's: strings and numbers
// as they are, others after their type. fmt would not return from a value that holds itself.
func plainText(v any) string {
	if e, ok := v.(runtime.Error); ok && kindOf(e).module == "runtime" {
		return e.Error()
	}
	r := reflect.ValueOf(v)
	switch r.Kind() {
	case reflect.Struct, reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map, reflect.Func, reflect.Chan:
		return string(appendValue([]byte(r.Type().String()), r, 0))
	}
	return string(appendValue(nil, r, 0))
}

// Bounds of what plainText writes.
const (
	maxPlainText  = 1024 // bytes, beyond which nothing more is begun
	maxPlainDepth = 4
)

func appendValue(b []byte, v reflect.Value, depth int) []byte {
	if depth > maxPlainDepth || len(b) > maxPlainText {
		return append(b, "…"...)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(b, "(nil)"...)
		}
		return appendValue(b, v.Elem(), depth+1)
	case reflect.Struct:
		return appendFields(b, v, depth)
	case reflect.Slice, reflect.Array:
		b = append(b, '[')
		for i := 0; i < v.Len() && len(b) <= maxPlainText; i++ {
			if i > 0 {
				b = append(b, ' ')
			}
			b = appendValue(b, v.Index(i), depth+1)
		}
		return append(b, ']')
	case reflect.Map:
		return append(strconv.AppendInt(append(b, '['), int64(v.Len()), 10), " entries]"...)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer, reflect.Invalid:
		return b
	case reflect.String:
		return append(b, v.String()...)
	}
	return appendNumber(b, v)
}

func appendNumber(b []byte, v reflect.Value) []byte {
	switch {
	case v.Kind() == reflect.Bool:
		return strconv.AppendBool(b, v.Bool())
	case v.CanInt():
		return strconv.AppendInt(b, v.Int(), 10)
	case v.CanUint():
		return strconv.AppendUint(b, v.Uint(), 10)
	case v.CanFloat():
		return strconv.AppendFloat(b, v.Float(), 'g', -1, 64)
	}
	return fmt.Append(b, v.Complex())
}

func appendFields(b []byte, v reflect.Value, depth int) []byte {
	b = append(b, '{')
	for i := 0; i < v.NumField() && len(b) <= maxPlainText; i++ {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(append(b, v.Type().Field(i).Name...), ':')
		b = appendValue(b, v.Field(i), depth+1)
	}
	return append(b, '}')
}
