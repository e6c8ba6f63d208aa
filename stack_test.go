package picket

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/getsentry/sentry-go"
)

// recovered runs f and returns what becomes of its panic.
func recovered(f func()) (list []sentry.Exception) {
	defer func() {
		if r := recover(); r != nil {
			list = panicException(r, callers(1), nil)
		}
	}()
	f()
	return nil
}

func divide(a, b int) int { return a / b }

type celsius struct {
	Degrees float64
	Of      *string
	hidden  []int
}

type cyclic struct{ next *cyclic }

type spoken int

func (spoken) String() string { return "spoken" }

type mute int

func (mute) String() string { panic("mute") }

func TestPanicException(t *testing.T) {
	t.Parallel()
	f := func(do func(), typ, value, at string) {
		t.Helper()
		list := recovered(do)
		if len(list) == 0 {
			t.Fatal("no exception")
		}
		x := list[len(list)-1]
		frames := x.Stacktrace.Frames
		if got := strings.TrimPrefix(frames[len(frames)-1].Function, "TestPanicException."); x.Type != typ || x.Value != value || got != at {
			t.Errorf("panic is %s: %s at %s, want %s: %s at %s", x.Type, x.Value, got, typ, value, at)
		}
		if x.Mechanism.Type != "panic" {
			t.Errorf("mechanism %q", x.Mechanism.Type)
		}
		for _, x := range list {
			if *x.Mechanism.Handled {
				t.Error("the panic counts as handled")
			}
		}
	}
	zero, text := 0, "kelvin"
	var none map[string]int
	ring := &cyclic{}
	ring.next = ring

	f(func() { panic("bare") }, "panic", "bare", "func2")
	f(func() { sink = divide(1, zero) }, "runtime.Error", "runtime error: integer divide by zero", "divide")
	f(func() { none["x"] = 1 }, "runtime.Error", "assignment to entry in nil map", "func4")
	f(func() { _ = []int{}[zero] }, "runtime.boundsError", "runtime error: index out of range [0] with length 0", "func5")
	f(func() { _ = *(*int)(nil) + zero }, "runtime.Error", "runtime error: invalid memory address or nil pointer dereference", "func6")
	f(func() { _ = any(zero).(string) }, "*runtime.TypeAssertionError", "interface conversion: interface {} is int, not string", "func7")
	f(func() { panic(nil) }, "*runtime.PanicNilError", "panic called with nil argument", "func8")
	f(func() { panic(io.EOF) }, "io.EOF", "EOF", "func9")
	f(func() { panic(fmt.Errorf("x: %w", errors.New("y"))) }, "picket.TestPanicException", "x: y", "func10")
	f(func() { panic(&queryError{codeError(1)}) }, "*picket.queryError", "query: code 1", "func11")
	f(func() { panic(42) }, "panic", "42", "func12")
	f(func() { panic(-1.5) }, "panic", "-1.5", "func13")
	f(func() { panic(true) }, "panic", "true", "func14")
	f(func() { panic(2i) }, "panic", "(0+2i)", "func15")
	f(func() { panic(celsius{1.5, &text, []int{1, 2}}) }, "panic", "picket.celsius{Degrees:1.5 Of:kelvin hidden:[1 2]}", "func16")
	f(func() { panic(&celsius{}) }, "panic", "*picket.celsius{Degrees:0 Of:(nil) hidden:[]}", "func17")
	f(func() { panic(ring) }, "panic", "*picket.cyclic{next:{next:…}}", "func18")
	f(func() { panic(map[string]int{"a": 1}) }, "panic", "map[string]int[1 entries]", "func19")
	f(func() { panic(TestPanicException) }, "panic", "func(*testing.T)", "func20")
	f(func() { panic(time.Second) }, "panic", "1s", "func21")
	f(func() { panic(spoken(1)) }, "panic", "spoken", "func22")
	f(func() { panic(mute(1)) }, "panic", "1", "func23")
	f(func() { panic(uint8(200)) }, "panic", "200", "func24")
	f(func() {
		defer func() { panic(fmt.Sprint(recover(), " again")) }()
		panic("once")
	}, "panic", "once again", "1")
	f(func() { sink = strings.Repeat("x", -1) }, "panic", "strings: negative Repeat count", "Repeat")

	if list := panicException(nil, callers(0), nil); list != nil {
		t.Errorf("no panic is %v", list)
	}
	long := recovered(func() { panic(make([]string, 100000)) })
	if n := len(long[0].Value); n > 2*maxPlainText {
		t.Errorf("text of a long value has %d bytes", n)
	}
}

// A host that recovers, and reports an error of its own making, sees where it panicked.
func TestStackCutAtPanic(t *testing.T) {
	t.Parallel()
	var list []sentry.Exception
	func() {
		defer func() {
			list = exceptionsOf(fmt.Errorf("panic: %v", recover()), callers(0), nil)
		}()
		sink = divide(1, len(list))
	}()
	frames := list[0].Stacktrace.Frames
	if got := frames[len(frames)-1].Function; got != "divide" || list[0].Type != "picket.divide" {
		t.Errorf("innermost frame %q, type %q", got, list[0].Type)
	}
}

func TestStacktraceOrder(t *testing.T) {
	t.Parallel()
	var list []sentry.Exception
	deeper(2, func() { list = exceptionsOf(io.EOF, callers(0), nil) })
	got := ""
	for _, f := range list[0].Stacktrace.Frames {
		got += " " + f.Function
	}
	if got != " TestStacktraceOrder deeper deeper deeper TestStacktraceOrder.func1" {
		t.Errorf("frames%s", got)
	}
}

func TestStackIsBounded(t *testing.T) {
	t.Parallel()
	deeper(300, func() {
		list := exceptionsOf(io.EOF, callers(0), nil)
		frames := list[0].Stacktrace.Frames
		if n := len(frames); n < maxStack-2 || n > maxStack || frames[n-1].Function != "TestStackIsBounded.func1" {
			t.Errorf("%d frames, the innermost %q", n, frames[n-1].Function)
		}
	})
}

// Our own frames go from where the capture happened, and stay where a host is called.
func TestMendedStack(t *testing.T) {
	t.Parallel()
	f := func(in, want string) {
		t.Helper()
		s := &sentry.Stacktrace{}
		for _, name := range strings.Fields(in) {
			module, file, _ := strings.Cut(name, ":")
			s.Frames = append(s.Frames, sentry.Frame{Module: module, AbsPath: file, Function: "F", InApp: true})
		}
		got := ""
		if s = mendedStack(s, []string{"github.com/acme/", ""}); s != nil {
			for _, f := range s.Frames {
				got += f.Module
				if f.InApp {
					got += "!"
				}
				got += " "
			}
		}
		if got = strings.TrimSpace(got); got != want {
			t.Errorf("frames %s are %q, want %q", in, got, want)
		}
	}
	f("", "")
	f("main relay.one/picket", "main!")
	f("main relay.one/picket/adapters/gin relay.one/picket", "main!")
	f("relay.one/picket:/x/client.go", "")
	f("runtime main net/http relay.one/picket main", "main! net/http relay.one/picket main!")
	f("relay.one/picket/internal/store relay.one/picket/examples/x", "relay.one/picket/internal/store! relay.one/picket/examples/x!")
	f("relay.one/picket_test relay.one/picket:/x/a_test.go", "relay.one/picket_test! relay.one/picket!")
	f("relay.one/picketfence github.com/acme/tools github.com/acmeral", "relay.one/picketfence github.com/acme/tools! github.com/acmeral")
	f("testing internal/runtime/maps github.com/getsentry/sentry-go/http strings", "strings")
	f("gopkg.in/yaml%2ev3 bad%zz", "gopkg.in/yaml.v3 bad%zz")
	if s := mendedStack(&sentry.Stacktrace{Frames: []sentry.Frame{{Function: "script", InApp: true}}}, nil); !s.Frames[0].InApp {
		t.Error("a frame without an import path was changed")
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	f := func(frames, want string) {
		t.Helper()
		s := &sentry.Stacktrace{}
		for _, name := range strings.Fields(frames) {
			app := strings.HasSuffix(name, "!")
			module, function, _ := strings.Cut(strings.TrimSuffix(name, "!"), ":")
			s.Frames = append(s.Frames, sentry.Frame{Module: module, Function: function, InApp: app})
		}
		if got, _ := origin(s); got != want {
			t.Errorf("origin of %s = %q, want %q", frames, got, want)
		}
	}
	f("", "")
	f("main:main!", "main.main")
	f("main:main! a.com/shop/orders:Save! net/http:Do", "orders.Save")
	f("net/http:(*conn).serve", "http.(*conn).serve")
	f("a.com/shop/v2:(*Store).Save!", "shop.(*Store).Save")
	f("gopkg.in/yaml.v3:Unmarshal", "yaml.Unmarshal")
	f("a/orders:(*Store[...]).Save[...].func1!", "orders.(*Store).Save")
	f("a/orders:(*Store).Save! a/orders:func1! a/orders:func2.1!", "orders.(*Store).Save")
	f("b/other:Save! a/orders:func1!", "orders")
	f("a/orders:Save.func1.2!", "orders.Save")
	f("a/orders:Save.gowrap1!", "orders.Save")
	f("a/orders:Save.deferwrap2!", "orders.Save")
	f("a/orders:Save-range1.func2!", "orders.Save")
	f("a/orders:Store.Save-fm!", "orders.Store.Save")
	f("a/orders:glob..func1!", "orders.init")
	f("a/orders:init.0.func1!", "orders.init")
	f("a/orders:func1Handler!", "orders.func1Handler")
	f(":script!", "script")
}

func TestInApp(t *testing.T) {
	t.Parallel()
	f := func(main, module, file string, want bool) {
		t.Helper()
		frame := &sentry.Frame{Module: module, AbsPath: file}
		if got := inAppOf(main, frame, []string{"b.org/kit"}); got != want {
			t.Errorf("in %q, %s in %s is in_app %v", main, module, file, got)
		}
	}
	f("a.com/shop", "main", "/src/main.go", true)
	f("a.com/shop", "a.com/shop", "", true)
	f("a.com/shop", "a.com/shop/orders", "", true)
	f("a.com/shop", "a.com/shop_test", "", true)
	f("a.com/shop", "a.com/shopping", "", false)
	f("a.com/shop", "b.org/kit/log", "/go/pkg/mod/b.org/kit@v1.0.0/log/log.go", true)
	f("a.com/shop", "c.net/lib", "/src/lib/lib.go", false)
	f("a.com/shop", "relay.one/picket", "/src/client.go", false)
	f("shop", "shop/orders", "", true)
	f("shop", "net/http", "", false)

	f("", "main", "", true)
	f("", "a.com/shop", "/src/shop.go", true)
	f("", "b.org/kit", "/go/pkg/mod/b.org/kit@v1.0.0/kit.go", true)
	f("", "c.net/lib", "/go/pkg/mod/c.net/lib@v1.0.0/lib.go", false)
	f("", "c.net/lib", "/src/vendor/c.net/lib/lib.go", false)
	f("", "net/http", "/usr/local/go/src/net/http/server.go", false)
	f("", "", "/src/x.go", false)
}

// Frames are remembered by address, and addresses that share a place do not mix.
func TestResolve(t *testing.T) {
	t.Parallel()
	at := callers(0)
	for range 2 {
		for _, pc := range at.pcs[:at.n] {
			if f := resolve(pc); f == nil || f.pc != pc || f.frame.Function == "" {
				t.Errorf("frame of %#x is %+v", pc, f)
			}
		}
	}
	if f := resolve(1); f != nil {
		t.Errorf("frame of no code is %+v", f)
	}
	if s := stacktrace(&stackPCs{n: 3}, nil); s != nil {
		t.Errorf("stack of nothing is %+v", s)
	}
}

// A handler that fails is named after itself and not after its server.
func TestExceptionsInHandler(t *testing.T) {
	t.Parallel()
	var list []sentry.Exception
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(http.ResponseWriter, *http.Request) {
		list = exceptionsOf(errors.New("no stock"), callers(0), nil)
	})
	mux.ServeHTTP(nil, &http.Request{URL: &url.URL{Path: "/"}, Method: "GET", Host: "x"})
	if list[0].Type != "picket.TestExceptionsInHandler" {
		t.Errorf("type %q", list[0].Type)
	}
	for _, f := range list[0].Stacktrace.Frames {
		if f.InApp != (f.Module == ourPackage) {
			t.Errorf("frame of %s has in_app %v", f.Module, f.InApp)
		}
	}
}

// sink keeps what is computed for its panic alone.
var sink any
