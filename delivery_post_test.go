package picket

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"relay.one/picket/wire"
)

func TestDeliveryEnvelope(t *testing.T) {
	t.Parallel()
	f := func(size int, losses int, encoding string) {
		t.Helper()
		tries := 0
		s := &farServer{}
		s.answer = func(*wire.Envelope) (int, http.Header, error) {
			if tries++; tries == 1 {
				return 0, nil, errDown
			}
			return 200, nil, nil
		}
		deliver(t, s, deliveryOptions{}, func(t *testing.T, d *delivery) {
			p := padded(wire.ItemEvent, "1", size)
			p.trace = wire.TraceHeader{TraceID: "t", PublicKey: "k", Sampled: "true"}
			p.items = append(p.items, wire.Item{Type: wire.ItemAttachment, Filename: "ä.txt", Payload: []byte("a\nb")})
			for i := range losses {
				d.discard(fmt.Sprintf("reason_%0900d", i), wire.CategoryError, 1)
			}
			d.send(p)
			time.Sleep(time.Second) // of virtual time, between the first try and the last one
			mustFlush(t, d)
			e := s.taken[0]
			own := e.Items[len(e.Items)-2:]
			if len(own[0].Payload) != size || string(own[1].Payload) != "a\nb" || own[1].Filename != "ä.txt" {
				t.Errorf("items = %+v", own)
			}
			h := e.Header
			if h.EventID != p.eventID || h.Trace != p.trace || h.SDKName != sdkName || h.SDKVersion != sdkVersion {
				t.Errorf("header = %+v", h)
			}
			if first := s.attempts[0].Header.SentAt; !h.SentAt.After(first) || first.IsZero() {
				t.Errorf("sent_at = %v at first and %v at last", first, h.SentAt)
			}
			wantEqual(t, "encoding", s.encoding[0], encoding)
			wantEqual(t, "losses", len(s.told), losses)
		})
	}
	f(10, 0, "")
	f(10, 1, "")
	f(2000, 0, "gzip")
	f(2000, 1, "gzip")
	f(300_000, 200, "gzip") // a report that one stored block does not hold
	f(3_000_000, 0, "gzip")
}

func TestDeliveryPanickingTransport(t *testing.T) {
	t.Parallel()
	tries := 0
	s := &farServer{}
	s.answer = func(*wire.Envelope) (int, http.Header, error) {
		if tries++; tries == 1 {
			panic("transport")
		}
		return 200, nil, nil
	}
	o := deliveryOptions{debugf: func(string, ...any) { panic("debug") }}
	deliver(t, s, o, func(t *testing.T, d *delivery) {
		d.send(testParcel(wire.ItemEvent, "1"))
		mustFlush(t, d)
		wantEqual(t, "arrived", s.names(), []string{"1"})
	})
}

func TestDeliveryOverHTTP(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	got := map[string]int{}
	far := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, err := readPosted(r)
		if err != nil || r.Header.Get("X-Sentry-Auth") != "auth" || r.Header.Get("User-Agent") != "agent" || r.ContentLength <= 0 {
			w.WriteHeader(400)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		got[r.RemoteAddr]++
		_, _ = io.WriteString(w, `{"id":"`+e.Header.EventID+`"}`)
	}))
	defer far.Close()
	d := newDelivery(deliveryOptions{url: far.URL, auth: "auth", userAgent: "agent", debugf: t.Logf})
	const senders, each = 8, 50
	var wg sync.WaitGroup
	for range senders {
		wg.Go(func() {
			for range each {
				d.send(padded(wire.ItemEvent, "x", 9000))
				d.discard("sample_rate", wire.CategoryTransaction, 1)
				d.stats()
			}
		})
	}
	wg.Wait()
	if err := errors.Join(d.flush(t.Context()), d.close(t.Context())); err != nil {
		t.Fatal(err)
	}
	if st := d.stats(); st.Sent != senders*each || st.Dropped["sample_rate"] != senders*each {
		t.Errorf("stats = %+v", st)
	}
	if len(got) > senders*each/10 {
		t.Errorf("%d connections for %d envelopes: none is kept", len(got), senders*each)
	}
}

func TestJoinSums(t *testing.T) {
	t.Parallel()
	f := func(prefix, rest int) {
		t.Helper()
		var k parcelPacker
		payload := bytes.Repeat([]byte("abcdefg"), rest/7+1)[:rest]
		packed := k.pack([]wire.Item{{Type: "event", Payload: payload}})
		head := bytes.Repeat([]byte("x"), prefix)
		z, err := gzip.NewReader(bytes.NewReader(packed.with(bytes.Clone(head))))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(z) // checks sum and size
		if want := append(head, wire.AppendItem(nil, wire.Item{Type: "event", Payload: payload})...); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d and %d bytes: %v, %d bytes, want %d", prefix, rest, err, len(got), len(want))
		}
	}
	for _, prefix := range []int{0, 1, storedMax, storedMax + 1, 200_000} {
		for _, rest := range []int{1024, 4096, 4097, 1 << 20} {
			f(prefix, rest)
		}
	}
}

// benchEvent is about as large and as repetitive as an error is.
func benchEvent() []byte {
	frame := `{"function":"(*Planner).step%d","module":"example.com/agents/planner","filename":"planner/step.go","abs_path":"/src/planner/step.go","lineno":%d,"in_app":true},`
	var b bytes.Buffer
	b.WriteString(`{"level":"error","platform":"go","exception":[{"type":"planner.ToolError","value":"tool search timed out","stacktrace":{"frames":[`)
	for i := 0; b.Len() < 9000; i++ {
		fmt.Fprintf(&b, frame, i, i*7919%1000)
	}
	b.WriteString(`{}]}}]}`)
	return b.Bytes()
}

// What the host pays, with a queue that has room.
func BenchmarkDeliverySend(b *testing.B) {
	d := newDelivery(deliveryOptions{url: "http://far.example/", transport: &blackHole{}, debugf: func(string, ...any) {}})
	defer d.cancel()
	event := benchEvent()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if i%256 == 255 {
			b.StopTimer()
			if err := d.flush(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
		}
		if !d.send(parcel{category: wire.CategoryError, quantity: 1, items: []wire.Item{{Type: wire.ItemEvent, Payload: event}}}) {
			b.Fatal("dropped")
		}
	}
}

// What the host pays when there is more than can be sent.
func BenchmarkDeliverySendOverflow(b *testing.B) {
	d := newDelivery(deliveryOptions{url: "http://far.example/", transport: &blackHole{}, debugf: func(string, ...any) {}})
	defer d.cancel()
	event := benchEvent()
	b.ReportAllocs()
	for b.Loop() {
		d.send(parcel{category: wire.CategoryError, quantity: 1, items: []wire.Item{{Type: wire.ItemEvent, Payload: event}}})
	}
}

// What the delivery's goroutine pays.
func BenchmarkDeliveryPack(b *testing.B) {
	var k parcelPacker
	items := []wire.Item{{Type: wire.ItemEvent, Payload: benchEvent()}}
	b.ReportAllocs()
	b.SetBytes(int64(len(items[0].Payload)))
	for b.Loop() {
		k.pack(items)
	}
}

func BenchmarkDeliveryWith(b *testing.B) {
	var k parcelPacker
	p := k.pack([]wire.Item{{Type: wire.ItemEvent, Payload: benchEvent()}})
	prefix := bytes.Repeat([]byte("x"), 300)
	b.ReportAllocs()
	for b.Loop() {
		p.with(prefix)
	}
}

func BenchmarkDeliveryDiscard(b *testing.B) {
	d := newDelivery(deliveryOptions{url: "http://far.example/", transport: &blackHole{}, debugf: func(string, ...any) {}})
	defer d.cancel()
	b.ReportAllocs()
	for b.Loop() {
		d.discard("sample_rate", wire.CategoryTransaction, 1)
	}
}

// blackHole takes everything.
type blackHole struct{}

// RoundTrip answers 200.
func (*blackHole) RoundTrip(r *http.Request) (*http.Response, error) {
	_, err := io.Copy(io.Discard, r.Body)
	return &http.Response{StatusCode: 200, Body: http.NoBody}, err
}
