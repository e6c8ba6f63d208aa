package rollup

import (
	"encoding/binary"
	"errors"
)

var errShort = errors.New("rollup row is cut short")

// reader takes values off the front of src and remembers the first error.
type reader struct {
	src []byte
	err error
}

func (r *reader) check(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.src)
	r.advance(n)
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.src)
	r.advance(n)
	return v
}

// advance drops n bytes; n is not positive when a number was cut short.
func (r *reader) advance(n int) {
	if n <= 0 {
		r.check(errShort)
		n = len(r.src)
	}
	r.src = r.src[n:]
}

func (r *reader) bytes() []byte {
	n := r.uvarint()
	if n > uint64(len(r.src)) {
		r.check(errShort)
		r.src = nil
		return nil
	}
	b := r.src[:n]
	r.src = r.src[n:]
	return b
}

func appendBytes[B []byte | string](dst []byte, b B) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}
