package conformance

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gofrs/flock"
)

// cache is where clients are installed; git ignores it.
const cache = ".cache"

// everything reports whether all clients are asked for, and none may be missing.
func everything() bool { return os.Getenv("PICKET_CONFORMANCE") == "all" }

// missing ends a test whose client cannot be had here.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	if everything() {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}

// onlyWithAll skips clients that a plain go test leaves out.
func onlyWithAll(t *testing.T) {
	t.Helper()
	if !everything() {
		t.Skip("runs with PICKET_CONFORMANCE=all")
	}
}

// install calls steps once for every content of the input files: parallel tests
// and test runs wait for each other, and a second run finds a stamp.
func install(t *testing.T, name string, inputs []string, steps func() error) {
	t.Helper()
	if err := installOnce(name, inputs, steps); err != nil {
		missing(t, "install %s: %v", name, err)
	}
}

func installOnce(name string, inputs []string, steps func() error) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(cache, "lock"))
	if err := lock.Lock(); err != nil {
		return err
	}
	defer lock.Close()
	want, err := digest(inputs)
	if err != nil {
		return err
	}
	stamp := filepath.Join(cache, name+".stamp")
	if have, err := os.ReadFile(stamp); err == nil && string(have) == want {
		return nil
	}
	if err := steps(); err != nil {
		return err
	}
	return os.WriteFile(stamp, []byte(want), 0o644)
}

func digest(files []string) (string, error) {
	h := sha256.New()
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(h, "%d\n%s", len(b), b)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// run executes a step of an installation; its error ends with what was said last.
func run(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	out, err := cmd.CombinedOutput()
	if err != nil {
		lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, lines[len(lines)-1])
	}
	return nil
}

// npm installs clients/<name>/package-lock.json and returns the absolute folder
// that holds its node_modules.
func npm(t *testing.T, name string) string {
	t.Helper()
	if _, err := exec.LookPath("npm"); err != nil {
		missing(t, "needs npm: %v", err)
	}
	dir := absolute(t, filepath.Join(cache, "npm", name))
	from := filepath.Join("clients", name)
	files := []string{"package.json", "package-lock.json", ".npmrc"}
	var inputs []string
	for _, f := range files {
		inputs = append(inputs, filepath.Join(from, f))
	}
	install(t, "npm-"+name, inputs, func() error {
		for _, f := range files {
			if err := copyFile(filepath.Join(dir, f), filepath.Join(from, f)); err != nil {
				return err
			}
		}
		return run(dir, "npm", "ci", "--no-audit", "--no-fund")
	})
	return dir
}

// node returns the Node binary, if it is at least of that version.
func node(t *testing.T, major, minor int) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		missing(t, "needs Node: %v", err)
	}
	out, err := exec.Command(path, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	have := strings.Split(strings.TrimPrefix(strings.TrimSpace(string(out)), "v"), ".")
	a, _ := strconv.Atoi(have[0])
	b, _ := strconv.Atoi(have[1])
	if a < major || a == major && b < minor {
		missing(t, "needs Node %d.%d or later, have %d.%d", major, minor, a, b)
	}
	return path
}

// venv installs clients/python/<name>.txt and returns its Python.
func venv(t *testing.T, name string) string {
	t.Helper()
	if _, err := exec.LookPath("python3"); err != nil {
		missing(t, "needs python3: %v", err)
	}
	dir := absolute(t, filepath.Join(cache, name))
	python := filepath.Join(dir, "bin", "python")
	list := filepath.Join("clients", "python", name+".txt")
	install(t, name, []string{list}, func() error {
		if err := run("", "python3", "-m", "venv", "--clear", dir); err != nil {
			return err
		}
		return run("", python, "-m", "pip", "install", "-q", "-r", list)
	})
	return python
}

// debian installs a Debian package when there reports that it is not here yet.
func debian(t *testing.T, name string, there func() bool) {
	t.Helper()
	if there() {
		return
	}
	if os.Geteuid() != 0 {
		missing(t, "needs the Debian package %s, and only root may install it", name)
	}
	if err := installDebian(name, there); err != nil {
		missing(t, "install %s: %v", name, err)
	}
}

func installDebian(name string, there func() bool) error {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return err
	}
	lock := flock.New(filepath.Join(cache, "lock"))
	if err := lock.Lock(); err != nil {
		return err
	}
	defer lock.Close()
	if there() {
		return nil
	}
	if err := run("", "apt-get", "update", "-qq"); err != nil {
		return err
	}
	return run("", "apt-get", "install", "-y", "--no-install-recommends", name)
}

func copyFile(to, from string) error {
	b, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, b, 0o644)
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
