package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "relay.one/picket"
	root   = "../.."
)

// file is one parsed source file.
type file struct {
	room string // path of its package within the module
	name string // path within the module
	ast  *ast.File
	fset *token.FileSet
}

// sources parses every Go file of the module that is no test.
func sources(t *testing.T) []file {
	t.Helper()
	var files []file
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && name != root && skipped(d.Name()) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, name, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		files = append(files, file{path.Dir(rel), rel, parsed, fset})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 50 {
		t.Fatalf("found only %d files: the walk is broken", len(files))
	}
	return files
}

func skipped(dir string) bool {
	return strings.HasPrefix(dir, ".") || dir == "testdata" || dir == "node_modules" || dir == "ui"
}

// imports returns what a file imports: rooms of ours by their path, others as they are.
func (f file) imports(t *testing.T) (ours, others []string) {
	t.Helper()
	for _, spec := range f.ast.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if p == module {
			ours = append(ours, sdk)
		} else if room, ok := strings.CutPrefix(p, module+"/"); ok {
			ours = append(ours, room)
		} else {
			others = append(others, p)
		}
	}
	return ours, others
}

// layerOf returns the index of a room's layer, or -1.
func layerOf(room string) int {
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, room) })
}

func under(room string, any []string) bool {
	return slices.ContainsFunc(any, func(b string) bool { return room == b || strings.HasPrefix(room, b+"/") })
}

// judge returns what is wrong with a room's importing another, or "".
func judge(from, to string) string {
	switch {
	case under(to, beside):
		return "stands beside the house: nobody imports it"
	case under(from, beside):
		return ""
	case from == sdk:
		if !slices.Contains(sdkMayImport, to) {
			return "is none of what the SDK may import"
		}
		return ""
	case layerOf(from) < 0:
		return "the importing room has no place in the layers: give it one"
	case to == sdk:
		if from != "internal/demo" && from != "cmd/picket" {
			return "the server does not use the SDK"
		}
		return ""
	case layerOf(to) < 0:
		return "has no place in the layers: give it one"
	case layerOf(to) == layerOf(from):
		return "is a neighbour: imports point down, not sideways"
	case layerOf(to) > layerOf(from):
		return "stands above: imports point down"
	}
	return ""
}

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		ours, others := f.imports(t)
		for _, to := range ours {
			if wrong := judge(f.room, to); wrong != "" {
				t.Errorf("%s imports %s, which %s", f.name, to, wrong)
			}
		}
		for _, to := range others {
			if foreign := strings.Contains(strings.Split(to, "/")[0], "."); !foreign {
				continue
			}
			if slices.Contains(plain, f.room) {
				t.Errorf("%s imports %s: this room keeps to the standard library", f.name, to)
			}
			if f.room == sdk && !under(to, sdkMayImport) {
				t.Errorf("%s imports %s: the SDK brings no such dependency to others", f.name, to)
			}
		}
	}
}

// The judge must find what it is there for.
func TestJudge(t *testing.T) {
	t.Parallel()
	f := func(from, to string, fine bool) {
		t.Helper()
		if wrong := judge(from, to); (wrong == "") != fine {
			t.Errorf("%s imports %s: judged %q, want fine = %v", from, to, wrong, fine)
		}
	}
	f("internal/server", "internal/ingest", true)
	f("internal/pipeline", "internal/model", true)
	f("internal/ingest", "internal/pipeline", false)
	f("internal/model", "internal/store", false)
	f("internal/model", "wire", false)
	f("internal/api", "internal/server", false)
	f("internal/nowhere", "internal/model", false)
	f("internal/api", "internal/nowhere", false)
	f("internal/api", "internal/bench", false)
	f("internal/bench", "internal/server", true)
	f(sdk, "wire", true)
	f(sdk, "internal/model", false)
	f("internal/api", sdk, false)
	f("internal/demo", sdk, true)
}

func TestExportedNamesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t) {
		if f.ast.Name.Name == "main" {
			continue
		}
		for _, n := range exported(f.ast) {
			switch {
			case n.doc == "":
				t.Errorf("%s: %s has no comment", f.fset.Position(n.pos), n.name)
			case !n.grouped && !beginsWith(n.doc, n.name):
				t.Errorf("%s: the comment of %s does not begin with its name: %.40q", f.fset.Position(n.pos), n.name, n.doc)
			}
		}
	}
}

// beginsWith reports whether a comment begins with the name, perhaps after an article.
func beginsWith(doc, name string) bool {
	words := strings.Fields(doc)
	if len(words) > 1 && slices.Contains([]string{"A", "An", "The"}, words[0]) {
		words = words[1:]
	}
	return len(words) > 0 && strings.TrimRight(words[0], ",.:;'s") == strings.TrimRight(name, "s")
}

// named is an exported name and its comment.
type named struct {
	name, doc string
	pos       token.Pos
	grouped   bool // the comment is that of a group, or of its line
}

func exported(f *ast.File) []named {
	var names []named
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && receiverExported(d) {
				names = append(names, named{d.Name.Name, d.Doc.Text(), d.Pos(), false})
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				names = append(names, inGroup(d, spec)...)
			}
		}
	}
	return names
}

func inGroup(d *ast.GenDecl, spec ast.Spec) []named {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if s.Name.IsExported() {
			doc := s.Doc.Text()
			if doc == "" {
				doc = d.Doc.Text()
			}
			return []named{{s.Name.Name, doc, s.Pos(), len(d.Specs) > 1}}
		}
	case *ast.ValueSpec:
		var names []named
		for _, n := range s.Names {
			if n.IsExported() {
				names = append(names, named{n.Name, d.Doc.Text() + s.Doc.Text() + s.Comment.Text(), n.Pos(), true})
			}
		}
		return names
	}
	return nil
}

// receiverExported reports whether a function is no method, or one of an exported type.
func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// Every room of the layers that is there has a package comment.
func TestRoomsHaveDoors(t *testing.T) {
	t.Parallel()
	commented := map[string]bool{}
	for _, f := range sources(t) {
		commented[f.room] = commented[f.room] || f.ast.Doc.Text() != ""
	}
	for room, ok := range commented {
		if !ok {
			t.Errorf("%s has no package comment", room)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "docs/architecture.md")); err != nil {
		t.Error(err)
	}
}
