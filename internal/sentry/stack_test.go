package sentry

import (
	"fmt"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
)

func TestMechanism(t *testing.T) {
	t.Parallel()
	f := func(json, want string) {
		t.Helper()
		e := decodeEvent(t, `{"exception":[{"type":"A","mechanism":`+json+`}]}`)
		x := e.Exceptions[0]
		got := fmt.Sprint(x.Mechanism, " ", x.Handled, x.Synthetic, x.ID, x.ParentID, x.Group, " ", e.Handled)
		if got != want {
			t.Errorf("%s: %s, want %s", json, got, want)
		}
	}
	f(`{"type":"generic","handled":true,"exception_id":0,"is_exception_group":true}`, "generic 1 false 0 -1 true 1")
	f(`{"type":"x","handled":false,"synthetic":true,"exception_id":2,"parent_id":1}`, "x -1 true 2 1 false -1")
	f(`{"handled":null,"exception_id":"3","parent_id":-4}`, "generic 0 false 3 -1 false 0")
	f(`{}`, " 0 false -1 -1 false 0")
	f(`null`, " 0 false -1 -1 false 0")
	f(`"generic"`, " 0 false -1 -1 false 0")
	f(`{"type":"auto.ai.openai","handled":false}`, "auto.ai.openai -1 false -1 -1 false 0")
}

func TestStackPlaces(t *testing.T) {
	t.Parallel()
	f := func(name, payload, want string) {
		t.Helper()
		e := decodeEvent(t, payload)
		var got []string
		for _, x := range e.Exceptions {
			got = append(got, fmt.Sprint(x.Type, ":", functions(x.Frames)))
		}
		for _, th := range e.Threads {
			got = append(got, fmt.Sprint("thread ", th.ID, th.Current, ":", functions(th.Frames)))
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%s: %s, want %s", name, s, want)
		}
	}
	const stack = `"stacktrace":{"frames":[{"function":"f"},{"function":"g"}]}`
	f("of the only exception", `{"exception":[{"type":"A"}],`+stack+`}`, "A:f,g")
	f("the exception has one", `{"exception":[{"type":"A","stacktrace":{"frames":[{"function":"h"}]}}],`+stack+`}`, "A:h thread true:f,g")
	f("two exceptions", `{"exception":[{"type":"A"},{"type":"B"}],`+stack+`}`, "A: B: thread true:f,g")
	f("message", `{"message":"x","sentry.interfaces.Stacktrace":{"frames":[{"function":"f"}]}}`, "thread true:f")
	f("no frames", `{"stacktrace":{"frames":[]}}`, "")
	f("bare list", `{"exception":[{"type":"A","stacktrace":[{"function":"f"},null,3]}]}`, "A:f")
	f("raw only", `{"exception":[{"type":"A","raw_stacktrace":{"frames":[{"function":"f"}]}}]}`, "A:f")
	f("raw beside", `{"exception":[{"type":"A","raw_stacktrace":{"frames":[{"function":"r"}]},`+stack+`}]}`, "A:f,g")
	f("stack without a name", `{"exception":[{`+stack+`}]}`, ":f,g")
	f("threads in values", `{"threads":{"values":[{"id":"1","current":true,`+stack+`},7]}}`, "thread 1true:f,g")
	f("threads of a raw stack", `{"threads":[{"id":2,"raw_stacktrace":{"frames":[{"function":"r"}]}}]}`, "thread 2false:r")
}

func functions(list []model.Frame) string {
	var names []string
	for _, f := range list {
		names = append(names, f.Function)
	}
	return strings.Join(names, ",")
}

func TestTooMany(t *testing.T) {
	t.Parallel()
	var frames, links, threads strings.Builder
	for i := range 400 {
		fmt.Fprintf(&frames, `,{"function":"f%d"}`, i)
		fmt.Fprintf(&links, `,{"type":"E%d"}`, i)
		fmt.Fprintf(&threads, `,{"id":%d}`, i)
	}
	e := decodeEvent(t, `{"exception":[{"type":"A","stacktrace":{"frames":[`+frames.String()[1:]+`]}}]}`)
	list := e.Exceptions[0].Frames
	if len(list) != maxFrames || list[maxFrames-1].Function != "f399" {
		t.Errorf("%d frames, the last is %+v", len(list), list[len(list)-1])
	}
	e = decodeEvent(t, `{"exception":[`+links.String()[1:]+`],"threads":[`+threads.String()[1:]+`]}`)
	if len(e.Exceptions) != maxExceptions || e.Exceptions[maxExceptions-1].Type != "E399" || len(e.Threads) != maxThreads {
		t.Errorf("%d exceptions, %d threads", len(e.Exceptions), len(e.Threads))
	}
}

func TestLongTextsOfFrames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("p", 300)
	e := decodeEvent(t, `{"exception":[{"type":"`+long+`","stacktrace":{"frames":[{"function":"`+long+`","abs_path":"`+long[:296]+`"}]}}]}`)
	want := strings.Repeat("p", 253) + "..."
	f := e.Exceptions[0].Frames[0]
	if e.Exceptions[0].Type != want || f.Function != want || f.AbsPath != long[:296] {
		t.Errorf("type %q, frame %+v", e.Exceptions[0].Type, f)
	}
}
