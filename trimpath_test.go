package picket

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/getsentry/sentry-go"
)

// probe is a program that prints its exceptions. The seam into the package exists in its
// build alone.
var probe = map[string]string{
	"main.go": `package main

import (
	"encoding/json"
	"net/http/httptest"
	"net/http"
	"os"

	"example.com/shop/orders"
)

func main() {
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		json.NewEncoder(os.Stdout).Encode(orders.Save())
	})
	h.ServeHTTP(httptest.NewRecorder(), nil)
}
`,
	"orders/orders.go": `package orders

import (
	"errors"
	"fmt"

	"relay.one/picket"
)

func Save() any { return picket.Probe(fmt.Errorf("save: %w", errors.New("no stock"))) }
`,
	"seam.txt": `package picket

import "github.com/getsentry/sentry-go"

func Probe(err error) []sentry.Exception { return exceptionsOf(err, callers(0), nil) }
`,
}

// In a binary built with -trimpath, sentry-go takes no frame for the application's.
func TestTrimpath(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds a program")
	}
	out, err := exec.Command(buildProbe(t)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var list []sentry.Exception
	if err := json.Unmarshal(out, &list); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	got := list[0].Type + ": " + list[0].Value
	for _, f := range list[0].Stacktrace.Frames {
		got += fmt.Sprintf("\n%s.%s %v %s", f.Module, f.Function, f.InApp, filepath.Base(f.Filename))
		if f.AbsPath != "" {
			t.Errorf("the program knows where it was built: %s", f.AbsPath)
		}
	}
	want := lines("orders.Save: save: no stock",
		"main.main true main.go",
		"net/http.HandlerFunc.ServeHTTP false server.go",
		"main.main.func1 true main.go",
		"example.com/shop/orders.Save true orders.go")
	if got != want {
		t.Errorf("the program reports\n%s\nwant\n%s", got, want)
	}
}

// buildProbe returns the path of the program.
func buildProbe(t *testing.T) string {
	t.Helper()
	checkout, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	sums, err := os.ReadFile("go.sum")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {
		filepath.Join(checkout, "probe_seam.go"): filepath.Join(dir, "seam.txt"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	files := maps.Clone(probe)
	files["go.sum"], files["overlay.json"] = string(sums), string(overlay)
	files["go.mod"] = "module example.com/shop\n\ngo 1.26.0\n\nrequire relay.one/picket v0.0.0\n\nreplace relay.one/picket => " + checkout + "\n"
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	build := exec.Command("go", "build", "-trimpath", "-overlay", "overlay.json", "-o", "probe", ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOSUMDB=off", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return filepath.Join(dir, "probe")
}
