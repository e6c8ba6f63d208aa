package scrub

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/valyala/fastjson"
)

var update = flag.Bool("update", false, "rewrite the golden documents")

// TestGolden holds testdata/NAME.json, scrubbed, against testdata/NAME.golden.json.
// NAME begins with the kind of the document.
func TestGolden(t *testing.T) {
	t.Parallel()
	kinds := map[string]scrubFunc{"event": Event, "transaction": Event, "spans": Spans, "logs": Logs}
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no documents", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		if strings.HasSuffix(name, ".golden") {
			continue
		}
		kind, _, _ := strings.Cut(name, "-")
		if kinds[kind] == nil {
			t.Errorf("%s: no such kind", file)
			continue
		}
		golden(t, file, filepath.Join("testdata", name+".golden.json"), kinds[kind])
	}
}

func golden(t *testing.T, file, goldenFile string, f scrubFunc) {
	t.Helper()
	doc, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v, err := fastjson.ParseBytes(doc)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	f(v, new(fastjson.Arena), Rules{})
	var got bytes.Buffer
	if err := json.Indent(&got, appendJSON(nil, v), "", "  "); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	got.WriteByte('\n')
	if *update {
		if err := os.WriteFile(goldenFile, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s is not %s; after a look at the difference, -update rewrites it:\n%s", file, goldenFile, got.Bytes())
	}
}
