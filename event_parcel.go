package picket

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/getsentry/sentry-go"

	"relay.one/picket/wire"
)

// parcelOf encodes what sentry-go hands to its transport: errors and messages, and,
// of those who use sentry-go beside us, transactions, check-ins, logs and metrics.
func (c *Client) parcelOf(ev *sentry.Event) (parcel, error) {
	p := parcel{eventID: string(ev.EventID), quantity: 1, category: wire.CategoryError}
	switch ev.Type {
	case "":
		p.items = append(p.items, wire.Item{Type: wire.ItemEvent, Payload: c.encodeEvent(ev)})
		for _, a := range ev.Attachments {
			p.items = append(p.items, wire.Item{Type: wire.ItemAttachment, Filename: a.Filename, ContentType: a.ContentType, Payload: a.Payload})
		}
		p.trace = c.traceOfEvent(ev)
		return p, nil
	case wire.ItemTransaction:
		p.category, p.spans = wire.CategoryTransaction, len(ev.Spans)
		p.items = append(p.items, wire.Item{Type: wire.ItemTransaction, SpanCount: len(ev.Spans) + 1, Payload: c.encodeEvent(ev)})
		p.trace = c.traceOfEvent(ev)
		return p, nil
	case wire.ItemCheckIn:
		p.category = wire.CategoryMonitor
		p.items = append(p.items, wire.Item{Type: wire.ItemCheckIn, Payload: c.encodeEvent(ev)})
		return p, nil
	case wire.ItemLog:
		p.category, p.quantity = wire.CategoryLogItem, len(ev.Logs)
		return p, p.add(c, wire.Item{Type: wire.ItemLog, ContentType: wire.ContentLogs, ItemCount: len(ev.Logs)}, items[sentry.Log]{ev.Logs})
	case wire.ItemTraceMetric:
		p.category, p.quantity = wire.CategoryMetric, len(ev.Metrics)
		return p, p.add(c, wire.Item{Type: wire.ItemTraceMetric, ContentType: wire.ContentMetrics, ItemCount: len(ev.Metrics)}, items[sentry.Metric]{ev.Metrics})
	}
	return p, errUnknownType(ev.Type)
}

type items[T any] struct {
	Items []T `json:"items"`
}

// add marshals v into the item, with the secrets taken out of it.
func (p *parcel) add(c *Client, item wire.Item, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if clear, marks := c.encode.by.text.AppendJSON(nil, nil, string(b)); len(marks) > 0 {
		b = clear
	}
	item.Payload = b
	p.items = append(p.items, item)
	return nil
}

func (c *Client) encodeEvent(ev *sentry.Event) []byte {
	e := c.encoder()
	defer e.release()
	e.event(ev)
	return e.take()
}

// traceOfEvent returns the sampling context of an error, if its trace is known.
func (c *Client) traceOfEvent(ev *sentry.Event) wire.TraceHeader {
	id, _ := ev.Contexts["trace"]["trace_id"].(string)
	if id == "" {
		return wire.TraceHeader{}
	}
	return wire.TraceHeader{TraceID: id, PublicKey: c.dsn.PublicKey, Release: c.options.Release, Environment: c.options.Environment}
}

// take returns a copy of what was written.
func (e *encoder) take() []byte { return append([]byte(nil), e.buf...) }

// lastWords delivers what there is before the program ends.
func (c *Client) lastWords() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := c.Flush(ctx); err != nil {
		c.debugf("last words: %v", err)
	}
}

// seconds writes a time as Unix seconds with microseconds.
func (e *encoder) seconds(t time.Time) {
	us := t.UnixMicro()
	e.buf = strconv.AppendInt(e.buf, us/1e6, 10)
	e.buf = append(e.buf, '.')
	var digits [8]byte
	e.buf = append(e.buf, strconv.AppendInt(digits[:0], 1e6+us%1e6, 10)[1:]...)
}
