package picket_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"
	sentryhttp "github.com/getsentry/sentry-go/http"

	"relay.one/picket"
)

// Each benchmark does the same work twice, by picket and by sentry-go alone, as somebody
// would write it who has user, organization and agent of a request at hand. Both send to
// a server in memory that takes everything.

const benchDSN = "http://0123456789abcdef0123456789abcdef@picket.test/1"

// benchServer answers every request with 200.
type benchServer struct{}

func (benchServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return nil, err
		}
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func benchPicket(b testing.TB, tracesRate float64) context.Context {
	c, err := picket.New(picket.Options{
		DSN: benchDSN, Transport: benchServer{}, Release: "shop@1.2.3", Environment: "bench",
		TracesSampleRate: tracesRate, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			b.Error(err)
		}
	})
	return picket.NewContext(b.Context(), c)
}

// benchSentry binds a client to the hub that sentryhttp clones. It leaves out the
// integration that sends the list of dependencies, which picket does not.
func benchSentry(b testing.TB, tracesRate float64) {
	c, err := sentry.NewClient(sentry.ClientOptions{
		Dsn: benchDSN, HTTPTransport: benchServer{}, Release: "shop@1.2.3", Environment: "bench",
		EnableTracing: true, TracesSampleRate: tracesRate,
		Integrations: func(list []sentry.Integration) []sentry.Integration {
			kept := list[:0]
			for _, i := range list {
				if i.Name() != "Modules" {
					kept = append(kept, i)
				}
			}
			return kept
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	before := sentry.CurrentHub().Client()
	sentry.CurrentHub().BindClient(c)
	b.Cleanup(func() {
		sentry.CurrentHub().BindClient(before)
		c.Flush(20 * time.Second)
		c.Close()
	})
}

// benchWriter can do what the writer of net/http can, and keeps nothing.
type benchWriter struct{ header http.Header }

func (w *benchWriter) Header() http.Header               { return w.header }
func (*benchWriter) Write(p []byte) (int, error)         { return len(p), nil }
func (*benchWriter) WriteHeader(int)                     {}
func (*benchWriter) Flush()                              {}
func (*benchWriter) ReadFrom(r io.Reader) (int64, error) { return io.Copy(io.Discard, r) }
func (*benchWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, errors.ErrUnsupported
}

func benchRequest(ctx context.Context) *http.Request {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://shop.example/agents/billing/runs?page=2", strings.NewReader("{}"))
	if err != nil {
		panic(err)
	}
	r.RemoteAddr = "192.0.2.7:4711"
	for name, value := range map[string]string{
		"Accept": "application/json", "Accept-Encoding": "gzip, deflate, br", "Accept-Language": "en-GB,en;q=0.9",
		"Authorization": "Bearer abcdefghijklmnopqrstuvwxyz", "Content-Type": "application/json",
		"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "X-Request-Id": "5f0c1f0a8d9a4b7c",
	} {
		r.Header.Set(name, value)
	}
	return r
}

var (
	benchUser         = picket.User{ID: "u-17", Email: "ann@example.com", Name: "Ann"}
	benchOrganization = picket.Organization{ID: "o-3", Name: "Acme", Tier: "enterprise"}
	benchAgent        = picket.Agent{ID: "billing", Name: "Billing", Framework: "eino", Version: "2.1", Capabilities: []string{"invoices"}}
)

func benchOptions() picket.MiddlewareOptions {
	return picket.MiddlewareOptions{
		User:         func(*http.Request) picket.User { return benchUser },
		Organization: func(*http.Request) picket.Organization { return benchOrganization },
		Agent:        func(*http.Request) picket.Agent { return benchAgent },
	}
}

// benchIdentify is what stands in benchOptions, by the means of sentry-go.
func benchIdentify(s *sentry.Scope) {
	s.SetUser(sentry.User{ID: benchUser.ID, Email: benchUser.Email, Name: benchUser.Name})
	s.SetTag("organization.id", benchOrganization.ID)
	s.SetContext("organization", sentry.Context{"id": benchOrganization.ID, "name": benchOrganization.Name, "tier": benchOrganization.Tier})
	s.SetTag("agent.id", benchAgent.ID)
	s.SetTag("agent.name", benchAgent.Name)
	s.SetTag("agent.framework", benchAgent.Framework)
	s.SetTag("agent.version", benchAgent.Version)
	s.SetContext("agent", sentry.Context{"id": benchAgent.ID, "name": benchAgent.Name, "framework": benchAgent.Framework,
		"version": benchAgent.Version, "capabilities": benchAgent.Capabilities})
}

// benchServe returns a function that serves one request.
func benchServe(ctx context.Context, wrap func(http.Handler) http.Handler, handle http.HandlerFunc) func() {
	mux := http.NewServeMux()
	mux.Handle("POST /agents/{agentId}/runs", handle)
	h := wrap(mux)
	r := benchRequest(ctx)
	w := &benchWriter{header: http.Header{}}
	return func() {
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}

// servePicket returns a function that serves one request with that many spans.
func servePicket(t testing.TB, rate float64, spans int) func() {
	return benchServe(benchPicket(t, rate), picket.Middleware(benchOptions()), func(w http.ResponseWriter, r *http.Request) {
		for range spans {
			_, s := picket.StartSpan(r.Context(), "db.query", "SELECT * FROM runs WHERE agent = $1", slog.String("db.system", "postgresql"), slog.Int("rows", 3))
			s.End()
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

// serveSentry is servePicket with sentry-go alone.
func serveSentry(t testing.TB, rate float64, spans int) func() {
	benchSentry(t, max(rate, 0))
	return benchServe(t.Context(), sentryhttp.New(sentryhttp.Options{}).Handle, func(w http.ResponseWriter, r *http.Request) {
		benchIdentify(sentry.GetHubFromContext(r.Context()).Scope())
		for range spans {
			s := sentry.StartSpan(r.Context(), "db.query", sentry.WithDescription("SELECT * FROM runs WHERE agent = $1"))
			s.SetData("db.system", "postgresql")
			s.SetData("rows", 3)
			s.Finish()
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

func BenchmarkMiddleware(b *testing.B) {
	run := func(name string, rate float64, spans int) {
		measure := func(serve func(testing.TB, float64, int) func()) func(*testing.B) {
			return func(b *testing.B) {
				once := serve(b, rate, spans)
				b.ReportAllocs()
				for b.Loop() {
					once()
				}
			}
		}
		b.Run(name+"/picket", measure(servePicket))
		b.Run(name+"/sentry", measure(serveSentry))
	}
	run("unsampled", -1, 0)
	run("unsampled5", -1, 5)
	run("sampled", 1, 0)
	run("sampled5", 1, 5)
}

// TestAllocations holds the benchmark to what it promises, by what does not depend on the
// machine. It is not parallel: it counts what the whole process allocates.
func TestAllocations(t *testing.T) {
	f := func(rate float64, spans int, most float64) {
		t.Helper()
		var ours, theirs float64
		t.Run("picket", func(t *testing.T) { ours = testing.AllocsPerRun(200, servePicket(t, rate, spans)) })
		t.Run("sentry", func(t *testing.T) { theirs = testing.AllocsPerRun(200, serveSentry(t, rate, spans)) })
		if ours > theirs || ours > most {
			t.Errorf("rate %v, %d spans: %v allocations, want at most %v; sentry-go has %v", rate, spans, ours, most, theirs)
		}
	}
	f(-1, 0, 6)
	f(-1, 5, 6) // spans that are not sampled cost nothing
	f(1, 0, 60)
	f(1, 5, 80)
}

var errBench = fmt.Errorf("charge order: %w", &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")})

func BenchmarkCaptureException(b *testing.B) {
	b.Run("picket", func(b *testing.B) {
		ctx := picket.WithAgent(picket.WithOrganization(picket.WithUser(benchPicket(b, -1), benchUser), benchOrganization), benchAgent)
		for i := range 10 {
			picket.AddBreadcrumb(ctx, picket.Breadcrumb{Category: "query", Message: "SELECT * FROM orders", Data: []picket.Attr{slog.Int("rows", i)}})
		}
		b.ReportAllocs()
		for b.Loop() {
			if picket.CaptureException(ctx, errBench) == "" {
				b.Fatal("not sent")
			}
		}
	})
	b.Run("sentry", func(b *testing.B) {
		benchSentry(b, 0)
		hub := sentry.CurrentHub().Clone()
		benchIdentify(hub.Scope())
		for i := range 10 {
			hub.AddBreadcrumb(&sentry.Breadcrumb{Category: "query", Message: "SELECT * FROM orders", Data: map[string]any{"rows": i}}, nil)
		}
		b.ReportAllocs()
		for b.Loop() {
			if hub.CaptureException(errBench) == nil {
				b.Fatal("not sent")
			}
		}
	})
}

// BenchmarkSpan measures a child span, in transactions of fifty.
func BenchmarkSpan(b *testing.B) {
	const perTransaction = 50
	b.Run("picket", func(b *testing.B) {
		base := benchPicket(b, 1)
		ctx, root := picket.StartTransaction(base, "job", "bench")
		n := 0
		b.ReportAllocs()
		for b.Loop() {
			_, s := picket.StartSpan(ctx, "function", "work", slog.String("db.system", "postgresql"))
			s.Set(slog.Int("rows", 3))
			s.End()
			if n++; n%perTransaction == 0 {
				root.End()
				ctx, root = picket.StartTransaction(base, "job", "bench")
			}
		}
		root.End()
	})
	b.Run("sentry", func(b *testing.B) {
		benchSentry(b, 1)
		start := func() *sentry.Span {
			ctx := sentry.SetHubOnContext(b.Context(), sentry.CurrentHub().Clone())
			return sentry.StartTransaction(ctx, "bench", sentry.WithOpName("job"))
		}
		root := start()
		n := 0
		b.ReportAllocs()
		for b.Loop() {
			s := sentry.StartSpan(root.Context(), "function", sentry.WithDescription("work"))
			s.SetData("db.system", "postgresql")
			s.SetData("rows", 3)
			s.Finish()
			if n++; n%perTransaction == 0 {
				root.Finish()
				root = start()
			}
		}
		root.Finish()
	})
}
