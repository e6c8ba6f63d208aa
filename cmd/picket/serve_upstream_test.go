package main

import (
	"bytes"
	"strings"
	"testing"

	"relay.one/picket/internal/seal"
)

// configured returns what picket serve would be configured with by a command line.
func configured(line string, env ...string) (serving, error) {
	lookup := func(name string) (string, bool) {
		for _, e := range env {
			if k, v, _ := strings.Cut(e, "="); k == name {
				return v, true
			}
		}
		return "", false
	}
	return serveConfig(call{strings.Fields(line), lookup, &bytes.Buffer{}, &bytes.Buffer{}})
}

func TestUpstreamFlags(t *testing.T) {
	t.Parallel()
	const one, two, three = "https://0123456789abcdef@one.example/1", "https://0123456789abcdef@two.example/2", "https://0123456789abcdef@three.example/3"
	f := func(dsn, greets, line string, env ...string) {
		t.Helper()
		config, err := configured(line, env...)
		if err != nil {
			t.Fatalf("%s %v: %v", line, env, err)
		}
		var b bytes.Buffer
		masked := strings.Replace(dsn, "0123456789ab", "****", 1)
		config.upstream.greet(&b, masked)
		if got := config.Settings.Upstream.DSN; got != dsn || b.String() != greets {
			t.Errorf("%s %v: DSN %q, greets %q, want %q", line, env, got, b.String(), greets)
		}
	}
	f("", "", "")
	f("", "", "", "SENTRY_DSN=")
	f(one, "Forwards to https://****cdef@one.example/1 (SENTRY_DSN)\n", "", "SENTRY_DSN="+one)
	f(two, "Forwards to https://****cdef@two.example/2 (--upstream-dsn)\n", "", "PICKET_UPSTREAM_DSN="+two, "SENTRY_DSN="+one)
	f(three, "Forwards to https://****cdef@three.example/3 (--upstream-dsn)\n", "--upstream-dsn "+three, "PICKET_UPSTREAM_DSN="+two, "SENTRY_DSN="+one)
	f("", "", "", "PICKET_UPSTREAM_DSN=", "SENTRY_DSN="+one)
	f("", "Events that name none get the environment \"staging\" (SENTRY_ENVIRONMENT)\nEvents that name none get the release \"app@1\" (--upstream-release)\n",
		"--upstream-release app@1", "SENTRY_ENVIRONMENT=staging", "SENTRY_RELEASE=stray")
}

func TestUpstreamFlagsRefuse(t *testing.T) {
	t.Parallel()
	f := func(says, line string, env ...string) {
		t.Helper()
		_, err := configured(line, env...)
		if err == nil || !strings.HasPrefix(err.Error(), says) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s %v: %v, want %q", line, env, err, says)
		}
	}
	f("--upstream-dsn malformed DSN", "--upstream-dsn sentry.example.com")
	f("--upstream-dsn malformed DSN", "", "PICKET_UPSTREAM_DSN=x")
	f("SENTRY_DSN malformed DSN", "", "SENTRY_DSN=https://key:sesame@sentry.example.com/x")
	f("SENTRY_ENVIRONMENT", "", "SENTRY_ENVIRONMENT=a/b")
	f("--upstream-release", "--upstream-release a/b")
	f("PICKET_SECRET_KEY holds 3 bytes", "", "PICKET_SECRET_KEY=c2Vz")
}

func TestSecretKeyVariable(t *testing.T) {
	t.Parallel()
	key := seal.NewKey()
	config, err := configured("", "PICKET_SECRET_KEY="+key.Text())
	if err != nil || config.Settings.SecretKey == nil || *config.Settings.SecretKey != key {
		t.Errorf("key %v: %v", config.Settings.SecretKey, err)
	}
}
