package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/access"
	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// stream is one that a test listens to.
type stream struct {
	w     *world
	lines *bufio.Scanner
	stop  func()
}

// tail begins to listen; the stream is open when it returns.
func (w *world) tail(token, query string) *stream {
	w.t.Helper()
	ctx, stop := context.WithCancel(w.t.Context())
	r, err := http.NewRequestWithContext(ctx, "GET", w.url+"/api/v1/tail"+query, nil)
	w.must(err)
	r.Header.Set("Authorization", "Bearer "+token)
	a, err := http.DefaultClient.Do(r)
	w.must(err)
	w.t.Cleanup(func() { stop(); a.Body.Close() })
	if a.StatusCode != 200 || a.Header.Get("Content-Type") != "text/event-stream" || a.Header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("tail %s: %d %v", query, a.StatusCode, a.Header)
	}
	s := &stream{w, bufio.NewScanner(a.Body), stop}
	s.lines.Buffer(nil, 1<<20)
	if !s.lines.Scan() || s.lines.Text() != "retry: 2000" {
		w.t.Fatalf("the stream begins with %q", s.lines.Text())
	}
	return s
}

// next returns the name and the data of the next message; empty at the end.
func (s *stream) next() (name string, data map[string]any) {
	s.w.t.Helper()
	for s.lines.Scan() {
		if n, ok := strings.CutPrefix(s.lines.Text(), "event: "); ok {
			name = n
		}
		if text, ok := strings.CutPrefix(s.lines.Text(), "data: "); ok {
			s.w.must(json.Unmarshal([]byte(text), &data))
			return name, data
		}
	}
	return "", nil
}

// beats reads until the stream says that it lives.
func (s *stream) beats() {
	s.w.t.Helper()
	for s.lines.Scan() {
		if s.lines.Text() == ": beat" {
			return
		}
	}
	s.w.t.Fatal("the stream ended before it beat")
}

func TestTail(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.tail(w.ours, "")
	s.beats()
	w.fill()
	_, registry := w.described()
	for _, want := range []struct{ name, schema, id string }{
		{"event", "Event", firstID.String()}, {"event", "Event", errorID.String()}, {"execution", "Execution", "run-1"},
	} {
		name, data := s.next()
		if id := data["eventId"]; name != want.name || id != want.id && data["id"] != want.id {
			t.Errorf("%s %v, want %v", name, data, want)
		}
		body, err := json.Marshal(data)
		w.must(err)
		w.check("tail "+name, registry, map[string]any{"$ref": "#/components/schemas/" + want.schema}, body)
	}
	if id, _ := s.w.get("/api/v1/issues/1")["id"].(string); id != "1" {
		t.Errorf("issue %q", id)
	}
}

func TestTailFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second, err := w.db.CreateProject(t.Context(), store.Scope{Org: 1}, "second", "", "")
	w.must(err)
	f := func(query string, want ...string) {
		t.Helper()
		s := w.tail(w.ours, query)
		defer s.stop()
		at := noon.Add(-time.Minute)
		first := fault(model.NewEventID(), at, model.Agent{ID: "a"})
		first.Title = "first"
		quiet := fault(model.NewEventID(), at, model.Agent{ID: "b"})
		quiet.Title, quiet.Level, quiet.Environment = "quiet", model.LevelInfo, "staging"
		pay := transaction(at, model.Agent{ID: "a"})
		pay.ID = model.NewEventID()
		last := fault(model.NewEventID(), at, model.Agent{ID: "last"})
		last.Title, last.Level, last.Environment = "last of all", model.LevelFatal, "staging"
		w.write(&model.Batch{Org: 1, Project: 1, Received: noon, Events: []model.Event{first, quiet, pay}})
		w.write(&model.Batch{Org: 1, Project: second.ID, Received: noon, Events: []model.Event{last}})
		of := fault(model.NewEventID(), at, model.Agent{ID: "last"})
		of.Title, of.Level, of.Execution = "of run-9", model.LevelDebug, "run-9"
		if strings.Contains(query, "run-9") {
			w.write(&model.Batch{Org: 1, Project: 1, Received: noon, Events: []model.Event{of}})
		}
		var got []string
		for range want {
			_, data := s.next()
			got = append(got, data["title"].(string))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s hears %q, want %q", query, got, want)
		}
	}
	const all = "last of all"
	f("", "first", "quiet", all)
	f("?transactions=true", "first", "quiet", "invoke_agent Billing", all)
	f("?project=second", all)
	f("?project=default&project=second&level=fatal", all)
	f("?agentId=last", all)
	f("?environment=staging", "quiet", all)
	f("?level=error", "first", all)
	f("?text=OF+ALL", all)
	f("?kind=transaction&kind=error", "first", "quiet", "invoke_agent Billing", all)
	f("?kind=message&kind=transaction", "invoke_agent Billing")
	f("?executionId=run-9&running=true", "of run-9")
}

func TestTailIsWalledIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := func(token, query string, want int) {
		t.Helper()
		if code, h, body := w.ask(token, "GET", "/api/v1/tail"+query, ""); code != want || h.Get("Content-Type") != "application/problem+json" {
			t.Errorf("tail%s: %d %s, want %d", query, code, body, want)
		}
	}
	f("", "", 401)
	f("sntryu_guessed", "", 401)
	f(w.blind, "", 403)
	f(w.theirs, "?project=default", 404)
	f(w.theirs, "?project=1", 404)
	f(w.ours, "?level=loud", 400)
	f(w.ours, "?kind=span", 400)
	f(w.ours, "?agent=x", 400)
	theirs := w.tail(w.theirs, "?transactions=true")
	w.fill()
	rival := fault(model.NewEventID(), noon, model.Agent{})
	rival.Title = "theirs"
	w.write(&model.Batch{Org: 2, Project: 2, Received: noon, Events: []model.Event{rival}})
	if _, data := theirs.next(); data["title"] != "theirs" {
		t.Errorf("strangers hear %v", data)
	}
}

// A stream ends when its token is revoked, and when the server stops.
func TestTailEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.token(1, []string{access.EventRead})
	revoked, open := w.tail(secret, ""), w.tail(w.ours, "")
	w.must(w.db.RevokeToken(t.Context(), store.Scope{Org: 1}, 4))
	if name, _ := revoked.next(); name != "" {
		t.Errorf("after revoking: %s", name)
	}
	open.beats()
	w.hub.Close()
	if name, _ := open.next(); name != "" {
		t.Errorf("after the end: %s", name)
	}
}

// A client that reads nothing holds up nobody, and is told what it lost.
func TestTailOfASlowClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.tail(w.ours, "")
	const batches, size = 40, 1000
	writer := w.hub.Behind(nowhere{})
	for range batches {
		b := &model.Batch{Org: 1, Project: 1, Received: noon}
		for range size {
			e := fault(model.NewEventID(), noon, model.Agent{})
			e.Culprit = strings.Repeat("x", 300)
			b.Events = append(b.Events, e)
		}
		if _, err := writer.Write(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	var heard, lost int
	for heard+lost < batches*size {
		switch name, data := s.next(); name {
		case "event":
			heard++
		case "dropped":
			lost += int(data["count"].(float64))
		default:
			t.Fatalf("the stream ended after %d heard, %d lost", heard, lost)
		}
	}
	if lost == 0 || heard+lost != batches*size {
		t.Errorf("%d heard and %d lost of %d", heard, lost, batches*size)
	}
}

// nowhere is a writer that stores nothing.
type nowhere struct{}

func (nowhere) Write(context.Context, *model.Batch) (store.Receipt, error) {
	return store.Receipt{}, nil
}
