package wire

import (
	"bytes"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// ErrMalformed says that bytes do not follow the protocol; the text around it
// names the place and the fix.
var ErrMalformed = errors.New("malformed")

// MaxItems is the most items that ReadEnvelope takes: far above what any client
// sends, and low enough that tiny items cannot swell to much memory.
const MaxItems = 10_000

// Envelope is one message of Sentry's protocol: a header and its items.
type Envelope struct {
	Header EnvelopeHeader
	Items  []Item
}

// EnvelopeHeader holds what Picket reads from an envelope's header. Whatever is
// absent, or of another shape than the protocol says, is zero: a bad header field
// costs that field and never the envelope.
type EnvelopeHeader struct {
	// EventID is 32 lower-case hexadecimal digits, or empty.
	EventID string
	DSN     string
	// SentAt is the client's clock when it sent; zero when not told.
	SentAt     time.Time
	SDKName    string
	SDKVersion string
	Trace      TraceHeader
	// Raw is the header as it stood in the body.
	Raw []byte
}

// TraceHeader is the dynamic sampling context, as text whatever its JSON types were.
type TraceHeader struct {
	TraceID, PublicKey, OrgID         string
	Release, Environment, Transaction string
	Sampled, SampleRate, SampleRand   string
	ReplayID                          string
}

// Item is one thing in an envelope.
type Item struct {
	// Type is the item's type; empty when its header names none.
	Type           string
	ContentType    string
	Filename       string
	AttachmentType string
	// ItemCount is the item_count of a container; zero when not told.
	ItemCount int
	// SpanCount is the span_count of a transaction; zero when not told.
	SpanCount int
	// HasLength says that the header told the length of the payload.
	HasLength bool
	// Header is the item's header as it stood in the body.
	Header []byte
	// Payload is the item's content, a slice into the body.
	Payload []byte
}

// ReadEnvelope splits a decompressed body into its items. The payloads and the
// raw headers are slices into body, which must not change while they are used.
// Errors wrap ErrMalformed.
func ReadEnvelope(body []byte) (*Envelope, error) {
	s := scanner{b: body}
	s.space()
	if s.done() {
		return nil, fmt.Errorf("%w envelope: the body is empty", ErrMalformed)
	}
	e := &Envelope{Items: make([]Item, 0, 2)}
	if err := readHeader(&s, &e.Header); err != nil {
		return nil, fmt.Errorf("%w envelope: header: %w", ErrMalformed, err)
	}
	for {
		s.space()
		if s.done() {
			return e, nil
		}
		if len(e.Items) == MaxItems {
			return nil, fmt.Errorf("%w envelope: more than %d items: send them in several envelopes", ErrMalformed, MaxItems)
		}
		item, err := readItem(&s)
		if err != nil {
			return nil, fmt.Errorf("%w envelope: item %d: %w", ErrMalformed, len(e.Items)+1, err)
		}
		e.Items = append(e.Items, item)
	}
}

// readItem reads an item header and the payload after it.
func readItem(s *scanner) (Item, error) {
	item, length, err := readItemHeader(s)
	if err != nil {
		return item, err
	}
	if !item.HasLength {
		item.Payload = restOfLine(s)
		return item, nil
	}
	if length > len(s.b)-s.i {
		return item, fmt.Errorf("byte %d: length says %d, but only %d bytes are left", s.i, length, len(s.b)-s.i)
	}
	item.Payload = s.b[s.i : s.i+length : s.i+length]
	s.i += length
	if !s.done() && s.b[s.i] != '\n' {
		return item, fmt.Errorf("byte %d: the payload of %d bytes is not followed by a line feed: length must count bytes", s.i, length)
	}
	if !s.done() {
		s.i++
	}
	return item, nil
}

// restOfLine takes everything up to the next line feed or the end.
func restOfLine(s *scanner) []byte {
	rest := s.b[s.i:]
	n := bytes.IndexByte(rest, '\n')
	if n < 0 {
		s.i = len(s.b)
		return rest
	}
	s.i += n + 1
	return rest[:n:n]
}

// readLine reads one JSON object and the line feed behind it, and returns the
// object's bytes. It calls field with each key; field must take the value, and
// the scanner skips it when field returns false.
func readLine(s *scanner, field func(key []byte) (bool, error)) ([]byte, error) {
	start := s.i
	if err := s.object(field); err != nil {
		return nil, err
	}
	raw := s.b[start:s.i:s.i]
	if !utf8.Valid(raw) {
		return nil, fmt.Errorf("byte %d: the header is not UTF-8", start)
	}
	for !s.done() && isBlank(s.b[s.i]) {
		s.i++
	}
	if s.done() {
		return raw, nil
	}
	if s.b[s.i] != '\n' {
		return nil, fmt.Errorf("byte %d: want a line feed after the header, found %q", s.i, s.b[s.i])
	}
	s.i++
	return raw, nil
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }
