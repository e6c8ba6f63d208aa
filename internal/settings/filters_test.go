package settings_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
)

func TestFiltersCheck(t *testing.T) {
	t.Parallel()
	f := func(want string, s settings.Filters) {
		t.Helper()
		err := settings.Settings{Filters: &s}.Check()
		if want == "" {
			if err != nil {
				t.Errorf("%+v: %v", s, err)
			}
			return
		}
		if !errors.Is(err, model.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", s, err, want)
		}
	}
	names := func(list ...string) (s settings.Filters) {
		for _, n := range list {
			s.Expressions = append(s.Expressions, settings.Expression{Name: n, When: "true"})
		}
		return s
	}
	f("", settings.Filters{})
	f("", settings.Filters{Messages: slices.Repeat([]string{"x"}, 200), Crawlers: true})
	f("releases: has 201 patterns", settings.Filters{Releases: slices.Repeat([]string{"x"}, 201)})
	f("", names("noise", "No-1_a.b"))
	f("expressions[1].name: ", names("a", "a"))
	f("expressions[0].name: ", names(""))
	f("expressions[0].name: ", names(`a"b`))
	f("expressions[0].name: ", names(strings.Repeat("n", 41)))
	f("expressions: has 21", names(strings.Split("abcdefghijklmnopqrstu", "")...))
}

func TestFiltersEmpty(t *testing.T) {
	t.Parallel()
	f := func(want bool, s settings.Filters) {
		t.Helper()
		if got := s.Empty(); got != want {
			t.Errorf("%+v: %v", s, got)
		}
	}
	f(true, settings.Filters{})
	f(false, settings.Filters{Messages: []string{"a"}})
	f(false, settings.Filters{Types: []string{"a"}})
	f(false, settings.Filters{Releases: []string{"a"}})
	f(false, settings.Filters{Transactions: []string{"a"}})
	f(false, settings.Filters{Crawlers: true})
	f(false, settings.Filters{Localhost: true})
	f(false, settings.Filters{HealthChecks: true})
	f(false, settings.Filters{Expressions: []settings.Expression{{Name: "a", When: "true"}}})
}
