package filter

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestGlob(t *testing.T) {
	t.Parallel()
	f := func(pattern, text string, want bool) {
		t.Helper()
		g, err := NewGlob(pattern)
		if err != nil {
			t.Errorf("%q: %v", pattern, err)
			return
		}
		if got := g.Match(text); got != want {
			t.Errorf("%q matches %q: %v", pattern, text, got)
		}
	}
	f("timeout", "timeout", true)
	f("timeout", "a timeout", false)
	f("TimeOut", "TIMEOUT", true)
	f("*timeout*", "TypeError: a Timeout of 3 s", true)
	f("*", "", true)
	f("**", "x", true)
	f("a*", "a", true)
	f("a*b", "ab", true)
	f("a*b", "abab", true)
	f("a*b", "aba", false)
	f("*a*b*c", "xaxbxbxc", true)
	f("*a*b*c", "xaxcxb", false)
	f("*ab", "aab", true)
	f("1.?.3", "1.2.3", true)
	f("1.?.3", "1.22.3", false)
	f("?", "ä", true)
	f("?", "", false)
	f("v[0-9]*", "v1.2", true)
	f("v[0-9]*", "vx", false)
	f("v[!0-9]*", "vx", true)
	f("[A-C]x", "bX", true)
	f("[abc", "[abc", true)
	f("[]", "[]", true)
	f("{foo,bar}@*", "bar@1", true)
	f("{foo,bar}@*", "baz@1", false)
	f("{a,b}{1,2}", "b2", true)
	f("{a", "{a", true)
	f(`\*`, "*", true)
	f(`\*`, "x", false)
	f(`\{a,b\}`, "{a,b}", true)
	f("ÄRGER*", "ärgerlich", true)
	f("*[0-9]z", "1z2z3y4z", true)
}

func TestGlobRefuses(t *testing.T) {
	t.Parallel()
	f := func(pattern, want string) {
		t.Helper()
		if _, err := NewGlob(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v, want %q", pattern, err, want)
		}
	}
	f("", "is empty")
	f(strings.Repeat("x", 501), "501 bytes")
	f(strings.Repeat("{a,b}", 7), "more than 64")
}

// FuzzGlob holds the matcher against one that is plainly right, and slow.
func FuzzGlob(f *testing.F) {
	for _, s := range [...][2]string{{"a*b?c", "axxbyc"}, {"*[!a-c]*", "abcd"}, {"**a*a*b", "aaaaab"}, {`\`, `\`}, {"{a,b*}c", "bxc"}, {"[-]?*", "-ä"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if len(pattern) > 30 || len(text) > 40 || !utf8.ValidString(text) {
			return
		}
		g, err := NewGlob(pattern)
		if err != nil {
			return
		}
		lower, want := strings.ToLower(text), false
		for _, form := range g.forms {
			want = want || slowly(form, lower, map[[2]int]bool{})
		}
		if got := g.Match(text); got != want {
			t.Fatalf("%q matches %q: %v, want %v", pattern, text, got, want)
		}
	})
}

// slowly tries every way in which a text may fit; tried are those that failed.
func slowly(form []token, text string, tried map[[2]int]bool) bool {
	at := [2]int{len(form), len(text)}
	if len(form) == 0 {
		return text == ""
	}
	if tried[at] {
		return false
	}
	tried[at] = true
	if form[0].kind == anyRun {
		if slowly(form[1:], text, tried) {
			return true
		}
		_, n := utf8.DecodeRuneInString(text)
		return n > 0 && slowly(form, text[n:], tried)
	}
	n := form[0].take(text)
	return n >= 0 && slowly(form[1:], text[n:], tried)
}
