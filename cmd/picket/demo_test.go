package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	t.Parallel()
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
	t.Cleanup(receiver.Close)
	dsn := strings.Replace(receiver.URL, "http://", "http://0123456789abcdef0123456789abcdef@", 1) + "/1"
	out, said, err := runLine(t, "demo --executions 5 --history 1h", "PICKET_DSN="+dsn)
	if err != nil || said != "" {
		t.Fatalf("demo: %v %s", err, said)
	}
	for _, want := range []string{"simulated: true", "5 of 5 executions", receiver.URL + "/api/v1/sentry/stats/"} {
		if !strings.Contains(out, want) {
			t.Errorf("demo prints no %q:\n%s", want, out)
		}
	}
}

// Without a server there is nothing to fill, and nothing is made.
func TestDemoWithoutServer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	f := func(data string) {
		t.Helper()
		if _, _, err := runLine(t, "demo --data "+data); err == nil || !strings.Contains(err.Error(), "picket serve --dev") {
			t.Errorf("%s: error %v, want one that says how to start a server", data, err)
		}
	}
	f(dir + "/nowhere")
	if _, err := os.Stat(dir + "/nowhere"); !os.IsNotExist(err) {
		t.Errorf("the directory was made: %v", err)
	}
	f(dir)
}
