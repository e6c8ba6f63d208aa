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
	return &Sketch{ddsketch.NewDDSketchFromStoreProvider(logMapping, store.SparseStoreConstructor)}
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
// nearly exact while they are few).
type Users struct{ hll *hyperloglog.Sketch }

// usersPrecision gives 4,096 registers: 1.6 % standard error, 4 KB at most.
const usersPrecision = 12

func newUsers() *Users { return &Users{must(hyperloglog.NewSketch(usersPrecision, true))} }

func (u *Users) add(hash uint64) { u.hll.InsertHash(hash) }

func (u *Users) merge(o *Users) { must(0, u.hll.Merge(o.hll)) }

func (u *Users) estimate() int64 { return int64(u.hll.Estimate()) }

func (u *Users) encode() []byte { return must(u.hll.MarshalBinary()) }

func (u *Users) mergeEncoded(b []byte) error {
	var o hyperloglog.Sketch
	if err := o.UnmarshalBinary(b); err != nil {
		return err
	}
	return u.hll.Merge(&o)
}
