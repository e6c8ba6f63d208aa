package rollup

import (
	"math"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
	"github.com/axiomhq/hyperloglog"
)

// accuracy is the relative error of quantiles.
const accuracy = 0.01

// maxDuration caps what goes into a sketch: a year in milliseconds. It bounds the
// number of bins that hostile durations can ask for.
const maxDuration = 365 * 24 * 3600 * 1000

var logMapping = must(mapping.NewLogarithmicMapping(accuracy))

func must[T any](v T, err error) T {
	if err != nil {
		panic("rollup: a constant is out of range: " + err.Error())
	}
	return v
}

// Sketch is a mergeable histogram of durations in milliseconds (DDSketch, Masson
// et al., VLDB 2019).
type Sketch struct{ dd *ddsketch.DDSketch }

func newSketch() *Sketch {
	return &Sketch{ddsketch.NewDDSketchFromStoreProvider(logMapping, store.BufferedPaginatedStoreConstructor)}
}

func (s *Sketch) add(ms float64) {
	if math.IsNaN(ms) {
		return
	}
	// Below a microsecond is as good as zero; the bound keeps Add from failing.
	if ms < 0.001 {
		ms = 0
	}
	must(0, s.dd.Add(min(ms, maxDuration)))
}

func (s *Sketch) quantile(q float64) (float64, bool) {
	v, err := s.dd.GetValueAtQuantile(q)
	return v, err == nil // the only errors: empty, or q out of range
}

func (s *Sketch) merge(o *Sketch) { must(0, s.dd.MergeWith(o.dd)) }

func (s *Sketch) encode() []byte {
	var b []byte
	s.dd.Encode(&b, true)
	return b
}

func (s *Sketch) mergeEncoded(b []byte) error { return s.dd.DecodeAndMergeWith(b) }

// Users estimates how many distinct users there are (HyperLogLog; sparse and
// nearly exact while they are few). Reading a stored one costs more than all else
// of a row and most who read rows never ask for it: so it may stay encoded until
// then.
type Users struct {
	hll     *hyperloglog.Sketch
	encoded [][]byte // to be merged into hll
	size    int      // of encoded, in bytes
}

const (
	// usersPrecision gives 4,096 registers: 1.6 % standard error, 4 KB at most.
	usersPrecision = 12
	// maxEncoded is how many bytes may stay encoded.
	maxEncoded = 128 << 10
)

// sketch returns the sketch with all that was encoded merged into it. That was
// stored whole, so that an error would be ours.
func (u *Users) sketch() *hyperloglog.Sketch {
	if u.hll == nil {
		u.hll = must(hyperloglog.NewSketch(usersPrecision, true))
	}
	for _, b := range u.encoded {
		must(0, u.mergeEncoded(b))
	}
	u.encoded, u.size = nil, 0
	return u.hll
}

func (u *Users) add(hash uint64) { u.sketch().InsertHash(hash) }

func (u *Users) merge(o *Users) {
	if o.hll != nil {
		must(0, u.sketch().Merge(o.hll))
	}
	for _, b := range o.encoded {
		u.deferEncoded(b)
	}
}

func (u *Users) estimate() int64 { return int64(u.sketch().Estimate()) }

func (u *Users) encode() []byte { return must(u.sketch().MarshalBinary()) }

func (u *Users) mergeEncoded(b []byte) error {
	var o hyperloglog.Sketch
	if err := o.UnmarshalBinary(b); err != nil {
		return err
	}
	if u.hll == nil {
		u.hll = &o
		return nil
	}
	return u.hll.Merge(&o)
}

// deferEncoded is like mergeEncoded, but keeps b, which must not change, and reads
// it when it is needed.
func (u *Users) deferEncoded(b []byte) {
	u.encoded = append(u.encoded, b)
	if u.size += len(b); u.size > maxEncoded {
		u.sketch()
	}
}
