package group

import (
	"slices"
	"strconv"
	"testing"

	"relay.one/picket/internal/model"
)

// hashes returns the fingerprints of e, which stays as it is.
func hashes(e model.Event) []model.Hash { return assigned(e).Hashes }

// assigned returns e as Assign leaves it.
func assigned(e model.Event) model.Event {
	e.Exceptions = slices.Clone(e.Exceptions)
	for i := range e.Exceptions {
		e.Exceptions[i].Frames = slices.Clone(e.Exceptions[i].Frames)
	}
	e.Threads = slices.Clone(e.Threads)
	for i := range e.Threads {
		e.Threads[i].Frames = slices.Clone(e.Threads[i].Frames)
	}
	b := &model.Batch{Events: []model.Event{e}}
	Assign(b)
	return b.Events[0]
}

// together reports whether the second event finds the issue of the first.
func together(a, b model.Event) bool {
	known := hashes(a)
	return slices.ContainsFunc(hashes(b), func(h model.Hash) bool { return slices.Contains(known, h) })
}

// judge makes the two assertions of these tests.
func judge(t *testing.T) (same, apart func(what string, a, b model.Event)) {
	return func(what string, a, b model.Event) {
			t.Helper()
			if !together(a, b) {
				t.Errorf("%s: two issues, want one", what)
			}
		}, func(what string, a, b model.Event) {
			t.Helper()
			if together(a, b) {
				t.Errorf("%s: one issue, want two", what)
			}
		}
}

// failure is an error event.
func failure(platform string, chain ...model.Exception) model.Event {
	return model.Event{Kind: model.KindError, Platform: platform, Exceptions: chain}
}

// thrown is an exception without ids.
func thrown(typ, value string, frames ...model.Frame) model.Exception {
	return model.Exception{Type: typ, Value: value, ID: -1, ParentID: -1, Frames: frames}
}

// app and lib are frames of a module inside and outside the application.
func app(module, function string) model.Frame {
	return model.Frame{Module: module, Function: function, InApp: model.Yes, Line: 1}
}

func lib(module, function string) model.Frame {
	return model.Frame{Module: module, Function: function, InApp: model.No, Line: 1}
}

func message(text string) model.Event {
	return model.Event{Kind: model.KindMessage, Message: text}
}

func TestHashesMessage(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	same("numbers", message("agent 5 stopped"), message("agent 77 stopped"))
	apart("words", message("agent 5 stopped"), message("agent 5 started"))
	same("the third line", message("a\nb\nc"), message("a\nb\nd"))
	apart("the second line", message("a\nb"), message("a\nc"))
	same("white space around", message("a "), message("\na"))
	templated := func(template, text string) model.Event {
		e := message(text)
		e.Template = template
		return e
	}
	same("the template counts", templated("user %s left", "user ana left"), templated("user %s left", "user bo left"))
	apart("the template counts", templated("user %s left", "user ana left"), templated("user %s came", "user ana left"))
	same("nothing at all", message(""), message(""))
	apart("nothing at all", message(""), message("0"))
	same("platform and level do not count", message("x"), model.Event{Kind: model.KindMessage, Message: "x", Platform: "go", Level: model.LevelFatal})
}

func TestHashesException(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(typ, value string, frames ...model.Frame) model.Event {
		return failure("python", thrown(typ, value, frames...))
	}
	a, b, c := app("jobs.run", "run"), app("jobs.step", "step"), lib("requests.api", "get")

	same("the value with a stack", f("E", "one", a), f("E", "two", a))
	apart("the value without a stack", f("E", "one"), f("E", "two"))
	same("numbers of the value without a stack", f("E", "at 1"), f("E", "at 2"))
	apart("the type", f("E", "x", a), f("F", "x", a))
	apart("frames", f("E", "x", a), f("E", "x", b))
	apart("the order of frames", f("E", "x", a, b), f("E", "x", b, a))
	apart("the number of frames", f("E", "x", a), f("E", "x", a, b))
	same("frames outside the application", f("E", "x", a), f("E", "x", a, c))
	apart("frames outside alone", f("E", "x", c), f("E", "x", lib("requests.api", "put")))
	same("frames outside alone", f("E", "x", c), f("E", "y", c))
	apart("an exception and a message", f("", "x"), message("x"))

	line := a
	line.Line, line.Column = 99, 5
	same("line numbers", f("E", "x", a), f("E", "x", line))

	synthetic := func(typ, value string, frames ...model.Frame) model.Event {
		x := thrown(typ, value, frames...)
		x.Synthetic = true
		return failure("python", x)
	}
	same("the type of a synthetic exception", synthetic("E", "x", a), synthetic("F", "x", a))
	apart("the frames of a synthetic exception", synthetic("E", "x", a), synthetic("E", "x", b))
	apart("a synthetic and a real exception", synthetic("E", "x", a), f("E", "x", a))
	thread := model.Event{Kind: model.KindMessage, Platform: "python", Threads: []model.Thread{{Frames: []model.Frame{a}}}}
	same("a synthetic exception and a bare stack", synthetic("E", "x", a), thread)

	empty := failure("python", thrown("", ""))
	empty.Message = "said"
	same("an empty exception and its message", empty, message("said"))
}

func TestHashesOrder(t *testing.T) {
	t.Parallel()
	a, c := app("jobs.run", "run"), lib("requests.api", "get")
	f := func(what string, e model.Event, want ...model.Event) {
		t.Helper()
		got := hashes(e)
		if len(got) != len(want) {
			t.Fatalf("%s: %d hashes, want %d", what, len(got), len(want))
		}
		for i := range want {
			if h := hashes(want[i]); got[i] != h[len(h)-1] {
				t.Errorf("%s: hash %d is not that of all the frames of %v", what, i, want[i].Exceptions[0].Frames)
			}
		}
	}
	f("application and library", failure("python", thrown("E", "", a, c)),
		failure("python", thrown("E", "", a)), failure("python", thrown("E", "", a, c)))
	f("application only", failure("python", thrown("E", "", a)), failure("python", thrown("E", "", a)))
	f("library only", failure("python", thrown("E", "", c)), failure("python", thrown("E", "", c)))
	f("no frames", failure("python", thrown("E", "x")), failure("python", thrown("E", "x")))
}

func TestHashesThreads(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(text string, threads ...model.Thread) model.Event {
		e := message(text)
		e.Platform, e.Threads = "python", threads
		return e
	}
	stack := func(name string) []model.Frame { return []model.Frame{app("jobs", name)} }
	one, two := model.Thread{Frames: stack("one")}, model.Thread{Frames: stack("two")}
	crashed, current := model.Thread{Crashed: true, Frames: stack("crashed")}, model.Thread{Current: true, Frames: stack("current")}

	same("the text beside a stack", f("a", one), f("b", one))
	apart("the stack", f("a", one), f("a", two))
	same("the crashed thread of several", f("a", one, crashed, current), f("b", crashed))
	same("the current thread of several", f("a", one, current), f("b", current))
	same("no thread of several", f("a", one, two), message("a"))
	same("a crashed thread without a stack", f("a", model.Thread{Crashed: true}, one), message("a"))
	same("two that crashed, one current", f("a", crashed, model.Thread{Crashed: true}, current), f("b", current))
	withError := failure("python", thrown("E", "x"))
	withError.Threads = []model.Thread{one}
	same("threads beside an exception", withError, failure("python", thrown("E", "x")))
}

func TestHashesFeedback(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(id byte, text string) model.Event {
		return model.Event{ID: model.EventID{id}, Kind: model.KindFeedback, Message: text}
	}
	apart("two users who say the same", f(1, "it is slow"), f(2, "it is slow"))
	same("one feedback twice", f(1, "it is slow"), f(1, "it is slow"))
	apart("feedback and message", f(1, "it is slow"), message("it is slow"))
	e := assigned(f(1, "it is slow\nreally"))
	if e.Title != "it is slow" || e.Value != "it is slow\nreally" || e.Type != "" {
		t.Errorf("title %q, value %q, type %q", e.Title, e.Value, e.Type)
	}
	if e := assigned(f(1, "")); e.Title != "User Feedback" || len(e.Hashes) != 1 {
		t.Errorf("title %q, %d hashes", e.Title, len(e.Hashes))
	}
}

func TestAssignBatch(t *testing.T) {
	t.Parallel()
	b := &model.Batch{}
	for i := range 20 {
		e := failure("go", thrown("*pkg.Error", "x", app("main", "f"+strconv.Itoa(i))))
		if i%2 == 1 {
			e = model.Event{Kind: model.KindTransaction, Title: "untouched"}
		}
		b.Events = append(b.Events, e)
	}
	Assign(b)
	seen := map[model.Hash]bool{}
	for i, e := range b.Events {
		if i%2 == 1 {
			if len(e.Hashes) > 0 || e.Title != "untouched" {
				t.Errorf("transaction: hashes %v, title %q", e.Hashes, e.Title)
			}
			continue
		}
		if len(e.Hashes) != 1 || seen[e.Hashes[0]] {
			t.Errorf("event %d: hashes %v", i, e.Hashes)
		}
		seen[e.Hashes[0]] = true
		alone := failure("go", thrown("*pkg.Error", "x", app("main", "f"+strconv.Itoa(i))))
		if got := hashes(alone); !slices.Equal(got, e.Hashes) {
			t.Errorf("event %d: %v in a batch, %v alone", i, e.Hashes, got)
		}
	}
}

func TestHandled(t *testing.T) {
	t.Parallel()
	x := func(handled model.Tristate, mechanism string) model.Exception {
		return model.Exception{Type: "E", Handled: handled, Mechanism: mechanism}
	}
	f := func(want model.Tristate, chain ...model.Exception) {
		t.Helper()
		if got := assigned(failure("node", chain...)).Handled; got != want {
			t.Errorf("handled = %d, want %d", got, want)
		}
	}
	f(model.Unknown, x(model.Unknown, ""))
	f(model.Yes, x(model.Yes, "generic"))
	f(model.No, x(model.No, "onerror"))
	f(model.No, x(model.Yes, "chained"), x(model.No, "onerror"))
	f(model.Yes, x(model.Unknown, "chained"), x(model.Yes, "generic"))
	f(model.Unknown, x(model.No, "auto.ai.openai"))
	f(model.Yes, x(model.No, "auto.ai.openai"), x(model.Yes, "generic"))
	f(model.No, x(model.No, "auto.http.fastify"))
}
