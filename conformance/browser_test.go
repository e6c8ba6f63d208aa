package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

func browser11() dialect {
	return dialect{
		name: "browser-11", sdk: "sentry.javascript.browser", platform: "javascript",
		failure: "RefundError", cause: "LedgerError", level: "error",
		throws: frame{function: "refundOrder", file: "bundle.js"},
		extra:  "context",
		crumbs: true, messages: true, attaches: true,
		traces: streams, failed: "internal_error",
		stacked: "tellStory",
		request: "/page",
	}
}

func TestBrowser11(t *testing.T) {
	t.Parallel()
	chromium := chromium(t)
	modules := npm(t, "browser")
	node(t, 18, 0)
	bundle := filepath.Join(t.TempDir(), "bundle.js")
	bundleWith(t, modules, bundle)
	prove(t, browser11(), func(t *testing.T, dsn string, s story) report {
		return browse(t, chromium, newPage(t, bundle, dsn, s))
	})
}

// chromium returns the browser's binary, installing Debian's where it is missing.
func chromium(t *testing.T) string {
	t.Helper()
	there := func() bool {
		_, err := exec.LookPath("chromium")
		return err == nil
	}
	debian(t, "chromium", there)
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// bundleWith makes one script of the client and the SDK, as a web site would.
func bundleWith(t *testing.T, modules, to string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(modules, "node_modules", ".bin", "esbuild"),
		"clients/browser/report.js", "--bundle", "--charset=utf8", "--log-level=error", "--outfile="+to)
	cmd.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(modules, "node_modules"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("esbuild: %v\n%s", err, out)
	}
}

// page is the web site on whose page the client runs: another origin than the
// server's, so that the browser asks for CORS.
type page struct {
	*httptest.Server
	reports chan []byte
}

func newPage(t *testing.T, bundle, dsn string, s story) *page {
	t.Helper()
	p := &page{reports: make(chan []byte, 1)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>refunds</title>
<script>window.CONFORMANCE = {dsn: %q, story: %s}</script>
<script src="/bundle.js"></script>`, dsn, s.text)
	})
	mux.HandleFunc("GET /bundle.js", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, bundle)
	})
	mux.HandleFunc("POST /report", func(w http.ResponseWriter, r *http.Request) {
		if b, err := io.ReadAll(r.Body); err == nil {
			p.reports <- b
		}
	})
	p.Server = httptest.NewServer(mux)
	t.Cleanup(p.Close)
	return p
}

// browse opens the page in a fresh browser and waits for its report.
func browse(t *testing.T, chromium string, p *page) report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu",
		"--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), p.URL+"/page")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		cancel()
		cmd.Wait()
	}()
	var r report
	select {
	case b := <-p.reports:
		if err := json.Unmarshal(b, &r); err != nil {
			t.Fatalf("report of the page: %v in %q", err, b)
		}
	case <-ctx.Done():
		t.Fatalf("the page sent no report: %v", ctx.Err())
	}
	checkAnswers(t, r)
	return r
}

// checkAnswers checks that the page could read every answer: a browser hides
// those without CORS headers.
func checkAnswers(t *testing.T, r report) {
	t.Helper()
	if r.Failed != "" {
		t.Errorf("the page failed: %s", r.Failed)
	}
	if len(r.Statuses) == 0 || slices.ContainsFunc(r.Statuses, func(n int) bool { return n != 200 }) {
		t.Errorf("the page read answers %v, want a 200 each", r.Statuses)
	}
	if r.Preflight != 200 {
		t.Errorf("a request with a preflight was answered %d, want 200", r.Preflight)
	}
}
