package signin

import (
	"fmt"
	"sync"
	"time"

	"relay.one/picket/internal/model"
)

// How many attempts may go wrong, and how long it takes until all is forgotten: for an
// account from one address, for an address, and for an account from wherever, which is
// more, since anybody could use it to keep the owner out.
const (
	triesOfPair    = 5
	triesOfAddress = 30
	triesOfAccount = 60
	forgotten      = 15 * time.Minute
)

// maxBuckets bounds what is remembered. Beyond it the fullest are kept: a stranger with
// many addresses must not be able to make us forget.
const maxBuckets = 20_000

// TooMany is the error of whoever tried too often. It is of the kind model.ErrBusy.
type TooMany struct {
	// After is when the next attempt is let through.
	After time.Duration
}

// Error says when to try again.
func (e *TooMany) Error() string {
	return fmt.Sprintf("too many attempts: try again in %d seconds", e.Seconds())
}

// Seconds returns After, rounded up.
func (e *TooMany) Seconds() int { return int((e.After + time.Second - 1) / time.Second) }

// Unwrap returns the kind.
func (e *TooMany) Unwrap() error { return model.ErrBusy }

// throttle slows down who guesses. Attempts run out of leaky buckets: each leaks evenly
// and is empty after forgotten.
type throttle struct {
	mu      sync.Mutex
	buckets map[string]*bucket
}

type bucket struct {
	level float64 // attempts
	most  float64
	at    time.Time
}

// leak lets run out what time has passed for.
func (b *bucket) leak(now time.Time) {
	if d := now.Sub(b.at); d > 0 {
		b.level = max(0, b.level-b.most*d.Seconds()/forgotten.Seconds())
	}
	b.at = now
}

// attempt is one that was counted; forgive takes it back.
type attempt struct {
	t    *throttle
	keys []string
}

// try counts an attempt before it is made, so that many at once are no way around; the
// error is TooMany. An empty address is nobody's.
func (t *throttle) try(account, address string, now time.Time) (*attempt, error) {
	limits := []struct {
		key  string
		most float64
	}{{"pair " + address + " " + account, triesOfPair}, {"account " + account, triesOfAccount}, {"address " + address, triesOfAddress}}
	if address == "" {
		limits = limits[:2]
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.buckets == nil {
		t.buckets = map[string]*bucket{}
	}
	a := &attempt{t: t}
	var wait time.Duration
	for _, l := range limits {
		b := t.bucket(l.key, l.most, now)
		if over := b.level + 1 - b.most; over > 0 {
			wait = max(wait, time.Duration(over/b.most*float64(forgotten)))
		}
		a.keys = append(a.keys, l.key)
	}
	if wait > 0 {
		return nil, &TooMany{wait}
	}
	for _, k := range a.keys {
		t.buckets[k].level++
	}
	return a, nil
}

func (t *throttle) bucket(key string, most float64, now time.Time) *bucket {
	b := t.buckets[key]
	if b == nil {
		if len(t.buckets) >= maxBuckets {
			t.forget(now)
		}
		b = &bucket{most: most, at: now}
		t.buckets[key] = b
	}
	b.leak(now)
	return b
}

// forget makes room: what is empty goes, and of the rest the emptier half.
func (t *throttle) forget(now time.Time) {
	var sum float64
	for k, b := range t.buckets {
		if b.leak(now); b.level == 0 {
			delete(t.buckets, k)
			continue
		}
		sum += b.level / b.most
	}
	if len(t.buckets) < maxBuckets/2 {
		return
	}
	mean := sum / float64(len(t.buckets))
	for k, b := range t.buckets {
		if b.level/b.most <= mean {
			delete(t.buckets, k)
		}
	}
}

// forgive takes an attempt back that was none: it went well, or was not made.
func (a *attempt) forgive() {
	a.t.mu.Lock()
	defer a.t.mu.Unlock()
	for _, k := range a.keys {
		if b := a.t.buckets[k]; b != nil {
			b.level = max(0, b.level-1)
		}
	}
}
