package server

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"relay.one/picket/internal/seal"
	"relay.one/picket/internal/settings"
)

const upstreamDSN = "https://0123456789abcdef@sentry.example.com/7"

// set has the first organization forward to a DSN.
func set(t *testing.T, s *Server, dsn string) {
	t.Helper()
	_, err := s.settings.Change(t.Context(), settings.Edit{Org: s.key.Org, By: "ann", Make: func(own settings.Settings) (settings.Settings, error) {
		u := settings.DefaultUpstream()
		u.DSN = dsn
		own.Upstream = &u
		return own, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSettingsOutliveRestarts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, dir)
	if got := first.Upstream(); got != "" {
		t.Errorf("a new server forwards to %q", got)
	}
	set(t, first.Server, upstreamDSN)
	first.stop()
	if raw, err := os.ReadFile(databasePath(dir)); err != nil || strings.Contains(string(raw), "0123456789abcdef@") {
		t.Errorf("the DSN stands in the database: %v", err)
	}
	second := start(t, dir)
	if got := second.Upstream(); got != "https://****cdef@sentry.example.com/7" {
		t.Errorf("after a restart it forwards to %q", got)
	}
}

func TestBaseOfSettings(t *testing.T) {
	t.Parallel()
	base := settings.DefaultUpstream()
	base.DSN = upstreamDSN
	s := start(t, t.TempDir(), func(c *Config) { c.Settings.Upstream = &base })
	if got := s.Upstream(); got != "https://****cdef@sentry.example.com/7" {
		t.Errorf("it forwards to %q", got)
	}
}

// refused opens a server that must not open, and returns why.
func refused(t *testing.T, dir string, change func(*Config)) error {
	t.Helper()
	c := Config{Addr: "127.0.0.1:0", Data: dir, Dev: true, Pages: fstest.MapFS{}, Log: slog.New(slog.DiscardHandler)}
	change(&c)
	s, err := Open(t.Context(), c)
	if err == nil {
		t.Error("it opened")
		if err := s.close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	return err
}

func TestUpstreamIsNotOneself(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, dir)
	base := settings.DefaultUpstream()
	base.DSN = first.DSN()
	first.stop()
	err := refused(t, dir, func(c *Config) { c.Settings.Upstream = &base })
	if err == nil || !strings.Contains(err.Error(), "is a DSN of this Picket") || strings.Contains(err.Error(), first.key.Public) {
		t.Errorf("its own DSN: %v", err)
	}
	base.MaxBreadcrumbs = 1000
	if err := refused(t, dir, func(c *Config) { c.Settings.Upstream = &base }); err == nil || !strings.Contains(err.Error(), "--upstream-maxBreadcrumbs") {
		t.Errorf("wrong in itself: %v", err)
	}
}

func TestLostKeyOfSettings(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, dir)
	set(t, first.Server, upstreamDSN)
	first.stop()
	file := filepath.Join(dir, seal.FileName)
	kept, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := seal.ParseKey(string(kept))
	if err != nil {
		t.Fatal(err)
	}
	f := func(what string, says []string, change func(*Config)) {
		t.Helper()
		err := refused(t, dir, change)
		for _, s := range append(says, "PICKET_SECRET_KEY", "--forget-settings", file) {
			if err == nil || !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %v does not say %q", what, err, s)
			}
		}
	}
	other := seal.NewKey()
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	f("no key", []string{"their key is gone"}, func(*Config) {})
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a new key was made although the old one is needed: %v", err)
	}
	f("another key", []string{"sealed with another key", key.String(), other.String()}, func(c *Config) { c.Settings.SecretKey = &other })
	given := start(t, dir, func(c *Config) { c.Settings.SecretKey = &key })
	if got := given.Upstream(); got == "" {
		t.Error("with the key from elsewhere nothing is known")
	}
	given.stop()
	forgot := start(t, dir, func(c *Config) { c.Settings.Forget = true })
	if got := forgot.Upstream(); got != "" {
		t.Errorf("it forgot and yet forwards to %q", got)
	}
	set(t, forgot.Server, upstreamDSN)
	forgot.stop()
	if again := start(t, dir); again.Upstream() == "" {
		t.Error("what was set with the new key is not there")
	}
}

func TestKeyThatOthersCanRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, seal.FileName), []byte(seal.NewKey().Text()), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := refused(t, dir, func(*Config) {}); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others can read: %v", err)
	}
}
