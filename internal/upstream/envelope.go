package upstream

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/valyala/fastjson"

	"relay.one/picket/internal/sentry"
	"relay.one/picket/internal/store"
	"relay.one/picket/wire"
)

// packed is a body as it is sent.
type packed struct {
	body []byte
	gzip bool
}

// smallest is from what size on compressing is worth its while.
const smallest = 1 << 10

// pack makes the body of a request: the envelope with a header for that upstream.
func pack(envelope []byte, d wire.DSN, sentAt time.Time) (packed, error) {
	line, rest, _ := bytes.Cut(envelope, []byte{'\n'})
	head, err := address(line, d, sentAt)
	if err != nil {
		return packed{}, err
	}
	if len(head)+len(rest) < smallest {
		return packed{body: append(head, rest...)}, nil
	}
	var out bytes.Buffer
	out.Grow(len(rest)/3 + len(head))
	z := zippers.Get().(*gzip.Writer)
	defer zippers.Put(z)
	z.Reset(&out)
	z.Write(head) // a buffer takes everything
	z.Write(rest)
	if err := z.Close(); err != nil {
		return packed{}, fmt.Errorf("compress: %w", err)
	}
	return packed{out.Bytes(), true}, nil
}

var zippers = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic("upstream: the level of compression: " + err.Error())
	}
	return z
}}

// address writes into an envelope's header what depends on the upstream and the moment.
func address(line []byte, d wire.DSN, sentAt time.Time) ([]byte, error) {
	p := parsers.Get()
	defer parsers.Put(p)
	v, err := p.ParseBytes(line)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if v.GetObject() == nil {
		return nil, fmt.Errorf("header: %w", wire.ErrMalformed)
	}
	var a fastjson.Arena
	d.Secret = ""
	v.Set("dsn", a.NewString(d.String()))
	if !sentAt.IsZero() {
		v.Set("sent_at", a.NewString(sentAt.UTC().Format("2006-01-02T15:04:05.000000Z")))
	}
	v.GetObject().Visit(func(key []byte, v *fastjson.Value) {
		if string(key) == "trace" && v.GetObject() != nil {
			v.Set("public_key", a.NewString(d.PublicKey))
		}
	})
	return append(sentry.AppendJSON(nil, v), '\n'), nil
}

var parsers fastjson.ParserPool

// parts is an envelope taken apart.
type parts struct {
	header []byte
	items  []wire.Item
}

func split(envelope []byte) (parts, error) {
	e, err := wire.ReadEnvelope(envelope)
	if err != nil {
		return parts{}, err
	}
	return parts{e.Header.Raw, e.Items}, nil
}

// severalEvents reports whether there is more than one event, which Picket takes and
// others do not.
func (p parts) severalEvents() bool {
	n := 0
	for i := range p.items {
		if isEvent(p.items[i].Type) {
			n++
		}
	}
	return n > 1
}

func isEvent(itemType string) bool {
	return itemType == wire.ItemEvent || itemType == wire.ItemTransaction || itemType == wire.ItemFeedback
}

// one returns the envelope of a single item, with the id that it names itself if it is one
// of several events.
func (p parts) one(item wire.Item) []byte {
	header := p.header
	if isEvent(item.Type) && p.severalEvents() {
		header = rename(header, item.Payload)
	}
	return assemble(header, []wire.Item{item})
}

// rename returns the header with the id that a payload names.
func rename(header, payload []byte) []byte {
	v, err := fastjson.ParseBytes(header)
	e, bad := fastjson.ParseBytes(payload)
	if err != nil || bad != nil || e.Get("event_id") == nil {
		return header
	}
	v.Set("event_id", e.Get("event_id"))
	return sentry.AppendJSON(nil, v)
}

func assemble(header []byte, items []wire.Item) []byte {
	return wire.AppendEnvelope(nil, &wire.Envelope{Header: wire.EnvelopeHeader{Raw: header}, Items: items})
}

// rest is the result for an envelope of which those items are left.
func (p parts) rest(r store.OutboxRecord, left []wire.Item, a answer) result {
	if len(left) > 0 && len(left) < len(p.items) {
		r.Envelope, r.Categories = assemble(p.header, left), nil
		for i := range left {
			for _, c := range wire.ItemCategories(left[i].Type) {
				if !slices.Contains(r.Categories, c) {
					r.Categories = append(r.Categories, c)
				}
			}
		}
	}
	return a.of(r)
}
