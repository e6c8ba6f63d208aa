package picket

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/redact"
)

const testDSN = "http://0123456789abcdef0123456789abcdef@picket.test/1"

func TestWrongOptionsAreNamed(t *testing.T) {
	t.Parallel()
	f := func(o Options, settings ...string) {
		t.Helper()
		c, err := New(o)
		if err == nil {
			closeClient(t, c)
			t.Errorf("%v: no error", settings)
			return
		}
		text := err.Error()
		for _, s := range settings {
			if !strings.Contains(text, "picket: option "+s+": ") {
				t.Errorf("error %q does not name %s", text, s)
			}
		}
		if n := strings.Count(text, "picket: option "); n != len(settings) {
			t.Errorf("error %q names %d settings, want %v", text, n, settings)
		}
	}
	for _, dsn := range []string{"picket.test/1", "http://picket.test/1", "http://key@picket.test/", "ftp://key@picket.test/1", "http://key@/1", "::"} {
		f(Options{DSN: dsn}, "DSN")
	}
	for _, rate := range []float64{-0.1, 1.1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		f(Options{DSN: testDSN, SampleRate: rate}, "SampleRate")
	}
	for _, rate := range []float64{1.01, math.NaN(), math.Inf(1)} {
		f(Options{DSN: testDSN, TracesSampleRate: rate}, "TracesSampleRate")
		f(Options{DSN: testDSN, ExecutionSampleRate: rate}, "ExecutionSampleRate")
	}
	f(Options{DSN: testDSN, BufferBytes: -1}, "BufferBytes")
	for _, name := range []string{"prod/eu", "a\nb", "none", strings.Repeat("e", 65)} {
		f(Options{DSN: testDSN, Environment: name}, "Environment")
	}
	for _, name := range []string{"shop/1.2", `shop\1.2`, "a\tb", "..", strings.Repeat("r", 201)} {
		f(Options{DSN: testDSN, Release: name}, "Release")
	}
	f(Options{DSN: testDSN, IgnoreErrors: []string{"fine", "("}}, "IgnoreErrors")
	f(Options{DSN: "x", SampleRate: 2, TracesSampleRate: 3, ExecutionSampleRate: 4, BufferBytes: -5, Environment: "/", Release: "/", IgnoreErrors: []string{"["}},
		"DSN", "SampleRate", "TracesSampleRate", "ExecutionSampleRate", "BufferBytes", "Environment", "Release", "IgnoreErrors")
}

// clearEnvironment lets nothing of the machine into the options.
func clearEnvironment(t *testing.T) {
	for _, name := range []string{"SENTRY_DSN", "SENTRY_ENVIRONMENT", "SENTRY_RELEASE"} {
		t.Setenv(name, "")
	}
}

func mustResolve(t *testing.T, o Options) Options {
	t.Helper()
	o, err := o.resolved()
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestOptionDefaults(t *testing.T) {
	clearEnvironment(t)
	o := mustResolve(t, Options{})
	if o.DSN != "" || o.Environment != "production" || o.ServerName == "" || o.Logger != slog.Default() {
		t.Errorf("defaults: %+v", o)
	}
	if o.SampleRate != 1 || o.TracesSampleRate != 0.1 || o.ExecutionSampleRate != 1 {
		t.Errorf("rates in production: %v %v %v", o.SampleRate, o.TracesSampleRate, o.ExecutionSampleRate)
	}
	if o.MaxBreadcrumbs != 100 || o.BufferBytes != 8<<20 || o.SendDefaultPII || o.AnonymizeUsers || o.OmitContent || o.Debug {
		t.Errorf("defaults: %+v", o)
	}
	if o := mustResolve(t, Options{Environment: "staging"}); o.TracesSampleRate != 1 {
		t.Errorf("traces elsewhere: %v", o.TracesSampleRate)
	}
	o = mustResolve(t, Options{TracesSampleRate: -1, ExecutionSampleRate: -1, MaxBreadcrumbs: -1})
	if o.TracesSampleRate != 0 || o.ExecutionSampleRate != 0 || o.MaxBreadcrumbs != 0 {
		t.Errorf("negative means none: %v %v %v", o.TracesSampleRate, o.ExecutionSampleRate, o.MaxBreadcrumbs)
	}
	o = mustResolve(t, Options{SampleRate: 0.5, TracesSampleRate: 0.25, ExecutionSampleRate: 0.75, MaxBreadcrumbs: 7})
	if o.SampleRate != 0.5 || o.TracesSampleRate != 0.25 || o.ExecutionSampleRate != 0.75 || o.MaxBreadcrumbs != 7 {
		t.Errorf("what was said does not hold: %+v", o)
	}
}

func TestOptionsFromTheEnvironment(t *testing.T) {
	t.Setenv("SENTRY_DSN", " "+testDSN+" ")
	t.Setenv("SENTRY_ENVIRONMENT", "canary")
	t.Setenv("SENTRY_RELEASE", "shop@9")
	o := mustResolve(t, Options{})
	if o.DSN != testDSN || o.Environment != "canary" || o.Release != "shop@9" || o.TracesSampleRate != 1 {
		t.Errorf("from the environment: %q %q %q %v", o.DSN, o.Environment, o.Release, o.TracesSampleRate)
	}
	o = mustResolve(t, Options{DSN: "http://k@elsewhere.test/2", Environment: "mine", Release: "mine@1"})
	if o.DSN != "http://k@elsewhere.test/2" || o.Environment != "mine" || o.Release != "mine@1" {
		t.Errorf("the environment goes over the options: %q %q %q", o.DSN, o.Environment, o.Release)
	}
	t.Setenv("SENTRY_DSN", "nonsense")
	if _, err := New(Options{}); err == nil || !strings.Contains(err.Error(), "option DSN") {
		t.Errorf("a wrong SENTRY_DSN: %v", err)
	}
}

func TestHostMayChangeItsOptions(t *testing.T) {
	t.Parallel()
	tags := map[string]string{"region": "eu"}
	ctx, c, m := testClient(t, Options{Tags: tags})
	tags["region"] = "changed"
	CaptureMessage(ctx, LevelInfo, "hello")
	flush(t, c)
	if got := at(m.items(t, "event")[0], "tags", "region"); got != "eu" {
		t.Errorf("region = %v", got)
	}
}

func TestSentryOptionCannotTakeTheWayOut(t *testing.T) {
	t.Parallel()
	asked := false
	ctx, c, m := testClient(t, Options{Sentry: func(o *sentry.ClientOptions) {
		asked = true
		o.Dist, o.Dsn, o.Transport = "d7", "http://k@elsewhere.test/9", nil
	}})
	CaptureMessage(ctx, LevelInfo, "hello")
	flush(t, c)
	if list := m.items(t, "event"); !asked || len(list) != 1 || list[0]["dist"] != "d7" {
		t.Errorf("asked %v: %v", asked, list)
	}
}

func TestScrubbingOption(t *testing.T) {
	t.Parallel()
	ctx, c, m := testClient(t, Options{Scrubbing: &redact.Rules{Emails: true, Sensitive: []string{"shoe_size"}, Safe: []string{"token"}}})
	CaptureException(ctx, errors.New("no mail for ada@example.com"), slog.Int("shoe_size", 44), slog.String("token", "public"))
	flush(t, c)
	ev := m.items(t, "event")[0]
	if text := at(ev["exception"].(object)["values"].([]any)[0], "value").(string); strings.Contains(text, "ada@") {
		t.Errorf("an address is sent: %s", text)
	}
	if extra := at(ev, "contexts", "extra"); at(extra, "shoe_size") != redact.Filtered || at(extra, "token") != "public" {
		t.Errorf("extra = %v", extra)
	}
}

// refusing is a transport that reaches nobody.
type refusing struct{}

func (refusing) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nobody is there")
}
