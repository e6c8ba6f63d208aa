package picket

import (
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/getsentry/sentry-go"
)

// maxStack is the most frames of a stack: the innermost are kept.
const maxStack = 100

// Import paths that frames are told apart by.
const (
	ourPackage  = "relay.one/picket"
	ourAdapters = "relay.one/picket/adapters/"
	sentryGo    = "github.com/getsentry/sentry-go"
)

// stackPCs are return addresses, innermost first. Noting them costs no memory and
// little time; they are resolved when an event is made of them.
type stackPCs struct {
	pcs [maxStack]uintptr
	n   int
}

// callers notes the stack. It skips as runtime.Callers does: 0 is callers itself, 1 who
// called it. Frames of this package need no skipping, they are trimmed later.
func callers(skip int) (s stackPCs) {
	s.n = runtime.Callers(skip+1, s.pcs[:])
	return s
}

// codeFrame is what is known of one address for good.
type codeFrame struct {
	pc     uintptr
	caller *codeFrame // that the frame was inlined into, if the address stands for both
	frame  sentry.Frame
	noise  bool // the runtime's, the test runner's or sentry-go's
	ours   bool
	panics bool // runtime.gopanic
}

// resolved remembers frames by address. They are facts of the binary, so that all clients
// share them; what falls on the same place is resolved again.
var resolved [1 << resolvedBits]atomic.Pointer[codeFrame]

const resolvedBits = 11

// resolve returns the frame of a return address; nil when there is none.
func resolve(pc uintptr) *codeFrame {
	place := &resolved[uint64(pc)*0x9e3779b97f4a7c15>>(64-resolvedBits)]
	if f := place.Load(); f != nil && f.pc == pc {
		return f
	}
	var first *codeFrame
	end := &first
	frames := runtime.CallersFrames([]uintptr{pc})
	for more := true; more; {
		var f runtime.Frame
		if f, more = frames.Next(); f.Function == "" && f.File == "" {
			continue
		}
		*end = newCodeFrame(pc, f)
		end = &(*end).caller
	}
	if first != nil {
		place.Store(first)
	}
	return first
}

func newCodeFrame(pc uintptr, f runtime.Frame) *codeFrame {
	c := &codeFrame{pc: pc, frame: sentry.NewFrame(f), panics: f.Function == "runtime.gopanic"}
	c.frame.Module = unescapedPath(c.frame.Module)
	c.noise, c.ours = isNoise(c.frame.Module), isOurs(&c.frame)
	return c
}

// unescapedPath undoes the linker's escapes: gopkg.in/yaml%2ev3.
func unescapedPath(module string) string {
	if strings.IndexByte(module, '%') < 0 {
		return module
	}
	if plain, err := url.PathUnescape(module); err == nil {
		return plain
	}
	return module
}

// isNoise reports whether frames of the package never tell anything about an error.
func isNoise(module string) bool {
	switch module {
	case "runtime", "testing":
		return true
	}
	return strings.HasPrefix(module, "internal/runtime/") || within(module, sentryGo) && !strings.HasSuffix(module, "_test")
}

// isOurs reports whether f is the SDK's own. The tests of a package are not: they are
// somebody who uses it.
func isOurs(f *sentry.Frame) bool {
	if f.Module != ourPackage && !strings.HasPrefix(f.Module, ourAdapters) {
		return false
	}
	return !strings.HasSuffix(f.AbsPath, "_test.go") && !strings.HasSuffix(f.Filename, "_test.go")
}

// stacktrace resolves a stack, outermost call first as Sentry has it; nil when nothing
// is left of it. Of a stack noted while recovering, what lies beyond the line that
// panicked is cut off, as sentry-go does; at the innermost end our own frames are.
func stacktrace(s *stackPCs, extra []string) *sentry.Stacktrace {
	var found [maxStack]*codeFrame
	n, cut := 0, false
	for _, pc := range s.pcs[:s.n] {
		for f := resolve(pc); f != nil && n < maxStack; f = f.caller {
			switch {
			case f.panics && !cut:
				n, cut = 0, true
			case f.noise, f.ours && n == 0:
			default:
				found[n] = f
				n++
			}
		}
	}
	if n == 0 {
		return nil
	}
	frames := make([]sentry.Frame, n)
	for i, f := range found[:n] {
		at := &frames[n-1-i]
		*at = f.frame
		at.InApp = inApp(at, extra)
		if i+1 < n {
			at.Function = withoutCaller(at.Function, found[i+1].frame.Function)
		}
	}
	return &sentry.Stacktrace{Frames: frames}
}

// withoutCaller takes the caller's name from the front of a closure's, as sentry-go does:
// since Go 1.21 the name depends on what was inlined where.
func withoutCaller(name, caller string) string {
	if len(name) > len(caller)+1 && name[len(caller)] == '.' && name[:len(caller)] == caller {
		return name[len(caller)+1:]
	}
	return name
}

// inApp reports whether a frame is the application's own code: package main, the main
// module, and the import paths that extra begins. Paths of files say nothing about it, so
// that it is the same with -trimpath and without, and wherever the program runs. Only
// where the main module is not known, everything counts that is fetched from a host and
// does not lie among the dependencies.
func inApp(f *sentry.Frame, extra []string) bool { return inAppOf(mainModule(), f, extra) }

func inAppOf(main string, f *sentry.Frame, extra []string) bool {
	module := strings.TrimSuffix(f.Module, "_test")
	switch {
	case module == "", isOurs(f):
		return false
	case module == "main":
		return true
	}
	for _, prefix := range extra {
		if prefix = strings.TrimRight(prefix, "/"); prefix != "" && within(module, prefix) {
			return true
		}
	}
	if main != "" {
		return within(module, main)
	}
	host, _, _ := strings.Cut(module, "/")
	return strings.Contains(host, ".") && !isDependency(f.AbsPath) && !isDependency(f.Filename)
}

// isDependency reports whether the file lies in the module cache or in a vendor folder.
func isDependency(file string) bool {
	return strings.Contains(file, "@v") || strings.Contains(file, "/pkg/mod/") || strings.Contains(file, "/vendor/") ||
		strings.Contains(file, "/third_party/")
}

// mainModule is the path of the module that the program was built from; empty when the
// binary does not tell.
var mainModule = sync.OnceValue(func() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path == "command-line-arguments" {
		return ""
	}
	return info.Main.Path
})

// within reports whether an import path is root or lies below it.
func within(module, root string) bool {
	return strings.HasPrefix(module, root) && (len(module) == len(root) || module[len(root)] == '/')
}

// fixFrames mends an event that sentry-go made: in_app, frames of ours where the capture
// happened, the titles of errors without a name, and mechanism.handled. Fatal events
// come from recovering, and count as not handled.
func fixFrames(event *sentry.Event, extra []string) {
	for i := range event.Threads {
		event.Threads[i].Stacktrace = mendedStack(event.Threads[i].Stacktrace, extra)
	}
	for i := range event.Exception {
		event.Exception[i].Stacktrace = mendedStack(event.Exception[i].Stacktrace, extra)
	}
	event.Exception = mendedChain(event.Exception)
	markExceptions(event.Exception, event.Level != sentry.LevelFatal)
}

// mendedStack recomputes what sentry-go says of frames; nil when none are left. Frames
// without an import path are somebody's own making and stay as they are.
func mendedStack(s *sentry.Stacktrace, extra []string) *sentry.Stacktrace {
	if s == nil {
		return nil
	}
	kept := s.Frames[:0]
	for i := range s.Frames {
		f := s.Frames[i]
		if f.Module != "" {
			f.Module = unescapedPath(f.Module)
			if isNoise(f.Module) {
				continue
			}
			f.InApp = inApp(&f, extra)
		}
		kept = append(kept, f)
	}
	for len(kept) > 0 && isOurs(&kept[len(kept)-1]) {
		kept = kept[:len(kept)-1]
	}
	if s.Frames = kept; len(kept) == 0 {
		return nil
	}
	return s
}

// origin names the function that a stack comes from, as orders.Save or
// orders.(*Store).Save, and its package: the innermost of the application, else the
// innermost. Both are empty when there is none.
func origin(s *sentry.Stacktrace) (name, module string) {
	if s == nil || len(s.Frames) == 0 {
		return "", ""
	}
	at := len(s.Frames) - 1
	for i := at; i >= 0; i-- {
		if s.Frames[i].InApp {
			at = i
			break
		}
	}
	module = s.Frames[at].Module
	// A closure bears the name of who called it no more, so that is looked up there.
	for at > 0 && isClosure(s.Frames[at].Function) && s.Frames[at-1].Module == module {
		at--
	}
	name = namedFunction(s.Frames[at].Function)
	switch pkg := packageOf(module); {
	case name == "", pkg == "":
		return name + pkg, module
	default:
		return pkg + "." + name, module
	}
}

// namedFunction returns the part of a function's name that a programmer wrote, without
// type parameters and the numbers of closures.
func namedFunction(name string) string {
	for {
		open := strings.IndexByte(name, '[')
		shut := strings.IndexByte(name, ']')
		if open < 0 || shut < open {
			break
		}
		name = name[:open] + name[shut+1:]
	}
	name, _, _ = strings.Cut(name, "-") // -fm, -range1
	if strings.HasPrefix(name, "glob.") {
		return "init" // a closure in a variable of the package
	}
	for from := 0; from < len(name); {
		part, _, _ := strings.Cut(name[from:], ".")
		if isClosure(part) {
			return strings.TrimSuffix(name[:from], ".")
		}
		from += len(part) + 1
	}
	return name
}

// isClosure reports whether the name begins with one that the compiler made up: func1,
// func1.2, gowrap1, deferwrap2, func3-range1.
func isClosure(name string) bool {
	name, _, _ = strings.Cut(name, ".")
	name, _, _ = strings.Cut(name, "-")
	for _, prefix := range [...]string{"func", "gowrap", "deferwrap"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok && rest != "" {
			name = rest
			break
		}
	}
	return name != "" && strings.Trim(name, "0123456789") == ""
}

// packageOf returns the name that the package of an import path most likely has.
func packageOf(module string) string {
	dir, name := "", module
	if i := strings.LastIndexByte(module, '/'); i >= 0 {
		dir, name = module[:i], module[i+1:]
	}
	if isVersion(name) && dir != "" {
		return packageOf(dir)
	}
	if i := strings.LastIndexByte(name, '.'); i > 0 && isVersion(name[i+1:]) {
		return name[:i]
	}
	return name
}

func isVersion(name string) bool {
	return len(name) > 1 && name[0] == 'v' && strings.Trim(name[1:], "0123456789") == ""
}
