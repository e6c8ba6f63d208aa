package settings

import "fmt"

// Filters say what is neither stored nor forwarded. Texts are patterns of the whole text, in
// which * stands for any run of characters, and no letter's case matters; package filter has
// the rest of what they can say.
type Filters struct {
	Messages []string `json:"messages,omitempty"` // of errors: "type: value", or message
	Types    []string `json:"types,omitempty"`    // exception types
	Releases []string `json:"releases,omitempty"`
	// Transactions by their name, such as those of health checks.
	Transactions []string `json:"transactions,omitempty"`
	Crawlers     bool     `json:"crawlers,omitempty"`     // events from web crawlers
	Localhost    bool     `json:"localhost,omitempty"`    // events from a developer's own machine
	HealthChecks bool     `json:"healthChecks,omitempty"` // transactions named as health checks usually are
	// Expressions in CEL; an event that one of them holds for is ignored.
	Expressions []Expression `json:"expressions,omitempty"`
}

// Expression is a named condition in CEL.
type Expression struct {
	Name string `json:"name"`
	When string `json:"when"`
	Off  bool   `json:"off,omitempty"` // kept but not asked
}

// Empty reports whether nothing is filtered.
func (f *Filters) Empty() bool {
	return !f.Crawlers && !f.Localhost && !f.HealthChecks &&
		len(f.Messages)+len(f.Types)+len(f.Releases)+len(f.Transactions)+len(f.Expressions) == 0
}

const (
	// mostPatterns and mostExpressions bound what is asked of every event.
	mostPatterns    = 200
	mostExpressions = 20
	longestName     = 40
)

// check leaves to package filter what patterns and expressions say.
func (f *Filters) check() (errs []error) {
	for _, l := range [...]struct {
		field string
		list  []string
	}{{"messages", f.Messages}, {"types", f.Types}, {"releases", f.Releases}, {"transactions", f.Transactions}} {
		if n := len(l.list); n > mostPatterns {
			errs = append(errs, wrong(l.field, "has %d patterns, at most %d are taken", n, mostPatterns))
		}
	}
	if n := len(f.Expressions); n > mostExpressions {
		errs = append(errs, wrong("expressions", "has %d expressions, at most %d are taken", n, mostExpressions))
	}
	seen := map[string]bool{}
	for i, x := range f.Expressions {
		field := fmt.Sprintf("expressions[%d].name", i)
		switch {
		case !isPlainName(x.Name):
			errs = append(errs, wrong(field, "%.60q: want 1 to %d letters, digits, dots, dashes or underscores: discards are counted by it", x.Name, longestName))
		case seen[x.Name]:
			errs = append(errs, wrong(field, "%q is the name of another one: discards are counted by it", x.Name))
		}
		seen[x.Name] = true
	}
	return errs
}

// isPlainName reports whether a name can stand in counters and labels as it is.
func isPlainName(s string) bool {
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '.', c == '-', c == '_':
		default:
			return false
		}
	}
	return s != "" && len(s) <= longestName
}
