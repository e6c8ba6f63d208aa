package main

import (
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"time"
)

// doc is JSON text under construction. It appends and never looks back, so that
// rendering costs little more than copying.
type doc struct {
	b []byte
	r *rand.Rand
}

func newDoc(seed uint64) *doc {
	return &doc{b: make([]byte, 0, 64<<10), r: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15))}
}

// raw appends text that is JSON already, or a part of it.
func (d *doc) raw(parts ...string) {
	for _, p := range parts {
		d.b = append(d.b, p...)
	}
}

func (d *doc) int(n int64) { d.b = strconv.AppendInt(d.b, n, 10) }

// digits appends n random digits, the first never zero.
func (d *doc) digits(n int) {
	d.b = append(d.b, byte('1'+d.r.IntN(9)))
	for range n - 1 {
		d.b = append(d.b, byte('0'+d.r.IntN(10)))
	}
}

// hex appends n random hexadecimal digits.
func (d *doc) hex(n int) {
	const digits = "0123456789abcdef"
	var bits uint64
	for i := range n {
		if i%16 == 0 {
			bits = d.r.Uint64()
		}
		d.b = append(d.b, digits[bits&15])
		bits >>= 4
	}
}

func (d *doc) id(id []byte) { d.b = hex.AppendEncode(d.b, id) }

// seconds appends the time as a number, the way the Python and Node SDKs do.
func (d *doc) seconds(t time.Time) {
	d.b = strconv.AppendFloat(d.b, float64(t.UnixMicro())/1e6, 'f', 6, 64)
}

// quoted appends the time in quotes, with nanoseconds, the way sentry-go does.
func (d *doc) quoted(t time.Time) {
	d.b = append(d.b, '"')
	d.b = t.UTC().AppendFormat(d.b, time.RFC3339Nano)
	d.b = append(d.b, '"')
}

// time appends the time as the platform's SDK does.
func (d *doc) time(p platform, t time.Time) {
	if p == golang {
		d.quoted(t)
		return
	}
	d.seconds(t)
}

func (d *doc) pick(words []string) string { return words[d.r.IntN(len(words))] }
