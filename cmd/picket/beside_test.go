package main

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/rollup"
	"relay.one/picket/internal/sqlite"
)

// The command line works beside a server in another process, and does not disturb
// what that one counts.
func TestBesideServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startChild(t, dir, "--dev=false", "--log-level", "error")
	l := &load{begun: time.Now().UTC()}
	const events = 3 // of four envelopes the last is a transaction
	for n := range events {
		if status, answer := c.post(http.DefaultClient, []byte(l.envelope(n+1)), ""); status != http.StatusOK {
			t.Fatal(status, answer)
		}
	}
	f := func(line string) string {
		t.Helper()
		out, said, err := runLine(t, line+" --data "+dir)
		if err != nil {
			t.Fatalf("%s: %v %s", line, err, said)
		}
		return strings.TrimSpace(out)
	}
	if dsn := f("project dsn"); dsn != c.dsn.String() {
		t.Errorf("the command line knows %s, the server %s", dsn, c.dsn)
	}
	f("project create --project second")
	secret := f("token create --scope event:read")
	for token, want := range map[string]int{secret: http.StatusOK, "nonsense": http.StatusUnauthorized} {
		r, err := http.NewRequest(http.MethodGet, c.url("/metrics"), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != want {
			t.Errorf("token %.8s… is answered %d, want %d", token, a.StatusCode, want)
		}
	}
	_, _, err := runLine(t, "serve --addr 127.0.0.1:0 --data "+dir)
	if err == nil || !strings.Contains(err.Error(), strconv.Itoa(c.cmd.Process.Pid)) {
		t.Errorf("a second server on the same data: %v, want the process named", err)
	}
	c.stop()
	db, err := sqlite.Open(dir+"/picket.db", sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if got := sum(t, db, rollup.Events); got != events {
		t.Errorf("the counters say %d events, want %d", got, events)
	}
}
