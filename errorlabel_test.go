package picket

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"relay.one/picket/wire"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		if got := pattern(text); got != want {
			t.Errorf("pattern of %q = %q, want %q", text, got, want)
		}
	}
	f("no such order", "no such order")
	f("order 81 not found", "order * not found")
	f(`parse "a b c": unexpected end`, "parse * unexpected end")
	f("open 'x': 17 ms", "open * ms")
	f("it's late", "it's late")
	f("don't 'quote me", "don't *")
	f("", "")
}

func TestErrorLabel(t *testing.T) {
	t.Parallel()
	f := func(err error, want string) {
		t.Helper()
		if got := errorLabel(err); got != want {
			t.Errorf("label of %v = %q, want %q", err, got, want)
		}
	}
	f(io.EOF, "io.EOF")
	f(fmt.Errorf("read: %w", io.EOF), "io.EOF")
	f(fmt.Errorf("refund order 81: %w", errors.New("card of user 7 declined")), "card of user * declined")
	f(errors.Join(errors.New("a"), io.EOF), "a")
}

// TestErrorsOfOnePlace captures errors without a type at one line: they are told
// apart by what they say, and not by what varies in it.
func TestErrorsOfOnePlace(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{})
	for _, err := range []error{errors.New("no such order"), errors.New("card declined"), fmt.Errorf("order %d is closed", 81), fmt.Errorf("order %d is closed", 82), io.EOF} {
		CaptureException(ctx, err)
	}
	flush(t, c)
	seen := map[string]int{}
	for _, ev := range m.items(t, wire.ItemEvent) {
		seen[fmt.Sprint(ev["fingerprint"])]++
	}
	want := map[string]int{"[{{ default }} no such order]": 1, "[{{ default }} card declined]": 1, "[{{ default }} order * is closed]": 2, "<nil>": 1}
	if fmt.Sprint(seen) != fmt.Sprint(want) {
		t.Errorf("fingerprints %v, want %v", seen, want)
	}
}
