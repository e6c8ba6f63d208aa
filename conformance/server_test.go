package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// server is a Picket of its own for one test, stopped when the test ends.
type server struct {
	base string // http://127.0.0.1:port
	dsn  string
}

var (
	addressPattern = regexp.MustCompile(`http://[0-9.]+:[0-9]+`)
	dsnPattern     = regexp.MustCompile(`http://[0-9a-f]{32}@[0-9.]+:[0-9]+/1\b`)
)

// picketBinary builds cmd/picket once per test run and returns its path.
var picketBinary = sync.OnceValues(func() (string, error) {
	return build("picket", "../cmd/picket")
})

// build compiles a main package into the cache and returns its absolute path.
func build(name, dir string) (string, error) {
	path, err := filepath.Abs(filepath.Join(cache, "bin", name))
	if err != nil {
		return "", err
	}
	out, err := exec.Command("go", "build", "-o", path, dir).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build %s: %w: %s", dir, err, out)
	}
	return path, nil
}

// startServer starts a fresh Picket in development mode and waits for its address.
func startServer(t *testing.T, flags ...string) *server {
	t.Helper()
	path, err := picketBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, append([]string{"serve", "--dev", "--addr", "127.0.0.1:0", "--data", t.TempDir()}, flags...)...)
	cmd.Env = withoutSettings(os.Environ())
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	lines := bufio.NewReader(out)
	s, said := waitForAddress(lines)
	rest := make(chan struct{})
	go func() {
		io.Copy(said, lines)
		out.Close()
		close(rest)
	}()
	t.Cleanup(func() { stop(t, cmd, rest, said) })
	if s == nil {
		cmd.Process.Kill()
		t.Fatal("picket serve named no address and DSN")
	}
	return s
}

// withoutSettings drops what would steer the server from outside.
func withoutSettings(env []string) []string {
	var kept []string
	for _, e := range env {
		if !strings.HasPrefix(e, "PICKET_") && !strings.HasPrefix(e, "SENTRY_") {
			kept = append(kept, e)
		}
	}
	return kept
}

// waitForAddress reads lines until both the address and the DSN were named; the
// server is nil when it ended before.
func waitForAddress(lines *bufio.Reader) (*server, *strings.Builder) {
	said := &strings.Builder{}
	for {
		line, err := lines.ReadString('\n')
		said.WriteString(line)
		text := said.String()
		dsn := dsnPattern.FindString(text)
		if base := addressPattern.FindString(text); base != "" && dsn != "" {
			return &server{base: base, dsn: dsn}, said
		}
		if err != nil {
			return nil, said
		}
	}
}

// stop ends the process as an operator would, and shows what it said if the
// test failed.
func stop(t *testing.T, cmd *exec.Cmd, rest <-chan struct{}, said *strings.Builder) {
	cmd.Process.Signal(syscall.SIGTERM)
	err := cmd.Wait()
	<-rest
	if err != nil {
		t.Errorf("picket ended: %v", err)
	}
	if t.Failed() {
		t.Logf("picket said:\n%s", said)
	}
}

// get asks the server for a path and returns the body of a 200.
func (s *server) get(t *testing.T, path string) []byte {
	t.Helper()
	res, err := http.Get(s.base + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("GET %s: %v", path, err)
	}
	if res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s: %.300s", path, res.Status, body)
	}
	return body
}
