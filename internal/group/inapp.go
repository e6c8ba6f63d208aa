package group

import (
	"strings"

	"relay.one/picket/internal/model"
)

// markInApp settles for every frame of e whether it is the application's own code.
// The SDK's word counts unless a rule contradicts; without a word it is not.
func markInApp(e *model.Event) {
	lang := languageOf(e.Platform)
	var m goModule
	if lang == golang {
		m = findGoModule(e)
	}
	for i := range e.Exceptions {
		markFrames(e.Exceptions[i].Frames, lang, &m)
	}
	for i := range e.Threads {
		markFrames(e.Threads[i].Frames, lang, &m)
	}
}

func markFrames(frames []model.Frame, lang language, m *goModule) {
	for i := range frames {
		f := &frames[i]
		l := lang.of(f)
		app := f.InApp == model.Yes
		if l == golang {
			app = m.owns(f)
		} else if app {
			app = !outside(f, l)
		}
		f.InApp = model.No
		if app {
			f.InApp = model.Yes
		}
	}
	if lang == native {
		w := nativeWindow(frames)
		for i := w.appEnd; i < len(frames); i++ {
			frames[i].InApp = model.No
		}
	}
}

// outside reports whether one of the built-in rules says that f is not the application's.
func outside(f *model.Frame, l language) bool {
	path := pathOf(f)
	if foreignPath(path) || telemetry(f) {
		return true
	}
	switch l {
	case browser, node:
		return noise(f) || foreignScript(path, f.Module)
	case java:
		return hasPrefixOf(f.Module, javaFrameworks[:])
	case native:
		return hasPrefixOf(f.Function, nativeRuntimes[:]) || hasPrefixOf(f.Package, nativeSystem[:])
	}
	return false
}

func pathOf(f *model.Frame) string {
	if f.AbsPath != "" {
		return f.AbsPath
	}
	return f.Filename
}

// foreignFolders are the folders that hold other people's code, wherever they are.
var foreignFolders = [...]string{"vendor", "site-packages", "dist-packages", "node_modules"}

// foreignPaths are the same as runs of folders; with a slash before it, a run counts
// only where the path begins.
var foreignPaths = [...]string{"go/pkg/mod/", ".local/share/", "/usr/local/lib/", "/usr/local/cellar/"}

// foreignPath reports whether the path leads through other people's code. Case and
// the kind of slash do not matter, and a slash is taken as given in front.
func foreignPath(path string) bool {
	for from := 0; ; {
		n := nextSlash(path[from:])
		if n < 0 {
			return false
		}
		if n >= len("vendor") && foreignFolder(path[from:from+n]) {
			return true
		}
		if n > 0 && startsForeign(path, from) {
			return true
		}
		from += n + 1
	}
}

func nextSlash(s string) int {
	n := strings.IndexByte(s, '/')
	if n >= 0 {
		return n
	}
	return strings.IndexByte(s, '\\')
}

func foreignFolder(name string) bool {
	for _, f := range foreignFolders {
		if len(f) == len(name) && strings.EqualFold(f, name) {
			return true
		}
	}
	return false
}

// startsForeign reports whether a run of foreignPaths begins at that folder.
func startsForeign(path string, from int) bool {
	for _, p := range foreignPaths {
		rooted := p[0] == '/'
		if rooted {
			p = p[1:]
		}
		if path[from]|0x20 != p[0]|0x20 || len(path)-from < len(p) || rooted && from > 1 {
			continue
		}
		if samePath(path[from:from+len(p)], p) {
			return true
		}
	}
	return false
}

// samePath compares without regard to case and kind of slash; b is in lower case.
func samePath(a, b string) bool {
	for i := range len(b) {
		c := a[i]
		if c == '\\' {
			c = '/'
		} else if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != b[i] {
			return false
		}
	}
	return true
}

// hasPrefixOf reports whether s begins with one of the prefixes.
func hasPrefixOf(s string, prefixes []string) bool {
	if s == "" {
		return false
	}
	for _, p := range prefixes {
		if strings.HasPrefix(s, p) {
			return true
		}
	}
	return false
}

// deliveryNetworks and foreignModules are where pages load other people's scripts from.
var (
	deliveryNetworks = [...]string{"https://unpkg.com/", "https://cdnjs.cloudflare.com/", "https://cdn.jsdelivr.net/", "https://esm.run/"}
	noiseModules     = [...]string{"@babel/", "core-js/", "regenerator-runtime/", "tslib/"}
)

func foreignScript(path, module string) bool {
	return strings.HasPrefix(module, "unpkg/") || strings.HasPrefix(path, "https:") && hasPrefixOf(path, deliveryNetworks[:])
}

// noise reports whether a script's frame tells nothing: polyfills and the scheduler.
func noise(f *model.Frame) bool {
	switch f.Function {
	case "runMicrotasks", "queueMicrotask", "processTicksAndRejections", "runNextTicks", "nextTick", "_callSuper":
		return true
	}
	return hasPrefixOf(f.Module, noiseModules[:])
}

// javaFrameworks are packages that applications for the JVM are built on.
var javaFrameworks = [...]string{
	"akka.", "com.fasterxml.", "com.microsoft.", "com.sun.", "feign.", "io.ktor.", "io.netty.", "io.opentelemetry.",
	"io.sentry.", "jdk.", "kotlin.", "kotlinx.", "oauth.", "org.apache.", "org.glassfish.", "org.jboss.", "org.jdesktop.",
	"org.postgresql.", "org.springframework.", "org.web3j.", "reactor.core.", "scala.", "sun.",
	"android.", "androidx.", "com.android.", "dalvik.system.",
}
