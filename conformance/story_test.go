package conformance

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// story is what every client tells: clients/story.json with a run's own id in it.
type story struct {
	Run         string
	Release     string
	Environment string
	ServerName  string
	Tags        map[string]string
	User        map[string]string
	Contexts    map[string]map[string]any
	Extra       map[string]any
	Breadcrumbs []breadcrumb
	Attachment  struct {
		Name, Type string
		Size       int
	}
	Failure, Cause struct{ Type, Message string }
	Message        struct{ Text, Level string }
	Spans          map[string]toldSpan

	text string // the JSON that clients are handed
}

type breadcrumb struct {
	Type, Category, Message, Level string
	Data                           map[string]any
}

type toldSpan struct {
	Op, Name   string
	Attributes map[string]any
}

// newStory returns the story of a run of that id.
func newStory(t *testing.T, run string) story {
	t.Helper()
	b, err := os.ReadFile("clients/story.json")
	if err != nil {
		t.Fatal(err)
	}
	s := story{text: strings.ReplaceAll(string(b), "RUN", run)}
	if err := json.Unmarshal([]byte(s.text), &s); err != nil {
		t.Fatalf("story: %v", err)
	}
	return s
}

// newRun returns an id that tells this run's telemetry apart.
func newRun() string {
	var b [4]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// secret returns the password that the server must have taken out.
func (s story) secret() string { return s.Extra["password"].(string) }

// agent returns the id by which the API knows the story's agent.
func (s story) agent() string { return s.Contexts["agent"]["id"].(string) }

// state returns the attachment's bytes: every byte value in turn.
func (s story) state() []byte {
	b := make([]byte, s.Attachment.Size)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// report is what a client says it sent: the ids under which to look.
type report struct {
	SDK         string            `json:"sdk"`
	Error       string            `json:"error,omitempty"`
	Message     string            `json:"message,omitempty"`
	Transaction string            `json:"transaction,omitempty"`
	Trace       string            `json:"trace,omitempty"`
	Spans       map[string]string `json:"spans,omitempty"`

	// Of clients that play scenes: each one's trace.
	Traces map[string]string `json:"traces,omitempty"`

	// Browsers only: how each request was answered, as far as the page may see.
	Statuses  []int  `json:"statuses,omitempty"`
	Preflight int    `json:"preflight,omitempty"`
	Failed    string `json:"failed,omitempty"`
}

// program is a client that is run as a process of its own: it finds the DSN and
// the story in its environment and prints its report as the last line.
func program(env []string, name string, args ...string) teller {
	return func(t *testing.T, dsn string, s story) report {
		t.Helper()
		env := slices.Concat(withoutSettings(os.Environ()), env,
			[]string{"SENTRY_DSN=" + dsn, "CONFORMANCE_STORY=" + s.text})
		out := output(t, env, name, args...)
		lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
		var r report
		if err := json.Unmarshal(lines[len(lines)-1], &r); err != nil {
			t.Fatalf("report of %s: %v in %q", name, err, out)
		}
		return r
	}
}

// output runs a program to its end and returns what it printed.
func output(t *testing.T, env []string, name string, args ...string) []byte {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = env
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s%s", name, err, out, said.Bytes())
	}
	return out
}
