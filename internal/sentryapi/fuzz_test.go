package sentryapi

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"relay.one/picket/internal/model"
	"relay.one/picket/internal/store"
)

// A change is refused as the caller's mistake, or changes something.
func FuzzChange(f *testing.F) {
	f.Add(`{"status":"resolved","statusDetails":{},"snoozeDuration":null,"hasSeen":true}`)
	f.Add(`{"assignedTo":"ann@example.com"}`)
	f.Add(`{"assignedTo":null,"substatus":"archived_forever"}`)
	f.Add(`{"status":["resolved"],"assignedTo":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var b change
		if json.Unmarshal([]byte(text), &b) != nil || b == nil {
			return
		}
		u, err := b.update()
		if err == nil && u == (store.IssueUpdate{}) {
			t.Errorf("%s changes nothing and is taken", text)
		}
		if err != nil && !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%s: %v", text, err)
		}
	})
}

// What an engine gives as a cursor comes back to it, and nothing else passes for one.
func FuzzCursor(f *testing.F) {
	f.Add("lx3.a")
	f.Add("0")
	f.Add("")
	f.Add("0:0:1")
	f.Fuzz(func(t *testing.T, text string) {
		if back, err := openCursor(closeCursor(text)); text != "" && text != "0" && !strings.Contains(text, ":") && (back != text || err != nil) {
			t.Errorf("%q came back as %q, %v", text, back, err)
		}
		if _, err := openCursor(text); err != nil && !errors.Is(err, model.ErrInvalid) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
