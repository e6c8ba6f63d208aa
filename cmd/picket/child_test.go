package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"relay.one/picket/wire"
)

// child is a server in a process of its own.
type child struct {
	t    *testing.T
	cmd  *exec.Cmd
	dsn  wire.DSN
	rest chan struct{} // closed when its output has ended
	said bytes.Buffer  // what it wrote after the DSN
}

// startChild starts a server on the directory and returns once it listens. It is
// killed when the test ends, if it still runs then.
func startChild(t *testing.T, dir string, flags ...string) *child {
	t.Helper()
	return startChildAs(t, "1", dir, flags...)
}

// startChildAs is startChild for a process that TestMain makes something else.
func startChildAs(t *testing.T, what, dir string, flags ...string) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := &child{t: t, rest: make(chan struct{})}
	c.cmd = exec.Command(exe, append([]string{"serve", "--dev", "--addr", "127.0.0.1:0", "--data", dir}, flags...)...)
	c.cmd.Env = append(os.Environ(), asChild+"="+what)
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd.Stdout, c.cmd.Stderr = in, in
	err = c.cmd.Start()
	in.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	lines := bufio.NewReader(out)
	c.findDSN(lines)
	go func() {
		defer close(c.rest)
		io.Copy(&c.said, lines) // ends when the process does
		out.Close()
	}()
	if c.dsn.Host == "" {
		t.Fatal("the server ended at once")
	}
	return c
}

// findDSN reads up to the line that names it.
func (c *child) findDSN(lines *bufio.Reader) {
	for {
		line, err := lines.ReadString('\n')
		if text, ok := strings.CutPrefix(line, "DSN: "); ok {
			if c.dsn, err = wire.ParseDSN(text); err != nil {
				c.t.Fatal(err)
			}
			return
		}
		if err != nil {
			return
		}
		c.t.Logf("server: %s", line)
	}
}

// kill ends the process as a crash would. It may be called again.
func (c *child) kill() {
	if c.cmd.ProcessState != nil {
		return
	}
	c.cmd.Process.Kill()
	c.cmd.Wait()
	<-c.rest
}

// stop ends the process as an operator would, and fails the test when it does not
// end well.
func (c *child) stop() {
	c.t.Helper()
	c.cmd.Process.Signal(syscall.SIGTERM)
	if err := c.cmd.Wait(); err != nil {
		c.t.Errorf("the server ended with %v", err)
	}
	<-c.rest
	if c.t.Failed() {
		c.t.Logf("the server said:\n%s", c.said.String())
	}
}

func (c *child) url(path string) string { return c.dsn.Scheme + "://" + c.dsn.Host + path }

// post sends an envelope and returns the status; zero when no answer came.
func (c *child) post(client *http.Client, body []byte, encoding string) (status int, answer string) {
	r, err := http.NewRequest(http.MethodPost, c.dsn.EnvelopeURL(), bytes.NewReader(body))
	if err != nil {
		return 0, err.Error()
	}
	r.Header.Set("X-Sentry-Auth", "Sentry sentry_version=7, sentry_key="+c.dsn.PublicKey)
	if encoding != "" {
		r.Header.Set("Content-Encoding", encoding)
	}
	a, err := client.Do(r)
	if err != nil {
		return 0, err.Error()
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		return 0, err.Error()
	}
	return a.StatusCode, string(text)
}
