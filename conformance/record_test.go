package conformance

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// record turns every client's test into a recording of what it sends.
var record = flag.Bool("record", false, "record what the clients send into testdata, instead of checking it")

// recordedKey is the DSN's public key in recordings.
const recordedKey = "0123456789abcdef0123456789abcdef"

// recording is what a client sent in one run: the bodies stand in files beside it.
type recording struct {
	Run      string            `json:"run"`
	Report   report            `json:"report"`
	Requests []recordedRequest `json:"requests"`
}

type recordedRequest struct {
	File   string            `json:"file"` // the body exactly as sent, but for what names this machine
	Method string            `json:"method"`
	Target string            `json:"target"`
	Header map[string]string `json:"header"`
}

// keptHeaders are those that a server of ours may read.
var keptHeaders = []string{"Content-Type", "Content-Encoding", "X-Sentry-Auth", "User-Agent", "Origin"}

// recorder is a server that takes everything and keeps it.
type recorder struct {
	*httptest.Server
	mu     sync.Mutex
	kept   []recordedRequest
	bodies [][]byte
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// dsn returns the DSN that leads here.
func (r *recorder) dsn() string {
	return strings.Replace(r.URL, "://", "://"+recordedKey+"@", 1) + "/1"
}

// ServeHTTP keeps the request and answers as an ingest endpoint would.
func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Allow-Headers", "x-sentry-auth, content-type")
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if req.Method == http.MethodPost {
		r.keep(req, body)
	}
	io.WriteString(w, "{}")
}

func (r *recorder) keep(req *http.Request, body []byte) {
	kept := recordedRequest{Method: req.Method, Target: req.URL.RequestURI(), Header: map[string]string{}}
	for _, name := range keptHeaders {
		if v := req.Header.Get(name); v != "" {
			kept.Header[name] = v
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	kept.File = fmt.Sprintf("%02d.bin", len(r.kept)+1)
	r.kept = append(r.kept, kept)
	r.bodies = append(r.bodies, body)
}

// recordStory has the client tell its story to a recorder and writes testdata.
func recordStory(t *testing.T, name string, tell teller) {
	t.Helper()
	srv := newRecorder(t)
	got := recording{Run: newRun()}
	got.Report = tell(t, srv.dsn(), newStory(t, got.Run))
	srv.Close()
	got.Requests = srv.kept
	dir := filepath.Join("testdata", name)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	for i, q := range got.Requests {
		body, err := neutral(q, srv.bodies[i])
		if err != nil {
			t.Fatalf("request %d: %v", i+1, err)
		}
		writeFile(t, filepath.Join(dir, q.File), body)
	}
	b, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "recording.json"), append(b, '\n'))
}

func writeFile(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}
