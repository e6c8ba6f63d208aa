package seal

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// FileName is what the key's file is called in a data directory.
const FileName = "secret.key"

// ParseKey reads a key as Text writes it, or as 64 hexadecimal digits. The error does not
// repeat it.
func ParseKey(text string) (Key, error) {
	text = strings.TrimSpace(text)
	if raw, err := hex.DecodeString(text); err == nil && len(raw) == KeyLength {
		return Key(raw), nil
	}
	raw, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	if err != nil {
		return Key{}, errors.New("is neither base64 nor hexadecimal: want 32 random bytes, such as openssl rand -base64 32 prints")
	}
	if len(raw) != KeyLength {
		return Key{}, fmt.Errorf("holds %d bytes: want 32 random ones, such as openssl rand -base64 32 prints", len(raw))
	}
	return Key(raw), nil
}

// Text returns the key in base64.
func (k Key) Text() string { return base64.StdEncoding.EncodeToString(k[:]) }

// modes is whether the system knows who may read a file.
const modes = runtime.GOOS != "windows"

// maxKeyFile bounds what is read of a key's file.
const maxKeyFile = 1 << 10

// ReadFile reads the key in a file; fs.ErrNotExist when there is none. A file that others
// than its owner may read is refused.
func ReadFile(name string) (Key, error) {
	info, err := os.Stat(name)
	if err != nil {
		return Key{}, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxKeyFile {
		return Key{}, fmt.Errorf("%s is no key file: restore it from a backup", name)
	}
	if open := info.Mode().Perm() & 0o077; open != 0 && modes {
		return Key{}, fmt.Errorf("%s can be read by others (mode %04o): take that away with chmod 600 %s", name, info.Mode().Perm(), name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return Key{}, err
	}
	k, err := ParseKey(string(text))
	if err != nil {
		return Key{}, fmt.Errorf("the key in %s %w; restore the file from a backup", name, err)
	}
	return k, nil
}

// MakeFile makes a key and writes it into a new file that only its owner may read. It is
// there whole or not at all; fs.ErrExist when there is one. The caller keeps others from
// doing the same at the same time.
func MakeFile(name string) (k Key, err error) {
	switch _, err := os.Lstat(name); {
	case err == nil:
		return k, fmt.Errorf("%s: %w", name, fs.ErrExist)
	case !errors.Is(err, fs.ErrNotExist):
		return k, err
	}
	k = NewKey()
	f, err := os.CreateTemp(filepath.Dir(name), FileName+".*") // 0600
	if err != nil {
		return k, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.WriteString(k.Text() + "\n")
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return k, err
	}
	if err := os.Rename(f.Name(), name); err != nil {
		return k, err
	}
	return k, syncDir(filepath.Dir(name))
}

// syncDir makes a rename in a directory last.
func syncDir(name string) error {
	if !modes {
		return nil // directories cannot be opened there
	}
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
