package group

import (
	"strings"
	"testing"
	"unicode/utf8"

	"relay.one/picket/internal/model"
)

func TestTitle(t *testing.T) {
	t.Parallel()
	f := func(typ, value, title, wantType string) {
		t.Helper()
		e := assigned(failure("python", thrown(typ, value)))
		if e.Title != title || e.Type != wantType {
			t.Errorf("%q, %q: title %q of type %q, want %q of type %q", typ, value, e.Title, e.Type, title, wantType)
		}
	}
	f("ValueError", "bad input", "ValueError: bad input", "ValueError")
	f("ValueError", "", "ValueError", "ValueError")
	f("", "bad input", "Error: bad input", "Error")
	f("", "", "Error", "Error")
	f("ValueError", "first\nsecond", "ValueError: first", "ValueError")
	f("ValueError", "\n\n  first  \r\nsecond", "ValueError: first", "ValueError")
	f("ValueError", strings.Repeat("x", 100), "ValueError: "+strings.Repeat("x", 100), "ValueError")
	f("ValueError", strings.Repeat("x", 101), "ValueError: "+strings.Repeat("x", 97)+"...", "ValueError")
	f("ValueError", strings.Repeat("é", 100), "ValueError: "+strings.Repeat("é", 100), "ValueError")
	f("ValueError", strings.Repeat("日", 101), "ValueError: "+strings.Repeat("日", 97)+"...", "ValueError")
	f(strings.Repeat("T", 200), "", strings.Repeat("T", 125)+"...", strings.Repeat("T", 125)+"...")

	f("*errors.errorString", "tool not found", "tool not found", "*errors.errorString")
	f("*fmt.wrapError", "call tool: not found\nmore", "call tool: not found", "*fmt.wrapError")
	f("*errors.joinError", "one\ntwo", "one", "*errors.joinError")
	f("*fmt.wrapError", "", "*fmt.wrapError", "*fmt.wrapError")
	f("*net.OpError", "dial tcp", "*net.OpError: dial tcp", "*net.OpError")
	f("*agent.BudgetError", "over", "*agent.BudgetError: over", "*agent.BudgetError")
}

func TestTitleSynthetic(t *testing.T) {
	t.Parallel()
	f := func(want string, frames ...model.Frame) {
		t.Helper()
		x := thrown("SIGSEGV", "at 0x0", frames...)
		x.Synthetic = true
		e := assigned(failure("python", x))
		if e.Title != want || e.Type != "" || e.Culprit != "" || e.Value != "at 0x0" {
			t.Errorf("title %q, type %q, culprit %q, value %q; want title %q", e.Title, e.Type, e.Culprit, e.Value, want)
		}
	}
	f("<unknown>")
	f("run", app("m", "run"))
	f("run", app("m", "run"), lib("l", "get"))
	f("get", lib("l", "put"), lib("l", "get"))
}

func TestTitleMessage(t *testing.T) {
	t.Parallel()
	f := func(text, want string) {
		t.Helper()
		e := assigned(message(text))
		if e.Title != want || e.Type != "" {
			t.Errorf("%q: title %q of type %q, want %q", text, e.Title, e.Type, want)
		}
	}
	f("budget exceeded", "budget exceeded")
	f("\nbudget exceeded\nby far", "budget exceeded")
	f("", "<unlabeled event>")
	f(" \n ", "<unlabeled event>")
	f(strings.Repeat("é", 300), strings.Repeat("é", 97)+"...")

	e := message("user ana left")
	e.Template = "user %s left"
	if got := assigned(e); got.Title != "user ana left" || got.Value != "user ana left" {
		t.Errorf("title %q, value %q", got.Title, got.Value)
	}
	e.Message = ""
	if got := assigned(e); got.Title != "user %s left" {
		t.Errorf("title %q", got.Title)
	}
}

func TestValue(t *testing.T) {
	t.Parallel()
	e := assigned(failure("python", thrown("E", strings.Repeat("é", 5000))))
	if n := utf8.RuneCountInString(e.Value); n != maxValue || !utf8.ValidString(e.Value) {
		t.Errorf("%d runes, valid %v", n, utf8.ValidString(e.Value))
	}
	e = assigned(failure("python", thrown("Inner", "a"), thrown("Outer", "b\nc")))
	if e.Value != "b\nc" {
		t.Errorf("value %q", e.Value)
	}
}

func TestCulprit(t *testing.T) {
	t.Parallel()
	f := func(what, want string, e model.Event) {
		t.Helper()
		if got := assigned(e).Culprit; got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	a, l := app("jobs", "run"), lib("requests", "get")
	f("the newest frame of the application", "jobs in run", failure("python", thrown("E", "", app("main", "x"), a, l)))
	f("the newest frame", "requests in get", failure("python", thrown("E", "", lib("x", "y"), l)))
	f("the last exception with frames", "requests in get", failure("python", thrown("E", "", a), thrown("E", "", l), thrown("E", "")))
	f("a script", "run(jobs)", failure("node", thrown("E", "", a)))
	f("native", "run", failure("native", thrown("E", "", model.Frame{Function: "run", Module: "x", InApp: model.Yes})))
	f("a file", "jobs.py in ?", failure("python", thrown("E", "", model.Frame{Filename: "jobs.py", InApp: model.Yes})))
	f("neither module nor file", "jobs in run", failure("python", thrown("E", "", a, model.Frame{Function: "x", InApp: model.Yes})))
	f("nothing", "", failure("python", thrown("E", "")))
	f("Go", "example.org/app/run in (*Runner).Step", failure("go", thrown("*E", "",
		model.Frame{Module: "example.org/app/run", Function: "(*Runner).Step", Filename: "example.org/app/run/run.go", InApp: model.No},
		model.Frame{Module: "net/http", Function: "Get", Filename: "net/http/client.go", InApp: model.No})))

	e := failure("python", thrown("E", "", a))
	e.Transaction = "/run"
	f("the transaction", "/run", e)
	e = failure("python", thrown("E", ""))
	e.Request.URL = "https://api.example/run"
	f("the URL", "https://api.example/run", e)
	e = message("x")
	e.Platform, e.Threads = "python", []model.Thread{{Frames: []model.Frame{a}}}
	f("a thread", "jobs in run", e)
	e.Transaction = strings.Repeat("é", 300)
	f("too long", strings.Repeat("é", 197)+"...", e)
}

func FuzzCut(f *testing.F) {
	f.Add("héllo wörld", 5)
	f.Add("\xff\xfe日本語日本語", 4)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 4 || limit > 2000 {
			return
		}
		got := cut(text, limit)
		if n := utf8.RuneCountInString(got); n > limit {
			t.Fatalf("%q cut to %d: %d runes", text, limit, n)
		}
		if utf8.ValidString(text) && !utf8.ValidString(got) {
			t.Fatalf("%q cut to %d: %q", text, limit, got)
		}
		if utf8.RuneCountInString(text) <= limit && got != text {
			t.Fatalf("%q cut to %d: %q", text, limit, got)
		}
	})
}
