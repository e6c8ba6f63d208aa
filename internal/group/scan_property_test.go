package group

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// variants are texts that mean the same but for their number, identifier or address.
func variants(r *rand.Rand) map[string]string {
	digits := func(n int) string {
		b := []byte{byte('1' + r.IntN(9))}
		for len(b) < n {
			b = append(b, byte('0'+r.IntN(10)))
		}
		return string(b)
	}
	hexes := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "0123456789abcdef"[r.IntN(16)]
		}
		return string(b)
	}
	return map[string]string{
		"INT":   digits(1 + r.IntN(12)),
		"FLOAT": digits(1+r.IntN(6)) + "." + digits(1+r.IntN(6)),
		"UUID":  hexes(8) + "-" + hexes(4) + "-" + hexes(4) + "-" + hexes(4) + "-" + hexes(12),
		"HEX":   "0x" + hexes(1+r.IntN(16)),
		"LONG":  hexes(8 + r.IntN(24)),
		"SHA":   hexes(40),
		"IP":    fmt.Sprintf("%d.%d.%d.%d", r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(256)),
		"CALL":  "call_" + hexes(20) + "7k",
		"DATE":  fmt.Sprintf("%d-%02d-%02dT%02d:%02d:%02dZ", 2000+r.IntN(50), 1+r.IntN(12), 1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60)),
		"TIME":  fmt.Sprintf("%d.%dms", r.IntN(1000), r.IntN(10)),
		"MONEY": fmt.Sprintf("%d,%03d", 1+r.IntN(999), r.IntN(1000)),
	}
}

func TestVariablePartsDoNotCount(t *testing.T) {
	t.Parallel()
	templates := []string{
		"execution UUID of agent INT failed after TIME",
		"cannot reach IP:INT, request HEX, commit SHA",
		"LONG: tool CALL answered INT (FLOAT)",
		"limit MONEY reached at DATE by user_INT",
		"[INT] step-INT of INT: value=INT, ratio FLOAT%",
		"order #INT for UUID: INT/INT left\nsecond INT line",
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, template := range templates {
		first := ""
		for range 300 {
			text := template
			for name := range variants(r) {
				for strings.Contains(text, name) {
					text = strings.Replace(text, name, variants(r)[name], 1)
				}
			}
			got := string(normalise(nil, text))
			if first == "" {
				first = got
			}
			if got != first {
				t.Fatalf("%q\n gives %q\nand not %q", text, got, first)
			}
		}
	}
}

func TestWordsCount(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	f := func(text string) {
		t.Helper()
		got := string(normalise(nil, text))
		if other, ok := seen[got]; ok {
			t.Errorf("%q and %q both give %q", text, other, got)
		}
		seen[got] = text
	}
	f("tool search failed after 5 tries")
	f("tool fetch failed after 5 tries")
	f("tool search gave up after 5 tries")
	f("tool 'search' failed")
	f("tool 'fetch' failed")
	f(`column "name" does not exist`)
	f(`column "email" does not exist`)
	f("GET /v1/models: bad gateway")
	f("GET /v1/files: bad gateway")
	f("rate limit for requests reached")
	f("rate limit for tokens reached")
	f("Error code: 429 - {'error': {'code': 'rate_limit_exceeded'}}")
	f("Error code: 429 - {'error': {'code': 'insufficient_quota'}}")
	f("context deadline exceeded")
	f("context canceled")
	f("model gpt-4o is overloaded")
	f("model claude-3-5-sonnet is overloaded")
	f("undefined is not a function")
	f("null is not a function")
	f("Für immer verloren")
	f("Fur immer verloren")
}

func FuzzParameterise(f *testing.F) {
	for _, seed := range []string{
		benchMessage, "a@b.c d@", "::1 fe80::%x /", "2025-11-23T1", "Sun, 23 Nov 2025 19:05:00 ", "00-4bf92f35", `{"a":{"b":`, "[1,2", "['",
		"gpt-4-0613-", "C:\\a:1:2", "tx0123456789abcdef01234-01234", "call_-x_1", "=\"a=true", "1,234,5.6e-", "1h2m3", "datetime.datetime(", "é9_9é", "....@@@",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, agents := range []bool{false, true} {
			got := parameterise([]byte("x"), text, agents)
			if got[0] != 'x' || len(got) > 1+maxText {
				t.Fatalf("%q: %d bytes beginning with %q", text, len(got), got[0])
			}
			if len(got) < 1+maxText && utf8.ValidString(text) && !utf8.Valid(got) {
				t.Fatalf("%q: cut a rune: %q", text, got)
			}
		}
		normalise(nil, text)
	})
}
