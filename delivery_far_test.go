package picket

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"relay.one/picket/wire"
)

var errDown = errors.New("connection refused")

// farServer is the outside world: a server in memory that answers as it is told.
type farServer struct {
	// answer returns what an envelope is answered; nil takes everything.
	answer func(e *wire.Envelope) (status int, header http.Header, err error)
	// hang makes it answer nothing, ever.
	hang bool

	mu       sync.Mutex
	attempts []*wire.Envelope
	taken    []*wire.Envelope
	encoding []string
	told     map[string]int64 // losses reported, by reason and category
}

// RoundTrip takes an envelope, or fails as answer says.
func (s *farServer) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	e, err := readPosted(r)
	if err != nil {
		return nil, err
	}
	if s.hang {
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	status, header := 200, http.Header{}
	if s.answer != nil {
		status, header, err = s.answer(e)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.attempts = append(s.attempts, e)
	if err != nil {
		return nil, err
	}
	if status == 200 {
		s.taken = append(s.taken, e)
		s.encoding = append(s.encoding, r.Header.Get("Content-Encoding"))
		s.note(e)
	}
	w := httptest.NewRecorder()
	maps.Copy(w.Header(), header)
	w.WriteHeader(status)
	return w.Result(), nil
}

func readPosted(r *http.Request) (*wire.Envelope, error) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		z.Multistream(false) // as servers read that know one member only
		body = z
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	return wire.ReadEnvelope(b)
}

func (s *farServer) note(e *wire.Envelope) {
	for _, item := range e.Items {
		if item.Type != wire.ItemClientReport {
			continue
		}
		var report struct {
			Discarded []struct {
				Reason, Category string
				Quantity         int64
			} `json:"discarded_events"`
		}
		if err := json.Unmarshal(item.Payload, &report); err != nil {
			panic(err)
		}
		if s.told == nil {
			s.told = map[string]int64{}
		}
		for _, l := range report.Discarded {
			s.told[l.Reason+" "+l.Category] += l.Quantity
		}
	}
}

// tries returns how many envelopes have come, taken or not.
func (s *farServer) tries() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.attempts)
}

// losses returns what has been reported lost.
func (s *farServer) losses() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.told)
}

// payloadOf returns the payload of an envelope's last item, which is no report but
// in an envelope of its own.
func payloadOf(e *wire.Envelope) string { return string(e.Items[len(e.Items)-1].Payload) }

// names returns the payloads of all items taken, reports left out, in order.
func (s *farServer) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, e := range s.taken {
		for _, item := range e.Items {
			if item.Type != wire.ItemClientReport {
				names = append(names, strings.TrimRight(string(item.Payload), " "))
			}
		}
	}
	return names
}

// deliver runs f with a delivery to s in virtual time, and closes it afterwards.
func deliver(t *testing.T, s *farServer, o deliveryOptions, f func(t *testing.T, d *delivery)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		o.url, o.auth, o.userAgent = "http://far.example/api/1/envelope/", "Sentry sentry_key=k", "test/1"
		o.transport = s
		if o.debugf == nil {
			o.debugf = func(string, ...any) {}
		}
		o.width = cmp.Or(o.width, 1) // the order is told by one at a time
		d := newDelivery(o)
		f(t, d)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = d.close(ctx) // tests that care close before; this one only stops
		if _, open := <-d.done; open {
			t.Error("the goroutine runs on")
		}
	})
}

func testParcel(itemType, name string) parcel {
	return parcel{
		eventID: "b2f1c7d0a5e94c1e8d3f6a7b9c0d1e2f", category: wire.ItemCategory(itemType), quantity: 1,
		items: []wire.Item{{Type: itemType, Payload: []byte(name)}},
	}
}

// padded is a parcel that counts as about that many bytes once packed.
func padded(itemType, name string, size int) parcel {
	p := testParcel(itemType, name)
	p.items[0].Payload = append(p.items[0].Payload, bytes.Repeat([]byte(" "), size-len(name))...)
	return p
}

func mustFlush(t *testing.T, d *delivery) {
	t.Helper()
	if err := d.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func wantEqual[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if g, w := fmt.Sprintf("%v", got), fmt.Sprintf("%v", want); g != w {
		t.Errorf("%s = %s, want %s", what, g, w)
	}
}
