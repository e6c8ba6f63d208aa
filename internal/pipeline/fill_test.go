package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/settings"
	"relay.one/picket/wire"
)

// filled returns what is decoded of an envelope once the settings have filled it.
func filled(t *testing.T, up settings.Upstream, body string) *model.Batch {
	t.Helper()
	base := settings.Defaults()
	base.Upstream = up
	p := New(Options{Settings: settings.NewBook(base)})
	e, err := wire.ReadEnvelope([]byte(body))
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	docs := sentry.Parse(e, meta())
	p.clean(docs)
	p.fill(docs)
	b := sentry.Decode(docs)
	docs.Release()
	return b
}

func TestFill(t *testing.T) {
	t.Parallel()
	up := settings.DefaultUpstream()
	up.Environment, up.Release = "staging", "app@2 \"x\""
	const (
		trace = `"trace_id":"0102030405060708090a0b0c0d0e0f10","span_id":"0102030405060708"`
		times = `"start_timestamp":1795435080,"end_timestamp":1795435081`
	)
	f := func(kind, payload, environment, release string) {
		t.Helper()
		b := filled(t, up, "{}\n{\"type\":\""+kind+"\"}\n"+payload+"\n")
		var e, r string
		switch {
		case len(b.Events) == 1:
			e, r = b.Events[0].Environment, b.Events[0].Release
		case len(b.Spans) == 1:
			e, r = b.Spans[0].Environment, b.Spans[0].Release
		case len(b.Logs) == 1:
			e, r = b.Logs[0].Environment, b.Logs[0].Release
		case len(b.Sessions) == 1:
			e, r = b.Sessions[0].Environment, b.Sessions[0].Release
		default:
			t.Fatalf("%s: nothing is left: %+v", payload, b.Discards)
		}
		if e != environment || r != release {
			t.Errorf("%s %s: environment %q, release %q, want %q and %q", kind, payload, e, r, environment, release)
		}
	}
	f("event", `{"message":"x"}`, "staging", up.Release)
	f("event", `{"message":"x","environment":null,"release":""}`, "staging", up.Release)
	f("event", `{"message":"x","environment":"prod","release":"app@1"}`, "prod", "app@1")
	f("event", `{"message":"x","tags":{"environment":"prod","release":"app@1"}}`, "prod", "app@1")
	f("event", `{"message":"x","tags":[["environment","prod"],{"key":"release","value":"app@1"}]}`, "prod", "app@1")
	f("event", `{"message":"x","tags":[["environment",""],5,null]}`, "staging", up.Release)
	f("transaction", `{"transaction":"GET /","timestamp":1795435081,"start_timestamp":1795435080,"contexts":{"trace":{`+trace+`}}}`, "staging", up.Release)
	f("feedback", `{"contexts":{"feedback":{"message":"bad"}}}`, "staging", up.Release)
	f("span", `{"items":[{`+trace+`,`+times+`}]}`, "staging", up.Release)
	f("span", `{"items":[{`+trace+`,`+times+`,"attributes":{"sentry.environment":{"type":"string","value":"prod"},"sentry.release":{"value":""}}}]}`, "prod", up.Release)
	f("span", `{`+trace+`,"start_timestamp":1795435080,"timestamp":1795435081,"data":{"release":"app@1"}}`, "staging", "app@1")
	f("log", `{"items":[{"timestamp":1795435081,"body":"x","attributes":null}]}`, "staging", up.Release)
	f("log", `{"items":[{"timestamp":1795435081,"body":"x","attributes":{"sentry.release":"app@1"}}]}`, "staging", "app@1")
	f("log", `{"items":[{"timestamp":1795435081,"body":"x","attributes":[]}]}`, "", "")
	f("session", `{"sid":"0102030405060708090a0b0c0d0e0f10","started":"2026-11-23T11:59:00Z","timestamp":"2026-11-23T11:59:30Z"}`, "staging", up.Release)
	f("sessions", `{"aggregates":[{"started":"2026-11-23T11:59:00Z","exited":1}],"attrs":{"environment":"prod"}}`, "prod", up.Release)
}

// TestFillKeepsWhatATransactionLends has spans beside a transaction that says what they do
// not.
func TestFillKeepsWhatATransactionLends(t *testing.T) {
	t.Parallel()
	up := settings.DefaultUpstream()
	up.Environment = "staging"
	b := filled(t, up, `{}
{"type":"span"}
{"items":[{"trace_id":"0102030405060708090a0b0c0d0e0f10","span_id":"1102030405060708","start_timestamp":1795435080,"end_timestamp":1795435081}]}
{"type":"transaction"}
{"environment":"prod","timestamp":1795435081,"start_timestamp":1795435080,"contexts":{"trace":{"trace_id":"0102030405060708090a0b0c0d0e0f10","span_id":"0102030405060708"}}}
`)
	for _, s := range b.Spans {
		if s.Environment != "prod" {
			t.Errorf("span %s has environment %q", s.ID, s.Environment)
		}
	}
	if len(b.Spans) != 2 {
		t.Errorf("%d spans", len(b.Spans))
	}
}

func TestTrim(t *testing.T) {
	t.Parallel()
	list := func(from, to int) string {
		var l []string
		for n := from; n < to; n++ {
			l = append(l, fmt.Sprintf(`{"message":"crumb %d"}`, n))
		}
		return "[" + strings.Join(l, ",") + "]"
	}
	f := func(most int, sent, want string) {
		t.Helper()
		up := settings.DefaultUpstream()
		up.MaxBreadcrumbs = most
		b := filled(t, up, "{}\n{\"type\":\"event\"}\n{\"message\":\"x\","+sent+"}\n")
		if got := string(b.Events[0].Payload); !strings.Contains(got, want) || strings.Contains(got, "crumb 0\"") != strings.Contains(want, "crumb 0\"") {
			t.Errorf("of %s, %d are kept: %s, want %s", sent, most, got, want)
		}
	}
	f(3, `"breadcrumbs":`+list(0, 5), `"breadcrumbs":`+list(2, 5))
	f(3, `"breadcrumbs":{"values":`+list(0, 5)+`}`, `"breadcrumbs":{"values":`+list(2, 5)+`}`)
	f(3, `"sentry.interfaces.Breadcrumbs":`+list(0, 4), list(1, 4))
	f(3, `"breadcrumbs":`+list(0, 3), list(0, 3))
	f(0, `"breadcrumbs":`+list(0, 3), `"breadcrumbs":[]`)
	f(100, `"breadcrumbs":`+list(0, 101), list(1, 101))
	f(3, `"breadcrumbs":"none"`, `"message":"x"`)
	f(1, `"breadcrumbs":`+list(0, 2)+`,"_meta":{"breadcrumbs":{"":{"len":9},"0":{"message":{"":{"len":1}}},"1":{"message":{"":{"len":2}}}}}`,
		`"_meta":{"breadcrumbs":{"":{"len":9},"0":{"message":{"":{"len":2}}}}}`)
	f(1, `"breadcrumbs":{"values":[{"data":{"password":"a"}},{"data":{"password":"b"}}]}`,
		`"_meta":{"breadcrumbs":{"values":{"0":{"data":{"password":`)
}

// BenchmarkFill measures what settings cost an error of 9 KB: nothing set, and all of it.
func BenchmarkFill(b *testing.B) {
	body := "{}\n{\"type\":\"event\"}\n" + strings.ReplaceAll(readFile(b, "../sentry/testdata/bench_error.json"), "\n", " ") + "\n"
	for _, set := range []bool{false, true} {
		b.Run(fmt.Sprintf("set=%v", set), func(b *testing.B) {
			base := settings.Defaults()
			if set {
				base.Upstream.Environment, base.Upstream.Release = "staging", "app@2"
			}
			p := New(Options{Settings: settings.NewBook(base)})
			e, err := wire.ReadEnvelope([]byte(body))
			if err != nil {
				b.Fatal(err)
			}
			docs := sentry.Parse(e, meta())
			b.ReportAllocs()
			for b.Loop() {
				p.fill(docs)
			}
		})
	}
}
