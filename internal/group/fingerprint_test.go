package group

import (
	"strings"
	"testing"

	"relay.one/picket/internal/model"
)

// printed returns e with a fingerprint of the client's.
func printed(e model.Event, entries ...string) model.Event {
	e.Fingerprint = entries
	return e
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	a, b := failure("python", thrown("A", "x")), failure("python", thrown("B", "x"))
	same("default", printed(a, "{{ default }}"), a)
	same("default without spaces", printed(a, "{{default}}"), a)
	apart("default", printed(a, "{{ default }}"), printed(b, "{{ default }}"))
	same("custom", printed(a, "mine"), printed(b, "mine"))
	apart("custom and default", printed(a, "mine"), a)
	apart("entries", printed(a, "mine"), printed(a, "yours"))
	apart("order of entries", printed(a, "x", "y"), printed(a, "y", "x"))
	apart("entries do not run together", printed(a, "ab", "c"), printed(a, "a", "bc"))
	apart("number of entries", printed(a, "x"), printed(a, "x", ""))
	apart("numbers count", printed(a, "1"), printed(a, "2"))
	same("hybrid", printed(a, "{{ default }}", "x"), printed(a, "{{ default }}", "x"))
	apart("hybrid of another event", printed(a, "{{ default }}", "x"), printed(b, "{{ default }}", "x"))
	apart("hybrid of another entry", printed(a, "{{ default }}", "x"), printed(a, "{{ default }}", "y"))
	apart("hybrid and default", printed(a, "{{ default }}", "x"), a)
	apart("hybrid and custom", printed(a, "{{ default }}", "x"), printed(a, "x"))
	apart("hybrid order", printed(a, "{{ default }}", "x"), printed(a, "x", "{{ default }}"))
	same("empty", printed(a), a)
	both := failure("python", thrown("E", "", app("m", "f"), lib("l", "g")))
	if got := hashes(printed(both, "{{ default }}", "x")); len(got) != 2 || got[0] == got[1] {
		t.Errorf("hybrid hashes %v", got)
	}
	if got := hashes(printed(both, "x")); len(got) != 1 {
		t.Errorf("custom hashes %v", got)
	}
}

func TestFingerprintMessage(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(value, entry string) model.Event { return printed(failure("python", thrown("A", value)), entry) }
	same("the message by name", f("try 1", "{{ message }}"), f("try 2", "{{ message }}"))
	apart("the message by name", f("try 1", "{{ message }}"), f("fail 1", "{{ message }}"))
	same("the message copied", f("try 1", "try 1"), f("try 2", "try 2"))
	apart("something like the message", f("try 1", "try 2"), f("try 1", "try 3"))
	apart("the value", f("try 1", "{{ value }}"), f("try 2", "{{ value }}"))
}

func TestFingerprintVariables(t *testing.T) {
	t.Parallel()
	e := model.Event{
		Kind: model.KindError, Platform: "python", Level: model.LevelWarning, Logger: "jobs", Transaction: "/run", Environment: "prod",
		Tags: []model.Tag{{Key: "tenant", Value: "acme"}},
		Exceptions: []model.Exception{thrown("Inner", "inner"), thrown("Outer", "outer",
			model.Frame{Module: "jobs", Function: "run", AbsPath: "/srv/jobs.py", Filename: "jobs.py", Package: "/lib/jobs.so", InApp: model.Yes},
			lib("requests", "get"))},
	}
	f := func(entry, want string) {
		t.Helper()
		if got := string(appendEntry(nil, &e, entry)); got != want {
			t.Errorf("%s = %q, want %q", entry, got, want)
		}
	}
	f("{{ transaction }}", "/run")
	f("{{ message }}", "outer")
	f("{{ type }}", "Outer")
	f("{{ error.type }}", "Outer")
	f("{{ value }}", "outer")
	f("{{ error.value }}", "outer")
	f("{{ level }}", "warning")
	f("{{ logger }}", "jobs")
	f("{{ function }}", "run")
	f("{{ stack.function }}", "run")
	f("{{ module }}", "jobs")
	f("{{ stack.module }}", "jobs")
	f("{{ path }}", "/srv/jobs.py")
	f("{{ stack.abs_path }}", "/srv/jobs.py")
	f("{{ stack.filename }}", "jobs.py")
	f("{{ package }}", "jobs.so")
	f("{{ stack.package }}", "jobs.so")
	f("{{ tags.tenant }}", "acme")
	f("{{ tags.environment }}", "prod")
	f("{{ tags.none }}", "<no-value-for-tag-none>")
	f("{{ nonsense }}", "<unrecognized-variable-nonsense>")
	f("{{type}}", "Outer")
	f("{{\ttype }}", "Outer")
	f("{{ type } }", "{{ type } }")
	f("{{ two words }}", "{{ two words }}")
	f("{{ }}", "{{ }}")
	f("{{}}", "{{}}")
	f("{}", "{}")
	f("a {{ type }}", "a {{ type }}")
	f("42", "42")

	e = model.Event{Kind: model.KindMessage}
	f("{{ transaction }}", "<no-transaction>")
	f("{{ message }}", "<no-message>")
	f("{{ type }}", "<no-type>")
	f("{{ value }}", "<no-value>")
	f("{{ level }}", "<no-level>")
	f("{{ logger }}", "<no-logger>")
	f("{{ function }}", "<no-function>")
	f("{{ module }}", "<no-module>")
	f("{{ path }}", "<no-abs-path>")
	f("{{ stack.filename }}", "<no-filename>")
	f("{{ package }}", "<no-package>")
	e.Message = "run 7c1811ed-e98f-4c9c-a9f9-58c757ff494f"
	f("{{ message }}", "run <uuid>")
	f("run 7c1811ed-e98f-4c9c-a9f9-58c757ff494f", "run <uuid>")
}

func TestChecksum(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(checksum, typ string) model.Event {
		e := failure("python", thrown(typ, "x"))
		e.Checksum = checksum
		return printed(e, "ignored", typ)
	}
	const sum = "0123456789abcdef0123456789abcdef"
	same("a hash", f(sum, "A"), f(sum, "B"))
	same("any text", f("my checksum", "A"), f("my checksum", "B"))
	apart("texts", f("my checksum", "A"), f("your checksum", "A"))
	apart("32 bytes that are no hash", f(strings.Repeat("x", 32), "A"), f(strings.Repeat("y", 32), "A"))
	if got := hashes(f(sum, "A")); len(got) != 1 || got[0][0] != 0x01 || got[0][15] != 0xef {
		t.Errorf("hash of the checksum %s is %x", sum, got)
	}
}

func TestBuiltinRules(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(platform, typ, value, transaction string) model.Event {
		e := failure(platform, thrown(typ, value))
		e.Transaction = transaction
		return printed(e, typ, value)
	}
	same("chunks", f("javascript", "ChunkLoadError", "Loading chunk a failed", "/"), f("javascript", "Error", "ChunkLoadError: b", "/x"))
	apart("chunks elsewhere", f("python", "ChunkLoadError", "a", "/"), f("python", "ChunkLoadError", "b", "/"))
	const text, other = "Text content does not match server-rendered HTML.", "Hydration failed because the initial UI does not match what was rendered on the server."
	same("hydration of one page", f("javascript", "Error", text, "/a"), f("javascript", "Error", other, "/a"))
	apart("hydration of two pages", f("javascript", "Error", text, "/a"), f("javascript", "Error", text, "/b"))
	apart("hydration without a page", f("javascript", "Error", text, ""), f("javascript", "Error", other, ""))
	said := model.Event{Kind: model.KindMessage, Platform: "javascript", Message: text, Transaction: "/a"}
	same("hydration in a message", said, f("javascript", "Error", text, "/a"))
}

func FuzzFingerprint(f *testing.F) {
	for _, seed := range []string{"{{ default }}", "{{default}}", "{{ tags.x }}", "{{ message }}", "{{{{}}}}", "{{ }}", "{{", "}}", "x 5", "{{ stack.function }}"} {
		f.Add(seed, "call 5 of 7")
	}
	f.Fuzz(func(t *testing.T, entry, text string) {
		e := failure("go", thrown("*E", text, app("main", "f")))
		e.Message = text
		name, ok := variable(entry)
		if ok != (kindOf([]string{entry, "x"}) == hybrid || ok && name != "default") {
			t.Fatalf("%q: variable %q, %v", entry, name, ok)
		}
		if ok && !strings.Contains(entry, name) {
			t.Fatalf("%q has no variable %q", entry, name)
		}
		got := string(appendEntry(nil, &e, entry))
		if !ok && entry != text && got != entry {
			t.Fatalf("%q became %q", entry, got)
		}
		once, twice := hashes(printed(e, entry)), hashes(printed(e, entry))
		if len(once) == 0 || len(once) != len(twice) || once[0] != twice[0] {
			t.Fatalf("%q: %v, then %v", entry, once, twice)
		}
	})
}
