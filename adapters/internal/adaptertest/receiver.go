// Package adaptertest is the suite that every adapter of a web framework passes: the
// framework serves Routes on a real socket, and what arrives is compared with what was
// asked for.
package adaptertest

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"relay.one/picket"
	"relay.one/picket/wire"
)

// object is a JSON object.
type object = map[string]any

// receiver is a server that keeps the envelopes it is sent, and the client that sends
// there.
type receiver struct {
	client *picket.Client

	mu     sync.Mutex
	items  map[string][]object // by the item's type
	faults []error
}

// newReceiver starts a receiver; it stops with the test.
func newReceiver(t *testing.T, o picket.Options) *receiver {
	t.Helper()
	r := &receiver{items: map[string][]object{}}
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	o.DSN = strings.Replace(s.URL, "://", "://0123456789abcdef0123456789abcdef@", 1) + "/1"
	o.Environment, o.Logger = "test", slog.New(slog.DiscardHandler)
	var err error
	if r.client, err = picket.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.settle(t, r.client.Close) })
	return r
}

// ServeHTTP takes an envelope.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	err := r.take(req)
	if err != nil {
		r.mu.Lock()
		r.faults = append(r.faults, err)
		r.mu.Unlock()
	}
	if _, err := io.WriteString(w, "{}"); err != nil {
		panic(http.ErrAbortHandler)
	}
}

func (r *receiver) take(req *http.Request) error {
	body := io.Reader(req.Body)
	switch encoding := req.Header.Get("Content-Encoding"); encoding {
	case "":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = z
	default:
		return fmt.Errorf("an envelope came as %q", encoding)
	}
	whole, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	e, err := wire.ReadEnvelope(whole)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, item := range e.Items {
		var o object
		if err := json.Unmarshal(item.Payload, &o); err != nil {
			return fmt.Errorf("a %s is no JSON: %w", item.Type, err)
		}
		r.items[item.Type] = append(r.items[item.Type], o)
	}
	return nil
}

// settle calls Flush or Close of the client.
func (r *receiver) settle(t *testing.T, f func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := f(ctx); err != nil {
		t.Error(err)
	}
}

// all returns every item of a type that was sent until now, in the order they came.
func (r *receiver) all(t *testing.T, itemType string) []object {
	t.Helper()
	r.settle(t, r.client.Flush)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, err := range r.faults {
		t.Error(err)
	}
	return r.items[itemType]
}

// one returns the only item of a type.
func (r *receiver) one(t *testing.T, itemType string) object {
	t.Helper()
	list := r.all(t, itemType)
	if len(list) != 1 {
		t.Fatalf("%d items of type %s came, want 1: %v", len(list), itemType, list)
	}
	return list[0]
}

// at returns what stands under a path of members, nil when there is nothing.
func at(o any, path ...string) any {
	for _, name := range path {
		m, _ := o.(object)
		o = m[name]
	}
	return o
}

// exception returns the outermost exception of an event.
func exception(event object) object {
	list, _ := at(event, "exception", "values").([]any)
	if len(list) == 0 {
		return nil
	}
	return list[len(list)-1].(object)
}
