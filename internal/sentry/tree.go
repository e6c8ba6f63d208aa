package sentry

import (
	"bytes"
	"sync"
	"unicode/utf8"

	"github.com/valyala/fastjson"
)

// Bounds of a document. They keep a hostile one from costing more than its size:
// a parsed value takes forty times the two bytes it may stand for.
const (
	maxValues = 400_000
	maxKept   = 1 << 18 // parsers that held more than this go to the collector, not to the pool
	// maxEcho bounds depth times size, below which no check of literals is needed:
	// the parser repeats the rest of the document in its error, once for every level.
	maxEcho = 2 << 20
)

// tree is a parsed document with the memory it lives in.
type tree struct {
	parser fastjson.Parser
	root   *fastjson.Value
	size   int
}

var trees = sync.Pool{New: func() any { return new(tree) }}

// parseTree parses a payload, or says why not. The tree does not refer to the
// payload. All of its strings are valid UTF-8.
func parseTree(payload []byte) (t *tree, reason string) {
	if !utf8.Valid(payload) {
		payload = bytes.ToValidUTF8(payload, []byte("\uFFFD"))
	}
	if reason := inspect(payload); reason != "" {
		return nil, reason
	}
	t = trees.Get().(*tree)
	t.size = len(payload)
	root, err := t.parser.ParseBytes(payload)
	if err != nil {
		root, err = t.parser.ParseBytes(withoutInfinity(payload))
	}
	if err != nil {
		t.release()
		return nil, reasonOf(payload)
	}
	t.root = root
	return t, ""
}

func (t *tree) release() {
	t.root = nil
	if t.size <= maxKept {
		trees.Put(t)
	}
}

// inspect refuses what would cost the parser too much, and looks closely only
// at documents that could.
func inspect(payload []byte) string {
	nesting := bytes.Count(payload, []byte{'['}) + bytes.Count(payload, []byte{'{'})
	if len(payload) < 2*maxValues && min(nesting, fastjson.MaxDepth)*len(payload) < maxEcho {
		return ""
	}
	s := survey(payload)
	switch {
	case s.bad:
		return "invalid_json"
	case s.depth > fastjson.MaxDepth:
		return "too_deep"
	case s.values > maxValues:
		return "too_many_values"
	}
	return ""
}

// reasonOf says what is wrong with a document that the parser refused.
func reasonOf(payload []byte) string {
	if survey(payload).depth > fastjson.MaxDepth {
		return "too_deep"
	}
	return "invalid_json"
}

// outline is what survey finds.
type outline struct {
	values, depth int
	bad           bool // a word that is no literal
}

// survey counts the values and levels of a document without parsing it.
func survey(b []byte) outline {
	var o outline
	depth := 0
	for i := 0; i < len(b); i++ {
		switch c := b[i]; c {
		case '"':
			i = stringEnd(b, i)
		case '[', '{':
			depth++
			o.depth = max(o.depth, depth)
			o.values++
		case ']', '}':
			depth--
		case ',':
			o.values++
		case 't', 'f', 'n':
			n := literal(b[i:])
			if n == 0 {
				o.bad = true
				return o
			}
			i += n - 1
		}
	}
	return o
}

// stringEnd returns where the string that begins at b[i] ends.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b); i++ {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return len(b)
		}
		i += n
		slashes := 0
		for b[i-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return i
		}
	}
	return i
}

// literal returns the length of the literal that b begins with, or zero.
func literal(b []byte) int {
	for _, word := range [...]string{"true", "false", "null"} {
		if len(b) >= len(word) && string(b[:len(word)]) == word {
			return len(word)
		}
	}
	if len(b) >= 3 && bytes.EqualFold(b[:3], []byte("nan")) {
		return 3
	}
	return 0
}

// withoutInfinity returns the document with Python's bare Infinity turned into null of
// the same length, or nothing when there is none. The parser itself takes NaN.
func withoutInfinity(b []byte) []byte {
	if !bytes.Contains(b, []byte("Infinity")) {
		return nil
	}
	b = bytes.Clone(b)
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i)
		case 'I', '-':
			for _, word := range [...]string{"-Infinity", "Infinity"} {
				if bytes.HasPrefix(b[i:], []byte(word)) {
					copy(b[i:], "null     "[:len(word)])
				}
			}
		}
	}
	return b
}
