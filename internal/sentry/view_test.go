package sentry

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/wire"
)

// TestGoldenView reads back every event of the golden envelopes.
func TestGoldenView(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*_error.envelope")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d envelopes, %v", len(files), err)
	}
	for _, file := range append(files, "testdata/go_transaction.envelope") {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		env, err := wire.ReadEnvelope(body)
		if err != nil {
			t.Fatal(err)
		}
		docs := Parse(env, testMeta())
		v, err := DecodeEvent(Decode(docs).Events[0].Payload)
		docs.Release()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		compare(t, file[:len(file)-len(".envelope")]+".view.json", string(text)+"\n")
	}
}

func TestView(t *testing.T) {
	t.Parallel()
	f := func(name, payload, path, want string) {
		t.Helper()
		v, err := DecodeEvent([]byte(payload))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var all map[string]json.RawMessage
		if err := json.Unmarshal(text, &all); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := string(all[path]); got != want {
			t.Errorf("%s: %s is %s, want %s", name, path, got, want)
		}
	}
	f("empty", `{}`, "type", `"default"`)
	f("default level", `{}`, "level", `"error"`)
	f("level of a transaction", `{"type":"transaction"}`, "level", `"info"`)
	f("type", `{"exception":[{"type":"A"}]}`, "type", `"error"`)
	f("time", `{"timestamp":"2026-11-23 12:59:58.5+01:00"}`, "timestamp", `"2026-11-23T11:59:58.5Z"`)
	f("bad time", `{"timestamp":"x"}`, "timestamp", ``)
	f("extra as a list", `{"extra":[1,{"a":NaN}]}`, "extra", `{"0":1,"1":{"a":null}}`)
	f("vars as a list", `{"exception":[{"type":"A","thread_id":7,"stacktrace":{"frames":[{"function":"f","vars":["x"],"pre_context":["a",null,"b"],"lineno":"3"}]}}]}`,
		"exceptions", `[{"type":"A","thread_id":"7","stacktrace":{"frames":[{"function":"f","lineno":3,"pre_context":["a","","b"],"vars":{"0":"x"}}]}}]`)
	f("value is an object", `{"exception":{"type":"A","value":{"a":1},"mechanism":{"handled":false,"data":{"x":1}}}}`,
		"exceptions", `[{"type":"A","value":"{\"a\":1}","mechanism":{"type":"generic","handled":false,"data":{"x":1}}}]`)
	f("stack of the event", `{"exception":[{"type":"A"}],"stacktrace":[{"function":"f","in_app":true}]}`,
		"exceptions", `[{"type":"A","stacktrace":{"frames":[{"function":"f","in_app":true}]}}]`)
	f("stack of a message", `{"stacktrace":{"frames":[{"function":"f"}]}}`, "threads", `[{"current":true,"stacktrace":{"frames":[{"function":"f"}]}}]`)
	f("breadcrumbs", `{"breadcrumbs":[{"timestamp":1795435198,"message":{"a":1},"data":{"x":1}},7,{"ty":"http","level":"log","category":"c"}]}`,
		"breadcrumbs", `[{"timestamp":"2026-11-23T11:59:58Z","type":"default","level":"info","message":"{\"a\":1}","data":{"x":1}},{"type":"http","category":"c","level":"info"}]`)
	f("breadcrumbs of an old client", `{"sentry.interfaces.Breadcrumbs":{"values":[{}]}}`, "breadcrumbs", `[{"type":"default","level":"info"}]`)
	f("request", `{"request":{"url":"https://h/p?a=1&b=%20x#top","method":"post","headers":[["content-type","a/b"],["x-list",["1","2"]],["cookie","s=1; t=2"]],"data":{"k":1}}}`,
		"request", `{"url":"https://h/p","method":"POST","query":[["a","1"],["b"," x"]],"fragment":"top","headers":[["Content-Type","a/b"],["X-List","1,2"]],"cookies":[["s","1"],["t","2"]],"data":{"k":1}}`)
	f("query as a map", `{"request":{"query_string":{"a":1,"b":["x"]},"cookies":[["c","d"]]}}`,
		"request", `{"query":[["a","1"],["b","[\"x\"]"]],"cookies":[["c","d"]]}`)
	f("query as text", `{"request":{"url":"/p?x=1","query_string":"?a=1&=2&b"}}`, "request", `{"url":"/p","query":[["a","1"],["b",""]]}`)
	f("user", `{"user":{"id":7,"plan":"gold","data":{"x":1},"geo":{"city":"Wien"}}}`, "user", `{"id":"7","geo":{"city":"Wien"},"data":{"x":1,"plan":"gold"}}`)
	f("no user", `{"user":{}}`, "user", ``)
	f("message", `{"logentry":{"message":"a %s","params":["b"]}}`, "logentry", `{"formatted":"a b","message":"a %s","params":["b"]}`)
	f("sdk", `{"sdk":{"name":"n","version":"1","integrations":["a",7,null],"packages":[{"name":"p","version":"2"},{}]}}`,
		"sdk", `{"name":"n","version":"1","integrations":["a","7"],"packages":[{"name":"p","version":"2"}]}`)
	f("errors", `{"errors":[{"type":"invalid_data","name":"user.ip","value":7},null]}`, "errors", `[{"type":"invalid_data","name":"user.ip","value":7}]`)
	f("meta", `{"_meta":{"user":{"":{"rem":[["x","x"]]}}}}`, "_meta", `{"user":{"":{"rem":[["x","x"]]}}}`)
	f("contexts in order", `{"contexts":{"b":{"x":1},"a":7}}`, "contexts", `{"b":{"x":1},"a":7}`)
	f("id", `{"event_id":"B2F1C7D0-A5E9-4C1E-8D3F-6A7B9C0D1E2F"}`, "event_id", `"`+someID+`"`)
}

func TestViewRefuses(t *testing.T) {
	t.Parallel()
	for _, payload := range []string{"", "[]", "{", "7"} {
		if _, err := DecodeEvent([]byte(payload)); !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%q: %v, want ErrInvalid", payload, err)
		}
	}
}

func TestMembersGet(t *testing.T) {
	t.Parallel()
	v, err := DecodeEvent([]byte(`{"contexts":{"agent":{"id":1}}}`))
	if err != nil || string(v.Contexts.Get("agent")) != `{"id":1}` || v.Contexts.Get("x") != nil {
		t.Errorf("contexts = %v, %v", v, err)
	}
}
