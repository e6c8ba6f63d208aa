package filter

import (
	"testing"

	"relay.one/picket/internal/settings"
)

func TestSets(t *testing.T) {
	t.Parallel()
	b := settings.NewBook(settings.Defaults())
	s := NewSets(b, nil)
	put := func(project int64, f *settings.Filters) {
		b.Put(1, 0, settings.Settings{})
		if project != 0 {
			b.Put(1, 2, settings.Settings{Filters: f})
		} else {
			b.Put(1, 0, settings.Settings{Filters: f})
		}
	}
	x := subject(t, "event", anError)
	put(0, &settings.Filters{Types: []string{"tool*"}, Expressions: []settings.Expression{{Name: "bad", When: "nothing"}}})
	first := s.Of(b.Of(1, 2))
	if first.Why(x) != ByMessage {
		t.Error("what is set does not hold")
	}
	if s.Of(b.Of(1, 2)) != first || s.Of(b.Of(1, 3)) != first {
		t.Error("what projects share is compiled for each")
	}
	b.Put(2, 0, settings.Settings{})
	if s.Of(b.Of(1, 2)) != first {
		t.Error("what stayed is compiled again")
	}
	put(2, &settings.Filters{Types: []string{"key*"}})
	if got := s.Of(b.Of(1, 2)); got == first || got.Why(x) != ByMessage {
		t.Error("what was changed does not hold")
	}
	if s.Of(b.Of(1, 3)).Why(x) != "" {
		t.Error("what was taken back still holds")
	}
}
