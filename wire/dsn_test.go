package wire

import (
	"errors"
	"strings"
	"testing"
)

func TestParseDSN(t *testing.T) {
	t.Parallel()
	f := func(s string, want DSN, url string) {
		t.Helper()
		got, err := ParseDSN(s)
		if err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", s, got, err, want)
			return
		}
		if got.EnvelopeURL() != url {
			t.Errorf("%q: envelopes go to %s, want %s", s, got.EnvelopeURL(), url)
		}
		if got.String() != strings.TrimSuffix(strings.TrimSpace(s), "/") {
			t.Errorf("%q is written as %q", s, got)
		}
	}
	f("https://abc@picket.example/1", DSN{"https", "abc", "", "picket.example", "", "1"},
		"https://picket.example/api/1/envelope/")
	f(" http://abc:def@localhost:3001/42/ ", DSN{"http", "abc", "def", "localhost:3001", "", "42"},
		"http://localhost:3001/api/42/envelope/")
	f("https://abc@h/a/b/7", DSN{"https", "abc", "", "h", "/a/b", "7"}, "https://h/a/b/api/7/envelope/")
	f("http://abc@[::1]:80/7", DSN{"http", "abc", "", "[::1]:80", "", "7"}, "http://[::1]:80/api/7/envelope/")
}

func TestParseDSNRefuses(t *testing.T) {
	t.Parallel()
	f := func(s, want string) {
		t.Helper()
		_, err := ParseDSN(s)
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want ErrMalformed with %q", s, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: the error tells the secret: %v", s, err)
		}
	}
	f("", "scheme")
	f("ftp://a@h/1", "scheme")
	f("https://h/1", "public key")
	f("https://a@/1", "no host")
	f("https://a@:80/1", "no host")
	f("https://a@h", "project")
	f("https://a@h/", "project")
	f("https://a@h/name", "project")
	f("https://a@h/0", "project")
	f("https://a@h/-1", "project")
	f("https://a b:hush@h/1", "DSN")
	f("https://a:hush@h:port/1", "not a URL")
}

func FuzzParseDSN(f *testing.F) {
	f.Add("https://abc:def@h:1/a/b/7")
	f.Add("http://abc@[::1]/7/")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseDSN(s)
		if err != nil {
			return
		}
		again, err := ParseDSN(d.String())
		if err != nil || again != d {
			t.Fatalf("%+v is written %q and read %+v, %v", d, d.String(), again, err)
		}
	})
}
