package price

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// entryError says which entry of a table is wrong; list is the key that it stands under.
type entryError struct {
	list  string
	index int
	id    string
	err   error
}

// Error names the entry.
func (e *entryError) Error() string {
	return fmt.Sprintf("%s %q: %v", strings.TrimSuffix(e.list, "s"), e.id, e.err)
}

// Unwrap returns what is wrong with it.
func (e *entryError) Unwrap() error { return e.err }

// lineOf returns "line 12: " for the line that the error is about, or nothing when
// that cannot be told.
func lineOf(text []byte, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	offset := int64(-1)
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.As(err, &kind):
		offset = kind.Offset
	default:
		offset = seekEntry(text, err)
	}
	if offset < 0 || offset > int64(len(text)) {
		return ""
	}
	return fmt.Sprintf("line %d: ", 1+bytes.Count(text[:offset], []byte("\n")))
}

// seekEntry returns where in the text the innermost entry begins that the error names,
// or -1.
func seekEntry(text []byte, err error) int64 {
	d := json.NewDecoder(bytes.NewReader(text))
	found := false
	for {
		var e *entryError
		if !errors.As(err, &e) {
			break
		}
		if !seek(d, e.list, e.index) {
			return -1
		}
		found, err = true, e.err
	}
	if !found {
		return -1
	}
	from := d.InputOffset()
	return from + int64(len(text[from:])-len(bytes.TrimLeft(text[from:], ", \t\r\n")))
}

// seek moves the decoder, which stands before an object, to the element of the list
// under that key.
func seek(d *json.Decoder, key string, index int) bool {
	var skip json.RawMessage
	if _, err := d.Token(); err != nil {
		return false
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return false
		}
		if name != key {
			if d.Decode(&skip) != nil {
				return false
			}
			continue
		}
		if _, err := d.Token(); err != nil {
			return false
		}
		for range index {
			if d.Decode(&skip) != nil {
				return false
			}
		}
		return d.More()
	}
	return false
}
