package picket

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"relay.one/picket/wire"
)

// childVariable names the program that the test binary is to be, childDSN where it
// reports.
const (
	childVariable = "PICKET_TEST_CHILD"
	childDSN      = "PICKET_TEST_DSN"
)

// children are the programs that tests run and watch die.
var children = map[string]func(ctx context.Context){
	"steps": childOfSteps,
	"panic": childThatPanics,
}

// TestChild is no test but those programs.
func TestChild(t *testing.T) {
	run := children[os.Getenv(childVariable)]
	if run == nil {
		t.Skip("is run by other tests")
	}
	c, err := New(Options{DSN: os.Getenv(childDSN), Environment: "test", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	run(NewContext(context.Background(), c))
}

// childOfSteps ends a span for each line that it reads, and says so.
func childOfSteps(ctx context.Context) {
	ctx, _ = StartExecution(ctx, Agent{Name: "Billing"}, ExecutionID("ex-81"))
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		_, tool := StartToolCall(ctx, ToolCall{Name: in.Text()})
		tool.End(nil, nil)
		fmt.Println("ended", in.Text())
	}
}

// childThatPanics dies of a goroutine.
func childThatPanics(ctx context.Context) {
	Go(WithUser(ctx, User{ID: "u1"}), func(context.Context) { panic("boom") })
	select {}
}

// receiver is a server that a child reports to.
type receiver struct {
	mailbox
	dsn string

	changed chan struct{} // holds something after each envelope
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{changed: make(chan struct{}, 1)}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if err := r.take(q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		select {
		case r.changed <- struct{}{}:
		default:
		}
	}))
	t.Cleanup(s.Close)
	r.dsn = strings.Replace(s.URL, "://", "://0123456789abcdef0123456789abcdef@", 1) + "/1"
	return r
}

// await waits until what has come is enough.
func (r *receiver) await(t *testing.T, what string, enough func() bool) {
	t.Helper()
	late := time.After(time.Minute)
	for !enough() {
		select {
		case <-r.changed:
		case <-late:
			t.Fatalf("%s: has not come in a minute", what)
		}
	}
}

func (r *receiver) has(t *testing.T, name string) bool {
	for _, s := range r.spans(t) {
		if s["name"] == name {
			return true
		}
	}
	return false
}

// child is a process of this test's.
type child struct {
	*exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	errors bytes.Buffer
	once   sync.Once
}

func startChild(t *testing.T, name, dsn string) *child {
	t.Helper()
	c := &child{Cmd: exec.Command(os.Args[0], "-test.run=^TestChild$")}
	c.Env = append(os.Environ(), childVariable+"="+name, childDSN+"="+dsn)
	var err error
	if c.in, err = c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out, c.Stderr = bufio.NewReader(out), &c.errors
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.kill)
	return c
}

// kill ends the process as the kernel does that is short of memory.
func (c *child) kill() {
	c.once.Do(func() {
		_ = c.Process.Kill() // it may be gone
		_ = c.Wait()
	})
}

// step has the child end a span.
func (c *child) step(t *testing.T, name string) {
	t.Helper()
	if _, err := fmt.Fprintln(c.in, name); err != nil {
		t.Fatal(err)
	}
	if line, err := c.out.ReadString('\n'); line != "ended "+name+"\n" {
		t.Fatalf("the child says %q: %v: %s", line, err, c.errors.String())
	}
}

// A process that is killed has told all that ended before, but for the last moments.
func TestKilledProcessLosesMoments(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	c := startChild(t, "steps", r.dsn)
	for _, name := range []string{"one", "two", "three"} {
		c.step(t, name)
		r.await(t, name, func() bool { return r.has(t, "execute_tool "+name) })
	}
	c.step(t, "last words")
	c.kill()
	for _, s := range r.spans(t) {
		wantAttrs(t, s, object{wire.AttrExecutionID: "ex-81", "gen_ai.agent.name": "Billing"})
		if s["name"] == "invoke_agent Billing" {
			t.Error("the agent's span has come, though it never ended")
		}
	}
}

// A panic in a goroutine of Go ends the process, and is told before.
func TestGoTellsItsPanic(t *testing.T) {
	t.Parallel()
	r := newReceiver(t)
	c := startChild(t, "panic", r.dsn)
	err := c.Wait()
	if err == nil || !strings.Contains(c.errors.String(), "panic: boom") {
		t.Errorf("the process ended with %v and says %s", err, c.errors.String())
	}
	list := r.items(t, "event")
	if len(list) != 1 {
		t.Fatalf("%d events were told", len(list))
	}
	x := exceptions(list[0])[0]
	if list[0]["level"] != "fatal" || x["type"] != "panic" || x["value"] != "boom" || at(x, "mechanism", "handled") != false || at(list[0], "user", "id") != "u1" {
		t.Errorf("told %v", list[0])
	}
}
