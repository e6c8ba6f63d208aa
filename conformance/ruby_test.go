package conformance

import (
	"os/exec"
	"testing"
)

func raven() dialect {
	return dialect{
		name: "raven-ruby", sdk: "raven-ruby", platform: "ruby",
		failure: "RefundError", cause: "LedgerError", level: "error",
		throws: frame{function: "rescue in refund_order", file: "ruby/raven.rb", source: "raise RefundError,", foreign: true},
		extra:  "context",
		crumbs: true, messages: true, bare: true,
	}
}

func sentryRuby() dialect {
	return dialect{
		name: "sentry-ruby", sdk: "sentry.ruby", platform: "ruby",
		failure: "RefundError", cause: "LedgerError", level: "error",
		throws: frame{function: "rescue in refund_order", file: "ruby/sentry.rb", source: "raise RefundError,", foreign: true},
		extra:  "context",
		crumbs: true, messages: true,
		traces: transactions, failed: "internal_error",
	}
}

func TestRaven(t *testing.T) {
	t.Parallel()
	onlyWithAll(t)
	ruby(t, "ruby-sentry-raven", "sentry-raven-without-integrations")
	prove(t, raven(), program(nil, "ruby", "-W0", absolute(t, "clients/ruby/raven.rb")))
}

func TestSentryRuby(t *testing.T) {
	t.Parallel()
	onlyWithAll(t)
	ruby(t, "ruby-sentry-ruby", "sentry-ruby")
	prove(t, sentryRuby(), program(nil, "ruby", "-W0", absolute(t, "clients/ruby/sentry.rb")))
}

// ruby sees to it that the library can be loaded: Debian has a package of it.
func ruby(t *testing.T, debianName, library string) {
	t.Helper()
	debian(t, debianName, func() bool {
		return exec.Command("ruby", "-W0", "-e", "require ARGV[0]", library).Run() == nil
	})
}
