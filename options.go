package picket

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"unicode"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/redact"
	"relay.one/picket/wire"
)

// Defaults of Options.
const (
	defaultEnvironment    = "production"
	defaultMaxBreadcrumbs = 100
	defaultBuffer         = 8 << 20
	productionTracesRate  = 0.1
)

// Options say how a Client reports. The zero value is right for most programs: it
// reads SENTRY_DSN, SENTRY_ENVIRONMENT and SENTRY_RELEASE from the environment, and
// works in local mode where there is no DSN.
type Options struct {
	// DSN says where to send: a Picket server or Sentry. Empty means SENTRY_DSN; when
	// that is empty too, nothing is sent and events are written to Logger (local mode).
	DSN string
	// Environment is where the program runs, production unless SENTRY_ENVIRONMENT says
	// otherwise.
	Environment string
	// Release is the version of the program: SENTRY_RELEASE, or else what the Go linker
	// knows of it, "MODULE@VERSION".
	Release string
	// ServerName is the name of the machine; empty means the host's own.
	ServerName string
	// Tags are set on everything that is sent.
	Tags map[string]string

	// SampleRate is the part of errors and messages that is sent, above 0 and up to 1;
	// zero means all of them.
	SampleRate float64
	// TracesSampleRate is the part of transactions that is sent, up to 1. Zero means a
	// tenth in production and all elsewhere; a negative rate means none.
	TracesSampleRate float64
	// ExecutionSampleRate is the part of executions whose spans are sent, up to 1. Zero
	// means all, in production too: executions are few, and what they cost can only be
	// added up exactly when all are seen. A negative rate means none.
	ExecutionSampleRate float64
	// TracesSampler, when set, decides instead of both rates. It returns the part to
	// keep, 0 to 1; with NaN, or when it panics, what holds without it holds. It may be
	// called by many goroutines at once.
	TracesSampler func(SamplingContext) float64
	// TracePropagationTargets are parts of the URLs that outgoing requests carry trace
	// headers to; empty means all.
	TracePropagationTargets []string

	// MaxBreadcrumbs is how many breadcrumbs are kept for an event: 100 when zero, none
	// when negative.
	MaxBreadcrumbs int
	// SendDefaultPII lets the middleware send what identifies people without being asked
	// for: IP addresses and cookies that are no secrets. What you set yourself with
	// WithUser is sent either way.
	SendDefaultPII bool
	// AnonymizeUsers sends a pseudonym instead of the user's id, the same one for the
	// same id and DSN, and nothing else of the user.
	AnonymizeUsers bool
	// OmitContent leaves out what people, models and tools said: messages, tool arguments
	// and tool results.
	OmitContent bool
	// Scrubbing adds to the rules by which secrets are taken out; nil means the rules
	// alone that always hold (package redact).
	Scrubbing *redact.Rules
	// InAppPackages are import-path prefixes whose frames count as your own code, beside
	// the main module's.
	InAppPackages []string
	// IgnoreErrors are regular expressions; errors whose message or type matches one are
	// not sent.
	IgnoreErrors []string

	// BeforeSend sees every error and message before secrets are taken out of it; it may
	// change it, or return nil to drop it.
	BeforeSend func(*sentry.Event, *sentry.EventHint) *sentry.Event
	// BeforeBreadcrumb sees every breadcrumb; returning false drops it.
	BeforeBreadcrumb func(*Breadcrumb) bool
	// Sentry, when set, may change the options of the sentry-go client underneath.
	// Transport and Dsn are set afterwards.
	Sentry func(*sentry.ClientOptions)

	// Transport is how HTTP requests are made; nil means a transport of our own.
	Transport http.RoundTripper
	// BufferBytes bounds what is held while the server cannot be reached, in bytes of
	// compressed envelopes; zero means 8 MiB. What does not fit is dropped and counted.
	BufferBytes int
	// Logger receives what is printed in local mode and in debug mode; nil means
	// slog.Default().
	Logger *slog.Logger
	// Debug makes the client log what it does and why it drops something.
	Debug bool
}

// resolved returns the options with defaults filled in, or an error that names every
// setting that is wrong.
func (o Options) resolved() (Options, error) {
	o.DSN = orEnv(o.DSN, "SENTRY_DSN")
	o.Environment = orEnv(o.Environment, "SENTRY_ENVIRONMENT")
	o.Release = orEnv(o.Release, "SENTRY_RELEASE")
	if o.Environment == "" {
		o.Environment = defaultEnvironment
	}
	if o.Release == "" {
		o.Release = builtRelease()
	}
	if o.ServerName == "" {
		// A machine without a name is reported without one.
		o.ServerName, _ = os.Hostname()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	err := o.check()
	// The host may go on to write to what it gave us.
	o.Tags, o.InAppPackages = maps.Clone(o.Tags), slices.Clone(o.InAppPackages)
	o.TracePropagationTargets, o.IgnoreErrors = slices.Clone(o.TracePropagationTargets), slices.Clone(o.IgnoreErrors)
	o.SampleRate = rateOr(o.SampleRate, 1)
	o.ExecutionSampleRate = rateOr(o.ExecutionSampleRate, 1)
	o.TracesSampleRate = rateOr(o.TracesSampleRate, o.tracesDefault())
	o.MaxBreadcrumbs = countOr(o.MaxBreadcrumbs, defaultMaxBreadcrumbs)
	o.BufferBytes = countOr(o.BufferBytes, defaultBuffer)
	return o, err
}

func (o *Options) tracesDefault() float64 {
	if o.Environment == defaultEnvironment {
		return productionTracesRate
	}
	return 1
}

// check returns all that is wrong, joined.
func (o *Options) check() error {
	var errs []error
	wrong := func(setting, format string, args ...any) {
		errs = append(errs, fmt.Errorf("picket: option %s: %s", setting, fmt.Sprintf(format, args...)))
	}
	if o.DSN != "" {
		if _, err := wire.ParseDSN(o.DSN); err != nil {
			wrong("DSN", "%v; want https://KEY@HOST/PROJECT, as the project's page or `picket project dsn` shows it", err)
		}
	}
	if r := o.SampleRate; !(r >= 0 && r <= 1) {
		wrong("SampleRate", "%v is not between 0 and 1; leave it 0 to send all errors", r)
	}
	rate := func(setting string, r float64) {
		if !(r <= 1) {
			wrong(setting, "%v is above 1; use 0.1 for a tenth, a negative number for none", r)
		}
	}
	rate("TracesSampleRate", o.TracesSampleRate)
	rate("ExecutionSampleRate", o.ExecutionSampleRate)
	if o.BufferBytes < 0 {
		wrong("BufferBytes", "%d is negative; leave it 0 for 8 MiB", o.BufferBytes)
	}
	if len(o.Environment) > 64 || strings.ContainsFunc(o.Environment, notInNames) || o.Environment == "none" {
		wrong("Environment", "%q has a slash or a line break, is longer than 64 bytes, or is none", o.Environment)
	}
	if len(o.Release) > 200 || strings.ContainsFunc(o.Release, notInNames) || o.Release == "." || o.Release == ".." {
		wrong("Release", "%q has a slash or a line break, or is longer than 200 bytes", o.Release)
	}
	if _, err := newFilter(o.IgnoreErrors); err != nil {
		wrong("IgnoreErrors", "%v", err)
	}
	return errors.Join(errs...)
}

// notInNames finds what servers refuse in environments and releases.
func notInNames(r rune) bool { return r == '/' || r == '\\' || unicode.IsControl(r) }

// builtRelease derives a release from what the linker wrote: the module's last path
// element and its version, or the revision it was built from.
func builtRelease() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	version := info.Main.Version
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && (version == "" || version == "(devel)") {
			version = s.Value
		}
	}
	name := info.Main.Path[strings.LastIndexByte(info.Main.Path, '/')+1:]
	if name == "" || version == "" || version == "(devel)" {
		return ""
	}
	return name + "@" + version
}

func orEnv(value, name string) string {
	if value == "" {
		return strings.TrimSpace(os.Getenv(name))
	}
	return value
}

// rateOr gives zero its default and makes a negative rate none.
func rateOr(rate, otherwise float64) float64 {
	if rate == 0 {
		return otherwise
	}
	return max(rate, 0)
}

// countOr gives zero its default and makes a negative count none.
func countOr(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return max(n, 0)
}

// encoding returns the options that say how events are written.
func (o *Options) encoding() encodeOptions {
	e := encodeOptions{pii: o.SendDefaultPII, anonymize: o.AnonymizeUsers, noContent: o.OmitContent, key: []byte("picket:" + o.DSN)}
	if o.Scrubbing != nil {
		e.rules = *o.Scrubbing
	}
	return e
}
