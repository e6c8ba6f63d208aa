package upstream

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// limit is one category that has to wait; empty for all.
type limit struct {
	category string
	long     time.Duration
}

// longestLimit bounds what an upstream can ask for: a day, after which it is asked again.
const longestLimit = 24 * time.Hour

// maxGroups bounds what is read of one header.
const maxGroups = 100

// readLimits reads X-Sentry-Rate-Limits: groups of seconds, categories and more, with
// commas between. Categories that nobody knows have no effect.
func readLimits(header string) (out []limit) {
	for i, group := range strings.SplitN(header, ",", maxGroups+1) {
		parts := strings.SplitN(group, ":", 3)
		seconds, err := strconv.ParseFloat(strings.TrimSpace(parts[0]), 64)
		if i == maxGroups || err != nil || !(seconds > 0) || len(parts) < 2 {
			continue
		}
		long := time.Duration(min(seconds, longestLimit.Seconds()) * float64(time.Second))
		if strings.TrimSpace(parts[1]) == "" {
			out = append(out, limit{"", long})
			continue
		}
		for name := range strings.SplitSeq(parts[1], ";") {
			if name = strings.TrimSpace(name); wire.KnownCategory(name) {
				out = append(out, limit{name, long})
			}
		}
	}
	return out
}

// readRetryAfter reads Retry-After, seconds or a date; zero when there is none that can be
// read.
func readRetryAfter(header string, now time.Time) time.Duration {
	header = strings.TrimSpace(header)
	if seconds, err := strconv.ParseFloat(header, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, longestLimit.Seconds()) * float64(time.Second))
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(at.Sub(now), 0), longestLimit)
	}
	return 0
}

// limits are until when each category has to wait; empty stands for all.
type limits map[string]time.Time

// extend takes one limit: deadlines only move on.
func (l limits) extend(x limit, now time.Time) {
	if until := now.Add(x.long); until.After(l[x.category]) {
		l[x.category] = until
	}
}

// expire forgets what is over, and reports whether there was anything.
func (l limits) expire(now time.Time) bool {
	before := len(l)
	maps.DeleteFunc(l, func(_ string, until time.Time) bool { return !until.After(now) })
	return len(l) < before
}

// all reports whether everything has to wait.
func (l limits) all() bool { return !l[""].IsZero() }

// hold reports whether something of these categories has to wait.
func (l limits) hold(categories []string) bool {
	return l.all() || slices.ContainsFunc(categories, func(c string) bool { return !l[c].IsZero() })
}

// categories returns those that have to wait.
func (l limits) categories() []string { return slices.Sorted(maps.Keys(l)) }

// next returns how long until the first limit is over; zero when there is none.
func (l limits) next(now time.Time) (wait time.Duration) {
	for _, until := range l {
		if left := max(until.Sub(now), time.Millisecond); wait == 0 || left < wait {
			wait = left
		}
	}
	return wait
}

func (l limits) list() (out []model.UpstreamLimit) {
	for category, until := range l {
		out = append(out, model.UpstreamLimit{Category: category, Until: until})
	}
	slices.SortFunc(out, func(a, b model.UpstreamLimit) int { return cmp.Compare(a.Category, b.Category) })
	return out
}
