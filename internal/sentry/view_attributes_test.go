package sentry

import "testing"

func TestRawSpanAttributes(t *testing.T) {
	t.Parallel()
	f := func(raw, name, want string) {
		t.Helper()
		if got := string(RawSpan{Raw: []byte(raw)}.Attributes()[name]); got != want {
			t.Errorf("%s of %s = %s, want %s", name, raw, got, want)
		}
	}
	f(`{"attributes":{"n":{"value":3,"type":"integer"}}}`, "n", "3")
	f(`{"attributes":{"n":"bare"}}`, "n", `"bare"`)
	f(`{"attributes":{"n":{"type":"odd"}}}`, "n", `{"type":"odd"}`)
	f(`{"data":{"n":[1]}}`, "n", "[1]")
	f(`{"data":{"n":{"value":1}}}`, "n", `{"value":1}`)
	f(`{"data":7,"attributes":{"n":null}}`, "n", "null")
	f(`{}`, "n", "")
	f(`7`, "n", "")
}
