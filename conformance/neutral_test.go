package conformance

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
)

// neutral returns the body without what names the machine that recorded it.
// Every replacement is as long as what it replaces, so that the lengths in
// envelopes hold.
func neutral(q recordedRequest, body []byte) ([]byte, error) {
	plain, err := unpack(q, body)
	if err != nil {
		return nil, err
	}
	clean := anonymous(plain)
	if bytes.Equal(clean, plain) {
		return body, nil
	}
	return pack(q, clean)
}

// anonymous replaces this machine's paths, name, kernel and processor.
func anonymous(b []byte) []byte {
	for text, stand := range machineTexts() {
		if text != "" {
			b = bytes.ReplaceAll(b, []byte(text), []byte(fit(stand, len(text))))
		}
	}
	return b
}

// machineTexts returns what names this machine, and what stands in for it.
func machineTexts() map[string]string {
	texts := map[string]string{}
	if root, err := filepath.Abs(".."); err == nil {
		texts[root] = "/srv/picket"
	}
	if home, err := os.UserHomeDir(); err == nil && len(home) > 1 {
		texts[home+"/"] = "/opt/picket"
	}
	if name, err := os.Hostname(); err == nil {
		texts[`"server_name":"`+name+`"`] = `"server_name":"` + strings.Repeat("h", len(name)) + `"`
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	texts[strings.TrimSpace(string(kernel))] = "6.1.0"
	cpus, _ := os.ReadFile("/proc/cpuinfo")
	if m := processorPattern.FindSubmatch(cpus); m != nil {
		texts[strings.TrimSpace(string(m[1]))] = "CPU"
	}
	return texts
}

var processorPattern = regexp.MustCompile(`model name\s*:(.*)`)

// fit cuts or pads the text to n bytes.
func fit(text string, n int) string {
	return (text + strings.Repeat("x", n))[:n]
}

// unpack undoes the request's encoding: Content-Encoding, or the base64 of zlib
// that raven clients send without saying so.
func unpack(q recordedRequest, body []byte) ([]byte, error) {
	switch {
	case q.Header["Content-Encoding"] == "gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	case q.Header["Content-Encoding"] == "br":
		return io.ReadAll(brotli.NewReader(bytes.NewReader(body)))
	case q.raven():
		z, err := zlib.NewReader(base64.NewDecoder(base64.StdEncoding, bytes.NewReader(body)))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	}
	return body, nil
}

// pack is the way back.
func pack(q recordedRequest, plain []byte) ([]byte, error) {
	var out bytes.Buffer
	var w io.WriteCloser
	switch {
	case q.Header["Content-Encoding"] == "gzip":
		w = gzip.NewWriter(&out)
	case q.Header["Content-Encoding"] == "br":
		w = brotli.NewWriter(&out)
	case q.raven():
		w = zlib.NewWriter(&out)
	default:
		return plain, nil
	}
	if _, err := w.Write(plain); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if q.raven() {
		return base64.StdEncoding.AppendEncode(nil, out.Bytes()), nil
	}
	return out.Bytes(), nil
}

// raven reports whether the body is encoded as raven clients do.
func (q recordedRequest) raven() bool {
	return q.Header["Content-Type"] == "application/octet-stream"
}
