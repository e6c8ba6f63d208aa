package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// longest is the longest period and age: ten years.
const longest = 3653 * 24 * time.Hour

var units = map[byte]time.Duration{
	's': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': 24 * time.Hour, 'w': 7 * 24 * time.Hour,
}

// Period reads a length of time as in statsPeriod and window: 30m, 24h, 14d, 2w
// (and seconds). It is more than zero and at most ten years; the error is ErrInvalid.
func Period(s string) (time.Duration, error) {
	if s != "" {
		unit, known := units[s[len(s)-1]]
		digits := s[:len(s)-1]
		if n, err := strconv.ParseInt(digits, 10, 64); known && isDigits(digits) && err == nil && n > 0 && n <= int64(longest/unit) {
			return time.Duration(n) * unit, nil
		}
	}
	return 0, fmt.Errorf("%w: %.40q is not a period: write a number and m, h, d or w, as in 14d, at most ten years", model.ErrInvalid, s)
}

// ParseAge reads a relative time: -24h is 24 hours ago or newer, +7d is 7 days
// ago or older. The sign of the result is the sign written; the error is ErrInvalid.
func ParseAge(s string) (time.Duration, error) {
	if strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+") {
		if d, err := Period(s[1:]); err == nil {
			if s[0] == '-' {
				d = -d
			}
			return d, nil
		}
	}
	return 0, fmt.Errorf("%w: %.40q is not an age: write -24h for newer or +7d for older", model.ErrInvalid, s)
}

// Bounds returns the half-open stretch of time, from from up to but without to,
// that a term of a date key asks for; a zero time is open. It ignores Negated. The
// error is ErrInvalid and does not happen with terms that Parse made.
func Bounds(t store.Term, now time.Time) (from, to time.Time, err error) {
	if len(t.Values) != 1 {
		return from, to, invalid("%s takes one time", t.Key)
	}
	if age, err := ParseAge(t.Values[0]); err == nil {
		if age < 0 {
			return now.Add(age), time.Time{}, nil
		}
		return time.Time{}, now.Add(-age), nil
	}
	at := parseTime(t.Values[0])
	if at == nil {
		return from, to, invalid("%s: %.40q is neither an age nor a time", t.Key, t.Values[0])
	}
	switch t.Op {
	case store.Greater:
		from = at.start.Add(tick)
	case store.GreaterEqual:
		from = at.start
	case store.Less:
		to = at.start
	case store.LessEqual:
		to = at.start.Add(tick)
	default:
		from, to = at.start, at.start.Add(at.length)
	}
	return from, to, nil
}

// tick is the smallest difference between stored times.
const tick = time.Microsecond

// moment is a time as precise as it was written.
type moment struct {
	start  time.Time
	length time.Duration
}

var timeForms = [...]struct {
	layout string
	length time.Duration
}{
	{time.DateOnly, 24 * time.Hour},
	{"2006-01-02T15:04", time.Minute},
	{"2006-01-02T15:04Z07:00", time.Minute},
	{"2006-01-02T15:04:05", time.Second},
	{time.RFC3339, time.Second},
}

// parseTime reads a day or a time, UTC unless it says otherwise; nil when it is none.
func parseTime(s string) *moment {
	if len(s) < len(time.DateOnly) || s[4] != '-' {
		return nil
	}
	for _, f := range timeForms {
		if at, err := time.Parse(f.layout, s); err == nil {
			return &moment{at.UTC(), f.length}
		}
	}
	return nil
}
