package pipeline

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/price"
	"relay.one/picket/internal/sample"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/settings"
	"relay.one/picket/internal/sqlite"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

const upstreamDSN = "https://0123456789abcdef0123456789abcdef@sentry.example.com/7"

// forwarding returns a pipeline that forwards, and its store.
func forwarding(t testing.TB, change func(*settings.Upstream)) (*Pipeline, *sqlite.DB) {
	t.Helper()
	_, db := open(t)
	up := settings.DefaultUpstream()
	up.DSN = upstreamDSN
	if change != nil {
		change(&up)
	}
	base := settings.Defaults()
	base.Upstream = up
	return New(Options{Writer: db, Prices: price.Default(), Settings: settings.NewBook(base)}), db
}

func personally(u *settings.Upstream) { u.SendDefaultPII = true }

// measured fills the lengths in that are written as 0, of payloads that are one line.
func measured(body string) string {
	l := strings.Split(body, "\n")
	for i := range l {
		l[i] = strings.Replace(l[i], `"length":0}`, fmt.Sprintf(`"length":%d}`, len(l[min(i+1, len(l)-1)])), 1)
	}
	return strings.Join(l, "\n")
}

// lines makes the body of an envelope.
func lines(l ...string) string { return strings.Join(l, "\n") + "\n" }

// forwarded returns what the outbox has of a body.
func forwarded(t *testing.T, p *Pipeline, db *sqlite.DB, body string, m sentry.Meta) (store.OutboxRecord, string) {
	t.Helper()
	e, err := wire.ReadEnvelope([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	if _, err := p.Process(t.Context(), e, m); err != nil {
		t.Fatal(err)
	}
	return taken(t, db)
}

// taken takes the only envelope out of the outbox; it is empty when there is none.
func taken(t *testing.T, db *sqlite.DB) (store.OutboxRecord, string) {
	t.Helper()
	states, err := db.OutboxQueues(t.Context())
	if err != nil || len(states) > 1 {
		t.Fatalf("queues = %v, %v", states, err)
	}
	if len(states) == 0 {
		return store.OutboxRecord{}, ""
	}
	list, err := db.Outgoing(t.Context(), store.OutboxQuery{Queue: states[0].OutboxQueue, Now: noon, Limit: 10})
	if err != nil || len(list) != 1 {
		t.Fatalf("outgoing = %v, %v", list, err)
	}
	text, err := db.OutgoingEnvelope(t.Context(), list[0].Seq)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Sent(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	return list[0], string(text)
}

func TestForward(t *testing.T) {
	t.Parallel()
	const id = "00000000000000000000000000000051"
	f := func(change func(*settings.Upstream), body, want string) {
		t.Helper()
		p, db := forwarding(t, change)
		want = measured(want)
		if _, got := forwarded(t, p, db, body, meta()); got != want {
			t.Errorf("%s\ngoes as\n%s\nshould\n%s", body, got, want)
		}
	}
	head, bareHead := `{"event_id":"`+id+`"}`, `{}`

	// What came goes, in its order, with its headers and their new lengths.
	f(nil, lines(`{"event_id":"`+id+`","dsn":"http://a@b/1","sent_at":"2026-11-23T12:00:00Z","trace":{"trace_id":"dddddddddddddddddddddddddddddddd","public_key":"a"},"custom":7}`,
		`{"type":"event","custom":[1]}`, `{"message":"m","extra":{"password":"hunter2"}}`, `{"type":"attachment","length":3,"filename":"a.txt"}`, "a\nb"),
		lines(`{"trace":{"trace_id":"dddddddddddddddddddddddddddddddd"},"custom":7,"event_id":"`+id+`"}`,
			`{"type":"event","custom":[1],"length":0}`, `{"message":"m","extra":{"password":"[Filtered]"},"_meta":{"extra":{"password":{"":{"rem":[["@password:filter","s",0,10]],"len":7}}}}}`,
			`{"type":"attachment","filename":"a.txt","length":3}`, "a\nb"))
	// An event without an id goes with the one that it has here.
	f(nil, lines(bareHead, `{"type":"event"}`, `{"event_id":"`+id+`","message":"m"}`), lines(head, `{"type":"event","length":0}`, `{"event_id":"`+id+`","message":"m"}`))
	// Several events name their own.
	f(nil, lines(head, `{"type":"event"}`, `{"message":"m"}`, `{"type":"event"}`, `{"event_id":"00000000000000000000000000000052","message":"n"}`),
		lines(head, `{"type":"event","length":0}`, `{"message":"m","event_id":"`+id+`"}`,
			`{"type":"event","length":0}`, `{"message":"n","event_id":"00000000000000000000000000000052"}`))
	// What cannot be read does not go, its neighbours do; nothing is nothing.
	f(nil, lines(head, `{"type":"event"}`, `{"message":`, `{"type":"statsd"}`, `a@b:1|c|#password:x`), lines(head, `{"type":"statsd","length":0}`, `a@b:1|c|#password:x`))
	f(nil, lines(head, `{"type":"event"}`, `{"message":`), "")
	f(nil, lines(head), "")

	// Who a user is stays here, unless it may leave.
	user := `{"user":{"id":"7","email":"a@b.io"},"request":{"cookies":"a=b","url":"u"}}`
	f(nil, lines(head, `{"type":"event"}`, user), lines(head, `{"type":"event","length":0}`, `{"user":{"id":"7"},"request":{"url":"u"}}`))
	f(personally, lines(head, `{"type":"event"}`, user), lines(head, `{"type":"event","length":0}`, user))
	f(nil, lines(bareHead, `{"type":"user_report"}`, `{"event_id":"`+id+`","comments":"c","email":"a@b.io"}`), lines(bareHead, `{"type":"user_report","length":0}`, `{"event_id":"`+id+`","comments":"c"}`))
}

// TestForwardUntouched sends what Picket does not keep.
func TestForwardUntouched(t *testing.T) {
	t.Parallel()
	f := func(change func(*settings.Upstream), itemType, payload, want string) {
		t.Helper()
		p, db := forwarding(t, change)
		e := &wire.Envelope{Items: []wire.Item{{Type: itemType, Header: []byte(`{"type":"` + itemType + `"}`), Payload: []byte(payload)}}}
		if _, err := p.Process(t.Context(), e, meta()); err != nil {
			t.Fatal(err)
		}
		_, got := taken(t, db)
		if _, got, _ = strings.Cut(got, "\n"); got == "" {
			t.Fatalf("%s does not go", itemType)
		}
		_, got, _ = strings.Cut(got, "\n")
		if want == "" {
			want = payload
		}
		if got = strings.TrimSuffix(got, "\n"); got != want {
			t.Errorf("%s %q\ngoes as %q\nshould  %q", itemType, payload, got, want)
		}
	}
	f(nil, "profile", `{"frames":[{"abs_path":"/home/ada/x.go"}],"env":{"api_key":"abc"}}`, `{"frames":[{"abs_path":"/home/ada/x.go"}],"env":{"api_key":"[Filtered]"}}`)
	f(nil, "profile_chunk", `{"samples":[1,2,3],"platform":"javascript"}`, "")
	f(nil, "replay_event", `{"user":{"id":"7","email":"a@b.io"},"urls":["http://x/?token=abc"]}`, `{"user":{"id":"7"},"urls":["http://x/?token=[Filtered]"],"_meta":{"urls":{"0":{"":{"rem":[["@password:filter","s",16,26]],"len":19}}}}}`)
	f(personally, "replay_event", `{"user":{"id":"7","email":"a@b.io"}}`, "")
	f(nil, "replay_recording", "{\"segment_id\":0}\n\x78\x9c\x00\xffpassword=abc", "")
	f(nil, "trace_metric", `{"items":[{"name":"n","value":1,"attributes":{"password":{"type":"string","value":"x"},"user.email":{"type":"string","value":"a@b.io"},"k":{"type":"integer","value":1}}}]}`,
		`{"items":[{"name":"n","value":1,"attributes":{"password":{"type":"string","value":"[Filtered]"},"k":{"type":"integer","value":1}},"_meta":{"attributes":{"password":{"value":{"":{"rem":[["@password:filter","s",0,10]],"len":1}}}}}}]}`)
	f(nil, "statsd", "a@b:1|c|#k:v,password=hunter2|T1", "a@b:1|c|#k:v,password=[Filtered]|T1")
	f(nil, "invented", `{"deep":{"password":"hunter2"},"user":{"email":"a@b.io"}}`, `{"deep":{"password":"[Filtered]"},"user":{}}`)
	f(nil, "invented", `[{"password":"hunter2"}]`, `[{"password":"[Filtered]"}]`)
	f(nil, "invented", "\xff\xfe\x00password=abc", "")
	f(nil, "client_report", `{"discarded_events":[{"reason":"sample_rate","category":"error","quantity":3}],"password":"x"}`, `{"discarded_events":[{"reason":"sample_rate","category":"error","quantity":3}],"password":"[Filtered]"}`)
	f(nil, "", `{"a":1}`, "")
}

// TestForwardRecord sends what decides when and where an envelope goes.
func TestForwardRecord(t *testing.T) {
	t.Parallel()
	const id = "00000000000000000000000000000051"
	event := `{"contexts":{"trace":{"trace_id":"dddddddddddddddddddddddddddddddd","span_id":"3000000000000001"},"organization":{"id":"acme"}}}`
	body := lines(`{"event_id":"`+id+`","sent_at":"2026-11-23T11:00:00Z"}`, `{"type":"event"}`, event, `{"type":"attachment","length":1}`, "a", `{"type":"log"}`, `{"items":[]}`, `{"type":"client_report"}`, `{}`)
	m := meta()
	m.Hops = 2

	p, db := forwarding(t, nil)
	got, _ := forwarded(t, p, db, body, m)
	if got.Event.String() != id || got.Trace.String() != "dddddddddddddddddddddddddddddddd" || !got.SentAt.Equal(noon.Add(-time.Hour)) || got.Hops != 2 || got.ClientIP != "" || got.Organization != "" || got.Held {
		t.Errorf("record = %+v", got)
	}
	if want := []string{"error", "attachment", "attachment_item", "log_item", "log_byte"}; !slices.Equal(got.Categories, want) {
		t.Errorf("categories = %v, want %v", got.Categories, want)
	}
	p, db = forwarding(t, personally)
	if got, _ = forwarded(t, p, db, body, m); got.ClientIP != m.ClientIP {
		t.Errorf("client = %q, want %q", got.ClientIP, m.ClientIP)
	}
	customers := func(u *settings.Upstream) {
		u.DSN, u.Customers = "", []settings.Customer{{Organization: "acme", DSN: upstreamDSN}}
	}
	p, db = forwarding(t, customers)
	if got, _ = forwarded(t, p, db, body, m); got.Organization != "acme" {
		t.Errorf("organization = %q", got.Organization)
	}
	if _, text := forwarded(t, p, db, strings.ReplaceAll(strings.ReplaceAll(body, "acme", "other"), "51", "52"), m); text != "" {
		t.Errorf("another customer's goes somewhere: %s", text)
	}
}

func TestForwardStore(t *testing.T) {
	t.Parallel()
	p, db := forwarding(t, nil)
	f := func(body, want string) {
		t.Helper()
		if _, err := p.ProcessStore(t.Context(), []byte(body), meta()); err != nil {
			t.Fatal(err)
		}
		want = measured(want)
		if _, got := taken(t, db); got != want {
			t.Errorf("%s\ngoes as\n%s\nshould\n%s", body, got, want)
		}
	}
	const id = "00000000000000000000000000000051"
	f(`{"event_id":"`+id+`","message":"m"}`, lines(`{"event_id":"`+id+`"}`, `{"type":"event","length":0}`, `{"event_id":"`+id+`","message":"m"}`))
	transaction := `{"event_id":"00000000000000000000000000000053","type":"transaction","start_timestamp":1795435081,"timestamp":1795435082,"contexts":{"trace":{"trace_id":"dddddddddddddddddddddddddddddddd","span_id":"3000000000000002"}}}`
	f(transaction, lines(`{"event_id":"00000000000000000000000000000053"}`, `{"type":"transaction","length":0}`, transaction))
}

// TestForwardWhatIsLeft takes things out of a batch, as filters do, before the envelope
// is put together.
func TestForwardWhatIsLeft(t *testing.T) {
	t.Parallel()
	p, _ := forwarding(t, nil)
	event := `{"event_id":"00000000000000000000000000000051","message":"m"}`
	span := `{"items":[{"trace_id":"dddddddddddddddddddddddddddddddd","span_id":"3000000000000001","start_timestamp":1795435081,"end_timestamp":1795435082}]}`
	f := func(v sample.Verdict, take func(*model.Batch), want string) {
		t.Helper()
		e, err := wire.ReadEnvelope([]byte(lines(`{}`, `{"type":"event"}`, event, `{"type":"span"}`, span, `{"type":"attachment","length":1}`, "a",
			`{"type":"attachment","length":1}`, "b", `{"type":"profile"}`, `{}`, `{"type":"session"}`, `{"sid":"s"}`)))
		if err != nil {
			t.Fatal(err)
		}
		docs := sentry.Parse(e, meta())
		defer docs.Release()
		b := sentry.Decode(docs)
		take(b)
		p.forward(docs, b, p.forwards(docs), v)
		types := ""
		if b.Outgoing != nil {
			left, err := wire.ReadEnvelope(b.Outgoing.Envelope)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range left.Items {
				types += item.Type + " "
			}
		}
		if held := b.Outgoing != nil && b.Outgoing.Held; held != (v == sample.Wait) {
			t.Errorf("verdict %d: held is %v", v, held)
		}
		if types != want {
			t.Errorf("what goes is %q, want %q", types, want)
		}
	}
	f(sample.Keep, func(*model.Batch) {}, "event span attachment attachment profile session ")
	f(sample.Keep, func(b *model.Batch) { b.Attachments = b.Attachments[1:] }, "event span attachment profile session ")
	f(sample.Keep, func(b *model.Batch) { b.Events, b.Attachments = nil, nil }, "span session ")
	f(sample.Wait, func(*model.Batch) {}, "event span attachment attachment profile session ")
	f(sample.Drop, func(*model.Batch) {}, "session ")
	f(sample.Stay, func(*model.Batch) {}, "session ")
	f(sample.Keep, func(b *model.Batch) { b.Spans = nil }, "event attachment attachment profile session ")
}

// TestForwardKeeps checks that what is stored does not depend on forwarding.
func TestForwardKeeps(t *testing.T) {
	t.Parallel()
	body := lines(`{"event_id":"00000000000000000000000000000051"}`, `{"type":"event"}`, `{"user":{"email":"a@b.io"}}`, `{"type":"session"}`, `{"sid":"s"}`)
	p, db := forwarding(t, nil)
	if _, text := forwarded(t, p, db, body, meta()); strings.Contains(text, "a@b.io") {
		t.Errorf("an address leaves: %s", text)
	}
	id, _ := model.ParseEventID("00000000000000000000000000000051")
	e, err := db.Event(t.Context(), everything, id)
	if err != nil || !strings.Contains(string(e.Payload), "a@b.io") {
		t.Errorf("stored is %s, %v", e.Payload, err)
	}
}

// FuzzForward puts envelopes together of whatever came: they must be read again, and say
// nothing twice.
func FuzzForward(f *testing.F) {
	files, err := filepath.Glob("../sentry/testdata/*.envelope")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, name := range files {
		f.Add([]byte(readFile(f, name)))
	}
	f.Add([]byte(lines(`{"trace":{"public_key":"a"},"trace":{"public_key":"b"}}`, `{"type":"x","length":1,"length":1}`, `a`)))
	base := settings.Defaults()
	base.Upstream.DSN = upstreamDSN
	p := New(Options{Settings: settings.NewBook(base)})
	slog.SetDefault(slog.New(slog.DiscardHandler))
	f.Fuzz(func(t *testing.T, body []byte) {
		e, err := wire.ReadEnvelope(body)
		if err != nil {
			return
		}
		docs := sentry.Parse(e, meta())
		defer docs.Release()
		p.clean(docs)
		b := sentry.Decode(docs)
		p.forward(docs, b, p.forwards(docs), sample.Keep)
		if b.Outgoing == nil {
			return
		}
		again, err := wire.ReadEnvelope(b.Outgoing.Envelope)
		if err != nil {
			t.Fatalf("%v\n%q", err, b.Outgoing.Envelope)
		}
		if h := again.Header; h.DSN != "" || !h.SentAt.IsZero() || h.Trace.PublicKey != "" {
			t.Errorf("the header tells what it should not: %s", h.Raw)
		}
		if len(again.Items) > len(e.Items) {
			t.Errorf("%d items became %d", len(e.Items), len(again.Items))
		}
	})
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
