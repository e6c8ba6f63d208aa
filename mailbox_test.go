package picket

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"relay.one/picket/wire"
)

// mailbox stands in for the network: it takes every envelope and answers 200.
type mailbox struct {
	mu        sync.Mutex
	envelopes []*wire.Envelope
	faults    []error
}

func (m *mailbox) RoundTrip(r *http.Request) (*http.Response, error) {
	err := m.take(r)
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil {
		m.faults = append(m.faults, err)
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

func (m *mailbox) take(r *http.Request) error {
	body, err := io.ReadAll(r.Body)
	if err == nil && r.Header.Get("Content-Encoding") == "gzip" {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			body, err = io.ReadAll(z)
		}
	}
	if err != nil {
		return err
	}
	e, err := wire.ReadEnvelope(body)
	if err != nil {
		return err
	}
	for _, item := range e.Items {
		if item.Type != wire.ItemAttachment && !json.Valid(item.Payload) {
			return errors.New(item.Type + " is no JSON: " + string(item.Payload))
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.envelopes = append(m.envelopes, e)
	return nil
}

// object is a JSON object.
type object = map[string]any

// items returns the payloads of all items of a type, in the order they came.
func (m *mailbox) items(t testing.TB, typ string) (list []object) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, err := range m.faults {
		t.Error(err)
	}
	for _, e := range m.envelopes {
		for _, item := range e.Items {
			if item.Type != typ {
				continue
			}
			var o object
			if err := json.Unmarshal(item.Payload, &o); err != nil {
				t.Fatal(err)
			}
			list = append(list, o)
		}
	}
	return list
}

// spans returns the spans of all containers, by start.
func (m *mailbox) spans(t testing.TB) (list []object) {
	t.Helper()
	for _, k := range m.items(t, wire.ItemSpan) {
		for _, s := range k["items"].([]any) {
			list = append(list, s.(object))
		}
	}
	slices.SortStableFunc(list, func(a, b object) int {
		switch d := a["start_timestamp"].(float64) - b["start_timestamp"].(float64); {
		case d < 0:
			return -1
		case d > 0:
			return 1
		}
		return 0
	})
	return list
}

// testClient returns a client that reports into a mailbox, and a context of its own.
func testClient(t testing.TB, o Options) (context.Context, *Client, *mailbox) {
	t.Helper()
	m := &mailbox{}
	o.DSN, o.Transport = "http://0123456789abcdef0123456789abcdef@picket.test/1", m
	if o.Environment == "" {
		o.Environment = "test"
	}
	if o.Release == "" {
		o.Release = "shop@1.2.3"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeClient(t, c) })
	return NewContext(context.Background(), c), c, m
}

func closeClient(t testing.TB, c *Client) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := c.Close(ctx); err != nil {
		t.Error(err)
	}
}

// flush waits until everything is in the mailbox.
func flush(t testing.TB, c *Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := c.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

// at returns what stands under a path of members, nil when there is nothing.
func at(o any, path ...string) any {
	for _, name := range path {
		m, _ := o.(object)
		o = m[name]
	}
	return o
}
