package conformance

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"relay.one/picket/wire"
)

// spotlight is Sentry's own receiver of envelopes for development. It is no work of ours,
// and shows what its reader made of them.
type spotlight struct {
	port string
	seen chan seen
}

// seen is an envelope as Spotlight read it: a header and [header, payload] of every item.
type seen struct {
	header map[string]any
	items  [][2]map[string]any
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *seen) UnmarshalJSON(b []byte) error {
	return json.Unmarshal(b, &[]any{&s.header, &s.items})
}

// startSpotlight starts it on loopback and listens to what it sees.
func startSpotlight(t *testing.T) *spotlight {
	t.Helper()
	binary := node(t, 20, 0)
	cmd := exec.Command(binary, absolute(t, filepath.Join("clients", "spotlight", "receive.mjs")))
	cmd.Env = append(withoutSettings(os.Environ()), "CONFORMANCE_MODULES="+npm(t, "spotlight"))
	var said strings.Builder
	cmd.Stderr = &said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Signal(syscall.SIGTERM)
		cmd.Wait() // it says that it was told to
		if t.Failed() {
			t.Logf("Spotlight said:\n%s", said.String())
		}
	})
	s := &spotlight{seen: make(chan seen, 1000)}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if _, port, ok := strings.Cut(lines.Text(), "port "); ok {
			s.port = port
			break
		}
	}
	if s.port == "" {
		t.Fatal("Spotlight named no port")
	}
	go func() {
		for lines.Scan() { // or it waits for a reader
		}
	}()
	s.listen(t)
	return s
}

func (s *spotlight) dsn() string {
	return "http://" + strings.Repeat("5", 32) + "@127.0.0.1:" + s.port + "/1"
}

// listen follows Spotlight's stream, as its pages do.
func (s *spotlight) listen(t *testing.T) {
	t.Helper()
	r, err := http.Get("http://127.0.0.1:" + s.port + "/stream?base64=1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Body.Close() })
	go func() {
		lines := bufio.NewReader(r.Body)
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				return
			}
			data, ok := strings.CutPrefix(line, "data: ")
			if !ok {
				continue
			}
			var e seen
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Errorf("Spotlight says what cannot be read: %v", err)
				return
			}
			s.seen <- e
		}
	}()
}

// TestSpotlight forwards what every client sent to Spotlight: each envelope arrives, under
// its id, with all of its items in their order, and what Spotlight reads in them is what
// came, but for what personal tells and secrets.
func TestSpotlight(t *testing.T) {
	t.Parallel()
	skipWhileRecording(t)
	up := startSpotlight(t)
	srv := startServer(t, "--upstream-dsn", up.dsn(), "--allow-outbound", "127.0.0.0/8")
	names, err := filepath.Glob("testdata/*/recording.json")
	if err != nil || len(names) < 10 {
		t.Fatalf("%d recordings, %v", len(names), err)
	}
	items, kinds := 0, map[string]int{}
	for _, name := range names {
		dir := filepath.Dir(name)
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var rec recording
		if err := json.Unmarshal(b, &rec); err != nil {
			t.Fatal(err)
		}
		for _, q := range rec.Requests {
			want := envelopeOf(t, dir, q)
			if len(want.Items) == 0 || breaksSpotlight(want) {
				continue
			}
			srv.repeat(t, dir, q)
			select {
			case got := <-up.seen:
				compareSeen(t, filepath.Join(dir, q.File), want, got)
				items += len(want.Items)
				for _, item := range want.Items {
					kinds[item.Type]++
				}
			case <-time.After(20 * time.Second):
				t.Fatalf("%s: %s does not arrive", dir, q.File)
			}
		}
	}
	t.Logf("%d items of %d recordings arrived: %v", items, len(names), kinds)
	for _, kind := range []string{"event", "transaction", "span", "session", "attachment"} {
		if kinds[kind] == 0 {
			t.Errorf("no %s arrived: the test shows too little", kind)
		}
	}
}

// breaksSpotlight reports whether an event has its exceptions in a bare list, as sentry-go
// sends them: version 4.11 of Spotlight answers that with 500, whoever sends it.
func breaksSpotlight(e *wire.Envelope) bool {
	return slices.ContainsFunc(e.Items, func(item wire.Item) bool {
		var event struct{ Exception json.RawMessage }
		return item.Type == wire.ItemEvent && json.Unmarshal(item.Payload, &event) == nil && strings.HasPrefix(string(event.Exception), "[")
	})
}

// envelopeOf returns what a recorded request sent.
func envelopeOf(t *testing.T, dir string, q recordedRequest) *wire.Envelope {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, q.File))
	if err != nil {
		t.Fatal(err)
	}
	body, err := unpack(q, raw)
	if err != nil {
		t.Fatalf("%s: %v", q.File, err)
	}
	if !strings.Contains(q.Target, "/envelope") {
		return &wire.Envelope{Items: []wire.Item{{Type: wire.ItemEvent, Payload: body}}}
	}
	e, err := wire.ReadEnvelope(body)
	if err != nil {
		t.Fatalf("%s: %v", q.File, err)
	}
	return e
}

// compareSeen holds what Spotlight saw against what was sent.
func compareSeen(t *testing.T, name string, want *wire.Envelope, got seen) {
	t.Helper()
	if id := want.Header.EventID; id != "" && got.header["event_id"] != id {
		t.Errorf("%s: event_id = %v, want %s", name, got.header["event_id"], id)
	}
	if !strings.HasPrefix(fmt.Sprint(got.header["dsn"]), "http://55555") {
		t.Errorf("%s: dsn = %v", name, got.header["dsn"])
	}
	if len(got.items) != len(want.Items) {
		t.Errorf("%s: %d items arrived, want %d", name, len(got.items), len(want.Items))
		return
	}
	for i, item := range want.Items {
		header, payload := got.items[i][0], got.items[i][1]
		if header["type"] != item.Type {
			t.Errorf("%s: item %d is %v, want %s", name, i, header["type"], item.Type)
			continue
		}
		if item.Type == wire.ItemAttachment {
			continue // it is shown in base64 or as text, by its type
		}
		var was map[string]any
		if err := json.Unmarshal(item.Payload, &was); err != nil {
			t.Fatalf("%s: item %d: %v", name, i, err)
		}
		comparePayload(t, fmt.Sprintf("%s: %s", name, item.Type), was, payload)
	}
}

// comparePayload compares what Spotlight shows of a payload: every member but those that
// tell of persons or were cleared, which the test of the server compares value by value.
func comparePayload(t *testing.T, what string, was, is map[string]any) {
	t.Helper()
	apart := []string{"user", "request", "breadcrumbs", "contexts", "extra", "sdk", "spans", "items", "tags", "exception", "type", "_meta", "attrs", "ingest_settings"}
	for key, value := range was {
		if _, ok := is[key]; !ok {
			t.Errorf("%s: %s is gone", what, key)
		}
		if !slices.Contains(apart, key) && !reflect.DeepEqual(value, is[key]) {
			t.Errorf("%s: %s is %v, was %v", what, key, is[key], value)
		}
		if list, ok := value.([]any); ok && (key == "spans" || key == "items" || key == "exception") {
			if got, _ := is[key].([]any); len(got) != len(list) {
				t.Errorf("%s: %d %s, want %d", what, len(got), key, len(list))
			}
		}
	}
}
