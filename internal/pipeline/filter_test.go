package pipeline

import (
	"bytes"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/sample"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/settings"
	"relay.one/picket/wire"
)

// filtering returns a pipeline that filters, and that forwards what is left.
func filtering(t testing.TB, f settings.Filters) (*Pipeline, func() string) {
	t.Helper()
	_, db := open(t)
	up := settings.DefaultUpstream()
	up.DSN = "https://0123456789abcdef@sentry.example.com/7"
	book := settings.NewBook(settings.Defaults())
	book.Put(1, 0, settings.Settings{Upstream: &up, Filters: &f})
	return New(Options{Writer: db, Prices: price.Default(), Settings: book}), func() string {
		var out bytes.Buffer
		describeDiscards(t.(*testing.T), db, &out)
		return out.String()
	}
}

func envelope(t testing.TB, lines ...string) *wire.Envelope {
	t.Helper()
	e, err := wire.ReadEnvelope([]byte(strings.Join(lines, "\n") + "\n"))
	must(t, err)
	return e
}

// decoded returns what is left of an envelope once it is filtered, and what would be
// forwarded of it.
func decoded(t testing.TB, p *Pipeline, e *wire.Envelope) (*model.Batch, string) {
	t.Helper()
	docs := sentry.Parse(e, meta())
	b := sentry.Decode(docs)
	p.filter(docs, b)
	p.forward(docs, b, p.forwards(docs), sample.Keep)
	if b.Outgoing == nil {
		return b, ""
	}
	out := string(b.Outgoing.Envelope)
	b.Outgoing = nil
	return b, out
}

const (
	theEvent    = `{"event_id":"0000000000000000000000000000000a","message":"noise","release":"a@1"}`
	theSpans    = `{"items":[%s]}`
	healthTrace = "0123456789abcdef0123456789abcdef"
)

func spanItem(id int, trace, more string) string {
	return fmt.Sprintf(`{"trace_id":%q,"span_id":"%016x","name":"GET /healthz","start_timestamp":1795435080,"end_timestamp":1795435081,"status":"ok"%s}`, trace, id, more)
}

// TestFilterTakesAll sends what is filtered with everything that can come along.
func TestFilterTakesAll(t *testing.T) {
	t.Parallel()
	p, discards := filtering(t, settings.Filters{Messages: []string{"noise"}, HealthChecks: true})
	send(t, p, envelope(t, `{"event_id":"0000000000000000000000000000000a"}`,
		`{"type":"event"}`, theEvent,
		`{"type":"attachment","filename":"a.txt","length":3}`, "abc",
		`{"type":"user_report"}`, `{"event_id":"0000000000000000000000000000000a","comments":"it broke"}`,
		`{"type":"log"}`, `{"items":[{"timestamp":1795435080,"trace_id":"`+healthTrace+`","level":"info","body":"stays"}]}`))
	send(t, p, envelope(t, `{"event_id":"0000000000000000000000000000000b"}`,
		`{"type":"transaction"}`,
		strings.ReplaceAll(`{"transaction":"GET /healthz","start_timestamp":1795435080,"timestamp":1795435081,"contexts":{"trace":{"trace_id":"TRACE","span_id":"00000000000000aa"}},"spans":[{"span_id":"00000000000000ab","start_timestamp":1795435080,"timestamp":1795435081}]}`, "TRACE", healthTrace),
		`{"type":"span","item_count":1,"content_type":"application/vnd.sentry.items.span.v2+json"}`, fmt.Sprintf(theSpans, spanItem(0xac, healthTrace, ""))))
	want := "discarded by server attachment error-message ×1\ndiscarded by server error error-message ×1\ndiscarded by server feedback error-message ×1\n" +
		"discarded by server span filtered-transaction ×3\ndiscarded by server transaction filtered-transaction ×1\n"
	if got := discards(); got != want {
		t.Errorf("counted\n%swant\n%s", got, want)
	}
}

// TestFilterForwards looks at what is left for the upstream.
func TestFilterForwards(t *testing.T) {
	t.Parallel()
	p, _ := filtering(t, settings.Filters{Messages: []string{"noise"}, HealthChecks: true})
	f := func(name string, events, spans int, has, not string, lines ...string) {
		t.Helper()
		b, out := decoded(t, p, envelope(t, lines...))
		if len(b.Events) != events || len(b.Spans) != spans {
			t.Errorf("%s: %d events and %d spans are left", name, len(b.Events), len(b.Spans))
		}
		if has == "" && out != "" || !strings.Contains(out, has) || not != "" && strings.Contains(out, not) {
			t.Errorf("%s goes as\n%s", name, out)
		}
	}
	const head = `{"event_id":"0000000000000000000000000000000a"}`
	const container = `{"type":"span","content_type":"application/vnd.sentry.items.span.v2+json"}`
	f("an event with its profile", 0, 0, "", "", head, `{"type":"event"}`, theEvent, `{"type":"profile"}`, `{"x":1}`,
		`{"type":"user_report"}`, `{"event_id":"0000000000000000000000000000000a","comments":"it broke"}`, `{"type":"attachment","length":3}`, "abc")
	f("logs beside it", 0, 0, `"stays"`, "noise", head, `{"type":"event"}`, theEvent, `{"type":"log"}`, `{"items":[{"timestamp":1795435080,"level":"info","body":"stays"}]}`)
	f("one of two events", 2, 0, "the other", "noise", head, `{"type":"event"}`, theEvent, `{"type":"event"}`, `{"event_id":"0000000000000000000000000000000c","message":"the other"}`,
		`{"type":"user_report"}`, `{"event_id":"0000000000000000000000000000000c","comments":"it broke"}`)
	f("a health check in spans alone", 0, 0, "", "", "{}", container, fmt.Sprintf(theSpans, spanItem(1, healthTrace, `,"is_segment":true`)+","+spanItem(2, healthTrace, "")))
	other := strings.Repeat("ab", 16)
	f("a container with another trace", 0, 1, "0000000000000003", "0000000000000001", "{}", container,
		fmt.Sprintf(theSpans, spanItem(1, healthTrace, `,"is_segment":true`)+","+spanItem(3, other, "")))
	f("a span of another segment", 0, 1, "0000000000000003", "0000000000000001", "{}", container,
		fmt.Sprintf(theSpans, spanItem(1, healthTrace, `,"is_segment":true`)+","+spanItem(3, healthTrace, `,"attributes":{"sentry.segment.id":{"type":"string","value":"0000000000000009"}}`)))
	f("an agent's", 0, 1, "0000000000000001", "", "{}", container,
		fmt.Sprintf(theSpans, spanItem(1, healthTrace, `,"is_segment":true,"attributes":{"gen_ai.agent.name":{"type":"string","value":"pinger"}}`)))
}

// TestFilterOfContainer looks whether what is stored of a container is what is left of it.
func TestFilterOfContainer(t *testing.T) {
	t.Parallel()
	p, _ := filtering(t, settings.Filters{HealthChecks: true})
	other := strings.Repeat("ab", 16)
	b, _ := decoded(t, p, envelope(t, "{}", `{"type":"span","content_type":"application/vnd.sentry.items.span.v2+json"}`,
		fmt.Sprintf(theSpans, spanItem(1, healthTrace, `,"is_segment":true`)+","+spanItem(3, other, ""))))
	if got := string(b.SpanBlobs[b.Spans[0].Blob].Payload); strings.Contains(got, "0000000000000001") || !strings.Contains(got, "0000000000000003") {
		t.Errorf("stored is %s", got)
	}
}

// TestFilterChangesNothing sends the bodies of the scenarios to filters that fit none of
// them: the batch is the same as without filters, to the byte.
func TestFilterChangesNothing(t *testing.T) {
	t.Parallel()
	none := []string{"no such thing"}
	p, _ := filtering(t, settings.Filters{Messages: none, Types: none, Releases: none, Transactions: none, Crawlers: true, Localhost: true, HealthChecks: true,
		Expressions: []settings.Expression{{Name: "none", When: `event.tags["no"] == "such" && request.headers["x"] == "y"`}}})
	plain, _ := filtering(t, settings.Filters{})
	files, err := filepath.Glob("testdata/*.txt")
	must(t, err)
	n := 0
	for _, name := range files {
		head, _, _ := strings.Cut(string(readFile(t, name)), "== stored\n")
		for _, part := range strings.Split(head, "== ")[1:] {
			kind, body, _ := strings.Cut(part, "\n")
			if e, err := wire.ReadEnvelope([]byte(body)); kind == "envelope" && err == nil && strings.Contains(body, "event_id") {
				got, out := decoded(t, p, e)
				want, wanted := decoded(t, plain, e)
				if ids(got) != ids(want) {
					continue // it names no ids, and gets new ones
				}
				if n++; !reflect.DeepEqual(got, want) || out != wanted {
					t.Errorf("%s: filters that do not fit change\n%+v into\n%+v", name, want, got)
				}
			}
		}
	}
	if n < 5 {
		t.Errorf("only %d envelopes were compared", n)
	}
}

func ids(b *model.Batch) (out string) {
	for i := range b.Events {
		out += b.Events[i].ID.String()
	}
	return out
}

// TestFilterFails counts what an expression could not be worked out on; it is stored.
func TestFilterFails(t *testing.T) {
	t.Parallel()
	p, discards := filtering(t, settings.Filters{Expressions: []settings.Expression{{Name: "odd", When: "1 / size(exception.type) == 1"}}})
	send(t, p, envelope(t, `{}`, `{"type":"event"}`, theEvent))
	var out bytes.Buffer
	p.counters.set.WritePrometheus(&out)
	if got := discards(); got != "" || !strings.Contains(out.String(), `picket_filter_errors_total{expression="odd"} 1`) {
		t.Errorf("discards %q, metrics\n%s", got, out.String())
	}
}
