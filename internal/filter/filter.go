// Package filter says what nobody wants: which events are neither stored nor forwarded, by
// the inbound filters that were set. It reads what was decoded and changes nothing.
package filter

import (
	"errors"
	"fmt"

	"relay.one/picket/internal/settings"
)

// The reasons, which are Sentry's outcomes of filtered events. Expressions have their name
// behind ByExpression.
const (
	ByMessage     = "error-message"
	ByRelease     = "release-version"
	ByCrawler     = "web-crawlers"
	ByLocalhost   = "localhost"
	ByTransaction = "filtered-transaction"
	ByExpression  = "expression:"
)

// Set are filters, ready to be asked. It is safe for concurrent use.
type Set struct {
	messages, types, releases, transactions globs
	crawlers, localhost, health             bool
	expressions                             []*expression
	failed                                  func(expression string)
}

// Compile makes filters ready. What is wrong with them is told at once, each a FieldError
// of settings; the set then holds the others.
func Compile(f *settings.Filters) (*Set, error) {
	s := &Set{crawlers: f.Crawlers, localhost: f.Localhost, health: f.HealthChecks}
	var errs []error
	for _, l := range [...]struct {
		field string
		list  []string
		to    *globs
	}{{"messages", f.Messages, &s.messages}, {"types", f.Types, &s.types}, {"releases", f.Releases, &s.releases}, {"transactions", f.Transactions, &s.transactions}} {
		for i, pattern := range l.list {
			g, err := NewGlob(pattern)
			if err != nil {
				errs = append(errs, wrong(err, "%s[%d]", l.field, i))
				continue
			}
			*l.to = append(*l.to, g)
		}
	}
	for i, x := range f.Expressions {
		e, err := newExpression(x)
		if err != nil {
			errs = append(errs, wrong(err, "expressions[%d].when", i))
		} else if !x.Off {
			s.expressions = append(s.expressions, e)
		}
	}
	return s, errors.Join(errs...)
}

func wrong(err error, field string, args ...any) error {
	return &settings.FieldError{Field: fmt.Sprintf(field, args...), Fix: err.Error()}
}

// Why returns the reason for which something is filtered; empty when it is not. What an
// expression fails on is not filtered by it.
func (s *Set) Why(x *Subject) string {
	switch {
	case len(s.releases) > 0 && x.release() != "" && s.releases.match(x.lowerRelease()):
		return ByRelease
	case s.crawlers && isCrawler(x.userAgent()):
		return ByCrawler
	case s.localhost && x.isLocal():
		return ByLocalhost
	case (len(s.messages) > 0 || len(s.types) > 0) && s.isMessage(x):
		return ByMessage
	case (len(s.transactions) > 0 || s.health) && s.isTransaction(x):
		return ByTransaction
	}
	for _, e := range s.expressions {
		hit, err := e.holds(x)
		if err != nil && s.failed != nil {
			s.failed(e.name)
		}
		if hit {
			return e.reason
		}
	}
	return ""
}

func (s *Set) isMessage(x *Subject) bool {
	if !x.isError() {
		return false
	}
	if len(s.messages) > 0 {
		for _, text := range x.lowerMessages() {
			if s.messages.match(text) {
				return true
			}
		}
	}
	if len(s.types) > 0 {
		for _, name := range x.lowerTypes() {
			if s.types.match(name) {
				return true
			}
		}
	}
	return false
}

// isTransaction looks at the name of a transaction. What agents do is no health check,
// whatever it is called.
func (s *Set) isTransaction(x *Subject) bool {
	if !x.isTransaction() {
		return false
	}
	return len(s.transactions) > 0 && s.transactions.match(x.lowerTransaction()) ||
		s.health && isHealthCheck(x.transaction()) && !x.isAgents()
}

// Failure says how often an expression could not be worked out, and why the last time.
type Failure struct {
	Name  string
	Count int64
	Last  string
}

// Failures returns the expressions that failed on something since they were compiled.
func (s *Set) Failures() (list []Failure) {
	for _, e := range s.expressions {
		if n := e.failures.Load(); n > 0 {
			list = append(list, Failure{e.name, n, *e.last.Load()})
		}
	}
	return list
}

// Last returns what an expression failed on when it was asked last, by expression, and the
// most that one of them cost; for trials, in which nobody else asks.
func (s *Set) Last() (failed []string, cost uint64) {
	for _, e := range s.expressions {
		if text := e.told.Swap(nil); text != nil {
			failed = append(failed, e.name+": "+*text)
		}
		cost = max(cost, e.cost.Load())
	}
	return failed, cost
}
