package examples

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/server"
)

// reading says how to check what a server holds after an example reported to it; said is
// what the example printed.
type reading func(t *testing.T, s *picketServer, said string)

// Every example runs twice: in local mode, and reporting to a server that must then hold
// what the example says that it reported. To add one, write its directory, a line here and
// a line in README.md.
func TestExamples(t *testing.T) {
	t.Parallel()
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin, "./...").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	tested := map[string]bool{}
	f := func(name string, read reading, says ...string) {
		tested[name] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := filepath.Join(bin, name)
			local, _ := run(t, program, "")
			mustSay(t, local, says)
			s := serve(t)
			said, logged := run(t, program, s.DSN())
			mustSay(t, said, says)
			if logged != "" {
				t.Errorf("with a DSN it logs:\n%s", logged)
			}
			read(t, s, said)
		})
	}
	f("basic", readBasic, `error reported: [0-9a-f]{32}\n`, `message reported: [0-9a-f]{32}\n`, `panic reported: [0-9a-f]{32}\n`)
	f("agenterror", readAgentError, `run-501 of agent invoice-clerk .* reported as [0-9a-f]{32}\n`, `run-502 .* reported as [0-9a-f]{32}\n`)
	f("execution", readExecution, `order-17: run ex_[0-9a-f]+ used 1280 tokens\n`, `order-99: no such order\n`)
	f("httpservice", readHTTPService, `/healthz → 200 *\n`, `billing/runs → 202 *\n`, `planner/runs → 503 [0-9a-f]{32} \{.*"eventId":"[0-9a-f]{32}"`,
		`billing/report → 500 [0-9a-f]{32} \{.*"eventId":"[0-9a-f]{32}"`)
	f("transactions", readTransactions, `imported 3 orders, the warehouse answered 201, trace [0-9a-f]{32}\n`)
	f("breadcrumbs", readBreadcrumbs, `the trail of the contract is in event [0-9a-f]{32}\n`, `the trail of the letter is in event [0-9a-f]{32}\n`)
	f("database", readDatabase, `open orders of acme: 65\n`, `the query failed, event [0-9a-f]{32} `)
	f("billing", readBilling, `acme +writer +17900 +\$0.0125\n`, `globex +reviewer +17900 +\$0.0125 +for nothing\n`)
	f("sampling", readSampling, `GET /healthz +kept 0 of 100\n`, `POST /checkout +kept 100 of 100\n`, `GET /catalogue +kept [0-9]+ of 100\n`, `executions +kept 5 of 5\n`)
	f("embedded", readEmbedded, `on=screen → 200\ndone\n`, `on=paper → 502\n\{.*"eventId":"[0-9a-f]{32}"`, `GET /sentry/stats/secretary → 200\n\{"agentId":"secretary",`)
	everyOne(t, tested)
}

// everyOne checks that all directories are tested and described.
func everyOne(t *testing.T, tested map[string]bool) {
	t.Helper()
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	mains, err := filepath.Glob("*/main.go")
	if err != nil || len(mains) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, main := range mains {
		name := filepath.Dir(main)
		if !tested[name] {
			t.Errorf("no test runs %s", name)
		}
		if !bytes.Contains(readme, []byte("["+name+"]("+main+")")) {
			t.Errorf("README.md does not describe %s", name)
		}
	}
}

// run runs a program to its end and returns what it printed and what it logged.
func run(t *testing.T, program, dsn string) (said, logged string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "SENTRY_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(cmd.Env, "SENTRY_DSN="+dsn)
	var out, log strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &log
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s%s", filepath.Base(program), err, &out, &log)
	}
	return out.String(), log.String()
}

func mustSay(t *testing.T, said string, want []string) {
	t.Helper()
	for _, w := range want {
		if !regexp.MustCompile(w).MatchString(said) {
			t.Errorf("it does not say %s:\n%s", w, said)
		}
	}
}

// found returns the first group of the first match.
func found(t *testing.T, said, expression string) string {
	t.Helper()
	m := regexp.MustCompile(expression).FindStringSubmatch(said)
	if m == nil {
		t.Fatalf("it does not say %s:\n%s", expression, said)
	}
	return m[1]
}

// picketServer is a Picket of one test.
type picketServer struct{ *server.Server }

// serve runs a server until the test ends.
func serve(t *testing.T) *picketServer {
	t.Helper()
	s, err := server.Open(t.Context(), server.Config{Addr: "127.0.0.1:0", Data: t.TempDir(), Dev: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("server: %v", err)
		}
	})
	return &picketServer{s}
}

// get reads the JSON of a path.
func (s *picketServer) get(t *testing.T, path string, into any) {
	t.Helper()
	a, err := http.Get(s.URL() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	if a.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %d %s", path, a.StatusCode, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		t.Fatalf("GET %s: %v in %s", path, err, body)
	}
}

// equal compares what was read with what was to be there.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: %s, want %s", what, g, w)
	}
}
