package group

import (
	"slices"
	"testing"

	"relay.one/picket/internal/model"
)

// linked is an exception of a tree.
func linked(id, parent int, typ string, frames ...model.Frame) model.Exception {
	return model.Exception{Type: typ, Value: "of " + typ, ID: id, ParentID: parent, Frames: frames}
}

// grouped is an exception group of a tree.
func grouped(id, parent int, typ string) model.Exception {
	x := linked(id, parent, typ)
	x.Group = true
	return x
}

func TestChain(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(chain ...model.Exception) model.Event { return failure("go", chain...) }
	a, b := app("main", "a"), app("main", "b")

	apart("the cause", f(thrown("Cause", "x"), thrown("E", "", a)), f(thrown("Other", "x"), thrown("E", "", a)))
	apart("the order", f(thrown("A", ""), thrown("B", "")), f(thrown("B", ""), thrown("A", "")))
	apart("a chain and its last link", f(thrown("A", ""), thrown("B", "")), f(thrown("B", "")))
	apart("the value of a cause without a stack", f(thrown("Cause", "x"), thrown("E", "", a)), f(thrown("Cause", "y"), thrown("E", "", a)))
	same("the value of a cause with a stack", f(thrown("Cause", "x", b), thrown("E", "", a)), f(thrown("Cause", "y", b), thrown("E", "", a)))
	same("with ids and without", f(thrown("A", ""), thrown("B", "", a)), f(model.Exception{Type: "A", ID: 1, ParentID: 0}, model.Exception{Type: "B", ParentID: -1, Frames: []model.Frame{a}}))
	apart("one exception and two", f(thrown("A", "x")), f(thrown("A", ""), thrown("", "x")))
	apart("neighbours do not run together", f(thrown("AB", ""), thrown("C", "")), f(thrown("A", ""), thrown("BC", "")))
}

func TestExceptionGroups(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(chain ...model.Exception) model.Event { return failure("node", chain...) }
	root := grouped(0, -1, "AggregateError")
	a, b := app("m", "a"), app("m", "b")

	same("one part, once or thrice", f(linked(1, 0, "Da", a), root), f(linked(3, 0, "Da", a), linked(2, 0, "Da", a), linked(1, 0, "Da", a), root))
	same("a group of one and the one alone", f(linked(1, 0, "Da", a), root), f(thrown("Da", "", a)))
	apart("parts of different types", f(linked(1, 0, "Da", a), root), f(linked(2, 0, "Net", a), linked(1, 0, "Da", a), root))
	same("the order of parts", f(linked(2, 0, "Net", a), linked(1, 0, "Da", a), root), f(linked(2, 0, "Da", a), linked(1, 0, "Net", a), root))
	same("the order of parts of one type", f(linked(2, 0, "Da", a), linked(1, 0, "Da", b), root), f(linked(2, 0, "Da", b), linked(1, 0, "Da", a), root))
	same("copies among several", f(linked(3, 0, "Da", a), linked(2, 0, "Net", a), linked(1, 0, "Da", a), root),
		f(linked(2, 0, "Net", a), linked(1, 0, "Da", a), root))
	apart("the root among several", f(linked(2, 0, "Net", a), linked(1, 0, "Da", a), root),
		f(linked(2, 0, "Net", a), linked(1, 0, "Da", a), grouped(0, -1, "OtherGroup")))
	same("a group within a group", f(linked(2, 1, "Da", a), grouped(1, 0, "Inner"), root), f(linked(1, 0, "Da", a), root))
	same("the causes of the only part", f(linked(2, 1, "Cause"), linked(1, 0, "Da", a), root), f(thrown("Cause", "of Cause"), thrown("Da", "", a)))
	apart("the causes of the only part", f(linked(2, 1, "Cause"), linked(1, 0, "Da", a), root), f(linked(1, 0, "Da", a), root))
	same("the causes of one of several parts", f(linked(3, 2, "Cause"), linked(2, 0, "Net", a), linked(1, 0, "Da", a), root),
		f(linked(2, 0, "Net", a), linked(1, 0, "Da", a), root))
}

// TestBrokenTrees checks that ids which make no tree leave a plain chain.
func TestBrokenTrees(t *testing.T) {
	t.Parallel()
	same, _ := judge(t)
	a := app("m", "a")
	plain := failure("node", thrown("Da", "", a), thrown("Da", "", a), thrown("Group", "of Group"))
	f := func(what string, ids ...int) {
		t.Helper()
		same(what, plain, failure("node", linked(ids[0], ids[1], "Da", a), linked(ids[2], ids[3], "Da", a), grouped(ids[4], ids[5], "Group")))
	}
	f("no ids", -1, -1, -1, -1, -1, -1)
	f("an id twice", 1, 0, 1, 0, 0, -1)
	f("its own parent", 2, 2, 1, 0, 0, -1)
	f("no such parent", 2, 7, 1, 0, 0, -1)
	f("no root", 3, 1, 2, 1, 1, -1)
	f("a root with a parent", 2, 0, 1, 0, 0, 1)
	f("a missing parent", 2, -1, 1, 0, 0, -1)

	three := failure("python", linked(2, 0, "Da", a), linked(1, 0, "Da", a), grouped(0, -1, "Group"))
	three.SDKVersion = "3.0.1"
	old := plain
	old.Platform = "python"
	same("version 3 of the Python SDK", three, old)
	two := three
	two.SDKVersion = "2.40.0"
	same("version 2 of the Python SDK", two, failure("python", thrown("Da", "", a)))

	loop := failure("node", grouped(2, 1, "A"), grouped(1, 2, "B"), grouped(0, -1, "Root"))
	if got := hashes(loop); len(got) != 1 {
		t.Errorf("a loop gives %v", got)
	}
	var many []model.Exception
	for i := range 3 * maxTree {
		many = append(many, linked(3*maxTree-1-i, 3*maxTree-2-i, "E"))
	}
	if got := hashes(failure("node", many...)); len(got) != 1 {
		t.Errorf("a long chain gives %v", got)
	}
}

// TestMainException checks which exception an issue is named after.
func TestMainException(t *testing.T) {
	t.Parallel()
	f := func(want string, chain ...model.Exception) {
		t.Helper()
		if got := assigned(failure("node", chain...)).Type; got != want {
			t.Errorf("named after %q, want %q", got, want)
		}
	}
	root := grouped(0, -1, "AggregateError")
	f("Outer", thrown("Cause", ""), thrown("Outer", ""))
	f("Da", linked(2, 0, "Da"), linked(1, 0, "Da"), root)
	f("Da", linked(2, 1, "Cause"), linked(1, 0, "Da"), root)
	f("AggregateError", linked(2, 0, "Da"), linked(1, 0, "Net"), root)

	react := thrown("Error", "There was an error while hydrating but React was able to recover by instead client rendering the page.")
	f("TypeError", thrown("TypeError", "x"), react)
	f("Error", react)
	rx := linked(0, -1, "UndeliverableException")
	rx.Module, rx.Mechanism = "io.reactivex.rxjava3.exceptions", "UncaughtExceptionHandler"
	f("IOException", linked(1, 0, "IOException"), rx)
}

func TestTreeIsLeftAlone(t *testing.T) {
	t.Parallel()
	chain := []model.Exception{linked(2, 0, "B"), linked(1, 0, "A"), grouped(0, -1, "G")}
	before := slices.Clone(chain)
	b := &model.Batch{Events: []model.Event{failure("node", chain...)}}
	Assign(b)
	for i, x := range b.Events[0].Exceptions {
		if x.Type != before[i].Type || x.ID != before[i].ID {
			t.Errorf("exception %d became %q", i, x.Type)
		}
	}
}
