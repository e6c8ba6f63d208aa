package seal_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"relay.one/picket/internal/seal"
)

func TestBox(t *testing.T) {
	t.Parallel()
	old, key := seal.NewKey(), seal.NewKey()
	b := seal.New(key, old)
	f := func(sealed []byte, about string, want error) {
		t.Helper()
		got, err := b.Open(sealed, []byte(about))
		if !errors.Is(err, want) || err == nil && string(got) != "value" {
			t.Errorf("Open(%x, %s) = %q, %v, want %v", sealed, about, got, err, want)
		}
	}
	value := b.Seal([]byte("value"), []byte("here"))
	if bytes.Contains(value, []byte("value")) {
		t.Fatalf("%q holds what was sealed", value)
	}
	if bytes.Equal(value, b.Seal([]byte("value"), []byte("here"))) {
		t.Error("sealed twice alike: the nonce is used again")
	}
	f(value, "here", nil)
	f(value, "there", seal.ErrDamaged)
	f(seal.New(old).Seal([]byte("value"), []byte("here")), "here", nil)
	f(seal.New(seal.NewKey()).Seal([]byte("value"), []byte("here")), "here", seal.ErrOtherKey)
	f(nil, "here", seal.ErrDamaged)
	f(value[:len(value)-1], "here", seal.ErrDamaged)
	for i := range value {
		bad := bytes.Clone(value)
		bad[i] ^= 1
		if _, err := b.Open(bad, []byte("here")); err == nil {
			t.Errorf("byte %d can be changed", i)
		}
	}
}

func TestKeysDoNotPrint(t *testing.T) {
	t.Parallel()
	k := seal.NewKey()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		text := fmt.Sprintf(verb, k)
		if strings.Contains(text, hex.EncodeToString(k[:8])) || strings.Contains(text, k.Text()[:12]) {
			t.Errorf("%s prints the key: %s", verb, text)
		}
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	want := seal.NewKey()
	f := func(text, problem string) {
		t.Helper()
		got, err := seal.ParseKey(text)
		switch {
		case problem == "" && (err != nil || got != want):
			t.Errorf("ParseKey(%q): %v", text, err)
		case problem != "" && (err == nil || !strings.Contains(err.Error(), problem)):
			t.Errorf("ParseKey(%q): %v, want %q", text, err, problem)
		}
	}
	f(want.Text(), "")
	f(" "+strings.TrimRight(want.Text(), "=")+"\n", "")
	f(hex.EncodeToString(want[:]), "")
	f(strings.ToUpper(hex.EncodeToString(want[:])), "")
	f("", "0 bytes")
	f(want.Text()[:40], "30 bytes")
	f("not a key!", "neither base64")
}

func TestFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, seal.FileName)
	if _, err := seal.ReadFile(name); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("no file: %v", err)
	}
	made, err := seal.MakeFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if got, err := seal.ReadFile(name); err != nil || got != made {
		t.Errorf("read another key than was made: %v", err)
	}
	if _, err := seal.MakeFile(name); !errors.Is(err, fs.ErrExist) {
		t.Errorf("made a second time: %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	f := func(mode os.FileMode, text, problem string) {
		t.Helper()
		if err := errors.Join(os.WriteFile(name, []byte(text), 0o600), os.Chmod(name, mode)); err != nil {
			t.Fatal(err)
		}
		_, err := seal.ReadFile(name)
		if err == nil || !strings.Contains(err.Error(), problem) || strings.Contains(err.Error(), made.Text()) {
			t.Errorf("mode %o, %d bytes: %v, want %q", mode, len(text), err, problem)
		}
	}
	f(0o640, made.Text(), "chmod 600")
	f(0o604, made.Text(), "chmod 600")
	f(0o600, made.Text()[:20], "restore the file from a backup")
	f(0o600, strings.Repeat("A", 2000), "no key file")
}

func FuzzOpen(f *testing.F) {
	b := seal.New(seal.Key{1})
	f.Add(b.Seal([]byte("value"), nil))
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, sealed []byte) {
		value, err := b.Open(sealed, nil)
		if err == nil && len(value)+33 != len(sealed) {
			t.Errorf("%d bytes out of %d", len(value), len(sealed))
		}
	})
}
