package ingest

import (
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// limiter holds one token bucket for each key and data category, so that a flood
// of one category leaves the others alone. A key's PerMinute fills each of its
// buckets, and a full one allows a burst of a minute's worth.
type limiter struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[bucketKey]*bucket
}

type bucketKey struct {
	key      int64
	category string
}

type bucket struct {
	tokens float64
	last   time.Time
}

// held is a category that is over its rate, and for how long.
type held struct {
	category string
	retry    time.Duration
}

// take spends one token for an item; when there is none it returns how long until there is.
func (l *limiter) take(k store.Key, category string) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, full := l.now(), float64(k.PerMinute)
	b := l.buckets[bucketKey{k.ID, category}]
	if b == nil {
		b = &bucket{tokens: full, last: now}
		l.buckets[bucketKey{k.ID, category}] = b
	}
	b.tokens = min(full, b.tokens+now.Sub(b.last).Minutes()*full)
	b.last = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / full * float64(time.Minute)), false
	}
	b.tokens--
	return 0, true
}

// limit takes the items out of e that are over the key's rate, and returns them
// and the categories that are. An attachment goes with the event that it came with.
func (l *limiter) limit(k store.Key, e *wire.Envelope) (over []held, dropped []wire.Item) {
	if k.PerMinute <= 0 {
		return nil, nil
	}
	owned := slices.ContainsFunc(e.Items, ownsAttachments)
	ownerDropped := false
	e.Items = slices.DeleteFunc(e.Items, func(item wire.Item) bool {
		category := wire.ItemCategory(item.Type)
		if category == "" {
			return false // reports of what was lost are never themselves lost
		}
		if category == wire.CategoryAttachment && owned {
			if ownerDropped {
				dropped = append(dropped, item)
			}
			return ownerDropped
		}
		retry, ok := l.take(k, category)
		if !ok {
			ownerDropped = ownerDropped || ownsAttachments(item)
			dropped = append(dropped, item)
			over = append(over, held{category, retry})
		}
		return !ok
	})
	return over, dropped
}

func ownsAttachments(item wire.Item) bool {
	return item.Type == wire.ItemEvent || item.Type == wire.ItemTransaction || item.Type == wire.ItemFeedback
}

// rateHeader writes the X-Sentry-Rate-Limits header, and returns the longest wait.
func rateHeader(over []held) (string, time.Duration) {
	var groups []string
	var longest time.Duration
	seen := map[string]bool{}
	for _, h := range over {
		longest = max(longest, h.retry)
		if !seen[h.category] {
			seen[h.category] = true
			groups = append(groups, strconv.Itoa(seconds(h.retry))+":"+h.category+":key:rate_limited")
		}
	}
	return strings.Join(groups, ", "), longest
}
