package ingest

import (
	"context"
	"errors"
	"sync"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// keyLife is how long a key is remembered: a disabled key goes on for so long.
const keyLife = 5 * time.Second

// maxKeys bounds the memory of keys that strangers make up.
const maxKeys = 10_000

// keyCache remembers keys, the unknown ones too, for a few seconds.
type keyCache struct {
	gate store.Gate
	now  func() time.Time

	mu   sync.RWMutex
	seen map[string]cachedKey
}

type cachedKey struct {
	key   store.Key
	err   error // nil or of kind ErrNotFound
	until time.Time
}

// lookup returns the key; ErrNotFound when there is none.
func (c *keyCache) lookup(ctx context.Context, public string) (store.Key, error) {
	now := c.now()
	c.mu.RLock()
	have, ok := c.seen[public]
	c.mu.RUnlock()
	if ok && now.Before(have.until) {
		return have.key, have.err
	}
	k, err := c.gate.Key(ctx, public)
	if err != nil && !errors.Is(err, model.ErrNotFound) {
		return k, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.seen) >= maxKeys {
		clear(c.seen)
	}
	c.seen[public] = cachedKey{k, err, now.Add(keyLife)}
	return k, err
}
