package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// maxDepth bounds how deep a header may nest; what clients send has three levels.
const maxDepth = 32

// scanner walks the JSON of headers, in place. It is strict about structure and
// leaves the rare escapes to encoding/json, which is too slow for every header.
type scanner struct {
	b []byte
	i int
}

func (s *scanner) done() bool { return s.i >= len(s.b) }

// peek returns the next byte, or zero at the end.
func (s *scanner) peek() byte {
	if s.done() {
		return 0
	}
	return s.b[s.i]
}

// space skips white space, line feeds included.
func (s *scanner) space() {
	for !s.done() && (isBlank(s.b[s.i]) || s.b[s.i] == '\n') {
		s.i++
	}
}

// want takes that byte after white space.
func (s *scanner) want(c byte) error {
	s.space()
	if s.peek() != c {
		return s.unexpected(string(c))
	}
	s.i++
	return nil
}

func (s *scanner) unexpected(want string) error {
	if s.done() {
		return fmt.Errorf("byte %d: want %s, found the end", s.i, want)
	}
	return fmt.Errorf("byte %d: want %s, found %q", s.i, want, s.b[s.i])
}

// object reads an object and calls field at each value. Field takes the value or
// returns false to have it skipped.
func (s *scanner) object(field func(key []byte) (bool, error)) error {
	return s.objectAt(0, field)
}

func (s *scanner) objectAt(depth int, field func(key []byte) (bool, error)) error {
	if err := s.want('{'); err != nil {
		return err
	}
	if s.space(); s.peek() == '}' {
		s.i++
		return nil
	}
	for {
		if err := s.member(depth, field); err != nil {
			return err
		}
		s.space()
		switch s.peek() {
		case ',':
			s.i++
		case '}':
			s.i++
			return nil
		default:
			return s.unexpected("a comma or }")
		}
	}
}

func (s *scanner) member(depth int, field func(key []byte) (bool, error)) error {
	s.space()
	raw, err := s.str()
	if err != nil {
		return err
	}
	if err := s.want(':'); err != nil {
		return err
	}
	s.space()
	taken, err := false, error(nil)
	if field != nil {
		taken, err = field(key(raw))
	}
	if !taken && err == nil {
		_, err = s.value(depth)
	}
	return err
}

// value reads any value and returns its bytes.
func (s *scanner) value(depth int) ([]byte, error) {
	if depth >= maxDepth {
		return nil, fmt.Errorf("byte %d: nested deeper than %d", s.i, maxDepth)
	}
	start := s.i
	var err error
	switch c := s.peek(); {
	case c == '"':
		return s.str()
	case c == '{':
		err = s.objectAt(depth+1, nil)
	case c == '[':
		err = s.array(depth + 1)
	case c == '-' || c >= '0' && c <= '9':
		err = s.number()
	default:
		err = s.literal()
	}
	return s.b[start:s.i], err
}

func (s *scanner) array(depth int) error {
	s.i++
	if s.space(); s.peek() == ']' {
		s.i++
		return nil
	}
	for {
		s.space()
		if _, err := s.value(depth); err != nil {
			return err
		}
		s.space()
		switch s.peek() {
		case ',':
			s.i++
		case ']':
			s.i++
			return nil
		default:
			return s.unexpected("a comma or ]")
		}
	}
}

// str reads a string and returns it with its quotes.
func (s *scanner) str() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.unexpected("a string")
	}
	start := s.i
	escaped := false
	for s.i++; !s.done(); s.i++ {
		switch c := s.b[s.i]; {
		case c < ' ':
			return nil, fmt.Errorf("byte %d: control character %#x in a string", s.i, c)
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '"':
			s.i++
			return s.b[start:s.i], nil
		}
	}
	return nil, fmt.Errorf("byte %d: the string has no end", start)
}

func (s *scanner) number() error {
	start := s.i
	for !s.done() && strings.IndexByte("+-.0123456789eE", s.b[s.i]) >= 0 {
		s.i++
	}
	if !json.Valid(s.b[start:s.i]) {
		return fmt.Errorf("byte %d: %.40q is no number", start, s.b[start:s.i])
	}
	return nil
}

func (s *scanner) literal() error {
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(s.b[s.i:], []byte(word)) {
			s.i += len(word)
			return nil
		}
	}
	return s.unexpected("a value")
}

// into reads any value: strings, numbers and booleans become text, the rest nothing.
func (s *scanner) into(dst *string) error {
	raw, err := s.value(0)
	if err != nil {
		return err
	}
	switch raw[0] {
	case '"':
		*dst = unquote(raw)
	case '{', '[', 'n':
		*dst = ""
	default:
		*dst = string(raw)
	}
	return nil
}

// unquote decodes a JSON string with its quotes; one that cannot be decoded is nothing.
func unquote(raw []byte) string {
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}

// key returns the name that a quoted key spells.
func key(raw []byte) []byte {
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1]
	}
	return []byte(unquote(raw))
}
