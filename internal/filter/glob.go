package filter

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// longestGlob is the most bytes of a pattern.
	longestGlob = 500
	// mostForms is how many patterns one with braces may stand for.
	mostForms = 64
)

// Glob is a pattern of whole texts, as Sentry's inbound filters have them: * stands for any
// run of characters, ? for one, [a-z] and [!a-z] for one of a set, {a,b} for either, and \
// takes the next character as it is. No letter's case matters.
type Glob struct{ forms [][]token }

// token is what a pattern wants next of a text.
type token struct {
	kind tokenKind
	text string // literal
	set  []span // oneOf
	not  bool   // of oneOf
}

type tokenKind uint8

const (
	literal tokenKind = iota
	anyRun
	anyOne
	oneOf
)

// span is a range of characters, both ends included.
type span struct{ from, to rune }

// NewGlob reads a pattern. What is no pattern, such as a bracket that is never closed, is
// taken as it stands.
func NewGlob(pattern string) (Glob, error) {
	switch {
	case pattern == "":
		return Glob{}, fmt.Errorf("is empty: write a text, with * for any run of characters")
	case len(pattern) > longestGlob:
		return Glob{}, fmt.Errorf("has %d bytes, at most %d are taken", len(pattern), longestGlob)
	}
	forms, err := expand(strings.ToLower(pattern), nil)
	if err != nil {
		return Glob{}, err
	}
	g := Glob{make([][]token, len(forms))}
	for i, form := range forms {
		g.forms[i] = tokens(form)
	}
	return g, nil
}

// expand appends the patterns that one with braces stands for. Braces in braces are not
// read: the inner ones are text.
func expand(pattern string, to []string) ([]string, error) {
	open := indexPlain(pattern, '{')
	if open < 0 {
		return append(to, pattern), nil
	}
	end := indexPlain(pattern[open:], '}')
	if end < 0 {
		return append(to, pattern), nil
	}
	rest, err := expand(pattern[open+end+1:], nil)
	if err != nil {
		return nil, err
	}
	for form := range strings.SplitSeq(pattern[open+1:open+end], ",") {
		for _, r := range rest {
			if to = append(to, pattern[:open]+form+r); len(to) > mostForms {
				return nil, fmt.Errorf("stands for more than %d texts by its braces: write several patterns", mostForms)
			}
		}
	}
	return to, nil
}

// indexPlain returns where a byte stands that no backslash stands before, or -1.
func indexPlain(s string, c byte) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case c:
			return i
		}
	}
	return -1
}

// tokens reads a pattern without braces.
func tokens(pattern string) (out []token) {
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			out = append(out, token{kind: literal, text: text.String()})
			text.Reset()
		}
	}
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; c {
		case '*':
			flush()
			if n := len(out); n == 0 || out[n-1].kind != anyRun {
				out = append(out, token{kind: anyRun})
			}
		case '?':
			flush()
			out = append(out, token{kind: anyOne})
		case '[':
			if set, n := class(pattern[i:]); n > 0 {
				flush()
				out = append(out, set)
				i += n - 1
				continue
			}
			text.WriteByte(c)
		case '\\':
			if i+1 < len(pattern) {
				i++
			}
			text.WriteByte(pattern[i])
		default:
			text.WriteByte(c)
		}
	}
	flush()
	return out
}

// class reads a set of characters in brackets, and how many bytes it takes; zero for none.
func class(pattern string) (t token, n int) {
	end := indexPlain(pattern, ']')
	if end < 2 {
		return t, 0
	}
	body := pattern[1:end]
	t.kind = oneOf
	if body[0] == '!' || body[0] == '^' {
		t.not, body = true, body[1:]
	}
	list := []rune(strings.ReplaceAll(body, `\`, ""))
	if len(list) == 0 {
		return t, 0
	}
	for i := 0; i < len(list); i++ {
		s := span{list[i], list[i]}
		if i+2 < len(list) && list[i+1] == '-' {
			s.to = list[i+2]
			i += 2
		}
		t.set = append(t.set, s)
	}
	return t, end + 1
}

// Match reports whether the whole text fits the pattern.
func (g Glob) Match(text string) bool { return g.matchLower(strings.ToLower(text)) }

// matchLower is Match for a text in lower case.
func (g Glob) matchLower(text string) bool {
	for _, form := range g.forms {
		if fits(form, text) {
			return true
		}
	}
	return false
}

// fits goes along pattern and text. After a miss it comes back to the latest *, and lets
// that take more.
func fits(form []token, text string) bool {
	at, i, star, mark := 0, 0, -1, 0
	for {
		switch {
		case i < len(form) && form[i].kind == anyRun:
			if i == len(form)-1 {
				return true
			}
			star, mark = i, at
			i++
			continue
		case i < len(form):
			if n := form[i].take(text[at:]); n >= 0 {
				i, at = i+1, at+n
				continue
			}
		case at == len(text):
			return true
		}
		if star < 0 || mark >= len(text) {
			return false
		}
		if mark = form[star+1].next(text, mark); mark < 0 {
			return false
		}
		i, at = star+1, mark
	}
}

// next returns the next place after at where the token may begin, or -1.
func (t *token) next(text string, at int) int {
	_, size := utf8.DecodeRuneInString(text[at:])
	if at += size; t.kind != literal {
		return at
	}
	i := strings.Index(text[at:], t.text)
	if i < 0 {
		return -1
	}
	return at + i
}

// take returns how many bytes the token takes of the beginning of a text, or -1.
func (t *token) take(text string) int {
	if t.kind == literal {
		if strings.HasPrefix(text, t.text) {
			return len(t.text)
		}
		return -1
	}
	r, size := utf8.DecodeRuneInString(text)
	if size == 0 || t.kind == oneOf && t.has(r) == t.not {
		return -1
	}
	return size
}

func (t *token) has(r rune) bool {
	for _, s := range t.set {
		if r >= s.from && r <= s.to {
			return true
		}
	}
	return false
}

// globs are patterns of which any may fit.
type globs []Glob

// match reports whether one of them fits a text in lower case.
func (l globs) match(text string) bool {
	for i := range l {
		if l[i].matchLower(text) {
			return true
		}
	}
	return false
}
