package wire

import (
	"encoding/base64"
	"errors"
	"testing"
)

const testKey = "0123456789abcdef0123456789abcdef"

func TestParseAuth(t *testing.T) {
	t.Parallel()
	f := func(header string, want Auth) {
		t.Helper()
		if got, err := ParseAuth(header); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", header, got, err, want)
		}
	}
	f("Sentry sentry_version=7, sentry_client=sentry.go/0.50.0, sentry_key="+testKey,
		Auth{Key: testKey, Client: "sentry.go/0.50.0", Version: 7})
	f("sentry sentry_key="+testKey, Auth{Key: testKey})
	f("SENTRY   sentry_key="+testKey+",sentry_version=5,sentry_secret=s,sentry_timestamp=1.5",
		Auth{Key: testKey, Secret: "s", Version: 5})
	f("Sentry sentry_version=2.0, sentry_client=raven-ruby/3.1.2, sentry_key="+testKey,
		Auth{Key: testKey, Client: "raven-ruby/3.1.2", Version: 2})
	f("Basic "+base64.StdEncoding.EncodeToString([]byte(testKey+":")), Auth{Key: testKey})
	f("basic "+base64.RawStdEncoding.EncodeToString([]byte(testKey+":s")), Auth{Key: testKey, Secret: "s"})
}

func TestParseAuthRefuses(t *testing.T) {
	t.Parallel()
	f := func(header string) {
		t.Helper()
		if a, err := ParseAuth(header); !errors.Is(err, ErrAuth) {
			t.Errorf("%q: %+v, %v, want ErrAuth", header, a, err)
		}
	}
	f("")
	f("Bearer x")
	f("Sentry")
	f("Sentry sentry_version=7")
	f("Sentry sentry_version=seven, sentry_key=" + testKey)
	f("Sentry sentry_version=-7, sentry_key=" + testKey)
	f("Basic !!!")
	f("Basic " + base64.StdEncoding.EncodeToString([]byte(":secret")))
}

func TestAuthFromQuery(t *testing.T) {
	t.Parallel()
	f := func(query string, want Auth) {
		t.Helper()
		if got, err := AuthFromQuery(query); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", query, got, err, want)
		}
	}
	f("", Auth{})
	f("page=2", Auth{})
	f("sentry_version=7&sentry_key="+testKey+"&sentry_client=sentry.javascript.browser%2F11.0.0",
		Auth{Key: testKey, Client: "sentry.javascript.browser/11.0.0", Version: 7})
	f("sentry_client=a%zz&x=1&sentry_key="+testKey, Auth{Key: testKey, Client: "a%zz"})
	if _, err := AuthFromQuery("sentry_key=&sentry_version=7"); !errors.Is(err, ErrAuth) {
		t.Errorf("empty key: %v", err)
	}
}

func TestValidKey(t *testing.T) {
	t.Parallel()
	f := func(key string, want bool) {
		t.Helper()
		if got := ValidKey(key); got != want {
			t.Errorf("%q: %v", key, got)
		}
	}
	f(testKey, true)
	f(testKey[1:], false)
	f("0123456789ABCDEF0123456789abcdef", false)
	f("", false)
}

func FuzzParseAuth(f *testing.F) {
	f.Add("Sentry sentry_version=7, sentry_client=sentry.go/0.50.0, sentry_key=" + testKey)
	f.Add("Basic " + base64.StdEncoding.EncodeToString([]byte(testKey+":")))
	f.Add("sentry_version=7&sentry_key=" + testKey + "&sentry_client=a%2F1")
	f.Fuzz(func(t *testing.T, s string) {
		if a, err := ParseAuth(s); (err == nil) != (a.Key != "") {
			t.Fatalf("header: %+v, %v", a, err)
		}
		if a, err := AuthFromQuery(s); err == nil && a.Key == "" && a != (Auth{}) {
			t.Fatalf("query without a key gives %+v", a)
		}
	})
}
