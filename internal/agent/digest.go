package agent

import (
	"math/bits"
	"strings"

	"github.com/cespare/xxhash/v2"
)

// hashValue hashes a value so that JSON texts that mean the same hash alike, whatever
// their blanks and the order of their members; what is no JSON goes by its bytes. It
// is never zero. Strings and numbers must be written alike.
func hashValue(s string) uint64 {
	p := jsonText{s: s}
	h, ok := p.value(0)
	p.blanks()
	if !ok || p.at < len(s) {
		h = xxhash.Sum64String(s)
	}
	return max(1, h)
}

// mix makes one hash of two whose order matters.
func mix(a, b uint64) uint64 {
	h := (a ^ 0x9E3779B97F4A7C15) * 0xFF51AFD7ED558CCD
	h ^= h >> 32
	h = (h + bits.RotateLeft64(b, 29)) * 0xC4CEB9FE1A85EC53
	return h ^ h>>29
}

// jsonText is a JSON text that is walked along without being taken apart.
type jsonText struct {
	s  string
	at int
}

// maxHashDepth is deeper than any arguments are; deeper ones go by their bytes.
const maxHashDepth = 100

func (p *jsonText) blanks() {
	for p.at < len(p.s) && (p.s[p.at] == ' ' || p.s[p.at] == '\n' || p.s[p.at] == '\t' || p.s[p.at] == '\r') {
		p.at++
	}
}

// next skips blanks and, if c stands there, that too.
func (p *jsonText) next(c byte) bool {
	p.blanks()
	if p.at < len(p.s) && p.s[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *jsonText) value(depth int) (uint64, bool) {
	p.blanks()
	if p.at == len(p.s) || depth > maxHashDepth {
		return 0, false
	}
	switch p.s[p.at] {
	case '{':
		p.at++
		return p.object(depth)
	case '[':
		p.at++
		return p.list(depth)
	case '"':
		return p.quoted()
	}
	return p.word()
}

// object sums its members up, so that their order says nothing.
func (p *jsonText) object(depth int) (uint64, bool) {
	sum := uint64(1)
	for first := true; !p.next('}'); first = false {
		if !first && !p.next(',') {
			return 0, false
		}
		p.blanks()
		key, ok := p.quoted()
		if !ok || !p.next(':') {
			return 0, false
		}
		v, ok := p.value(depth + 1)
		if !ok {
			return 0, false
		}
		sum += mix(key, v)
	}
	return sum, true
}

func (p *jsonText) list(depth int) (uint64, bool) {
	h := uint64(2)
	for first := true; !p.next(']'); first = false {
		if !first && !p.next(',') {
			return 0, false
		}
		v, ok := p.value(depth + 1)
		if !ok {
			return 0, false
		}
		h = mix(h, v)
	}
	return h, true
}

func (p *jsonText) quoted() (uint64, bool) {
	if p.at == len(p.s) || p.s[p.at] != '"' {
		return 0, false
	}
	start := p.at
	for end := p.at + 1; ; end++ {
		n := strings.IndexByte(p.s[end:], '"')
		if n < 0 {
			return 0, false
		}
		end += n
		slashes := 0
		for p.s[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			p.at = end + 1
			return xxhash.Sum64String(p.s[start:p.at]), true
		}
	}
}

// word hashes a number or a literal.
func (p *jsonText) word() (uint64, bool) {
	start := p.at
	for p.at < len(p.s) && isWord(p.s[p.at]) {
		p.at++
	}
	return xxhash.Sum64String(p.s[start:p.at]), p.at > start
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '+' || c == '.'
}
