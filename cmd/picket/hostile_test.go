package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
)

// maxResident is what the server's memory may peak at under everything below, in
// bytes: what the collector aims at, and some for what it does not see.
const maxResident = memoryLimit + 192<<20

// TestHostileInput sends what no client would. Nothing may be answered with 5xx,
// kill the server, swell its memory, or cost a good neighbour in the same envelope.
func TestHostileInput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	h := &hostile{child: startChild(t, dir, "--log-level", "error")}
	h.each(framings(), func(c hostileCase) { h.send(c) })
	h.each(documents(t), h.sendBesideNeighbour)
	h.each(compressions(t), func(c hostileCase) { h.send(c) })
	h.checkMemory()
	h.stop()
	h.checkNeighbours(dir)
}

// hostileCase is one attack.
type hostileCase struct {
	name     string
	body     string // the whole body, or the items
	encoding string
}

// hostile is the server under attack.
type hostile struct {
	*child
	mu         sync.Mutex
	neighbours []model.EventID
}

// each runs the attacks side by side.
func (h *hostile) each(cases []hostileCase, attack func(hostileCase)) {
	todo := make(chan hostileCase)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for c := range todo {
				attack(c)
			}
		})
	}
	for _, c := range cases {
		todo <- c
	}
	close(todo)
	wg.Wait()
}

func (h *hostile) send(c hostileCase) int {
	status, answer := h.post(http.DefaultClient, []byte(c.body), c.encoding)
	if status == 0 || status >= 500 {
		h.t.Errorf("%s: answered %d %.300s", c.name, status, answer)
	}
	return status
}

// sendBesideNeighbour sends bad items with a good event behind them, which must be kept.
func (h *hostile) sendBesideNeighbour(c hostileCase) {
	id := model.NewEventID()
	good := fmt.Sprintf("{\"type\":\"event\"}\n{\"event_id\":%q,\"message\":\"a good neighbour\",\"level\":\"info\"}\n", id.String())
	c.body = "{}\n" + c.body + "\n" + good
	if status := h.send(c); status != http.StatusOK {
		h.t.Errorf("%s: answered %d, want a partial accept", c.name, status)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.neighbours = append(h.neighbours, id)
}

var peakMemory = regexp.MustCompile(`(?m)^process_resident_memory_peak_bytes (\d+)`)

func (h *hostile) checkMemory() {
	a, err := http.Get(h.url("/metrics"))
	if err != nil {
		h.t.Fatal(err)
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	m := peakMemory.FindSubmatch(text)
	if m == nil {
		h.t.Log("the peak of resident memory is not known on this system")
		return
	}
	if peak, err := strconv.Atoi(string(m[1])); err != nil || peak > maxResident {
		h.t.Errorf("memory peaked at %d MiB, at most %d are fine (%v)", peak>>20, maxResident>>20, err)
	} else {
		h.t.Logf("memory peaked at %d MiB", peak>>20)
	}
}

// checkNeighbours finds every good neighbour again, and reads everything that was stored.
func (h *hostile) checkNeighbours(dir string) {
	db, err := sqlite.Open(filepath.Join(dir, "picket.db"), sqlite.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	in := store.Scope{Org: 1}
	for _, id := range h.neighbours {
		if _, err := db.Event(h.t.Context(), in, id); err != nil {
			h.t.Errorf("good neighbour %s: %v", id, err)
		}
	}
	n := 0
	q := store.EventQuery{In: in, Page: store.Page{Limit: 1000}}
	for {
		page, err := db.Events(h.t.Context(), q)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, e := range page.Events {
			n++
			r, err := db.Event(h.t.Context(), in, e.ID)
			if err != nil || !json.Valid(r.Payload) {
				h.t.Errorf("stored event %s cannot be read: %v", e.ID, err)
			}
		}
		if q.Page.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	h.t.Logf("%d good neighbours, %d events stored", len(h.neighbours), n)
}

// framings are envelopes that break the grammar.
func framings() (cases []hostileCase) {
	f := func(name, body string) { cases = append(cases, hostileCase{name: name, body: body}) }
	event := `{"message":"x"}`
	for _, length := range []string{"-1", "1.5", "1e3", `"15"`, "99999999999999999999", "2147483647", "9223372036854775807", "[]", "{}", "true", "14", "16", "null", "0"} {
		f("length "+length, "{}\n{\"type\":\"event\",\"length\":"+length+"}\n"+event+"\n")
	}
	for _, header := range []string{"", "null", "[]", `"x"`, "{", "{}}", "{}{}", `{"event_id":1}`, `{"event_id":"zz"}`, `{"sent_at":1}`, `{"sent_at":"never"}`,
		`{"sent_at":"2026-01-01T00:00:00Z","sent_at":"2026-01-01T00:00:00Z"}`, `{"dsn":1}`, `{"sdk":[]}`, `{"trace":{"trace_id":{}}}`, "\xff\xfe", "{\"a\":\"\xff\"}",
		"\xef\xbb\xbf{}", strings.Repeat("[", 100_000), `{"a":` + strings.Repeat("[", 100_000), `{"a":"` + strings.Repeat("x", 1<<20) + `"}`, "\x00\x00\x00"} {
		f("header", header+"\n{\"type\":\"event\"}\n"+event+"\n")
		f("item header", "{}\n"+header+"\n"+event+"\n")
	}
	f("nothing but line feeds", strings.Repeat("\n", 1<<20))
	f("too many items", "{}\n"+strings.Repeat("{}\n\n", 20_000))
	f("many item types", "{}\n"+manyTypes(5000))
	f("no payload", "{}\n{\"type\":\"event\"}")
	f("attachment of nothing", "{}\n{\"type\":\"attachment\",\"length\":0}\n\n")
	f("thousands of attachments", "{}\n"+strings.Repeat("{\"type\":\"attachment\",\"filename\":\"../../etc/passwd\"}\nx\n", 31))
	f("JSON that swells", "{}\n{\"type\":\"log\"}\n{\"items\":["+strings.Repeat("[],", 4_000_000)+"[]]}\n")
	f("one event too large", "{}\n{\"type\":\"event\"}\n{\"message\":\""+strings.Repeat("x", 2<<20)+"\"}\n")
	return cases
}

func manyTypes(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"type\":\"made_up_%d\"}\n{}\n", i)
	}
	return b.String()
}

// compressions are bodies that break or abuse an encoding.
func compressions(t *testing.T) (cases []hostileCase) {
	t.Helper()
	zeros := make([]byte, 1<<20)
	for name, open := range map[string]func(io.Writer) io.WriteCloser{
		"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
		"br":      func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 1) },
		"zstd":    func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
	} {
		var b bytes.Buffer
		w := open(&b)
		io.WriteString(w, "{}\n{\"type\":\"event\"}\n")
		for range 256 {
			w.Write(zeros)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		bomb := b.String()
		for range 4 { // side by side
			cases = append(cases, hostileCase{name + " bomb", bomb, name})
		}
		cases = append(cases, hostileCase{name + " cut short", bomb[:len(bomb)/2], name},
			hostileCase{name + " that is none", "{}\n{\"type\":\"event\"}\n{}\n", name},
			hostileCase{name + " of noise", strings.Repeat("\x1f\x8b\x28\xb5\x2f\xfd\x78\x9c", 5000), name})
	}
	return cases
}
