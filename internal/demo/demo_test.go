package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

var now = time.Date(2026, 11, 20, 15, 0, 0, 0, time.UTC)

// inbox is a server that keeps what it is sent.
type inbox struct {
	dsn   string
	mu    sync.Mutex
	items []wire.Item
	// answer returns the status for the n-th request, from 1; nil means 200.
	answer func(n int) int
	turn   int
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	in := &inbox{}
	s := httptest.NewServer(in)
	t.Cleanup(s.Close)
	in.dsn = strings.Replace(s.URL, "http://", "http://0123456789abcdef0123456789abcdef@", 1) + "/1"
	return in
}

func (in *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.turn++
	if in.answer != nil {
		if status := in.answer(in.turn); status != http.StatusOK {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(status)
			return
		}
	}
	e, err := wire.ReadEnvelope(body)
	if err != nil {
		panic(err)
	}
	in.items = append(in.items, e.Items...)
	io.WriteString(w, "{}")
}

// of returns the payloads of the items of a type, decoded.
func (in *inbox) of(t *testing.T, kind string) []map[string]any {
	t.Helper()
	in.mu.Lock()
	defer in.mu.Unlock()
	var list []map[string]any
	for _, item := range in.items {
		if item.Type != kind {
			continue
		}
		var v map[string]any
		if err := json.Unmarshal(item.Payload, &v); err != nil {
			t.Fatalf("payload of %s: %v", kind, err)
		}
		list = append(list, v)
	}
	return list
}

// at follows keys into decoded JSON; what is not there is nil.
func at(v any, path ...string) any {
	for _, key := range path {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

func moment(t *testing.T, v any) time.Time {
	t.Helper()
	text, _ := v.(string)
	m, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatalf("time %v: %v", v, err)
	}
	return m
}

func options(in *inbox) Options {
	return Options{DSN: in.dsn, Executions: 400, History: 7 * 24 * time.Hour, Seed: 3, Now: func() time.Time { return now }}
}

// Everything arrives, lies in the history, says that it is simulated, and is varied.
func TestRun(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	r, err := Run(t.Context(), options(in))
	if err != nil {
		t.Fatal(err)
	}
	runs, events := in.of(t, "transaction"), in.of(t, "event")
	if r.Transactions != len(runs) || r.Executions != len(runs) || len(runs) < 400 {
		t.Errorf("report says %d transactions and %d executions, %d arrived, want the same and 400 or more", r.Transactions, r.Executions, len(runs))
	}
	if r.Errors != len(events) || len(events) < 10 {
		t.Errorf("report says %d errors, %d arrived, want the same and 10 or more", r.Errors, len(events))
	}
	spans := 0
	for _, x := range runs {
		spans += checkRun(t, x)
	}
	if spans != r.Spans {
		t.Errorf("report says %d spans, %d arrived", r.Spans, spans)
	}
	for _, e := range events {
		checkTime(t, e["timestamp"])
		if at(e, "tags", Simulated) != "true" {
			t.Errorf("an error does not say that it is simulated: %v", e["tags"])
		}
	}
	checkLogs(t, in, r.Logs)
	if n := len(in.of(t, "check_in")); n != 6 || r.CheckIns != 6 {
		t.Errorf("%d check-ins arrived, report says %d, want 6", n, r.CheckIns)
	}
	if n := len(in.of(t, "feedback")); n != r.Feedback {
		t.Errorf("%d feedbacks arrived, report says %d", n, r.Feedback)
	}
	if n := len(in.of(t, "client_report")); n != 0 {
		t.Errorf("sentry-go dropped something: %v", in.of(t, "client_report"))
	}
}

// checkRun checks a transaction and returns how many spans it has.
func checkRun(t *testing.T, x map[string]any) int {
	t.Helper()
	checkTime(t, x["timestamp"])
	begin, end := moment(t, x["start_timestamp"]), moment(t, x["timestamp"])
	if at(x, "tags", Simulated) != "true" || at(x, "contexts", "agent", "id") == nil || at(x, "contexts", "execution", "id") == nil || at(x, "contexts", "organization", "id") == nil {
		t.Errorf("a run lacks its tags or contexts: %v %v", x["tags"], x["contexts"])
	}
	list, _ := x["spans"].([]any)
	for _, s := range list {
		from, to := moment(t, at(s, "start_timestamp")), moment(t, at(s, "timestamp"))
		if from.Before(begin) || to.After(end) || to.Before(from) {
			t.Errorf("span %v lasts from %s to %s, outside its transaction from %s to %s", at(s, "description"), from, to, begin, end)
		}
	}
	return len(list)
}

func checkTime(t *testing.T, v any) {
	t.Helper()
	// A run may begin at the last moment of the history and take minutes.
	if m := moment(t, v); m.Before(now.Add(-7*24*time.Hour)) || m.After(now.Add(time.Second)) {
		t.Errorf("time %s is outside the history", m)
	}
}

func checkLogs(t *testing.T, in *inbox, want int) {
	t.Helper()
	n := 0
	for _, container := range in.of(t, "log") {
		list, _ := container["items"].([]any)
		for _, l := range list {
			n++
			checkTime(t, at(l, "timestamp"))
			if at(l, "attributes", Simulated, "value") != true {
				t.Errorf("a log does not say that it is simulated: %v", l)
			}
		}
	}
	if n != want || n == 0 {
		t.Errorf("%d logs arrived, report says %d", n, want)
	}
}

// The fleet shows all that Picket understands.
func TestVariety(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	o := options(in)
	o.Executions = 1500
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, x := range in.of(t, "transaction") {
		seen["agent "+fmt.Sprint(at(x, "contexts", "agent", "id"))] = true
		seen["release "+fmt.Sprint(x["release"])] = true
		seen["outcome "+fmt.Sprint(at(x, "contexts", "execution", "outcome"))] = true
		list, _ := x["spans"].([]any)
		for _, s := range list {
			seen["op "+fmt.Sprint(at(s, "op"))] = true
			seen["verdict "+fmt.Sprint(at(s, "data", wire.AttrPolicyVerdict))] = true
		}
	}
	for _, e := range in.of(t, "event") {
		list, _ := e["exception"].([]any)
		last := list[len(list)-1]
		seen["error "+fmt.Sprint(at(last, "type"))] = true
		if at(last, "type") == "KeyError" && e["release"] != regression {
			t.Errorf("the regression shows in %v", e["release"])
		}
	}
	want := []string{"outcome ok", "outcome error", "outcome failed", "verdict allow", "verdict deny", "verdict flag",
		"op " + wire.OpHandoff, "op " + wire.OpInvokeAgent, "op " + wire.OpChat, "op " + wire.OpExecuteTool, "op " + wire.OpPolicy, "op http.client",
		"error KeyError", "error RateLimitError", "error BadRequestError", "error ToolTimeout", "error *fmt.wrapError", "error runtime.boundsError"}
	for i := range fleet {
		want = append(want, "agent "+fleet[i].id)
	}
	for _, r := range releases {
		want = append(want, "release "+r.name)
	}
	for _, w := range want {
		if !seen[w] {
			t.Errorf("nothing was seen of %q", w)
		}
	}
	if len(in.of(t, "feedback")) == 0 || len(in.of(t, "sessions")) == 0 {
		t.Error("no feedback or no sessions arrived")
	}
}

// The same seed at the same moment sends the same, another seed another story.
func TestSeed(t *testing.T) {
	t.Parallel()
	f := func(seed uint64) []string {
		t.Helper()
		in := newInbox(t)
		o := options(in)
		o.Executions, o.Seed = 120, seed
		if _, err := Run(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, v := range append(in.of(t, "transaction"), in.of(t, "event")...) {
			delete(at(v, "contexts").(map[string]any), "runtime") // counts goroutines
			all = append(all, asJSON(v))
		}
		slices.Sort(all)
		return all
	}
	one, same, other := f(5), f(5), f(6)
	if !slices.Equal(one, same) {
		t.Errorf("the same seed sent something else: %s", firstDifference(one, same))
	}
	if slices.Equal(one, other) {
		t.Error("another seed sent the same")
	}
}

func firstDifference(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return a[i] + "\n" + b[i]
		}
	}
	return fmt.Sprintf("%d and %d items", len(a), len(b))
}

// A busy server is asked again, and loses nothing.
func TestBusyServer(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	in.answer = func(n int) int {
		if n%3 == 0 {
			return http.StatusTooManyRequests
		}
		return http.StatusOK
	}
	o := options(in)
	o.Executions = 60
	if r, err := Run(t.Context(), o); err != nil || r.Transactions < 60 {
		t.Errorf("%d transactions, %v, want 60 or more and no error", r.Transactions, err)
	}
}

// What the server refuses is said.
func TestRefusal(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	in.answer = func(n int) int {
		if n == 5 {
			return http.StatusForbidden
		}
		return http.StatusOK
	}
	o := options(in)
	o.Executions = 30
	if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("error %v, want one that names 403", err)
	}
}

// A live fleet works until it is told to stop, and its runs end before they are sent.
func TestLive(t *testing.T) {
	t.Parallel()
	in := newInbox(t)
	ctx, cancel := context.WithCancel(t.Context())
	in.answer = func(n int) int {
		if n == 40 {
			cancel()
		}
		return http.StatusOK
	}
	o := options(in)
	o.Executions, o.Live, o.PerMinute = 0, true, 1_000_000
	r, err := Run(ctx, o)
	if err != nil || r.Executions == 0 || r.Transactions != r.Executions {
		t.Fatalf("report %+v, %v, want as many transactions as executions and no error", r, err)
	}
	for _, x := range in.of(t, "transaction") {
		if end := moment(t, x["timestamp"]); end.After(now) {
			t.Errorf("a run ends at %s, after it was sent", end)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	f := func(o Options, want error) {
		t.Helper()
		if _, err := Run(t.Context(), o); !errors.Is(err, want) {
			t.Errorf("error %v, want %v", err, want)
		}
	}
	const dsn = "http://0123456789abcdef0123456789abcdef@127.0.0.1:1/1"
	f(Options{DSN: "nonsense", History: time.Hour}, wire.ErrMalformed)
	f(Options{DSN: dsn}, model.ErrInvalid)
	f(Options{DSN: dsn, History: LongestHistory + 1}, model.ErrInvalid)
	f(Options{DSN: dsn, History: time.Hour, Executions: -1}, model.ErrInvalid)
	f(Options{DSN: dsn, History: time.Hour, Live: true}, model.ErrInvalid)
}

// The tables name no agent that is not there, and no placeholder is left over.
func TestTables(t *testing.T) {
	t.Parallel()
	p := newPlanner(story{now.Add(-time.Hour), now}, 1)
	for i := range fleet {
		a := &fleet[i]
		if a.next != "" {
			agentByID(a.next)
		}
		x := p.next(now)
		var b bytes.Buffer
		for _, task := range a.tasks {
			b.WriteString(task)
		}
		for _, tl := range a.tools {
			b.WriteString(tl.args + tl.result + tl.asks)
			for _, text := range []string{tl.args, tl.result} {
				if !json.Valid([]byte(x.fill.Replace(text))) {
					t.Errorf("%s: %s is no JSON", tl.name, x.fill.Replace(text))
				}
			}
		}
		for _, word := range []string{"{order}", "{number}", "{few}", "{amount}", "{topic}", "{user}", "{tier}", "{model}", "{agent}"} {
			if text := x.fill.Replace(b.String()); strings.Contains(text, word) {
				t.Errorf("agent %s: %s is left over", a.id, word)
			}
		}
	}
}
