package adaptertest

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"relay.one/picket"
)

// Run runs the suite against a framework.
func Run(t *testing.T, start Start) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, Start){
		"a transaction":      testTransaction,
		"an event":           testEvent,
		"a panic":            testPanic,
		"a panic that stays": testRepanic,
		"an abort":           testAbort,
		"a returned error":   testReturned,
		"a reported error":   testReported,
		"a refusal":          testRefused,
		"no route":           testNoRoute,
		"an ignored request": testIgnored,
		"a group":            testGroup,
		"a body":             testBody,
		"a trace":            testTrace,
		"no client":          testNoClient,
		"isolation":          testIsolation,
		"late work":          testLate,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, start)
		})
	}
}

// bench is a service under test.
type bench struct {
	*receiver
	url string
}

func newBench(t *testing.T, start Start, s Service) *bench {
	t.Helper()
	r := newReceiver(t, picket.Options{})
	s.Client = r.client
	return &bench{r, start(t, s)}
}

// reply is what a service answered.
type reply struct {
	status int
	header http.Header
	body   string
}

// get asks for a path; headers are names and values.
func (b *bench) get(t *testing.T, path string, headers ...string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return send(t, req)
}

func send(t *testing.T, req *http.Request) reply {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return reply{resp.StatusCode, resp.Header, string(body)}
}

// want compares what stands under a path of members.
func want(t *testing.T, o any, value any, path ...string) {
	t.Helper()
	if got := at(o, path...); got != value {
		t.Errorf("%s = %v, want %v", strings.Join(path, "."), got, value)
	}
}

// ending is how a request ended, in HTTP's words and in a span's.
type ending struct {
	code   float64
	status string
}

// wantRoute checks how a transaction is named, and how it ended.
func wantRoute(t *testing.T, tx object, name, source string, end ending) {
	t.Helper()
	want(t, tx, name, "transaction")
	want(t, tx, source, "transaction_info", "source")
	want(t, tx, "http.server", "contexts", "trace", "op")
	want(t, tx, end.status, "contexts", "trace", "status")
	want(t, tx, end.code, "contexts", "trace", "data", "http.response.status_code")
	if begin, done := moment(t, tx, "start_timestamp"), moment(t, tx, "timestamp"); !begin.Before(done) {
		t.Errorf("the transaction lasts from %v to %v", begin, done)
	}
}

func moment(t *testing.T, o object, member string) time.Time {
	t.Helper()
	text, _ := at(o, member).(string)
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Error(err)
	}
	return at
}

// wantProblem checks the answer to a panic, or another fault that picket answers.
func wantProblem(t *testing.T, r reply, event object) {
	t.Helper()
	var problem struct {
		Status  int
		EventID string
	}
	if err := json.Unmarshal([]byte(r.body), &problem); err != nil {
		t.Fatalf("%v in %q", err, r.body)
	}
	id, _ := at(event, "event_id").(string)
	if r.status != 500 || problem.Status != 500 || problem.EventID != id || id == "" {
		t.Errorf("answered %d and %+v, want 500 and event %q", r.status, problem, id)
	}
	if got := r.header.Get("Content-Type"); got != "application/problem+json" {
		t.Errorf("content type = %q", got)
	}
	wantEventID(t, r, event)
}

// wantEventID checks that the response names the event.
func wantEventID(t *testing.T, r reply, event object) {
	t.Helper()
	if got := r.header.Get(picket.HeaderEventID); got == "" || got != at(event, "event_id") {
		t.Errorf("%s = %q, want %v", picket.HeaderEventID, got, at(event, "event_id"))
	}
}
