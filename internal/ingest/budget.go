package ingest

import (
	"sync"
	"sync/atomic"
)

// budget bounds the memory of all requests in flight, in bytes.
type budget struct{ left atomic.Int64 }

func newBudget(n int64) *budget {
	b := &budget{}
	b.left.Store(n)
	return b
}

// take reserves n bytes and reports whether they were there.
func (b *budget) take(n int64) bool {
	if b.left.Add(-n) < 0 {
		b.left.Add(n)
		return false
	}
	return true
}

func (b *budget) give(n int64) { b.left.Add(n) }

// keptBuffer is the largest buffer that goes back to the pool: one giant must not
// be held for good.
const keptBuffer = 256 << 10

// firstBuffer holds most bodies without growing.
const firstBuffer = 16 << 10

// buffer is memory that the budget knows of.
type buffer struct {
	b      []byte
	budget *budget
	held   int64 // bytes taken from the budget
}

// buffers are kept between requests.
type buffers struct {
	pool   sync.Pool
	budget *budget
}

func newBuffers(b *budget) *buffers {
	return &buffers{budget: b, pool: sync.Pool{New: func() any { return &buffer{b: make([]byte, 0, firstBuffer)} }}}
}

// get returns an empty buffer; false when the budget is spent.
func (p *buffers) get() (*buffer, bool) {
	x := p.pool.Get().(*buffer)
	x.budget, x.b = p.budget, x.b[:0]
	if !x.hold(int64(cap(x.b))) {
		p.pool.Put(x)
		return nil, false
	}
	return x, true
}

// put takes a buffer back; nothing may point into it any more.
func (p *buffers) put(x *buffer) {
	if x == nil {
		return
	}
	x.budget.give(x.held)
	x.held = 0
	if cap(x.b) <= keptBuffer {
		p.pool.Put(x)
	}
}

// hold takes n more bytes from the budget, until the buffer is put back.
func (x *buffer) hold(n int64) bool {
	if !x.budget.take(n) {
		return false
	}
	x.held += n
	return true
}

// room makes space for at least n more bytes, and doubles what it has as far as
// most; false when the budget is spent.
func (x *buffer) room(n, most int) bool {
	if cap(x.b)-len(x.b) >= n {
		return true
	}
	size := max(min(2*cap(x.b), most), len(x.b)+n)
	if !x.hold(int64(size - cap(x.b))) {
		return false
	}
	grown := make([]byte, len(x.b), size)
	copy(grown, x.b)
	x.b = grown
	return true
}
