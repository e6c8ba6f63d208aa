package picket

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"relay.one/picket/redact"
)

// Bounds of what an encoder writes.
const (
	defaultMaxText  = 16 << 10
	defaultMaxDepth = 12
	// encodeMaxValue is about how many bytes one value of the host may become. It bounds
	// cycles, too.
	encodeMaxValue = 256 << 10
	// encodeMaxItems is how many members of one map are written.
	encodeMaxItems = 1000
	// encodeMaxKept is how large a buffer may be to be used again.
	encodeMaxKept = 64 << 10
	encodeCut     = "…" // stands where something was cut off
)

// encodeOptions say how a client encodes. The zero value is the default.
type encodeOptions struct {
	rules     redact.Rules // beyond those that always hold
	maxText   int          // bytes per text
	maxDepth  int          // of values in values
	pii       bool         // send addresses and cookies
	anonymize bool         // send a pseudonym of the user instead of the user
	key       []byte       // of pseudonyms
	noContent bool         // leave out what people, models and tools said
}

// encodeSettings are what all encoders of a client share. They do not change.
type encodeSettings struct {
	encodeOptions
	// by are the rules by place, as on the server: text is for all that is free to hold
	// anything, plain is text where paths are not those of files, bare is plain where
	// versions look like addresses, message is for what people and models wrote, and
	// source is for code.
	by struct{ text, plain, bare, message, source redact.Rules }
}

func newEncodeSettings(o encodeOptions) *encodeSettings {
	if o.maxText <= 0 {
		o.maxText = defaultMaxText
	}
	if o.maxDepth <= 0 {
		o.maxDepth = defaultMaxDepth
	}
	o.rules.Emails = o.rules.Emails || o.anonymize
	s := &encodeSettings{encodeOptions: o}
	s.by.text, s.by.plain, s.by.bare, s.by.message, s.by.source = o.rules, o.rules, o.rules, o.rules, o.rules
	s.by.text.Paths = true
	s.by.message.Emails, s.by.message.Named = true, true
	s.by.source.Source, s.by.source.IPs, s.by.bare.IPs = true, false, false
	return s
}

// encoder writes JSON and takes secrets out of it on the way. Whatever it is given,
// what it writes is valid; the host's values are read and not changed. An encoder is
// used by one goroutine.
type encoder struct {
	*encodeSettings
	// buf is what was written; it belongs to the encoder until release.
	buf []byte
	// rules are those in force at this place.
	rules *redact.Rules
	marks []redact.Mark

	nameless bool     // names do not make values secret here
	depth    int      // of the value at hand
	limit    int      // where in buf the value at hand has to end
	scratch  []byte   // a text that was changed
	keys     []string // of the maps at hand, sorted; the innermost last
}

var encoders = sync.Pool{New: func() any { return new(encoder) }}

// acquireEncoder returns an encoder with nothing in its buffer.
func acquireEncoder(s *encodeSettings) *encoder {
	e := encoders.Get().(*encoder)
	e.encodeSettings, e.rules = s, &s.by.text
	return e
}

// release gives the encoder and its buffer back.
func (e *encoder) release() {
	if cap(e.buf)+cap(e.scratch) > encodeMaxKept {
		e.buf, e.scratch = nil, nil
	}
	clear(e.keys[:cap(e.keys)])
	*e = encoder{buf: e.buf[:0], scratch: e.scratch[:0], marks: e.marks[:0], keys: e.keys[:0]}
	encoders.Put(e)
}

// Structure. A comma is due unless the byte before opens something: no value ends
// in one that does.

func (e *encoder) open()      { e.buf = append(e.buf, '{') }
func (e *encoder) close()     { e.buf = append(e.buf, '}') }
func (e *encoder) openList()  { e.buf = append(e.buf, '[') }
func (e *encoder) closeList() { e.buf = append(e.buf, ']') }

// next begins the next element of a list or member of an object.
func (e *encoder) next() {
	if n := len(e.buf); n > 0 && e.buf[n-1] != '{' && e.buf[n-1] != '[' {
		e.buf = append(e.buf, ',')
	}
}

// member begins a member of an object; the name is ours and needs no quoting. It
// returns the encoder, which is to write the value.
func (e *encoder) member(name string) *encoder {
	e.next()
	e.buf = append(e.buf, '"')
	e.buf = append(e.buf, name...)
	e.buf = append(e.buf, '"', ':')
	return e
}

// hostMember begins a member of an object; the name is the host's.
func (e *encoder) hostMember(name string) {
	e.next()
	e.text(name)
	e.buf = append(e.buf, ':')
}

// fixed writes a member that holds no secrets, unless it is empty.
func (e *encoder) fixed(name, s string) {
	if s != "" {
		e.member(name).raw(s)
	}
}

// free writes a member that may hold secrets, unless it is empty.
func (e *encoder) free(name, s string, r *redact.Rules) {
	if s != "" {
		e.member(name).scrubbed(s, r, asJSON)
	}
}

// moment writes a member with a time, unless it is zero.
func (e *encoder) moment(name string, t time.Time) {
	if !t.IsZero() {
		e.member(name).time(t)
	}
}

// Scalars.

func (e *encoder) null()         { e.buf = append(e.buf, "null"...) }
func (e *encoder) bool(b bool)   { e.buf = strconv.AppendBool(e.buf, b) }
func (e *encoder) int(n int64)   { e.digits(strconv.AppendInt(e.buf, n, 10)) }
func (e *encoder) uint(n uint64) { e.digits(strconv.AppendUint(e.buf, n, 10)) }
func (e *encoder) filteredText() { e.raw(redact.Filtered) }
func (e *encoder) time(t time.Time) { // RFC 3339 in UTC, with what there is of nanoseconds
	e.buf = append(e.buf, '"')
	e.buf = t.UTC().AppendFormat(e.buf, time.RFC3339Nano)
	e.buf = append(e.buf, '"')
}

// digits takes buf with a number behind it, which becomes null if it is a card's.
func (e *encoder) digits(with []byte) {
	const shortest = 15
	at := len(e.buf)
	e.buf = with
	if len(with)-at >= shortest && redact.CardNumber(string(with[at:])) {
		e.buf = e.buf[:at]
		e.null()
	}
}

// float writes a number, or null for what JSON has no number for.
func (e *encoder) float(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		e.null()
		return
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	e.digits(strconv.AppendFloat(e.buf, f, format, -1, 64))
}

// Texts.

// encodeForm is how a text is read that may hold secrets.
type encodeForm uint8

const (
	asJSON encodeForm = iota // as JSON if it is, else as a text
	asText
	asQuery
	asCookies
)

// raw writes a text that holds no secrets: an id, the name of an operation.
func (e *encoder) raw(s string) {
	if len(s) > e.maxText {
		s = encodeShorten(s, e.maxText)
	}
	e.buf = encodeQuoted(e.buf, s)
}

// text writes a text without the secrets in it. If it is JSON, values under secret
// names are taken out of it.
func (e *encoder) text(s string) { e.scrubbed(s, e.rules, asJSON) }

// scrubbed writes a text without the secrets in it. It is cut only then, so that no
// half of a secret stays behind.
func (e *encoder) scrubbed(s string, r *redact.Rules, form encodeForm) {
	const slack = 4 << 10 // longer than a secret is
	long := len(s) > e.maxText
	if long && form == asJSON && e.longJSON(s, r) {
		return
	}
	cut := len(s) > e.maxText+slack
	if cut {
		s = s[:e.maxText+slack]
	}
	out, found := e.scrub(s, r, form)
	switch {
	case found && cut:
		e.buf = encodeQuoted(e.buf, encodeShorten(string(out), min(e.maxText, len(out)-slack)))
	case found && len(out) > e.maxText:
		e.buf = encodeQuoted(e.buf, encodeShorten(string(out), e.maxText))
	case found:
		e.buf = encodeQuoted(e.buf, out)
	default:
		e.raw(s)
	}
}

// scrub returns s without the secrets in it, and whether there were any.
func (e *encoder) scrub(s string, r *redact.Rules, form encodeForm) (out []byte, found bool) {
	switch form {
	case asJSON:
		out, e.marks = r.AppendJSON(e.scratch[:0], e.marks[:0], s)
	case asText:
		out, e.marks = r.AppendText(e.scratch[:0], e.marks[:0], s)
	case asQuery:
		out, e.marks = r.AppendQuery(e.scratch[:0], e.marks[:0], s)
	case asCookies:
		out, e.marks = r.AppendCookies(e.scratch[:0], e.marks[:0], s)
	}
	e.scratch = out[:0]
	return out, len(e.marks) > 0
}

// named writes a text that stands under a name.
func (e *encoder) named(name, s string, r *redact.Rules) {
	switch {
	case r.IsSafe(name):
		e.raw(s)
	case e.secret(name):
		e.filtered(s)
	case r.IPs && strings.HasSuffix(name, "version"): // 120.0.0.0 is no address
		e.scrubbed(s, &e.by.bare, asJSON)
	default:
		e.scrubbed(s, r, asJSON)
	}
}

// secret reports whether the value under this name is secret.
func (e *encoder) secret(name string) bool { return !e.nameless && e.rules.Key(name) }

// filtered writes what stands for a secret text.
func (e *encoder) filtered(s string) {
	if redact.Blank(s) {
		e.raw(s)
		return
	}
	e.filteredText()
}

// pseudonym returns what a user is called who is not to be known: the same for the
// same id and key.
func (e *encoder) pseudonym(id string) string {
	if id == "" {
		return ""
	}
	h := hmac.New(sha256.New, e.key)
	h.Write([]byte(id))
	return "anon-" + hex.EncodeToString(h.Sum(nil)[:8])
}

// encodeShorten cuts s to at most limit bytes, between characters.
func encodeShorten(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := max(0, limit-len(encodeCut))
	for back := 0; back < utf8.UTFMax && end > 0 && !utf8.RuneStart(s[end]); back++ {
		end--
	}
	return s[:end] + encodeCut
}

// encodePlain finds the bytes that stand for themselves in a JSON string.
var encodePlain = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// encodeQuoted appends s as a JSON string. Bytes that are no UTF-8 become U+FFFD.
func encodeQuoted[T string | []byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	done := 0 // how much of s was appended
	for i := 0; i < len(s); {
		if encodePlain[s[i]] {
			i++
			continue
		}
		size := 1
		if s[i] >= utf8.RuneSelf {
			var r rune
			r, size = utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
			if r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[done:i]...)
		dst = encodeEscape(dst, s[i])
		i += size
		done = i
	}
	dst = append(dst, s[done:]...)
	return append(dst, '"')
}

// encodeEscape appends what stands for a byte that cannot stand for itself.
func encodeEscape(dst []byte, c byte) []byte {
	const hexDigits = "0123456789abcdef"
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c)
	case c == '\n':
		return append(dst, '\\', 'n')
	case c == '\t':
		return append(dst, '\\', 't')
	case c == '\r':
		return append(dst, '\\', 'r')
	case c >= utf8.RuneSelf:
		return append(dst, "\ufffd"...)
	}
	return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
}
