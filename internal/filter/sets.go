package filter

import (
	"encoding/json"
	"sync"
	"sync/atomic"

	"relay.one/picket/internal/settings"
)

// Sets has the filters of everyone ready, as a book of settings says. It is safe for
// concurrent use.
type Sets struct {
	book   *settings.Book
	failed func(expression string)
	mu     sync.Mutex // of those who compile
	now    atomic.Pointer[compiled]
}

// compiled is what was made of a book until that changes.
type compiled struct {
	until <-chan struct{}
	of    sync.Map        // *settings.Effective → *Set
	same  map[string]*Set // by the filters as JSON: projects share what they inherit
	past  map[string]*Set // of the book before; what still holds need not be made again
}

// NewSets returns the filters of a book. failed, which may be nil, is told whenever an
// expression could not be worked out.
func NewSets(b *settings.Book, failed func(expression string)) *Sets {
	return &Sets{book: b, failed: failed}
}

// Of returns the filters in settings that are in the book. They are compiled when they are
// asked for the first time after they were changed.
func (s *Sets) Of(e *settings.Effective) *Set {
	if c := s.now.Load(); c != nil && c.until == s.book.Changed() {
		if set, ok := c.of.Load(e); ok {
			return set.(*Set)
		}
	}
	return s.compile(e)
}

func (s *Sets) compile(e *settings.Effective) *Set {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.now.Load()
	if until := s.book.Changed(); c == nil || c.until != until {
		next := &compiled{until: until, same: map[string]*Set{}}
		if c != nil {
			next.past = c.same
		}
		c = next
		s.now.Store(c)
	}
	key, err := json.Marshal(e.Filters)
	if err != nil {
		panic("filter: settings cannot be written: " + err.Error())
	}
	set := c.same[string(key)]
	if set == nil {
		set = c.past[string(key)]
	}
	if set == nil {
		set, _ = Compile(&e.Filters) // what was stored was checked; the rest of it holds
		set.failed = s.failed
	}
	c.same[string(key)] = set
	c.of.Store(e, set)
	return set
}
