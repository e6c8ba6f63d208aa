package wire

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// shape writes an envelope in short: the type and payload of every item.
func shape(e *Envelope) string {
	var b strings.Builder
	for _, item := range e.Items {
		fmt.Fprintf(&b, "[%s %q]", item.Type, item.Payload)
	}
	return b.String()
}

func TestReadEnvelope(t *testing.T) {
	t.Parallel()
	f := func(name, body, want string) {
		t.Helper()
		e, err := ReadEnvelope([]byte(body))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if got := shape(e); got != want {
			t.Errorf("%s: items %s, want %s", name, got, want)
		}
	}
	f("header and end of file", `{}`, "")
	f("header and line feed", "{}\n", "")
	f("blank lines only", "{}\n\n \r\n\t", "")
	f("length told", "{}\n{\"type\":\"event\",\"length\":2}\n{}\n", `[event "{}"]`)
	f("length told, end of file", "{}\n{\"type\":\"event\",\"length\":2}\n{}", `[event "{}"]`)
	f("length not told", "{}\n{\"type\":\"event\"}\n{\"a\":1}\n", `[event "{\"a\":1}"]`)
	f("length null", "{}\n{\"type\":\"event\",\"length\":null}\n{}\n{\"type\":\"log\"}\n[]", `[event "{}"][log "[]"]`)
	f("length zero", "{}\n{\"type\":\"event\",\"length\":0}\n\n{\"type\":\"log\",\"length\":0}\n", `[event ""][log ""]`)
	f("length zero, header last", "{}\n{\"type\":\"event\",\"length\":0}", `[event ""]`)
	f("header last, no length", "{}\n{\"type\":\"session\"}", `[session ""]`)
	f("carriage return belongs to a payload without length", "{}\r\n{\"type\":\"event\"}\r\n{}\r\n", `[event "{}\r"]`)
	f("line feeds inside a payload with length", "{}\n{\"type\":\"attachment\",\"length\":5}\na\nb\nc\n", `[attachment "a\nb\nc"]`)
	f("length counts bytes", "{}\n{\"type\":\"log\",\"length\":6}\n\u00e9\u20ac!\n", "[log \"\u00e9\u20ac!\"]")
	f("blank lines before an item", "{}\n\n \n{\"type\":\"event\"}\n{}\n\n", `[event "{}"]`)
	f("item without type", "{}\n{\"length\":1}\nx\n{\"type\":7}\ny", `[ "x"][ "y"]`)
	f("unknown type and keys", `{"new":[{"a":{}},null,true,-1.5e3]}`+"\n"+`{"type":"otel_span","routing":{"x":[]}}`+"\nz", `[otel_span "z"]`)
	f("escaped key and type", "{}\n{\"t\\u0079pe\":\"ev\\u0065nt\",\"length\":1}\nx", `[event "x"]`)
}

func TestReadEnvelopeRefuses(t *testing.T) {
	t.Parallel()
	f := func(body, want string) {
		t.Helper()
		_, err := ReadEnvelope([]byte(body))
		if !errors.Is(err, ErrMalformed) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: error %v, want ErrMalformed with %q", body, err, want)
		}
	}
	f("", "empty")
	f(" \n", "empty")
	f("[]", "want {")
	f(`"x"`, "want {")
	f("{} x\n", "line feed after the header")
	f("{}{}", "line feed after the header")
	f(`{"a"`, "want :")
	f(`{"a":}`, "want a value")
	f(`{"a":01}`, "no number")
	f(`{"a":1 "b":2}`, "comma")
	f(`{"a":[1 2]}`, "comma")
	f(`{"a":"b`, "no end")
	f("{\"a\":\"b\nc\"}", "control character")
	f("{\"a\":\"b\\\nc\"}", "control character")
	f("{\"a\":\"\xff\"}", "UTF-8")
	f(`{"sent_at":"2026-01-01T00:00:00Z","sent_at":"2026-01-01T00:00:00Z"}`, "twice")
	f(`{"a":`+strings.Repeat("[", 1000), "nested")
	f("{}\n{\"type\":\"event\",\"length\":3}\n{}", "only 2 bytes are left")
	f("{}\n{\"type\":\"event\",\"length\":1}\n{}\n", "must count bytes")
	f("{}\n{\"type\":\"event\",\"length\":-1}\n{}\n", "length is")
	f("{}\n{\"type\":\"event\",\"length\":\"2\"}\n{}\n", "length is")
	f("{}\n{\"type\":\"event\",\"length\":99999999999999999999}\n{}\n", "length is")
	f("{}\n{\"type\":\"event\"", "item 1")
	f("{}\n"+strings.Repeat("{}\n\n", MaxItems+1), "more than")
}

func TestReadEnvelopeHeader(t *testing.T) {
	t.Parallel()
	const header = `{"sent_at":"2026-11-23T17:53:00.123456789+01:00","event_id":"B2F1C7D0-A5E9-4C1E-8D3F-6A7B9C0D1E2F",` +
		`"dsn":"https://k@h/1","sdk":{"name":"sentry.go","packages":[{"name":"x"}],"version":"0.50.0"},` +
		`"trace":{"trace_id":"t","sampled":true,"sample_rate":0.5,"release":"a\tb","transaction":null,"org_id":{}}}`
	e, err := ReadEnvelope([]byte(header + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	h := e.Header
	if string(h.Raw) != header {
		t.Errorf("raw = %s", h.Raw)
	}
	h.Raw = nil
	want := EnvelopeHeader{
		EventID: "b2f1c7d0a5e94c1e8d3f6a7b9c0d1e2f", DSN: "https://k@h/1",
		SentAt:  time.Date(2026, 11, 23, 16, 53, 0, 123456789, time.UTC),
		SDKName: "sentry.go", SDKVersion: "0.50.0",
		Trace: TraceHeader{TraceID: "t", Sampled: "true", SampleRate: "0.5", Release: "a\tb"},
	}
	if fmt.Sprint(h) != fmt.Sprint(want) {
		t.Errorf("header = %+v, want %+v", h, want)
	}
}

func TestReadEnvelopeBadHeaderFields(t *testing.T) {
	t.Parallel()
	f := func(header string) {
		t.Helper()
		e, err := ReadEnvelope([]byte(header))
		if err != nil {
			t.Errorf("%s: %v", header, err)
			return
		}
		e.Header.Raw = nil
		if fmt.Sprint(e.Header) != fmt.Sprint(EnvelopeHeader{}) {
			t.Errorf("%s: header = %+v, want nothing", header, e.Header)
		}
	}
	f(`{"event_id":"xyz"}`)
	f(`{"event_id":{"a":1}}`)
	f(`{"event_id":null,"sdk":null,"trace":"none","dsn":[]}`)
	f(`{"event_id":"b2f1c7d0a5e94c1e8d3f6a7b9c0d1e2f00"}`)
	f(`{"sent_at":"yesterday"}`)
	f(`{"sdk":"sentry.go"}`)
	f(`{"trace":[1,2]}`)
}

func TestReadItemHeader(t *testing.T) {
	t.Parallel()
	const header = `{"type":"attachment","length":2,"content_type":"image/png","filename":"a \"b\".png","attachment_type":"event.view_hierarchy","item_count":3,"span_count":12}`
	body := []byte("{}\n" + header + "\nxx")
	e, err := ReadEnvelope(body)
	if err != nil {
		t.Fatal(err)
	}
	item := e.Items[0]
	if string(item.Header) != header || !item.HasLength || item.Filename != `a "b".png` ||
		item.ContentType != "image/png" || item.AttachmentType != "event.view_hierarchy" ||
		item.ItemCount != 3 || item.SpanCount != 12 {
		t.Errorf("item = %+v", item)
	}
	if &item.Payload[0] != &body[len(body)-2] {
		t.Error("the payload was copied")
	}
	e, err = ReadEnvelope([]byte("{}\n" + `{"type":"log","item_count":"many","filename":7}` + "\n[]"))
	if err != nil || e.Items[0].ItemCount != 0 || e.Items[0].Filename != "7" {
		t.Errorf("odd header fields: %+v, %v", e, err)
	}
}

func TestAppendEnvelope(t *testing.T) {
	t.Parallel()
	e := &Envelope{
		Header: EnvelopeHeader{
			EventID: "b2f1c7d0a5e94c1e8d3f6a7b9c0d1e2f", DSN: "https://k@h/1",
			SentAt:  time.Date(2026, 11, 23, 16, 53, 0, 5, time.UTC),
			SDKName: "a \"b\"", SDKVersion: "1", Trace: TraceHeader{TraceID: "t", Release: "r"},
		},
		Items: []Item{
			{Type: ItemSpan, ContentType: ContentSpansV2, ItemCount: 2, Payload: []byte("[\n]")},
			{Type: ItemAttachment, Filename: "a\nb", AttachmentType: "x", Payload: nil},
		},
	}
	first := AppendEnvelope(nil, e)
	got, err := ReadEnvelope(first)
	if err != nil {
		t.Fatal(err)
	}
	if shape(got) != shape(e) || got.Header.SDKName != e.Header.SDKName || !got.Header.SentAt.Equal(e.Header.SentAt) ||
		got.Header.Trace != e.Header.Trace || got.Items[0].ItemCount != 2 || got.Items[1].Filename != "a\nb" {
		t.Errorf("read back %+v from %s", got, first)
	}
	if second := AppendEnvelope(nil, got); !bytes.Equal(first, second) {
		t.Errorf("written again as %s, want %s", second, first)
	}
}

func FuzzReadEnvelope(f *testing.F) {
	f.Add([]byte("{}\n{\"type\":\"event\",\"length\":2}\n{}\n{\"type\":\"log\"}\n[]\n\n"))
	f.Add([]byte(`{"event_id":"B2F1C7D0-A5E9-4C1E-8D3F-6A7B9C0D1E2F","sent_at":"2026-11-23T17:53:00Z","sdk":{"name":"\u0061"},"trace":{"sampled":true}}`))
	f.Add([]byte("{\"a\":[{\"b\":[1,2.5e-3,null,true,false,\"\\\"\"]}]} \r\n\n{\"type\":1,\"length\":null}\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := ReadEnvelope(body)
		if err != nil {
			if !errors.Is(err, ErrMalformed) {
				t.Fatalf("error of another kind: %v", err)
			}
			return
		}
		again, err := ReadEnvelope(AppendEnvelope(nil, e))
		if err != nil || shape(again) != shape(e) {
			t.Fatalf("written and read again: %v, %v", again, err)
		}
	})
}

func BenchmarkReadEnvelope(b *testing.B) {
	header := `{"event_id":"b2f1c7d0a5e94c1e8d3f6a7b9c0d1e2f","sent_at":"2026-11-23T17:53:00.118Z","sdk":{"name":"sentry.go","version":"0.50.0"},` +
		`"dsn":"https://0123456789abcdef0123456789abcdef@picket.example/1","trace":{"environment":"production","public_key":"0123456789abcdef0123456789abcdef",` +
		`"release":"fleet@1.4.2","sample_rate":"1","trace_id":"1d8c3ab2f0e94d7f8c6b5a4938271605","sampled":"true"}}`
	body := []byte(header + "\n{\"type\":\"event\",\"length\":9000}\n" + strings.Repeat("x", 9000) + "\n")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadEnvelope(body); err != nil {
			b.Fatal(err)
		}
	}
}
