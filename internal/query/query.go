// Package query reads Sentry's issue search: `is:unresolved level:error timeout`
// becomes terms for the store. It is pure and knows the syntax, not the data.
//
// Keys come out under one name each, whatever alias they were written with
// (age and first_seen become firstSeen; see aliases). Values stay texts: numbers are
// plain decimals, dates and ages as they were written (Bounds reads them), statuses of
// `is` and the yes and no of error.handled one spelling each. A key that this package
// does not know is a tag's, for the store to tell.
package query

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

const (
	// maxQuery is the longest query, in bytes.
	maxQuery = 4096
	// maxTerms bounds the terms of a query and the values of a list.
	maxTerms = 100
)

// Parse reads a search query. All terms hold together; the free words are one
// term with an empty key, the last. An empty query has no terms. The error is
// ErrInvalid and names the part of the query and what to write instead.
func Parse(s string) ([]store.Term, error) {
	if len(s) > maxQuery {
		return nil, invalid("the query is longer than %d bytes", maxQuery)
	}
	if !utf8.ValidString(s) {
		return nil, invalid("the query is not valid UTF-8")
	}
	p := &parser{rest: s}
	for p.skipSpace(); p.rest != ""; p.skipSpace() {
		if err := p.token(); err != nil {
			return nil, err
		}
		if len(p.terms) > maxTerms {
			return nil, invalid("the query has more than %d terms", maxTerms)
		}
	}
	if len(p.words) > 0 {
		p.terms = append(p.terms, store.Term{Values: []string{strings.Join(p.words, " ")}})
	}
	return p.terms, nil
}

// invalid makes an ErrInvalid about the query.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: search: %s", model.ErrInvalid, fmt.Sprintf(format, args...))
}

type parser struct {
	rest  string
	terms []store.Term
	words []string
}

func (p *parser) skipSpace() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// token reads one term or free word.
func (p *parser) token() error {
	if negated, key, rest, ok := cutKey(p.rest); ok {
		word := p.peekWord()
		p.rest = rest
		return p.term(word, key, negated)
	}
	if p.rest[0] == '"' {
		text, err := p.quoted()
		if text != "" {
			p.words = append(p.words, text)
		}
		return err
	}
	word := p.word()
	if err := refuseLogic(word); err != nil {
		return err
	}
	p.words = append(p.words, word)
	return nil
}

// refuseLogic says that issue search has no operators.
func refuseLogic(word string) error {
	switch {
	case word == "AND":
		return invalid("AND is not supported in issue search: leave it out, all terms must hold anyway")
	case word == "OR":
		return invalid("OR is not supported in issue search: list the values of one key as key:[a, b], or search twice")
	case word[0] == '(' && (strings.Contains(word, ":") || !strings.Contains(word, ")")):
		return invalid("%q: parentheses are not supported in issue search: leave them out, or quote them to search for them", word)
	}
	return nil
}

// peekWord returns what stands up to the next space.
func (p *parser) peekWord() string {
	if i := strings.IndexAny(p.rest, " \t\r\n"); i >= 0 {
		return p.rest[:i]
	}
	return p.rest
}

// word takes what stands up to the next space.
func (p *parser) word() string {
	w := p.peekWord()
	p.rest = p.rest[len(w):]
	return w
}

// quoted takes a text in double quotes, in which \" is a quote.
func (p *parser) quoted() (string, error) {
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return b.String(), nil
		case c == '\\' && i+1 < len(p.rest) && p.rest[i+1] == '"':
			b.WriteByte('"')
			i++
		default:
			b.WriteByte(c)
		}
	}
	return "", invalid(`%.40s: the quote is not closed: end it with "`, p.rest)
}

// key is what a term is about.
type key struct {
	name string
	tag  bool // written as tags[name]
}

// cutKey cuts `key:` or `!key:` off s; ok is false when s does not begin with one.
func cutKey(s string) (negated bool, k key, rest string, ok bool) {
	rest, negated = strings.CutPrefix(s, "!")
	k, rest, ok = cutName(rest)
	if !ok || !strings.HasPrefix(rest, ":") || isText(rest) {
		return false, key{}, s, false
	}
	return negated, k, rest[1:], true
}

// isText reports whether the colon belongs to a URL, a C++ or Rust name, or a
// Windows path that somebody searches for.
func isText(rest string) bool {
	return strings.HasPrefix(rest, "://") || strings.HasPrefix(rest, "::") || strings.HasPrefix(rest, `:\`)
}

// cutName cuts a key's name off s: letters, digits and _.-, tags[anything],
// flags["anything"], or a name in quotes.
func cutName(s string) (k key, rest string, ok bool) {
	if inner, ok := strings.CutPrefix(s, "tags["); ok {
		name, rest, closed := strings.Cut(inner, "]")
		name = strings.Trim(name, `"`)
		return key{name, true}, rest, closed && name != "" && !strings.ContainsAny(name, " \t\r\n")
	}
	if inner, ok := strings.CutPrefix(s, "flags["); ok {
		name, rest, closed := strings.Cut(inner, "]")
		name = strings.Trim(name, `"`)
		return key{name: "flags[" + name + "]"}, rest, closed && name != ""
	}
	if inner, ok := strings.CutPrefix(s, `"`); ok {
		n := nameLength(inner)
		return key{name: canonical(inner[:n])}, strings.TrimPrefix(inner[n:], `"`), n > 0 && strings.HasPrefix(inner[n:], `"`)
	}
	n := nameLength(s)
	return key{name: canonical(s[:n])}, s[n:], n > 0
}

func nameLength(s string) int {
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && !('0' <= c && c <= '9') && !(i > 0 && (c == '.' || c == '-')) && c != '_' {
			return i
		}
	}
	return len(s)
}
