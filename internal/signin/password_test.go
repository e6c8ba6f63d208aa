package signin

import (
	"errors"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
)

func TestDigest(t *testing.T) {
	t.Parallel()
	d := newDigest("correct horse", cheap)
	back, err := parseDigest(d.String())
	if err != nil || !back.fits("correct horse") || back.fits("correct horse ") || back.fits("") {
		t.Errorf("%s came back as %+v, %v", d, back, err)
	}
	if other := newDigest("correct horse", cheap); other.String() == d.String() {
		t.Error("two digests of one password are the same")
	}
	// As written by the reference implementation.
	const known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if back, err = parseDigest(known); err != nil || !back.fits("password") {
		t.Errorf("a known digest: %v", err)
	}
	if !strings.HasPrefix(newDigest("x", recommended).String(), "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Error("the cost is not what is documented")
	}
}

func TestBadDigests(t *testing.T) {
	t.Parallel()
	good := newDigest("x", cheap).String()
	f := func(text string) {
		t.Helper()
		if d, err := parseDigest(text); err == nil {
			t.Errorf("%q is taken as %+v", text, d)
		}
	}
	f("")
	f("password")
	f(good[:len(good)-8] + "=")
	f(strings.Replace(good, "argon2id", "argon2i", 1))
	f(strings.Replace(good, "v=19", "v=16", 1))
	f(strings.Replace(good, "m=64", "m=4194304", 1))
	f(strings.Replace(good, "m=64", "m=064", 1))
	f(strings.Replace(good, "t=1", "t=0", 1))
	f(strings.Replace(good, "t=1", "t=4000000", 1))
	f(strings.Replace(good, "p=1", "p=0", 1))
	f(strings.Replace(good, "m=64", "m=7", 1))
	f(good + "$")
}

func FuzzParseDigest(f *testing.F) {
	f.Add(newDigest("x", cheap).String())
	f.Add("$argon2id$v=19$m=1,t=1,p=1$$")
	f.Add("$$$$$")
	f.Fuzz(func(t *testing.T, text string) {
		if d, err := parseDigest(text); err == nil && (d.String() != text || !d.sane()) {
			t.Errorf("%q is read as %s", text, d)
		}
	})
}

func FuzzEmail(f *testing.F) {
	f.Add("ann@example.com")
	f.Add("Ann <ann@example.com>")
	f.Add("\"a b\"@example.com")
	f.Add("a@[127.0.0.1]")
	f.Fuzz(func(t *testing.T, text string) {
		email, err := Email(text)
		if err != nil {
			if !errors.Is(err, model.ErrInvalid) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if again, err := Email(email); err != nil || again != email {
			t.Errorf("%q became %q, and that %q, %v", text, email, again, err)
		}
	})
}
