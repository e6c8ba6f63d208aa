package payload

import (
	"bytes"
	"os"
	"testing"
)

func sample(t testing.TB) []byte {
	t.Helper()
	data, err := os.ReadFile("../sentry/testdata/bench_error.json")
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPack(t *testing.T) {
	t.Parallel()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	f := func(src []byte) {
		t.Helper()
		got, err := c.Unpack(c.Pack(src))
		if err != nil || !bytes.Equal(got, src) {
			t.Errorf("%d bytes came back as %d (%v)", len(src), len(got), err)
		}
	}
	f(nil)
	f([]byte("{}"))
	f(sample(t))
	f(bytes.Repeat([]byte("0123456789abcdef"), 1<<17)) // longer than the window
	if _, err := c.Unpack([]byte("not packed")); err == nil {
		t.Error("garbage was unpacked")
	}
}

// TestDictionaryIsForever unpacks a payload that the first dictionary packed when it was made.
func TestDictionaryIsForever(t *testing.T) {
	t.Parallel()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	packed, err := os.ReadFile("testdata/packed_1.zst")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/packed_1.json")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Unpack(packed); err != nil || !bytes.Equal(got, want) {
		t.Errorf("unpacked %q (%v), want %q", got, err, want)
	}
}

func BenchmarkPack(b *testing.B) {
	c, err := New()
	if err != nil {
		b.Fatal(err)
	}
	src := sample(b)
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	size := 0
	for b.Loop() {
		size = len(c.Pack(src))
	}
	b.ReportMetric(float64(size), "packed-bytes")
}
