package ingest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// compressors make what clients send, by the name of the encoding.
var compressors = map[string]func(io.Writer) io.WriteCloser{
	"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"x-gzip":  func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	"br":      func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) },
	"zstd":    func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
}

func compress(t testing.TB, open func(io.Writer) io.WriteCloser, parts ...[]byte) string {
	t.Helper()
	var b bytes.Buffer
	w := open(&b)
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func rawDeflate(w io.Writer) io.WriteCloser { z, _ := flate.NewWriter(w, 6); return z }

func TestEncodings(t *testing.T) {
	t.Parallel()
	big := "{}\n{\"type\":\"event\"}\n{\"message\":\"" + strings.Repeat("words, ", 100_000) + "\"}\n"
	d := newDoor(t, Options{})
	f := func(encoding, body string) {
		t.Helper()
		for range 2 { // the second time, decoders and buffers are used again
			d.items = nil
			if r := d.post("/api/1/envelope/", body, header("Content-Encoding", encoding)); r.StatusCode != 200 {
				t.Errorf("%s: %d %s", encoding, r.StatusCode, text(t, r))
			}
		}
	}
	for name, open := range compressors {
		f(name, compress(t, open, []byte(envelope)))
		d.wantItems(`event:{"message":"hi"}`)
		f(strings.ToUpper(name), compress(t, open, []byte(big)))
		if len(d.items) != 1 || len(d.items[0]) != len("event:")+700_000+len(`{"message":""}`) {
			t.Errorf("%s: big body came as %d items", name, len(d.items))
		}
	}
	f("deflate", compress(t, rawDeflate, []byte(envelope)))
	d.wantItems(`event:{"message":"hi"}`)
	for _, none := range []string{"", "identity", "UTF-8", "utf-8", "none"} {
		f(none, envelope)
		d.wantItems(`event:{"message":"hi"}`)
	}
}

func TestBrokenEncodings(t *testing.T) {
	t.Parallel()
	d := newDoor(t, Options{})
	f := func(encoding, body string) {
		t.Helper()
		r := d.post("/api/1/envelope/", body, header("Content-Encoding", encoding))
		if r.StatusCode != 400 {
			t.Errorf("%s of %d bytes: %d %s, want 400", encoding, len(body), r.StatusCode, text(t, r))
		}
	}
	for name, open := range compressors {
		whole := compress(t, open, []byte(envelope))
		for n := range len(whole) - 1 {
			f(name, whole[:n])
		}
		f(name, envelope)
		if name != "deflate" { // its decoder stops at the end of the stream
			f(name, whole+"garbage")
		}
	}
	d.wantItems()
}

// A bomb is refused at the limit, long before it has swollen to its full size.
func TestBombs(t *testing.T) {
	t.Parallel()
	d := newDoor(t, Options{Limits: Limits{Envelope: mib}})
	zeros := make([]byte, 16*mib)
	for name, open := range compressors {
		bomb := compress(t, open, []byte("{}\n{\"type\":\"event\"}\n"), zeros)
		r := d.post("/api/1/envelope/", bomb, header("Content-Encoding", name))
		if r.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s bomb: %d %s", name, r.StatusCode, text(t, r))
		}
	}
	if got, want := d.buffers.budget.left.Load(), d.limits.Memory; got != want {
		t.Errorf("%d bytes of the budget are left, want all %d", got, want)
	}
	d.wantItems()
}

func TestTooLarge(t *testing.T) {
	t.Parallel()
	d := newDoor(t, Options{Limits: Limits{Envelope: 1000}})
	f := func(size, status int, change ...func(*http.Request)) {
		t.Helper()
		body := envelope + strings.Repeat("\n", size-len(envelope))
		if r := d.post("/api/1/envelope/", body, change...); r.StatusCode != status {
			t.Errorf("%d bytes: %d %s, want %d", size, r.StatusCode, text(t, r), status)
		}
	}
	unknownLength := func(r *http.Request) { r.ContentLength = -1 }
	f(1000, 200)
	f(1001, 413)
	f(1000, 200, unknownLength)
	f(1001, 413, unknownLength)
	if n := len(d.discards); n != 2 || d.discards[0].Reason != "too_large" {
		t.Errorf("discards = %v, want two of reason too_large", d.discards)
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	f := func(memory int64, body string, status int) {
		t.Helper()
		d := newDoor(t, Options{Limits: Limits{Memory: memory}})
		r := d.post("/api/1/envelope/", body)
		if r.StatusCode != status {
			t.Errorf("%d bytes within %d: %d %s, want %d", len(body), memory, r.StatusCode, text(t, r), status)
		}
		if status == 429 && (r.Header.Get("Retry-After") == "" || r.Header.Get("X-Sentry-Rate-Limits") == "") {
			t.Errorf("429 without advice: %v", r.Header)
		}
		if got := d.buffers.budget.left.Load(); got != memory {
			t.Errorf("%d bytes of the budget are left, want %d", got, memory)
		}
	}
	event := "{}\n{\"type\":\"event\"}\n"
	f(firstBuffer*2, envelope, 200)
	f(firstBuffer-1, envelope, 429)
	f(mib, event+`{"message":"`+strings.Repeat("x", 2*mib)+`"}`, 429)
	// Small on the wire, large when decoded.
	f(mib, event+`[`+strings.Repeat("[],", 10_000)+`[]]`, 413)
	f(mib, event+`["`+strings.Repeat("xyz", 10_000)+`"]`, 200)
	f(mib, "{}\n{\"type\":\"attachment\"}\n"+strings.Repeat("[],", 10_000), 200)
}

func TestLimits(t *testing.T) {
	t.Parallel()
	item := func(itemType string, size int) string {
		return `{"type":"` + itemType + `"}` + "\n" + strings.Repeat("x", size) + "\n"
	}
	f := func(body string, status int, want string) {
		t.Helper()
		d := newDoor(t, Options{Limits: Limits{Items: map[string]Limit{"attachment": {Each: 10, Total: 15, Count: 3}}}})
		r := d.post("/api/1/envelope/", "{}\n"+body)
		if got := text(t, r); r.StatusCode != status || !strings.Contains(got, want) {
			t.Errorf("%d %s, want %d %s", r.StatusCode, got, status, want)
		}
		if status != 200 && (len(d.items) > 0 || len(d.discards) == 0) {
			t.Errorf("refused, and yet %d items passed and %d were counted", len(d.items), len(d.discards))
		}
	}
	f(item("event", mib), 200, "{")
	f(item("event", mib+1), 413, "event")
	f(item("event", 1)+item("transaction", mib+1), 413, "transaction")
	f(item("span", 12*mib), 200, "{")
	f(item("span", 12*mib+1), 413, "span")
	f(item("attachment", 10), 200, "{")
	f(item("attachment", 11), 413, "attachment")
	f(item("attachment", 8)+item("attachment", 8), 413, "attachment")
	f(strings.Repeat(item("attachment", 1), 3), 200, "{")
	f(strings.Repeat(item("attachment", 1), 4), 413, "attachment")
	f(strings.Repeat(item("event", 1), 100), 200, "{")
	f(strings.Repeat(item("event", 1), 50)+strings.Repeat(item("feedback", 1), 51), 413, "feedback")
	f(item("unheard_of", mib), 200, "{")
}

// FuzzInflate checks that no bytes make a decoder panic, go beyond the limit, or
// keep what they took.
func FuzzInflate(f *testing.F) {
	for name, open := range compressors {
		f.Add(name, []byte(compress(f, open, []byte(envelope))))
	}
	h := New(Options{Gate: gate{}, Limits: Limits{Envelope: mib}})
	f.Fuzz(func(t *testing.T, encoding string, body []byte) {
		if !compressed(encoding) {
			return
		}
		out, err := h.inflate(encoding, body)
		if err == nil && len(out.b) > mib {
			t.Errorf("%d bytes came out", len(out.b))
		}
		h.buffers.put(out)
		if got := h.buffers.budget.left.Load(); got != h.limits.Memory {
			t.Errorf("%d bytes of the budget are left, want %d", got, h.limits.Memory)
		}
	})
}
