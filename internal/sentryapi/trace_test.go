package sentryapi

import (
	"encoding/json"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// A stranger's spans may form circles and chains without end: every span must
// come out once, and no deeper than a decoder bears.
func TestTreeOfHostileSpans(t *testing.T) {
	t.Parallel()
	f := func(what string, parents map[byte]byte, roots int) {
		t.Helper()
		trace := &store.Trace{}
		for id, parent := range parents {
			trace.Spans = append(trace.Spans, store.SpanRecord{Payload: -1, Span: model.Span{ID: model.SpanID{id}, Parent: model.SpanID{parent}}})
		}
		list := newTree(trace, nil).roots()
		if len(list) != roots {
			t.Errorf("%s: %d roots, want %d", what, len(list), roots)
		}
		if n := count(list); n != len(parents) {
			t.Errorf("%s: %d spans came out of %d", what, n, len(parents))
		}
		if _, err := json.Marshal(list); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	chain := map[byte]byte{}
	for i := byte(1); i < 250; i++ {
		chain[i] = i - 1
	}
	f("a tree", map[byte]byte{1: 0, 2: 1, 3: 1, 4: 9}, 2)
	f("its own parent", map[byte]byte{1: 1, 2: 0}, 2)
	f("a circle", map[byte]byte{1: 2, 2: 1}, 2)
	f("below a circle", map[byte]byte{1: 2, 2: 1, 3: 1}, 3)
	f("a long chain", chain, 1+249-1-deepest)
}

func count(list []*span) int {
	n := len(list)
	for _, s := range list {
		n += count(s.Children)
	}
	return n
}

func TestShortVersion(t *testing.T) {
	t.Parallel()
	f := func(version, want string) {
		t.Helper()
		if got := shortVersion(version); got != want {
			t.Errorf("%s = %s, want %s", version, got, want)
		}
	}
	f("bill@1.0.0+7", "1.0.0+7")
	f("@scope/bill@1.0.0", "1.0.0")
	f("0123456789abcdef0123456789abcdef01234567", "0123456789ab")
	f("main", "main")
	f("", "")
}
