package picket

import (
	"reflect"
	"slices"
	"sync"
)

// memory holds the errors captured in a scope, so that the end of an execution does
// not report once more what its body reported.
type memory struct {
	// beyond is the memory of what surrounds the scope, which learns of everything too.
	beyond *memory

	seenMu sync.Mutex
	seen   []capturedError
	flying *flyingPanic
}

// capturedError is an error and its event; the id is empty when that was dropped.
type capturedError struct {
	err error
	id  EventID
}

// flyingPanic is a panic that was reported and went on.
type flyingPanic struct {
	recovered any
	id        EventID
}

// maxMemory bounds the errors that are remembered.
const maxMemory = 16

func (m *memory) remember(err error, id EventID) {
	if err == nil && id == "" {
		return
	}
	for ; m != nil; m = m.beyond {
		m.seenMu.Lock()
		if len(m.seen) == maxMemory {
			m.seen = slices.Delete(m.seen, 0, 1)
		}
		m.seen = append(m.seen, capturedError{err, id})
		m.seenMu.Unlock()
	}
}

// lastID returns the id of the event that was sent last.
func (m *memory) lastID() EventID {
	m.seenMu.Lock()
	defer m.seenMu.Unlock()
	for _, c := range slices.Backward(m.seen) {
		if c.id != "" {
			return c.id
		}
	}
	return ""
}

// recall returns the event of an error that was captured, itself or something it wraps.
func (m *memory) recall(err error) (EventID, bool) {
	m.seenMu.Lock()
	defer m.seenMu.Unlock()
	for _, c := range slices.Backward(m.seen) {
		if c.err != nil && wraps(err, c.err) {
			return c.id, true
		}
	}
	return "", false
}

// fly notes that a panic goes on, so that who recovers it next does not report it
// again.
func (m *memory) fly(recovered any, id EventID) {
	for ; m != nil; m = m.beyond {
		m.seenMu.Lock()
		m.flying = &flyingPanic{recovered, id}
		m.seenMu.Unlock()
	}
}

// land returns the event of a panic that was on its way here, and lets all around
// forget it: another panic with the same value is another one.
func (m *memory) land(recovered any) (id EventID, known bool) {
	for at := m; at != nil; at = at.beyond {
		at.seenMu.Lock()
		if at == m && at.flying != nil && samePanic(at.flying.recovered, recovered) {
			id, known = at.flying.id, true
		}
		at.flying = nil
		at.seenMu.Unlock()
	}
	return id, known
}

// samePanic reports whether a and b may be one panic's value.
func samePanic(a, b any) bool {
	x, ok := a.(error)
	y, also := b.(error)
	if ok && also {
		return sameError(x, y)
	}
	v := reflect.ValueOf(a)
	return reflect.TypeOf(a) == reflect.TypeOf(b) && v.IsValid() && (!v.Comparable() || a == b)
}

// wraps reports whether target stands in err's chain, itself and not merely an equal.
func wraps(err, target error) bool {
	for depth := 0; err != nil && depth < 100; depth++ {
		if sameError(err, target) {
			return true
		}
		switch w := err.(type) {
		case interface{ Unwrap() error }:
			err = w.Unwrap()
		case interface{ Unwrap() []error }:
			return slices.ContainsFunc(w.Unwrap(), func(e error) bool { return wraps(e, target) })
		default:
			return false
		}
	}
	return false
}
