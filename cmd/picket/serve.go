package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"relay.one/picket/internal/agent"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/server"
)

const (
	defaultAddr = "127.0.0.1:3001"
	defaultData = "./picket-data"
)

const aboutServe = `Takes telemetry from Sentry's SDKs, keeps it in the data directory and answers
questions about it. Ctrl-C or SIGTERM stops it once everything accepted is stored.`

// serve runs the server until it is told to stop.
func serve(ctx context.Context, c call) error {
	config, err := serveConfig(c)
	if err != nil {
		return err
	}
	limitMemory(c)
	stopDebugging, err := debugging(ctx, config.debugAddr)
	if err != nil {
		return err
	}
	s, err := server.Open(ctx, config.Config)
	if err != nil {
		return errors.Join(err, stopDebugging())
	}
	greet(ctx, c.out, s, config.Config)
	config.upstream.greet(c.out, s.Upstream())
	debug.FreeOSMemory() // what starting took, and nothing needs any more
	return errors.Join(s.Run(ctx), stopDebugging())
}

// serving is what picket serve is told.
type serving struct {
	server.Config
	debugAddr string
	upstream  *upstream
}

func serveConfig(c call) (serving, error) {
	var config serving
	var format, level, prices, without string
	s := newSettings(c, "serve [flags]", aboutServe)
	s.StringVar(&config.Addr, "addr", defaultAddr, "where to listen, `host:port`; port 0 takes any that is free")
	s.StringVar(&config.Data, "data", defaultData, "`directory` that holds everything")
	s.BoolVar(&config.Dev, "dev", false, "ask nobody for a token; refuses to listen anywhere but on loopback")
	s.StringVar(&config.PublicURL, "public-url", "", "`URL` by which clients reach this server, for DSNs")
	s.Var(&days{&config.Retention}, "retention", "how `long` events are kept, such as 90d or 36h (default 90d)")
	s.Var(&prefixes{&config.TrustedProxies}, "trusted-proxy", "`network` of proxies whose X-Forwarded-For is believed, such as 10.0.0.0/8; may be given again")
	config.upstream = upstreamFlags(s, &config.Settings)
	outboxFlags(s, &config.Forwarding)
	s.StringVar(&config.WebhookSecret, "sentry-webhook-secret", "", "client `secret` of an integration at Sentry, whose webhooks the first organization takes")
	s.StringVar(&prices, "prices", "", "`file` of your own prices of models, which come before Picket's list prices")
	s.StringVar(&without, "without-rules", "", "`names` of rules of outcome to switch off, with commas between: see /api/v1/rules")
	s.StringVar(&config.debugAddr, "debug-addr", "", "serve Go's profiles on this loopback `address`, such as 127.0.0.1:6060")
	s.StringVar(&format, "log-format", "text", "`format` of the log on standard error: text or json")
	s.StringVar(&level, "log-level", "info", "least `level` that is logged: debug, info, warn or error")
	if err := s.parse(); err != nil {
		return config, err
	}
	if err := config.upstream.settle(c, &config.Settings); err != nil {
		return config, err
	}
	var err error
	if prices != "" {
		if config.Prices, err = price.Default().LoadFile(prices); err != nil {
			return config, fmt.Errorf("--prices: %w", err)
		}
	}
	if without != "" {
		if config.Outcomes, err = agent.RulesWithout(strings.Split(without, ",")...); err != nil {
			return config, fmt.Errorf("--without-rules: %w; /api/v1/rules lists them", err)
		}
	}
	config.Version = moduleVersion()
	config.Log, err = newLog(c.err, format, level)
	return config, err
}

// memoryLimit is where the collector begins to work harder, in bytes: well above
// what full load needs, so that it shows only under attack.
const memoryLimit = 384 << 20

// garbage is how much of it may gather, in per cent of what lives: what lives is
// little, and collecting it twice as often costs a tenth of the work under load.
const garbage = 200

// limitMemory keeps garbage from doubling what an attack makes us hold. The
// operator's own GOMEMLIMIT and GOGC win.
func limitMemory(c call) {
	if _, set := c.env("GOMEMLIMIT"); !set {
		debug.SetMemoryLimit(memoryLimit)
	}
	if _, set := c.env("GOGC"); !set {
		debug.SetGCPercent(garbage)
	}
}

// greet prints what one needs next. Scripts look for the address and the DSN here.
func greet(ctx context.Context, w io.Writer, s *server.Server, config server.Config) {
	fmt.Fprintf(w, "Picket listens on %s\nDSN: %s\n", s.URL(), s.DSN())
	switch link, err := s.SetUpLink(ctx); {
	case err != nil: // a full disk keeps nobody from reading
		fmt.Fprintln(w, "No link could be made for the administrator's password; picket user link makes one:", err)
	case link != "":
		fmt.Fprintln(w, "Set the administrator's e-mail address and password, once, within a day:", link)
	}
	if !config.Dev {
		fmt.Fprintln(w, "Reading needs a token: picket token create --scope event:read --scope org:read --data", config.Data)
	}
}

func newLog(w io.Writer, format, level string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level %q: want debug, info, warn or error", level)
	}
	o := &slog.HandlerOptions{Level: least}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, o)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return nil, fmt.Errorf("--log-format %q: want text or json", format)
}

// days is a flag for long times: what time.ParseDuration takes, and whole days.
type days struct{ d *time.Duration }

// String implements flag.Value.
func (d *days) String() string { return "" }

// Set implements flag.Value.
func (d *days) Set(text string) error {
	if n, ok := strings.CutSuffix(text, "d"); ok {
		whole, err := strconv.ParseUint(n, 10, 16)
		if err != nil || whole == 0 {
			return fmt.Errorf("want a number of days above zero, such as 90d")
		}
		*d.d = time.Duration(whole) * 24 * time.Hour
		return nil
	}
	long, err := time.ParseDuration(text)
	if err != nil || long <= 0 {
		return fmt.Errorf("want a time above zero, such as 90d or 36h")
	}
	*d.d = long
	return nil
}

// prefixes is a flag for networks; a bare address is a network of one.
type prefixes struct{ nets *[]netip.Prefix }

// String implements flag.Value.
func (p *prefixes) String() string { return "" }

// Set implements flag.Value.
func (p *prefixes) Set(text string) error {
	for one := range strings.SplitSeq(text, ",") {
		one = strings.TrimSpace(one)
		if a, err := netip.ParseAddr(one); err == nil {
			*p.nets = append(*p.nets, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
			continue
		}
		n, err := netip.ParsePrefix(one)
		if err != nil {
			return fmt.Errorf("want networks such as 10.0.0.0/8, found %q", one)
		}
		*p.nets = append(*p.nets, n.Masked())
	}
	return nil
}
