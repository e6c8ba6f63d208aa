package picket

import (
	"math"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"relay.one/picket/wire"
)

// Bounds of waiting.
const (
	retryFirst = 500 * time.Millisecond
	retryMost  = 30 * time.Second
	// pauseMost is the longest limit of everything that is waited for, as for a busy
	// server. What is longer is a quota, and drops.
	pauseMost = retryMost
	// retryAfterMost is the longest pause that a server can ask for.
	retryAfterMost = 5 * time.Minute
	// rateLimitMost is the longest limit that is believed before the server is asked again.
	rateLimitMost = 24 * time.Hour
)

// answerKind is what a server's answer means for the envelope.
type answerKind int

const (
	answerNone    answerKind = iota // no answer: try again
	answerTaken                     // the server has it
	answerRefused                   // it will never be taken
	answerLimited                   // limits are told; what they name was dropped there, the rest taken
	answerBusy                      // try again
	answerFault                     // the server failed: try again, within reason
)

// deliveryAnswer is what became of an attempt.
type deliveryAnswer struct {
	kind   answerKind
	status int
	detail string        // what the server says about it
	wait   time.Duration // what it asks for everything to be held back
	limits []rateLimit
}

// rateLimit is one group of the header X-Sentry-Rate-Limits. Without categories and
// not all, it names only what is unknown.
type rateLimit struct {
	categories []string
	all        bool
	wait       time.Duration
}

// rateLimits holds until when each category is limited; "" stands for all.
type rateLimits map[string]time.Time

// limited reports whether that category must not be sent now.
func (l rateLimits) limited(category string, now time.Time) bool {
	if len(l) == 0 {
		return false
	}
	return now.Before(l[category]) || now.Before(l[""])
}

// extend adds limits; none is ever shortened. Those that are over go.
func (l rateLimits) extend(limits []rateLimit, now time.Time) {
	for category, until := range l {
		if !now.Before(until) {
			delete(l, category)
		}
	}
	for _, limit := range limits {
		if limit.all {
			l.until("", now.Add(limit.wait))
		}
		for _, category := range limit.categories {
			l.until(category, now.Add(limit.wait))
		}
	}
}

func (l rateLimits) until(category string, t time.Time) {
	if t.After(l[category]) {
		l[category] = t
	}
}

// judgeAnswer says what a status and its headers mean. A short limit of everything
// is how a server says that it is busy: then all is held back and nothing dropped.
func judgeAnswer(status int, h http.Header, now time.Time) deliveryAnswer {
	a := deliveryAnswer{status: status}
	for _, limit := range parseRateLimits(strings.Join(h.Values("X-Sentry-Rate-Limits"), ",")) {
		if limit.all && limit.wait <= pauseMost {
			a.wait = max(a.wait, limit.wait)
			continue
		}
		a.limits = append(a.limits, limit)
	}
	switch {
	case status >= 200 && status < 300:
		a.kind = answerTaken
	case status == http.StatusTooManyRequests && len(a.limits) > 0:
		a.kind = answerLimited
	case status == http.StatusTooManyRequests:
		a.kind = answerBusy
	case status == http.StatusNotImplemented, status == http.StatusHTTPVersionNotSupported:
		a.kind = answerRefused
	case status >= 500, status == http.StatusRequestTimeout:
		a.kind = answerFault
	default:
		a.kind = answerRefused
	}
	if a.kind == answerBusy || a.kind == answerFault {
		a.wait = max(a.wait, parseRetryAfter(h.Get("Retry-After"), now))
	}
	return a
}

// parseRateLimits reads groups of SECONDS:CATEGORIES:SCOPE:REASON:NAMESPACES, parted
// by commas, the categories by semicolons; all but the seconds may be absent. What
// cannot be read is passed over, and so is what names namespaces: those part custom
// metrics, which nobody here sends.
func parseRateLimits(header string) []rateLimit {
	var limits []rateLimit
	for group := range strings.SplitSeq(header, ",") {
		part := strings.SplitN(group, ":", 6)
		wait, ok := parseLimitSeconds(part[0])
		if !ok || len(part) > 4 && strings.TrimSpace(part[4]) != "" {
			continue
		}
		limit := rateLimit{wait: wait}
		if len(part) > 1 {
			limit.categories, limit.all = parseCategories(part[1])
		} else {
			limit.all = true
		}
		limits = append(limits, limit)
	}
	return limits
}

// parseLimitSeconds reads a number that may have a sign and a fraction, and rounds up.
func parseLimitSeconds(s string) (time.Duration, bool) {
	n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(n) {
		return 0, false
	}
	n = math.Ceil(min(max(n, 0), rateLimitMost.Seconds()))
	return time.Duration(n) * time.Second, true
}

// parseCategories returns the categories that are known; all when none stands there.
func parseCategories(list string) (known []string, all bool) {
	if strings.TrimSpace(list) == "" {
		return nil, true
	}
	for word := range strings.SplitSeq(list, ";") {
		if name := categoryNamed(strings.TrimSpace(word)); name != "" {
			known = append(known, name)
		}
	}
	return known, false
}

// categoryNamed returns the data category of that name, or "" when there is none.
func categoryNamed(name string) string {
	for i := 0; ; i++ {
		known := wire.CategoryName(i)
		if known == "" || strings.EqualFold(known, name) {
			return known
		}
	}
}

// parseRetryAfter reads seconds or an HTTP date; zero when neither stands there.
func parseRetryAfter(s string, now time.Time) time.Duration {
	if wait, ok := parseLimitSeconds(s); ok {
		return min(wait, retryAfterMost)
	}
	t, err := http.ParseTime(strings.TrimSpace(s))
	if err != nil {
		return 0
	}
	return min(max(t.Sub(now), 0), retryAfterMost)
}

// retryDelay returns how long to wait after so many failures in a row: anything up
// to a bound that doubles, so that many clients do not come back at once.
func retryDelay(failures int) time.Duration {
	bound := min(retryFirst<<min(max(failures, 1), 10), retryMost)
	return retryFirst + rand.N(bound-retryFirst)
}
