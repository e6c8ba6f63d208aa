package picket

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/getsentry/sentry-go"
)

type (
	queryError struct{ err error }
	codeError  int
	listError  []error
	loopError  struct{ to error }
	causeError struct{ err error }
	namedError struct{ name string }
	nilError   struct{ text string }
	rudeError  struct{ with any }
	rudeChain  struct{}
	stackError struct{ pcs []uintptr }
)

func (e *queryError) Error() string     { return "query: " + e.err.Error() }
func (e *queryError) Unwrap() error     { return e.err }
func (e codeError) Error() string       { return fmt.Sprint("code ", int(e)) }
func (e listError) Error() string       { return fmt.Sprint(len(e), " errors") }
func (e listError) Unwrap() []error     { return e }
func (e *loopError) Error() string      { return "loop" }
func (e *loopError) Unwrap() error      { return e.to }
func (e causeError) Error() string      { return "because " + e.err.Error() }
func (e causeError) Cause() error       { return e.err }
func (e namedError) Error() string      { return "declined" }
func (e namedError) ErrorType() string  { return e.name }
func (e *nilError) Error() string       { return e.text }
func (e rudeError) Error() string       { panic(e.with) }
func (rudeChain) Error() string         { return "rude" }
func (rudeChain) Unwrap() []error       { panic("no") }
func (rudeChain) ErrorType() string     { panic("no") }
func (rudeChain) StackTrace() []uintptr { panic("no") }
func (stackError) Error() string        { return "traced" }

func (e stackError) StackTrace() []uintptr { return e.pcs }

func traced() error {
	at := callers(1)
	return stackError{at.pcs[:at.n]}
}

// outline writes exceptions outermost first, each as id<parent(source) type: value, or as
// id*… when it is a group.
func outline(list []sentry.Exception) string {
	var b strings.Builder
	for i := range list {
		x := &list[len(list)-1-i]
		if i > 0 {
			b.WriteString("\n")
		}
		fmt.Fprint(&b, x.Mechanism.ExceptionID)
		if x.Mechanism.IsExceptionGroup {
			b.WriteString("*")
		}
		if x.Mechanism.ParentID != nil {
			fmt.Fprintf(&b, "<%d(%s)", *x.Mechanism.ParentID, x.Mechanism.Source)
		}
		fmt.Fprintf(&b, " %s: %s", x.Type, x.Value)
	}
	return b.String()
}

func lines(s ...string) string { return strings.Join(s, "\n") }

func TestExceptionsOf(t *testing.T) {
	t.Parallel()
	f := func(err error, want ...string) {
		t.Helper()
		list := exceptionsOf(err, callers(1), nil)
		if got := outline(list); got != lines(want...) {
			t.Errorf("exceptions of %#v:\n%s\nwant\n%s", err, got, lines(want...))
		}
		checkTree(t, list)
	}
	const here = "picket.TestExceptionsOf"
	plain := errors.New("no stock")

	// Names.
	f(plain, "0 "+here+": no stock")
	f(fmt.Errorf("order 7: %w", fmt.Errorf("save: %w", plain)), "0 "+here+": order 7: save: no stock")
	f(codeError(4), "0 picket.codeError: code 4")
	f(fmt.Errorf("order 7: %w", codeError(4)), "0 picket.codeError: order 7: code 4")
	f(&queryError{plain}, "0 *picket.queryError: query: no stock", "1<0(unwrap) "+here+": no stock")
	f(fmt.Errorf("a: %w", &queryError{fmt.Errorf("b: %w", codeError(1))}),
		"0 *picket.queryError: a: query: b: code 1", "1<0(unwrap) picket.codeError: b: code 1")
	f(causeError{codeError(1)}, "0 picket.causeError: because code 1", "1<0(cause) picket.codeError: code 1")
	f(namedError{"card_declined"}, "0 card_declined: declined")
	f(namedError{""}, "0 picket.namedError: declined")
	f(fmt.Errorf("pay: %w", namedError{"card_declined"}), "0 card_declined: pay: declined")
	f(struct{ error }{plain}, "0 "+here+": no stock")

	// Errors that everybody knows.
	f(context.Canceled, "0 context.Canceled: context canceled")
	f(fmt.Errorf("call: %w", context.DeadlineExceeded), "0 context.DeadlineExceeded: call: context deadline exceeded")
	f(fmt.Errorf("read: %w", io.EOF), "0 io.EOF: read: EOF")
	f(fmt.Errorf("user: %w", sql.ErrNoRows), "0 sql.ErrNoRows: user: sql: no rows in result set")
	f(&fs.PathError{Op: "open", Path: "x", Err: os.ErrNotExist},
		"0 *fs.PathError: open x: file does not exist", "1<0(unwrap) fs.ErrNotExist: file does not exist")
	f(errors.New("EOF"), "0 "+here+": EOF")

	// Groups.
	f(errors.Join(plain, nil, codeError(1), nil), "0* picket.codeError: no stock\ncode 1",
		"1<0(errors[0]) "+here+": no stock", "2<0(errors[1]) picket.codeError: code 1")
	f(errors.Join(codeError(1), io.EOF), "0* "+here+": code 1\nEOF",
		"1<0(errors[0]) picket.codeError: code 1", "2<0(errors[1]) io.EOF: EOF")
	f(errors.Join(codeError(1)), "0 picket.codeError: code 1")
	f(fmt.Errorf("stop: %w", errors.Join(plain, plain)), "0* "+here+": stop: no stock\nno stock",
		"1<0(errors[0]) "+here+": no stock", "2<0(errors[1]) "+here+": no stock")
	f(fmt.Errorf("%w: %w", plain, &queryError{plain}), "0* *picket.queryError: no stock: query: no stock",
		"1<0(errors[0]) "+here+": no stock", "2<0(errors[1]) *picket.queryError: query: no stock", "3<2(unwrap) "+here+": no stock")
	f(errors.Join(codeError(1), fmt.Errorf("x: %w", errors.Join(codeError(2), plain))),
		"0* picket.codeError: code 1\nx: code 2\nno stock",
		"1<0(errors[0]) picket.codeError: code 1",
		"2*<0(errors[1]) picket.codeError: x: code 2\nno stock",
		"3<2(errors[0]) picket.codeError: code 2", "4<2(errors[1]) "+here+": no stock")
	f(listError{nil, codeError(1), nil}, "0* picket.listError: 3 errors", "1<0(errors[1]) picket.codeError: code 1")
	f(listError{nil}, "0 picket.listError: 1 errors")

	// What should not exist, but does.
	f((*nilError)(nil), "0 *picket.nilError: (error text unavailable: Error panicked: runtime error: invalid memory address or nil pointer dereference)")
	f(rudeError{"no"}, "0 picket.rudeError: (error text unavailable: Error panicked: no)")
	f(rudeError{rudeError{nil}}, "0 picket.rudeError: (error text unavailable: Error panicked: picket.rudeError{with:(nil)})")
	f(rudeError{codeError(3)}, "0 picket.rudeError: (error text unavailable: Error panicked: 3)")
	f(rudeChain{}, "0 picket.rudeChain: rude")
	f(errors.Join(rudeChain{}, (*queryError)(nil)), "0* "+here+": (error text unavailable: Error panicked: runtime error: invalid memory address or nil pointer dereference)",
		"1<0(errors[0]) picket.rudeChain: rude",
		"2<0(errors[1]) *picket.queryError: (error text unavailable: Error panicked: runtime error: invalid memory address or nil pointer dereference)")
	loop := &loopError{}
	loop.to = fmt.Errorf("again: %w", loop)
	f(loop, "0 *picket.loopError: loop", "1<0(unwrap) "+here+": again: loop")
	self := make(listError, 2)
	self[0], self[1] = self, codeError(1)
	f(self, "0* picket.listError: 2 errors", "1<0(errors[1]) picket.codeError: code 1")

	if got := exceptionsOf(nil, callers(0), nil); got != nil {
		t.Errorf("exceptions of nil = %v", got)
	}
}

// checkTree checks what holds of all exceptions.
func checkTree(t *testing.T, list []sentry.Exception) {
	t.Helper()
	if len(list) == 0 || len(list) > maxErrors {
		t.Fatalf("%d exceptions", len(list))
	}
	for i := range list {
		x := list[len(list)-1-i]
		m := x.Mechanism
		switch {
		case x.Type == "" || m == nil || m.Handled == nil:
			t.Fatalf("exception %d has no type, mechanism or handled: %+v", i, x)
		case m.ExceptionID != i:
			t.Fatalf("exception %d has id %d", i, m.ExceptionID)
		case i == 0 && m.ParentID != nil:
			t.Fatalf("the root has parent %d", *m.ParentID)
		case i > 0 && (m.ParentID == nil || *m.ParentID < 0 || *m.ParentID >= i):
			t.Fatalf("exception %d has parent %v", i, m.ParentID)
		case x.Stacktrace != nil && len(x.Stacktrace.Frames) == 0:
			t.Fatalf("exception %d has a stack without frames", i)
		}
	}
}

func TestExceptionsModule(t *testing.T) {
	t.Parallel()
	f := func(err error, want string) {
		t.Helper()
		list := exceptionsOf(err, callers(0), nil)
		if got := list[len(list)-1].Module; got != want {
			t.Errorf("module of %v = %q, want %q", err, got, want)
		}
	}
	f(errors.New("x"), "relay.one/picket")
	f(codeError(1), "relay.one/picket")
	f(&fs.PathError{Err: io.EOF}, "io/fs")
	f(fmt.Errorf("x: %w", sql.ErrNoRows), "database/sql")
}

// A chain, a ring of fresh errors or a wide tree ends.
func TestExceptionsBounds(t *testing.T) {
	t.Parallel()
	f := func(err error, want int) {
		t.Helper()
		list := exceptionsOf(err, callers(0), nil)
		checkTree(t, list)
		if len(list) != want {
			t.Errorf("%d exceptions, want %d", len(list), want)
		}
	}
	deep := error(codeError(1))
	for range 1000 {
		deep = &loopError{deep}
	}
	f(deep, maxErrorDepth)
	f(fresh(0), maxErrorDepth)
	wide := make(listError, 1000)
	for i := range wide {
		wide[i] = codeError(i)
	}
	f(wide, maxErrors)
	event := sentryClient(t).EventFromException(wide, sentry.LevelError)
	fixFrames(event, nil)
	checkTree(t, event.Exception)
	for i := range wide {
		wide[i] = &loopError{listError(wide[:i])}
	}
	f(wide, maxErrors)
}

// fresh wraps another one each time it is asked.
type fresh int

func (fresh) Error() string   { return "fresh" }
func (f fresh) Unwrap() error { return &loopError{f + 1} }

func TestExceptionsStack(t *testing.T) {
	t.Parallel()
	own := traced()
	innermost := func(x sentry.Exception) string {
		if x.Stacktrace == nil {
			return ""
		}
		f := x.Stacktrace.Frames[len(x.Stacktrace.Frames)-1]
		if f.Lineno == 0 || f.AbsPath == "" || f.InApp != (f.Module == ourPackage) {
			t.Errorf("frame %+v", f)
		}
		return f.Function
	}
	f := func(err error, want ...string) {
		t.Helper()
		list := exceptionsOf(err, callers(0), nil)
		for i, x := range list {
			if got := innermost(x); got != want[len(list)-1-i] {
				t.Errorf("stack of exception %d of %v is at %q, want %q", i, err, got, want[len(list)-1-i])
			}
		}
	}
	f(codeError(1), "func2")
	f(&queryError{codeError(1)}, "func2", "")
	f(own, "traced")
	f(fmt.Errorf("x: %w", own), "traced")
	f(&queryError{own}, "func2", "traced")
	if got := exceptionsOf(errors.New("x"), stackPCs{}, nil); got[0].Type != "error" || got[0].Stacktrace != nil {
		t.Errorf("without a stack: %+v", got[0])
	}
	got := exceptionsOf(errors.Join(errors.New("x"), errors.New("y")), stackPCs{}, nil)
	if got[2].Type != "joined errors" {
		t.Errorf("a group without a stack is %q", got[2].Type)
	}
}

// What sentry-go captured looks as what we captured.
func TestFixFramesAsOurs(t *testing.T) {
	t.Parallel()
	client := sentryClient(t)
	f := func(err error) {
		t.Helper()
		event := client.EventFromException(err, sentry.LevelError)
		fixFrames(event, nil)
		ours := exceptionsOf(err, callers(0), nil)
		if got, want := outline(event.Exception), outline(ours); got != want {
			t.Errorf("exceptions of sentry-go:\n%s\nwant\n%s", got, want)
		}
		for i := range ours {
			a, b := ours[i], event.Exception[i]
			for _, s := range []*sentry.Stacktrace{a.Stacktrace, b.Stacktrace} {
				if s != nil { // the captures stand on lines of their own
					s.Frames[len(s.Frames)-1].Lineno = 0
				}
			}
			if !reflect.DeepEqual(a.Stacktrace, b.Stacktrace) || *a.Mechanism.Handled != *b.Mechanism.Handled || a.Module != b.Module && b.Module != "" {
				t.Errorf("exception of sentry-go %+v, want %+v", b, a)
			}
		}
	}
	plain := errors.New("no stock")
	f(plain)
	f(codeError(3))
	f(fmt.Errorf("a: %w", &queryError{fmt.Errorf("b: %w", plain)}))
	f(fmt.Errorf("a: %w", io.EOF))
	f(fmt.Errorf("a: %w", context.DeadlineExceeded))
	f(fmt.Errorf("%w: %w", codeError(1), &queryError{plain}))
	f(errors.Join(errors.New("x"), fmt.Errorf("y: %w", codeError(2))))
	f(fmt.Errorf("x: %w", traced()))
}

// Events that were not made as sentry-go makes them keep their exceptions.
func TestFixFramesForeign(t *testing.T) {
	t.Parallel()
	f := func(list []sentry.Exception, want string) {
		t.Helper()
		event := &sentry.Event{Level: sentry.LevelFatal, Exception: list}
		fixFrames(event, nil)
		got := ""
		for _, x := range event.Exception {
			got += x.Type + "=" + x.Value + ";"
		}
		if got != want {
			t.Errorf("exceptions %q, want %q", got, want)
		}
		if n := len(event.Exception); n > 0 && *event.Exception[n-1].Mechanism.Handled {
			t.Error("the fatal error counts as handled")
		}
	}
	zero, nine := 0, 9
	f(nil, "")
	f([]sentry.Exception{{Type: "Crash", Value: "x"}}, "Crash=x;")
	f([]sentry.Exception{{Type: "*errors.errorString", Value: "x"}}, "error=x;")
	f([]sentry.Exception{{Type: "*errors.errorString", Value: "x"}, {Type: "*fmt.wrapError", Value: "y"}}, "*errors.errorString=x;*fmt.wrapError=y;")
	f([]sentry.Exception{
		{Type: "*errors.errorString", Value: "x", Mechanism: &sentry.Mechanism{ExceptionID: 1, ParentID: &nine}},
		{Type: "*fmt.wrapError", Value: "y", Mechanism: &sentry.Mechanism{}},
	}, "*errors.errorString=x;*fmt.wrapError=y;")
	f([]sentry.Exception{
		{Type: "T", Value: "x", Mechanism: &sentry.Mechanism{ExceptionID: 1, ParentID: &zero}},
		{Type: "*fmt.wrapError", Value: "y", Mechanism: &sentry.Mechanism{}},
	}, "T=y;")
}

func TestSameError(t *testing.T) {
	t.Parallel()
	f := func(a, b error, want bool) {
		t.Helper()
		if got := sameError(a, b); got != want {
			t.Errorf("sameError(%#v, %#v) = %v", a, b, got)
		}
	}
	one, list := errors.New("x"), listError{io.EOF}
	f(nil, nil, true)
	f(nil, one, false)
	f(one, one, true)
	f(one, errors.New("x"), false)
	f(codeError(1), codeError(1), true)
	f(codeError(1), codeError(2), false)
	f(list, list, true)
	f(list, listError{io.EOF}, false)
	f(list, list[:0], false)
	f(causeError{list}, causeError{list}, false)
	f(causeError{one}, causeError{one}, true)
	f(stackError{}, stackError{}, false)
	f(one, codeError(1), false)
}
