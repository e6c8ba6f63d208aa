package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"time"

	"relay.one/picket/wire"
)

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 60 * time.Second
)

// dsnPattern finds the DSN in what the server prints when it starts.
var dsnPattern = regexp.MustCompile(`http://[0-9a-f]{32}@127\.0\.0\.1:\d+/\d+`)

// child is a running server that this program started and nobody else may stop.
type child struct {
	cmd   *exec.Cmd
	pid   int
	dsn   wire.DSN
	debug string // where it serves profiles; empty when it does not
	said  *tail
	gone  chan struct{} // closed when it has ended
}

// tail passes on lines until it found the DSN and keeps the last text for error messages.
type tail struct {
	mu   sync.Mutex
	last bytes.Buffer
	dsn  chan string
	sent bool
}

// start runs the server on a data directory and returns once it has printed its
// DSN. Whoever starts it stops it.
func start(ctx context.Context, binary, dir string, more ...string) (*child, error) {
	args := append([]string{"serve", "--dev", "--addr", "127.0.0.1:0", "--data", dir}, more...)
	c := &child{cmd: exec.Command(binary, args...), said: &tail{dsn: make(chan string, 1)}, gone: make(chan struct{})}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.cmd.Stdout, c.cmd.Stderr = w, w
	c.cmd.Env = append(os.Environ(), "SENTRY_DSN=") // never forward the load
	err = c.cmd.Start()
	w.Close()
	if err != nil {
		r.Close()
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	c.pid = c.cmd.Process.Pid
	go c.said.read(r)
	go func() { c.cmd.Wait(); close(c.gone) }()
	if err := c.ready(ctx); err != nil {
		return nil, errors.Join(err, c.kill())
	}
	return c, nil
}

func (c *child) ready(ctx context.Context) error {
	select {
	case text := <-c.said.dsn:
		dsn, err := wire.ParseDSN(text)
		c.dsn = dsn
		return err
	case <-c.gone:
		return fmt.Errorf("the server ended at once: %s", c.said.text())
	case <-time.After(startTimeout):
		return fmt.Errorf("the server printed no DSN: %s", c.said.text())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop asks the server to end, waits, and kills it when it does not.
func (c *child) stop() error {
	c.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-c.gone:
		return nil
	case <-time.After(stopTimeout):
		return errors.Join(errors.New("the server did not stop in time"), c.kill())
	}
}

// kill ends the server at once, as a crash would.
func (c *child) kill() error {
	c.cmd.Process.Kill()
	<-c.gone
	return nil
}

func (t *tail) read(r *os.File) {
	defer r.Close()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		t.line(lines.Bytes())
	}
}

func (t *tail) line(b []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.Len() > 16<<10 {
		t.last.Reset()
	}
	t.last.Write(b)
	t.last.WriteByte('\n')
	if dsn := dsnPattern.Find(b); dsn != nil && !t.sent {
		t.sent = true
		t.dsn <- string(dsn)
	}
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last.String()
}

// get asks the server for a page and returns how long the answer took.
func (c *child) get(ctx context.Context, path string) (time.Duration, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.dsn.Scheme+"://"+c.dsn.Host+path, nil)
	if err != nil {
		return 0, err
	}
	begin := time.Now()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var body bytes.Buffer
	if _, err := body.ReadFrom(answer.Body); err != nil {
		return 0, err
	}
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("GET %s: %s: %.200s", path, answer.Status, body.String())
	}
	return time.Since(begin), nil
}
