package sample

import (
	"github.com/cespare/xxhash/v2"

	"relay.one/picket/internal/model"
)

// number returns where a trace stands between 0 and 1: it is kept at every rate above
// that, so that all who judge it alone agree, and what is kept at a rate is kept at a
// higher one, too. It is a hash of the id or, where the client drew a number and sent
// the trace since that was below its own rate, that number, seen within what was sent.
func number(trace model.TraceID, d model.Draw) float64 {
	if d.Rand > 0 && d.Trace == trace && d.Rand < d.Rate.Share() {
		return d.Rand / d.Rate.Share()
	}
	return hashed(trace[:])
}

// hashed spreads ids evenly from 0 to below 1.
func hashed(id []byte) float64 { return float64(xxhash.Sum64(id)>>11) / (1 << 53) }
