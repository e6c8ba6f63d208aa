package sqlite

import "testing"

func TestShortID(t *testing.T) {
	t.Parallel()
	f := func(slug string, number int64, want string) {
		t.Helper()
		got := shortID(slug, number)
		if got != want {
			t.Errorf("short id of %s %d = %s, want %s", slug, number, got, want)
		}
		if s, n, ok := parseShortID(got); s != slug || n != number || !ok {
			t.Errorf("parse %s = %s %d %v", got, s, n, ok)
		}
	}
	f("default", 1, "DEFAULT-1")
	f("my-app", 31, "MY-APP-Z")
	f("my-app", 32, "MY-APP-10")
	f("a", 1<<40, "A-100000000")
	for _, bad := range []string{"", "x", "-1", "x-", "x-U", "x-é", "x-00000000000000"} {
		if _, _, ok := parseShortID(bad); ok {
			t.Errorf("parse %q succeeded", bad)
		}
	}
}

func TestPackBlock(t *testing.T) {
	t.Parallel()
	for _, difference := range []int64{-31, -1, 0, 1, 31} {
		at := pointer{day: 20000 + difference, block: 77, offset: 5, length: 9}
		if got := unpackBlock(packBlock(at, 20000), 20000, 5, 9); got != at {
			t.Errorf("packed and unpacked: %+v, want %+v", got, at)
		}
	}
}
