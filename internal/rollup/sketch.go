package rollup

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

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

// NewSketch returns an empty sketch.
func NewSketch() *Sketch { return newSketch() }

// Add adds a value.
func (s *Sketch) Add(v float64) { s.add(v, 1) }

// Count returns how many values there are.
func (s *Sketch) Count() float64 { return s.dd.GetCount() }

// Quantile returns the q-th quantile (0 to 1), within 1 % of the true one, and false
// when there are no values.
func (s *Sketch) Quantile(q float64) (float64, bool) { return s.quantile(q) }

// Merge adds the values of o, which stays as it is.
func (s *Sketch) Merge(o *Sketch) { s.merge(o) }

func newSketch() *Sketch {
	return &Sketch{ddsketch.NewDDSketchFromStoreProvider(logMapping, store.BufferedPaginatedStoreConstructor)}
}

// minDuration is the shortest that is told apart, a microsecond: what is shorter is
// as good as zero. It is counted in a bin like others, since a sketch's own count of
// zeros knows no taking back.
const minDuration = 0.001

// add adds a value n times; with a negative n it takes back as many. The bins are
// signed: a sketch that takes back alone is right once it is merged with what it
// takes from.
func (s *Sketch) add(ms, n float64) {
	if math.IsNaN(ms) {
		return
	}
	ms = min(max(ms, minDuration), maxDuration)
	s.dd.GetPositiveValueStore().AddWithCount(logMapping.Index(ms), n)
}

// zero reports whether every bin is empty.
func (s *Sketch) zero() bool {
	zero := s.dd.GetZeroCount() == 0
	if zero {
		s.dd.GetPositiveValueStore().ForEach(func(_ int, count float64) (stop bool) {
			zero = zero && count == 0
			return !zero
		})
	}
	return zero
}

func (s *Sketch) quantile(q float64) (float64, bool) {
	if s.dd.GetCount() <= 0 {
		return 0, false
	}
	v, err := s.dd.GetValueAtQuantile(q)
	if v < minDuration*(1+2*accuracy) {
		v = 0
	}
	return v, err == nil // the only error: q out of range
}

func (s *Sketch) merge(o *Sketch) { must(0, s.dd.MergeWith(o.dd)) }

func (s *Sketch) encode() []byte {
	var b []byte
	s.dd.Encode(&b, true)
	return b
}

func (s *Sketch) mergeEncoded(b []byte) error { return s.dd.DecodeAndMergeWith(b) }

// Users estimates how many distinct users there are (HyperLogLog; sparse and
// nearly exact while they are few). Most are very few: their hashes are kept as they
// are. Reading a stored sketch costs more than all else of a row and most who read
// rows never ask for it: so it may stay encoded until then.
type Users struct {
	few     []uint64 // distinct; empty once there is a sketch
	hll     *hyperloglog.Sketch
	encoded [][]byte // to be merged into hll
	size    int      // of encoded, in bytes
}

const (
	// usersPrecision gives 4,096 registers: 1.6 % standard error, 4 KB at most.
	usersPrecision = 12
	// maxFew is how many hashes are kept as they are.
	maxFew = 16
	// maxEncoded is how many bytes may stay encoded.
	maxEncoded = 128 << 10
	// fewUsers begins the encoding of hashes; sketches begin with their version, 1 or 2.
	fewUsers = 0
)

// sketch returns the sketch with everything merged into it. What is encoded was
// stored whole, so that an error would be ours.
func (u *Users) sketch() *hyperloglog.Sketch {
	if u.hll == nil {
		u.hll = must(hyperloglog.NewSketch(usersPrecision, true))
	}
	for _, h := range u.few {
		u.hll.InsertHash(h)
	}
	u.few = nil
	encoded := u.encoded
	u.encoded, u.size = nil, 0
	for _, b := range encoded {
		must(0, u.mergeEncoded(b))
	}
	return u.hll
}

func (u *Users) add(hash uint64) {
	switch {
	case u.hll != nil:
		u.hll.InsertHash(hash)
	case slices.Contains(u.few, hash):
	case len(u.few) < maxFew:
		u.few = append(u.few, hash)
	default:
		u.sketch().InsertHash(hash)
	}
}

func (u *Users) merge(o *Users) {
	for _, h := range o.few {
		u.add(h)
	}
	if o.hll != nil {
		must(0, u.sketch().Merge(o.hll))
	}
	for _, b := range o.encoded {
		u.deferEncoded(b)
	}
}

// small reports whether few is all there is.
func (u *Users) small() bool { return u.hll == nil && len(u.encoded) == 0 }

func (u *Users) estimate() int64 {
	if u.small() {
		return int64(len(u.few))
	}
	return int64(u.sketch().Estimate())
}

func (u *Users) encode() []byte {
	if !u.small() {
		return must(u.sketch().MarshalBinary())
	}
	b := make([]byte, 1, 1+8*len(u.few))
	b[0] = fewUsers
	for _, h := range u.few {
		b = binary.LittleEndian.AppendUint64(b, h)
	}
	return b
}

func (u *Users) mergeEncoded(b []byte) error {
	if len(b)%8 == 1 && b[0] == fewUsers {
		for b = b[1:]; len(b) > 0; b = b[8:] {
			u.add(binary.LittleEndian.Uint64(b))
		}
		return nil
	}
	o := &hyperloglog.Sketch{}
	if err := o.UnmarshalBinary(b); err != nil {
		return err
	}
	if b[1] != usersPrecision { // the format's second byte
		return fmt.Errorf("users were stored with precision %d, not %d", b[1], usersPrecision)
	}
	if u.hll == nil && len(u.few) == 0 {
		u.hll = o
		return nil
	}
	return u.sketch().Merge(o)
}

// deferEncoded is like mergeEncoded, but keeps b, which must not change, and reads
// it when it is needed.
func (u *Users) deferEncoded(b []byte) {
	u.encoded = append(u.encoded, b)
	if u.size += len(b); u.size > maxEncoded {
		u.sketch()
	}
}
