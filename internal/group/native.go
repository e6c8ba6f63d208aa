package group

import (
	"strings"

	"relay.one/picket/internal/model"
)

// nativeRuntimes are namespaces of the runtimes of Rust and C++; nativeSystem are
// where the libraries of the system are.
var (
	nativeRuntimes = [...]string{"std::", "core::", "alloc::", "__rust_", "google_breakpad::", "sentrycrash", "kscrash_", "kscm_"}
	nativeSystem   = [...]string{"/lib/", "/usr/lib/", "/System/Library/", "C:/Windows/", `C:\Windows\`, "libsystem", "libobjc", "/system/"}
)

// window is the part of a native stack that tells one fault from another. Oldest
// frames come first: before from stand the frames that start threads, and at
// groupEnd begin those that raise, or report, what went wrong.
type window struct {
	from, groupEnd int
	appEnd         int // from here on frames are not in-app
}

func nativeWindow(frames []model.Frame) window {
	w := window{groupEnd: len(frames), appEnd: len(frames)}
	for i := range frames {
		switch frames[i].Function {
		case "":
		case "std::panicking::begin_panic", "core::panicking::begin_panic", "failure::backtrace::Backtrace::new",
			"error_chain::make_backtrace", "__cxa_throw", "__assert_rtn", "_NSRaiseError", "abort", "raise", "std::terminate",
			"_CxxThrowException", "RaiseException", "RaiseComPlusException", "_CFThrowFormattedException", "objc_exception_throw",
			"TppRaiseInvalidParameter", "RtlExitUserThread":
			w.groupEnd, w.appEnd = min(w.groupEnd, i), min(w.appEnd, i)
		case "std::panicking::panic_fmt", "core::panicking::panic_fmt":
			w.appEnd = min(w.appEnd, i)
		case "_sigtramp", "DispatchHookW", "RtlpExecuteHandlerForException", "execute_onexit_table":
			w.groupEnd = min(w.groupEnd, i)
		case "UIApplicationMain", "wWinMain", "invoke_main", "BaseThreadInitThunk", "RtlUserThreadStart", "thread_start",
			"_pthread_start", "__pthread_start", "_pthread_body", "_dispatch_worker_thread2", "start_wqthread", "_pthread_wqthread",
			"TppWorkerThread", "TppWorkpExecuteCallback", "RtlpTpWorkCallback":
			w.from = i + 1
		}
	}
	return w
}

// nativeFunction reduces the signature of a function to its qualified name: without
// return type, parameters, type arguments and what compilers append.
func nativeFunction(name string) string {
	name = strings.TrimSpace(name)
	if strings.HasPrefix(name, "[") || strings.HasPrefix(name, "-[") || strings.HasPrefix(name, "+[") {
		return name // Objective-C
	}
	name = strings.NewReplacer("operator()", "operator\x01", "operator<<", "operator\x02\x02", "operator<", "operator\x02",
		"operator->", "operator\x03", "operator>>", "operator\x04\x04", "operator>", "operator\x04",
		"(anonymous namespace)", "\x05").Replace(name)
	name = unbracket(name)
	for {
		trimmed := strings.TrimRight(strings.TrimSuffix(strings.TrimSuffix(name, " const"), "&"), " ")
		if trimmed == name {
			break
		}
		name = trimmed
	}
	if i := strings.LastIndexByte(name, ' '); i >= 0 {
		name = name[i+1:]
	}
	name = strings.NewReplacer("\x01", "()", "\x02", "<", "\x03", "->", "\x04", ">", "\x05", "(anonymous namespace)").Replace(name)
	if i := strings.LastIndex(name, "::h"); i > 0 && len(name)-i == len("::h")+16 && skip(name, i+3, alnum) == len(name) {
		name = name[:i]
	}
	if i := strings.IndexByte(name, '@'); i > 0 && (strings.HasPrefix(name[i:], "@GLIBC_") || strings.HasPrefix(name[i:], "@@GLIBC_")) {
		name = name[:i]
	}
	return name
}

// unbracket drops what stands in brackets, and leaves <T> for type arguments; a type
// that the name begins with, as in Rust's <Foo as Bar>::baz, keeps its own name.
func unbracket(name string) string {
	var b strings.Builder
	depth := 0
	for i := range len(name) {
		switch c := name[i]; c {
		case '(', '[', '{', '<':
			depth++
			if c == '<' && depth == 1 && b.Len() > 0 {
				b.WriteString("<T>")
			}
			if c == '<' && b.Len() == 0 && depth == 1 {
				first, _, _ := strings.Cut(name[1:], " as ")
				first, _, _ = strings.Cut(first, ">")
				b.WriteString(first)
			}
		case ')', ']', '}', '>':
			depth--
		default:
			if depth <= 0 {
				b.WriteByte(c)
			}
		}
	}
	return b.String()
}
