package ingest

import (
	"bytes"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// openers lists the encodings that are undone. Whatever else a header says is
// taken for none: ruby sends an empty one, an old Android "UTF-8".
var openers = map[string]func(*inflater, *bytes.Reader) (io.Reader, error){
	"gzip":    (*inflater).openGzip,
	"x-gzip":  (*inflater).openGzip,
	"deflate": (*inflater).openDeflate,
	"br":      (*inflater).openBrotli,
	"zstd":    (*inflater).openZstd,
}

func compressed(encoding string) bool {
	_, ok := openers[encoding]
	return ok
}

// maxWindow is the largest history that a zstd stream may ask us to keep: what
// RFC 8878 tells decoders to support.
const maxWindow = 8 << 20

// inflater holds one decoder of each kind, made when first needed.
type inflater struct {
	gzip *gzip.Reader
	zlib io.ReadCloser
	raw  io.ReadCloser
	br   *brotli.Reader
	zstd *zstd.Decoder
}

// inflate decompresses src. Only so many goroutines do that at once: it is
// nothing but computing, and each decoder may hold megabytes.
func (h *Handler) inflate(encoding string, src []byte) (*buffer, error) {
	f := <-h.inflaters
	defer func() { h.inflaters <- f }()
	r, err := openers[encoding](f, bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	out, err := h.fill(r, min(4*len(src), keptBuffer), h.limits.Envelope)
	if err != nil || len(out.b) > keptBuffer {
		*f = inflater{} // what grew is not kept
	}
	return out, err
}

func (f *inflater) openGzip(src *bytes.Reader) (io.Reader, error) {
	if f.gzip != nil {
		return f.gzip, f.gzip.Reset(src)
	}
	g, err := gzip.NewReader(src)
	f.gzip = g
	return g, err
}

// openDeflate takes what HTTP means by deflate, which is zlib, and what some
// clients mean, which is the bare stream.
func (f *inflater) openDeflate(src *bytes.Reader) (io.Reader, error) {
	if !looksZlib(src) {
		return f.openRaw(src)
	}
	if f.zlib != nil {
		return f.zlib, f.zlib.(zlib.Resetter).Reset(src, nil)
	}
	z, err := zlib.NewReader(src)
	if err == nil {
		f.zlib = z
	}
	return z, err
}

func looksZlib(src *bytes.Reader) bool {
	var head [2]byte
	n, _ := src.ReadAt(head[:], 0)
	return n == 2 && head[0]&0x0f == 8 && (int(head[0])<<8|int(head[1]))%31 == 0
}

func (f *inflater) openRaw(src *bytes.Reader) (io.Reader, error) {
	if f.raw == nil {
		f.raw = flate.NewReader(src)
		return f.raw, nil
	}
	return f.raw, f.raw.(flate.Resetter).Reset(src, nil)
}

func (f *inflater) openBrotli(src *bytes.Reader) (io.Reader, error) {
	if f.br == nil {
		f.br = brotli.NewReader(src)
		return f.br, nil
	}
	return f.br, f.br.Reset(src)
}

func (f *inflater) openZstd(src *bytes.Reader) (io.Reader, error) {
	if f.zstd != nil {
		return f.zstd, f.zstd.Reset(src)
	}
	z, err := zstd.NewReader(src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	f.zstd = z
	return z, err
}
