package pipeline

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// secret stands in every item below, under a name that says so.
const secret = "hunter2-5f3c"

// TestSecretsAreGone sends a secret in every item that is stored and reads
// everything back.
func TestSecretsAreGone(t *testing.T) {
	t.Parallel()
	trace := `"trace_id":"dddddddddddddddddddddddddddddddd","span_id":"3000000000000001"`
	args := `"{\"query\":\"x\",\"password\":\"` + secret + `\"}"`
	items := []string{
		`{"type":"event"}`, `{"event_id":"00000000000000000000000000000061","message":"login with password=` + secret + ` failed",` +
			`"extra":{"password":"` + secret + `"},"contexts":{"trace":{` + trace + `},"state":{"api_key":"` + secret + `"}},"tags":{"secret":"` + secret + `"},` +
			`"request":{"url":"http://x/?token=` + secret + `","headers":{"Authorization":"Bearer ` + secret + `"},"cookies":"session=` + secret + `"},` +
			`"breadcrumbs":[{"data":{"passwd":"` + secret + `"}}],"exception":[{"type":"E","value":"password=` + secret + `","stacktrace":{"frames":[{"function":"f","vars":{"password":"` + secret + `"}}]}}]}`,
		`{"type":"transaction"}`, `{"event_id":"00000000000000000000000000000062","type":"transaction","transaction":"t","start_timestamp":1795435081,"timestamp":1795435082,` +
			`"contexts":{"trace":{"trace_id":"dddddddddddddddddddddddddddddddd","span_id":"3000000000000002","op":"o"}},"spans":[{"trace_id":"dddddddddddddddddddddddddddddddd",` +
			`"span_id":"3000000000000003","op":"gen_ai.execute_tool","start_timestamp":1795435081,"timestamp":1795435082,"data":{"gen_ai.tool.input":` + args + `,"password":"` + secret + `"}}]}`,
		`{"type":"span"}`, `{"items":[{` + trace + `,"name":"n","start_timestamp":1795435081,"end_timestamp":1795435082,"attributes":{` +
			`"gen_ai.tool.call.arguments":{"type":"string","value":` + args + `},"password":{"type":"string","value":"` + secret + `"}}}]}`,
		`{"type":"log"}`, `{"items":[{"timestamp":1795435081,` + trace + `,"level":"info","body":"password=` + secret + `","attributes":{"password":{"type":"string","value":"` + secret + `"}}}]}`,
		`{"type":"feedback"}`, `{"event_id":"00000000000000000000000000000063","contexts":{"feedback":{"message":"my password=` + secret + `"}}}`,
	}
	p, db := open(t)
	e, err := wire.ReadEnvelope([]byte("{}\n" + strings.Join(items, "\n") + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Process(t.Context(), e, meta()); err != nil {
		t.Fatal(err)
	}
	seen := dump(t, db)
	if strings.Contains(seen, secret) {
		at := strings.Index(seen, secret)
		t.Errorf("a secret is stored: …%s…", seen[max(at-120, 0):min(at+60, len(seen))])
	}
	for _, kept := range []string{"login with", "[Filtered]", "gen_ai.tool.call.arguments", "my password"} {
		if !strings.Contains(seen, kept) {
			t.Errorf("%q is not stored; the test reads too little", kept)
		}
	}
}

// dump returns everything that can be read, as text.
func dump(t *testing.T, db store.Reader) string {
	t.Helper()
	var out bytes.Buffer
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	issues, err := db.Issues(t.Context(), store.IssueQuery{In: everything})
	must(err)
	fmt.Fprintf(&out, "%+v\n", issues)
	events, err := db.Events(t.Context(), store.EventQuery{In: everything})
	must(err)
	for _, s := range events.Events {
		e, err := db.Event(t.Context(), everything, s.ID)
		must(err)
		fmt.Fprintf(&out, "%+v\n%s\n", e.EventSummary, e.Payload)
		if s.Trace.IsZero() {
			continue
		}
		trace, err := db.Trace(t.Context(), everything, s.Trace)
		must(err)
		fmt.Fprintf(&out, "%+v\n%s\n", trace.Spans, bytes.Join(trace.Payloads, []byte("\n")))
	}
	logs, err := db.Logs(t.Context(), store.LogQuery{In: everything})
	must(err)
	for _, l := range logs.Logs {
		fmt.Fprintf(&out, "%+v\n%s\n", l.Log, l.Payload)
	}
	for _, i := range issues.Issues {
		tags, err := db.IssueTags(t.Context(), everything, i.ID)
		must(err)
		fmt.Fprintf(&out, "%+v\n", tags)
	}
	return out.String()
}

// Every kind of document has somebody who scrubs it, or is known to need nobody.
func TestEveryDocumentIsScrubbed(t *testing.T) {
	t.Parallel()
	for k := sentry.DocEvent; k <= sentry.DocClientReport; k++ {
		if scrubbers[k] == nil && k != sentry.DocClientReport {
			t.Errorf("document kind %d is not scrubbed", k)
		}
	}
}
