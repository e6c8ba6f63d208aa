package api

import (
	"errors"
	"testing"

	"relay.one/picket/internal/model"
)

func FuzzCursor(f *testing.F) {
	f.Add(int64(12), "agent ~ 7", "")
	f.Add(int64(-1), "", "fn5h")
	f.Fuzz(func(t *testing.T, weight int64, name, text string) {
		back, same, err := openCursor(closeCursor(weight, name))
		if back != weight || same != name || err != nil {
			t.Errorf("%d %q came back as %d %q, %v", weight, name, back, same, err)
		}
		if _, _, err := openCursor(text); err != nil && !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	})
}

func FuzzPlace(f *testing.F) {
	f.Add(int64(12), uint16(3), uint16(4), "fn5h")
	f.Fuzz(func(t *testing.T, micros int64, steps, into uint16, text string) {
		want := placeIn{micros, int(steps), int(into)}
		if got, err := openPlace(*want.close()); got != want || err != nil {
			t.Errorf("%v came back as %v, %v", want, got, err)
		}
		if _, err := openPlace(text); err != nil && !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
