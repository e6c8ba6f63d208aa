package settings

// Filters say what is neither stored nor forwarded. Texts may hold * for any run
// of characters and do not care for case.
type Filters struct {
	Messages []string `json:"messages,omitempty"` // of errors: type and value, or message
	Types    []string `json:"types,omitempty"`    // exception types
	Releases []string `json:"releases,omitempty"`
	// Transactions by their name, such as those of health checks.
	Transactions []string `json:"transactions,omitempty"`
	Crawlers     bool     `json:"crawlers,omitempty"`     // errors in browsers of web crawlers
	Localhost    bool     `json:"localhost,omitempty"`    // errors from a developer's own machine
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

func (f *Filters) check() []error { return nil }
