package model

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// OrgID numbers an organization.
type OrgID int64

// ProjectID numbers a project. SDKs refuse a DSN whose project is no number.
type ProjectID int64

// IssueID numbers an issue.
type IssueID int64

// String returns the id in decimal, as it stands in URLs.
func (id ProjectID) String() string { return strconv.FormatInt(int64(id), 10) }

// String returns the id in decimal, as it stands in URLs.
func (id IssueID) String() string { return strconv.FormatInt(int64(id), 10) }

// EventID names an event, a transaction or a feedback; unique within a project.
type EventID [16]byte

// TraceID names a trace.
type TraceID [16]byte

// SpanID names a span within its trace.
type SpanID [8]byte

// NewEventID returns a random id.
func NewEventID() EventID {
	var id EventID
	rand.Read(id[:])
	return id
}

// String returns 32 lower-case hexadecimal digits.
func (id EventID) String() string { return hex.EncodeToString(id[:]) }

// String returns 32 lower-case hexadecimal digits.
func (id TraceID) String() string { return hex.EncodeToString(id[:]) }

// String returns 16 lower-case hexadecimal digits.
func (id SpanID) String() string { return hex.EncodeToString(id[:]) }

// IsZero reports whether the id is missing: all zeros is no id.
func (id EventID) IsZero() bool { return id == EventID{} }

// IsZero reports whether the id is missing: all zeros is no id.
func (id TraceID) IsZero() bool { return id == TraceID{} }

// IsZero reports whether the id is missing: all zeros is no id.
func (id SpanID) IsZero() bool { return id == SpanID{} }

// ParseEventID reads 32 hexadecimal digits in either case, with or without hyphens.
func ParseEventID(s string) (EventID, error) {
	var id EventID
	err := parseHex(id[:], s)
	return id, err
}

// ParseTraceID reads 32 hexadecimal digits in either case, with or without hyphens.
func ParseTraceID(s string) (TraceID, error) {
	var id TraceID
	err := parseHex(id[:], s)
	return id, err
}

// ParseSpanID reads 16 hexadecimal digits in either case.
func ParseSpanID(s string) (SpanID, error) {
	var id SpanID
	err := parseHex(id[:], s)
	return id, err
}

func parseHex(dst []byte, s string) error {
	if strings.Contains(s, "-") {
		s = strings.ReplaceAll(s, "-", "")
	}
	if len(s) != 2*len(dst) {
		return fmt.Errorf("%w: id %.40q has %d digits, want %d", ErrInvalid, s, len(s), 2*len(dst))
	}
	if _, err := hex.Decode(dst, []byte(s)); err != nil {
		return fmt.Errorf("%w: id %.40q is not hexadecimal", ErrInvalid, s)
	}
	return nil
}
