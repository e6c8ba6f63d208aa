package hook

import (
	"net/netip"
	"sync"
	"time"
)

// limiter holds one token bucket for each key. A key that is not known has a full one.
type limiter[K comparable] struct {
	perSecond, burst float64
	now              func() time.Time

	mu      sync.Mutex
	buckets map[K]*bucket
}

type bucket struct {
	tokens float64
	last   time.Time
}

// maxBuckets is how many keys are remembered: of more, those that are full again go, and
// when that does not help, all.
const maxBuckets = 20_000

// take spends a token; when there is none, it returns how long until there is.
func (l *limiter[K]) take(key K) (wait time.Duration, ok bool) { return l.spend(key, 1) }

// left is take that spends nothing.
func (l *limiter[K]) left(key K) (wait time.Duration, ok bool) { return l.spend(key, 0) }

func (l *limiter[K]) spend(key K, n float64) (time.Duration, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	b := l.buckets[key]
	if b == nil {
		if n == 0 {
			return 0, true
		}
		b = &bucket{l.burst, now}
		l.remember(key, b)
	}
	b.tokens = min(l.burst, b.tokens+now.Sub(b.last).Seconds()*l.perSecond)
	b.last = now
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / l.perSecond * float64(time.Second)), false
	}
	b.tokens -= n
	return 0, true
}

func (l *limiter[K]) remember(key K, b *bucket) {
	if len(l.buckets) >= maxBuckets {
		for k, old := range l.buckets {
			if old.tokens+b.last.Sub(old.last).Seconds()*l.perSecond >= l.burst {
				delete(l.buckets, k)
			}
		}
	}
	if l.buckets == nil || len(l.buckets) >= maxBuckets {
		l.buckets = map[K]*bucket{}
	}
	l.buckets[key] = b
}

// neighbours returns the network that counts as one sender: in IPv6 whoever has one
// address has 2⁶⁴ of them.
func neighbours(a netip.Addr) netip.Prefix {
	bits := 32
	if a.Is6() {
		bits = 64
	}
	n, err := a.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // unknown addresses are one sender
	}
	return n
}
