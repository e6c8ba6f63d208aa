package group

import (
	"strings"

	"relay.one/picket/internal/model"
)

// What sentry-go says of its frames cannot be trusted. It takes everything outside
// GOROOT for the application, dependencies too; and in a binary built with -trimpath
// it knows no GOROOT and takes nothing for it. So the rules are these, the first that
// fits:
//
//   - A frame that the SDK called not in-app stays so, unless it said that of every
//     frame of the event: then it could not tell.
//   - Package main is the application.
//   - The standard library is not: its paths begin with one of the folders of
//     GOROOT/src, or the file lies there.
//   - A file in the module cache, in a vendor folder or fetched by Bazel is not. With
//     -trimpath, the files of dependencies, vendored or not, carry the version of their
//     module (host/name@v1.2.3/file.go) and those of the main module carry none.
//   - Any other file lies in the source tree of the application, workspaces and
//     replaced modules included.
//   - Without a file, the path of the package must share the main module's. That is
//     known from the file of package main, whose path with -trimpath is its import
//     path; else it is guessed as the repository that most frames belong to, what
//     package main calls counting twice and the newest frame deciding a tie.

// goModule is what an event tells of the main module.
type goModule struct {
	root   string // what the import paths of the application share; empty when unknown
	silent bool   // the SDK called no frame in-app
}

// findGoModule looks at all frames of a Go event.
func findGoModule(e *model.Event) goModule {
	m := goModule{silent: true}
	bare := false // are there frames without files?
	look := func(frames []model.Frame) {
		for i := range frames {
			f := &frames[i]
			if f.InApp == model.Yes {
				m.silent = false
			}
			switch {
			case f.Module == "main" && m.root == "" && f.AbsPath == "":
				m.root = repository(folder(f.Filename))
			case f.AbsPath == "" && f.Filename == "":
				bare = true
			}
		}
	}
	for i := range e.Exceptions {
		look(e.Exceptions[i].Frames)
	}
	for i := range e.Threads {
		look(e.Threads[i].Frames)
	}
	if m.root == "" && m.silent && bare {
		m.root = dominant(e)
	}
	return m
}

// owns reports whether f belongs to the application.
func (m *goModule) owns(f *model.Frame) bool {
	if f.InApp != model.Yes && !m.silent {
		return false
	}
	path, name := pathOf(f), orElse(f.Module, f.Filename)
	switch {
	case name == "", standard(name, path), foreignGoPath(path):
		return false
	case name == "main", name == "main_test", path != "", !dotted(name):
		return true
	}
	return m.root == "" || name == m.root || strings.HasPrefix(name, m.root) && name[len(m.root)] == '/'
}

func foreignGoPath(path string) bool {
	if i := strings.Index(path, "@v"); i > 0 && is(path, i+2, digit) {
		return true
	}
	return foreignPath(path) || strings.HasPrefix(path, "external/") || strings.Contains(path, "/third_party/")
}

// dotted reports whether the first element of the import path is a host name.
func dotted(name string) bool {
	slash := strings.IndexByte(name, '/')
	if slash < 0 {
		slash = len(name)
	}
	return strings.IndexByte(name[:slash], '.') >= 0
}

// standard reports whether the package belongs to Go's own library.
func standard(name, path string) bool {
	first, _, _ := strings.Cut(name, "/")
	switch first {
	case "archive", "arena", "bufio", "builtin", "bytes", "cmd", "cmp", "compress", "container", "context", "crypto",
		"database", "debug", "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index",
		"internal", "io", "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime",
		"slices", "sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time", "unicode", "unique",
		"unsafe", "vendor", "weak":
		return true
	}
	if dotted(name) || path == "" {
		return false
	}
	dir := folder(path)
	return strings.HasSuffix(dir, name) && strings.HasSuffix(dir[:len(dir)-len(name)], "go/src/")
}

func folder(path string) string {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		return path[:i]
	}
	return ""
}

// repository returns the part of an import path that names the repository: three
// elements on the great forges, else two; empty when the path names no host.
func repository(name string) string {
	if !dotted(name) {
		return ""
	}
	elements := 2
	switch host, _, _ := strings.Cut(name, "/"); host {
	case "github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "git.sr.ht", "gitea.com", "golang.org":
		elements = 3
	}
	for i := range len(name) {
		if name[i] == '/' {
			if elements--; elements == 0 {
				return name[:i]
			}
		}
	}
	return name
}

// dominant guesses the main module from frames without files.
func dominant(e *model.Event) string {
	type candidate struct {
		root  string
		votes int
	}
	var seen []candidate
	best := ""
	count := func(frames []model.Frame) {
		most := 0
		for i := range frames {
			root := repository(frames[i].Module)
			if root == "" {
				continue
			}
			votes := 1
			if i > 0 && frames[i-1].Module == "main" {
				votes = 2
			}
			k := 0
			for k < len(seen) && seen[k].root != root {
				k++
			}
			if k == len(seen) {
				seen = append(seen, candidate{root: root})
			}
			seen[k].votes += votes
			if seen[k].votes >= most {
				most, best = seen[k].votes, root
			}
		}
	}
	for i := range e.Exceptions {
		count(e.Exceptions[i].Frames)
	}
	for i := range e.Threads {
		count(e.Threads[i].Frames)
	}
	return best
}
