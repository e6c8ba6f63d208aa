package sentry

import (
	"fmt"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// TestShapes holds the shapes that a strict decoder answers 200 to and loses.
func TestShapes(t *testing.T) {
	t.Parallel()
	f := func(name, payload, want string, got func(e *model.Event) any) {
		t.Helper()
		e := decodeEvent(t, payload)
		if s := fmt.Sprint(got(&e)); s != want {
			t.Errorf("%s: %s, want %s", name, s, want)
		}
		if _, err := DecodeEvent(e.Payload); err != nil {
			t.Errorf("%s: read back: %v", name, err)
		}
	}
	types := func(e *model.Event) any {
		out := []string{fmt.Sprint(e.Kind)}
		for _, x := range e.Exceptions {
			out = append(out, x.Type+"="+x.Value)
		}
		return out
	}
	f("bare list of exceptions", `{"exception":[{"type":"A","value":"a"},{"type":"B"}]}`, "[1 A=a B=]", types)
	f("values", `{"exception":{"values":[{"type":"A"},null,7]}}`, "[1 A=]", types)
	f("single exception", `{"exception":{"type":"A","value":"a"}}`, "[1 A=a]", types)
	f("old name", `{"sentry.interfaces.Exception":[{"type":"A"}]}`, "[1 A=]", types)
	f("new name wins", `{"exception":[{"type":"A"}],"sentry.interfaces.Exception":[{"type":"B"}]}`, "[1 A=]", types)
	f("new name is null", `{"sentry.interfaces.Exception":[{"type":"B"}],"exception":null}`, "[1 B=]", types)
	f("no exceptions", `{"exception":{}}`, "[2]", types)
	f("null exceptions", `{"exception":{"values":null}}`, "[2]", types)
	f("value is a number", `{"exception":[{"type":"A","value":42}]}`, "[1 A=42]", types)
	f("value is an object", `{"exception":[{"type":"A","value":{"code":[1,null]}}]}`, `[1 A={"code":[1,null]}]`, types)
	f("value is a boolean", `{"exception":[{"type":"A","value":false}]}`, "[1 A=false]", types)
	f("nothing in it", `{"exception":[{"module":"m"}]}`, "[2]", types)

	user := func(e *model.Event) any { return e.User }
	f("integer user id", `{"user":{"id":4711}}`, "{4711   }", user)
	f("large user id", `{"user":{"id":90071992547409931}}`, "{90071992547409931   }", user)
	f("user of an old client", `{"sentry.interfaces.User":{"id":"a","email":"e","username":"u","ip_address":"2001:DB8::1"}}`, "{a e u 2001:db8::1}", user)
	f("user is text", `{"user":"ada"}`, "{   }", user)
	f("address is none", `{"user":{"ip_address":"localhost"}}`, "{   }", user)

	prints := func(e *model.Event) any { return e.Fingerprint }
	f("integers in a fingerprint", `{"fingerprint":["{{ default }}",7,1.5,true,null,["x"],""]}`, "[{{ default }} 7 1 True]", prints)
	f("fingerprint is text", `{"fingerprint":"all"}`, "[all]", prints)

	frame := func(e *model.Event) any { return fmt.Sprintf("%+v", e.Exceptions[0].Frames[0]) }
	const stack = `{"exception":[{"type":"A","stacktrace":{"frames":[{"function":"f","lineno":"12","colno":"x","in_app":"true","vars":[1],"data":{"sourcemap":"a.map"}}]}}]}`
	f("odd frame", stack, "{Function:f RawFunction: Module: Package: Filename: AbsPath: ContextLine: Line:12 Column:0 InApp:1 Platform: SourceMapped:true}", frame)

	f("thread id as text", `{"exception":[{"type":"A","thread_id":"main"}],"threads":[{"id":7,"name":"worker","crashed":true,"stacktrace":{"frames":[{"function":"f"}]}}]}`,
		"7 worker true false 1", func(e *model.Event) any {
			th := e.Threads[0]
			return fmt.Sprintf("%s %s %v %v %d", th.ID, th.Name, th.Crashed, th.Current, len(th.Frames))
		})
	f("extra as a list", `{"extra":[1,"two"],"message":"x"}`, "x", func(e *model.Event) any { return e.Message })
	f("headers as pairs", `{"request":{"url":"https://h/p?q#f","method":"get","headers":[["Host","h"],["X",["a","b"]]]}}`,
		"{https://h/p GET}", func(e *model.Event) any { return e.Request })
	f("not a method", `{"request":{"method":"a b"}}`, "{ }", func(e *model.Event) any { return e.Request })
}

func TestMessage(t *testing.T) {
	t.Parallel()
	f := func(payload, message, template string) {
		t.Helper()
		e := decodeEvent(t, payload)
		if e.Message != message || e.Template != template || e.Kind != model.KindMessage {
			t.Errorf("%s: %q from %q, want %q from %q", payload, e.Message, e.Template, message, template)
		}
	}
	f(`{"message":"plain"}`, "plain", "")
	f(`{"message":"100% {} %s"}`, "100% {} %s", "")
	f(`{"logentry":"plain"}`, "plain", "")
	f(`{"logentry":{"formatted":"done"}}`, "done", "")
	f(`{"logentry":{"message":"a %s","formatted":"a b","params":["c"]}}`, "a b", "a %s")
	f(`{"logentry":{"message":"a %s and %d","params":["b",7]}}`, "a b and 7", "a %s and %d")
	f(`{"logentry":{"message":"%5.2f%% of %-10s","params":[0.5,"x"]}}`, "0.5% of x", "%5.2f%% of %-10s")
	f(`{"logentry":{"message":"%(who)s did %(what)s","params":{"who":"ada","what":null}}}`, "ada did null", "%(who)s did %(what)s")
	f(`{"logentry":{"message":"{} and {1} and {0}","params":["a","b"]}}`, "a and b and a", "{} and {1} and {0}")
	f(`{"logentry":{"message":"{who:>10} {{x}}","params":{"who":["a",1]}}}`, `["a",1] {{x}}`, "{who:>10} {{x}}")
	f(`{"logentry":{"message":"a %s %s","params":["b"]}}`, "a b %s", "a %s %s")
	f(`{"logentry":{"message":"a %s","params":"b"}}`, "a %s", "")
	f(`{"logentry":{"message":"50% {","params":[1]}}`, "50% {", "")
	f(`{"logentry":{"message":"%(x","params":{"x":1}}}`, "%(x", "")
	f(`{"logentry":{"message":{"a":1}}}`, `{"a":1}`, "")
	f(`{"logentry":false,"message":"m"}`, "m", "")
	f(`{"logentry":{},"message":"m"}`, "m", "")
	f(`{"logentry":7}`, "7", "")
	f(`{"message":["a",1]}`, `["a",1]`, "")
	f(`{"message":{"message":"%s","params":["x"]}}`, "x", "%s")
	f(`{"sentry.interfaces.Message":{"message":"old"},"message":"short"}`, "old", "")
	f(`{"message":"a\u0000b"}`, "ab", "")
	long := strings.Repeat("é", 9000)
	f(`{"message":"`+long+`"}`, long[:2*8189]+"...", "")
	f(`{"logentry":{"message":"`+strings.Repeat("{0}", 2000)+`","params":["`+strings.Repeat("x", 1000)+`"]}}`,
		strings.Repeat("x", 8189)+"...", strings.Repeat("{0}", 2000))
}

func TestLevel(t *testing.T) {
	t.Parallel()
	f := func(json string, want model.Level) {
		t.Helper()
		if e := decodeEvent(t, `{"level":`+json+`}`); e.Level != want {
			t.Errorf("%s: %s, want %s", json, e.Level, want)
		}
	}
	f(`"debug"`, model.LevelDebug)
	f(`"info"`, model.LevelInfo)
	f(`"log"`, model.LevelInfo)
	f(`"warning"`, model.LevelWarning)
	f(`"Warn"`, model.LevelWarning)
	f(`"error"`, model.LevelError)
	f(`"fatal"`, model.LevelFatal)
	f(`"critical"`, model.LevelFatal)
	f(`10`, model.LevelDebug)
	f(`20`, model.LevelInfo)
	f(`30`, model.LevelWarning)
	f(`"40"`, model.LevelError)
	f(`50`, model.LevelFatal)
	f(`60`, model.LevelError)
	f(`35`, model.LevelError)
	f(`-10`, model.LevelError)
	f(`"loud"`, model.LevelError)
	f(`"`+strings.Repeat("x", 1000)+`"`, model.LevelError)
	f(`null`, model.LevelError)
	f(`{}`, model.LevelError)
}

func TestNames(t *testing.T) {
	t.Parallel()
	f := func(payload, want string) {
		t.Helper()
		e := decodeEvent(t, payload)
		got := fmt.Sprintf("%s|%s|%s|%s|%s|%s", e.Release, e.Environment, e.Dist, e.Platform, e.Logger, e.Transaction)
		if got != want {
			t.Errorf("%s: %s, want %s", payload, got, want)
		}
	}
	f(`{"release":" fleet@1.4.2 ","environment":"production","dist":"42","platform":"go","logger":"a.b","transaction":" GET / "}`,
		"fleet@1.4.2|production|42|go|a.b|GET /")
	f(`{"release":7,"dist":8.0,"environment":true,"platform":"cobol"}`, "7|true|8|other||")
	f(`{"release":"a/b","environment":"a/b","dist":"a b","logger":"a\nb"}`, "|||other||")
	f(`{"release":"..","environment":"none"}`, "|||other||")
	f(`{"release":"a\u0007b"}`, "|||other||")
	f(`{"release":"`+strings.Repeat("r", 201)+`","dist":"`+strings.Repeat("d", 65)+`"}`, "|||other||")
	f(`{"release":null,"environment":{},"platform":["go"]}`, "|||other||")
	f(`{"environment":"`+strings.Repeat("e", 65)+`"}`, "|"+strings.Repeat("e", 61)+"...||other||")
	f(`{"culprit":"c","transaction":"t"}`, "|||other||t")
	f(`{"culprit":"c"}`, "|||other||c")
	f(`{"tags":{"release":"r","environment":"e","dist":"d"}}`, "r|e||other||")
	f(`{"release":"own","tags":[["release","r"]]}`, "own|||other||")
}

func TestSDK(t *testing.T) {
	t.Parallel()
	f := func(payload, header, want string) {
		t.Helper()
		h := wire.EnvelopeHeader{SDKName: header, SDKVersion: "9"}
		e := decodeItems(h, wire.Item{Type: "event", Payload: []byte(payload)}).Events[0]
		if got := e.SDKName + " " + e.SDKVersion; got != want {
			t.Errorf("%s, %s: %q, want %q", payload, header, got, want)
		}
	}
	f(`{"sdk":{"name":"a","version":"1"}}`, "b", "a 1")
	f(`{}`, "b", "b 9")
	f(`{"sdk":null}`, "", "sentry.test 1.2.3")
	f(`{"sdk":"x"}`, "", "sentry.test 1.2.3")
}

func TestSDKFromUserAgent(t *testing.T) {
	t.Parallel()
	m := testMeta()
	m.SDK, m.UserAgent = "", "curl/8.9 (linux)"
	docs := Parse(&wire.Envelope{Items: []wire.Item{{Type: "event", Payload: []byte(`{}`)}}}, m)
	defer docs.Release()
	if e := Decode(docs).Events[0]; e.SDKName != "curl" || e.SDKVersion != "8.9" {
		t.Errorf("%q %q", e.SDKName, e.SDKVersion)
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	f := func(json, want string) {
		t.Helper()
		if e := decodeEvent(t, `{"tags":`+json+`}`); fmt.Sprint(e.Tags) != want {
			t.Errorf("%s: %v, want %s", json, e.Tags, want)
		}
	}
	f(`{"a":"b","c":"d"}`, "[{a b} {c d}]")
	f(`[["a","b"],["c","d"]]`, "[{a b} {c d}]")
	f(`[{"key":"a","value":"b"},{"name":"c","value":1}]`, "[{a b} {c 1}]")
	f(`{"t":true,"f":false,"i":7,"x":1.9,"n":null,"o":{},"l":[1]}`, "[{t True} {f False} {i 7} {x 1}]")
	f(`{"big":1e20,"neg":-2.5}`, "[{big 1e20} {neg -2}]")
	f(`[["a","1"],["a","2"]]`, "[{a 1}]")
	f(`{"a b":"c","bad!":"d","":"e","ok_.:-":" f "}`, "[{a-b c} {ok_.:- f}]")
	f(`{"a":"x\ny","b":"","c":"`+strings.Repeat("x", 201)+`"}`, "[]")
	f(`{"u":"`+strings.Repeat("é", 200)+`"}`, "[{u "+strings.Repeat("é", 200)+"}]")
	f(`{"user":"x","filename":"x","function":"x","dist":"x","server_name":"x","level":"x"}`, "[{level x}]")
	f(`[["a"],["b","c","d"],"e",null,[1,2],[null,3]]`, "[{1 2}]")
	f(`"a=b"`, "[]")
	f(`{"`+strings.Repeat("k", 201)+`":"v"}`, "[]")
}

func TestManyTags(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&b, `,"key%d":"%d"`, i, i)
	}
	e := decodeEvent(t, `{"tags":{`+b.String()[1:]+`}}`)
	if len(e.Tags) != maxTags || !strings.Contains(string(e.Payload), `"key9999":"9999"`) {
		t.Errorf("%d tags of %d bytes", len(e.Tags), len(e.Payload))
	}
}

func TestInvalidUTF8(t *testing.T) {
	t.Parallel()
	e := decodeEvent(t, "{\"message\":\"a\xffb\",\"tags\":{\"k\xc3\":\"v\"},\"extra\":{\"s\":\"\\ud800\",\"c\":\"\x01\\q\"}}")
	if e.Message != "a\uFFFDb" {
		t.Errorf("message = %q", e.Message)
	}
}

func TestNumbersThatJSONDoesNotKnow(t *testing.T) {
	t.Parallel()
	e := decodeEvent(t, `{"extra":[NaN,Infinity,-Infinity,nan,1.,.5,+1,01,1e5,-0.5E-7,--1,1.2.3]}`)
	if want := `{"extra":[null,null,null,null,null,null,null,null,1e5,-0.5E-7,null,null]}`; string(e.Payload) != want {
		t.Errorf("payload = %s, want %s", e.Payload, want)
	}
}
