package price

import (
	"fmt"
	"math"
	"math/bits"
	"strings"
)

// Prices are kept in pico-dollars per token: a price of one dollar per million
// tokens is a million of them, so six decimals are exact.
const (
	picoDigits   = 6
	picosPerNano = 1000
	maxPrice     = 1_000_000 * 1_000_000 // a million dollars per million tokens
)

// parsePrice reads a JSON number of dollars per million tokens as pico-dollars per token.
func parsePrice(text string) (int64, error) {
	if strings.HasPrefix(text, "-") {
		return 0, fmt.Errorf("price %s is negative", text)
	}
	whole, fraction, _ := strings.Cut(text, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > picoDigits {
		return 0, fmt.Errorf("price %.40s has more than %d decimals", text, picoDigits)
	}
	n := int64(0)
	for _, c := range whole + fraction + "000000"[len(fraction):] {
		if c < '0' || c > '9' {
			return 0, fmt.Errorf("price %.40s is not a plain decimal number", text)
		}
		if n = n*10 + int64(c-'0'); n > maxPrice {
			return 0, fmt.Errorf("price %.40s is above a million dollars", text)
		}
	}
	if whole == "" {
		return 0, fmt.Errorf("price %.40s is not a plain decimal number", text)
	}
	return n, nil
}

// sum adds products of tokens and prices in 128 bits, so that no count of tokens
// that a stranger may claim overflows; it stays at its largest value instead.
type sum struct{ hi, lo uint64 }

// add adds so many at that price, and reports false when there are any and the price
// is unknown.
func (s *sum) add(n, price int64) bool {
	if n == 0 {
		return true
	}
	if price == unknown {
		return false
	}
	hi, lo := bits.Mul64(uint64(n), uint64(price))
	s.plus(sum{hi, lo})
	return true
}

func (s *sum) plus(o sum) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, o.lo, 0)
	if s.hi, carry = bits.Add64(s.hi, o.hi, carry); carry != 0 {
		s.hi = math.MaxUint64
	}
}

// scale multiplies the sum.
func (s *sum) scale(factor int64) {
	over, hi := bits.Mul64(s.hi, uint64(factor))
	carry, lo := bits.Mul64(s.lo, uint64(factor))
	if over != 0 {
		hi = math.MaxUint64
	}
	*s = sum{hi, lo}
	s.plus(sum{carry, 0})
}

// nanos returns a sum of thousandths of pico-dollars in nano-dollars, rounded half up,
// at most the largest integer.
func (s *sum) nanos() int64 {
	const perNano = picosPerNano * whole
	lo, carry := bits.Add64(s.lo, perNano/2, 0)
	hi, over := bits.Add64(s.hi, carry, 0)
	if over != 0 || hi >= perNano {
		return math.MaxInt64
	}
	q, _ := bits.Div64(hi, lo, perNano)
	return int64(min(q, math.MaxInt64))
}
