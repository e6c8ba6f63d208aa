package picket

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"relay.one/picket/wire"
)

func TestParseRateLimits(t *testing.T) {
	t.Parallel()
	f := func(header, want string) {
		t.Helper()
		var got []string
		for _, l := range parseRateLimits(header) {
			if l.all {
				l.categories = append(l.categories, "all")
			}
			got = append(got, fmt.Sprintf("%v %s", l.wait, strings.Join(l.categories, ";")))
		}
		if g := strings.Join(got, ", "); g != want {
			t.Errorf("%q: %s, want %s", header, g, want)
		}
	}
	f("", "")
	f("60:error;transaction:project:quota_exceeded, 2700::organization", "1m0s error;transaction, 45m0s all")
	f("60", "1m0s all")
	f("60:", "1m0s all")
	f(" 60 : Error ; SPAN : key", "1m0s error;span")
	f("60:error:key:reason:", "1m0s error")
	f("60:error:key:reason:with:more", "")
	f("60:metric_bucket:organization:quota:custom", "")
	f("60::organization:quota:custom;other", "")
	f("60:unheard_of:key", "1m0s ")
	f("60:unheard_of;error;:key", "1m0s error")
	f("1.2:error", "2s error")
	f("+5:error,-5:span,0:log_item", "5s error, 0s span, 0s log_item")
	f("1e99:error,Inf:span", "24h0m0s error, 24h0m0s span")
	f("NaN:error,x:error,:error,,;", "")
	f("1:trace_metric;monitor;feedback;log_byte", "1s trace_metric;monitor;feedback;log_byte")
}

func TestParseRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f := func(header string, want time.Duration) {
		t.Helper()
		if got := parseRetryAfter(header, now); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
	f("", 0)
	f("7", 7*time.Second)
	f(" 1.5 ", 2*time.Second)
	f("-1", 0)
	f("soon", 0)
	f("86400", retryAfterMost)
	f("Mon, 23 Nov 2026 12:00:09 GMT", 9*time.Second)
	f("Mon, 23 Nov 2026 11:00:00 GMT", 0)
	f("Tue, 24 Nov 2026 11:00:00 GMT", retryAfterMost)
}

func TestRateLimitsExtend(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	l := rateLimits{}
	f := func(after time.Duration, header string, want map[string]bool) {
		t.Helper()
		now := start.Add(after)
		l.extend(parseRateLimits(header), now)
		for category, limited := range want {
			if got := l.limited(category, now); got != limited {
				t.Errorf("after %v and %q: %s limited = %v, want %v", after, header, category, got, limited)
			}
		}
	}
	f(0, "", map[string]bool{wire.CategoryError: false})
	f(0, "60:error", map[string]bool{wire.CategoryError: true, wire.CategorySpan: false})
	f(0, "10:error", map[string]bool{wire.CategoryError: true})
	f(59*time.Second, "1::key", map[string]bool{wire.CategoryError: true, wire.CategorySpan: true})
	f(60*time.Second, "", map[string]bool{wire.CategoryError: false, wire.CategorySpan: false})
	if len(l) != 0 {
		t.Errorf("limits that are over are kept: %v", l)
	}
}

func TestJudgeAnswer(t *testing.T) {
	t.Parallel()
	f := func(status int, limits, retry string, kind answerKind, wait time.Duration) {
		t.Helper()
		h := http.Header{}
		h.Set("X-Sentry-Rate-Limits", limits)
		h.Set("Retry-After", retry)
		if a := judgeAnswer(status, h, time.Now()); a.kind != kind || a.wait != wait {
			t.Errorf("%d %q %q: kind %d, wait %v, want %d, %v", status, limits, retry, a.kind, a.wait, kind, wait)
		}
	}
	f(200, "", "", answerTaken, 0)
	f(202, "60:error", "60", answerTaken, 0)
	f(200, "1::organization:queue_full", "", answerTaken, time.Second)
	f(429, "", "", answerBusy, 0)
	f(429, "nonsense", "3", answerBusy, 3*time.Second)
	f(429, "1::organization:queue_full", "1", answerBusy, time.Second)
	f(429, "31::organization:quota", "31", answerLimited, 0)
	f(429, "60:error:key", "60", answerLimited, 0)
	f(429, "60:unheard_of:key", "60", answerLimited, 0)
	f(429, "60:error:key,2::key", "60", answerLimited, 2*time.Second)
	f(503, "", "30", answerFault, 30*time.Second)
	f(500, "", "", answerFault, 0)
	f(408, "", "", answerFault, 0)
	f(501, "", "", answerRefused, 0)
	f(505, "", "", answerRefused, 0)
	f(400, "", "", answerRefused, 0)
	f(413, "", "9", answerRefused, 0)
	f(302, "", "", answerRefused, 0)
}

func TestRetryDelay(t *testing.T) {
	t.Parallel()
	f := func(failures int, most time.Duration) {
		t.Helper()
		for range 200 {
			if got := retryDelay(failures); got < retryFirst || got >= most {
				t.Fatalf("after %d failures: %v, want %v to %v", failures, got, retryFirst, most)
			}
		}
	}
	f(0, time.Second)
	f(1, time.Second)
	f(2, 2*time.Second)
	f(6, retryMost)
	f(1_000_000, retryMost)
}

func FuzzRateLimits(f *testing.F) {
	for _, seed := range []string{"", "60", "60:error;transaction:project:quota_exceeded, 2700::organization", "1e309:x:::y", "-0:;;,:::"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		now := time.Now()
		l := rateLimits{}
		for _, limit := range parseRateLimits(header) {
			if limit.wait < 0 || limit.wait > rateLimitMost || limit.wait%time.Second != 0 {
				t.Errorf("wait = %v", limit.wait)
			}
			if limit.all && len(limit.categories) > 0 {
				t.Errorf("all, and %v", limit.categories)
			}
			l.extend([]rateLimit{limit}, now)
		}
		for category := range l {
			if category != "" && categoryNamed(category) != category {
				t.Errorf("unknown category %q", category)
			}
		}
		if a := judgeAnswer(429, http.Header{"X-Sentry-Rate-Limits": {header}, "Retry-After": {header}}, now); a.wait < 0 || a.wait > retryAfterMost {
			t.Errorf("wait = %v", a.wait)
		}
	})
}
