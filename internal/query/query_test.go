package query

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

func TestParse(t *testing.T) {
	t.Parallel()
	f := func(s string, want ...store.Term) {
		t.Helper()
		got, err := Parse(s)
		if err != nil {
			t.Errorf("%s: %v", s, err)
			return
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", s, got, want)
		}
	}
	is := func(key string, values ...string) store.Term { return store.Term{Key: key, Values: values} }
	not := func(t store.Term) store.Term { t.Negated = true; return t }
	op := func(key string, o store.Op, value string) store.Term {
		return store.Term{Key: key, Op: o, Values: []string{value}}
	}
	tag := func(t store.Term) store.Term { t.Tag = true; return t }
	has := func(key string) store.Term { return store.Term{Key: key, Op: store.Has} }

	f("")
	f("  \t ")
	f("is:unresolved", is("is", "unresolved"))
	f("is:ignored is:muted", is("is", "archived"), is("is", "archived"))
	f("!is:resolved level:error", not(is("is", "resolved")), is("level", "error"))
	f(`title:"two words" x`, is("title", "two words"), is("", "x"))
	f(`title:"say \"hi\""`, is("title", `say "hi"`))
	f(`title:foo\*bar*`, is("title", `foo\*bar*`))
	f(`culprit:main.(*T).Run`, is("culprit", "main.(*T).Run"))

	// Free words are one term, whatever stands between them.
	f("connection level:error refused", is("level", "error"), is("", "connection refused"))
	f(`"connection refused" by`, is("", "connection refused by"))
	f("this and that or foo()", is("", "this and that or foo()"))
	f("https://example.com/x std::vector C:\\temp !bang (anonymous)", is("", "https://example.com/x std::vector C:\\temp !bang (anonymous)"))
	f("häßlich", is("", "häßlich"))

	f("level:[error, fatal]", is("level", "error", "fatal"))
	f(`!release:["a b",c@1,  d ]`, not(is("release", "a b", "c@1", "d")))
	f("timesSeen:[1, 2k]", is("timesSeen", "1", "2000"))
	f(`title:[a\*b]`, is("title", `a\*b`))

	f("timesSeen:>5", op("timesSeen", store.Greater, "5"))
	f("timesSeen:>=1k times_seen:<2m", op("timesSeen", store.GreaterEqual, "1000"), op("timesSeen", store.Less, "2000000"))
	f("userCount:<=3.5", op("userCount", store.LessEqual, "3.5"))
	f("release.version:>=1.2 release:latest", op("release.version", store.GreaterEqual, "1.2"), is("release", "latest"))
	f("shard:>7 shard:>b", op("shard", store.Greater, "7"), is("shard", ">b"))
	f("title:<unknown> error.value:>5", is("title", "<unknown>"), is("error.value", ">5"))
	f("http.status_code:>=500 http.status_code:5*", op("http.status_code", store.GreaterEqual, "500"), is("http.status_code", "5*"))

	f("age:-24h firstSeen:+7d first_seen:-1w", is("firstSeen", "-24h"), is("firstSeen", "+7d"), is("firstSeen", "-1w"))
	f("lastSeen:>2026-08-01T10:00:00Z", op("lastSeen", store.Greater, "2026-08-01T10:00:00Z"))
	f("timestamp:2026-08-01", is("event.timestamp", "2026-08-01"))

	f("has:user.email !has:release", has("user.email"), not(has("release")))
	f("has:tags[level] has:age", tag(has("level")), has("firstSeen"))
	f(`user.email:"" !user.email:""`, not(has("user.email")), has("user.email"))
	f("tags[level]:x !tags[a:b]:[1, 2]", tag(is("level", "x")), not(tag(is("a:b", "1", "2"))))
	f("tags[age]:old", tag(is("age", "old")))
	f(`"odd-key":v flags["beta"]:true`, is("odd-key", "v"), is("flags[beta]", "true"))
	f("error.handled:yes error.unhandled:1", is("error.handled", "true"), is("error.handled", "false"))
	f("assigned_to:me first-release:1.0", is("assigned", "me"), is("firstRelease", "1.0"))
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	f := func(s string, want ...string) {
		t.Helper()
		terms, err := Parse(s)
		if !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%s: %+v, error %v, want ErrInvalid", s, terms, err)
			return
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: error %q does not say %q", s, err, w)
			}
		}
	}
	f("a OR b", "OR is not supported", "key:[a, b]")
	f("is:unresolved AND level:error", "AND is not supported", "leave it out")
	f("(level:error)", "parentheses are not supported", "(level:error)")
	f("( a )", "parentheses")
	f("level:", `"level:"`, "no value", "has:level")
	f("level: error", `"level:"`)
	f("is:open", `"is:open"`, "archived", "unresolved")
	f("is:[new, ongoing]", `is:[new,`, "no list")
	f(`title:"open`, "not closed")
	f(`"open`, "not closed")
	f("level:[error", "not closed")
	f("level:[]", "empty value")
	f("level:[a,,b]", "empty value")
	f(`level:["a" b]`, "commas")
	f(`level:["a"`, "commas")
	f("title:[a*]", "no wildcards")
	f("timesSeen:many", `"timesSeen:many"`, "takes a number", "timesSeen:>100")
	f("timesSeen:>", "no value")
	f("timesSeen:1.5k", "takes a number")
	f("age:yesterday", "age:yesterday", "-24h")
	f("age:24h", "-24h for newer")
	f("age:>-24h", "an age")
	f("firstSeen:[-24h]", "no list")
	f("error.handled:maybe", "true or false")
	f("has:", "one key")
	f("has:a:b", "one key")
	f("has:[a, b]", "one key")
	f(strings.Repeat("a ", maxQuery), "longer")
	f(strings.Repeat("a:b ", maxTerms+1), "more than")
	f("a:["+strings.Repeat("b,", maxTerms+1)+"c]", "at most")
	f("\xff", "UTF-8")
}

func TestPeriod(t *testing.T) {
	t.Parallel()
	f := func(s string, want time.Duration) {
		t.Helper()
		got, err := Period(s)
		if want == 0 && !errors.Is(err, model.ErrInvalid) || want != 0 && err != nil || got != want {
			t.Errorf("%q = %v, %v; want %v", s, got, err, want)
		}
	}
	f("30s", 30*time.Second)
	f("15m", 15*time.Minute)
	f("24h", 24*time.Hour)
	f("14d", 14*24*time.Hour)
	f("2w", 14*24*time.Hour)
	f("3653d", longest)
	for _, s := range [...]string{"", "d", "14", "14y", "-14d", "+14d", "0d", "1.5h", "3654d", "99999999999999999999d", "1 d"} {
		f(s, 0)
	}
}

func TestParseAge(t *testing.T) {
	t.Parallel()
	f := func(s string, want time.Duration) {
		t.Helper()
		got, err := ParseAge(s)
		if want == 0 && !errors.Is(err, model.ErrInvalid) || want != 0 && err != nil || got != want {
			t.Errorf("%q = %v, %v; want %v", s, got, err, want)
		}
	}
	f("-24h", -24*time.Hour)
	f("+7d", 7*24*time.Hour)
	f("24h", 0)
	f("--24h", 0)
	f("-", 0)
	f("", 0)
}

func TestBounds(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 8, 10, 12, 0, 0, 0, time.UTC)
	f := func(s, from, to string) {
		t.Helper()
		terms, err := Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		gotFrom, gotTo, err := Bounds(terms[0], now)
		if err != nil {
			t.Fatal(err)
		}
		text := func(t time.Time) string {
			if t.IsZero() {
				return ""
			}
			return t.Format(time.RFC3339Nano)
		}
		if text(gotFrom) != from || text(gotTo) != to {
			t.Errorf("%s: from %q to %q, want %q to %q", s, text(gotFrom), text(gotTo), from, to)
		}
	}
	f("age:-24h", "2026-08-09T12:00:00Z", "")
	f("age:+7d", "", "2026-08-03T12:00:00Z")
	f("lastSeen:2026-08-01", "2026-08-01T00:00:00Z", "2026-08-02T00:00:00Z")
	f("lastSeen:2026-08-01T10:30", "2026-08-01T10:30:00Z", "2026-08-01T10:31:00Z")
	f("lastSeen:2026-08-01T10:30+02:00", "2026-08-01T08:30:00Z", "2026-08-01T08:31:00Z")
	f("lastSeen:>2026-08-01", "2026-08-01T00:00:00.000001Z", "")
	f("lastSeen:>=2026-08-01", "2026-08-01T00:00:00Z", "")
	f("lastSeen:<2026-08-01T10:00:05", "", "2026-08-01T10:00:05Z")
	f("lastSeen:<=2026-08-01T10:00:05.5Z", "", "2026-08-01T10:00:05.500001Z")
}

func TestParts(t *testing.T) {
	t.Parallel()
	f := func(value string, want ...string) {
		t.Helper()
		if got := Parts(value); !reflect.DeepEqual(got, want) {
			t.Errorf("%q = %q, want %q", value, got, want)
		}
	}
	f("", "")
	f("plain", "plain")
	f("foo*", "foo", "")
	f("*foo*bar", "", "foo", "bar")
	f(`a\*b`, "a*b")
	f(`a\*b*c`, "a*b", "c")
	f(`C:\dir\*`, `C:\dir*`)
	f("*", "", "")
}

func FuzzParse(f *testing.F) {
	for _, s := range [...]string{
		`is:unresolved !level:[error, "a b"] title:"x \" y" foo\*`, "age:-24h lastSeen:>2026-08-01", "tags[a]:>=5k flags[\"x\"]:1",
		"a OR (b:c)", `has:tags[x] "k":v`, "error.unhandled:0", "timesSeen:>1k",
	} {
		f.Add(s)
	}
	now := time.Date(2026, 8, 10, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		terms, err := Parse(s)
		if err != nil {
			if !errors.Is(err, model.ErrInvalid) || terms != nil {
				t.Fatalf("%q: %v, %+v", s, err, terms)
			}
			return
		}
		for _, term := range terms {
			if (term.Op == store.Has) != (len(term.Values) == 0) {
				t.Fatalf("%q: term %+v", s, term)
			}
			if !term.Tag && classes[term.Key] == date && term.Op != store.Has {
				if _, _, err := Bounds(term, now); err != nil {
					t.Fatalf("%q: %v", s, err)
				}
			}
			for _, v := range term.Values {
				Parts(v)
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(`is:unresolved level:[error, fatal] age:-24h release:"api@1.2" connection refused`); err != nil {
			b.Fatal(err)
		}
	}
}
