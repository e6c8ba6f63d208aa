package picket

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/redact"
)

// value writes any value of the host that stands under a name; without one, the name
// is empty.
//
// Under a secret name everything but true, false and nil becomes [Filtered]. Texts are
// cleared as by the method text. Numbers that JSON does not know become null, durations
// are written as 1.5s, times as RFC 3339, bytes as the text that they are, or else
// their number. What knows its own form (slog.LogValuer, error, json.Marshaler,
// encoding.TextMarshaler, fmt.Stringer, in this order) is asked for it, and if that
// panics, this value is lost and no other. Maps are sorted. What is too deep or too long
// is cut off.
func (e *encoder) value(key string, v any) {
	s, isText := v.(string)
	switch {
	case isText:
		e.named(key, s, e.rules)
	case e.secret(key):
		e.filteredValue(v)
	case e.scalar(v) || e.container(v):
	default:
		e.foreign(v)
	}
}

// filteredValue writes what stands for a secret value.
func (e *encoder) filteredValue(v any) {
	switch v := v.(type) {
	case string:
		e.filtered(v)
	case bool:
		e.bool(v)
	case nil:
		e.null()
	default:
		e.filteredText()
	}
}

// scalar writes v if it is of a common kind that holds no other values.
func (e *encoder) scalar(v any) bool {
	switch v := v.(type) {
	case nil:
		e.null()
	case bool:
		e.bool(v)
	case int:
		e.int(int64(v))
	case int64:
		e.int(v)
	case int32:
		e.int(int64(v))
	case uint64:
		e.uint(v)
	case uint:
		e.uint(uint64(v))
	case float64:
		e.float(v)
	case time.Time:
		e.time(v)
	case time.Duration:
		e.raw(v.String())
	case []byte:
		e.bytes(v)
	case json.Number:
		e.jsonNumber(v)
	case sentry.TraceID:
		e.raw(v.String())
	case sentry.SpanID:
		e.raw(v.String())
	case sentry.SpanStatus:
		e.status(v)
	default:
		return false
	}
	return true
}

// bytes writes bytes as the text they are, or else how many they are.
func (e *encoder) bytes(b []byte) {
	switch {
	case b == nil:
		e.null()
	case utf8.Valid(b) && bytes.IndexByte(b, 0) < 0:
		e.text(string(b))
	default:
		e.raw(fmt.Sprintf("[%d bytes]", len(b)))
	}
}

func (e *encoder) status(s sentry.SpanStatus) {
	if s.String() == "" {
		e.null()
		return
	}
	e.raw(s.String())
}

func (e *encoder) jsonNumber(n json.Number) {
	if n == "" || !json.Valid([]byte(n)) || !strings.Contains("-0123456789", string(n[:1])) {
		e.text(string(n))
		return
	}
	e.digits(append(e.buf, n...))
}

// container writes v if it is of a common kind that holds other values.
func (e *encoder) container(v any) bool {
	switch v := v.(type) {
	case map[string]any:
		e.object(v)
	case map[string]string:
		encodeMap(e, v, func(e *encoder, key, s string) { e.named(key, s, e.rules) })
	case map[string]int:
		encodeMap(e, v, func(e *encoder, key string, n int) { e.value(key, n) })
	case map[string]float64:
		encodeMap(e, v, func(e *encoder, key string, f float64) { e.value(key, f) })
	case []any:
		e.list(v)
	case []string:
		e.texts(v)
	case []int:
		encodeList(e, v, func(e *encoder, n int) { e.int(int64(n)) })
	case []int64:
		encodeList(e, v, (*encoder).int)
	case []float64:
		encodeList(e, v, (*encoder).float)
	case []float32:
		encodeList(e, v, (*encoder).float32)
	case []bool:
		encodeList(e, v, (*encoder).bool)
	case []map[string]any:
		encodeList(e, v, (*encoder).object)
	default:
		return false
	}
	return true
}

// object writes a map. In {"name":"password","value":…} the value is secret.
func (e *encoder) object(m map[string]any) {
	if e.namesSecret(m) {
		encodeMap(e, m, func(e *encoder, key string, v any) {
			if key == "value" {
				e.filteredValue(v)
				return
			}
			e.value(key, v)
		})
		return
	}
	encodeMap(e, m, (*encoder).value)
}

func (e *encoder) namesSecret(m map[string]any) bool {
	if n := len(m); e.nameless || n < 2 || n > 4 || m["value"] == nil {
		return false
	}
	name, _ := m["name"].(string)
	key, _ := m["key"].(string)
	return e.rules.Names(name) || e.rules.Names(key)
}

// list writes a list. The value of a [name, value] may be secret by the name, and what
// follows a flag such as --password is.
func (e *encoder) list(list []any) {
	secret := false
	encodeList(e, list, func(e *encoder, v any) {
		s, isText := v.(string)
		switch p, _ := v.([]any); {
		case secret:
			e.filteredValue(v)
		case len(p) == 2 && e.isName(p[0]):
			e.openList()
			e.value("", p[0])
			e.next()
			e.filteredValue(p[1])
			e.closeList()
		default:
			e.value("", v)
		}
		secret = !secret && isText && !e.nameless && e.rules.Flag(s)
	})
}

// isName reports whether v is the name of a secret.
func (e *encoder) isName(v any) bool {
	name, ok := v.(string)
	return ok && !e.nameless && e.rules.Names(name)
}

// texts is list for texts.
func (e *encoder) texts(list []string) {
	secret := false
	encodeList(e, list, func(e *encoder, s string) {
		if secret {
			e.filtered(s)
		} else {
			e.text(s)
		}
		secret = !secret && !e.nameless && e.rules.Flag(s)
	})
}

func (e *encoder) float32(f float32) { e.float(float64(f)) }

// enter goes one level down, or writes what stands for what is too deep.
func (e *encoder) enter() bool {
	if e.depth >= e.maxDepth {
		e.raw(encodeCut)
		return false
	}
	if e.depth == 0 {
		e.limit = len(e.buf) + encodeMaxValue
	}
	e.depth++
	return true
}

// full reports whether what is written has become too long.
func (e *encoder) full() bool { return len(e.buf) >= e.limit }

// encodeMap writes a map in the order of its names.
func encodeMap[V any](e *encoder, m map[string]V, write func(e *encoder, key string, v V)) {
	if m == nil {
		e.null()
		return
	}
	if !e.enter() {
		return
	}
	e.open()
	encodeMembers(e, m, func(e *encoder, key string, v V) {
		e.hostMember(key)
		write(e, key, v)
	})
	e.close()
	e.depth--
}

// encodeMembers hands the members of a map on in the order of their names.
func encodeMembers[V any](e *encoder, m map[string]V, write func(e *encoder, key string, v V)) {
	from := len(e.keys)
	for key := range m {
		if len(e.keys)-from == encodeMaxItems {
			break
		}
		e.keys = append(e.keys, key)
	}
	to := len(e.keys)
	slices.Sort(e.keys[from:])
	for i := from; i < to; i++ {
		if e.depth > 0 && e.full() {
			e.member(encodeCut).raw("cut off")
			break
		}
		key := e.keys[i]
		write(e, key, m[key])
	}
	e.keys = e.keys[:from]
}

// encodeList writes a list.
func encodeList[V any](e *encoder, list []V, write func(e *encoder, v V)) {
	if list == nil {
		e.null()
		return
	}
	if !e.enter() {
		return
	}
	e.openList()
	for _, v := range list {
		e.next()
		if e.full() {
			e.raw(encodeCut)
			break
		}
		write(e, v)
	}
	e.closeList()
	e.depth--
}

// jsonText writes a value as a text that is JSON, cut within so that it stays JSON.
func (e *encoder) jsonText(key string, v any) {
	at, limit := len(e.buf), e.limit
	e.depth++
	e.limit = at + e.maxText
	e.value(key, v)
	e.depth--
	e.limit = limit
	e.quoteFrom(at)
}

// quoteFrom makes a text of what is written from there on.
func (e *encoder) quoteFrom(at int) {
	e.scratch = append(e.scratch[:0], e.buf[at:]...)
	e.buf = encodeQuoted(e.buf[:at], e.scratch)
}

// longJSON writes a text that is too long if it is JSON, and reports whether it is.
func (e *encoder) longJSON(s string, r *redact.Rules) bool {
	const longest = 4 << 20
	if len(s) > longest || e.depth >= e.maxDepth || !redact.LooksJSON(s) {
		return false
	}
	v, ok := encodeDecoded(strings.NewReader(s))
	if !ok {
		return false
	}
	rules := e.rules
	e.rules = r
	e.jsonText("", v)
	e.rules = rules
	return true
}

// encodeDecoded reads one JSON document.
func encodeDecoded(r io.Reader) (v any, ok bool) {
	d := json.NewDecoder(r)
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return nil, false
	}
	_, err := d.Token()
	return v, err == io.EOF
}
