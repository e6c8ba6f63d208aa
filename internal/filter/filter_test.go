package filter

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/settings"
	"relay.one/picket/wire"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// subject is what an envelope of one item is decoded to.
func subject(t testing.TB, item, payload string) *Subject {
	t.Helper()
	e, err := wire.ReadEnvelope(fmt.Appendf(nil, "{\"event_id\":\"%032x\"}\n{\"type\":%q}\n%s\n", 7, item, strings.ReplaceAll(payload, "\n", " ")))
	if err != nil {
		t.Fatal(err)
	}
	docs := sentry.Parse(e, sentry.Meta{Org: 1, Project: 1, Received: noon})
	b := sentry.Decode(docs)
	if len(b.Events) != 1 {
		t.Fatalf("%d events in %s: %+v", len(b.Events), payload, b.Discards)
	}
	return &Subject{Batch: b, Event: &b.Events[0], Root: docs.Root(b.Events[0].ID)}
}

const (
	anError = `{"platform":"python","level":"error","release":"shop@1.2.3","environment":"prod","server_name":"web-1","logger":"shop.cart",
		"tags":{"region":"eu"},"user":{"id":"42","email":"a@example.com"},"sdk":{"name":"sentry.python","version":"2.0.0"},
		"request":{"url":"https://shop.example.com/cart?x=1","method":"POST","headers":{"User-Agent":"Mozilla/5.0","X-Team":"blue"}},
		"contexts":{"agent":{"id":"billing","name":"Billing","framework":"crew","version":"3"},"execution":{"id":"run-1"},"organization":{"id":"acme"}},
		"exception":{"values":[{"type":"KeyError","value":"'id'"},{"type":"ToolError","value":"Order 17 not found"}]}}`
	aTransaction = `{"type":"transaction","transaction":"GET /healthz","start_timestamp":1795521590,"timestamp":1795521590.25,"release":"shop@1.2.3",
		"contexts":{"trace":{"trace_id":"0123456789abcdef0123456789abcdef","span_id":"0123456789abcdef","op":"http.server","status":"ok"}}}`
)

func TestWhy(t *testing.T) {
	t.Parallel()
	f := func(want string, s settings.Filters, item, payload string) {
		t.Helper()
		set, err := Compile(&s)
		if err != nil {
			t.Errorf("%+v: %v", s, err)
			return
		}
		if got := set.Why(subject(t, item, payload)); got != want {
			t.Errorf("%+v: %q, want %q", s, got, want)
		}
	}
	message := func(p ...string) settings.Filters { return settings.Filters{Messages: p} }
	const said = `{"message":"Connection reset by peer"}`
	f("", settings.Filters{}, "event", anError)
	f(ByMessage, message("*not found*"), "event", anError)
	f(ByMessage, message("nothing", "toolerror: order * not found"), "event", anError)
	f(ByMessage, message("KeyError: 'id'"), "event", anError)
	f("", message("order*"), "event", anError)
	f(ByMessage, message("connection RESET*"), "event", said)
	f("", message("*"), "transaction", aTransaction)
	f("", message("*"), "feedback", `{"contexts":{"feedback":{"message":"hm"}}}`)
	f(ByMessage, settings.Filters{Types: []string{"tool*"}}, "event", anError)
	f("", settings.Filters{Types: []string{"tool"}}, "event", anError)
	f(ByRelease, settings.Filters{Releases: []string{"shop@1.*"}}, "event", anError)
	f(ByRelease, settings.Filters{Releases: []string{"shop@1.*"}}, "transaction", aTransaction)
	f("", settings.Filters{Releases: []string{"*"}}, "event", said)
	f(ByTransaction, settings.Filters{Transactions: []string{"get */health?"}}, "transaction", aTransaction)
	f(ByTransaction, settings.Filters{HealthChecks: true}, "transaction", aTransaction)
	f("", settings.Filters{HealthChecks: true, Transactions: []string{"*"}}, "event", `{"message":"x","transaction":"GET /healthz"}`)
	f("", settings.Filters{HealthChecks: true}, "transaction", strings.Replace(aTransaction, `"contexts":{`, `"contexts":{"agent":{"id":"pinger"},`, 1))
	f("", settings.Filters{HealthChecks: true}, "transaction", strings.Replace(aTransaction, "http.server", "gen_ai.invoke_agent", 1))
	f("", settings.Filters{HealthChecks: true}, "transaction", strings.Replace(aTransaction, `"release"`,
		`"spans":[{"span_id":"1123456789abcdef","op":"gen_ai.chat","start_timestamp":1795521590,"timestamp":1795521590.1}],"release"`, 1))
	f(ByCrawler, settings.Filters{Crawlers: true}, "event", `{"message":"x","request":{"headers":[["user-agent","Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"]]}}`)
	f(ByCrawler, settings.Filters{Crawlers: true}, "event", `{"message":"x","contexts":{"browser":{"name":"Googlebot"}}}`)
	f("", settings.Filters{Crawlers: true}, "event", anError)
	f(ByLocalhost, settings.Filters{Localhost: true}, "event", `{"message":"x","request":{"url":"http://localhost:3000/a"}}`)
	f(ByLocalhost, settings.Filters{Localhost: true}, "event", `{"message":"x","request":{"url":"/a","headers":{"Host":"127.0.0.1:80"}}}`)
	f(ByLocalhost, settings.Filters{Localhost: true}, "event", `{"message":"x","user":{"ip_address":"::1"}}`)
	f("", settings.Filters{Localhost: true}, "event", anError)
	f("expression:noise", settings.Filters{Expressions: []settings.Expression{{Name: "noise", When: `event.level == "error"`}}}, "event", anError)
	f("", settings.Filters{Expressions: []settings.Expression{{Name: "noise", When: `true`, Off: true}}}, "event", anError)
}

func TestWhySpan(t *testing.T) {
	t.Parallel()
	f := func(want string, s settings.Filters, x model.Span) {
		t.Helper()
		set, err := Compile(&s)
		if err != nil {
			t.Fatal(err)
		}
		x.Trace, x.Segment = model.TraceID{1}, true
		b := &model.Batch{Spans: []model.Span{x}}
		if got := set.Why(&Subject{Batch: b, Span: &b.Spans[0]}); got != want {
			t.Errorf("%+v of %+v: %q, want %q", s, x, got, want)
		}
	}
	everything := settings.Filters{Messages: []string{"*"}, Types: []string{"*"}, Crawlers: true, Localhost: true}
	f("", everything, model.Span{Name: "GET /healthz"})
	f(ByTransaction, settings.Filters{HealthChecks: true}, model.Span{Name: "GET /healthz"})
	f("", settings.Filters{HealthChecks: true}, model.Span{Name: "GET /healthz", Execution: "run-1"})
	f(ByRelease, settings.Filters{Releases: []string{"a*"}}, model.Span{Release: "a@1"})
	f("expression:x", settings.Filters{Expressions: []settings.Expression{{Name: "x", When: `event.kind == "transaction" && event.duration_ms < 2.0 && event.op == "db" && exception.type == ""`}}},
		model.Span{Op: "db", Duration: time.Millisecond})
}

func TestHealthCheck(t *testing.T) {
	t.Parallel()
	f := func(name string, want bool) {
		t.Helper()
		if got := isHealthCheck(name); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
	for _, name := range []string{"/health", "GET /healthz", "HEAD /livez/", "/readyz?verbose=1", "GET /api/v1/ping", "/actuator/health/liveness", "GET /up",
		"/__heartbeat__", "/HealthCheck", "/service/health-check/deep", "/grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch", "healthcheck"} {
		f(name, true)
	}
	for _, name := range []string{"", "/", "GET /", "/orders", "/health/insurance", "POST /shipping", "/pinging", "ready", "GET /catch/up", "/live-stream", "invoke_agent health", "/healthiness"} {
		f(name, false)
	}
}

func TestCrawler(t *testing.T) {
	t.Parallel()
	f := func(agent string, want bool) {
		t.Helper()
		if got := isCrawler(agent); got != want {
			t.Errorf("%q: %v", agent, got)
		}
	}
	f("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", true)
	f("Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)", true)
	f("Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)", true)
	f("facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", true)
	f("Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", true)
	f("Mediapartners-Google", true)
	f("Sogou web spider/4.0(+http://www.sogou.com/docs/help/webmasters.htm#07)", true)
	f("SomeNewBot", true)
	f("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36", false)
	f("Mozilla/5.0 (Linux; Android 9; CUBOT X20) AppleWebKit/537.36 Chrome/90.0 Mobile Safari/537.36", false)
	f("Mozilla/5.0 (Linux; Android 9; CUBOT; Googlebot/2.1)", true)
	f("python-requests/2.32 robotics", false)
	f("", false)
}

func TestLocal(t *testing.T) {
	t.Parallel()
	f := func(address string, want bool) {
		t.Helper()
		if got := isLocal(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
	for _, a := range []string{"http://localhost", "http://LOCALHOST:3000/a?b#c", "https://app.localhost/x", "http://127.0.0.1:8080", "http://127.8.9.1/", "http://[::1]:5173/",
		"localhost:80", "::1", "127.0.0.1", "http://me:pw@localhost/", "http://localhost./", "::ffff:127.0.0.1"} {
		f(a, true)
	}
	for _, a := range []string{"", "http://localhost.example.com/", "https://example.com/localhost", "https://notlocalhost/", "10.0.0.1", "http://example.com/?u=http://localhost/", "file:///x", "http://127.0.0.1.example.com"} {
		f(a, false)
	}
}

// TestFieldsOfErrors looks whether everything that is wrong is told, and where.
func TestFieldsOfErrors(t *testing.T) {
	t.Parallel()
	set, err := Compile(&settings.Filters{Messages: []string{"a", ""}, Releases: []string{""}, Crawlers: true,
		Expressions: []settings.Expression{{Name: "a", When: "tru"}, {Name: "b", When: "true"}}})
	if !errors.Is(err, model.ErrInvalid) {
		t.Fatal(err)
	}
	for _, want := range []string{"messages[1]: is empty", "releases[0]: is empty", "expressions[0].when: line 1, column 1: undeclared reference to 'tru'"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if got := set.Why(subject(t, "event", anError)); got != "expression:b" {
		t.Errorf("what is right does not hold: %q", got)
	}
}

// TestChangesNothing asks every filter that there is, none of which fits, and looks whether
// what was asked about is the same afterwards.
func TestChangesNothing(t *testing.T) {
	t.Parallel()
	none := []string{"nothing*", "[!a-z]nix", "{a,b}x"}
	set, err := Compile(&settings.Filters{Messages: none, Types: none, Releases: none, Transactions: none, Crawlers: true, Localhost: true,
		Expressions: []settings.Expression{{Name: "x", When: `event.tags["region"] == "mars" || request.headers["x-team"] == "red" || "Nix" in exception.types`}}})
	if err != nil {
		t.Fatal(err)
	}
	for item, payload := range map[string]string{"event": anError, "transaction": aTransaction} {
		x, same := subject(t, item, payload), subject(t, item, payload)
		before := string(sentry.AppendJSON(nil, x.Root))
		if why := set.Why(x); why != "" {
			t.Errorf("%s goes: %s", item, why)
		}
		if !reflect.DeepEqual(x.Batch, same.Batch) || string(sentry.AppendJSON(nil, x.Root)) != before {
			t.Errorf("%s is changed", item)
		}
	}
}

// BenchmarkWhy asks 20 patterns and 3 expressions about an error of 9 KB that none fits.
func BenchmarkWhy(b *testing.B) {
	var f settings.Filters
	for i := range 10 {
		f.Messages = append(f.Messages, fmt.Sprintf("*timeout %d of*connection*", i))
		f.Releases = append(f.Releases, fmt.Sprintf("shop@%d.*-beta", i))
	}
	f.Crawlers, f.Localhost, f.HealthChecks = true, true, true
	f.Expressions = []settings.Expression{
		{Name: "a", When: `event.level == "debug" && event.environment in ["dev", "test"]`},
		{Name: "b", When: `event.tags["region"] == "mars" || exception.value.contains("gave up")`},
		{Name: "c", When: `exception.types.exists(t, t.startsWith("Retry")) && agent.id == "billing"`},
	}
	set, err := Compile(&f)
	if err != nil {
		b.Fatal(err)
	}
	frame := `{"function":"Plan.Step","module":"agent/planner","filename":"planner/step.go","lineno":214,"in_app":true,"context_line":"return s.call(ctx, tool)"}`
	x := subject(b, "event", strings.Replace(anError, `"type":"ToolError",`, `"type":"ToolError","stacktrace":{"frames":[`+strings.Repeat(frame+",", 60)+frame+`]},`, 1))
	b.ReportAllocs()
	for b.Loop() {
		if why := set.Why(&Subject{Batch: x.Batch, Event: x.Event, Root: x.Root}); why != "" {
			b.Fatal(why)
		}
	}
}
