package settings_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/settings"
)

const good = "https://0123456789abcdef@sentry.example.com/7"

func TestCheck(t *testing.T) {
	t.Parallel()
	f := func(s settings.Settings, fields ...string) {
		t.Helper()
		err := s.Check()
		if len(fields) == 0 {
			if err != nil {
				t.Errorf("Check() = %v", err)
			}
			return
		}
		if !errors.Is(err, model.ErrInvalid) {
			t.Fatalf("Check() = %v, want model.ErrInvalid", err)
		}
		for _, field := range fields {
			if !strings.Contains(err.Error(), field+": ") {
				t.Errorf("Check() = %q, want it to name %s", err, field)
			}
		}
	}
	up := func(change func(*settings.Upstream)) settings.Settings {
		u := settings.DefaultUpstream()
		change(&u)
		return settings.Settings{Upstream: &u}
	}
	f(settings.Settings{})
	f(up(func(u *settings.Upstream) { u.DSN = good }))
	f(up(func(u *settings.Upstream) { u.DSN = "sentry.example.com/7" }), "dsn")
	f(up(func(u *settings.Upstream) {
		u.MaxBreadcrumbs = 101
		u.Environment = "a/b"
		u.Release = strings.Repeat("r", 251)
	}),
		"maxBreadcrumbs", "environment", "release")
	f(up(func(u *settings.Upstream) {
		u.Customers = []settings.Customer{{Organization: "acme", DSN: good}, {Organization: "acme", DSN: good}, {DSN: "x"}}
	}), "customers[1].organization", "customers[2].organization", "customers[2].dsn")
	f(settings.Settings{Sampling: &settings.Sampling{Errors: 1, Transactions: 0.25, Rules: []settings.SamplingRule{{Rate: 1}}}})
	f(settings.Settings{Sampling: &settings.Sampling{Errors: math.NaN(), Transactions: 1.1, Rules: []settings.SamplingRule{{Rate: -1}}, PerMinute: -1, CostUSD: -1, Milliseconds: -1}},
		"sampleRate", "tracesSampleRate", "rules[0].rate", "perMinute", "costUsd", "durationMs")
	f(settings.Settings{Sampling: &settings.Sampling{Rules: []settings.SamplingRule{{Rate: 1}, {Transaction: strings.Repeat("t", 251)}}, CostUSD: math.Inf(1)}},
		"rules[1].transaction", "costUsd")
	f(settings.Settings{Sampling: &settings.Sampling{Rules: make([]settings.SamplingRule, 201)}}, "rules")
}

// TestBook asks for what holds when the organization, the project or nobody has set it.
func TestBook(t *testing.T) {
	t.Parallel()
	b := settings.NewBook(settings.Defaults())
	if got := b.Of(1, 2); got.Upstream.Forwards() || !got.Sampling.KeepsAll() {
		t.Fatalf("nobody set anything, and Of = %+v", got)
	}
	b.Put(1, 0, settings.Settings{Upstream: &settings.Upstream{DSN: good}, Sentry: &settings.Sentry{WebhookSecret: "s"}})
	b.Put(1, 2, settings.Settings{Sampling: &settings.Sampling{Errors: 1, Transactions: 0.5}})
	if got := b.Of(1, 2); got.Upstream.DSN != good || got.Sampling.Transactions != 0.5 || got.Sentry.WebhookSecret != "s" {
		t.Errorf("Of(1, 2) = %+v", got)
	}
	if got := b.Of(1, 3); got.Upstream.DSN != good || !got.Sampling.KeepsAll() {
		t.Errorf("Of(1, 3) = %+v", got)
	}
	if got := b.Of(2, 4); got.Upstream.Forwards() {
		t.Errorf("another organization's project forwards: %+v", got)
	}
	b.Put(1, 0, settings.Settings{})
	if got := b.Of(1, 3); got.Upstream.Forwards() {
		t.Errorf("what was taken back still holds: %+v", got)
	}
}

func TestDSNOf(t *testing.T) {
	t.Parallel()
	u := settings.Upstream{Customers: []settings.Customer{{Organization: "acme", DSN: good}}}
	if dsn, ok := u.DSNOf("acme"); dsn != good || !ok {
		t.Errorf("DSNOf(acme) = %q, %v", dsn, ok)
	}
	if dsn, ok := u.DSNOf("other"); dsn != "" || ok {
		t.Errorf("DSNOf(other) = %q, %v", dsn, ok)
	}
}
