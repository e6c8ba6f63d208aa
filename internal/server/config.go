package server

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/ingest"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/web"
)

// Config says how to serve. Addr and Data must be set.
type Config struct {
	// Addr is where to listen, host:port; port 0 takes any that is free.
	Addr string
	// Data is the directory that holds everything; it is made when it is not there.
	Data string
	// Dev asks nobody for a token, and refuses to listen anywhere but on loopback.
	Dev bool
	// PublicURL is how clients reach the server, for DSNs; empty means by Addr.
	PublicURL string
	// Version is what clients are told of this build.
	Version string
	// Retention is how long events are kept; zero is the engine's default.
	Retention time.Duration
	// TrustedProxies are the peers whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix
	// Prices says what calls of models cost; nil means Picket's list prices.
	Prices *price.Table
	// Outcomes are the rules by which executions fail without an error; the zero value
	// has all of them on.
	Outcomes agent.Rules
	// Settings says what holds where nobody set anything at run time.
	Settings SettingsConfig
	// Forwarding bounds what waits for upstreams; its zero value is right.
	Forwarding ForwardingConfig
	// WebhookSecret is that of the first organization's integration at Sentry, where the
	// organization sets no other.
	WebhookSecret string
	// Pages are the built pages; nil means those in this binary, if there are any.
	Pages fs.FS
	// Limits bounds what a request may bring; its zero value is right.
	Limits ingest.Limits
	// Grace is how long requests may take to finish when the server stops; zero means 25 s.
	Grace time.Duration
	// Log takes what happens; nil means slog.Default().
	Log *slog.Logger
}

// Check returns an error that names the setting that is wrong, by its flag.
func (c Config) Check() error {
	if c.Data == "" {
		return errors.New("--data is empty: name a directory")
	}
	host, _, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return fmt.Errorf("--addr %q: want host:port: %w", c.Addr, err)
	}
	if c.Dev && !isLoopback(host) {
		return fmt.Errorf("--addr %q: with --dev, which asks for no password, only loopback addresses such as 127.0.0.1 are served", c.Addr)
	}
	if c.Retention < 0 {
		return fmt.Errorf("--retention %s: want a time above zero", c.Retention)
	}
	if c.PublicURL != "" && !isURL(c.PublicURL) {
		return fmt.Errorf("--public-url %q: %w", c.PublicURL, errURL)
	}
	return errors.Join(c.Settings.check(), c.Forwarding.check(), c.checkHooks())
}

// checkEmbedded is Check for Embed; it names settings by their fields.
func (c Config) checkEmbedded() error {
	switch {
	case c.Data == "":
		return errors.New("option Data is empty: name a directory")
	case c.Retention < 0:
		return fmt.Errorf("option Retention %s: want a time above zero", c.Retention)
	case c.PublicURL != "" && !isURL(c.PublicURL):
		return fmt.Errorf("option PublicURL %q: %w", c.PublicURL, errURL)
	}
	return nil
}

var errURL = errors.New("want http://host or https://host, perhaps with a path that does not begin with /api or /assets")

// isURL reports whether a text can stand before the paths of the server.
func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && u.User == nil && u.RawQuery == "" && !web.Blocks(web.Base(text))
}

// isLoopback reports whether a host is this machine and nothing else. The empty
// host, which listens everywhere, is not.
func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}

// URL returns how clients would reach a server that listens on Addr.
func (c Config) URL() string { return c.publicURL(c.Addr) }

// publicURL returns how clients reach the server that listens there, without a
// slash at the end.
func (c Config) publicURL(listening string) string {
	if c.PublicURL != "" {
		return strings.TrimRight(c.PublicURL, "/")
	}
	host, port, err := net.SplitHostPort(listening)
	if err != nil {
		return "http://" + listening
	}
	if a, err := netip.ParseAddr(host); host == "" || err == nil && a.IsUnspecified() {
		host = "localhost" // listening everywhere is no name for clients to use
	}
	return "http://" + net.JoinHostPort(host, port)
}
