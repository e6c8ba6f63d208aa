package wire

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// readHeader reads the first line of an envelope.
func readHeader(s *scanner, h *EnvelopeHeader) error {
	sent := false
	raw, err := readLine(s, func(key []byte) (bool, error) {
		switch string(key) {
		case "event_id":
			return true, s.into(&h.EventID)
		case "dsn":
			return true, s.into(&h.DSN)
		case "sent_at":
			if sent {
				return true, fmt.Errorf("byte %d: sent_at stands twice", s.i)
			}
			sent = true
			return true, readTime(s, &h.SentAt)
		case "sdk":
			return readSDK(s, h)
		case "trace":
			return readTrace(s, &h.Trace)
		}
		return false, nil
	})
	h.Raw = raw
	h.EventID = normalID(h.EventID)
	return err
}

func readSDK(s *scanner, h *EnvelopeHeader) (bool, error) {
	if s.peek() != '{' {
		return false, nil
	}
	return true, s.object(func(key []byte) (bool, error) {
		switch string(key) {
		case "name":
			return true, s.into(&h.SDKName)
		case "version":
			return true, s.into(&h.SDKVersion)
		}
		return false, nil
	})
}

func readTrace(s *scanner, t *TraceHeader) (bool, error) {
	if s.peek() != '{' {
		return false, nil
	}
	return true, s.object(func(key []byte) (bool, error) {
		if dst := traceField(t, key); dst != nil {
			return true, s.into(dst)
		}
		return false, nil
	})
}

func traceField(t *TraceHeader, key []byte) *string {
	switch string(key) {
	case "trace_id":
		return &t.TraceID
	case "public_key":
		return &t.PublicKey
	case "org_id":
		return &t.OrgID
	case "release":
		return &t.Release
	case "environment":
		return &t.Environment
	case "transaction":
		return &t.Transaction
	case "sampled":
		return &t.Sampled
	case "sample_rate":
		return &t.SampleRate
	case "sample_rand":
		return &t.SampleRand
	case "replay_id":
		return &t.ReplayID
	}
	return nil
}

// readTime takes RFC 3339; anything else leaves the time zero, which turns the
// correction of clocks off.
func readTime(s *scanner, dst *time.Time) error {
	var text string
	if err := s.into(&text); err != nil {
		return err
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		*dst = t.UTC()
	}
	return nil
}

// readItemHeader reads the line above a payload. The length is meaningful when
// item.HasLength.
func readItemHeader(s *scanner) (item Item, length int, err error) {
	item.Header, err = readLine(s, func(key []byte) (bool, error) {
		switch string(key) {
		case "type":
			return readWord(s, &item.Type)
		case "length":
			item.HasLength, err = readLength(s, &length)
			return true, err
		case "content_type":
			return readWord(s, &item.ContentType)
		case "filename":
			return true, s.into(&item.Filename)
		case "attachment_type":
			return readWord(s, &item.AttachmentType)
		case "item_count":
			return true, readCount(s, &item.ItemCount)
		case "span_count":
			return true, readCount(s, &item.SpanCount)
		}
		return false, nil
	})
	return item, length, err
}

// readLength takes a whole number of bytes, or null for none told.
func readLength(s *scanner, dst *int) (bool, error) {
	at := s.i
	raw, err := s.value(0)
	if err != nil || string(raw) == "null" {
		return false, err
	}
	n, err := strconv.ParseUint(string(raw), 10, 31)
	if err != nil {
		return false, fmt.Errorf("byte %d: length is %.40q, want a number of bytes: %w", at, raw, errors.Unwrap(err))
	}
	*dst = int(n)
	return true, nil
}

// readCount takes a number where one stands; a count is advice and never fails.
func readCount(s *scanner, dst *int) error {
	raw, err := s.value(0)
	if n, bad := strconv.ParseUint(string(raw), 10, 31); bad == nil {
		*dst = int(n)
	}
	return err
}

// readWord takes a string from a small vocabulary without allocating it again
// for every item. A value that is no string is left to be skipped.
func readWord(s *scanner, dst *string) (bool, error) {
	if s.peek() != '"' {
		return false, nil
	}
	raw, err := s.value(0)
	if err != nil {
		return true, err
	}
	word, known := words[string(raw[1:len(raw)-1])]
	if !known {
		word = unquote(raw)
	}
	*dst = word
	return true, nil
}

// normalID turns an id into 32 lower-case hexadecimal digits, or nothing when it is no id.
func normalID(id string) string {
	if id == "" {
		return ""
	}
	b := make([]byte, 0, 36)
	for i := 0; i < len(id) && i < 40; i++ {
		switch c := id[i]; {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'f':
			b = append(b, c)
		case c >= 'A' && c <= 'F':
			b = append(b, c|0x20)
		case c != '-':
			return ""
		}
	}
	if len(b) != 32 || len(id) > 36 {
		return ""
	}
	return string(b)
}

// words are the usual values of item headers, so that reading one costs no memory.
var words = map[string]string{
	ItemEvent: ItemEvent, ItemTransaction: ItemTransaction, ItemSpan: ItemSpan, ItemLog: ItemLog,
	ItemTraceMetric: ItemTraceMetric, ItemAttachment: ItemAttachment, ItemFeedback: ItemFeedback,
	ItemCheckIn: ItemCheckIn, ItemSession: ItemSession, ItemSessions: ItemSessions,
	ItemClientReport: ItemClientReport, ItemProfile: ItemProfile, ItemProfileChunk: ItemProfileChunk,
	ContentSpansV2: ContentSpansV2, ContentLogs: ContentLogs, ContentMetrics: ContentMetrics,
	"application/json": "application/json", "text/plain": "text/plain",
	"event.attachment": "event.attachment",
}
