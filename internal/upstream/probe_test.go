package upstream_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/outbound"
	"relay.one/picket/internal/upstream"
	"relay.one/picket/wire"
)

const publicKey = "0123456789abcdef0123456789abcdef"

var inside = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// dsnOf returns a DSN of project 7 on the server at that URL.
func dsnOf(url string) string {
	scheme, host, _ := strings.Cut(url, "://")
	return scheme + "://" + publicKey + "@" + host + "/7"
}

// answering serves a status and a body.
func answering(t *testing.T, status int, body string, headers ...string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		io.WriteString(w, body)
	}))
	t.Cleanup(s.Close)
	return dsnOf(s.URL)
}

// closed returns a DSN at a port where nobody listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return dsnOf("http://" + l.Addr().String())
}

// silent returns the address of a server that takes connections and does with each what
// it is told, nothing by default.
func silent(t *testing.T, do func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if do != nil {
				do(c)
			} else {
				t.Cleanup(func() { c.Close() })
			}
		}
	}()
	return l.Addr().String()
}

// nobody is a resolver that knows no name; mute one that never answers.
func nobody(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("no name server")
}

func mute(t *testing.T) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", silent(t, nil))
	}
}

func TestTry(t *testing.T) {
	t.Parallel()
	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.Config.ErrorLog = log.New(io.Discard, "", 0)
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	patient := outbound.Options{Allow: inside}
	hasty := outbound.Options{Allow: inside, Timeout: 50 * time.Millisecond}
	f := func(what, dsn string, o outbound.Options, stage model.Stage, status int, says string) {
		t.Helper()
		got, err := upstream.NewProber(o, "1.0").Try(t.Context(), model.TestEvent{DSN: dsn})
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if got.OK || got.Stage != stage || got.Status != status || !strings.Contains(got.Problem, says) {
			t.Errorf("%s: %+v, want %s, %d and %q", what, got, stage, status, says)
		}
		if strings.Contains(got.Problem, publicKey) {
			t.Errorf("%s tells the key: %s", what, got.Problem)
		}
		for _, p := range got.Passed {
			if p.Stage == stage || p.Took < 0 {
				t.Errorf("%s passed %+v and failed at %s", what, got.Passed, stage)
			}
		}
	}
	f("no DSN", "sentry.example.com", patient, model.StageParse, 0, "https://KEY@HOST/PROJECT")
	f("no name server", dsnOf("http://sentry.example.com"), outbound.Options{Resolver: &net.Resolver{PreferGo: true, Dial: nobody}}, model.StageResolve, 0, "could not be looked up")
	f("a name server that hangs", dsnOf("http://sentry.example.com"),
		outbound.Options{Timeout: 50 * time.Millisecond, Resolver: &net.Resolver{PreferGo: true, Dial: mute(t)}}, model.StageResolve, 0, "in time")
	f("a closed port", closed(t), patient, model.StageConnect, 0, "nobody listens")
	f("an address inside", closed(t), outbound.Options{}, model.StageConnect, 0, "--allow-outbound")
	f("metadata", dsnOf("http://169.254.169.254"), patient, model.StageConnect, 0, "link-local")
	f("a certificate of nobody we know", dsnOf(untrusted.URL), patient, model.StageTLS, 0, "certificate")
	f("no TLS there", strings.Replace(answering(t, 200, "{}"), "http:", "https:", 1), patient, model.StageTLS, 0, "scheme http")
	f("TLS that hangs", dsnOf("https://"+silent(t, nil)), hasty, model.StageTLS, 0, "in time")
	f("a server that hangs", dsnOf("http://"+silent(t, nil)), hasty, model.StageRejected, 0, "no answer in time")
	f("a server that hangs up", dsnOf("http://"+silent(t, func(c net.Conn) { c.Close() })), patient, model.StageRejected, 0, "closed the connection")
	f("401", answering(t, 401, ""), patient, model.StageAuth, 401, "key")
	f("403", answering(t, 403, `{"detail":"event submission rejected with_reason: ProjectId"}`), patient, model.StageAuth, 403, "with_reason: ProjectId")
	f("429", answering(t, 429, "", "Retry-After", "60"), patient, model.StageLimited, 429, "after 60")
	f("413", answering(t, 413, `{"detail":"envelope too large"}`), patient, model.StageRejected, 413, "envelope too large")
	f("400", answering(t, 400, `{"detail":"`+strings.Repeat("x", 1000)+`"}`), patient, model.StageRejected, 400, strings.Repeat("x", 150))
	f("500", answering(t, 500, "<html>"), patient, model.StageRejected, 500, "500")
	f("404", answering(t, 404, ""), patient, model.StageRejected, 404, "no Sentry")
	f("a redirect", answering(t, 302, "", "Location", "http://169.254.169.254/"), patient, model.StageRejected, 302, "redirects")
	f("a web page", answering(t, 200, "<html>Sign in to the Wi-Fi</html>", "Content-Type", "text/html; charset=utf-8"), patient, model.StageRejected, 200, "web page")
}

// TestTryArrives has a server look at the event that comes.
func TestTryArrives(t *testing.T) {
	t.Parallel()
	requests := make(chan *http.Request, 1)
	bodies := make(chan []byte, 1)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		requests <- r
		bodies <- body
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	p := upstream.NewProber(outbound.Options{Allow: inside, Roots: roots}, "1.2.3")
	got, err := p.Try(t.Context(), model.TestEvent{DSN: dsnOf(s.URL), Environment: "production", Release: "app@1"})
	if err != nil || !got.OK || got.Status != 200 || got.Stage != "" || got.Problem != "" || got.Event.IsZero() || got.Latency <= 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	var passed []model.Stage
	for _, p := range got.Passed {
		passed = append(passed, p.Stage)
	}
	want := []model.Stage{model.StageParse, model.StageResolve, model.StageConnect, model.StageTLS, model.StageAuth, model.StageLimited, model.StageRejected}
	if !slices.Equal(passed, want) {
		t.Errorf("passed %v, want %v", passed, want)
	}
	r, body := <-requests, <-bodies
	a, err := wire.ParseAuth(r.Header.Get("X-Sentry-Auth"))
	if err != nil || a.Key != publicKey || a.Version != 7 || a.Client != "picket/1.2.3" || r.URL.Path != "/api/7/envelope/" || r.Header.Get(wire.HopsHeader) != "1" {
		t.Errorf("%s with %+v, %v", r.URL.Path, a, err)
	}
	e, err := wire.ReadEnvelope(body)
	if err != nil || e.Header.EventID != got.Event.String() || len(e.Items) != 1 || e.Items[0].Type != wire.ItemEvent {
		t.Fatalf("%s: %v", body, err)
	}
	var event struct {
		EventID     string `json:"event_id"`
		Environment string
		Release     string
		Level       string
		Message     string
		Tags        map[string]string
	}
	if err := json.Unmarshal(e.Items[0].Payload, &event); err != nil || event.EventID != got.Event.String() || event.Environment != "production" ||
		event.Release != "app@1" || event.Tags["picket.test"] != "true" || !strings.Contains(event.Message, "Test event from Picket") {
		t.Errorf("%+v, %v", event, err)
	}
}

func TestTryTakesTurns(t *testing.T) {
	t.Parallel()
	come, leave := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { come <- struct{}{}; <-leave }))
	t.Cleanup(s.Close)
	p := upstream.NewProber(outbound.Options{Allow: inside}, "1.0")
	ended := make(chan error)
	for range 4 {
		go func() {
			_, err := p.Try(context.Background(), model.TestEvent{DSN: dsnOf(s.URL)})
			ended <- err
		}()
		<-come
	}
	if _, err := p.Try(t.Context(), model.TestEvent{DSN: dsnOf(s.URL)}); !errors.Is(err, model.ErrBusy) {
		t.Errorf("a fifth: %v", err)
	}
	close(leave)
	for range 4 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
