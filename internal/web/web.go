// Package web serves the pages: the single-page application that is built from ui/ and
// embedded. Which page an address means, the application finds out by itself, in the
// browser.
package web

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed all:dist
var embedded embed.FS

// index is the file that every page begins with.
const index = "index.html"

// hashed is the folder of files whose names change with what they hold.
const hashed = "assets/"

// packedEnd is what the build adds to the name of a file that it compressed beside it,
// which comes right behind it.
const packedEnd = ".br"

// Built returns the pages that were built into this binary. Without a build before it
// there are none in there: see New.
func Built() fs.FS {
	dist, err := fs.Sub(embedded, "dist")
	if err != nil {
		panic("web: our own folder: " + err.Error())
	}
	return dist
}

// Pages serves the application. It is safe for concurrent use.
type Pages struct {
	files map[string]*file // by path, without a slash before it
}

// ErrNotBuilt says that there are no pages.
var ErrNotBuilt = errors.New("the pages are not built")

// New returns the pages of a folder, for browsers that reach them below a base (see
// Base); ErrNotBuilt when they are not in there.
func New(dist fs.FS, base string) (*Pages, error) {
	p := &Pages{files: map[string]*file{}}
	err := fs.WalkDir(dist, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if f := p.files[strings.TrimSuffix(name, packedEnd)]; f != nil {
			f.brotli.made = reading(dist, name)
			return nil
		}
		read := reading(dist, name)
		if name == index {
			page := rooted(read(), base)
			read = func() []byte { return page }
		}
		p.files[name] = newFile(name, read)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the pages: %w", err)
	}
	if p.files[index] == nil {
		return nil, ErrNotBuilt
	}
	return p, nil
}

// reading returns what reads a file once, when it is first asked for: most of what a
// build holds nobody asks for, since it is there compressed. What cannot be read is nil.
func reading(dist fs.FS, name string) func() []byte {
	return sync.OnceValue(func() []byte {
		b, err := fs.ReadFile(dist, name)
		if err != nil {
			return nil
		}
		return b
	})
}

func newFile(name string, read func() []byte) *file {
	f := &file{plain: read, lasting: strings.HasPrefix(name, hashed)}
	if f.lasting {
		f.tag = `"` + path.Base(name) + `"`
	} else {
		sum := sha256.Sum256(read())
		f.tag = `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	}
	known := false
	if f.kind, known = kinds[path.Ext(name)]; !known { // what the machine says of types may be anything
		f.kind = mime.TypeByExtension(path.Ext(name))
	}
	return f
}

// kinds are the types of what a build holds, by the end of the name.
var kinds = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".json": "application/json", ".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8",
	".png": "image/png", ".ico": "image/x-icon", ".woff2": "font/woff2", ".map": "application/json",
}

// apart are the paths, with all below them, that are never pages: what is not there must
// be a 404 to whoever asks for it.
var apart = []string{"/api", "/sentry", "/docs", "/openapi.json", "/healthz", "/readyz", "/metrics"}

// policy lets the pages ask nobody but us, and run nothing that did not come as a file.
const policy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// ServeHTTP implements http.Handler: a file that was built, else the application.
func (p *Pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	f := p.find(r.URL.Path)
	if f == nil {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		http.Error(w, "use GET here", http.StatusMethodNotAllowed)
		return
	}
	f.serve(w, r)
}

// find returns what stands at a path; nil for nothing.
func (p *Pages) find(at string) *file {
	name := strings.TrimPrefix(at, "/")
	if f := p.files[name]; f != nil {
		return f
	}
	if strings.HasPrefix(name, hashed) || isResource(name) ||
		slices.ContainsFunc(apart, func(a string) bool { return at == a || strings.HasPrefix(at, a+"/") }) {
		return nil
	}
	return p.files[index]
}

// isResource reports whether a browser asks for this by itself, or a build before this
// one had it: no page is named like that.
func isResource(name string) bool {
	switch name {
	case "favicon.ico", "robots.txt", "apple-touch-icon.png", "apple-touch-icon-precomposed.png", "manifest.webmanifest", "sw.js":
		return true
	}
	return strings.HasPrefix(name, ".well-known/")
}
