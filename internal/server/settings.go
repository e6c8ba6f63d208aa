package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"path/filepath"

	"relay.one/picket/internal/outbound"
	"relay.one/picket/internal/seal"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/upstream"
)

// SettingsConfig says what holds where nobody set anything at run time, and how what was
// set is kept.
type SettingsConfig struct {
	// Upstream, when not nil, is where everybody forwards to who has set no other.
	Upstream *settings.Upstream
	// SecretKey seals what is set; nil means the one in the data directory, which is made
	// at the first start.
	SecretKey *seal.Key
	// Forget gives up what was set and cannot be opened any more, since its key is lost.
	Forget bool
	// AllowOutbound are networks that may be called although they are not public.
	AllowOutbound []netip.Prefix
}

// base returns what holds where nobody set anything.
func (c SettingsConfig) base() settings.Effective {
	e := settings.Defaults()
	if c.Upstream != nil {
		e.Upstream = *c.Upstream
	}
	return e
}

// check returns an error that names the flag that is wrong.
func (c SettingsConfig) check() error {
	err := settings.Settings{Upstream: c.Upstream}.Check()
	if err == nil {
		return nil
	}
	var wrong *settings.FieldError
	if errors.As(err, &wrong) {
		return fmt.Errorf("--upstream-%s %s", wrong.Field, wrong.Fix)
	}
	return err
}

// openSettings reads what was set at run time, and makes the client that calls where it
// says.
func (s *Server) openSettings(ctx context.Context) error {
	c := s.config.Settings
	box, err := s.openSeal(ctx)
	if err != nil {
		return err
	}
	s.settings = settings.NewDesk(s.store, s.store, box, settings.NewBook(c.base()))
	if c.Upstream != nil {
		if err := s.settings.CheckOwn(ctx, "--upstream-dsn", c.Upstream.DSN); err != nil {
			return err
		}
	}
	s.outbound = outbound.New(outbound.Options{Allow: c.AllowOutbound})
	if c.Forget {
		n, err := s.settings.Forget(ctx, "picket serve --forget-settings")
		if err != nil {
			return err
		}
		s.log.Warn("settings: given up what cannot be opened", "scopes", n)
	}
	err = s.settings.Load(ctx)
	if errors.Is(err, seal.ErrOtherKey) {
		return fmt.Errorf("%w; %s", err, s.lostKey())
	}
	return err
}

// lostKey says what to do without the key.
func (s *Server) lostKey() string {
	return fmt.Sprintf("restore %s from a backup, or give the key in PICKET_SECRET_KEY; "+
		"if it is lost, --forget-settings starts without what was set at run time (upstream, sampling, filters) and gives that up", s.keyFile())
}

func (s *Server) keyFile() string { return filepath.Join(s.config.Data, seal.FileName) }

// openSeal finds the key, or makes it when nothing was ever sealed.
func (s *Server) openSeal(ctx context.Context) (*seal.Box, error) {
	given := s.config.Settings.SecretKey
	kept, err := seal.ReadFile(s.keyFile())
	switch {
	case err == nil && given != nil:
		return seal.New(*given, kept), nil
	case given != nil:
		return seal.New(*given), nil // what is wrong with the file does not matter
	case err == nil:
		return seal.New(kept), nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("secret key: %w", err)
	}
	all, err := s.store.AllSettings(ctx)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	if len(all) > 0 && !s.config.Settings.Forget {
		return nil, fmt.Errorf("settings are sealed, and their key is gone: %s", s.lostKey())
	}
	made, err := seal.MakeFile(s.keyFile())
	if err != nil {
		return nil, fmt.Errorf("make secret key: %w", err)
	}
	return seal.New(made), nil
}

// newProber makes what tries upstreams out.
func (s *Server) newProber() *upstream.Prober {
	return upstream.NewProber(outbound.Options{Allow: s.config.Settings.AllowOutbound}, cmp.Or(s.config.Version, "unknown"))
}

// Upstream returns where the first project forwards to, masked; empty when nowhere.
func (s *Server) Upstream() string {
	return settings.MaskDSN(s.settings.Book().Of(s.key.Org, s.key.Project).Upstream.DSN)
}
