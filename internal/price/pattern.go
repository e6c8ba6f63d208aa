package price

import (
	"fmt"
	"regexp"
	"strings"
)

// pattern matches a provider's or a model's name, in any case.
type pattern struct {
	re *regexp.Regexp
	// parts are the texts between the stars, in lower case; one part is an exact name.
	parts []string
}

// parsePattern compiles a name with `*` for any run of characters, or a regular
// expression after `re:`.
func parsePattern(text string) (pattern, error) {
	if text == "" {
		return pattern{}, fmt.Errorf("empty pattern")
	}
	expr, isRegexp := strings.CutPrefix(text, "re:")
	if !isRegexp {
		return pattern{parts: strings.Split(strings.ToLower(text), "*")}, nil
	}
	re, err := regexp.Compile("(?i)" + expr)
	if err != nil {
		return pattern{}, fmt.Errorf("pattern %q: %w", text, err)
	}
	return pattern{re: re}, nil
}

// match reports whether the lower-case name fits.
func (p pattern) match(name string) bool {
	if p.re != nil {
		return p.re.MatchString(name)
	}
	last := len(p.parts) - 1
	if last == 0 {
		return name == p.parts[0]
	}
	rest, ok := strings.CutPrefix(name, p.parts[0])
	if !ok {
		return false
	}
	for _, part := range p.parts[1:last] {
		if _, rest, ok = strings.Cut(rest, part); !ok {
			return false
		}
	}
	return strings.HasSuffix(rest, p.parts[last])
}

// patterns is a list of which any may match.
type patterns []pattern

func (ps patterns) match(name string) bool {
	for i := range ps {
		if ps[i].match(name) {
			return true
		}
	}
	return false
}

func parsePatterns(texts []string) (patterns, error) {
	ps := make(patterns, len(texts))
	for i, text := range texts {
		var err error
		if ps[i], err = parsePattern(text); err != nil {
			return nil, err
		}
	}
	return ps, nil
}
