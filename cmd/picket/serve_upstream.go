package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"relay.one/picket/internal/seal"
	"relay.one/picket/internal/server"
	"relay.one/picket/internal/settings"
)

// secretKeyVariable holds the key that settings are sealed with. There is no flag: command
// lines can be read by others.
const secretKeyVariable = "PICKET_SECRET_KEY"

// told is a flag that knows where its value came from. Where neither it nor its twin is
// given, a variable of Sentry's stands in.
type told struct {
	name  string // the flag's
	alias string // Sentry's variable
	value string
	given bool
}

// String implements flag.Value.
func (t *told) String() string { return "" }

// Set implements flag.Value.
func (t *told) Set(text string) error {
	t.value, t.given = strings.TrimSpace(text), true
	return nil
}

// settle takes Sentry's variable where nothing else was given.
func (t *told) settle(c call) {
	if text, there := c.env(t.alias); there && !t.given {
		t.value, t.name = strings.TrimSpace(text), t.alias
		return
	}
	t.name = "--" + t.name
}

// upstream is what picket serve is told of where to forward.
type upstream struct {
	dsn, environment, release told
}

func upstreamFlags(s *flags, into *server.SettingsConfig) *upstream {
	u := &upstream{
		dsn:         told{name: "upstream-dsn", alias: "SENTRY_DSN"},
		environment: told{name: "upstream-environment", alias: "SENTRY_ENVIRONMENT"},
		release:     told{name: "upstream-release", alias: "SENTRY_RELEASE"},
	}
	s.Var(&u.dsn, u.dsn.name, "`DSN` of the Sentry project to forward to, where nobody set another on the pages; without it SENTRY_DSN")
	s.Var(&u.environment, u.environment.name, "`environment` of events that name none; without it SENTRY_ENVIRONMENT")
	s.Var(&u.release, u.release.name, "`release` of events that name none; without it SENTRY_RELEASE")
	s.Var(&prefixes{&into.AllowOutbound}, "allow-outbound", "`network` inside that may be called, such as 10.0.0.0/8; may be given again")
	s.BoolVar(&into.Forget, "forget-settings", false, "give up what was set on the pages and cannot be read, since its key is lost")
	return u
}

// settle works out what was told, into the configuration. Errors name the flag or variable.
func (u *upstream) settle(c call, into *server.SettingsConfig) error {
	base := settings.DefaultUpstream()
	for _, f := range []struct {
		told  *told
		field string
		to    *string
	}{{&u.dsn, "dsn", &base.DSN}, {&u.environment, "environment", &base.Environment}, {&u.release, "release", &base.Release}} {
		f.told.settle(c)
		*f.to = f.told.value
		var wrong *settings.FieldError
		if err := (settings.Settings{Upstream: &base}).Check(); errors.As(err, &wrong) {
			return fmt.Errorf("%s %s", f.told.name, wrong.Fix)
		}
	}
	into.Upstream = &base
	text, there := c.env(secretKeyVariable)
	if !there {
		return nil
	}
	key, err := seal.ParseKey(text)
	if err != nil {
		return fmt.Errorf("%s %w", secretKeyVariable, err)
	}
	into.SecretKey = &key
	return nil
}

// greet says where events go and what is added to them, and who said so: a variable that
// was meant for another program shall not be obeyed silently.
func (u *upstream) greet(w io.Writer, forwards string) {
	if forwards != "" {
		from := "set on the pages"
		if forwards == settings.MaskDSN(u.dsn.value) {
			from = u.dsn.name
		}
		fmt.Fprintf(w, "Forwards to %s (%s)\n", forwards, from)
	}
	for _, t := range []*told{&u.environment, &u.release} {
		if t.value != "" {
			fmt.Fprintf(w, "Events that name none get the %s %q (%s)\n", strings.ToLower(t.alias[len("SENTRY_"):]), t.value, t.name)
		}
	}
}
