package server

import (
	"context"
	"fmt"
	"net/http"
	"sync"
)

// visits counts the requests under way, so that closing can wait for them.
type visits struct {
	mu    sync.Mutex
	n     int
	ended bool
	last  chan struct{} // closed when the last one leaves; made by end
}

// watch counts the requests to next, and turns them away after the end.
func (v *visits) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !v.enter() {
			w.Header().Set("Retry-After", "5")
			http.Error(w, "the server is closed", http.StatusServiceUnavailable)
			return
		}
		defer v.leave()
		next.ServeHTTP(w, r)
	})
}

func (v *visits) enter() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended {
		return false
	}
	v.n++
	return true
}

func (v *visits) leave() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n--
	if v.ended && v.n == 0 {
		close(v.last)
	}
}

// end lets nobody in any more, and reports whether this was the first call.
func (v *visits) end() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ended {
		return false
	}
	v.ended, v.last = true, make(chan struct{})
	if v.n == 0 {
		close(v.last)
	}
	return true
}

// wait returns when the last has left, or with an error when ctx ends before.
func (v *visits) wait(ctx context.Context) error {
	select {
	case <-v.last:
		return nil
	case <-ctx.Done():
		v.mu.Lock()
		defer v.mu.Unlock()
		return fmt.Errorf("finish requests: %d are under way: %w", v.n, ctx.Err())
	}
}
