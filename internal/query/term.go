package query

import (
	"slices"
	"strings"

	"relay.one/picket/internal/store"
)

// term reads the value behind a key; word is how the term begins, for errors.
func (p *parser) term(word string, k key, negated bool) error {
	c := k.class()
	if c == present {
		return p.has(word, negated)
	}
	t := store.Term{Key: k.name, Negated: negated, Tag: k.tag}
	var quoted bool
	var err error
	switch {
	case strings.HasPrefix(p.rest, "["):
		t.Values, err = p.list(word, c)
	default:
		t.Op = p.operator(c)
		var value string
		if value, quoted, err = p.value(word, k); err == nil {
			t.Values = []string{value}
		}
	}
	if err != nil {
		return err
	}
	if quoted && t.Values[0] == "" && t.Op == store.Equal {
		// An empty value is how Sentry writes that the key is not there.
		p.terms = append(p.terms, store.Term{Key: t.Key, Op: store.Has, Negated: !negated, Tag: t.Tag})
		return nil
	}
	if err := settle(&t, c, word); err != nil {
		return err
	}
	p.terms = append(p.terms, t)
	return nil
}

// has reads the key whose presence is asked for.
func (p *parser) has(word string, negated bool) error {
	k, rest, ok := cutName(p.rest)
	if !ok || rest != "" && !strings.ContainsAny(rest[:1], " \t\r\n") {
		return invalid("%q: has: takes one key, as in has:user.email or has:tags[region]", word)
	}
	p.rest = rest
	p.terms = append(p.terms, store.Term{Key: k.name, Op: store.Has, Negated: negated, Tag: k.tag})
	return nil
}

// operators in the order in which they are tried.
var operators = [...]struct {
	sign string
	op   store.Op
}{{">=", store.GreaterEqual}, {"<=", store.LessEqual}, {">", store.Greater}, {"<", store.Less}}

// operator takes a comparison where the key can have one. Elsewhere the sign is
// part of the value: title:<unknown>.
func (p *parser) operator(c class) store.Op {
	for _, o := range operators {
		rest, ok := strings.CutPrefix(p.rest, o.sign)
		if !ok {
			continue
		}
		value := (&parser{rest: rest}).peekWord()
		if c == number || c == date || c == version || c == tagged && comparable(value) {
			p.rest = rest
			return o.op
		}
		break
	}
	return store.Equal
}

// comparable reports whether a tag's value can be compared by size.
func comparable(value string) bool {
	_, isNumber := plainNumber(value)
	return isNumber || parseTime(value) != nil
}

// value takes a word or a quoted text.
func (p *parser) value(word string, k key) (value string, quoted bool, err error) {
	if strings.HasPrefix(p.rest, `"`) {
		value, err = p.quoted()
		return value, true, err
	}
	value = p.word()
	if value == "" {
		return "", false, invalid(`%q has no value: write %s:value, has:%s, or quote it to search for the text`, word, k.name, k.name)
	}
	return value, false, nil
}

// list takes [a, "b c"].
func (p *parser) list(word string, c class) ([]string, error) {
	if c == status || c == date || c == truth {
		return nil, invalid("%q: this key takes no list: write one value", word)
	}
	p.rest = p.rest[1:]
	var values []string
	for {
		p.skipSpace()
		value, err := p.item(word)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
		if len(values) > maxTerms {
			return nil, invalid("%q: a list has at most %d values", word, maxTerms)
		}
		end := p.rest[0]
		p.rest = p.rest[1:]
		if end == ']' {
			return values, nil
		}
	}
}

// item takes one value of a list and leaves the comma or bracket behind it.
func (p *parser) item(word string) (string, error) {
	var value string
	if strings.HasPrefix(p.rest, `"`) {
		var err error
		if value, err = p.quoted(); err != nil {
			return "", err
		}
		p.skipSpace()
		if p.rest == "" || p.rest[0] != ',' && p.rest[0] != ']' {
			return "", invalid("%q: values of a list are parted by commas and end with ]", word)
		}
	} else {
		end := strings.IndexAny(p.rest, ",]")
		if end < 0 {
			return "", invalid("%q: the list is not closed: end it with ], or quote the value", word)
		}
		value = strings.TrimSpace(p.rest[:end])
		p.rest = p.rest[end:]
	}
	if value == "" {
		return "", invalid("%q: the list has an empty value", word)
	}
	if len(Parts(value)) > 1 {
		return "", invalid(`%q: lists take no wildcards: write \* for a star, or one term`, word)
	}
	return value, nil
}

// settle checks the values against their class and gives them one spelling.
func settle(t *store.Term, c class, word string) error {
	for i, v := range t.Values {
		var ok bool
		switch c {
		case status:
			if t.Values[i], ok = statuses[v]; !ok {
				return invalid("%q: is: takes %s", word, strings.Join(statusNames(), ", "))
			}
		case number:
			if t.Values[i], ok = plainNumber(v); !ok {
				return invalid("%q: %s takes a number, as in %s:>100", word, t.Key, t.Key)
			}
		case truth:
			if t.Values[i], ok = truths[strings.ToLower(v)]; !ok {
				return invalid("%q: %s takes true or false", word, t.Key)
			}
			if t.Key == "error.unhandled" {
				t.Key, t.Values[i] = "error.handled", opposite[t.Values[i]]
			}
		case date:
			if _, err := ParseAge(v); (err != nil || t.Op != store.Equal) && parseTime(v) == nil {
				return invalid("%q: %s takes an age (-24h for newer, +7d for older) or a time (>2026-08-01, <2026-08-01T12:00:00Z)", word, t.Key)
			}
		case tagged:
			if n, isNumber := plainNumber(v); isNumber && t.Op != store.Equal {
				t.Values[i] = n
			}
		}
	}
	return nil
}

var truths = map[string]string{"true": "true", "1": "true", "yes": "true", "false": "false", "0": "false", "no": "false"}

var opposite = map[string]string{"true": "false", "false": "true"}

func statusNames() []string {
	names := make([]string, 0, len(statuses))
	for n := range statuses {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// plainNumber reads a number as Sentry writes it, with k, m or b for thousands,
// millions and billions, and returns it in plain decimals.
func plainNumber(s string) (string, bool) {
	digits, zeros := s, ""
	switch {
	case strings.HasSuffix(s, "k"):
		digits, zeros = s[:len(s)-1], "000"
	case strings.HasSuffix(s, "m"):
		digits, zeros = s[:len(s)-1], "000000"
	case strings.HasSuffix(s, "b"):
		digits, zeros = s[:len(s)-1], "000000000"
	}
	whole, fraction, point := strings.Cut(strings.TrimPrefix(digits, "-"), ".")
	if !isDigits(whole) || point && !isDigits(fraction) || point && zeros != "" || len(digits) > 15 {
		return "", false
	}
	return digits + zeros, true
}

func isDigits(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
