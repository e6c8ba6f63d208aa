package main

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

func TestDebugging(t *testing.T) {
	t.Parallel()
	refused := func(addr string) {
		t.Helper()
		if _, err := debugging(t.Context(), addr); err == nil || !strings.Contains(err.Error(), "--debug-addr") {
			t.Errorf("%s: error %v, want one that names --debug-addr", addr, err)
		}
	}
	refused("0.0.0.0:0")
	refused(":6060")
	refused("192.0.2.1:6060")
	refused("nonsense")

	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	refused(addr) // taken
	l.Close()
	stop, err := debugging(t.Context(), addr)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get("http://" + addr + "/debug/pprof/goroutine?debug=1")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(body), "goroutine profile") {
		t.Errorf("profile %.80q, %v, want the goroutines", body, err)
	}
	if err := stop(); err != nil {
		t.Errorf("stop: %v", err)
	}
}
