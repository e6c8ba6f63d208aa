package group

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"

	"github.com/cespare/xxhash/v2"

	"relay.one/picket/internal/model"
)

// readFrames writes down the frames of one stack, eight bytes each: all of them to
// g.frames, those of the application also to g.appFrames.
func (g *grouper) readFrames(frames []model.Frame, lang language) {
	g.frames, g.appFrames = g.frames[:0], g.appFrames[:0]
	var room [256]byte
	w := window{groupEnd: len(frames)}
	if lang == native {
		w = nativeWindow(frames)
	}
	for i := w.from; i < w.groupEnd; i++ {
		f := &frames[i]
		l := lang.of(f)
		if i > 0 && recursive(f, &frames[i-1]) || ignored(f, l) || len(frames) == 1 && l.script() && nameless(f) {
			continue
		}
		text := appendFrame(room[:0], f, l)
		if len(text) == 0 {
			continue
		}
		hash := xxhash.Sum64(text)
		g.frames = binary.BigEndian.AppendUint64(g.frames, hash)
		if f.InApp == model.Yes {
			g.appFrames = binary.BigEndian.AppendUint64(g.appFrames, hash)
		}
	}
}

// recursive reports whether f is the same call as its caller's.
func recursive(f, caller *model.Frame) bool {
	return f.Line == caller.Line && f.Function == caller.Function && f.Column == caller.Column && f.Module == caller.Module &&
		f.Filename == caller.Filename && f.AbsPath == caller.AbsPath && f.Package == caller.Package
}

// ignored reports whether f tells nothing about the fault, whoever's it is.
func ignored(f *model.Frame, l language) bool {
	switch {
	case l.script():
		switch f.AbsPath {
		case "[native code]", "native code", "eval code", "<anonymous>":
			return true
		}
		return lastPart(orElse(f.RawFunction, f.Function)) == "eval" || noise(f) || telemetry(f)
	case l == java:
		return strings.HasPrefix(f.Module, "io.sentry.")
	case l == native:
		return strings.HasPrefix(f.Function, "google_breakpad::") || strings.Contains(f.Function, "sentrycrash_") ||
			strings.HasPrefix(f.Function, "kscrash_")
	}
	return false
}

// telemetry reports whether f belongs to another watcher's library.
func telemetry(f *model.Frame) bool {
	path := pathOf(f)
	return f.Module == "newrelic" || strings.Contains(path, "newrelic") || strings.Contains(path, "LogRocket")
}

// nameless reports whether a script's only frame is too poor to tell faults apart.
func nameless(f *model.Frame) bool { return f.Function == "" && fromURL(f.AbsPath, true) }

// fromURL reports whether the path is a URL; files says whether file: counts as one.
func fromURL(path string, files bool) bool {
	return strings.HasPrefix(path, "http:") || strings.HasPrefix(path, "https:") || strings.HasPrefix(path, "blob:") ||
		strings.HasPrefix(path, "applewebdata:") || files && strings.HasPrefix(path, "file:")
}

// appendFrame appends to the empty b what tells f from other frames; nothing when it
// tells nothing.
func appendFrame(b []byte, f *model.Frame, l language) []byte {
	if module := moduleOf(f, l); module != "" {
		b = field(b, moduleTag, module)
	} else if f.Filename != "" && !fromURL(f.AbsPath, false) {
		b = appendFilename(b, f.Filename, l)
	}
	line := len(b)
	if l.quotes() && f.ContextLine != "" {
		b = appendContext(b, f, l)
	}
	if !(l.script() && f.SourceMapped && len(b) > line) {
		if function := functionOf(f, l); function != "" {
			b = field(b, functionTag, function)
		}
	}
	return b
}

// moduleOf returns the module as it counts, empty when it does not.
func moduleOf(f *model.Frame, l language) string {
	switch {
	case f.Module == "":
		return ""
	case l.script():
		if strings.IndexByte(f.Module, '/') >= 0 && strings.HasSuffix(f.AbsPath, f.Module) {
			return "" // no module but a path
		}
	case l == java:
		return javaModule(f.Module)
	}
	return f.Module
}

// appendFilename appends the last element of the file's name in lower case.
func appendFilename(b []byte, name string, l language) []byte {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	if name == "" || strings.EqualFold(name, "<anonymous>") || strings.EqualFold(name, "[native code]") {
		return b
	}
	if l == java {
		name = javassist.ReplaceAllString(name, "${1}")
	}
	b = append(b, filenameTag)
	for i := range len(name) {
		c := name[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		b = append(b, c)
	}
	return append(b, 0)
}

// maxContext is the longest line of source that counts; longer ones are minified.
const maxContext = 120

// appendContext appends the line of source with its white space collapsed.
func appendContext(b []byte, f *model.Frame, l language) []byte {
	s := f.ContextLine
	if len(s) > maxContext && utf8.RuneCountInString(s) > maxContext || l.script() && nameless(f) {
		return b
	}
	i := skip(s, 0, space)
	if i == len(s) {
		return b
	}
	b = append(b, contextTag)
	for i < len(s) {
		end := skipNot(s, i, space)
		b = append(b, s[i:end]...)
		if i = skip(s, end, space); i < len(s) {
			b = append(b, ' ')
		}
	}
	return append(b, 0)
}

// functionOf returns the function's name as it counts, empty when it does not.
func functionOf(f *model.Frame, l language) string {
	name := orElse(f.Function, f.RawFunction)
	switch {
	case name == "":
	case l.script():
		return scriptFunction(f)
	case l == ruby:
		return rubyFunction(name)
	case l == php:
		return phpFunction(name)
	case l == java:
		if strings.HasPrefix(name, "lambda$") {
			return ""
		}
	case l == csharp:
		name = orElse(f.RawFunction, f.Function)
		if f.RawFunction == "" {
			name, _, _ = strings.Cut(name, " (")
		}
	case l == native:
		if name == "<redacted>" || name == "<unknown>" {
			return ""
		}
		if f.RawFunction == "" {
			return nativeFunction(name)
		}
	}
	return name
}

func orElse(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// scriptFunction drops the object, which browsers name differently.
func scriptFunction(f *model.Frame) string {
	switch raw := lastPart(orElse(f.RawFunction, f.Function)); {
	case raw == "", raw == "?", raw == "<anonymous function>", raw == "<anonymous>", raw == "Anonymous function", strings.HasSuffix(raw, "/<"):
		return ""
	}
	return lastPart(orElse(f.Function, f.RawFunction))
}

// rubyFunction drops what tells blocks apart, and the numbers of compiled templates.
func rubyFunction(name string) string {
	if strings.HasPrefix(name, "block ") {
		return "block"
	}
	tail := name
	for range 2 {
		cut := strings.LastIndexByte(tail, '_')
		if cut < 1 || len(tail)-cut-1 < 4 || skip(tail, cut+1, digit) != len(tail) {
			return name
		}
		tail = tail[:cut]
	}
	return strings.TrimSuffix(tail, "_")
}

// phpFunction reduces the methods of anonymous classes to their names.
func phpFunction(name string) string {
	switch {
	case strings.HasPrefix(name, "[Anonymous"):
		return ""
	case strings.HasPrefix(name, "class@anonymous"):
		if i := strings.LastIndex(name, "::"); i >= 0 {
			return name[i+2:]
		}
		if strings.HasPrefix(name, "class@anonymous\x00") {
			return ""
		}
	}
	return name
}
