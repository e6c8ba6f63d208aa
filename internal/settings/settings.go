// Package settings is what an organization, or one of its projects, set at run time:
// where to forward, what to keep, what to ignore, and how to talk with Sentry. A
// section is one file: its type, its default and its check.
package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"relay.one/picket/internal/model"
)

// Settings are the sections that one scope has set. A nil section is that of the
// scope above: a project's comes from its organization, an organization's from the
// server's flags.
type Settings struct {
	Upstream *Upstream `json:"upstream,omitempty"`
	Sampling *Sampling `json:"sampling,omitempty"`
	Filters  *Filters  `json:"filters,omitempty"`
	// Sentry is an organization's only.
	Sentry *Sentry `json:"sentry,omitempty"`
	// Inherit names fields of Fields that are those of the scope above, although their
	// section is set.
	Inherit []string `json:"inherit,omitempty"`
}

// Effective are the settings that hold for one project, every section in place.
// They are shared: nobody changes them.
type Effective struct {
	Upstream Upstream
	Sampling Sampling
	Filters  Filters
	Sentry   Sentry
}

// Defaults are the settings of a server that nobody has told anything: nothing is
// forwarded, sampled out or filtered.
func Defaults() Effective {
	return Effective{Upstream: DefaultUpstream(), Sampling: DefaultSampling()}
}

// Over returns what holds for a scope that has set s, when e is what holds above it.
func (s Settings) Over(e Effective) Effective {
	above := e
	if s.Upstream != nil {
		e.Upstream = *s.Upstream
	}
	if s.Sampling != nil {
		e.Sampling = *s.Sampling
	}
	if s.Filters != nil {
		e.Filters = *s.Filters
	}
	if s.Sentry != nil {
		e.Sentry = *s.Sentry
	}
	for _, f := range fields {
		if slices.Contains(s.Inherit, f.name) {
			f.take(&e, &above)
		}
	}
	return e
}

// Sets reports whether a field of Fields is set by s itself, and not the one above.
func (s Settings) Sets(field string) bool {
	i := slices.IndexFunc(fields, func(f inheritable) bool { return f.name == field })
	return i >= 0 && fields[i].section(&s) && !slices.Contains(s.Inherit, field)
}

// clone returns s with nothing in common with it.
func (s Settings) clone() Settings {
	var c Settings
	raw, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		panic("settings: what was checked cannot be copied: " + err.Error())
	}
	return c
}

// Check returns every setting that is wrong at once, each as a FieldError.
func (s Settings) Check() error {
	var errs []error
	if s.Upstream != nil {
		errs = append(errs, s.Upstream.check()...)
	}
	if s.Sampling != nil {
		errs = append(errs, s.Sampling.check()...)
	}
	if s.Filters != nil {
		errs = append(errs, s.Filters.check()...)
	}
	if s.Sentry != nil {
		errs = append(errs, s.Sentry.check()...)
	}
	for _, name := range s.Inherit {
		if !slices.Contains(Fields(), name) {
			errs = append(errs, wrong("inherit", "%.40q is no field; there are %v", name, Fields()))
		}
	}
	return errors.Join(errs...)
}

// FieldError says which setting is wrong and what it may be. It is model.ErrInvalid.
type FieldError struct {
	// Field is the path of the setting as the API writes it, such as sampling.rules[2].rate.
	Field string
	// Fix says what is wrong and what to write instead.
	Fix string
}

// Error implements error.
func (e *FieldError) Error() string { return e.Field + ": " + e.Fix }

// Unwrap returns model.ErrInvalid.
func (e *FieldError) Unwrap() error { return model.ErrInvalid }

func wrong(field, fix string, args ...any) error {
	return &FieldError{Field: field, Fix: fmt.Sprintf(fix, args...)}
}

// checkRate returns an error unless the rate is from 0 to 1.
func checkRate(field string, rate float64) []error {
	if rate >= 0 && rate <= 1 { // false for NaN
		return nil
	}
	return []error{wrong(field, "%g is no share: want a number from 0 to 1", rate)}
}
