package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"relay.one/picket/internal/server"
	"relay.one/picket/wire"
)

// asChild makes this test binary be picket itself, for the tests that need a
// process that can be killed.
const asChild = "PICKET_TEST_AS_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(asChild) {
	case "":
	case hurried:
		serveHurriedly()
	default:
		main()
	}
	os.Exit(m.Run())
}

// call runs a command line with an environment ("NAME=value") and returns what it printed.
func runLine(t *testing.T, line string, env ...string) (out, said string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	lookup := func(name string) (string, bool) {
		for _, e := range env {
			if k, v, _ := strings.Cut(e, "="); k == name {
				return v, true
			}
		}
		return "", false
	}
	err = run(t.Context(), call{strings.Fields(line), lookup, &stdout, &stderr})
	return stdout.String(), stderr.String(), err
}

func TestProjectDSN(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := func(line, host, project string, env ...string) {
		t.Helper()
		out, said, err := runLine(t, line+" --data "+dir, env...)
		if err != nil {
			t.Fatalf("%s: %v %s", line, err, said)
		}
		d, err := wire.ParseDSN(strings.TrimSuffix(out, "\n"))
		if err != nil || d.Host+d.Path != host || d.ProjectID != project {
			t.Errorf("%s prints %q: %v", line, out, err)
		}
		if said != "" {
			t.Errorf("%s says %q", line, said)
		}
	}
	f("project dsn", "127.0.0.1:3001", "1")
	f("project dsn --project default", "127.0.0.1:3001", "1")
	f("project dsn --project 1", "127.0.0.1:3001", "1")
	f("project dsn --addr 127.0.0.1:99", "127.0.0.1:99", "1")
	f("project dsn", "picket.example/base", "1", "PICKET_PUBLIC_URL=https://picket.example/base/")
	f("project dsn --public-url http://line", "line", "1", "PICKET_PUBLIC_URL=https://env")
	f("project create --project second --platform go", "127.0.0.1:3001", "2")
	f("project dsn", "127.0.0.1:3001", "2", "PICKET_PROJECT=second")

	out, _, err := runLine(t, "project list --data "+dir)
	if err != nil || !strings.Contains(out, "default") || !strings.Contains(out, "second") {
		t.Errorf("project list: %q %v", out, err)
	}
}

func TestProjectLimit(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := func(line string, want int) {
		t.Helper()
		if _, said, err := runLine(t, line+" --data "+dir); err != nil {
			t.Fatalf("%s: %v %s", line, err, said)
		}
		desk, err := server.OpenDesk(t.Context(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer desk.Close()
		if desk.Key.PerMinute != want || !desk.Key.Enabled {
			t.Errorf("%s: key %+v, want %d a minute", line, desk.Key, want)
		}
	}
	f("project limit --per-minute 600", 600)
	f("project limit --project 1", 0)
}

func TestTokenCreate(t *testing.T) {
	t.Parallel()
	out, said, err := runLine(t, "token create --scope event:read,org:read --scope project:read --data "+t.TempDir())
	if err != nil || said != "" || strings.Count(out, "\n") != 1 || len(strings.Fields(out)) != 1 {
		t.Errorf("token create prints %q and %q: %v", out, said, err)
	}
}

func TestUserLink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := func(line, begins string, env ...string) {
		t.Helper()
		out, said, err := runLine(t, line+" --data "+dir, env...)
		if err != nil || said != "" || strings.Count(out, "\n") != 1 || !strings.HasPrefix(out, begins+"/setup#pkl_") {
			t.Errorf("%s prints %q and %q: %v", line, out, said, err)
		}
	}
	f("user link", "http://127.0.0.1:3001")
	f("user link", "https://picket.example/base", "PICKET_PUBLIC_URL=https://picket.example/base/")
	if out, _, err := runLine(t, "user link --email ann@example.com --data "+dir); out != "" || err == nil || !strings.Contains(err.Error(), "not found") {
		t.Errorf("a link for nobody: %q %v", out, err)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	out, _, err := runLine(t, "version")
	if err != nil || !strings.HasPrefix(out, "picket ") || !strings.Contains(out, "go1.") {
		t.Errorf("version prints %q: %v", out, err)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	f := func(line string, want error, text string) {
		t.Helper()
		out, said, err := runLine(t, line)
		if !errors.Is(err, want) || !strings.Contains(out+said, text) {
			t.Errorf("picket %s: %v, said %q %q", line, err, out, said)
		}
	}
	f("", errUsage, "serve")
	f("help", nil, "serve")
	f("nonsense", errUsage, `no command "nonsense"`)
	f("serve --help", flag.ErrHelp, "PICKET_TRUSTED_PROXY")
	f("serve --nonsense", errUsage, "nonsense")
	f("serve extra", errUsage, "extra")
	f("project", errUsage, "list|create|dsn|limit")
	f("project nonsense", errUsage, "list|create|dsn|limit")
	f("project --help", flag.ErrHelp, "PICKET_PROJECT")
	f("token", errUsage, "--scope")
	f("user", errUsage, "--email")
	f("version extra", errUsage, "extra")
}

func TestBadSettingsAreNamed(t *testing.T) {
	t.Parallel()
	f := func(line, want string, env ...string) {
		t.Helper()
		_, said, err := runLine(t, line, env...)
		if err == nil || !strings.Contains(err.Error()+said, want) {
			t.Errorf("picket %s %v: error %v, said %q; want %s named", line, env, err, said, want)
		}
	}
	f("serve", "PICKET_DEV", "PICKET_DEV=perhaps")
	f("serve", "PICKET_RETENTION", "PICKET_RETENTION=soon")
	f("serve", "PICKET_TRUSTED_PROXY", "PICKET_TRUSTED_PROXY=nowhere")
	f("serve --retention 0d", "retention")
	f("serve --retention -5h", "retention")
	f("serve --log-format xml", "--log-format")
	f("serve --log-level loud", "--log-level")
	f("serve --dev --addr 0.0.0.0:0", "--addr")
	f("serve --addr nonsense", "--addr")
	f("project dsn --public-url nonsense", "--public-url")
	f("project dsn --project none --data "+t.TempDir(), `--project "none"`)
	f("project limit --per-minute -1 --data "+t.TempDir(), "--per-minute")
	f("project create --project UPPER --data "+t.TempDir(), `--project "UPPER"`)
	f("token create --scope event:dance", "event:dance")
	f("token create --data "+t.TempDir(), "--scope")
}

func TestServeConfig(t *testing.T) {
	t.Parallel()
	line := "--retention 7d --trusted-proxy 10.0.0.0/8,::1 --trusted-proxy 192.0.2.7"
	c, err := serveConfig(call{strings.Fields(line), func(string) (string, bool) { return "", false }, nil, os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	if c.Retention.Hours() != 7*24 || len(c.TrustedProxies) != 3 || c.TrustedProxies[2].String() != "192.0.2.7/32" {
		t.Errorf("config = %+v", c)
	}
	if c.Addr != defaultAddr || c.Data != defaultData || c.Dev {
		t.Errorf("defaults = %+v", c)
	}
}

// The server prints its real address, and stops when told.
func TestServe(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	out := &firstLines{want: 2, full: cancel}
	err := run(ctx, call{strings.Fields("serve --dev --addr 127.0.0.1:0 --log-level error --data " + t.TempDir()),
		func(string) (string, bool) { return "", false }, out, os.Stderr})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.text, "http://127.0.0.1:") || strings.Contains(out.text, ":0\n") || !strings.Contains(out.text, "DSN: http://") {
		t.Errorf("serve prints %q", out.text)
	}
}

// firstLines calls full once that many lines were written.
type firstLines struct {
	text string
	want int
	full func()
}

func (f *firstLines) Write(b []byte) (int, error) {
	f.text += string(b)
	if strings.Count(f.text, "\n") >= f.want {
		f.full()
	}
	return len(b), nil
}
