package conformance

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRecordings checks every client's recorded requests as if the client were
// here. What counts by time is left out: recordings grow old.
func TestRecordings(t *testing.T) {
	t.Parallel()
	skipWhileRecording(t)
	f := func(d dialect) {
		t.Helper()
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			replay(t, d)
		})
	}
	f(sentryGo())
	f(node7())
	f(node10())
	f(node11())
	f(node11Static())
	f(browser11())
	f(sentryCLI())
	f(python1())
	f(python2("static"))
	f(python2("stream"))
	f(raven())
	f(sentryRuby())
}

// TestAgentRecordings checks the recorded scenes of agents likewise.
func TestAgentRecordings(t *testing.T) {
	t.Parallel()
	skipWhileRecording(t)
	f := func(a agentry) {
		t.Helper()
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			srv := startServer(t)
			audience{srv, a, srv.replay(t, a.name).Report}.checkAll(t)
		})
	}
	f(agents10())
	f(agents11())
	f(agents11Static())
	f(pythonAgents("static"))
	f(pythonAgents("stream"))
}

func skipWhileRecording(t *testing.T) {
	t.Helper()
	if *record {
		t.Skip("the recordings are being made")
	}
}

func replay(t *testing.T, d dialect) {
	srv := startServer(t)
	rec := srv.replay(t, d.name)
	w := witness{srv, d, newStory(t, rec.Run), rec.Report}
	w.checkAll(t)
	t.Run("whole", func(t *testing.T) { w.checkWhole(t, sentItems(t, filepath.Join("testdata", d.name), rec)) })
}

// replay sends what the client of that name sent when it was recorded.
func (s *server) replay(t *testing.T, name string) recording {
	t.Helper()
	dir := filepath.Join("testdata", name)
	b, err := os.ReadFile(filepath.Join(dir, "recording.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rec recording
	if err := json.Unmarshal(b, &rec); err != nil {
		t.Fatal(err)
	}
	for _, q := range rec.Requests {
		s.repeat(t, dir, q)
	}
	return rec
}

// key returns the public key of the server's DSN.
func (s *server) key() string {
	key, _, _ := strings.Cut(strings.TrimPrefix(s.dsn, "http://"), "@")
	return key
}

// repeat sends a recorded request, under this server's key.
func (s *server) repeat(t *testing.T, dir string, q recordedRequest) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join(dir, q.File))
	if err != nil {
		t.Fatal(err)
	}
	body = bytes.ReplaceAll(body, []byte(recordedKey), []byte(s.key()))
	target := s.base + strings.ReplaceAll(q.Target, recordedKey, s.key())
	req, err := http.NewRequest(q.Method, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("User-Agent", "")
	for name, value := range q.Header {
		req.Header.Set(name, strings.ReplaceAll(value, recordedKey, s.key()))
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("%s: %s %s answered %s", q.File, q.Method, q.Target, res.Status)
	}
}

// TestRecordingsAreNeutral checks that no recording names the machine it was
// made on.
func TestRecordingsAreNeutral(t *testing.T) {
	t.Parallel()
	skipWhileRecording(t)
	names, err := filepath.Glob("testdata/*/recording.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for _, name := range names {
		var rec recording
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &rec); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, q := range rec.Requests {
			checkNeutral(t, filepath.Join(filepath.Dir(name), q.File), q)
		}
	}
}

func checkNeutral(t *testing.T, path string, q recordedRequest) {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := unpack(q, body)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	for _, text := range []string{absolute(t, "..") + "/", "/root/", "/home/", "/Users/"} {
		if bytes.Contains(plain, []byte(text)) {
			t.Errorf("%s: holds a path of the machine that recorded it, %q", path, text)
		}
	}
}
