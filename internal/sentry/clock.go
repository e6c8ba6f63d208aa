package sentry

import (
	"bytes"
	"math"
	"time"

	"github.com/valyala/fastjson"
)

// micros is a time in microseconds since 1970: wide enough for every year that
// RFC 3339 can write, and its differences do not overflow as a Duration would.
type micros int64

const (
	second micros = 1e6
	// latest is the last second of the year 9999; what lies beyond is taken for it.
	latest = 253402300799 * second

	minDrift  = 55 * 60 * second
	maxAge    = 30 * 24 * 3600 * second
	maxFuture = 60 * second
)

func microsOf(t time.Time) micros { return micros(t.UnixMicro()) }

func (m micros) time() time.Time { return time.UnixMicro(int64(m)).UTC() }

// clock corrects the clients' clocks by when the server received what they sent.
type clock struct {
	received micros
	// drift is what the client's clock lacks; zero unless it is far off.
	drift micros
}

func newClock(received, sent time.Time) clock {
	c := clock{received: microsOf(received)}
	if sent.IsZero() || sent.Unix() < 0 {
		return c
	}
	if drift := c.received - microsOf(sent); drift >= minDrift || drift <= -minDrift {
		c.drift = drift
	}
	return c
}

// shift returns how far something that happened at t by the client's clock must
// be moved: by the drift, and onto the moment of receipt when that leaves it
// older than a month or in the future.
func (c clock) shift(t micros) micros {
	at := t + c.drift
	if at < c.received-maxAge || at > c.received+maxFuture {
		return c.received - t
	}
	return c.drift
}

// at returns when something happened, corrected, and whether that had to be
// corrected or, for want of a time, made up.
func (c clock) at(v *fastjson.Value) (time.Time, bool) {
	t, ok := timestamp(v)
	if !ok || t < 0 {
		return c.received.time(), true
	}
	by := c.shift(t)
	return (t + by).time(), by != 0
}

// since moves the start of something that has an end; it never lies further back
// than what is stored.
func (c clock) since(start, by micros) time.Time {
	return max(start+by, c.received-maxAge).time()
}

// timestamp reads a time in any of its forms: seconds since 1970 as a number or
// as text, RFC 3339 with any offset, or the same without a zone or with a space.
func timestamp(v *fastjson.Value) (micros, bool) {
	switch typeOf(v) {
	case fastjson.TypeString:
		b := bytes.TrimSpace(v.GetStringBytes())
		if t, ok := parseTime(b); ok {
			return t, true
		}
	case fastjson.TypeNumber:
	default:
		return 0, false
	}
	f, ok := number(v)
	if !ok {
		return 0, false
	}
	return micros(math.Round(min(max(f, -1), float64(latest/second)) * 1e6)), true
}

// parseTime reads YYYY-MM-DDTHH:MM:SS[.fraction][zone]. Fractions beyond
// microseconds are cut off, and no zone is UTC.
func parseTime(b []byte) (micros, bool) {
	if len(b) < 19 || b[4] != '-' || b[7] != '-' || b[13] != ':' || b[16] != ':' ||
		b[10]|0x20 != 't' && b[10] != ' ' {
		return 0, false
	}
	year, month, day := two(b[0:])*100+two(b[2:]), two(b[5:]), two(b[8:])
	hour, minute, sec := two(b[11:]), two(b[14:]), two(b[17:])
	if two(b[0:])|two(b[2:])|month|day|hour|minute|sec < 0 || month < 1 || month > 12 ||
		day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || sec > 60 {
		return 0, false
	}
	frac, rest := fraction(b[19:])
	offset, ok := zone(rest)
	if !ok {
		return 0, false
	}
	seconds := daysSince1970(year, month, day)*86400 + hour*3600 + minute*60 + sec - offset
	return min(micros(seconds)*second+frac, latest), true
}

// two reads two digits; negative when they are none.
func two(b []byte) int {
	hi, lo := int(b[0])-'0', int(b[1])-'0'
	if hi < 0 || hi > 9 || lo < 0 || lo > 9 {
		return math.MinInt32
	}
	return hi*10 + lo
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysSince1970 counts by the Gregorian calendar, with years that begin in March.
func daysSince1970(year, month, day int) int {
	if month <= 2 {
		year--
		month += 12
	}
	y := year + 400 // so that no year is negative; 400 years are 146,097 days
	return 365*y + y/4 - y/100 + y/400 + (153*(month-3)+2)/5 + day - 1 - 719468 - 146097
}

// fraction reads ".digits" and returns what follows it.
func fraction(b []byte) (micros, []byte) {
	if len(b) < 2 || b[0] != '.' && b[0] != ',' {
		return 0, b
	}
	b = b[1:]
	n := digits(b)
	var f micros
	for i := range 6 {
		f *= 10
		if i < n {
			f += micros(b[i] - '0')
		}
	}
	return f, b[n:]
}

// zone reads Z, ±hh:mm, ±hhmm, ±hh or nothing, in seconds east of UTC.
func zone(b []byte) (int, bool) {
	if len(b) == 0 || len(b) == 1 && b[0]|0x20 == 'z' {
		return 0, true
	}
	sign := 1
	switch b[0] {
	case '-':
		sign = -1
	case '+':
	default:
		return 0, false
	}
	b = b[1:]
	if len(b) == 5 && b[2] == ':' {
		b = []byte{b[0], b[1], b[3], b[4]}
	}
	if len(b) == 2 {
		b = []byte{b[0], b[1], '0', '0'}
	}
	if len(b) != 4 || two(b) < 0 || two(b[2:]) < 0 || two(b) > 24 || two(b[2:]) > 59 {
		return 0, false
	}
	return sign * (two(b)*3600 + two(b[2:])*60), true
}
