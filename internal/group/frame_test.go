package group

import (
	"strings"
	"testing"

	"relay.one/picket/internal/model"
)

// on returns an error on that platform with one stack of in-app frames.
func on(platform string, frames ...model.Frame) model.Event {
	for i := range frames {
		frames[i].InApp = model.Yes
	}
	return failure(platform, thrown("E", "x", frames...))
}

func TestFrame(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(frame model.Frame) model.Event { return on("other", frame) }
	same("module before file", f(model.Frame{Module: "m", Filename: "a.x", Function: "f"}), f(model.Frame{Module: "m", Filename: "b.x", Function: "f"}))
	apart("module", f(model.Frame{Module: "m", Function: "f"}), f(model.Frame{Module: "n", Function: "f"}))
	same("folder of the file", f(model.Frame{Filename: "/a/x.c", Function: "f"}), f(model.Frame{Filename: `b\X.c`, Function: "f"}))
	apart("file", f(model.Frame{Filename: "x.c", Function: "f"}), f(model.Frame{Filename: "y.c", Function: "f"}))
	apart("function", f(model.Frame{Filename: "x.c", Function: "f"}), f(model.Frame{Filename: "x.c", Function: "g"}))
	same("the context elsewhere", f(model.Frame{Function: "f", ContextLine: "a"}), f(model.Frame{Function: "f", ContextLine: "b"}))
	same("anonymous files", f(model.Frame{Filename: "<anonymous>", Function: "f"}), f(model.Frame{Filename: "[native code]", Function: "f"}))
	apart("fields do not run together", f(model.Frame{Module: "ab", Function: "c"}), f(model.Frame{Module: "a", Function: "bc"}))
	apart("fields end", f(model.Frame{Module: "a", Function: "b"}), f(model.Frame{Module: "afb"}))
	apart("module and file are not the same", f(model.Frame{Module: "a"}), f(model.Frame{Filename: "a"}))
	same("a frame that says nothing", on("other", model.Frame{Function: "f"}, model.Frame{Line: 7}), f(model.Frame{Function: "f"}))
	same("only frames that say nothing", f(model.Frame{Line: 7}), failure("other", thrown("E", "x")))
}

func TestRecursion(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	a := model.Frame{Module: "m", Function: "walk", Line: 5}
	b := model.Frame{Module: "m", Function: "leaf", Line: 9}
	same("the depth of recursion", on("other", a, b), on("other", a, a, a, a, b))
	next := a
	next.Line = 6
	apart("another line of the same function", on("other", a, b), on("other", a, next, b))
	apart("mutual recursion", on("other", a, b), on("other", a, b, a, b))
}

func TestFrameGo(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(module, function, file string) model.Event {
		return on("go", model.Frame{Module: module, Function: function, AbsPath: file})
	}
	same("line and file", f("main", "run", "/a/main.go"), f("main", "run", "/b/run.go"))
	apart("receiver", f("main", "(*A).Run", "/a/main.go"), f("main", "(*B).Run", "/a/main.go"))
	apart("package", f("example.org/a/x", "Run", "/a/x.go"), f("example.org/a/y", "Run", "/a/y.go"))
	same("with -trimpath and without",
		on("go", model.Frame{Module: "example.org/a/x", Function: "Run", AbsPath: "/home/x/x.go"}),
		on("go", model.Frame{Module: "example.org/a/x", Function: "Run", Filename: "example.org/a/x/x.go"}))
}

func TestFramePython(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(context string) model.Event {
		return on("python", model.Frame{Module: "jobs", Function: "run", ContextLine: context})
	}
	apart("the line of source", f("a = 1"), f("b = 1"))
	same("its white space", f("a  =\t1"), f("    a = 1  "))
	long := strings.Repeat("é", maxContext)
	same("a line that is too long", f(long+"x"), f(long+"y"))
	apart("a line that just fits", f(long), f(""))
	same("blank", f("   "), f(""))
	own := on("python", model.Frame{Module: "jobs", Function: "run", ContextLine: "a", Platform: "other"})
	same("the frame's own platform", own, f(""))
}

func TestFrameScript(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(frame model.Frame) model.Event { return on("javascript", frame) }
	same("the object", f(model.Frame{Module: "m", Function: "Object.foo"}), f(model.Frame{Module: "m", Function: "Foo.foo"}))
	apart("the method", f(model.Frame{Module: "m", Function: "Foo.foo"}), f(model.Frame{Module: "m", Function: "Foo.bar"}))
	for _, unknown := range []string{"?", "<anonymous>", "<anonymous function>", "Anonymous function", "foo/<", "Object.<anonymous>"} {
		same("unknown function "+unknown, f(model.Frame{Module: "m", Function: unknown}), f(model.Frame{Module: "m"}))
	}
	call := model.Frame{Module: "m", Function: "call"}
	for _, poor := range []model.Frame{{Module: "m", Function: "eval"}, {Module: "m", Function: "x.eval"}, {Module: "x", AbsPath: "[native code]"}, {Module: "x", AbsPath: "<anonymous>"}, {Module: "x", AbsPath: "eval code"}} {
		same("poor frame "+poor.Function+poor.AbsPath, on("javascript", call, poor), on("javascript", call))
	}
	url := "https://page.example/app.min.js"
	same("files from the web", f(model.Frame{AbsPath: url, Filename: "/app.1.js", Function: "f"}), f(model.Frame{AbsPath: url, Filename: "/app.2.js", Function: "f"}))
	apart("files from a disk", f(model.Frame{AbsPath: "file:///a.js", Filename: "a.js", Function: "f"}), f(model.Frame{AbsPath: "file:///b.js", Filename: "b.js", Function: "f"}))
	same("a single nameless frame", f(model.Frame{AbsPath: url, Module: "m"}), failure("javascript", thrown("E", "x")))
	apart("two nameless frames", on("javascript", model.Frame{AbsPath: url, Module: "m"}, model.Frame{AbsPath: url, Module: "n"}), failure("javascript", thrown("E", "x")))
	same("a path that poses as module", f(model.Frame{AbsPath: "/srv/lib/a.js", Module: "lib/a.js", Filename: "a.js"}), f(model.Frame{Filename: "a.js"}))
	apart("context without a function from the web", on("javascript", call, model.Frame{AbsPath: "/x.js", Module: "m", ContextLine: "a"}), on("javascript", call, model.Frame{AbsPath: "/x.js", Module: "m", ContextLine: "b"}))
	same("context without a function from the web", on("javascript", call, model.Frame{AbsPath: url, Module: "m", ContextLine: "a"}), on("javascript", call, model.Frame{AbsPath: url, Module: "m", ContextLine: "b"}))
	mapped := func(function, context string) model.Event {
		return f(model.Frame{Module: "m", Function: function, ContextLine: context, SourceMapped: true})
	}
	same("the function beside a mapped line", mapped("f", "a()"), mapped("g", "a()"))
	apart("the mapped line", mapped("f", "a()"), mapped("f", "b()"))
	apart("the function without a line", mapped("f", ""), mapped("g", ""))
	apart("the function beside a line of its own", f(model.Frame{Module: "m", Function: "f", ContextLine: "a()"}), f(model.Frame{Module: "m", Function: "g", ContextLine: "a()"}))
	same("polyfills", on("javascript", call, model.Frame{Module: "core-js/modules/es.promise"}), on("javascript", call))
	same("the scheduler", on("node", model.Frame{Module: "task_queues", Function: "processTicksAndRejections"}, call), on("node", call))
}

func TestFrameJava(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(module string) model.Event {
		return on("java", model.Frame{Module: module, Function: "run", Filename: "A.java"})
	}
	same("CGLIB", f("com.a.B$$EnhancerBySpringCGLIB$$1a2b3c"), f("com.a.B$$EnhancerBySpringCGLIB$$ffee00"))
	same("Guice", f("com.a.B$EnhancerByGuice$ae46b1bf"), f("com.a.B$EnhancerByGuice$00000000"))
	same("Guice twice", f("com.a.B$$EnhancerByGuice$$ae46b1bf$$FastClassByGuice$$caceacd2"), f("com.a.B$$EnhancerByGuice$$0$$FastClassByGuice$$1"))
	same("Javassist", f("com.a.B_$$_javassist_74"), f("com.a.B_$$_javassist_seam_9"))
	same("Hibernate", f("com.a.User$HibernateProxy$oRWxjAWT"), f("com.a.User$HibernateProxy$abcdefgh"))
	same("Clojure", f("app.core$fn__12345"), f("app.core$fn__99"))
	same("reflection", f("sun.reflect.GeneratedMethodAccessor12"), f("sun.reflect.GeneratedMethodAccessor7"))
	same("reflection", f("jdk.internal.reflect.GeneratedMethodAccessor12"), f("jdk.internal.reflect.GeneratedMethodAccessor7"))
	same("constructors", f("sun.reflect.GeneratedConstructorAccessor1"), f("sun.reflect.GeneratedConstructorAccessor2"))
	same("lambdas", f("com.a.B$$Lambda$14/0x01"), f("com.a.B$$Lambda$15/0x02"))
	apart("inner classes", f("com.a.B$One"), f("com.a.B$Two"))
	apart("classes", f("com.a.ByHand$1"), f("com.a.ByHand$2"))
	named := func(function string) model.Event {
		return on("java", model.Frame{Module: "com.a.B", Function: function})
	}
	same("lambda functions", named("lambda$run$0"), named("lambda$run$1"))
	apart("functions", named("run"), named("stop"))
	same("Sentry's own frames", on("java", model.Frame{Module: "com.a.B", Function: "f"}, model.Frame{Module: "io.sentry.Hub", Function: "g"}), named("f"))
}

func TestFrameRubyPHPCSharp(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(platform, function string) model.Event {
		return on(platform, model.Frame{Filename: "x", Function: function})
	}
	same("blocks", f("ruby", "block (2 levels) in run"), f("ruby", "block in stop"))
	same("templates", f("ruby", "_app_views_index_html_erb__1234567_8901234"), f("ruby", "_app_views_index_html_erb__7654321_1111"))
	apart("other numbers", f("ruby", "step_1"), f("ruby", "step_2"))
	same("anonymous classes", f("php", "class@anonymous\x00/a.php:1::run"), f("php", "class@anonymous\x00/b.php:9::run"))
	apart("methods of anonymous classes", f("php", "class@anonymous::run"), f("php", "class@anonymous::stop"))
	same("anonymous functions", f("php", "[Anonymous function 1]"), f("php", "[Anonymous function 2]"))
	apart("the same elsewhere", f("other", "block in a"), f("other", "block in b"))
	same("signatures", f("csharp", "Run (int a)"), f("csharp", "Run (string b)"))
	raw := on("csharp", model.Frame{Filename: "x", Function: "Run", RawFunction: "A.Run()"})
	apart("raw functions", raw, on("csharp", model.Frame{Filename: "x", Function: "Run", RawFunction: "B.Run()"}))
}

func TestFrameNative(t *testing.T) {
	t.Parallel()
	same, apart := judge(t)
	f := func(function string) model.Event { return on("native", model.Frame{Function: function}) }
	same("parameters", f("app::run(int)"), f("app::run(char const*)"))
	same("return types", f("void app::run(int)"), f("app::run(int)"))
	same("type arguments", f("app::Box<int>::get()"), f("app::Box<char>::get()"))
	same("qualifiers", f("app::get() const"), f("app::get()"))
	same("hashes of Rust", f("app::run::h0123456789abcdef"), f("app::run::hfedcba9876543210"))
	same("versions of libc", f("open@GLIBC_2.2"), f("open@@GLIBC_2.34"))
	apart("names", f("app::run()"), f("app::stop()"))
	apart("traits of Rust", f("<A as T>::run"), f("<B as T>::run"))
	apart("operators", f("app::operator()(int)"), f("app::operator<<(int)"))
	apart("namespaces without names", f("(anonymous namespace)::run()"), f("run()"))
	apart("Objective-C", f("-[A run:]"), f("-[A stop:]"))
	run := model.Frame{Function: "app::run"}
	same("unknown functions", on("native", run, model.Frame{Function: "<unknown>"}), on("native", run))
	same("what throws", on("native", run, model.Frame{Function: "__cxa_throw"}, model.Frame{Function: "std::terminate"}, model.Frame{Function: "kill"}), on("native", run))
	same("what starts threads", on("native", model.Frame{Function: "clone"}, model.Frame{Function: "_pthread_start"}, run), on("native", run))
	same("raw functions as they are", on("native", model.Frame{Function: "f(int)", RawFunction: "f(int)"}), on("native", model.Frame{RawFunction: "f(int)"}))
}
