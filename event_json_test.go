package picket

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"
)

func eventPointer[T any](v T) *T { return &v }

// eventStack returns a stack as Go programs have them.
func eventStack(frames int) *sentry.Stacktrace {
	s := &sentry.Stacktrace{}
	for i := range frames {
		s.Frames = append(s.Frames, sentry.Frame{
			Function: "(*Server).handle", Module: "example.org/shop/internal/server", Filename: "internal/server/server.go",
			AbsPath: "/home/ada/src/shop/internal/server/server.go", Lineno: 100 + i, InApp: i%2 == 0,
		})
	}
	return s
}

// fullEvent returns an event in which everything is set and nothing is secret.
func fullEvent() *sentry.Event {
	at := time.Date(2026, 3, 4, 5, 6, 7, 89, time.UTC)
	stack := eventStack(20)
	stack.FramesOmitted = []uint{1, 2}
	stack.Frames[0] = sentry.Frame{
		Function: "f", Symbol: "s", Module: "m", Filename: "f.go", AbsPath: "/f.go", Lineno: 1, Colno: 2,
		PreContext: []string{"a", ""}, ContextLine: "b", PostContext: []string{"c"}, InApp: true,
		Vars: map[string]any{"x": 1, "y": []string{"z"}}, Package: "p", InstructionAddr: "0x1", AddrMode: "rel",
		SymbolAddr: "0x2", ImageAddr: "0x3", Platform: "go", StackStart: true,
	}
	return &sentry.Event{
		EventID: "b2f1c7d0a5e94c1e8d3f6a7b9c0d1e2f", Timestamp: at, Platform: "go", Level: sentry.LevelError, Release: "shop@1.2.3",
		Environment: "production", Dist: "7", Message: "order 81 lost <b>", Transaction: "GET /orders/{id}", Logger: "orders",
		ServerName: "web-1", Fingerprint: []string{"{{ default }}", "orders"},
		Exception: []sentry.Exception{
			{Type: "*pq.Error", Value: "duplicate row \"7\"", Module: "github.com/lib/pq", ThreadID: 3},
			{Type: "save order", Value: "save order: duplicate row", Stacktrace: stack, Mechanism: &sentry.Mechanism{
				Type: "generic", Description: "d", HelpLink: "https://example.org/help", Source: "unwrap", Handled: eventPointer(false),
				ParentID: eventPointer(0), ExceptionID: 1, IsExceptionGroup: true, Data: map[string]any{"a": 1.5},
			}},
		},
		Threads: []sentry.Thread{{ID: "1", Name: "main", Stacktrace: eventStack(1), Crashed: true, Current: true}},
		Breadcrumbs: []*sentry.Breadcrumb{
			{Type: "http", Category: "http", Message: "GET", Level: sentry.LevelInfo, Timestamp: at,
				Data: map[string]any{"url": "https://example.org/a?b=c", "http.status_code": 200, "nested": map[string]any{"a": []int{1}}}},
			{Message: "empty"},
		},
		Contexts: map[string]sentry.Context{
			"trace": sentry.TraceContext{
				TraceID: sentry.TraceID{1}, SpanID: sentry.SpanID{2}, ParentSpanID: sentry.SpanID{3}, Op: "http.server",
				Description: "GET", Status: sentry.SpanStatusNotFound, Data: map[string]any{"http.request.method": "GET", "user.id": 7},
			}.Map(),
			"runtime":      {"name": "go", "version": "go1.26", "go_numroutines": 12, "nothing": nil},
			"agent":        {"id": "a1", "name": "Planner", "capabilities": []string{"search"}},
			"organization": {"id": "o1", "tier": "free"},
			"response":     {"status_code": 500, "headers": map[string]string{"Server": "shop"}, "data": "ok"},
			"empty":        nil,
		},
		Tags:    map[string]string{"region": "eu", "agent.id": "a1"},
		User:    sentry.User{ID: "7", Email: "ada@example.com", IPAddress: "10.0.0.1", Username: "ada", Name: "Ada", Data: map[string]string{"plan": "free"}},
		Request: &sentry.Request{URL: "https://example.org/orders/81", Method: "GET", Data: "a=1&b=2", QueryString: "page=2", Cookies: "theme=dark", Headers: map[string]string{"Accept": "*/*", "User-Agent": "curl/8"}, Env: map[string]string{"REMOTE_ADDR": "10.0.0.1", "SERVER_NAME": "x"}},
		Modules: map[string]string{"github.com/lib/pq": "v1.10.9", "example.org/shop": "(devel)"},
		Sdk:     sentry.SdkInfo{Name: "sentry.go", Version: "0.50.0", Integrations: []string{"Modules"}, Packages: []sentry.SdkPackage{{Name: "sentry-go", Version: "0.50.0"}}},
		DebugMeta: &sentry.DebugMeta{
			SdkInfo: &sentry.DebugMetaSdkInfo{SdkName: "n", VersionMajor: 1}, Images: []sentry.DebugMetaImage{{Type: "elf", ImageSize: 5}},
		},
	}
}

// eventDecoded returns what JSON says, without the differences that event has by intent.
func eventDecoded(t *testing.T, b []byte) any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	for _, name := range []string{"exception", "threads", "breadcrumbs"} {
		if list, ok := m[name].([]any); ok {
			m[name] = map[string]any{"values": list}
		}
	}
	for _, name := range []string{"user", "sdk"} {
		if o, ok := m[name].(map[string]any); ok && len(o) == 0 {
			delete(m, name)
		}
	}
	return m
}

// encodedEvent returns what event writes.
func encodedEvent(t testing.TB, ev *sentry.Event, o encodeOptions) string {
	t.Helper()
	return encodedBy(t, o, func(e *encoder) { e.event(ev) })
}

func TestEventIsSentrys(t *testing.T) {
	t.Parallel()
	f := func(name string, ev *sentry.Event) {
		t.Helper()
		theirs, err := json.Marshal(ev)
		if err != nil {
			t.Fatal(err)
		}
		ours := encodedEvent(t, ev, encodeOptions{pii: true})
		got, want := eventDecoded(t, []byte(ours)), eventDecoded(t, theirs)
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%v, sentry-go\n%v", name, got, want)
		}
	}
	f("full", fullEvent())
	f("new", sentry.NewEvent())
	f("zero", &sentry.Event{})
	f("message", &sentry.Event{Message: "50% <done> & \u2028", Level: sentry.LevelInfo, Timestamp: time.Now().UTC()})

	transaction := fullEvent()
	transaction.Type = eventTransaction
	transaction.StartTime = transaction.Timestamp.Add(-time.Second)
	transaction.TransactionInfo = &sentry.TransactionInfo{Source: sentry.SourceRoute}
	transaction.Spans = []*sentry.Span{
		{TraceID: sentry.TraceID{1}, SpanID: sentry.SpanID{4}, ParentSpanID: sentry.SpanID{2}, Op: "db", Description: "SELECT 1",
			Status: sentry.SpanStatusOK, StartTime: transaction.StartTime, EndTime: transaction.Timestamp, Origin: "manual",
			Tags: map[string]string{"a": "b"}, Data: map[string]any{"db.rows": 3.0}},
		{Name: "bare", SpanID: sentry.SpanID{5}},
	}
	f("transaction", transaction)
	transaction.MakeSerializationSafe()
	f("safe transaction", transaction)

	f("check-in", &sentry.Event{
		Type: eventCheckIn, Release: "r", Environment: "e",
		CheckIn:       &sentry.CheckIn{ID: "c1", MonitorSlug: "nightly", Status: sentry.CheckInStatusOK, Duration: 1500 * time.Millisecond},
		MonitorConfig: &sentry.MonitorConfig{Schedule: sentry.CrontabSchedule("1 * * * *"), MaxRuntime: 5, Timezone: "UTC"},
	})
}

func TestEventSurvivesAnything(t *testing.T) {
	t.Parallel()
	cycle := sentry.Context{}
	cycle["self"] = map[string]any(cycle)
	ev := &sentry.Event{
		Message:     "\xff\x00",
		Breadcrumbs: []*sentry.Breadcrumb{nil, {Data: map[string]any{"f": func() {}, "nan": math.NaN()}}},
		Contexts: map[string]sentry.Context{
			"trace": {"trace_id": 5, "data": "none", "op": []any{encodePanics{}}, "span_id": nil},
			"cycle": cycle, "\xff": {"\xff": encodeBadLog{}}, "response": {"headers": 5, "cookies": nil},
		},
		Exception: []sentry.Exception{{Mechanism: &sentry.Mechanism{Data: map[string]any{"c": make(chan int)}}, Stacktrace: &sentry.Stacktrace{}}},
		Request:   &sentry.Request{},
		Spans:     []*sentry.Span{nil, {Data: map[string]any{"nan": math.NaN()}}},
		Type:      eventTransaction,
	}
	got := encodedEvent(t, ev, encodeOptions{})
	for _, want := range []string{`"nan":null`, `"[panicked: picket.encodeBadLog]"`, `"[unserializable: func()]"`, `"\ufffd":{`} {
		want = strings.ReplaceAll(want, `\ufffd`, "\ufffd")
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
}

func TestEventWritesExtra(t *testing.T) {
	t.Parallel()
	got := encodedBy(t, encodeOptions{}, func(e *encoder) {
		e.event(&sentry.Event{Platform: "go"}, func(e *encoder) { e.member("extra").object(map[string]any{"a": 1}) })
	})
	if got != `{"platform":"go","extra":{"a":1}}` {
		t.Error(got)
	}
}

// secretEvent returns an event with secrets, which contain Hidden1, in every place.
func secretEvent() *sentry.Event {
	const inText = "connect postgres://bob:Hidden1@db/app password=Hidden1, sk-Hidden1Hidden1Hidden1Hidden1"
	deep := map[string]any{"config": map[string]any{"api_key": "Hidden1", "list": []any{map[string]any{"token": 1}, inText}}, "note": inText}
	ev := fullEvent()
	ev.Message, ev.Transaction, ev.Logger, ev.ServerName = inText, inText, inText, inText
	ev.Fingerprint = append(ev.Fingerprint, inText)
	ev.Exception[0].Value = inText
	ev.Exception[1].Mechanism.Data = deep
	ev.Exception[1].Mechanism.Description = inText
	frame := &ev.Exception[1].Stacktrace.Frames[0]
	frame.Vars, frame.ContextLine, frame.PreContext = deep, `password := "Hidden1"`, []string{`token = "Hidden1"`}
	ev.Threads[0].Name = inText
	ev.Breadcrumbs = append(ev.Breadcrumbs, &sentry.Breadcrumb{Message: inText, Data: map[string]any{
		"url": "https://bob:Hidden1@example.org/?access_token=Hidden1&signature=Hidden1", "url.query": "sig=Hidden1", "deep": deep,
		"http.request.header.authorization": "Bearer Hidden1", "http.request.header.cookie": "session=Hidden1",
		"gen_ai.tool.call.arguments": `{"password":"Hidden1"}`,
	}})
	ev.Contexts["trace"]["description"] = inText
	ev.Contexts["trace"]["data"] = map[string]any{"db.password": "Hidden1", "text": inText, "gen_ai.prompt": inText}
	ev.Contexts["credentials"] = sentry.Context{"a": "Hidden1"}
	ev.Contexts["state"] = deep
	ev.Contexts["response"] = sentry.Context{"headers": map[string]string{"Set-Cookie": "session=Hidden1"}, "cookies": "sid=Hidden1", "data": "token=Hidden1&a=1"}
	ev.Tags["api_key"], ev.Tags["note"] = "Hidden1", inText
	ev.User.Data["password"] = "Hidden1"
	ev.Request = &sentry.Request{
		URL: "https://bob:Hidden1@example.org/?token=Hidden1", QueryString: "access_token=Hidden1&user[password]=Hidden1&a=1",
		Cookies: "session=Hidden1; theme=dark", Data: `{"password":"Hidden1","user":{"token":"Hidden1"}}`,
		Headers: map[string]string{"Authorization": "Bearer Hidden1", "Cookie": "session=Hidden1", "X-Api-Key": "Hidden1", "Referer": "https://x.org/?token=Hidden1"},
		Env:     map[string]string{"HTTP_COOKIE": "session=Hidden1", "QUERY_STRING": "sig=Hidden1", "DB_PASSWORD": "Hidden1"},
	}
	return ev
}

func TestEventKeepsSecrets(t *testing.T) {
	t.Parallel()
	for _, pii := range []bool{false, true} {
		got := encodedEvent(t, secretEvent(), encodeOptions{pii: pii})
		if i := strings.Index(got, "Hidden1"); i >= 0 {
			t.Errorf("pii %v: …%s…", pii, got[max(0, i-60):min(len(got), i+60)])
		}
		for _, want := range []string{`"region":"eu"`, `"Authorization":"[Filtered]"`, `"agent":{`, `"capabilities":["search"]`, `a=1"`} {
			if !strings.Contains(got, want) {
				t.Errorf("no %s in %s", want, got)
			}
		}
	}
}

func TestEventUser(t *testing.T) {
	t.Parallel()
	f := func(o encodeOptions, u sentry.User, want string) {
		t.Helper()
		if got := encodedEvent(t, &sentry.Event{User: u}, o); got != want {
			t.Errorf("%+v: %s, want %s", u, got, want)
		}
	}
	ada := sentry.User{ID: "ada", Email: "ada@example.com", IPAddress: "10.0.0.1", Name: "Ada", Data: map[string]string{"plan": "free"}}
	anonymous := encodeOptions{anonymize: true, pii: true, key: []byte("k")}
	id := eventPseudonym(anonymous, "ada")
	f(encodeOptions{}, ada, `{"user":{"id":"ada","email":"ada@example.com","name":"Ada","data":{"plan":"free"}}}`)
	f(encodeOptions{pii: true}, sentry.User{ID: "ada", IPAddress: "10.0.0.1"}, `{"user":{"id":"ada","ip_address":"10.0.0.1"}}`)
	f(encodeOptions{}, sentry.User{IPAddress: "10.0.0.1"}, `{}`)
	f(anonymous, ada, `{"user":{"id":"`+id+`"}}`)
	f(anonymous, sentry.User{Email: "ada"}, `{"user":{"id":"`+id+`"}}`)
	f(anonymous, sentry.User{IPAddress: "10.0.0.1"}, `{}`)
}

func eventPseudonym(o encodeOptions, id string) string {
	e := acquireEncoder(newEncodeSettings(o))
	defer e.release()
	return e.pseudonym(id)
}

func TestEventAnonymous(t *testing.T) {
	t.Parallel()
	ev := fullEvent()
	ev.Message = "mail to ada@example.com bounced"
	ev.Tags["user.email"] = "ada@example.com"
	ev.Tags["user.id"] = "person7"
	got := encodedEvent(t, ev, encodeOptions{anonymize: true, pii: true})
	for _, gone := range []string{"ada@example.com", "Ada", "10.0.0.1", "theme=dark", "person7"} {
		if strings.Contains(got, gone) {
			t.Errorf("%s in %s", gone, got)
		}
	}
	for _, stays := range []string{`"organization":{"id":"o1","tier":"free"}`, `"agent":{`, `"SERVER_NAME":"x"`} {
		if !strings.Contains(got, stays) {
			t.Errorf("no %s in %s", stays, got)
		}
	}
}

func TestEventRequest(t *testing.T) {
	t.Parallel()
	f := func(o encodeOptions, r sentry.Request, want string) {
		t.Helper()
		if got := encodedBy(t, o, func(e *encoder) { e.request(&r) }); got != want {
			t.Errorf("%+v: %s, want %s", r, got, want)
		}
	}
	headers := map[string]string{"Cookie": "sid=1; a=2", "X-Forwarded-For": "10.0.0.1", "X-Real-IP": "10.0.0.1", "X-Forwarded-Proto": "https"}
	f(encodeOptions{}, sentry.Request{Headers: headers}, `{"headers":{"X-Forwarded-Proto":"https"}}`)
	f(encodeOptions{pii: true}, sentry.Request{Headers: headers},
		`{"headers":{"Cookie":"sid=[Filtered]; a=2","X-Forwarded-For":"10.0.0.1","X-Forwarded-Proto":"https","X-Real-IP":"10.0.0.1"}}`)
	f(encodeOptions{}, sentry.Request{Data: "user=a&password=p"}, `{"data":"user=a&password=[Filtered]"}`)
	f(encodeOptions{}, sentry.Request{Data: `{"a":{"token":"p"}}`}, `{"data":"{\"a\":{\"token\":\"[Filtered]\"}}"}`)
	f(encodeOptions{}, sentry.Request{QueryString: "?code=1&api_key=2"}, `{"query_string":"?code=1&api_key=[Filtered]"}`)
	f(encodeOptions{}, sentry.Request{Cookies: "a=b"}, `{}`)
	f(encodeOptions{}, sentry.Request{Env: map[string]string{"REMOTE_ADDR": "10.0.0.1", "HTTP_X_REAL_IP": "10.0.0.1", "PORT": "1"}}, `{"env":{"PORT":"1"}}`)
}

func TestEventTags(t *testing.T) {
	t.Parallel()
	f := func(s, want string) {
		t.Helper()
		if got := encodedEvent(t, &sentry.Event{Tags: map[string]string{"k": s}}, encodeOptions{}); got != `{"tags":{"k":"`+want+`"}}` {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
	f("two\nlines", "two lines")
	f(strings.Repeat("é", 200), strings.Repeat("é", 200))
	f(strings.Repeat("é", 201), strings.Repeat("é", 199)+"…")
	f(strings.Repeat("a ", 97)+"token: hunter2", strings.Repeat("a ", 97)+"token…")
}

// BenchmarkEvent encodes an error of 9 KB as we do, with secrets taken out, and as
// sentry-go does.
func BenchmarkEvent(b *testing.B) {
	ev := fullEvent()
	ev.Exception[1].Stacktrace = eventStack(30)
	for i := range 20 {
		ev.Breadcrumbs = append(ev.Breadcrumbs, &sentry.Breadcrumb{
			Category: "query", Message: fmt.Sprintf("SELECT * FROM orders WHERE id = %d", i), Timestamp: ev.Timestamp,
		})
	}
	b.Run("picket", func(b *testing.B) {
		s := newEncodeSettings(encodeOptions{pii: true})
		b.ReportAllocs()
		for b.Loop() {
			e := acquireEncoder(s)
			e.event(ev)
			b.SetBytes(int64(len(e.buf)))
			e.release() // what a caller copies is the caller's
		}
	})
	b.Run("sentry-go", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			out, err := json.Marshal(ev)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(out)))
		}
	})
}
