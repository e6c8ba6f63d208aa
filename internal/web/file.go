package web

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
)

// file is one file of the build. Where the build did not compress it, that is done when
// it is first asked for.
type file struct {
	plain   func() []byte // nil for what cannot be read
	kind    string
	tag     string // of the plain form
	lasting bool   // the name changes with the contents

	brotli, gzip packed
}

// packed is a file compressed in one way; nil bytes when that makes it no smaller.
type packed struct {
	made  func() []byte // by the build; nil when it did not
	once  sync.Once
	bytes []byte
}

// worth is how many bytes are worth compressing: fewer fit into one packet anyway.
const worth = 1 << 10

func (p *packed) of(read func() []byte, open func(io.Writer) io.WriteCloser) []byte {
	if p.made != nil {
		return p.made()
	}
	p.once.Do(func() {
		plain := read()
		if len(plain) < worth {
			return
		}
		var b bytes.Buffer
		w := open(&b)
		if _, err := w.Write(plain); err != nil {
			return // it is served as it is
		}
		if err := w.Close(); err != nil || b.Len() >= len(plain)*9/10 {
			return
		}
		p.bytes = bytes.Clone(b.Bytes())
	})
	return p.bytes
}

// Levels that take some milliseconds a file, once. Brotli's highest ones would take ten
// times the memory, for one per cent of the size.
const (
	brotliLevel  = 6
	brotliWindow = 18 // bits
	gzipLevel    = 9
)

func newBrotli(w io.Writer) io.WriteCloser {
	return brotli.NewWriterOptions(w, brotli.WriterOptions{Quality: brotliLevel, LGWin: brotliWindow})
}

func newGzip(w io.Writer) io.WriteCloser {
	z, err := gzip.NewWriterLevel(w, gzipLevel)
	if err != nil {
		panic("web: our own level: " + err.Error())
	}
	return z
}

// form returns the smallest form that the client takes, and its coding.
func (f *file) form(accepts string) (b []byte, coding string) {
	if takes(accepts, "br") {
		if b := f.brotli.of(f.plain, newBrotli); b != nil {
			return b, "br"
		}
	}
	if takes(accepts, "gzip") {
		if b := f.gzip.of(f.plain, newGzip); b != nil {
			return b, "gzip"
		}
	}
	return f.plain(), ""
}

// takes reports whether an Accept-Encoding header names the coding, and not to refuse it.
func takes(accepts, coding string) bool {
	for one := range strings.SplitSeq(accepts, ",") {
		name, quality, _ := strings.Cut(one, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		_, q, found := strings.Cut(quality, "=")
		v, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return !found || err == nil && v > 0
	}
	return false
}

// serve answers with the file, or says that the client's copy is good.
func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	b, coding := f.form(r.Header.Get("Accept-Encoding"))
	if b == nil {
		http.NotFound(w, r)
		return
	}
	tag := f.tag
	if coding != "" {
		tag = strings.TrimSuffix(tag, `"`) + "-" + coding + `"`
	}
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", tag)
	h.Set("Cache-Control", "no-cache")
	if f.lasting {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if fresh(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", f.kind)
	h.Set("Content-Length", strconv.Itoa(len(b)))
	if coding != "" {
		h.Set("Content-Encoding", coding)
	}
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(b) // a reader who went away misses nothing
}

// fresh reports whether an If-None-Match header names the tag.
func fresh(header, tag string) bool {
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "W/"); one == tag || one == "*" {
			return true
		}
	}
	return false
}
