// Package tail tells listeners what was just stored. It stands behind the writer:
// what it tells is committed, nobody waits for a listener, and without listeners it
// costs the reading of one number.
package tail

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// Item is one thing that happened: an event, or a run of an agent, as far as the batch
// knows it that something of it came in; the other is nil. It belongs to all listeners:
// nobody changes it.
type Item struct {
	Event     *store.EventSummary
	Execution *store.ExecutionRecord
}

// Filter says what a listener wants to hear of. In is the wall around it.
type Filter struct {
	In           store.Scope
	Agent        string      // empty: any
	Environment  string      // empty: any
	Least        model.Level // of events; executions that went wrong are errors, others informative
	Text         string      // somewhere in title, culprit, reason or agent, in any case; empty: any
	Transactions bool        // transactions too
	Kinds        []Kind      // empty: any
	Execution    string      // only this one and its events; empty: any
	Running      bool        // executions too that have not ended, each time something of them comes in
}

// Kind says what an item is.
type Kind uint8

// The kinds of item. A run of an agent is none of the kinds of event.
const (
	Errors Kind = 1 + iota
	Messages
	Transactions
	Feedback
	Executions
)

// buffered is how many items wait for a listener that is slow. What comes then is lost
// to it, and counted.
const buffered = 512

// maxListeners bounds how many listen at once, altogether and in one organization.
const (
	maxListeners  = 256
	maxListenersO = 64
)

// Hub passes on what was stored. Its zero value is ready.
type Hub struct {
	count atomic.Int32 // listeners

	mu        sync.RWMutex
	closed    bool
	listeners map[model.OrgID][]*Listener
}

// Listener hears what its filter lets through, in the order in which it was committed as
// far as that can be told.
type Listener struct {
	hub     *Hub
	filter  filter
	items   chan Item
	dropped atomic.Int64
}

// Listen begins to listen. The listener must be closed. ErrBusy when too many listen.
// After the hub was closed, listeners end at once.
func (h *Hub) Listen(f Filter) (*Listener, error) {
	l := &Listener{hub: h, filter: compile(f), items: make(chan Item, buffered)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		close(l.items)
		return l, nil
	}
	if h.count.Load() >= maxListeners || len(h.listeners[f.In.Org]) >= maxListenersO {
		return nil, fmt.Errorf("%w: too many listen already", model.ErrBusy)
	}
	if h.listeners == nil {
		h.listeners = map[model.OrgID][]*Listener{}
	}
	h.listeners[f.In.Org] = append(h.listeners[f.In.Org], l)
	h.count.Add(1)
	return l, nil
}

// Items is where items arrive; it is closed when the hub is.
func (l *Listener) Items() <-chan Item { return l.items }

// Dropped returns how many items were lost since the last call, because the listener
// was slow.
func (l *Listener) Dropped() int64 { return l.dropped.Swap(0) }

// Close ends the listening.
func (l *Listener) Close() {
	h := l.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	org := l.filter.In.Org
	i := slices.Index(h.listeners[org], l)
	if i < 0 {
		return // the hub is closed, or the listener was
	}
	h.count.Add(-1)
	h.listeners[org] = slices.Delete(h.listeners[org], i, i+1)
	if len(h.listeners[org]) == 0 {
		delete(h.listeners, org)
	}
}

// Close ends all listeners, and those to come.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	for _, list := range h.listeners {
		for _, l := range list {
			close(l.items)
		}
	}
	h.listeners = nil
	h.count.Store(0)
}

// Behind returns a writer that writes with w and then passes on what was stored.
func (h *Hub) Behind(w store.Writer) store.Writer { return behind{w, h} }

type behind struct {
	store.Writer
	hub *Hub
}

// Write implements store.Writer.
func (b behind) Write(ctx context.Context, batch *model.Batch) (store.Receipt, error) {
	r, err := b.Writer.Write(ctx, batch)
	if err == nil && b.hub.count.Load() > 0 {
		b.hub.tell(batch, r.Duplicates)
	}
	return r, err
}

// tell passes on what is new in a batch. It never waits.
func (h *Hub) tell(b *model.Batch, known []model.EventID) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	listeners := h.listeners[b.Org]
	if len(listeners) == 0 {
		return
	}
	for i := range b.Events {
		if e := &b.Events[i]; !slices.Contains(known, e.ID) {
			offer(listeners, newEvent(b, e))
		}
	}
	for i := range b.Executions {
		offer(listeners, newExecution(b.Project, &b.Executions[i]))
	}
}

func offer(to []*Listener, c candidate) {
	for _, l := range to {
		if !l.filter.passes(&c) {
			continue
		}
		select {
		case l.items <- c.Item:
		default:
			l.dropped.Add(1)
		}
	}
}
